// train-scorer: regresses a scorer's network on exact scores of points.
import { contextWidth } from "../../flow/masked.ts";
import type { MlpArrays, NetworkConfiguration } from "../../nn/mlp.ts";
import type { Engine } from "../../runtime/contract.ts";
import { subtract } from "../../tensor/arithmetic.ts";
import { zeros } from "../../tensor/array.ts";
import { mean, square } from "../../tensor/functions.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { type Descent, type DescentOptions, descend } from "../../train/descent.ts";
import { gatherRows } from "../../train/row-pool.ts";
import type { Standardization } from "../standardization.ts";
import type { KnownPoints } from "./points.ts";
import { scorerInputs, scorerOutput } from "./scorer.ts";

/** Points and their log-densities. */
export interface Lesson extends KnownPoints {
  readonly scores: Float64Array;
}

export interface ScorerTraining extends Omit<DescentOptions, "rows" | "time"> {
  readonly network: NetworkConfiguration;
  readonly start: MlpArrays;
  readonly standardization: Standardization;
  readonly center: number;
  readonly spread: number;
}

const decay = 0.999;
const warmUp = 100;

/**
 * The parameters of least mean square of y - asinh((score - center) / spread): what is far out counts by its logarithm. Throws
 * "interrupted" when the signal fires, "numeric" when the loss is not finite.
 */
export async function trainScorer(engine: Engine, lesson: Lesson, training: ScorerTraining): Promise<MlpArrays> {
  const { network, start, standardization, center, spread } = training;
  const d = standardization.mean.data.length;
  const widths = [d, contextWidth(d), 1];
  const { points, contexts } = scorerInputs(standardization, lesson);
  const pool = [points, contexts, Float32Array.from(lesson.scores, (score) => Math.asinh((score - center) / spread))];
  const rows = lesson.scores.length;
  const size = Math.min(training.batchSize, rows);
  const [x, context, target] = widths.map((width) => placeholder(["rows", width])) as [Tensor, Tensor, Tensor];
  const batch = widths.map((width) => zeros([size, width]));
  const problem: Descent<MlpArrays, { readonly rows: readonly Tensor[] }> = {
    ...{ start, decay, warmUp, clip: 1, work: "training a scorer", learner: "scorer" },
    batch: { rows: [x, context, target] },
    loss: (parameters) => mean(square(subtract(scorerOutput(network, parameters, x, context), target))),
    next: (_, chosen) => {
      pool.forEach((from, k) => gatherRows(from, widths[k] ?? 1, chosen, batch[k]?.data ?? from));
      return { rows: batch };
    },
  };
  return (await descend(engine, problem, { ...training, rows })).parameters;
}
