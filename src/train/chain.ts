// chain: trains a chain block after block. The pool is pushed through each trained block, and the next one starts from there.
import { failure, invariant } from "../errors.ts";
import type { Block, Chain } from "../flow/chain.ts";
import { slicedWasserstein } from "../measure/sliced-wasserstein.ts";
import { initialMlp, layerSizes, type MlpArrays } from "../nn/mlp.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { createTransport } from "../runtime/transport.ts";
import { type BlockTask, pauses, type Snapshot, trainBlock } from "./block.ts";
import type { BlockConfiguration, Configuration } from "./configuration.ts";

/** What is known of a finished block; stored in the model. */
export interface BlockRecord {
  readonly iterations: number;
  readonly loss: number;
  /** Sliced Wasserstein-1 distance of the pool after the block from N(0, I). */
  readonly poolToNormal: number;
  /** Sliced Wasserstein-1 distance of the pool after the block from the pool before it: of p_n from p_(n-1). */
  readonly blockDistance: number;
}

/** How long a block took to train and its pool to be pushed; never stored in a model, whose bytes the seed decides. */
export interface BlockTiming {
  readonly seconds: number;
  readonly pushSeconds: number;
}

/** What is known of a block once it is trained and before its pool is pushed. */
export type TrainedRecord = Pick<BlockRecord & BlockTiming, "iterations" | "loss" | "seconds">;

/**
 * A chain under construction: trained blocks with their records, and where the next block stands if it was interrupted.
 * `unpushed` is set when the last block is trained but its pool was not pushed, so it has no full record yet.
 */
export interface PartialChain {
  readonly blocks: readonly Block[];
  readonly records: readonly (BlockRecord & BlockTiming)[];
  readonly unpushed?: TrainedRecord;
  readonly snapshot?: Snapshot;
}

export interface ChainTask {
  /** Training rows [rows · d] as the networks see them (standardised if they are to be). The array is not changed. */
  readonly rows: Float32Array;
  readonly dimension: number;
  readonly configuration: Configuration;
  /** Held-out rows for early stopping. */
  readonly heldOut?: Float32Array;
  readonly resume?: PartialChain;
}

export interface ChainControls {
  readonly signal?: AbortSignal;
  /** Milliseconds for all blocks together. */
  readonly time?: number;
  readonly onProgress?: (progress: ChainProgress) => void;
  /** Called with everything needed to go on, after each block and when the signal interrupts. */
  readonly onCheckpoint?: (partial: PartialChain) => Promise<void>;
}

export interface ChainProgress {
  readonly stage: "train" | "push";
  readonly block: number;
  readonly iteration: number;
  readonly loss?: number;
  /** Share of the block's push that is done. */
  readonly pushed?: number;
}

/** Rows that are pushed or scored in one call: results are the same whatever the memory budget. */
export const chunkRows = 16_384;

/** Trains every block that `resume` does not hold yet. Throws "interrupted" after a checkpoint when the signal fires. */
export async function trainChain(
  engine: Engine,
  task: ChainTask,
  controls: ChainControls = {},
): Promise<{ chain: Chain; records: readonly (BlockRecord & BlockTiming)[] }> {
  const { configuration, dimension, resume } = task;
  const blocks: Block[] = [...(resume?.blocks ?? [])];
  const records: (BlockRecord & BlockTiming)[] = [...(resume?.records ?? [])];
  const pools: Pools = {
    train: task.rows,
    ...(task.heldOut && configuration.training.earlyStopping > 0 && { heldOut: task.heldOut }),
  };
  const started = performance.now();
  const stopAt = async (partial: Omit<PartialChain, "blocks" | "records">, iteration: number) => {
    await controls.onCheckpoint?.({ blocks, records, ...partial });
    throw interrupted(blocks.length + (partial.unpushed ? 0 : 1), iteration);
  };
  /** Pushes the pools through the last block and completes its record. */
  const finish = async (trained: TrainedRecord, isLast: boolean) => {
    const [block, before, pushStarted] = [blocks.at(-1), pools.train, performance.now()];
    if (!block || !(await pushPools(engine, block, task, pools, blocks.length, controls)))
      return stopAt({ unpushed: trained }, trained.iterations);
    const pushSeconds = (performance.now() - pushStarted) / 1000;
    records.push({ ...trained, pushSeconds, ...distances(before, pools.train, dimension, configuration.seed) });
    if (!isLast) await controls.onCheckpoint?.({ blocks, records });
  };
  for (const [n, block] of blocks.entries())
    if (
      n < records.length &&
      n < configuration.blocks.length - 1 &&
      !(await pushPools(engine, block, task, pools, n + 1, controls))
    )
      await stopAt(unfinished(resume), 0);
  if (resume?.unpushed) await finish(resume.unpushed, blocks.length === configuration.blocks.length);

  for (const [n, block] of configuration.blocks.entries()) {
    if (n < blocks.length) continue;
    const blockStarted = performance.now();
    const trained = await trainBlock(engine, blockTask(task, n, blocks, pools), {
      ...(controls.signal && { signal: controls.signal }),
      ...(controls.time !== undefined && {
        time: timeFor(configuration.blocks, n, controls.time - (blockStarted - started)),
      }),
      onIteration: (iteration, loss) => controls.onProgress?.({ stage: "train", block: n + 1, iteration, loss }),
    });
    if (trained.interrupted) await stopAt({ snapshot: trained.interrupted }, trained.interrupted.iteration);
    blocks.push({ step: block.step, network: block.network, parameters: trained.parameters });
    const { iterations, loss } = trained;
    await finish(
      { iterations, loss, seconds: (performance.now() - blockStarted) / 1000 },
      n === configuration.blocks.length - 1,
    );
  }
  return { chain: { dimension, blocks }, records };
}

/** The pools p_(n-1) that the next block starts from. */
interface Pools {
  train: Float32Array;
  heldOut?: Float32Array;
}

function unfinished(resume: PartialChain | undefined): Omit<PartialChain, "blocks" | "records"> {
  return {
    ...(resume?.unpushed && { unpushed: resume.unpushed }),
    ...(resume?.snapshot && { snapshot: resume.snapshot }),
  };
}

function blockTask(
  { configuration, dimension, resume }: ChainTask,
  n: number,
  finished: readonly Block[],
  pools: Pools,
): BlockTask {
  const block = configuration.blocks[n];
  invariant(block !== undefined, `block ${n} is configured`);
  const snapshot = n === resume?.blocks.length ? resume.snapshot : undefined;
  return {
    number: n + 1,
    dimension,
    block,
    training: configuration.training,
    pool: pools.train,
    ...(pools.heldOut && { heldOut: pools.heldOut }),
    start: startingWeights(configuration, n, dimension, finished),
    random: split(random(configuration.seed), "train", n),
    ...(snapshot && { resume: snapshot }),
  };
}

/** Fresh weights, or the previous block's where warm start is on and the shapes agree. */
function startingWeights(
  { blocks, training, seed }: Configuration,
  n: number,
  dimension: number,
  finished: readonly Block[],
): MlpArrays {
  const network = blocks[n]?.network ?? {
    hidden: [],
    activation: { kind: "relu" },
    timeInput: "first",
    initialization: "default",
  };
  const previous = finished[n - 1];
  const sizes = (of: typeof network) => JSON.stringify(layerSizes(of, dimension));
  if (training.warmStart && previous && sizes(previous.network) === sizes(network)) return previous.parameters;
  return initialMlp(split(random(seed), "weights", n), network, dimension);
}

/** A block's share of the time left, in proportion to its iterations. */
function timeFor(blocks: readonly BlockConfiguration[], n: number, left: number): number {
  const iterations = blocks.slice(n).map((block) => block.iterations);
  const total = iterations.reduce((a, b) => a + b, 0);
  return (Math.max(0, left) * (iterations[0] ?? 0)) / Math.max(1, total);
}

/** Replaces the pools by themselves after one block, in chunks; false, with the pools unchanged, when the signal fires. */
async function pushPools(
  engine: Engine,
  block: Block,
  task: ChainTask,
  pools: Pools,
  number: number,
  controls: ChainControls,
): Promise<boolean> {
  const { dimension, configuration } = task;
  const chain: Chain = { dimension, blocks: [block] };
  const transport = await createTransport(engine, chain, {
    direction: 1,
    integration: configuration.integration,
    divergence: { kind: "none" },
  });
  const pause = pauses();
  const push = async (rows: Float32Array) => {
    const pushed = new Float32Array(rows.length);
    for (let start = 0; start < rows.length; start += chunkRows * dimension) {
      if (controls.signal?.aborted) return undefined;
      const chunk = rows.subarray(start, start + chunkRows * dimension);
      pushed.set((await transport.run(chunk, undefined, start / dimension)).points, start);
      controls.onProgress?.({
        stage: "push",
        block: number,
        iteration: 0,
        pushed: (start + chunk.length) / rows.length,
      });
      await pause();
    }
    return pushed;
  };
  try {
    const train = await push(pools.train);
    const heldOut = train && pools.heldOut && (await push(pools.heldOut));
    if (!train || (pools.heldOut && !heldOut)) return false;
    pools.train = train;
    if (heldOut) pools.heldOut = heldOut;
    return true;
  } finally {
    await transport.release();
  }
}

const comparedRows = 4096;

function distances(before: Float32Array, after: Float32Array, dimension: number, seed: number) {
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

function interrupted(block: number, iteration: number) {
  return failure("interrupted", {
    where: `block ${block}, iteration ${iteration}`,
    expected: "training to go on",
    received: "a signal to stop",
    remedy: "resume from the checkpoint",
  });
}
