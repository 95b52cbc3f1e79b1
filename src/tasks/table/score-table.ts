// score-table: how probable rows of a table are, where they stand among training rows, and which cell makes a row odd.
import type { CellTable } from "../../data/cell-table.ts";
import { isRecord } from "../../data/is-record.ts";
import { checkRequest, type Rule, type Rules, truth, whole } from "../../data/requests.ts";
import { dimensionStates, withoutGivenNoise } from "../../flow/masked.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { ScoreRequest } from "../density.ts";
import { createMaskedScoring, type MaskedScoring } from "../masked.ts";
import type { Progress } from "../progress.ts";
import type { TableEncoder } from "./encoder.ts";
import { type ColumnSpan, cellKinds, freeSums, pointsOf, presences, spansOf, type TablePoints } from "./points.ts";
import { checkGiven, controls, integration, seed } from "./request-rules.ts";
import { type RowPercentiles, rowPercentiles } from "./row-percentiles.ts";
import { smoothedScores } from "./smoothed-scores.ts";
import { type StrayConstants, strayConstants } from "./stray-constants.ts";
import type { TableModel } from "./table-model.ts";
import { unknownNotes } from "./unknown-notes.ts";

export interface TableScoreRequest extends Omit<ScoreRequest, "states" | "handOver"> {
  /** Also log p(column | all other columns) for every column. */
  readonly contributions?: boolean;
  /**
   * Also log-densities under the law of rows and noise together (`smoothedScores`). The noise in deviations, or true: that with which the
   * second block starts.
   */
  readonly smoothed?: boolean | number;
}

export interface TableScores extends StrayConstants, RowPercentiles {
  /**
   * Nats of each row: the log-density of its numbers per unit (dates: per day) times the probability of its levels and gaps; for
   * values of a grid and levels a lower bound that is sharp in the mean.
   */
  readonly logDensity: Float64Array;
  /**
   * Where each row stands, 0 (unusual) to 100, among the training rows that lack the same numbers and dates, or among all where these
   * were too few (`percentileNotes`); NaN for rows with a cell left out (`partialRows`), absent for models that cannot tell.
   */
  readonly percentiles?: Float64Array;
  /** For each column log p(its cell | the row's other cells), in the same units; NaN where the model cannot place the cell. */
  readonly contributions?: readonly { readonly column: string; readonly values: Float64Array }[];
  /** Nats of each row under the law of rows and noise together, in the same units. */
  readonly smoothed?: Float64Array;
  /** The deviations of that noise. */
  readonly smoothing?: number;
  /** Of each row's log-density, with at least two probes of Hutchinson's estimate. */
  readonly standardErrors?: Float64Array;
  /** Cells with texts that the model cannot place: they count neither for nor against their row. */
  readonly unknownCells: number;
  /** Which texts these are, by column. */
  readonly notes: readonly string[];
  /**
   * Rows with an unknown cell, or with a gap where the training rows had none: their log-density is that of their other cells, and
   * not to be compared with that of whole rows.
   */
  readonly partialRows: number;
  readonly evaluations: number;
}

const { free, given } = dimensionStates;

const probes = whole({ atLeast: 1 });
const divergence: Rule = {
  expected: 'a divergence such as {"kind":"exact"} or {"kind":"hutchinson","probes":4}',
  holds: (value) =>
    isRecord(value) && (value["kind"] === "exact" || (value["kind"] === "hutchinson" && probes.holds(value["probes"]))),
};
const callRules: Rules<TableScoreCall> = { contributions: truth, seed, ...controls };
const howRules: Rules<ScoringRequest> = { divergence, integration, seed };
const requestRules: Rules<TableScoreRequest> = {
  ...howRules,
  ...callRules,
  smoothed: {
    expected: "true, false or a number",
    holds: (value) => typeof value === "boolean" || typeof value === "number",
  },
};

/** What may differ from one table to the next. */
export type TableScoreCall = Pick<TableScoreRequest, "contributions" | "seed" | "signal" | "onProgress">;

/** How all tables are scored alike. */
type ScoringRequest = Pick<TableScoreRequest, "divergence" | "integration" | "seed">;

/** Compiled scoring of a table's model, for any number of tables. */
export interface TableScoring {
  /** Scores the rows of a table that has the model's columns. The same seed gives the same scores. */
  score(table: CellTable, call?: TableScoreCall): Promise<TableScores>;
  release(): Promise<void>;
}

/** Compiles the scoring of a table's model: what a single row takes most of its time for. The seed keys Hutchinson's probes. */
export async function createTableScoring(
  engine: Engine,
  model: TableModel,
  how: ScoringRequest = {},
): Promise<TableScoring> {
  checkGiven({ engine, model });
  checkRequest(how, howRules, "createTableScoring");
  const scoring = await createMaskedScoring(engine, model.density, how);
  return {
    async score(table, call = {}) {
      checkGiven({ table });
      checkRequest(call, callRules, "score");
      return scoresOf(scoring, model, table, { seed: how.seed ?? 0, ...call });
    },
    release: () => scoring.release(),
  };
}

/**
 * Scores the rows of a table that has the model's columns: log-densities in nats, of the cells that the model holds.
 * The same seed gives the same scores. Throws "data" for a table without a column of the model's, "numeric" for a row
 * that gets stuck, "interrupted" when the signal fires.
 */
export async function scoreTable(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  request: TableScoreRequest = {},
): Promise<TableScores> {
  checkGiven({ engine, model, table });
  checkRequest(request, requestRules, "scoreTable");
  const { contributions = false, smoothed = false, signal, onProgress, ...how } = request;
  const part = (from: number, to: number) => ({
    onProgress: ({ fraction, ...rest }: Progress) => onProgress?.({ ...rest, fraction: from + (to - from) * fraction }),
    ...(signal && { signal }),
  });
  const smoothing = typeof smoothed === "number" ? { smoothing: smoothed } : {};
  const blurred =
    smoothed === false
      ? undefined
      : await smoothedScores(engine, model, table, { ...how, ...smoothing, ...part(0, 0.3) });
  const scoring = await createTableScoring(engine, model, how);
  try {
    const scores = await scoring.score(table, { contributions, ...part(blurred ? 0.3 : 0, 1) });
    if (blurred === undefined) return scores;
    const evaluations = scores.evaluations + blurred.evaluations;
    return { ...scores, smoothed: blurred.logDensity, smoothing: blurred.smoothing, evaluations };
  } finally {
    await scoring.release();
  }
}

async function scoresOf(
  scoring: MaskedScoring,
  model: TableModel,
  table: CellTable,
  { contributions = false, seed = 0, onProgress, ...call }: TableScoreCall,
): Promise<TableScores> {
  const points = pointsOf(model.encoder, table, { key: split(random(seed), "table", "score") });
  const volumes = model.encoder.logVolumes(table, points);
  const spans = contributions ? spansOf(model.encoder) : [];
  let [done, evaluations] = [0, 0];
  const errors: number[] = [];
  const scored = async (states: Uint8Array): Promise<Float64Array> => {
    const sums = freeSums(volumes, states, table.rows);
    const show = ({ fraction, ...rest }: Progress) =>
      onProgress?.({ ...rest, fraction: (done + fraction) / (1 + spans.length) });
    let row = 0;
    for await (const chunk of scoring.score({ given: points.values, state: states, ...call, onProgress: show })) {
      if (done === 0) errors.push(...(chunk.standardError ?? []));
      for (const value of chunk.logDensity) sums[row++]! += value;
      evaluations += chunk.evaluations;
    }
    done++;
    return sums;
  };
  const logDensity = await scored(points.states);
  const parts: { column: string; values: Float64Array }[] = [];
  for (const [place, span] of spans.entries()) {
    const values = await scored(statesBut(points, spans, span));
    const cells = points.cells[place];
    const isPlaced = (row: number) =>
      cells?.[row] === cellKinds.known || (span.hasGap && cells?.[row] === cellKinds.gap);
    parts.push({ column: span.column.name, values: values.map((value, row) => (isPlaced(row) ? value : Number.NaN)) });
  }
  return {
    logDensity,
    ...(errors.length > 0 && { standardErrors: Float64Array.from(errors) }),
    ...rowPercentiles(model, logDensity, points),
    ...(contributions && { contributions: parts }),
    unknownCells: points.unknown,
    ...strayConstants(model.encoder, table),
    notes: unknownNotes(spansOf(model.encoder), points, table),
    evaluations,
  };
}

/** What is added to the log-density of each row's point for the units of `scoreTable`. */
export function rowVolumes(encoder: TableEncoder, table: CellTable, points: TablePoints): Float64Array {
  return freeSums(encoder.logVolumes(table, points), points.states, table.rows);
}

/** States in which everything known is given, but for the dimensions of one column. */
function statesBut(
  { values, states }: TablePoints,
  spans: readonly ColumnSpan[],
  { start, end }: ColumnSpan,
): Uint8Array {
  const d = spans.at(-1)?.end ?? 1;
  const others = states.map((state, k) => (state === free && (k % d < start || k % d >= end) ? given : state));
  withoutGivenNoise({ values, states: others }, presences(spans), d);
  return others;
}
