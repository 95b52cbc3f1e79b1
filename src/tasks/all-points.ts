// all-points: samples that come in chunks, as one array.
import { type FloatArray, zeros } from "../tensor/array.ts";

/**
 * Puts the points of chunks, which are drawn in row order, below each other; `shape` is [rows, columns] of all of them.
 */
export async function allPoints(
  chunks: AsyncIterable<{ readonly points: FloatArray; readonly evaluations: number }>,
  shape: readonly [number, number],
): Promise<{ readonly points: FloatArray; readonly evaluations: number }> {
  const points = zeros(shape);
  let [filled, evaluations] = [0, 0];
  for await (const chunk of chunks) {
    points.data.set(chunk.points.data, filled);
    filled += chunk.points.data.length;
    evaluations += chunk.evaluations;
  }
  return { points, evaluations };
}
