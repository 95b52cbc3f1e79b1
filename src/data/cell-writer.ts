// cell-writer: tables of mixed columns as CSV, every cell as it is written in the table.
import { type CellTable, cellText } from "./cell-table.ts";
import { quoted } from "./csv.ts";

const rowsAtOnce = 4096;

/** The header line of a table's columns. */
export function cellHeader(columns: readonly string[], separator: "," | "\t" = ","): string {
  return `${columns.map(quoted).join(separator)}\n`;
}

/** The lines of a table in pieces of some thousand; gaps are in the spelling of their column. */
export function* cellLines({ rows, columns }: CellTable, separator: "," | "\t" = ","): Generator<string> {
  const gaps = columns.map(({ gap }) => (columns.length === 1 || gap !== "" ? quoted(gap) : ""));
  for (let start = 0; start < rows; start += rowsAtOnce) {
    let lines = "";
    for (let row = start; row < Math.min(start + rowsAtOnce, rows); row++) {
      columns.forEach((column, place) => {
        const text = cellText(column, row);
        lines += `${place === 0 ? "" : separator}${text === undefined ? gaps[place] : quoted(text)}`;
      });
      lines += "\n";
    }
    yield lines;
  }
}
