// schedule: the learning rate of iteration k = 0, 1, …, and clipping of gradients.
import { add, divide, minimum, multiply, squareRoot, subtract } from "../tensor/arithmetic.ts";
import { square } from "../tensor/functions.ts";
import { sum } from "../tensor/layout.ts";
import type { Tensor } from "../tensor/tensor.ts";

export interface Schedule {
  readonly learningRate: number;
  /** Times `factor` after every `every` iterations. */
  readonly decay: { readonly factor: number; readonly every: number };
  /** Linear rise over this many iterations. */
  readonly warmUp: number;
}

export function learningRateAt({ learningRate, decay, warmUp }: Schedule, iteration: number): number {
  const rise = warmUp > 0 ? Math.min(1, (iteration + 1) / warmUp) : 1;
  return learningRate * rise * decay.factor ** Math.floor(iteration / decay.every);
}

/** Scales gradients together so that the norm of all of them is at most `largest`. */
export function clipByGlobalNorm(gradients: readonly Tensor[], largest: number): readonly Tensor[] {
  if (!Number.isFinite(largest)) return gradients;
  const squares = gradients.map((gradient) => sum(square(gradient))).reduce((a, b) => add(a, b));
  const scale = minimum(1, divide(largest, add(squareRoot(squares), 1e-6)));
  return gradients.map((gradient) => multiply(scale, gradient));
}

/** average · decay + value · (1 - decay) */
export function movingAverage(average: Tensor, value: Tensor, decay: Tensor): Tensor {
  return add(value, multiply(decay, subtract(average, value)));
}
