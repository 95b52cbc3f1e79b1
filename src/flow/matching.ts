// matching: the Flow Matching problem of one block, regression of a velocity field without simulation (paper, section 3.1).
import { add, multiply, subtract } from "../tensor/arithmetic.ts";
import { mean, square } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { ornsteinUhlenbeck } from "./diffusion.ts";
import { type InterpolantName, interpolants } from "./interpolant.ts";
import type { Step } from "./steps.ts";

/** v(x, t) for points [..., d] and times [..., 1]. */
export type VelocityField = (x: Tensor, t: Tensor) => Tensor;

/** One minibatch: left ends, the points whose diffusion gives the right ends, noise (all [rows, d]) and times [rows, 1]. */
export interface MatchingBatch {
  readonly left: Tensor;
  readonly source: Tensor;
  readonly noise: Tensor;
  readonly time: Tensor;
}

/** One step for all rows, or the scales of each row's own step as columns [rows, 1] (the free step: keep 0, spread 1). */
export type MatchingStep = Step | { readonly kind: "by row"; readonly keep: Tensor; readonly spread: Tensor };

/** x_r: the diffused source, or the noise itself for the free block. */
export function rightEnd(step: MatchingStep, source: Tensor, noise: Tensor): Tensor {
  switch (step.kind) {
    case "free":
      return noise;
    case "diffuse":
      return ornsteinUhlenbeck(source, noise, step.duration);
    case "by row":
      return add(multiply(step.keep, source), multiply(step.spread, noise));
  }
}

/**
 * A scalar: the mean over rows and columns of |v(I_t, t) - dI_t/dt|^2, where I_t leads from x_l to x_r (paper, section
 * 3.1).
 */
export function matchingLoss(
  velocity: VelocityField,
  batch: MatchingBatch,
  step: MatchingStep,
  interpolant: InterpolantName,
): Tensor {
  const right = rightEnd(step, batch.source, batch.noise);
  const target = interpolants[interpolant](batch.left, right, batch.time);
  return mean(square(subtract(velocity(target.point, batch.time), target.velocity)));
}
