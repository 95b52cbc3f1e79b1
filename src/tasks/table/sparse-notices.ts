// sparse-notices: columns of which so few cells have a value that next to nothing can be learnt, in a sentence for each of them.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { columnsByName } from "./conditions.ts";
import { gapCells } from "./gap-counts.ts";
import type { Schema } from "./schema.ts";

/** Fewer values than this beside more gaps are said. */
const fewestValues = 50;

/** Says which columns have few values and more gaps; those without any value are constants, and texts and ids are not learnt. */
export function sparseNotices(schema: Schema, table: CellTable): readonly string[] {
  const described = columnsByName(schema.columns);
  return table.columns.flatMap((cells) => {
    const column = described.get(cells.name);
    if (column === undefined || column.kind === "constant" || column.kind === "text" || column.kind === "id") return [];
    const gaps = gapCells(cells, column);
    const values = table.rows - gaps;
    if (values >= fewestValues || gaps <= values) return [];
    return [
      `column "${shorten(cells.name)}" has a value in ${values} of ${table.rows} rows, too few to learn from: what is drawn and imputed there is hardly better than a guess; give more rows with a value, or leave the column out`,
    ];
  });
}
