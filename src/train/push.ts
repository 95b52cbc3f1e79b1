// push: the pools carried through a trained block, in chunks, and no more of their rows than there is time for.
import { scatterWithinCells } from "../data/images/rows.ts";
import type { Block, Chain } from "../flow/chain.ts";
import { isImageNetwork } from "../nn/network.ts";
import { type Random, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { pauses, unlessInterrupted } from "../runtime/pause.ts";
import { createTransport, type Transport } from "../runtime/transport.ts";
import type { ChainControls, ChainTask } from "./chain.ts";
import { firstRows } from "./distances.ts";
import { evenPlaces, evenRows, rowsInTime, rowsInUse } from "./pool.ts";
import type { RowPool } from "./row-pool.ts";

/** Rows that are pushed or scored in one call: results are the same whatever the memory budget. */
export const chunkRows = 16_384;

/** The same for rows of so many values: fewer of them where they are images, so that progress is seen. */
export function rowsPerChunk(dimension: number): number {
  return Math.max(64, Math.min(chunkRows, Math.floor(2 ** 17 / dimension)));
}

/** Rows by which it is found how long a push takes, where time is limited. */
const [probeRows, probeImages] = [2048, 64];

/**
 * The pools p_(n-1) that the next block starts from; in masked training with states that rows keep for the whole chain.
 */
export interface Pools {
  train: RowPool;
  heldOut?: RowPool;
  trainStates?: Uint8Array;
  /** The class of each row of `train`. */
  labels?: Int32Array;
  readonly heldOutStates?: Uint8Array;
}

/**
 * Replaces the pools by themselves after one block, in chunks and in place where they may be overwritten, and returns
 * the first rows of the training pool before. Rows that no later block would look at, or that would take too much of a
 * limited time, are left out. Undefined when the signal fires: the pools are then good for nothing.
 */
export async function pushPools(
  engine: Engine,
  block: Block,
  task: ChainTask,
  pools: Pools,
  { number, seconds }: { readonly number: number; readonly seconds: number },
  { signal, time, onProgress }: ChainControls,
): Promise<Float32Array | undefined> {
  const { configuration } = task;
  const chain: Chain = { dimension: task.pool.dimension, blocks: [block] };
  const transport = await createTransport(engine, chain, {
    direction: 1,
    integration: configuration.integration,
    divergence: { kind: "none" },
    guidance: task.classes ? 1 : 0,
  });
  const isLast = number === configuration.blocks.length;
  const isLevels = number === 1 && configuration.training.dequantise === true;
  const way = {
    transport,
    ...(signal && { signal }),
    ...(isLevels && { places: split(random(configuration.seed), "places") }),
    onPushed: (pushed: number) => onProgress?.({ stage: "push", block: number, iteration: 0, pushed }),
  };
  try {
    narrow(pools, rowsInUse(configuration, number));
    if (time !== undefined) {
      const each = await millisecondsPerRow(way, pools, isImageNetwork(block.network) ? probeImages : probeRows);
      narrow(pools, rowsInTime(seconds, each, { network: block.network, isLast }));
    }
    const before = firstRows(pools.train);
    const train = await pushed(way, pools.train, pools.trainStates, pools.labels);
    const judged = isLast ? undefined : pools.heldOut;
    const heldOut = train && judged && (await pushed(way, judged, pools.heldOutStates));
    if (!train || (judged && !heldOut)) return undefined;
    pools.train = train;
    if (heldOut) pools.heldOut = heldOut;
    return before;
  } finally {
    await transport.release();
  }
}

/** Leaves `count` evenly spaced rows of the training pool. */
function narrow(pools: Pools, count: number): void {
  pools.train = pools.train.narrowed(count);
  if (pools.trainStates) pools.trainStates = evenRows(pools.trainStates, pools.train.dimension, count);
  if (pools.labels) pools.labels = evenRows(pools.labels, 1, count);
}

/** How rows move through the block. */
interface Way {
  readonly transport: Transport;
  readonly signal?: AbortSignal;
  /** Of levels: where in its cell each value is put before it moves. */
  readonly places?: Random;
  /** Told the share of the pool that is moved. */
  readonly onPushed: (share: number) => void;
}

/** What moving a row takes, by up to `most` rows of the training pool. */
async function millisecondsPerRow({ transport, signal }: Way, pools: Pools, most: number): Promise<number> {
  const { train, trainStates, labels } = pools;
  const { rows, dimension } = train;
  const tried = Math.min(most, rowsPerChunk(dimension), rows);
  const part = new Float32Array(tried * dimension);
  train.gather(evenPlaces(rows, tried), part);
  const run = {
    ...(trainStates && { states: evenRows(trainStates, dimension, tried) }),
    ...(labels && { classes: evenRows(labels, 1, tried) }),
    ...(signal && { signal }),
  };
  const started = performance.now();
  await unlessInterrupted(transport.run(part, run));
  return (performance.now() - started) / tried;
}

/** A pool after the block; undefined when the signal fires. */
async function pushed(
  { transport, signal, places, onPushed }: Way,
  pool: RowPool,
  states: Uint8Array | undefined,
  labels?: Int32Array,
): Promise<RowPool | undefined> {
  const { dimension } = pool;
  const atOnce = rowsPerChunk(dimension);
  const pause = pauses();
  const successor = pool.successor();
  for (let firstRow = 0; firstRow < pool.rows; firstRow += atOnce) {
    if (signal?.aborted) return undefined;
    const end = Math.min(pool.rows, firstRow + atOnce);
    const chunk = new Float32Array((end - firstRow) * dimension);
    pool.read(firstRow, chunk);
    if (places) scatterWithinCells(chunk, places, firstRow * dimension);
    const run = {
      firstRow,
      ...(states && { states: states.subarray(firstRow * dimension, end * dimension) }),
      ...(labels && { classes: labels.subarray(firstRow, end) }),
      ...(signal && { signal }),
    };
    const moved = await unlessInterrupted(transport.run(chunk, run));
    if (!moved) return undefined;
    successor.set(firstRow, moved.points);
    onPushed(end / pool.rows);
    await pause();
  }
  return successor;
}
