// schedule: the learning rate of iteration k = 0, 1, …, and clipping of gradients.
import { add, divide, minimum, multiply, squareRoot, subtract } from "../tensor/arithmetic.ts";
import { square } from "../tensor/functions.ts";
import { sum } from "../tensor/layout.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** How the learning rate falls: by a factor after every so many iterations, or along half a cosine to 0 at the end. */
export type Decay =
  | { readonly kind: "step"; readonly factor: number; readonly every: number }
  | { readonly kind: "cosine" };

export interface Schedule {
  readonly learningRate: number;
  readonly decay: Decay;
  /** Linear rise over this many iterations. */
  readonly warmUp: number;
}

/** The learning rate of an iteration; `progress` in [0, 1] is the share of the training that is done, which a cosine follows. */
export function learningRateAt({ learningRate, decay, warmUp }: Schedule, iteration: number, progress: number): number {
  const rise = warmUp > 0 ? Math.min(1, (iteration + 1) / warmUp) : 1;
  const fall =
    decay.kind === "cosine"
      ? (1 + Math.cos(Math.PI * progress)) / 2
      : decay.factor ** Math.floor(iteration / decay.every);
  return learningRate * rise * fall;
}

/** Scales gradients together so that the norm of all of them is at most `largest`. */
export function clipByGlobalNorm(gradients: readonly Tensor[], largest: number): readonly Tensor[] {
  if (!Number.isFinite(largest)) return gradients;
  const squares = gradients.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b));
  const scale = minimum(1, divide(largest, add(squareRoot(squares), 1e-6)));
  return gradients.map((gradient) => multiply(scale, gradient));
}

/**
 * The share of the old moving average that iteration k keeps: nothing during the warm-up, then at most (1 + k) / (10 + k), so
 * that a short training does not publish its random start.
 */
export function averageKept(decay: number, warmUp: number, iteration: number): number {
  return iteration < warmUp ? 0 : Math.min(decay, (1 + iteration) / (10 + iteration));
}

/** average · decay + value · (1 - decay) */
export function movingAverage(average: Tensor, value: Tensor, decay: Tensor): Tensor {
  return add(value, multiply(decay, subtract(average, value)));
}
