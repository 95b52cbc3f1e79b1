// train-scorer: regresses a scorer's network on exact scores of points.
import { failure } from "../../errors.ts";
import { contextWidth } from "../../flow/masked.ts";
import type { MlpArrays, NetworkConfiguration } from "../../nn/mlp.ts";
import { adamScales } from "../../optim/adam.ts";
import { averageKept, learningRateAt } from "../../optim/schedule.ts";
import type { Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { subtract } from "../../tensor/arithmetic.ts";
import { type FloatArray, zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leaves, mapTree } from "../../tensor/tree.ts";
import { epochs } from "../../train/batches.ts";
import { createOptimizer, initialState } from "../../train/optimizer.ts";
import { gatherRows } from "../../train/row-pool.ts";
import type { Standardization } from "../standardization.ts";
import type { KnownPoints } from "./points.ts";
import { scorerInputs, scorerOutput } from "./scorer.ts";

/** Points and their log-densities. */
export interface Lesson extends KnownPoints {
  readonly scores: Float64Array;
}

export interface ScorerTraining {
  readonly network: NetworkConfiguration;
  readonly start: MlpArrays;
  readonly standardization: Standardization;
  readonly center: number;
  readonly spread: number;
  readonly batchSize: number;
  readonly iterations: number;
  readonly learningRate: number;
  readonly random: Random;
  readonly signal?: AbortSignal;
  readonly onIteration?: (iteration: number, loss: number) => void;
}

const decay = 0.999;
const warmUp = 100;

/**
 * The parameters of least mean square of y - asinh((score - center) / spread): what is far out counts by its logarithm. Throws
 * "interrupted" when the signal fires, "numeric" when the loss is not finite.
 */
export async function trainScorer(engine: Engine, lesson: Lesson, training: ScorerTraining): Promise<MlpArrays> {
  const { network, start, standardization, center, spread, iterations, signal, onIteration } = training;
  const d = standardization.mean.data.length;
  const widths = [d, contextWidth(d), 1];
  const { points, contexts } = scorerInputs(standardization, lesson);
  const pool = [points, contexts, Float32Array.from(lesson.scores, (score) => Math.asinh((score - center) / spread))];
  const rows = lesson.scores.length;
  const size = Math.min(training.batchSize, rows);
  const tensors = mapTree<FloatArray, Tensor, MlpArrays>(start, (array) => placeholder(array.shape));
  const [x, context, target] = widths.map((width) => placeholder(["rows", width])) as [Tensor, Tensor, Tensor];
  const loss = mean(square(subtract(scorerOutput(network, tensors, x, context), target)));
  const optimizer = await createOptimizer(
    engine,
    { parameters: leaves<Tensor>(tensors).map(({ value }) => value), batch: { rows: [x, context, target] }, loss },
    { batchSize: size, clip: 1, weightDecay: 0, movingAverage: decay },
    initialState(start, decay),
  );
  const order = epochs(rows, size, training.random);
  const batch = widths.map((width) => zeros([size, width]));
  const schedule = { learningRate: training.learningRate, decay: { kind: "cosine" as const }, warmUp };
  const pause = pauses();
  try {
    for (let iteration = 0; iteration < iterations; iteration++) {
      await pause();
      checkSignal(signal, "training a scorer");
      const rate = learningRateAt(schedule, iteration, iteration / iterations);
      const chosen = order(iteration);
      pool.forEach((from, k) => gatherRows(from, widths[k] ?? 1, chosen, batch[k]?.data ?? from));
      const keep = averageKept(decay, warmUp, iteration);
      const value = await optimizer.advance({ rows: batch }, { ...adamScales(iteration + 1, rate), keep });
      if (!Number.isFinite(value)) throw notFinite(iteration + 1, value);
      onIteration?.(iteration + 1, value);
    }
    const { average } = optimizer.state();
    let next = 0;
    return mapTree<FloatArray, FloatArray, MlpArrays>(start, (leaf) => average[next++] ?? leaf);
  } finally {
    await optimizer.release();
  }
}

function notFinite(iteration: number, value: number) {
  return failure("numeric", {
    where: `scorer, iteration ${iteration}`,
    expected: "a finite loss",
    received: String(value),
    remedy: "lower --learning-rate",
  });
}
