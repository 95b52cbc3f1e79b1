// diffusion: the Ornstein-Uhlenbeck process dX = -X dt + sqrt(2) dW, whose equilibrium is N(0, I) (paper, section 3).
import { add, multiply } from "../tensor/arithmetic.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** X_duration given X_0 = x is keep · x + spread · z with z ~ N(0, I). */
export interface DiffusionScales {
  readonly keep: number;
  readonly spread: number;
}

/** keep = e^-gamma and spread = sqrt(1 - e^(-2 gamma)). */
export function diffusionScales(duration: number): DiffusionScales {
  return { keep: Math.exp(-duration), spread: Math.sqrt(-Math.expm1(-2 * duration)) };
}

/**
 * One exact Ornstein-Uhlenbeck step of any length: x_r = e^-gamma x_l + sqrt(1 - e^(-2 gamma)) z with gamma =
 * `duration`, for points x_l and standard normal noise z of one shape [rows, d] (paper, section 3).
 */
export function ornsteinUhlenbeck(x: Tensor, noise: Tensor, duration: number): Tensor {
  const { keep, spread } = diffusionScales(duration);
  return add(multiply(keep, x), multiply(spread, noise));
}
