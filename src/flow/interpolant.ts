// interpolant: the curve I_t from x_l (t = 0) to x_r (t = 1) that a block's velocity is matched to (paper, section 3.1).
import { add, cosine, multiply, sine, subtract } from "../tensor/arithmetic.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** The names of the table below. */
export type InterpolantName = "linear" | "trigonometric";

/** A point on the curve and its time derivative. */
export interface CurvePoint {
  readonly point: Tensor;
  readonly velocity: Tensor;
}

/** Left and right ends [rows, d], times [rows, 1]. */
export type Interpolant = (left: Tensor, right: Tensor, time: Tensor) => CurvePoint;

/** The curves I_t from x_l to x_r and their derivatives dI_t/dt, under their names (paper, section 3.1). */
export const interpolants: Readonly<Record<InterpolantName, Interpolant>> = {
  /** I_t = x_l + t (x_r - x_l), the straight line ("OT" in the literature). */
  linear: (left, right, time) => {
    const velocity = subtract(right, left);
    return { point: add(left, multiply(time, velocity)), velocity };
  },
  /** I_t = cos(pi t / 2) x_l + sin(pi t / 2) x_r, which keeps the variance of independent ends. */
  trigonometric: (left, right, time) => {
    const angle = multiply(Math.PI / 2, time);
    const [c, s] = [cosine(angle), sine(angle)];
    return {
      point: add(multiply(c, left), multiply(s, right)),
      velocity: multiply(Math.PI / 2, subtract(multiply(c, right), multiply(s, left))),
    };
  },
};

/** Where I_t = a x_l + b x_r has b = ratio · a, from 0 (t = 0) to infinity (t = 1): the time t, and a. */
export const placesOfRatio: Readonly<Record<InterpolantName, (ratio: number) => { time: number; left: number }>> = {
  linear: (ratio) => ({ time: ratio / (1 + ratio), left: 1 / (1 + ratio) }),
  trigonometric: (ratio) => ({ time: (2 / Math.PI) * Math.atan(ratio), left: Math.cos(Math.atan(ratio)) }),
};
