// columns-rows: rows taken from tables of columns, and tables put under each other
import { failure } from "../errors.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";

export type NumericColumn = Extract<MeasuredColumn, { readonly kind: "numeric" }>;
export type CategoryColumn = Extract<MeasuredColumn, { readonly kind: "category" }>;

/** The rows of a table at these places, in this order. */
export function takenRows(table: MeasuredTable, places: ArrayLike<number>): MeasuredTable {
  return { rows: places.length, columns: table.columns.map((column) => takenCells(column, places)) };
}

/** The cells of a column at these places, in this order. */
export function takenCells(column: MeasuredColumn, places: ArrayLike<number>): MeasuredColumn {
  if (column.kind === "numeric")
    return { ...column, values: Float64Array.from(places, (place) => column.values[place] ?? Number.NaN) };
  return { ...column, codes: Int32Array.from(places, (place) => column.codes[place] ?? -1) };
}

/**
 * The rows of `upper`, then those of `lower`, whose columns may stand in another order and whose categories may have other
 * codes. Throws "data" when `lower` lacks a column of `upper` or has it of another kind; columns that only `lower` has are
 * left out.
 */
export function stackedTables(upper: MeasuredTable, lower: MeasuredTable): MeasuredTable {
  const rows = upper.rows + lower.rows;
  const columns = upper.columns.map((column): MeasuredColumn => {
    if (column.kind === "numeric") {
      const values = new Float64Array(rows);
      values.set(column.values);
      values.set(numericColumn(lower, column.name).values, upper.rows);
      return { ...column, values };
    }
    const other = categoryColumn(lower, column.name);
    const levels = [...new Set([...column.levels, ...other.levels])];
    const codes = new Int32Array(rows);
    codes.set(recoded(column, levels));
    codes.set(recoded(other, levels), upper.rows);
    return { ...column, levels, codes };
  });
  return { rows, columns };
}

/** Codes of a category column in another list of levels; -1 for gaps and for levels that the list lacks. */
export function recoded({ codes, levels }: CategoryColumn, into: readonly string[]): Int32Array {
  const places = new Map(into.map((level, code) => [level, code]));
  const codeOf = Int32Array.from(levels, (level) => places.get(level) ?? -1);
  return codes.map((code) => codeOf[code] ?? -1);
}

/** The column of this name. Throws "data" when there is none. */
export function columnNamed(table: MeasuredTable, name: string): MeasuredColumn {
  const column = table.columns.find((candidate) => candidate.name === name);
  if (column !== undefined) return column;
  throw failure("data", {
    where: `column ${JSON.stringify(name)}`,
    expected: "a column of this name",
    received: table.columns.length === 0 ? "a table without columns" : `the columns ${listed(table)}`,
  });
}

/** The numeric column of this name. Throws "data" when there is none or it holds categories. */
export function numericColumn(table: MeasuredTable, name: string): NumericColumn {
  const column = columnNamed(table, name);
  if (column.kind === "numeric") return column;
  throw wrongKind(name, "numbers", "categories");
}

/** The category column of this name. Throws "data" when there is none or it holds numbers. */
export function categoryColumn(table: MeasuredTable, name: string): CategoryColumn {
  const column = columnNamed(table, name);
  if (column.kind === "category") return column;
  throw wrongKind(name, "categories", "numbers");
}

function listed({ columns }: MeasuredTable): string {
  const names = columns.slice(0, 8).map(({ name }) => JSON.stringify(name));
  return columns.length > names.length ? `${names.join(", ")}, …` : names.join(", ");
}

function wrongKind(name: string, expected: string, received: string) {
  return failure("data", {
    where: `column ${JSON.stringify(name)}`,
    expected: `${expected}, as in the other table`,
    received,
    remedy: "read both tables with the same column types",
  });
}
