// activation: the nonlinearities a velocity network may use.
import { elu, hyperbolicTangent, relu } from "../tensor/arithmetic.ts";
import { gelu, silu, softplus } from "../tensor/functions.ts";
import type { Tensor } from "../tensor/tensor.ts";

/** `softplus` is log(1 + exp(beta x)) / beta; the authors' 2D networks use beta = 20. */
export type Activation =
  | { readonly kind: "relu" | "elu" | "silu" | "gelu" | "tanh" }
  | { readonly kind: "softplus"; readonly beta: number };

/** An activation as scale_out · f(scale_in · x): the scales fold into the weights around it, which are small. */
export interface ScaledActivation {
  readonly scaleIn: number;
  readonly scaleOut: number;
  readonly f: (x: Tensor) => Tensor;
}

/** The function behind an activation, with its scales taken out. */
export function scaledActivation(activation: Activation): ScaledActivation {
  if (activation.kind === "softplus") return { scaleIn: activation.beta, scaleOut: 1 / activation.beta, f: softplus };
  const functions = { relu, elu, silu, gelu, tanh: hyperbolicTangent };
  return { scaleIn: 1, scaleOut: 1, f: functions[activation.kind] };
}
