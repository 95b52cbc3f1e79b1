// rows-to-draw: which rows of a table with gaps are drawn for, and which of those share their draws with an equal one.
import { cellText } from "../../data/cell-table.ts";
import { bound } from "./bound-constraints.ts";
import { brokenNotes } from "./broken-rows.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { firstOfEqual } from "./equal-rows.ts";
import { columnsNeeded, type GapsToFill, type Turn } from "./gaps-to-fill.ts";
import { hopelessRows } from "./hopeless-rows.ts";
import { cellsOf } from "./linear.ts";
import type { TableModel } from "./table-model.ts";
import { unfillableRows } from "./unfillable-rows.ts";
import { unknownNotes } from "./unknown-notes.ts";

export interface RowsToDraw {
  /** Rows of all draws whose gaps are filled. */
  readonly filled: Uint32Array;
  /** Those of them that are drawn for. */
  readonly drawn: Uint32Array;
  /** The row, of the same draw, whose draws a row gets: itself, or an equal one. */
  readonly leaderOf: (row: number) => number;
  /** How many rows of the table keep their gaps: nothing that is drawn could stay. */
  readonly lost: number;
  readonly notes: readonly string[];
}

/** Of gaps to fill; with `shared` rows that are equal share their draws, unless the model keeps something unique. */
export async function rowsToDraw(
  gaps: GapsToFill,
  { shared, turn }: { readonly shared: boolean; readonly turn: Turn },
): Promise<RowsToDraw> {
  const { model, table } = gaps;
  const asked = gaps.open.filter((row) => row < table.rows);
  const { lost, notes } = await lostRows(gaps, asked, turn);
  const filled = gaps.open.filter((row) => !lost.has(row % table.rows));
  const first = shared && !keepsUnique(model) ? firstOfEqual(table, columnsNeeded(model), asked) : undefined;
  const leaderOf = (row: number) => row - (row % table.rows) + (first?.get(row % table.rows) ?? row % table.rows);
  const drawn = filled.filter((row) => leaderOf(row) === row);
  return {
    filled,
    drawn,
    leaderOf,
    lost: lost.size,
    notes: [...unknownNotes(gaps.spans, gaps.points, table), ...notes],
  };
}

/** The rows whose known cells let nothing stand in their gaps, and notes on these and on rows that break a constraint already. */
async function lostRows({ model, table, before, isUnknown }: GapsToFill, asked: Uint32Array, turn: Turn) {
  const { encoder, constraints = [] } = model;
  const unfillable = await unfillableRows(constraints, encoder, table, { asked, isUnknown, turn });
  const hopeless = hopelessRows(constraints, encoder, before, asked);
  const told = { asked: rowsWithGaps(model, table), isUnknown, turn };
  const broken = await brokenNotes(constraints, encoder, before, told);
  return {
    lost: new Set([...unfillable.rows, ...hopeless.rows]),
    notes: [...unfillable.notes, ...hopeless.notes, ...broken],
  };
}

function keepsUnique({ encoder, constraints = [] }: TableModel): boolean {
  return constraints.some((constraint) => bound(constraint, encoder.schema).kind === "unique");
}

/** The rows with a gap in a column that the model draws or that a constraint is about. */
function rowsWithGaps(model: TableModel, table: GapsToFill["table"]): Uint32Array {
  const cells = columnsNeeded(model).map((name) => cellsOf(table, name));
  const described = columnsByName(model.encoder.schema.columns);
  const hasGap = (row: number) =>
    cells.some((column) => {
      const schema = described.get(column.name);
      return schema !== undefined && isGap(schema, cellText(column, row));
    });
  return Uint32Array.from({ length: table.rows }, (_, row) => row).filter(hasGap);
}
