// cell-parquet-writer (Node only): tables of mixed columns as Parquet files, in the types of their columns.
import { type CellColumn, type CellTable, cellText } from "./cell-table.ts";
import { chunkRows, type StoredColumn, type StoredColumns, storedParquet } from "./parquet.ts";

/** What a column holds: whole numbers, numbers, yes and no, days, moments, or texts; `parse` gives milliseconds since 1970. */
export type ParquetKind =
  | { readonly kind: "integer" | "double" | "boolean" | "text" }
  | { readonly kind: "date" | "timestamp"; readonly parse: (text: string) => number };

type Value = StoredColumns[number][number];

const day = 864e5;

/** The table as a Parquet file in pieces; columns that `kinds` does not name are numbers or texts as their source says. */
export function encodeCellParquet(
  table: CellTable,
  kinds: ReadonlyMap<string, ParquetKind>,
): AsyncGenerator<Uint8Array> {
  const columns = table.columns.map((column) => ({ column, kind: kinds.get(column.name) ?? kindOf(column) }));
  function* pieces(): Generator<StoredColumns> {
    for (let start = 0; start < table.rows; start += chunkRows) {
      const count = Math.min(chunkRows, table.rows - start);
      yield columns.map(({ column, kind }) =>
        Array.from({ length: count }, (_, n) => {
          const text = cellText(column, start + n);
          return text === undefined ? null : storedValue(text, kind);
        }),
      );
    }
  }
  return storedParquet(
    columns.map(({ column, kind }) => storedColumn(column.name, kind)),
    pieces(),
  );
}

function storedColumn(name: string, { kind }: ParquetKind): StoredColumn {
  switch (kind) {
    case "integer":
      return { name, type: "BIGINT" };
    case "double":
      return { name, type: "DOUBLE" };
    case "boolean":
      return { name, type: "BOOLEAN" };
    case "date":
      return { name, type: "BIGINT", stored: (column) => `date '1970-01-01' + ${column}::integer` };
    case "timestamp":
      return { name, type: "BIGINT", stored: (column) => `make_timestamp(${column})` };
    default:
      return { name, type: "VARCHAR" };
  }
}

function storedValue(text: string, kind: ParquetKind): Value {
  switch (kind.kind) {
    case "integer":
      return /^[+-]?\d+$/.test(text) ? BigInt(text) : BigInt(Math.round(Number(text)));
    case "double":
      return Number(text);
    case "boolean":
      return text === "true";
    case "date":
    case "timestamp": {
      const moment = kind.parse(text);
      if (Number.isNaN(moment)) return null;
      return kind.kind === "date" ? BigInt(Math.floor(moment / day)) : BigInt(Math.round(1000 * moment));
    }
    default:
      return text;
  }
}

/** What a column without a kind holds, as its source and its texts say. */
function kindOf({ origin, texts, codes }: CellColumn): ParquetKind {
  if (origin === "boolean") return { kind: "boolean" };
  if (origin === "date") return { kind: "timestamp", parse: Date.parse };
  if (origin !== "number") return { kind: "text" };
  const isWhole = codes.every((code) => code < 0 || /^[+-]?\d{1,18}$/.test(texts.at(code)));
  return { kind: isWhole ? "integer" : "double" };
}
