// standardization: columns to mean 0 and deviation 1 inside the model; log-densities are given back in the user's units.
import { failure } from "../errors.ts";
import { type FloatArray, floats } from "../tensor/array.ts";

/** x = mean + deviation · y, column by column. */
export interface Standardization {
  readonly mean: FloatArray;
  readonly deviation: FloatArray;
}

/** No change at all. */
export function identityStandardization(d: number): Standardization {
  return { mean: floats(new Float32Array(d)), deviation: floats(new Float32Array(d).fill(1)) };
}

/** Mean and standard deviation (divisor: rows) of every column, gaps (NaN) left out. Throws when a column has only one value. */
export function standardizationOf(rows: FloatArray, columns: readonly string[]): Standardization {
  const d = rows.shape[1] ?? 0;
  const counts = new Float64Array(d);
  const mean = new Float64Array(d);
  const squares = new Float64Array(d);
  const forEachKnown = (use: (value: number, k: number, count: number) => void) =>
    rows.data.forEach((value, i) => {
      if (!Number.isNaN(value)) use(value, i % d, counts[i % d] ?? 0);
    });
  forEachKnown((_, k, count) => {
    counts[k] = count + 1;
  });
  forEachKnown((value, k, count) => {
    mean[k] = (mean[k] ?? 0) + value / count;
  });
  forEachKnown((value, k, count) => {
    squares[k] = (squares[k] ?? 0) + (value - (mean[k] ?? 0)) ** 2 / count;
  });
  columns.forEach((name, k) => {
    if (differs(rows, k)) return;
    throw failure("data", {
      where: `column ${name}`,
      expected: "at least two different values",
      received: `${rows.data[k]} in every row`,
      remedy: "leave the column out (--columns), a constant has no density",
    });
  });
  return { mean: floats(Float32Array.from(mean)), deviation: floats(Float32Array.from(squares, Math.sqrt)) };
}

/** Rows [n · d] in the user's units as the networks see them. */
export function standardize({ mean, deviation }: Standardization, rows: Float32Array): Float32Array {
  const d = mean.data.length;
  return rows.map((value, i) => (value - (mean.data[i % d] ?? 0)) / (deviation.data[i % d] ?? 1));
}

/** The way back. */
export function unstandardize({ mean, deviation }: Standardization, rows: Float32Array): Float32Array {
  const d = mean.data.length;
  return rows.map((value, i) => (mean.data[i % d] ?? 0) + (deviation.data[i % d] ?? 1) * value);
}

/** sum of log deviations: log p(x) = log p(y) - this. */
export function logVolume({ deviation }: Standardization): number {
  return deviation.data.reduce((total, value) => total + Math.log(value), 0);
}

function differs({ data, shape: [count = 0, d = 1] }: FloatArray, column: number): boolean {
  let first: number | undefined;
  for (let row = 0; row < count; row++) {
    const value = data[row * d + column] ?? Number.NaN;
    if (Number.isNaN(value)) continue;
    first ??= value;
    if (value !== first) return true;
  }
  return false;
}
