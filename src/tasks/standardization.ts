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

/** Mean and standard deviation (divisor: rows) of every column. Throws when a column has only one value. */
export function standardizationOf(rows: FloatArray, columns: readonly string[]): Standardization {
  const [count = 0, d = 0] = rows.shape;
  const mean = new Float64Array(d);
  const squares = new Float64Array(d);
  rows.data.forEach((value, i) => {
    mean[i % d] = (mean[i % d] ?? 0) + value / count;
  });
  rows.data.forEach((value, i) => {
    squares[i % d] = (squares[i % d] ?? 0) + (value - (mean[i % d] ?? 0)) ** 2 / count;
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
  for (let row = 1; row < count; row++) if (data[row * d + column] !== data[column]) return true;
  return false;
}
