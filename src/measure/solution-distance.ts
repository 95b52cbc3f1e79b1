// solution-distance: how far two solutions of one equation are apart, row by row, on columns that count alike.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";

/**
 * sqrt(mean over rows and columns of ((a - b) / deviation)^2): how far the rows [n, d] of `a` are from the same rows of `b`, in
 * units of a column's deviation. Throws "shape" when the two differ in shape.
 */
export function solutionDistance(a: FloatArray, b: FloatArray, deviation: ArrayLike<number>): number {
  const d = deviation.length;
  if (a.data.length !== b.data.length || a.shape[1] !== d || b.shape[1] !== d)
    throw failure("shape", {
      where: "solutionDistance",
      expected: `two sets of as many rows of ${d} columns`,
      received: `[${a.shape}] and [${b.shape}]`,
    });
  const squares = a.data.reduce((total, value, i) => {
    return total + ((value - (b.data[i] ?? Number.NaN)) / (deviation[i % d] ?? 1)) ** 2;
  }, 0);
  return Math.sqrt(squares / a.data.length);
}
