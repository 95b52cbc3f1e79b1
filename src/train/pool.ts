// pool: how much of the pool is worth moving to the next block.
import { isImageNetwork, type VelocityNetwork } from "../nn/network.ts";
import type { Configuration } from "./configuration.ts";
import { comparedRows } from "./distances.ts";

/** Share of a block's training time that its push may take when time is short … */
export const pushShare = 0.25;
/** … and after the last block, where only distances are measured. */
const lastPushShare = 0.05;
/** A pool is never made smaller than this: fewer rows would be learnt by heart, unless time is too short for that. */
const [leastRows, leastRowsInTime] = [50_000, 8192];
/** The same for images, whose rows say more and cost more. */
const leastImagesInTime = 512;
/** Rows that distances need at least. */
const leastComparedRows = 256;

/** Rows that blocks after number `n` (from 1) can look at: batches times iterations of the longest of them; after the last, distances. */
export function rowsInUse({ blocks, training }: Configuration<VelocityNetwork>, n: number): number {
  if (n >= blocks.length) return comparedRows;
  return Math.max(leastRows, ...blocks.slice(n).map(({ iterations }) => iterations * training.batchSize));
}

/** Rows whose push fits a time budget: `millisecondsPerRow` was measured on a part, the block before trained for `trainedSeconds`. */
export function rowsInTime(
  trainedSeconds: number,
  millisecondsPerRow: number,
  { network, isLast }: { readonly network: VelocityNetwork; readonly isLast: boolean },
): number {
  const least = isLast ? leastComparedRows : isImageNetwork(network) ? leastImagesInTime : leastRowsInTime;
  const share = isLast ? lastPushShare : pushShare;
  return Math.max(least, Math.floor((1000 * share * trainedSeconds) / Math.max(millisecondsPerRow, 1e-9)));
}

/** `count` rows [· width], evenly spaced: the order of a file must not decide which rows stay. */
export function evenRows<T extends Float32Array | Uint8Array | Int32Array>(rows: T, width: number, count: number): T {
  const all = rows.length / width;
  if (count >= all) return rows;
  const kept = rows.slice(0, count * width) as T;
  evenPlaces(all, count).forEach((place, row) => {
    kept.set(rows.subarray(place * width, (place + 1) * width), row * width);
  });
  return kept;
}

/** The numbers of `count` evenly spaced ones of `all` rows, in order. */
export function evenPlaces(all: number, count: number): Uint32Array {
  return Uint32Array.from({ length: count }, (_, row) => Math.floor((row * all) / count));
}
