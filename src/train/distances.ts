// distances: how far a pool moved, and how far it still is from N(0, I).
import { slicedWasserstein } from "../measure/sliced-wasserstein.ts";
import { fillNormal, random, split } from "../random.ts";

/** Rows that the distances are computed from: the first ones. */
export const comparedRows = 4096;

/** Sliced Wasserstein-1 distances of a pool [rows · dimension] after a block from N(0, I) and from the pool before. */
export function distances(before: Float32Array, after: Float32Array, dimension: number, seed: number) {
  const key = split(random(seed), "diagnostics");
  const count = Math.min(comparedRows * dimension, after.length);
  const normal = new Float32Array(count);
  fillNormal(split(key, "normal"), normal);
  const pushed = after.subarray(0, count);
  return {
    poolToNormal: slicedWasserstein(pushed, normal, dimension, key),
    blockDistance: slicedWasserstein(pushed, before.subarray(0, count), dimension, key),
  };
}
