// masked-pool: the pool of a masked chain: copies of the rows, each with states that it keeps from the first block to the last.

import { failure } from "../errors.ts";
import { checkMaskLaw, contextWidth, drawStates, type MaskLaw } from "../flow/masked.ts";
import { networkContext, type VelocityNetwork } from "../nn/network.ts";
import type { Random } from "../random.ts";
import { type Configuration, isFromMarginals } from "./configuration.ts";
import type { RowPool } from "./row-pool.ts";

/** Rows that a masked pool has at least, as long as it has no more values than this; both decide what a seed gives. */
const [leastRows, mostValues] = [100_000, 1 << 24];

/** How many copies of `rows` rows of d values a masked pool holds. */
export function maskedCopies(rows: number, d: number): number {
  return Math.max(1, Math.min(Math.ceil(leastRows / rows), Math.floor(mostValues / (rows * d))));
}

/** How often the pool of a fit holds each row: 1 where blocks start from the rows themselves. */
export function poolCopies({ training }: Configuration<VelocityNetwork>, rows: number, d: number): number {
  return training.masks && !isFromMarginals(training) ? maskedCopies(rows, d) : 1;
}

/** Copies of a pool's rows, [· d], with states drawn around their gaps. */
export function maskedPool(
  { pool, gaps }: { readonly pool: RowPool; readonly gaps?: Uint8Array },
  law: MaskLaw,
  random: Random,
): { readonly values: Float32Array; readonly states: Uint8Array } {
  const { rows, dimension: d } = pool;
  const copies = maskedCopies(rows, d);
  const values = new Float32Array(copies * rows * d);
  const missing = gaps && new Uint8Array(values.length);
  for (let n = 0; n < copies; n++) {
    pool.read(0, values.subarray(n * rows * d, (n + 1) * rows * d));
    if (gaps) missing?.set(gaps, n * rows * d);
  }
  return { values, states: drawStates(law, random, d, copies * rows, { gaps: missing, values }) };
}

/** Throws code `option` unless masks, networks and gaps go together. */
export function checkMasks({ blocks, training }: Configuration<VelocityNetwork>, d: number, hasGaps: boolean): void {
  if (training.masks) checkMaskLaw(training.masks, d);
  const width = training.masks ? contextWidth(d) : 0;
  if (blocks.every(({ network }) => networkContext(network) === width) && (training.masks || !hasGaps)) return;
  throw failure("option", {
    where: "masks",
    expected: training.masks ? `networks that read a context of ${width} values` : "masks, for rows with gaps",
    received: training.masks ? "others" : "none",
    remedy: "make the configuration with maskedConfiguration",
  });
}
