// adam: Kingma and Ba's method with decoupled weight decay (Loshchilov and Hutter), as a symbolic update.
import { add, divide, multiply, squareRoot, subtract } from "../tensor/arithmetic.ts";
import type { Tensor, TensorLike } from "../tensor/tensor.ts";

/** Running means of the gradient and its square, divided by (1 - beta1) and (1 - beta2): two multiplications fewer a step. */
export type AdamState<L> = { readonly first: L; readonly second: L };

export interface AdamOptions {
  readonly beta1?: number;
  readonly beta2?: number;
  readonly epsilon?: number;
  /** Decoupled: parameters shrink by learningRate · weightDecay, outside the moments. */
  readonly weightDecay?: number;
}

export interface AdamScales {
  /** learningRate · (1 - beta1) / (1 - beta1^k) · sqrt((1 - beta2^k) / (1 - beta2)) at step k = 1, 2, … */
  readonly rate: number;
  /** epsilon · sqrt((1 - beta2^k) / (1 - beta2)) */
  readonly epsilon: number;
  /** 1 - learningRate · weightDecay */
  readonly shrink: number;
}

const defaults = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 };

/** The scalars of step k, bias correction included: they change every step and are fed to the program. */
export function adamScales(step: number, learningRate: number, options: AdamOptions = {}): AdamScales {
  const { beta1, beta2, epsilon, weightDecay } = { ...defaults, ...options };
  const root = Math.sqrt((1 - beta2 ** step) / (1 - beta2));
  return {
    rate: ((learningRate * (1 - beta1)) / (1 - beta1 ** step)) * root,
    epsilon: epsilon * root,
    shrink: 1 - learningRate * weightDecay,
  };
}

/** One step for one tensor: the moments and the parameters after it. */
export function adamUpdate(
  parameter: Tensor,
  gradient: Tensor,
  state: AdamState<Tensor>,
  scales: { readonly rate: TensorLike; readonly epsilon: TensorLike; readonly shrink: TensorLike },
  options: AdamOptions = {},
): { readonly parameter: Tensor; readonly state: AdamState<Tensor> } {
  const { beta1, beta2 } = { ...defaults, ...options };
  const first = add(multiply(beta1, state.first), gradient);
  const second = add(multiply(beta2, state.second), multiply(gradient, gradient));
  const move = multiply(scales.rate, divide(first, add(squareRoot(second), scales.epsilon)));
  const shrunk = options.weightDecay ? multiply(scales.shrink, parameter) : parameter;
  return { parameter: subtract(shrunk, move), state: { first, second } };
}
