// embedding: the time as many numbers, and the small network that the layers of an image network read them through.
import { cosine, multiply, sine } from "../tensor/arithmetic.ts";
import { floats } from "../tensor/array.ts";
import { silu } from "../tensor/functions.ts";
import { affine, beside } from "../tensor/matrix.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { LinearParameters } from "./linear.ts";
import { linearPlan, type ParameterPlan } from "./parameters.ts";

export type TimeParameters<L> = { readonly first: LinearParameters<L>; readonly second: LinearParameters<L> };

export function timePlan(channels: number, width: number): TimeParameters<ParameterPlan> {
  return { first: linearPlan(channels, width), second: linearPlan(width, width) };
}

/** The longest wave of `sinusoids`, over 2 pi. */
const longest = 10_000;

/**
 * cos(w_k t) then sin(w_k t) for w_k = longest^(-k / half), k < half = floor(channels / 2); times [..., 1] to [..., channels].
 * An odd channel more is 0. The authors give it t in [0, 1] as it is.
 */
export function sinusoids(t: Tensor, channels: number): Tensor {
  const half = Math.floor(channels / 2);
  const waves = Float32Array.from({ length: half }, (_, k) => longest ** (-k / half));
  const phases = multiply(t, constant(floats(waves)));
  const waved = [cosine(phases), sine(phases)];
  return beside(...waved, ...(channels % 2 === 1 ? [multiply(0, t)] : []));
}

/** Times [..., 1] to [..., width], through SiLU: what each layer's own linear map reads. */
export function applyTime({ first, second }: TimeParameters<Tensor>, t: Tensor): Tensor {
  const waves = sinusoids(t, Number(first.weight.shape[0]));
  const hidden = silu(affine(waves, first.weight, first.bias));
  return silu(affine(hidden, second.weight, second.bias));
}
