// baseline: what a simple density to be held beside a model can do, and the scaling of columns that all of them share.
import { failure } from "../errors.ts";
import type { Random } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type Estimate, meanOf } from "./estimate.ts";

/** A density that was fitted to training rows, in their units. */
export interface Baseline {
  readonly name: string;
  /** How many numbers it holds. */
  readonly parameters: number;
  /** What was chosen while fitting, for people: `8 components`. */
  readonly choice: string;
  /** Log-density (nats) of each row of `rows` [n, d]. */
  logDensity(rows: FloatArray): Float64Array;
  /** Draws rows [count, d]. */
  sample(random: Random, count: number): FloatArray;
}

/** Mean negative log-likelihood (nats per row) with its standard error. */
export function baselineNll(baseline: Baseline, rows: FloatArray): Estimate {
  return meanOf(baseline.logDensity(rows).map((value) => -value));
}

/** Mean and standard deviation (divisor: rows) of every column. */
export interface ColumnScale {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** The scale of rows [n, d]. Throws code "data" for no rows or a column of one value, which has no density. */
export function columnScale({ data, shape }: FloatArray): ColumnScale {
  const [rows = 0, d = 0] = shape;
  const [mean, squares] = [new Float64Array(d), new Float64Array(d)];
  for (let i = 0; i < data.length; i++) mean[i % d] = (mean[i % d] ?? 0) + (data[i] ?? 0) / rows;
  for (let i = 0; i < data.length; i++) {
    const centred = (data[i] ?? 0) - (mean[i % d] ?? 0);
    squares[i % d] = (squares[i % d] ?? 0) + (centred * centred) / rows;
  }
  const differs = (column: number) => data.some((value, i) => i % d === column && value !== data[column]);
  const flat = rows === 0 ? 0 : squares.findIndex((_, column) => !differs(column));
  if (flat >= 0)
    throw failure("data", {
      where: `column ${flat + 1}`,
      expected: "at least two different values",
      received: rows === 0 ? "no rows" : String(data[flat]),
      remedy: "leave the column out, a constant has no density",
    });
  return { mean, deviation: squares.map(Math.sqrt) };
}

/** Rows [n · d] at mean 0 and deviation 1, in float64. */
export function scaled(rows: Float32Array, { mean, deviation }: ColumnScale): Float64Array {
  const d = mean.length;
  return Float64Array.from(rows, (value, i) => (value - (mean[i % d] ?? 0)) / (deviation[i % d] ?? 1));
}

/** The way back, in float32. */
export function unscaled(rows: Float64Array, { mean, deviation }: ColumnScale): Float32Array {
  const d = mean.length;
  return Float32Array.from(rows, (value, i) => (mean[i % d] ?? 0) + (deviation[i % d] ?? 1) * value);
}

/** Sum of log deviations: log p(row) = log p(scaled row) - this. */
export function logVolume({ deviation }: ColumnScale): number {
  return deviation.reduce((total, value) => total + Math.log(value), 0);
}
