// chain: trains a chain block after block. The pool is pushed through each trained block, and the next one starts from there.
import { failure } from "../errors.ts";
import type { Block, Chain } from "../flow/chain.ts";
import { slicedWasserstein } from "../measure/sliced-wasserstein.ts";
import { initialMlp, layerSizes, type MlpArrays } from "../nn/mlp.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { createTransport } from "../runtime/transport.ts";
import { pauses, type Snapshot, trainBlock } from "./block.ts";
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

/** A chain under construction: finished blocks, and where the next one stands if it was interrupted. */
export interface PartialChain {
  readonly blocks: readonly Block[];
  readonly records: readonly (BlockRecord & BlockTiming)[];
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
export async function trainChain(engine: Engine, task: ChainTask, controls: ChainControls = {}): Promise<{ chain: Chain; records: readonly (BlockRecord & BlockTiming)[] }> {
  const { configuration, dimension, resume } = task;
  const key = split(random(configuration.seed), "train");
  const blocks: Block[] = [...(resume?.blocks ?? [])];
  const records: (BlockRecord & BlockTiming)[] = [...(resume?.records ?? [])];
  let [pool, heldOut] = [task.rows, task.heldOut];
  const started = performance.now();
  const push = async (block: Block, n: number) => {
    pool = await pushRows(engine, block, dimension, configuration, pool, n, controls);
    if (heldOut && configuration.training.earlyStopping > 0) heldOut = await pushRows(engine, block, dimension, configuration, heldOut, n, controls);
  };
  for (const [n, block] of blocks.entries()) if (n < configuration.blocks.length - 1) await push(block, n + 1);

  for (const [n, block] of configuration.blocks.entries()) {
    if (n < blocks.length) continue;
    const blockStarted = performance.now();
    const snapshot = n === resume?.blocks.length ? resume.snapshot : undefined;
    const trained = await trainBlock(
      engine,
      {
        number: n + 1,
        dimension,
        block,
        training: configuration.training,
        pool,
        ...(heldOut && { heldOut }),
        start: startingWeights(configuration, n, dimension, blocks),
        random: split(key, n),
        ...(snapshot && { resume: snapshot }),
      },
      {
        ...(controls.signal && { signal: controls.signal }),
        ...(controls.time !== undefined && { time: timeFor(configuration.blocks, n, controls.time - (blockStarted - started)) }),
        onIteration: (iteration, loss) => controls.onProgress?.({ stage: "train", block: n + 1, iteration, loss }),
      },
    );
    if (trained.interrupted) {
      await controls.onCheckpoint?.({ blocks, records, snapshot: trained.interrupted });
      throw interrupted(n + 1, trained.interrupted.iteration);
    }
    const finished: Block = { step: block.step, network: block.network, parameters: trained.parameters };
    const before = pool;
    const pushStarted = performance.now();
    blocks.push(finished);
    await push(finished, n + 1);
    records.push({
      iterations: trained.iterations,
      loss: trained.loss,
      seconds: (pushStarted - blockStarted) / 1000,
      pushSeconds: (performance.now() - pushStarted) / 1000,
      ...distances(before, pool, dimension, configuration.seed),
    });
    await controls.onCheckpoint?.({ blocks, records });
  }
  return { chain: { dimension, blocks }, records };
}

/** Fresh weights, or the previous block's where warm start is on and the shapes agree. */
function startingWeights({ blocks, training, seed }: Configuration, n: number, dimension: number, finished: readonly Block[]): MlpArrays {
  const network = blocks[n]?.network ?? { hidden: [], activation: { kind: "relu" }, timeInput: "first", initialization: "default" };
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

/** Moves rows through one block, in chunks. */
async function pushRows(
  engine: Engine,
  block: Block,
  dimension: number,
  { integration }: Configuration,
  rows: Float32Array,
  number: number,
  { signal, onProgress }: ChainControls,
): Promise<Float32Array> {
  const chain: Chain = { dimension, blocks: [block] };
  const transport = await createTransport(engine, chain, { direction: 1, integration, divergence: { kind: "none" } });
  const pushed = new Float32Array(rows.length);
  const pause = pauses();
  try {
    for (let start = 0; start < rows.length; start += chunkRows * dimension) {
      const chunk = rows.subarray(start, start + chunkRows * dimension);
      pushed.set((await transport.run(chunk)).points, start);
      onProgress?.({ stage: "push", block: number, iteration: 0, pushed: (start + chunk.length) / rows.length });
      await pause();
      if (signal?.aborted) return pushed;
    }
    return pushed;
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
