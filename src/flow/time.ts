// time: the law of t in training.
import { fillBeta, fillUniform, type Random } from "../random.ts";

/** The law of t in [0, 1]; t = 1 is the noise side, where Beta(1, 0.5) has its mass. */
export type TimeDistribution =
  | { readonly kind: "uniform" }
  | { readonly kind: "beta"; readonly alpha: number; readonly beta: number };

/** Fills `times` with independent draws. */
export function fillTimes(distribution: TimeDistribution, random: Random, times: Float32Array): void {
  if (distribution.kind === "uniform") fillUniform(random, times);
  else fillBeta(random, times, distribution.alpha, distribution.beta);
}
