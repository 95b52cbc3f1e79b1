// batches: what a training step reads, a function of (key, iteration) alone, so that a resumed run sees the same numbers.
import { firstAbove } from "../data/ascending.ts";
import { scatterWithinCells } from "../data/images/rows.ts";
import { runningShares } from "../data/shares.ts";
import { timeWindow } from "../flow/chain.ts";
import { fillShares, noClass, withoutSome } from "../flow/classes.ts";
import { type Coupling, pairByTransport } from "../flow/coupling.ts";
import { diffusionScales } from "../flow/diffusion.ts";
import { contextWidth, drawStates, fillContexts, keepFree, type MaskLaw } from "../flow/masked.ts";
import type { Step } from "../flow/steps.ts";
import { fillTimes, type TimeDistribution } from "../flow/time.ts";
import { type DropoutMasks, type DropoutPlan, drawMasks, fullMasks } from "../nn/dropout.ts";
import { fillNormal, fillUniform, lazyPermutation, permutation, type Random, split } from "../random.ts";
import { type FloatArray, zeros } from "../tensor/array.ts";
import type { PoolClasses } from "./pool-classes.ts";
import { gatherRows, type RowPool } from "./row-pool.ts";

/** The arrays of one minibatch; `source` is `left` itself under dependent coupling. */
export interface Batch {
  readonly left: FloatArray;
  readonly source: FloatArray;
  readonly noise: FloatArray;
  readonly time: FloatArray;
  /** When the rows belong to several legs: what differs from row to row. */
  readonly byRow?: RowColumns;
  /**
   * Of masked training: what each row's network knows [rows, 3 d]; `left` and `noise` are then zero where not free. Of training with
   * classes: the share of each, [rows, classes].
   */
  readonly context?: FloatArray;
  /** With dropout: what each row's network keeps. */
  readonly kept?: DropoutMasks;
}

/**
 * What is known of a pool's values beforehand, [rows · d]: which are missing (1; masks are drawn anew at every draw of a row),
 * or the rows' states, which they keep.
 */
export type PoolMasks =
  | { readonly kind: "gaps"; readonly gaps: Uint8Array }
  | { readonly kind: "states"; readonly states: Uint8Array };

/** Columns [rows, 1]: the scales of each row's step (x_r = keep x_l + spread z), and the time that a shared network reads. */
export interface RowColumns {
  readonly keep: FloatArray;
  readonly spread: FloatArray;
  readonly clock: FloatArray;
}

/** One block as the batches see it. */
export interface Leg {
  readonly step: Step;
  /** Diffusion time between the pool and the block's left points: 0 where the pool is what the block starts from. */
  readonly elapsed: number;
  /** How often rows are drawn for it, beside the other legs. */
  readonly weight: number;
}

export interface BatchOptions {
  /** One, or all the blocks that share a network: then every row draws its leg. */
  readonly legs: readonly Leg[];
  readonly coupling: Coupling;
  readonly timeDistribution: TimeDistribution;
  readonly batchSize: number;
  /** Of images: values of a line; each image of a batch is then mirrored left to right with probability 1/2. */
  readonly mirror?: number;
  /** The law of the rows' states, in masked training. */
  readonly masks?: MaskLaw;
  readonly poolMasks?: PoolMasks;
  /** What the network is told of rows, but for a share of `classDropout` (0 by default) of them. */
  readonly classes?: PoolClasses;
  readonly classDropout?: number;
  /** The pool's numbers are in the middle of their levels' cells; a batch has them at random places of these. */
  readonly levels?: boolean;
  /** What a batch says is left out of the network. */
  readonly dropout?: DropoutPlan;
}

/** The rows from `start` to `end` of a batch, which belong to one leg. */
interface Part {
  readonly leg: Leg;
  readonly number: number;
  readonly start: number;
  readonly end: number;
}

/**
 * Minibatches of a pool: epochs of shuffled rows, the incomplete last batch of an epoch dropped. The arrays are filled anew at
 * each call. The rows of one leg stand together; as rows are in random order, that decides nothing.
 */
export function batches(pool: RowPool, random: Random, options: BatchOptions): (iteration: number) => Batch {
  const { rows, dimension: d } = pool;
  const size = Math.min(options.batchSize, rows);
  const { coupling, legs, masks, classes, classDropout = 0 } = options;
  const told = classes && zeros([size, classes.count]);
  const context = masks ? zeros([size, contextWidth(d)]) : told;
  const separate = coupling === "shuffled" || coupling === "independent" || coupling === "optimal-transport";
  const left = zeros([size, d]);
  const source = separate ? zeros([size, d]) : left;
  const [noise, time] = [zeros([size, d]), zeros([size, 1])];
  const byRow = legs.length > 1 && { keep: zeros([size, 1]), spread: zeros([size, 1]), clock: zeros([size, 1]) };
  const kept = options.dropout && fullMasks(options.dropout, size);
  const leftRows = epochs(rows, size, split(random, "rows"));
  const sourceRows = epochs(rows, size, split(random, "source rows"));
  const drawRows = (chosen: Uint32Array, out: Float32Array, stream: "" | "source ", iteration: number) => {
    pool.gather(chosen, out);
    if (options.mirror) mirrorRows(out, d, options.mirror, split(random, `${stream}mirror`, iteration));
    if (options.levels) scatterWithinCells(out, split(random, `${stream}places`, iteration));
  };
  return (iteration) => {
    const parts = partsOf(legs, size, split(random, "legs", iteration));
    const chosen = leftRows(iteration);
    drawRows(chosen, left.data, "", iteration);
    const states =
      masks && statesOf(masks, options.poolMasks, { values: left.data, d }, chosen, split(random, "masks", iteration));
    if (states && context) fillContexts(left.data, states, d, context.data);
    if (classes && told) {
      const own = Int32Array.from(chosen, (row) => classes.labels[row] ?? noClass);
      fillShares(withoutSome(own, classDropout, split(random, "class dropout", iteration)), classes.count, told.data);
    }
    diffuseParts(left.data, d, parts, split(random, "left marginal", iteration));
    if (coupling === "shuffled") {
      const shuffle = permutation(split(random, "shuffle", iteration), size);
      gatherRows(left.data, d, withinParts(shuffle, parts), source.data);
    } else if (separate) {
      drawRows(sourceRows(iteration), source.data, "source ", iteration);
      diffuseParts(source.data, d, parts, split(random, "source marginal", iteration));
    }
    fillNormal(split(random, "noise", iteration), noise.data);
    fillTimes(options.timeDistribution, split(random, "time", iteration), time.data);
    if (coupling === "optimal-transport")
      for (const { leg, start, end } of parts) {
        const [x, y, z] = [left, source, noise].map(({ data }) => data.subarray(start * d, end * d));
        if (x && y && z) pairByTransport(leg.step, x, y, z, d);
      }
    if (byRow) fillColumns(byRow, time.data, parts, legs.length);
    if (states) for (const { data } of [left, noise]) keepFree(data, states);
    if (options.dropout) drawMasks(split(random, "dropout", iteration), options.dropout, size, kept);
    return { left, source, noise, time, ...(byRow && { byRow }), ...(context && { context }), ...(kept && { kept }) };
  };
}

/** Reverses every line of `width` values in about half of the rows [rows · d], in place. */
function mirrorRows(points: Float32Array, d: number, width: number, random: Random): void {
  const draws = new Float32Array(points.length / d);
  fillUniform(random, draws);
  draws.forEach((draw, row) => {
    if (draw >= 0.5) return;
    for (let line = row * d; line < (row + 1) * d; line += width) points.subarray(line, line + width).reverse();
  });
}

/** The states of rows of a pool: their own, or drawn around their gaps. */
function statesOf(
  law: MaskLaw,
  known: PoolMasks | undefined,
  { values, d }: { readonly values: Float32Array; readonly d: number },
  rows: Uint32Array,
  random: Random,
): Uint8Array {
  const own = known && new Uint8Array(rows.length * d);
  const all = known?.kind === "gaps" ? known.gaps : known?.states;
  if (own && all) rows.forEach((row, n) => own.set(all.subarray(row * d, (row + 1) * d), n * d));
  return own && known?.kind === "states" ? own : drawStates(law, random, d, rows.length, { gaps: own, values });
}

/** Carries points, in place, to their exact Ornstein-Uhlenbeck marginal after `elapsed`: e^-T x + sqrt(1 - e^(-2T)) z. */
export function diffuse(points: Float32Array, elapsed: number, noise: Float32Array): void {
  const { keep, spread } = diffusionScales(elapsed);
  for (let k = 0; k < points.length; k++) points[k] = keep * (points[k] ?? 0) + spread * (noise[k] ?? 0);
}

/** Each row draws its leg with probability in proportion to the weights; equal legs stand together, in their order. */
function partsOf(legs: readonly Leg[], size: number, random: Random): readonly Part[] {
  const counts = legs.map(() => 0);
  if (legs.length === 1) counts[0] = size;
  else {
    const ends = runningShares(legs.map(({ weight }) => weight));
    const draws = new Float32Array(size);
    fillUniform(random, draws);
    for (const draw of draws) {
      const leg = firstAbove(ends, draw);
      counts[leg] = (counts[leg] ?? 0) + 1;
    }
  }
  let end = 0;
  return legs.map((leg, number) => {
    const start = end;
    end += counts[number] ?? 0;
    return { leg, number, start, end };
  });
}

function diffuseParts(points: Float32Array, d: number, parts: readonly Part[], random: Random): void {
  if (parts.every(({ leg }) => leg.elapsed === 0)) return;
  const noise = new Float32Array(points.length);
  fillNormal(random, noise);
  for (const { leg, start, end } of parts)
    diffuse(points.subarray(start * d, end * d), leg.elapsed, noise.subarray(start * d, end * d));
}

/** A random order of all rows as random orders of the rows of each part. */
function withinParts(order: Uint32Array, parts: readonly Part[]): Uint32Array {
  if (parts.length === 1) return order;
  return Uint32Array.from(parts.flatMap(({ start, end }) => [...order.filter((row) => row >= start && row < end)]));
}

function fillColumns({ keep, spread, clock }: RowColumns, time: Float32Array, parts: readonly Part[], legs: number) {
  for (const { leg, number, start, end } of parts) {
    const scales = diffusionScales(leg.step.kind === "free" ? Number.POSITIVE_INFINITY : leg.step.duration);
    const window = timeWindow(number, legs);
    keep.data.fill(scales.keep, start, end);
    spread.data.fill(scales.spread, start, end);
    for (let row = start; row < end; row++) clock.data[row] = window.start + window.length * (time[row] ?? 0);
  }
}

/**
 * Row numbers of iteration k: the k-th slice of an endless row of shuffled epochs. Slices are taken from the end of an epoch, where
 * its order is settled first, so that the first batch of many rows waits for no shuffle of all.
 */
export function epochs(rows: number, size: number, random: Random): (iteration: number) => Uint32Array {
  const perEpoch = Math.floor(rows / size);
  let current = { epoch: -1, settled: lazyPermutation(random, 0) };
  return (iteration) => {
    const epoch = Math.floor(iteration / perEpoch);
    if (epoch !== current.epoch) current = { epoch, settled: lazyPermutation(split(random, epoch), rows) };
    const start = rows - ((iteration % perEpoch) + 1) * size;
    return current.settled(start).subarray(start, start + size);
  };
}
