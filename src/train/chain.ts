// chain: trains a chain block after block. The pool is pushed through each trained block, and the next one starts from there.
import { invariant } from "../errors.ts";
import type { Block, Chain } from "../flow/chain.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { pauses, unlessInterrupted } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import { type BlockTask, interruption, type Snapshot, trainBlock } from "./block.ts";
import { type Configuration, checkConfiguration, isFromMarginals } from "./configuration.ts";
import { distances } from "./distances.ts";
import type { LossCurve } from "./loss-curve.ts";
import { trainFromMarginals } from "./marginals.ts";
import { startingWeights, timeFor } from "./start.ts";

/** What is known of a finished block; stored in the model. */
export interface BlockRecord {
  readonly iterations: number;
  readonly loss: number;
  /** How the loss fell; of a network that all blocks share it stands with the first. Older models have none. */
  readonly curve?: LossCurve;
  /** Sliced Wasserstein-1 distance of the pool after the block (or of the exact marginal, without a pool) from N(0, I). */
  readonly poolToNormal: number;
  /** Sliced Wasserstein-1 distance of the same from the one before the block: of p_n from p_(n-1). */
  readonly blockDistance: number;
}

/** How long a block took to train and its pool to be pushed; never stored in a model, whose bytes the seed decides. */
export interface BlockTiming {
  readonly seconds: number;
  readonly pushSeconds: number;
}

/** What is known of a block once it is trained and before its pool is pushed. */
export type TrainedRecord = Pick<BlockRecord & BlockTiming, "iterations" | "loss" | "curve" | "seconds">;

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
  checkConfiguration(configuration);
  if (isFromMarginals(configuration.training)) return trainFromMarginals(engine, task, controls);
  const blocks: Block[] = [...(resume?.blocks ?? [])];
  const records: (BlockRecord & BlockTiming)[] = [...(resume?.records ?? [])];
  const pools: Pools = {
    train: task.rows,
    ...(task.heldOut && configuration.training.earlyStopping > 0 && { heldOut: task.heldOut }),
  };
  const started = performance.now();
  const stopAt = async (partial: Omit<PartialChain, "blocks" | "records">, iteration: number) => {
    await controls.onCheckpoint?.({ blocks, records, ...partial });
    throw interruption(blocks.length + (partial.unpushed ? 0 : 1), iteration);
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
    const { iterations, loss, curve } = trained;
    await finish(
      { iterations, loss, curve, seconds: (performance.now() - blockStarted) / 1000 },
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
      const run = { firstRow: start / dimension, ...(controls.signal && { signal: controls.signal }) };
      const moved = await unlessInterrupted(transport.run(chunk, run));
      if (!moved) return undefined;
      pushed.set(moved.points, start);
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
