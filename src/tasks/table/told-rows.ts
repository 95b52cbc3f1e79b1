// told-rows: rows of a table in a note: how many there are, and of the first of them the number and the cells that it is about.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { counted } from "../../data/columns.ts";
import { rowName } from "../../data/table-places.ts";
import { cellsOf } from "./linear.ts";
import { spoken } from "./possible-combinations.ts";

const mostTold = 3;

/** `1 row`, `2 rows`. */
export function countedRows(count: number): string {
  return counted(count, "row");
}

/** `row 3 (low "5", high "4"), row 8 (low "7", high "2") and 4 more`: cells of some columns, gaps left out. */
export function toldRows(table: CellTable, names: readonly string[], rows: readonly number[]): string {
  const columns = [...new Set(names)].map((name) => cellsOf(table, name));
  const told = rows.slice(0, mostTold).map((row) => {
    const cells = columns.flatMap((column) => {
      const text = cellText(column, row);
      return text === undefined ? [] : [spoken(column.name, text)];
    });
    return `${rowName(row)} (${cells.join(", ")})`;
  });
  const rest = rows.length - mostTold;
  return told.join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}
