// repetition: whether a standard error is what it says: the scatter of an estimate over independent repetitions.
import type { Estimate } from "../../src/measure/estimate.ts";
import { fillNormal, random, split } from "../../src/random.ts";

export interface Repeated {
  readonly mean: number;
  /** Standard deviation of the values over the repetitions. */
  readonly scatter: number;
  /** Mean standard error they report, divided by the scatter: 1 for an honest one. */
  readonly honesty: number;
}

/** Repeats a draw; `n` should decide all its randomness. With 60 repetitions the scatter is known to 9 %. */
export function repeated(times: number, draw: (n: number) => Estimate): Repeated {
  const estimates = Array.from({ length: times }, (_, n) => draw(n));
  const mean = estimates.reduce((total, { value }) => total + value / times, 0);
  const variance = estimates.reduce((total, { value }) => total + (value - mean) ** 2 / (times - 1), 0);
  const error = estimates.reduce((total, { standardError }) => total + standardError / times, 0);
  return { mean, scatter: Math.sqrt(variance), honesty: error / Math.sqrt(variance) };
}

/** Standard normal numbers of a name. */
export function normals(count: number, ...name: readonly (string | number)[]): Float32Array {
  const values = new Float32Array(count);
  fillNormal(split(random(2024), ...name), values);
  return values;
}
