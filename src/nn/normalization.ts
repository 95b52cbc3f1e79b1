// normalization: values of a group are shifted and scaled to mean 0 and variance 1, then by learned numbers for each channel.
import { add, divide, multiply, squareRoot, subtract } from "../tensor/arithmetic.ts";
import { mean, sumSquares } from "../tensor/functions.ts";
import { reshape } from "../tensor/layout.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { alike, type ParameterPlan } from "./parameters.ts";

/** One number for each channel. */
export type NormalizationParameters<L> = { readonly scale: L; readonly shift: L };

export function normalizationPlan(channels: number): NormalizationParameters<ParameterPlan> {
  return { scale: alike([channels], 1), shift: alike([channels], 0) };
}

/**
 * 32 groups, as the authors have, or fewer where channels do not divide so. A group has at least two channels: normalising
 * one alone would take away what the time adds to it.
 */
export function groupCount(channels: number): number {
  let [a, b] = [32, channels % 2 === 0 ? channels / 2 : 1];
  while (b > 0) [a, b] = [b, a % b];
  return a;
}

/** Group normalisation of images [..., c, h, w], over each group's channels and places. */
export function normalizeGroups(
  { scale, shift }: NormalizationParameters<Tensor>,
  x: Tensor,
  groups = groupCount(Number(x.shape.at(-3))),
): Tensor {
  const front = x.shape.slice(0, -3);
  const [channels = 1, h = 1, w = 1] = x.shape.slice(-3).map(Number);
  const [own, area] = [channels / groups, h * w];
  const { centred, inverse } = spreadOf(reshape(x, [...front, groups, own * area]));
  const factor = reshape(multiply(inverse, reshape(scale, [groups, own])), [...front, groups, own, 1]);
  const scaled = multiply(reshape(centred, [...front, groups, own, area]), factor);
  return reshape(add(scaled, reshape(shift, [groups, own, 1])), x.shape);
}

/** Normalisation over the last axis, without learned numbers. */
export function normalizeLast(x: Tensor): Tensor {
  const { centred, inverse } = spreadOf(x);
  return multiply(centred, inverse);
}

const epsilon = 1e-5;

/** x minus its mean over the last axis, and 1 / sqrt(variance + epsilon). */
function spreadOf(x: Tensor) {
  const centred = subtract(x, mean(x, [-1], true));
  const variance = divide(sumSquares(centred, [-1]), Number(x.shape.at(-1)));
  return { centred, inverse: divide(1, squareRoot(add(variance, epsilon))) };
}
