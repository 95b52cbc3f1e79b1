// filled-types: the types of a filled table's columns: those of the model, whichever cells happened to be gaps.
import type { CellColumn, CellOrigin, CellTable } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import { columnsByName } from "./conditions.ts";
import { isoMoment } from "./date-reader.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

/** Whether a text is a value of the type as `recordsOf` reads it. */
const isValue: Readonly<Record<CellOrigin, (text: string) => boolean>> = {
  untyped: () => true,
  text: () => true,
  number: (text) => text !== "" && !Number.isNaN(Number(text)),
  boolean: (text) => text === "true" || text === "false",
  date: (text) => !Number.isNaN(isoMoment(text)),
};

/**
 * `filled` is `read` with its gaps filled by a model of `schema`. Columns get the model's types where their cells have such values, else keep
 * their own; numbers and dates that the model writes in a form of its own are written as their type has them. What a file left untyped stays so.
 */
export function filledTypes(filled: CellTable, read: CellTable, schema: Schema): CellTable {
  const [described, before] = [columnsByName(schema.columns), columnsByName(read.columns)];
  const columns = filled.columns.map((cells) => {
    const [column, own] = [described.get(cells.name), before.get(cells.name)];
    if (column === undefined || own === undefined || own.origin === column.origin) return cells;
    if (own.origin === "untyped") return own.texts.size === 0 ? { ...cells, origin: column.origin } : cells;
    const wanted: readonly CellOrigin[] = column.origin === "untyped" ? [own.origin] : [column.origin, own.origin];
    const typed = wanted.map((origin) => typedCells(cells, column, origin)).find((found) => found !== undefined);
    return typed ?? { ...cells, origin: "text" as const };
  });
  return { ...filled, columns };
}

/** The column as one of this type; undefined where a cell has no such value. */
function typedCells(cells: CellColumn, column: ColumnSchema, origin: CellOrigin): CellColumn | undefined {
  const { codes, texts } = cells;
  const written = new Map<number, string>();
  for (const code of new Set(codes)) {
    const text = code < 0 ? undefined : typedText(texts.at(code), column, origin);
    if (text !== undefined) written.set(code, text);
    else if (code >= 0) return undefined;
  }
  return { ...cells, origin, texts: { size: texts.size, at: (code) => written.get(code) ?? texts.at(code) } };
}

function typedText(text: string, column: ColumnSchema, origin: CellOrigin): string | undefined {
  if (isValue[origin](text)) return text;
  if (column.kind !== origin || (column.kind !== "number" && column.kind !== "date")) return undefined;
  const value = amountsOf(column).parse(text);
  if (Number.isNaN(value)) return undefined;
  return column.kind === "date" ? new Date(value).toISOString() : String(value);
}
