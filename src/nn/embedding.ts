// embedding: the time as many numbers, and the small network that the layers of an image network read them through; classes too.
import { add, cosine, multiply, sine } from "../tensor/arithmetic.ts";
import { floats } from "../tensor/array.ts";
import { silu } from "../tensor/functions.ts";
import { reshape } from "../tensor/layout.ts";
import { affine, beside, matmul } from "../tensor/matrix.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import type { LinearParameters } from "./linear.ts";
import { linearPlan, type ParameterPlan } from "./parameters.ts";

export type TimeParameters<L> = {
  readonly first: LinearParameters<L>;
  readonly second: LinearParameters<L>;
  /** What is added to the embedded time for each class, [classes, width], where the network reads one. */
  readonly classes?: L;
};

/** Classes start as standard normal numbers, as in guided diffusion. */
export function timePlan(channels: number, width: number, classes = 0): TimeParameters<ParameterPlan> {
  return {
    first: linearPlan(channels, width),
    second: linearPlan(width, width),
    ...(classes > 0 && { classes: { shape: [classes, width], start: { kind: "normal", deviation: 1 } } }),
  };
}

/** The longest wave of `sinusoids`, over 2 pi. */
const longest = 10_000;

/**
 * cos(w_k t) then sin(w_k t) for w_k = longest^(-k / half), k < half = floor(channels / 2); times [..., 1] to [..., channels].
 * An odd channel more is 0. The authors give it t in [0, 1] as it is.
 */
function sinusoids(t: Tensor, channels: number): Tensor {
  const half = Math.floor(channels / 2);
  const waves = Float32Array.from({ length: half }, (_, k) => longest ** (-k / half));
  const phases = multiply(t, constant(floats(waves)));
  const waved = [cosine(phases), sine(phases)];
  return beside(...waved, ...(channels % 2 === 1 ? [multiply(0, t)] : []));
}

/**
 * Times [..., 1] to [..., width], through SiLU: what each layer's own linear map reads. `shares` [rows, classes], or with all
 * axes of the times, says how much of each class a row is: 1 of one of them, or of none, which is a network without classes.
 */
export function applyTime({ first, second, classes }: TimeParameters<Tensor>, t: Tensor, shares?: Tensor): Tensor {
  const waves = sinusoids(t, Number(first.weight.shape[0]));
  const hidden = silu(affine(waves, first.weight, first.bias));
  const moment = affine(hidden, second.weight, second.bias);
  return silu(classes && shares ? add(moment, matmul(besideTimes(shares, t), classes)) : moment);
}

/** Shares [rows, classes] with axes of size 1 where times have more of them. */
function besideTimes(shares: Tensor, t: Tensor): Tensor {
  if (shares.shape.length === t.shape.length) return shares;
  const between = t.shape.slice(1, -1).map(() => 1);
  return reshape(shares, [shares.shape[0] ?? 1, ...between, shares.shape[1] ?? 0]);
}
