// block: the only training loop. It trains one block on its pool until its iterations, its time or its patience run out.
import { failure } from "../errors.ts";
import { matchingLoss } from "../flow/matching.ts";
import { applyMlp, type MlpArrays } from "../nn/mlp.ts";
import { adamScales } from "../optim/adam.ts";
import { averageKept, learningRateAt } from "../optim/schedule.ts";
import { type Random, split } from "../random.ts";
import { compile } from "../runtime/compile.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";
import { mapTree } from "../tensor/tree.ts";
import { batches } from "./batches.ts";
import type { BlockConfiguration, TrainingConfiguration } from "./configuration.ts";
import { createTrainingStep, initialState, parametersFrom, type TrainingState } from "./step.ts";

/** Where a block stands at an iteration that is a multiple of `snapshotEvery`: enough to go on byte for byte. */
export interface Snapshot {
  readonly iteration: number;
  readonly state: TrainingState;
  /** Factor on the learning rate: 1, halved each time a value was not finite. */
  readonly caution: number;
  /** Mean loss since the snapshot before. */
  readonly loss: number;
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
  readonly dimension: number;
  readonly block: BlockConfiguration;
  readonly training: TrainingConfiguration;
  /** The pool p_(n-1) [rows · d]. */
  readonly pool: Float32Array;
  /** Held-out rows, pushed like the pool; read by early stopping only. */
  readonly heldOut?: Float32Array;
  readonly start: MlpArrays;
  readonly random: Random;
  readonly resume?: Snapshot;
}

export interface BlockControls {
  readonly signal?: AbortSignal;
  /** Milliseconds this block may train. */
  readonly time?: number;
  readonly onIteration?: (iteration: number, loss: number) => void;
}

export interface TrainedBlock {
  readonly parameters: MlpArrays;
  readonly iterations: number;
  /** Mean loss over the last stretch of up to `snapshotEvery` iterations. */
  readonly loss: number;
  /** Set when the signal stopped training: where to go on. */
  readonly interrupted?: Snapshot;
}

/** Iterations between snapshots: how much a non-finite value or an interruption can cost. */
export const snapshotEvery = 200;
const mostHalvings = 8;

/** Trains one block. Throws a "numeric" error that names the block and iteration when the loss stays non-finite. */
export async function trainBlock(engine: Engine, task: BlockTask, controls: BlockControls = {}): Promise<TrainedBlock> {
  const { block, training, dimension } = task;
  const begin: Snapshot = task.resume ?? {
    iteration: 0,
    state: initialState(task.start, training.movingAverage),
    caution: 1,
    loss: Number.NaN,
    patience: { best: Number.POSITIVE_INFINITY, checksSince: 0, parameters: [] },
  };
  const step = await createTrainingStep(engine, { ...block, dimension, like: task.start }, training, begin.state);
  const heldOutLoss =
    task.heldOut && training.earlyStopping > 0 ? await createHeldOutLoss(engine, task, task.heldOut) : undefined;
  const batch = batches(task.pool, dimension, split(task.random, "batches"), { ...training, step: block.step });
  const schedule = { learningRate: block.learningRate, decay: training.decay, warmUp: training.warmUp };
  const publish = (state: TrainingState, patience: Patience) =>
    parametersFrom(
      task.start,
      patience.parameters.length > 0
        ? patience.parameters
        : training.movingAverage > 0
          ? state.average
          : state.parameters,
    );
  const pause = pauses();
  const [begun, time] = [performance.now(), controls.time ?? Number.POSITIVE_INFINITY];
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
      if (iteration % snapshotEvery === 0) {
        const state = step.state();
        const patience = heldOutLoss ? await judge(snapshot.patience, state, heldOutLoss) : snapshot.patience;
        snapshot = { iteration, state, caution: snapshot.caution, loss: total / counted, patience };
        [total, counted] = [0, 0];
        if (training.earlyStopping > 0 && patience.checksSince >= training.earlyStopping) break;
      }
    }
    return {
      parameters: publish(step.state(), snapshot.patience),
      iterations: iteration,
      loss: counted > 0 ? total / counted : snapshot.loss,
    };
  } finally {
    await step.release();
    await heldOutLoss?.release();
  }
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

async function judge(patience: Patience, state: TrainingState, heldOutLoss: HeldOutLoss): Promise<Patience> {
  const parameters = state.average.length > 0 ? state.average : state.parameters;
  const loss = await heldOutLoss.of(parameters);
  return loss < patience.best
    ? { best: loss, checksSince: 0, parameters }
    : { ...patience, checksSince: patience.checksSince + 1 };
}

interface HeldOutLoss {
  of(parameters: readonly FloatArray[]): Promise<number>;
  release(): Promise<void>;
}

const heldOutRows = 4096;

/** The matching loss on held-out rows with noise and times that stay the same from check to check. */
async function createHeldOutLoss(
  engine: Engine,
  { block, training, dimension, start, random }: BlockTask,
  pool: Float32Array,
): Promise<HeldOutLoss> {
  const parameters = mapTree<FloatArray, Tensor, MlpArrays>(start, (array) => placeholder(array.shape));
  const column = (width: number) => placeholder(["rows", width]);
  const batch = { left: column(dimension), source: column(dimension), noise: column(dimension), time: column(1) };
  const loss = matchingLoss(
    (x, t) => applyMlp(block.network, parameters, x, t),
    batch,
    block.step,
    training.interpolant,
  );
  const program = await compile(engine, { parameters, batch }, { loss });
  const fixed = batches(pool, dimension, split(random, "held-out"), {
    ...training,
    step: block.step,
    batchSize: heldOutRows,
  })(0);
  return {
    of: async (arrays) => {
      const result = await program.run({ parameters: parametersFrom(start, arrays), batch: { ...fixed } });
      return Number(result.loss.data[0]);
    },
    release: () => program.release(),
  };
}

/** Lets timers, signals and servers run: the engine occupies the thread for as long as a step takes. */
export function pauses(everyMilliseconds = 100): () => Promise<void> {
  let last = performance.now();
  return async () => {
    if (performance.now() - last < everyMilliseconds) return;
    await new Promise((resolve) => {
      setTimeout(resolve, 0);
    });
    last = performance.now();
  };
}
