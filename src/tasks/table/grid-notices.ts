// grid-notices: what becomes of rows off the grid that a user gave a column, in a sentence for each such column.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { amountsOf, onGrid, spokenStep, valuesIn } from "./amounts.ts";
import { columnsByName } from "./conditions.ts";
import type { Schema } from "./schema.ts";
import { countedRows } from "./told-rows.ts";

/** How far a value may be from one of its grid: as a share of the step, and of the value, which float64 rounds. */
const [stepSlack, valueSlack] = [1e-6, 2 ** -50];

/** Says how many rows of the table are off the grid of their column; grids that were found in its cells have none off. */
export function gridNotices(schema: Schema, table: CellTable): readonly string[] {
  const described = columnsByName(schema.columns);
  return table.columns.flatMap((cells) => {
    const column = described.get(cells.name);
    if (column?.kind !== "number" || column.step === undefined) return [];
    const { step } = column;
    const { values, counts } = valuesIn(cells, column);
    const isOff = (value: number) =>
      Math.abs(onGrid(column, value) - value) > stepSlack * step + valueSlack * Math.abs(value);
    const [first, stray] = [values[0], values.find(isOff)];
    if (first === undefined || stray === undefined) return [];
    const rows = counts.reduce((total, count, place) => total + (isOff(values[place]!) ? count : 0), 0);
    const { format } = amountsOf(column);
    const [example, they] = rows === 1 ? [",", "it is"] : [", such as", "they are"];
    const fate =
      column.values === "observed"
        ? `learnt and drawn as ${they}, since the column writes observed values alone: "values": "any" in the schema keeps drawn values on the grid`
        : `learnt as ${they}, and drawn values become the nearest of the grid: without "step" in the schema it is found in the cells`;
    return [
      `column "${shorten(cells.name)}" has ${countedRows(rows)} off its grid${example} ${format(stray)} (steps of ${spokenStep(step, "number")} from its smallest value ${format(first)} on): ${they} ${fate}`,
    ];
  });
}
