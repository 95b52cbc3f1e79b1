// copula: the simplest makers of mixed rows to be held beside: independent columns, and a Gaussian copula
import { countBelow } from "../data/ascending.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { fillBelow, fillNormal, fillUniform, normalScore, type Random, split } from "../random.ts";
import { takenCells } from "./columns-rows.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";
import { drawInto } from "./gaussian.ts";
import { cholesky } from "./linear-algebra.ts";
import type { Steps } from "./steps.ts";

/** Makes rows like those it was fitted to: the same columns, values among theirs. */
export interface RowGenerator {
  /** The same key and number of rows give the same rows. */
  sample(random: Random, rows: number): MeasuredTable;
}

/** Every cell from a training row of its own: right columns, no dependence. Throws "data" without rows. */
export function independentColumns(train: MeasuredTable): RowGenerator {
  checkRows(train);
  return {
    sample: (random, rows) => {
      const places = new Uint32Array(rows);
      const columns = train.columns.map((column, k) => {
        fillBelow(split(random, "independent columns", k), places, train.rows);
        return takenCells(column, places);
      });
      return { rows, columns };
    },
  };
}

/** The correlations of the normal scores, and what they become in the data. */
export interface GaussianCopula extends RowGenerator {
  /** Correlations of the columns' normal scores, row-major [d · d]. */
  readonly correlations: Float64Array;
}

/**
 * A Gaussian copula with the training columns' own values as marginals. Numbers become normal scores of their places
 * (ties share their mean place), categories those of a random place within their share of the cumulative frequencies,
 * in the order of their levels. Correlations are over rows where both columns are known. Gaps come back at their rate,
 * independently. Steps are of one column. Throws "data" without rows.
 * Source: R. Nelsen, "An introduction to copulas" (2006); N. Patki and others, "The Synthetic Data Vault" (2016).
 */
export function* gaussianCopulaSteps(train: MeasuredTable, random: Random): Steps<GaussianCopula> {
  checkRows(train);
  const d = train.columns.length;
  const marginals = train.columns.map(marginalOf);
  const scores: Float64Array[] = [];
  for (const [k, column] of train.columns.entries()) {
    scores.push(normalScores(column, split(random, "ties", k)));
    yield;
  }
  const correlations = yield* correlationMatrix(scores);
  const factor = regularFactor(correlations, d);
  const law = { mean: new Float64Array(d), factor, constant: 0 };
  return {
    correlations,
    sample: (random, rows) => {
      const [noise, latent] = [new Float32Array(rows * d), new Float64Array(rows * d)];
      fillNormal(split(random, "copula"), noise);
      for (let row = 0; row < rows; row++) drawInto(latent, row, law, noise);
      const uniforms = new Float32Array(rows);
      const columns = train.columns.map((column, k) => {
        fillUniform(split(random, "copula gaps", k), uniforms);
        const { places, thresholds, gapRate } = marginals[k]!;
        const chosen = Int32Array.from(uniforms, (uniform, row) =>
          uniform < gapRate ? -1 : places[countBelow(thresholds, latent[row * d + k]!)]!,
        );
        return takenCells(column, chosen);
      });
      return { rows, columns };
    },
  };
}

function checkRows({ rows, columns }: MeasuredTable): void {
  if (rows >= 1 && columns.length >= 1) return;
  throw failure("data", { where: "baseline", expected: "at least one row and one column", received: `${rows} rows` });
}

interface Marginal {
  /** The rows with a known value, ascending by it. */
  readonly places: Uint32Array;
  /** Normal quantiles at 1/n … (n-1)/n: as many as are below a score, so far is its value from the smallest. */
  readonly thresholds: Float64Array;
  readonly gapRate: number;
}

function cellsOf(column: MeasuredColumn): { readonly cells: Float64Array | Int32Array; isKnown(row: number): boolean } {
  if (column.kind === "numeric") return { cells: column.values, isKnown: (row) => !Number.isNaN(column.values[row]!) };
  return { cells: column.codes, isKnown: (row) => column.codes[row]! >= 0 };
}

function marginalOf(column: MeasuredColumn): Marginal {
  const { cells } = cellsOf(column);
  const places = knownRows(column);
  const n = places.length;
  const thresholds = Float64Array.from({ length: Math.max(0, n - 1) }, (_, i) => normalScore((i + 1) / n - 0.5));
  return { places, thresholds, gapRate: 1 - n / cells.length };
}

/** The rows with a known value, ascending by it. */
function knownRows(column: MeasuredColumn): Uint32Array {
  const { cells, isKnown } = cellsOf(column);
  const rows = Uint32Array.from({ length: cells.length }, (_, row) => row).filter(isKnown);
  return rows.sort((a, b) => cells[a]! - cells[b]! || a - b);
}

/** Normal scores of the cells, NaN for gaps. */
function normalScores(column: MeasuredColumn, random: Random): Float64Array {
  const { cells } = cellsOf(column);
  const rows = knownRows(column);
  const scores = new Float64Array(cells.length).fill(Number.NaN);
  const uniforms = new Float32Array(rows.length);
  fillUniform(random, uniforms);
  for (let from = 0, to = 0; from < rows.length; from = to) {
    while (to < rows.length && cells[rows[to]!] === cells[rows[from]!]) to++;
    for (let i = from; i < to; i++) {
      const within = column.kind === "numeric" ? 0.5 : uniforms[i]!;
      scores[rows[i]!] = normalScore((from + (to - from) * within) / rows.length - 0.5);
    }
  }
  return scores;
}

/** Pearson correlations over the rows where both are known; 0 where they tell nothing. */
function* correlationMatrix(scores: readonly Float64Array[]): Steps<Float64Array> {
  const d = scores.length;
  const matrix = new Float64Array(d * d);
  for (let i = 0; i < d; i++) {
    matrix[i * d + i] = 1;
    for (let j = 0; j < i; j++) {
      const found = correlationOf(scores[i]!, scores[j]!);
      matrix[i * d + j] = found;
      matrix[j * d + i] = found;
    }
    yield;
  }
  return matrix;
}

function correlationOf(a: Float64Array, b: Float64Array): number {
  let [count, sumA, sumB, aa, bb, ab] = [0, 0, 0, 0, 0, 0];
  for (let row = 0; row < a.length; row++) {
    const [x, y] = [a[row]!, b[row]!];
    if (Number.isNaN(x + y)) continue;
    count++;
    sumA += x;
    sumB += y;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  const [varianceA, varianceB] = [aa - (sumA * sumA) / count, bb - (sumB * sumB) / count];
  // Normal scores are of order 1: anything smaller is rounding.
  if (!(varianceA > 1e-9 * count && varianceB > 1e-9 * count)) return 0;
  const found = (ab - (sumA * sumB) / count) / Math.sqrt(varianceA * varianceB);
  return Math.max(-1, Math.min(1, found));
}

/** The triangular factor of (1 - s) C + s I for the smallest s of a few that makes it one. */
function regularFactor(correlations: Float64Array, d: number): Float64Array {
  for (let s = 1e-9; s < 1; s *= 10) {
    try {
      return cholesky(
        correlations.map((value, i) => (i % (d + 1) === 0 ? 1 : (1 - s) * value)),
        d,
      );
    } catch (error) {
      if (!(error instanceof LocalFlowError)) throw error;
    }
  }
  return Float64Array.from({ length: d * d }, (_, i) => (i % (d + 1) === 0 ? 1 : 0));
}
