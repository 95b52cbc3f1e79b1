// train-maps: regresses maps, one or several in a row, on where the teacher takes the points.

import { failure } from "../../errors.ts";
import type { MlpArrays, MlpTensors } from "../../nn/mlp.ts";
import { adamScales } from "../../optim/adam.ts";
import { averageKept, learningRateAt } from "../../optim/schedule.ts";
import type { Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { add, multiply, subtract } from "../../tensor/arithmetic.ts";
import { type FloatArray, zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leaves, mapTree } from "../../tensor/tree.ts";
import { epochs, gatherRows } from "../../train/batches.ts";
import { createOptimizer, initialState } from "../../train/optimizer.ts";
import { applyMap, type StudentMap } from "./maps.ts";
import type { Pool } from "./pool.ts";

export interface MapTraining {
  readonly dimension: number;
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly random: Random;
  /** Seconds; the learning rate falls with the time or with the iterations, whichever is nearer its end. */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly onIteration?: (iteration: number, loss: number) => void;
}

export interface TrainedMaps {
  readonly maps: readonly StudentMap[];
  readonly iterations: number;
}

const decay = 0.999;
const warmUpShare = 0.02;

/**
 * Trains maps in a row from the first points of the pool: the loss is the mean square of (map(x) - teacher's point) at the end of
 * each of them, and every map sees what the one before it made of the points. For one map it is the regression of
 * Algorithm A.1. Throws "interrupted" when the signal fires, "numeric" when the loss is not finite.
 */
export async function trainMaps(
  engine: Engine,
  maps: readonly StudentMap[],
  pool: Pool,
  training: MapTraining,
): Promise<TrainedMaps> {
  const { dimension: d, iterations, time = Number.POSITIVE_INFINITY, signal, onIteration } = training;
  const start = maps.map(({ parameters }) => parameters);
  const tensors = mapTree<FloatArray, Tensor, readonly MlpArrays[]>(start, (array) => placeholder(array.shape));
  const points = pool.map(() => placeholder(["rows", d]));
  const loss = compositionLoss(maps, tensors, points);
  const parameters = leaves<Tensor>(tensors).map(({ value }) => value);
  const rows = (pool[0]?.length ?? 0) / d;
  const size = Math.min(training.batchSize, rows);
  const options = { batchSize: size, clip: Number.POSITIVE_INFINITY, weightDecay: 0, movingAverage: decay };
  const optimizer = await createOptimizer(
    engine,
    { parameters, batch: { points }, loss },
    options,
    initialState(start, decay),
  );
  const order = epochs(rows, size, training.random);
  const batch = pool.map(() => zeros([size, d]));
  const schedule = {
    learningRate: training.learningRate,
    decay: { kind: "cosine" as const },
    warmUp: Math.ceil(warmUpShare * Math.min(iterations, 5000)),
  };
  const pause = pauses();
  const begun = performance.now();
  const elapsed = () => (performance.now() - begun) / 1000 / time;
  try {
    let iteration = 0;
    for (; iteration < iterations && elapsed() < 1; iteration++) {
      await pause();
      checkSignal(signal, "distillation");
      const rate = learningRateAt(schedule, iteration, Math.min(1, Math.max(iteration / iterations, elapsed())));
      pool.forEach((at, k) => gatherRows(at, d, order(iteration), batch[k]?.data ?? at));
      const keep = averageKept(decay, schedule.warmUp, iteration);
      const value = await optimizer.advance({ points: batch }, { ...adamScales(iteration + 1, rate), keep });
      if (!Number.isFinite(value)) throw notFinite(iteration + 1, value);
      onIteration?.(iteration + 1, value);
    }
    const { average } = optimizer.state();
    let next = 0;
    const trained = mapTree<FloatArray, FloatArray, readonly MlpArrays[]>(start, (leaf) => average[next++] ?? leaf);
    return {
      maps: maps.map((map, k) => ({ ...map, parameters: trained[k] ?? map.parameters })),
      iterations: iteration,
    };
  } finally {
    await optimizer.release();
  }
}

function compositionLoss(
  maps: readonly StudentMap[],
  parameters: readonly MlpTensors[],
  points: readonly Tensor[],
): Tensor {
  let x = points[0] ?? placeholder(["rows", 1]);
  const errors = maps.map((map, k) => {
    x = applyMap(map, parameters[k] ?? { layers: [] }, x);
    return mean(square(subtract(x, points[k + 1] ?? x)));
  });
  const total = errors.reduce((a, b) => add(a, b));
  return errors.length === 1 ? total : multiply(1 / errors.length, total);
}

function notFinite(iteration: number, value: number) {
  return failure("numeric", {
    where: `distillation, iteration ${iteration}`,
    expected: "a finite loss",
    received: String(value),
    remedy: "lower --learning-rate",
  });
}
