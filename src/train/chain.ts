// chain: trains a chain block after block. The pool is pushed through each trained block, and the next one starts from there.
import { invariant } from "../errors.ts";
import { type Block, type Chain, chainOf } from "../flow/chain.ts";
import { drawStates } from "../flow/masked.ts";
import type { NetworkArrays, VelocityNetwork } from "../nn/network.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { type BlockTask, interruption, type Snapshot, trainBlock } from "./block.ts";
import { type Configuration, checkConfiguration, isFromMarginals } from "./configuration.ts";
import { distances, firstRows } from "./distances.ts";
import { createLooker, type Looks } from "./looks.ts";
import type { LossCurve } from "./loss-curve.ts";
import { trainFromMarginals } from "./marginals.ts";
import { checkMasks, maskedPool } from "./masked-pool.ts";
import { checkPoolClasses, type PoolClasses } from "./pool-classes.ts";
import { type Pools, pushPools } from "./push.ts";
import { borrowedRows, ownRows, type RowPool } from "./row-pool.ts";
import { leastTimeOf, startingWeights, timeFor } from "./start.ts";

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
  /** Training rows as the networks see them (standardised if they are to be). Only a pool that may be overwritten is changed. */
  readonly pool: RowPool;
  readonly configuration: Configuration<VelocityNetwork>;
  /** Held-out rows [rows · d] for early stopping. The array is not changed. */
  readonly heldOut?: Float32Array;
  /** In masked training: 1 where the rows, or the held-out rows, have no value; what stands there is not read. */
  readonly gaps?: Uint8Array;
  readonly heldOutGaps?: Uint8Array;
  /** Of networks that read classes: those of the rows. */
  readonly classes?: PoolClasses;
  /** Of images: bytes that training may take beside the rows, on a CPU. */
  readonly stepMemory?: number;
  readonly resume?: PartialChain;
}

export interface ChainControls {
  readonly signal?: AbortSignal;
  /** Milliseconds for all blocks together. */
  readonly time?: number;
  readonly onProgress?: (progress: ChainProgress) => void;
  /** Called with everything needed to go on, after each block and when the signal interrupts. */
  readonly onCheckpoint?: (partial: PartialChain) => Promise<void>;
  readonly looks?: Looks;
}

export interface ChainProgress {
  readonly stage: "train" | "push";
  readonly block: number;
  readonly iteration: number;
  readonly loss?: number;
  /** Share of the block's push that is done. */
  readonly pushed?: number;
}

/** Trains every block that `resume` does not hold yet. Throws "interrupted" after a checkpoint when the signal fires. */
export async function trainChain(
  engine: Engine,
  task: ChainTask,
  controls: ChainControls = {},
): Promise<{ chain: Chain; records: readonly (BlockRecord & BlockTiming)[] }> {
  const { configuration, resume } = task;
  const { dimension } = task.pool;
  checkConfiguration(configuration);
  checkMasks(configuration, dimension, task.gaps !== undefined);
  checkPoolClasses(configuration, task.pool.rows, task.classes);
  if (isFromMarginals(configuration.training)) return trainFromMarginals(engine, task, controls);
  const blocks: Block[] = [...(resume?.blocks ?? [])];
  const records: (BlockRecord & BlockTiming)[] = [...(resume?.records ?? [])];
  const pools = startingPools(task);
  const started = performance.now();
  const stopAt = async (partial: Omit<PartialChain, "blocks" | "records">, iteration: number) => {
    await controls.onCheckpoint?.({ blocks, records, ...partial });
    throw interruption(blocks.length + (partial.unpushed ? 0 : 1), iteration);
  };
  /** Pushes the pools through the last block and completes its record. */
  const finish = async (trained: TrainedRecord, isLast: boolean) => {
    const [block, pushStarted] = [blocks.at(-1), performance.now()];
    const place = { number: blocks.length, seconds: trained.seconds };
    const before = block && (await pushPools(engine, block, task, pools, place, controls));
    if (!before) return stopAt({ unpushed: trained }, trained.iterations);
    const pushSeconds = (performance.now() - pushStarted) / 1000;
    const moved = distances(before, firstRows(pools.train), dimension, configuration.seed, pools.trainStates);
    records.push({ ...trained, pushSeconds, ...moved });
    if (!isLast) await controls.onCheckpoint?.({ blocks, records });
  };
  for (const [n, block] of blocks.entries())
    if (
      n < records.length &&
      n < configuration.blocks.length - 1 &&
      !(await pushPools(engine, block, task, pools, { number: n + 1, seconds: records[n]?.seconds ?? 0 }, controls))
    )
      await stopAt(unfinished(resume), 0);
  if (resume?.unpushed) await finish(resume.unpushed, blocks.length === configuration.blocks.length);

  const looker = controls.looks && createLooker(controls.looks);
  for (const [n, block] of configuration.blocks.entries()) {
    if (n < blocks.length) continue;
    const blockStarted = performance.now();
    const { step, network } = block;
    const show = async (parameters: NetworkArrays, iteration: number) =>
      looker?.show({ blocks: [...blocks, { step, network, parameters }], number: n + 1, iteration });
    const trained = await trainBlock(engine, blockTask(task, n, blocks, pools), {
      ...(controls.signal && { signal: controls.signal }),
      ...(controls.time !== undefined && {
        time: leastTimeOf(configuration.blocks.length, controls.time),
        until: blockStarted + timeFor(configuration.blocks, n, controls.time - (blockStarted - started)),
      }),
      onIteration: (iteration, loss) => controls.onProgress?.({ stage: "train", block: n + 1, iteration, loss }),
      ...(looker && { look: { isDue: looker.isDue, show } }),
    });
    if (trained.interrupted) await stopAt({ snapshot: trained.interrupted }, trained.interrupted.iteration);
    await show(trained.parameters, trained.iterations);
    blocks.push({ step, network, parameters: trained.parameters });
    const { iterations, loss, curve } = trained;
    await finish(
      { iterations, loss, curve, seconds: (performance.now() - blockStarted) / 1000 },
      n === configuration.blocks.length - 1,
    );
  }
  return { chain: chainOf(dimension, blocks, configuration.training.masks), records };
}

function startingPools({ pool, classes, heldOut, gaps, heldOutGaps, configuration }: ChainTask): Pools {
  const { masks, earlyStopping } = configuration.training;
  const { dimension } = pool;
  const judged = earlyStopping > 0 && heldOut ? borrowedRows(heldOut, dimension) : undefined;
  const labels = classes && { labels: classes.labels };
  if (!masks) return { train: pool, ...labels, ...(judged && { heldOut: judged }) };
  const key = split(random(configuration.seed), "pool masks");
  const { values, states } = maskedPool({ pool, ...(gaps && { gaps }) }, masks, split(key, "train"));
  const heldOutStates = (held: RowPool) => {
    const points = new Float32Array(held.rows * dimension);
    held.read(0, points);
    return drawStates(masks, split(key, "held-out"), dimension, held.rows, { gaps: heldOutGaps, values: points });
  };
  return {
    train: ownRows(values, dimension),
    trainStates: states,
    ...(judged && { heldOut: judged, heldOutStates: heldOutStates(judged) }),
  };
}

function unfinished(resume: PartialChain | undefined): Omit<PartialChain, "blocks" | "records"> {
  return {
    ...(resume?.unpushed && { unpushed: resume.unpushed }),
    ...(resume?.snapshot && { snapshot: resume.snapshot }),
  };
}

function blockTask(
  { configuration, classes, stepMemory, resume }: ChainTask,
  n: number,
  finished: readonly Block[],
  pools: Pools,
): BlockTask {
  const block = configuration.blocks[n];
  invariant(block !== undefined, `block ${n} is configured`);
  const snapshot = n === resume?.blocks.length ? resume.snapshot : undefined;
  return {
    number: n + 1,
    block,
    training: configuration.training,
    pool: pools.train,
    ...(pools.trainStates && { poolMasks: { kind: "states", states: pools.trainStates } }),
    ...(classes && pools.labels && { classes: { labels: pools.labels, count: classes.count } }),
    ...(pools.heldOut && { heldOut: pools.heldOut }),
    ...(pools.heldOutStates && { heldOutMasks: { kind: "states", states: pools.heldOutStates } }),
    start: startingWeights(configuration, n, pools.train.dimension, finished),
    random: split(random(configuration.seed), "train", n),
    ...(stepMemory !== undefined && { memory: stepMemory }),
    ...(n === 0 && configuration.training.dequantise && { levels: true }),
    ...(snapshot && { resume: snapshot }),
  };
}
