// parquet-kinds: the types in which the columns of a schema are stored in a Parquet file.

import type { ParquetKind } from "../../data/cell-parquet-writer.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import { columnsByName } from "./conditions.ts";
import { parseNumber } from "./number-format.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

const day = 864e5;
const largestWhole = 2 ** 53;

/**
 * Whole numbers, other numbers, days and moments as such, true and false as booleans; everything else, and columns with a cell
 * that is no value of its kind, as the texts that they are.
 */
export function parquetKinds(table: CellTable, schema: Schema): ReadonlyMap<string, ParquetKind> {
  const described = columnsByName(schema.columns);
  const kinds = new Map<string, ParquetKind>();
  for (const { name, codes, texts } of table.columns) {
    const column = described.get(name);
    const kind = column && kindOf(column);
    if (column === undefined || kind === undefined) continue;
    const read = readerOf(column, kind);
    const used = new Uint8Array(texts.size);
    for (const code of codes) if (code >= 0) used[code] = 1;
    const isAll = used.every((isUsed, code) => isUsed === 0 || read(texts.at(code)));
    kinds.set(name, isAll ? kind : { kind: "text" });
  }
  return kinds;
}

function kindOf(column: ColumnSchema): ParquetKind | undefined {
  switch (column.kind) {
    case "number": {
      if (column.format.mark === "," || column.format.thousands) return { kind: "text" };
      const isWhole = column.format.kind === "decimals" && column.format.most === 0;
      return { kind: isWhole ? "integer" : "double" };
    }
    case "date": {
      const { step, offset = 0 } = column;
      const isOfDays = step !== undefined && step % day === 0 && offset % day === 0;
      return { kind: isOfDays ? "date" : "timestamp", parse: amountsOf(column).parse };
    }
    case "boolean":
      return column.true === "true" && column.false === "false" ? { kind: "boolean" } : undefined;
    case "id":
      return column.first === undefined ? undefined : { kind: "integer" };
    default:
      return undefined;
  }
}

/** Whether a text is a value of a kind. */
function readerOf(column: ColumnSchema, { kind }: ParquetKind): (text: string) => boolean {
  if (kind === "integer") return (text) => /^[+-]?\d+$/.test(text) && Math.abs(Number(text)) <= largestWhole;
  if (kind === "double") return (text) => Number.isFinite(parseNumber(text, { mark: "." }));
  if (kind === "boolean") return (text) => text === "true" || text === "false";
  if (column.kind === "date") return (text) => !Number.isNaN(amountsOf(column).parse(text));
  return () => true;
}
