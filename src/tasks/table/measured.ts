// measured: a table of cells as the measures see it: numbers and dates as values, everything else as levels.
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import type { MeasuredColumn, MeasuredTable } from "../../measure/columns-table.ts";
import { amountsOf } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import type { ColumnSchema, Schema } from "./schema.ts";

/**
 * The columns of `schema` that a model holds. Dates are days since 1970. Levels that the schema does not know follow its own
 * in the order in which they appear. Throws a `data` error when a column is not there.
 */
export function measuredTable(table: CellTable, schema: Schema): MeasuredTable {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  const held = schema.columns.filter(({ kind }) => kind !== "text" && kind !== "id");
  const columns = held.map((column) => {
    const cells = byName.get(column.name);
    if (cells !== undefined) return measuredColumn(column, cells);
    throw failure("data", { where: "table", expected: `a column "${column.name}"`, received: "none of this name" });
  });
  return { rows: table.rows, columns };
}

function measuredColumn(column: ColumnSchema, { codes, texts }: CellColumn): MeasuredColumn {
  const { name } = column;
  if (column.kind === "number" || column.kind === "date") {
    const { parse, unit } = amountsOf(column);
    const known = Float64Array.from({ length: texts.size }, (_, code) => parse(texts.at(code)) / unit);
    return { name, kind: "numeric", values: Float64Array.from(codes, (code) => known[code] ?? Number.NaN) };
  }
  const levels = column.kind === "constant" ? [column.text] : [...levelTexts(column)];
  const levelOf = new Map(levels.map((text, level) => [text, level]));
  const known = Int32Array.from({ length: texts.size }, (_, code) => {
    const text = texts.at(code);
    if (column.gaps.includes(text)) return -1;
    if (!levelOf.has(text)) levelOf.set(text, levels.push(text) - 1);
    return levelOf.get(text)!;
  });
  return { name, kind: "category", codes: codes.map((code) => (code < 0 ? -1 : known[code]!)), levels };
}

/** Cells of a number or date that cannot be read: they count as gaps. */
export interface UnreadCells {
  readonly column: string;
  /** How many there are, and how many cells can be read. */
  readonly unread: number;
  readonly read: number;
  /** What they count for, in a sentence. */
  readonly note: string;
}

/** The numbers and dates of `schema` of which cells of a table cannot be read; `what` names the table. */
export function unreadCells(table: CellTable, schema: Schema, what: string): readonly UnreadCells[] {
  const byName = new Map(table.columns.map((column) => [column.name, column]));
  return schema.columns.flatMap((column): UnreadCells[] => {
    const cells = byName.get(column.name);
    if (cells === undefined || (column.kind !== "number" && column.kind !== "date")) return [];
    const { parse } = amountsOf(column);
    const isGap = Uint8Array.from({ length: cells.texts.size }, (_, code) =>
      Number(column.gaps.includes(cells.texts.at(code))),
    );
    const isUnread = isGap.map((gap, code) => Number(gap === 0 && Number.isNaN(parse(cells.texts.at(code)))));
    const filled = cells.codes.filter((code) => code >= 0 && isGap[code] === 0);
    const unread = filled.filter((code) => isUnread[code] === 1);
    const [first] = unread;
    if (first === undefined) return [];
    const such = `such as ${JSON.stringify(shorten(cells.texts.at(first)))}`;
    const note = `${unread.length} of ${table.rows} cells of column "${shorten(column.name)}" of ${what} are no ${column.kind}, ${such}: they count as gaps.`;
    return [{ column: column.name, unread: unread.length, read: filled.length - unread.length, note }];
  });
}

/** The notes of `unreadCells`. */
export function unreadableNotes(table: CellTable, schema: Schema, what: string): readonly string[] {
  return unreadCells(table, schema, what).map(({ note }) => note);
}
