// marginals: trains a chain without pushing a pool: every block starts from the exact marginal of the diffusion of the data.

import { type Block, type Chain, chainOf, timeWindow } from "../flow/chain.ts";
import type { NetworkArrays, VelocityNetwork } from "../nn/network.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { diffuse, type Leg } from "./batches.ts";
import { type BlockTask, interruption, type TrainedBlock, trainBlock } from "./block.ts";
import type { BlockRecord, BlockTiming, ChainControls, ChainTask } from "./chain.ts";
import type { BlockConfiguration, Configuration, TrainingConfiguration } from "./configuration.ts";
import { distances, firstRows } from "./distances.ts";
import { createLooker } from "./looks.ts";
import { borrowedRows } from "./row-pool.ts";
import { leastTimeOf, startingWeights, timeFor } from "./start.ts";

/** One network to train, for the blocks from number `first` (counted from 0): one block, or all that share it. */
interface Network {
  readonly first: number;
  readonly block: BlockConfiguration<VelocityNetwork>;
  readonly training: TrainingConfiguration;
  readonly legs: readonly Leg[];
}

/** Trains every network that `resume` does not hold yet. Throws "interrupted" after a checkpoint when the signal fires. */
export async function trainFromMarginals(
  engine: Engine,
  task: ChainTask,
  controls: ChainControls,
): Promise<{ chain: Chain; records: readonly (BlockRecord & BlockTiming)[] }> {
  const { configuration, pool, resume } = task;
  const blocks: Block[] = [...(resume?.blocks ?? [])];
  const records: (BlockRecord & BlockTiming)[] = [...(resume?.records ?? [])];
  const networks = networksOf(configuration);
  const planned = networks.map(({ block }) => block);
  const started = performance.now();
  const looker = controls.looks && createLooker(controls.looks);
  for (const [k, network] of networks.entries()) {
    if (network.first < blocks.length) continue;
    const show = async (parameters: NetworkArrays, iteration: number) => {
      const shown = [...blocks, ...blocksOf(configuration, network, { parameters })];
      await looker?.show({ blocks: shown, number: network.first + 1, iteration });
    };
    const begun = performance.now();
    const trained = await trainBlock(engine, networkTask(task, network, blocks), {
      ...(controls.signal && { signal: controls.signal }),
      ...(controls.time !== undefined && {
        time: leastTimeOf(networks.length, controls.time),
        until: begun + timeFor(planned, k, controls.time - (begun - started)),
      }),
      onIteration: (iteration, loss) => controls.onProgress?.({ stage: "train", block: k + 1, iteration, loss }),
      ...(looker && { look: { isDue: looker.isDue, show } }),
    });
    if (trained.interrupted) {
      await controls.onCheckpoint?.({ blocks, records, snapshot: trained.interrupted });
      throw interruption(k + 1, trained.interrupted.iteration);
    }
    await show(trained.parameters, trained.iterations);
    const seconds = (performance.now() - begun) / 1000;
    blocks.push(...blocksOf(configuration, network, trained));
    records.push(...recordsOf(task, network, trained, seconds));
    if (k < networks.length - 1) await controls.onCheckpoint?.({ blocks, records });
  }
  return { chain: chainOf(pool.dimension, blocks, configuration.training.masks), records };
}

/** What is trained one after another; the order decides nothing but the shares of a time budget. */
function networksOf({ blocks, training }: Configuration<VelocityNetwork>): readonly Network[] {
  const legs = legsOf(blocks);
  const [pattern] = blocks;
  if (!training.shareWeights || !pattern)
    return blocks.map((block, first) => ({ first, block, training, legs: legs.slice(first, first + 1) }));
  const iterations = blocks.reduce((total, block) => total + block.iterations, 0);
  return [{ first: 0, block: { ...pattern, iterations }, training: stretched(training, blocks.length), legs }];
}

/** A shared network takes the iterations of all blocks, so its learning rate falls by steps that are as many times as long. */
function stretched(training: TrainingConfiguration, times: number): TrainingConfiguration {
  const { decay } = training;
  return decay.kind === "step" ? { ...training, decay: { ...decay, every: decay.every * times } } : training;
}

/** Block n starts where the diffusion has run for gamma_1 + … + gamma_(n-1); rows are drawn as often as it has iterations. */
export function legsOf(blocks: readonly BlockConfiguration<VelocityNetwork>[]): readonly Leg[] {
  let elapsed = 0;
  return blocks.map(({ step, iterations }) => {
    const leg = { step, elapsed, weight: iterations };
    elapsed += step.kind === "free" ? 0 : step.duration;
    return leg;
  });
}

function networkTask(
  { configuration, pool, classes, gaps, heldOut, heldOutGaps, stepMemory, resume }: ChainTask,
  { first, block, training, legs }: Network,
  finished: readonly Block[],
): BlockTask {
  const snapshot = finished.length === resume?.blocks.length ? resume.snapshot : undefined;
  return {
    number: first + 1,
    block,
    training,
    legs,
    pool,
    ...(classes && { classes }),
    ...(gaps && { poolMasks: { kind: "gaps", gaps } }),
    ...(heldOut && training.earlyStopping > 0 && { heldOut: borrowedRows(heldOut, pool.dimension) }),
    ...(heldOutGaps && { heldOutMasks: { kind: "gaps", gaps: heldOutGaps } }),
    start: startingWeights(configuration, first, pool.dimension, finished),
    random: split(random(configuration.seed), "train", first),
    ...(stepMemory !== undefined && { memory: stepMemory }),
    ...(training.dequantise && { levels: true }),
    ...(snapshot && { resume: snapshot }),
  };
}

function blocksOf(
  configuration: Configuration<VelocityNetwork>,
  { first, legs }: Network,
  { parameters }: Pick<TrainedBlock, "parameters">,
) {
  return configuration.blocks.slice(first, first + legs.length).map(
    ({ step, network }, n): Block => ({
      step,
      network,
      parameters,
      ...(configuration.training.shareWeights && { timeWindow: timeWindow(n, legs.length) }),
    }),
  );
}

/** A record for each block; what a shared network took is divided in proportion to the rows that each block was drawn. */
function recordsOf(
  task: ChainTask,
  { legs }: Network,
  { iterations, loss, curve }: TrainedBlock,
  seconds: number,
): readonly (BlockRecord & BlockTiming)[] {
  const total = legs.reduce((sum, { weight }) => sum + weight, 0);
  const until = (n: number) => legs.slice(0, n).reduce((sum, { weight }) => sum + weight, 0) / total;
  return legs.map(({ step, elapsed }, n) => ({
    iterations: Math.round(iterations * until(n + 1)) - Math.round(iterations * until(n)),
    loss,
    ...(n === 0 && { curve }),
    seconds: seconds * (until(n + 1) - until(n)),
    pushSeconds: 0,
    ...marginalDistances(task, elapsed, step.kind === "free" ? Number.POSITIVE_INFINITY : elapsed + step.duration),
  }));
}

/** The distances of `distances` between the exact marginals at two times of the diffusion, from the same rows and noise. */
function marginalDistances({ pool, gaps, configuration }: ChainTask, from: number, to: number) {
  const part = firstRows(pool);
  const noise = new Float32Array(part.length);
  fillNormal(split(random(configuration.seed), "diagnostics", "marginal"), noise);
  const at = (elapsed: number) => {
    const points = part.slice();
    diffuse(points, elapsed, noise);
    return points;
  };
  return distances(at(from), at(to), pool.dimension, configuration.seed, gaps);
}
