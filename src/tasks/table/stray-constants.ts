// stray-constants: columns that had one value in training, and rows that have another one there, of which a model knows nothing.
import { type CellColumn, type CellTable, cellText } from "../../data/cell-table.ts";
import { isGap } from "./comparisons.ts";
import type { TableEncoder } from "./encoder.ts";
import type { ColumnSchema } from "./schema.ts";

export interface StrayConstants {
  /** Rows that have another value than all training rows in a column that is constant there: they are scored as if they had that one. */
  readonly strayRows: number;
  /** Those columns. */
  readonly strayColumns: readonly string[];
}

/** Looks at the constants of a model in the rows of a table, which may lack such columns. */
export function strayConstants({ schema }: TableEncoder, table: CellTable): StrayConstants {
  const cells = new Map(table.columns.map((column) => [column.name, column]));
  const stray = new Set<number>();
  const strayColumns = schema.columns.flatMap((column) => {
    const own = cells.get(column.name);
    const rows = column.kind === "constant" && own ? rowsBeside(column, own) : [];
    for (const row of rows) stray.add(row);
    return rows.length > 0 ? [column.name] : [];
  });
  return { strayRows: stray.size, strayColumns };
}

function rowsBeside(column: ColumnSchema & { readonly kind: "constant" }, cells: CellColumn): readonly number[] {
  const known = new Map<number, boolean>();
  const isStray = (row: number): boolean => {
    const code = cells.codes[row]!;
    const text = cellText(cells, row);
    const found = known.get(code) ?? (text !== undefined && !isGap(column, text) && !isSame(text, column.text));
    known.set(code, found);
    return found;
  };
  return [...cells.codes.keys()].filter(isStray);
}

/** Numbers may be written in several ways. */
function isSame(text: string, only: string): boolean {
  return text === only || (text.trim() !== "" && only.trim() !== "" && Number(text) === Number(only));
}
