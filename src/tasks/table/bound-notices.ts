// bound-notices: what becomes of rows beyond the bounds that a user gave a column, in a sentence for each such column.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { valuesIn } from "./amounts.ts";
import { columnsByName } from "./conditions.ts";
import type { Schema } from "./schema.ts";
import { countedRows } from "./told-rows.ts";

/** Says how many rows of the table are beyond which bound; bounds that were found in its cells have none beyond. */
export function boundNotices(schema: Schema, table: CellTable): readonly string[] {
  const described = columnsByName(schema.columns);
  return table.columns.flatMap((cells) => {
    const column = described.get(cells.name);
    if (column?.kind !== "number") return [];
    const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = column;
    const { values, counts } = valuesIn(cells, column);
    const rowsWhere = (isBeyond: (value: number) => boolean) =>
      counts.reduce((total, count, place) => total + (isBeyond(values[place]!) ? count : 0), 0);
    const [below, above] = [rowsWhere((value) => value < minimum), rowsWhere((value) => value > maximum)];
    if (below + above === 0) return [];
    const beyond = [
      ...(below > 0 ? [`${countedRows(below)} below its minimum ${minimum}`] : []),
      ...(above > 0 ? [`${countedRows(above)} above its maximum ${maximum}`] : []),
    ].join(" and ");
    const fate =
      column.values === "observed"
        ? 'learnt and drawn as they are, since the column writes observed values alone: "values": "any" in the schema keeps drawn values inside'
        : "learnt as they are, and drawn values beyond become the nearest inside: those rows pile up there";
    return [`column "${shorten(cells.name)}" has ${beyond}: they are ${fate}`];
  });
}
