// draw-gaps: draws for the gaps of a table: drawn until they meet the constraints, read, and written into its cells.
import { stackedCells, takenCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import type { Engine } from "../../runtime/contract.ts";
import { fillJudge } from "./constraint-judges.ts";
import type { CombinedCells } from "./encoder.ts";
import { filledTable } from "./fill-cells.ts";
import { filledInTurns } from "./fill-in-turns.ts";
import type { FillControls } from "./fill-rounds.ts";
import type { GapsToFill, Turn } from "./gaps-to-fill.ts";
import { combinationReader } from "./nearest-combinations.ts";
import { gathered } from "./points.ts";
import type { RowsToDraw } from "./rows-to-draw.ts";
import type { MeetsTest } from "./weighed-draws.ts";

export interface GapDraws {
  /** The tables of all draws, one after the other. */
  readonly table: CellTable;
  /** Rows of all draws that keep their gaps: nothing that was drawn for them met the constraints. */
  readonly unmet: number;
  readonly evaluations: number;
}

export interface GapDrawing extends FillControls {
  /** Of each row, from which its draws are chosen. */
  readonly candidates: number;
  readonly turn: Turn;
}

/** Rows that are read or written between two looks at the signal. */
const rowsAtOnce = 8192;

/** Draws for the rows that are to be drawn for, and fills all that are to be filled with them. */
export async function drawnGaps(
  engine: Engine,
  gaps: GapsToFill,
  rows: RowsToDraw,
  { candidates, turn, ...controls }: GapDrawing,
): Promise<GapDraws> {
  const { model, table, whole, points, states } = gaps;
  const { drawn } = rows;
  const d = model.encoder.dimensions.length;
  const combinedAt = combinationsOf(gaps);
  const judge = () => meetsTest(gaps, { drawn, combinedAt, turn });
  const known = {
    values: gathered(points.values, new Float32Array(drawn.length * d), drawn, d),
    states: gathered(states, new Uint8Array(drawn.length * d), drawn, d),
  };
  const places = {
    rows: drawn.map((row) => row % table.rows),
    draws: drawn.map((row) => Math.floor(row / table.rows)),
    candidates,
  };
  const filling = { spans: gaps.spans, meets: judge(), meetsAtFirst: judge(), places };
  const { values, unmet, evaluations } = await filledInTurns(engine, model, known, filling, controls);
  const placeOf = new Int32Array(whole.rows).fill(-1);
  for (const [place, row] of drawn.entries()) if (!unmet.has(place)) placeOf[row] = place;
  const settled = rows.filled.filter((row) => placeOf[rows.leaderOf(row)]! >= 0);
  const from = settled.map((row) => placeOf[rows.leaderOf(row)]!);
  const read = gathered(values, new Float32Array(from.length * d), from, d);
  const cells = await decodedInParts(gaps, read, (start) => combinedAt((n) => settled[start + n] ?? 0), turn);
  const filled = filledTable(model, whole, gaps.spans, points.cells, { rows: settled, table: cells });
  await turn();
  return { table: filled, unmet: unmet.size, evaluations };
}

/** Reads combinations of cells, those of row `rowOf(n)` of the whole that are no gaps staying as they are. */
type CombinationsAt = (rowOf: (n: number) => number) => CombinedCells;

function combinationsOf({ model, spans, isGap, isUnknown }: GapsToFill): CombinationsAt {
  const combine = combinationReader(model.constraints ?? [], model.encoder);
  const drawn = new Set(spans.map(({ column }) => column.name));
  return (rowOf) => (part, points) =>
    combine(
      part,
      points,
      (column, n) => drawn.has(column) && !isGap(column, rowOf(n)),
      (column, n) => isUnknown(column, rowOf(n)),
    );
}

interface Drawing {
  readonly drawn: Uint32Array;
  readonly combinedAt: CombinationsAt;
  readonly turn: Turn;
}

/** Judges points by the constraints, as the rows of the table that they would make. */
function meetsTest(gaps: GapsToFill, { drawn, combinedAt, turn }: Drawing): MeetsTest {
  const { model, whole, spans, points, before, draws, isUnknown } = gaps;
  const { encoder, constraints = [] } = model;
  const d = encoder.dimensions.length;
  const judge =
    constraints.length === 0 ? undefined : fillJudge(constraints, encoder.schema, { before, copies: draws, isUnknown });
  return async (attempt, places) => {
    const met = new Uint8Array(places.length).fill(1);
    for (let start = 0; judge !== undefined && start < places.length; start += rowsAtOnce) {
      const rows = Uint32Array.from(places.slice(start, start + rowsAtOnce), (place) => drawn[place]!);
      const cells = points.cells.map((kinds) => Uint8Array.from(rows, (row) => kinds[row]!));
      const part = attempt.subarray(start * d, (start + rows.length) * d);
      const combined = combinedAt((n) => rows[n] ?? 0);
      const found = { rows: Uint32Array.from(rows.keys()), table: encoder.decode(part, rows.length, { combined }) };
      met.set(judge(filledTable(model, takenCells(whole, rows), spans, cells, found), rows), start);
      await turn();
    }
    return met;
  };
}

/** The rows of points, some thousand at a time. */
async function decodedInParts(
  { model: { encoder } }: GapsToFill,
  points: Float32Array,
  combinedFrom: (start: number) => CombinedCells,
  turn: Turn,
): Promise<CellTable> {
  const d = encoder.dimensions.length;
  const parts: CellTable[] = [];
  for (let start = 0; start === 0 || start < points.length; start += rowsAtOnce * d) {
    const part = points.subarray(start, start + rowsAtOnce * d);
    const firstRow = start / d;
    parts.push(encoder.decode(part, part.length / d, { firstRow, combined: combinedFrom(firstRow) }));
    await turn();
  }
  return stackedCells(parts);
}
