// block: the training loop of a chain. It trains one network on its pool until its iterations, its time or its patience run out.
import { failure } from "../errors.ts";
import { dropoutPlan, isImageNetwork, type NetworkArrays, type VelocityNetwork } from "../nn/network.ts";
import { adamScales } from "../optim/adam.ts";
import { averageKept, learningRateAt } from "../optim/schedule.ts";
import { type Random, split } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Engine } from "../runtime/contract.ts";
import { pauses } from "../runtime/pause.ts";
import type { FloatArray } from "../tensor/array.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { mapTree, withLeaves } from "../tensor/tree.ts";
import { batches, type Leg, type PoolMasks } from "./batches.ts";
import type { BlockConfiguration, TrainingConfiguration } from "./configuration.ts";
import { emptyCurve, extended, type LossCurve } from "./loss-curve.ts";
import { initialState, type TrainingState } from "./optimizer.ts";
import type { PoolClasses } from "./pool-classes.ts";
import type { RowPool } from "./row-pool.ts";
import { batchInputs, batchLoss, createTrainingStep, type LossTarget } from "./step.ts";
import { fittingPlan, stepPlans } from "./step-memory.ts";

/** Where a block stands at an iteration that is a multiple of `snapshotEvery`: enough to go on byte for byte. */
export interface Snapshot {
  readonly iteration: number;
  readonly state: TrainingState;
  /** Factor on the learning rate: 1, halved each time a value was not finite. */
  readonly caution: number;
  /** Mean loss since the snapshot before. */
  readonly loss: number;
  readonly curve: LossCurve;
  readonly patience: Patience;
}

/** The best held-out loss so far and how many checks ago it was; `parameters` are those of the best check. */
export interface Patience {
  readonly best: number;
  readonly checksSince: number;
  readonly parameters: readonly FloatArray[];
}

export interface BlockTask {
  /** The block's number from 1, for messages. */
  readonly number: number;
  readonly block: BlockConfiguration<VelocityNetwork>;
  readonly training: TrainingConfiguration;
  /** The blocks that the network is for; default: the block alone, starting from the pool as it is. */
  readonly legs?: readonly Leg[];
  /** Rows that the legs start from. */
  readonly pool: RowPool;
  /** Held-out rows that stand where the pool stands; read by early stopping only. */
  readonly heldOut?: RowPool;
  /** In masked training: what is known of the values of the pool and of the held-out rows. */
  readonly poolMasks?: PoolMasks;
  readonly heldOutMasks?: PoolMasks;
  /** Of networks that read classes: those of the pool. */
  readonly classes?: PoolClasses;
  readonly start: NetworkArrays;
  readonly random: Random;
  /** The pool's numbers are levels, to be dequantised in each batch. */
  readonly levels?: boolean;
  /** Of images: bytes that training may take beside the pool, on a CPU. Throws "option" where they are too few. */
  readonly memory?: number;
  readonly resume?: Snapshot;
}

export interface BlockControls {
  readonly signal?: AbortSignal;
  /** Milliseconds that this block may train, once it is compiled. */
  readonly time?: number;
  /** Of a limited time: it may train until then, as `performance.now()` tells it, where that is later. */
  readonly until?: number;
  readonly onIteration?: (iteration: number, loss: number) => void;
  /** Shown now and then: what the block would be if it ended here. */
  readonly look?: { isDue(): boolean; show(parameters: NetworkArrays, iteration: number): Promise<void> };
}

export interface TrainedBlock {
  readonly parameters: NetworkArrays;
  readonly iterations: number;
  /** Mean loss over the last stretch of up to `snapshotEvery` iterations. */
  readonly loss: number;
  readonly curve: LossCurve;
  /** Set when the signal stopped training: where to go on. */
  readonly interrupted?: Snapshot;
}

/** Iterations between snapshots: how much a non-finite value or an interruption can cost. */
const snapshotEvery = 200;
const mostHalvings = 8;

/** Trains one block. Throws a "numeric" error that names the block and iteration when the loss stays non-finite. */
export async function trainBlock(engine: Engine, task: BlockTask, controls: BlockControls = {}): Promise<TrainedBlock> {
  const { block, training } = task;
  const begin = task.resume ?? untrained(task);
  const target = { ...lossTarget(task), like: task.start };
  const isBounded = task.memory !== undefined && engine.device === "cpu" && isImageNetwork(block.network);
  const way = isBounded ? fittingPlan(stepPlans(target, training), task.memory) : undefined;
  const step = await createTrainingStep(engine, target, training, begin.state, way);
  const heldOutLoss =
    task.heldOut && training.earlyStopping > 0 ? await createHeldOutLoss(engine, task, task.heldOut) : undefined;
  const batch = blockBatches(task);
  const schedule = { learningRate: block.learningRate, decay: training.decay, warmUp: training.warmUp };
  const publish = (state: TrainingState, { parameters }: Patience) =>
    withLeaves<FloatArray, NetworkArrays>(task.start, parameters.length > 0 ? parameters : averaged(state));
  const pause = pauses();
  const begun = performance.now();
  const time = Math.max(controls.time ?? Number.POSITIVE_INFINITY, (controls.until ?? 0) - begun);
  /** By iterations or by time, whichever is nearer its end. */
  const progress = (iteration: number) =>
    Math.min(1, Math.max(iteration / block.iterations, (performance.now() - begun) / time));
  try {
    let snapshot = begin;
    let [iteration, total, counted] = [begin.iteration, 0, 0];
    while (iteration < block.iterations && performance.now() < begun + time) {
      if (controls.signal?.aborted)
        return {
          parameters: publish(snapshot.state, snapshot.patience),
          iterations: snapshot.iteration,
          loss: snapshot.loss,
          curve: snapshot.curve,
          interrupted: snapshot,
        };
      const rate = learningRateAt(schedule, iteration, progress(iteration)) * snapshot.caution;
      const keep = averageKept(training.movingAverage, training.warmUp, iteration);
      const loss = await step.advance(batch(iteration), { ...adamScales(iteration + 1, rate, training), keep });
      iteration += 1;
      if (!Number.isFinite(loss)) {
        snapshot = calmed(snapshot, task.number, iteration, loss);
        step.restore(snapshot.state);
        [iteration, total, counted] = [snapshot.iteration, 0, 0];
        continue;
      }
      total += loss;
      counted += 1;
      controls.onIteration?.(iteration, loss);
      await pause();
      if (controls.look?.isDue()) await controls.look.show(publish(step.state(), snapshot.patience), iteration);
      if (iteration % snapshotEvery === 0) {
        snapshot = await nextSnapshot(snapshot, { iteration, state: step.state(), loss: total / counted }, heldOutLoss);
        [total, counted] = [0, 0];
        if (training.earlyStopping > 0 && snapshot.patience.checksSince >= training.earlyStopping) break;
      }
    }
    const loss = counted > 0 ? total / counted : snapshot.loss;
    return {
      parameters: publish(step.state(), snapshot.patience),
      iterations: iteration,
      loss,
      curve: counted > 0 ? extended(snapshot.curve, { iteration, loss }) : snapshot.curve,
    };
  } finally {
    await step.release();
    await heldOutLoss?.release();
  }
}

/** Where a block starts. */
function untrained({ start, training }: BlockTask): Snapshot {
  return {
    iteration: 0,
    state: initialState(start, training.movingAverage),
    caution: 1,
    loss: Number.NaN,
    curve: emptyCurve,
    patience: { best: Number.POSITIVE_INFINITY, checksSince: 0, parameters: [] },
  };
}

function blockBatches(task: BlockTask) {
  const { block, training, pool, poolMasks, classes, levels } = task;
  const dropout = dropoutPlan(block.network);
  return batches(pool, split(task.random, "batches"), {
    ...training,
    legs: legsFor(task),
    ...(poolMasks && { poolMasks }),
    ...(classes && { classes }),
    ...(levels && { levels }),
    ...(dropout && { dropout }),
  });
}

/** The snapshot after another stretch of iterations; held-out rows, where there are any, say whether it got better. */
async function nextSnapshot(
  { caution, curve, patience }: Snapshot,
  { iteration, state, loss }: Pick<Snapshot, "iteration" | "state" | "loss">,
  heldOutLoss: HeldOutLoss | undefined,
): Promise<Snapshot> {
  const judged = heldOutLoss && (await judge(patience, state, heldOutLoss));
  const point = { iteration, loss, ...(judged && { heldOut: judged.heldOut }) };
  return { iteration, state, caution, loss, curve: extended(curve, point), patience: judged?.patience ?? patience };
}

/** The error that ends a fit whose signal fired, once what it has reached is saved. */
export function interruption(block: number, iteration: number) {
  return failure("interrupted", {
    where: `block ${block}, iteration ${iteration}`,
    expected: "training to go on",
    received: "a signal to stop",
    remedy: "resume from the checkpoint",
  });
}

/** Goes back to the snapshot with half the learning rate; gives up after too many times. */
function calmed(snapshot: Snapshot, block: number, iteration: number, loss: number): Snapshot {
  const caution = snapshot.caution / 2;
  if (caution < 2 ** -mostHalvings)
    throw failure("numeric", {
      where: `block ${block}, iteration ${iteration}`,
      expected: "a finite loss",
      received: String(loss),
      remedy: `the learning rate was halved ${mostHalvings} times without avail; check the data for extreme values or lower --learning-rate`,
    });
  return { ...snapshot, caution };
}

/** The moving averages of the parameters, or the parameters themselves where there is none. */
function averaged({ average, parameters }: TrainingState): readonly FloatArray[] {
  return average.length > 0 ? average : parameters;
}

async function judge(patience: Patience, state: TrainingState, heldOutLoss: HeldOutLoss) {
  const parameters = averaged(state);
  const heldOut = await heldOutLoss.of(parameters);
  const next: Patience =
    heldOut < patience.best
      ? { best: heldOut, checksSince: 0, parameters }
      : { ...patience, checksSince: patience.checksSince + 1 };
  return { heldOut, patience: next };
}

function legsFor({ block, legs }: BlockTask): readonly Leg[] {
  return legs ?? [{ step: block.step, elapsed: 0, weight: 1 }];
}

function lossTarget(task: BlockTask): LossTarget {
  const { block, pool } = task;
  const step = legsFor(task).length > 1 ? ({ kind: "by row" } as const) : block.step;
  return { step, network: block.network, dimension: pool.dimension };
}

interface HeldOutLoss {
  of(parameters: readonly FloatArray[]): Promise<number>;
  release(): Promise<void>;
}

const heldOutRows = 4096;

/** The matching loss on held-out rows with noise and times that stay the same from check to check. */
async function createHeldOutLoss(engine: Engine, task: BlockTask, pool: RowPool): Promise<HeldOutLoss> {
  const { training, start, random } = task;
  const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(start, (array) => placeholder(array.shape));
  const { batch, loss } = batchLoss(lossTarget(task), parameters, training);
  const program = await compile(engine, { parameters, batch }, { loss });
  const poolMasks = task.heldOutMasks && { poolMasks: task.heldOutMasks };
  const options = { ...training, legs: legsFor(task), batchSize: heldOutRows, ...poolMasks };
  const fixed = batchInputs(batches(pool, split(random, "held-out"), options)(0));
  return {
    of: async (arrays) => {
      const result = await program.run({
        parameters: withLeaves<FloatArray, NetworkArrays>(start, arrays),
        batch: fixed,
      });
      return Number(result.loss.data[0]);
    },
    release: () => program.release(),
  };
}
