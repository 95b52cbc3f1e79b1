// equal-rows: rows that have the same cells, of which one stands for all.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { cellsOf } from "./linear.ts";

/** For each of some rows the first of them that has the same texts and gaps in the columns of these names. */
export function firstOfEqual(
  table: CellTable,
  names: readonly string[],
  rows: Iterable<number>,
): ReadonlyMap<number, number> {
  const columns = names.map((name) => cellsOf(table, name));
  const known = new Map<string, number>();
  const out = new Map<number, number>();
  for (const row of rows) {
    const key = JSON.stringify(columns.map((column) => cellText(column, row) ?? null));
    const first = known.get(key) ?? row;
    known.set(key, first);
    out.set(row, first);
  }
  return out;
}
