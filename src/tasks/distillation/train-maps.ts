// train-maps: regresses maps, one or several in a row, on where the teacher takes the points.

import { failure } from "../../errors.ts";
import { isImageNetwork, type NetworkArrays, type NetworkTensors, widestArray } from "../../nn/network.ts";
import { adamScales } from "../../optim/adam.ts";
import { averageKept, learningRateAt } from "../../optim/schedule.ts";
import type { Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { add, multiply, subtract } from "../../tensor/arithmetic.ts";
import { type FloatArray, type NDArray, zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leaves, type MapTree, mapTree } from "../../tensor/tree.ts";
import { epochs } from "../../train/batches.ts";
import { createOptimizer, initialState } from "../../train/optimizer.ts";
import { gatherRows } from "../../train/row-pool.ts";
import { applyMap, type StudentMap } from "./maps.ts";
import type { Pool } from "./pool.ts";

export interface MapTraining {
  readonly dimension: number;
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly random: Random;
  /** Of maps that read them: the rows' contexts [rows · 3 d], or their shares of classes [rows · classes]. */
  readonly contexts?: Float32Array;
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
  const { dimension: d, contexts } = training;
  const points = pool.map(() => placeholder(["rows", d]));
  const rows = (pool[0]?.length ?? 0) / d;
  const size = Math.min(training.batchSize, rows);
  const batch = pool.map(() => zeros([size, d]));
  const width = (contexts?.length ?? 0) / rows;
  const told = contexts ? [{ all: contexts, batch: zeros([size, width]), tensor: placeholder(["rows", width]) }] : [];
  const problem: MapProblem<{ readonly points: readonly Tensor[]; readonly told: readonly Tensor[] }> = {
    maps,
    batch: { points, told: told.map(({ tensor }) => tensor) },
    loss: (tensors) => compositionLoss(maps, tensors, points, told[0]?.tensor),
    decay,
    next: (_, chosen) => {
      pool.forEach((at, k) => gatherRows(at, d, chosen, batch[k]?.data ?? at));
      for (const { all, batch } of told) gatherRows(all, width, chosen, batch.data);
      return { points: batch, told: told.map(({ batch }) => batch) };
    },
  };
  return descend(engine, problem, rows, training);
}

/** Maps with a loss. */
export interface MapProblem<B extends object> {
  readonly maps: readonly StudentMap[];
  readonly batch: B;
  readonly loss: (parameters: readonly NetworkTensors[]) => Tensor;
  /** Of the moving average of the weights, which is the result. */
  readonly decay: number;
  /** The batch of these rows of the pool; `average` gives the moving average, in the order of the weights. */
  next(iteration: number, rows: Uint32Array, average: () => readonly FloatArray[]): MapTree<B, Tensor, NDArray>;
}

/** Minimises a loss of maps over batches of so many rows, by Adam, the learning rate along half a cosine. */
export async function descend<B extends object>(
  engine: Engine,
  problem: MapProblem<B>,
  rows: number,
  training: MapTraining,
): Promise<TrainedMaps> {
  const { dimension: d, iterations, time = Number.POSITIVE_INFINITY, signal, onIteration } = training;
  const { maps, batch, decay } = problem;
  const start = maps.map(({ parameters }) => parameters);
  const tensors = mapTree<FloatArray, Tensor, readonly NetworkArrays[]>(start, (array) => placeholder(array.shape));
  const loss = problem.loss(tensors);
  const parameters = leaves<Tensor>(tensors).map(({ value }) => value);
  const size = Math.min(training.batchSize, rows);
  const together = imagesAtOnce(maps, d);
  const options = {
    batchSize: size,
    clip: Number.POSITIVE_INFINITY,
    weightDecay: 0,
    movingAverage: decay,
    ...(together !== undefined && { rowsAtOnce: together }),
  };
  const optimizer = await createOptimizer(engine, { parameters, batch, loss }, options, initialState(start, decay));
  const order = epochs(rows, size, training.random);
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
      const given = problem.next(iteration, order(iteration), () => optimizer.state().average);
      const keep = averageKept(decay, schedule.warmUp, iteration);
      const value = await optimizer.advance(given, { ...adamScales(iteration + 1, rate), keep });
      if (!Number.isFinite(value)) throw notFinite(iteration + 1, value);
      onIteration?.(iteration + 1, value);
    }
    const { average } = optimizer.state();
    let next = 0;
    const trained = mapTree<FloatArray, FloatArray, readonly NetworkArrays[]>(start, (leaf) => average[next++] ?? leaf);
    return {
      maps: maps.map((map, k) => ({ ...map, parameters: trained[k] ?? map.parameters })),
      iterations: iteration,
    };
  } finally {
    await optimizer.release();
  }
}

/** Numbers of the widest array of all maps together for the images gone through at once, and the fewest of these. */
const [partNumbers, fewestImages] = [2 ** 20, 4];

/** Images whose activations in all maps are kept at once on a CPU; undefined for rows of numbers. */
function imagesAtOnce(maps: readonly StudentMap[], d: number): number | undefined {
  if (!maps.some(({ network }) => isImageNetwork(network))) return undefined;
  const widest = maps.reduce((total, { network }) => total + widestArray(network, d), 0);
  return Math.max(fewestImages, Math.ceil(partNumbers / widest));
}

function compositionLoss(
  maps: readonly StudentMap[],
  parameters: readonly NetworkTensors[],
  points: readonly Tensor[],
  context?: Tensor,
): Tensor {
  let x = points[0] ?? placeholder(["rows", 1]);
  const errors = maps.map((map, k) => {
    x = applyMap(map, parameters[k] ?? { layers: [] }, x, context);
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
