// distances: how far a pool moved, and how far it still is from N(0, I).
import { keepFree } from "../flow/masked.ts";
import { slicedWasserstein } from "../measure/sliced-wasserstein.ts";
import { fillNormal, random, split } from "../random.ts";
import type { RowPool } from "./row-pool.ts";

/** Rows that the distances are computed from: the first ones. */
export const comparedRows = 4096;

/** The rows of a pool that distances are computed from. */
export function firstRows(pool: RowPool): Float32Array {
  const values = new Float32Array(Math.min(pool.rows, comparedRows) * pool.dimension);
  pool.read(0, values);
  return values;
}

/**
 * Sliced Wasserstein-1 distances of a pool [rows · dimension] after a block from N(0, I) and from the pool before; with states,
 * of what is free in each row.
 */
export function distances(
  before: Float32Array,
  after: Float32Array,
  dimension: number,
  seed: number,
  states?: Uint8Array,
) {
  const key = split(random(seed), "diagnostics");
  const count = Math.min(comparedRows * dimension, after.length);
  const normal = new Float32Array(count);
  fillNormal(split(key, "normal"), normal);
  const free = (values: Float32Array) => {
    if (!states) return values.subarray(0, count);
    const kept = values.slice(0, count);
    keepFree(kept, states.subarray(0, count));
    return kept;
  };
  const pushed = free(after);
  return {
    poolToNormal: slicedWasserstein(pushed, free(normal), dimension, key),
    blockDistance: slicedWasserstein(pushed, free(before), dimension, key),
  };
}
