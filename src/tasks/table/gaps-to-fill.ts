// gaps-to-fill: a table with gaps as its model sees it, once for every draw: what is known, and which cells are to be filled.
import { repeatedCells } from "../../data/cell-rows.ts";
import type { CellTable } from "../../data/cell-table.ts";
import { dimensionStates } from "../../flow/masked.ts";
import type { Random } from "../../random.ts";
import { bound } from "./bound-constraints.ts";
import type { TableEncoder } from "./encoder.ts";
import { canFill, filledTable } from "./fill-cells.ts";
import type { CellQuestion } from "./nearest-combinations.ts";
import { type ColumnSpan, cellKinds, filledScore, pointsOf, spansOf, type TablePoints } from "./points.ts";
import type { TableModel } from "./table-model.ts";

/** Lets others run between two parts of a long work, and stops it once its signal has fired. */
export type Turn = () => Promise<void>;

/** A table with gaps. Rows of its draws follow each other: row r of draw k is row k · rows + r of `whole`. */
export interface GapsToFill {
  readonly model: TableModel;
  readonly table: CellTable;
  readonly draws: number;
  /** The table once for each draw. */
  readonly whole: CellTable;
  readonly spans: readonly ColumnSpan[];
  /** Of the rows of `whole`; where a gap is to be filled, "gap or not" reads "not". */
  readonly points: TablePoints;
  /** [rows of `whole` · d]: gaps to fill are free, known cells given. */
  readonly states: Uint8Array;
  /** Rows of `whole` with gaps to fill. */
  readonly open: Uint32Array;
  /** The table with what known cells fix by themselves in its gaps. */
  readonly before: CellTable;
  /** Of the cells of a row of `whole` that the model draws. */
  readonly isGap: CellQuestion;
  /** Cells with texts that the model cannot place, which are not known. */
  readonly isUnknown: CellQuestion;
}

export interface DrawsOfGaps {
  readonly draws: number;
  readonly key: Random;
  readonly turn: Turn;
}

const { free, given, absent } = dimensionStates;
const nothingDrawn = { rows: new Uint32Array(0), table: { rows: 0, columns: [] } };

/** Reads the gaps of a table that has the columns which the model needs. */
export async function gapsToFill(model: TableModel, table: CellTable, how: DrawsOfGaps): Promise<GapsToFill> {
  const { encoder } = model;
  const spans = spansOf(encoder);
  const points = await repeatedPoints(encoder, table, how);
  const { states, open } = holes(points, spans, encoder.dimensions.length);
  for (const [place, span] of spans.entries()) {
    if (span.hasGap) tellFilled(points, span, place, encoder.dimensions.length);
    await how.turn();
  }
  const placeOf = new Map(spans.map(({ column }, place) => [column.name, place]));
  const isOfKind =
    (kind: number): CellQuestion =>
    (column, row) =>
      points.cells[placeOf.get(column) ?? -1]?.[row] === kind;
  return {
    model,
    table,
    draws: how.draws,
    whole: repeatedCells(table, how.draws),
    spans,
    points,
    states,
    open,
    before: filledTable(model, table, spans, points.cells, nothingDrawn),
    isGap: isOfKind(cellKinds.gap),
    isUnknown: isOfKind(cellKinds.unknown),
  };
}

/** The columns that the model draws and those that its constraints are about. */
export function columnsNeeded({ encoder, constraints = [] }: TableModel): readonly string[] {
  const about = new Set(constraints.flatMap((constraint) => bound(constraint, encoder.schema).about));
  for (const { column } of encoder.dimensions) about.add(column);
  return encoder.schema.columns.flatMap(({ name }) => (about.has(name) ? [name] : []));
}

/** The points of a table that is repeated, as if it were one, draw by draw. */
async function repeatedPoints(
  encoder: TableEncoder,
  table: CellTable,
  { draws, key, turn }: DrawsOfGaps,
): Promise<TablePoints> {
  const [rows, size] = [draws * table.rows, draws * table.rows * encoder.dimensions.length];
  const whole = { values: new Float32Array(size), absent: new Uint8Array(size), states: new Uint8Array(size) };
  let cells: readonly Uint8Array[] = [];
  let unknown = 0;
  for (let draw = 0; draw < draws; draw++) {
    const firstRow = draw * table.rows;
    const part = pointsOf(encoder, table, { key, firstRow, middle: true });
    const at = draw * part.values.length;
    whole.values.set(part.values, at);
    whole.absent.set(part.absent, at);
    whole.states.set(part.states, at);
    if (draw === 0) cells = part.cells.map(() => new Uint8Array(rows));
    part.cells.forEach((kinds, place) => {
      cells[place]?.set(kinds, firstRow);
    });
    unknown += part.unknown;
    await turn();
  }
  return { ...whole, rows, cells, unknown };
}

/**
 * The rows with gaps to fill, and the states of all rows: gaps free, known cells given. Of what is missing nothing is said: rows without
 * gaps, as these are to be, may be rare.
 */
function holes({ states, cells, rows }: TablePoints, spans: readonly ColumnSpan[], d: number) {
  const out = states.map((state) => (state === free ? given : absent));
  const open = new Uint8Array(rows);
  spans.forEach((span, place) => {
    if (!canFill(span)) return;
    cells[place]?.forEach((kind, row) => {
      if (kind !== cellKinds.gap) return;
      open[row] = 1;
      out.fill(free, row * d + span.start + Number(span.hasGap), row * d + span.end);
    });
  });
  for (const { start, hasGap } of spans) if (hasGap) for (let row = 0; row < rows; row++) out[row * d + start] = absent;
  return { states: out, open: Uint32Array.from(open.keys()).filter((row) => open[row] === 1) };
}

/** Where a gap is to be filled, "gap or not" reads "not". */
function tellFilled({ values, cells }: TablePoints, span: ColumnSpan, place: number, d: number): void {
  if (!canFill(span)) return;
  const score = filledScore(span);
  cells[place]?.forEach((kind, row) => {
    if (kind === cellKinds.gap) values[row * d + span.start] = score;
  });
}
