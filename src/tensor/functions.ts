// functions: the smooth activations as single operators (their derivatives are cheaper than those of their parts), and means.
import {
  add,
  divide,
  errorFunction,
  exponential,
  multiply,
  operatorsOf,
  sigmoid,
  subtract,
  unary,
} from "./arithmetic.ts";
import { floats } from "./array.ts";
import { sizeOf, sum } from "./layout.ts";
import { type Emitter, type Tensor, toTensor } from "./tensor.ts";

/** Arithmetic mean over axes; all axes when none are given. */
export function mean(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Tensor {
  const count = axes.map((axis) => sizeOf(x, axis)).reduce<Tensor>((a, b) => multiply(a, b), toTensor(1));
  return divide(sum(x, axes, keep), count);
}

export const square = (x: Tensor): Tensor => multiply(x, x);

const scalar = (emitter: Emitter, value: number) => emitter.constant(floats([value], []));

const smooth = {
  silu: unary("silu", {
    derivative: (x, y) => {
      const s = sigmoid(x);
      return add(s, multiply(y, subtract(1, s)));
    },
    onnx: (emitter, x) => emitter.node("Mul", [x, emitter.node("Sigmoid", [x])]),
  }),
  gelu: unary("gelu", {
    derivative: (x) => {
      const distribution = multiply(0.5, add(1, errorFunction(multiply(Math.SQRT1_2, x))));
      const density = multiply(1 / Math.sqrt(2 * Math.PI), exponential(multiply(-0.5, square(x))));
      return add(distribution, multiply(x, density));
    },
    onnx: (emitter, x) => {
      const scaled = emitter.node("Mul", [x, scalar(emitter, Math.SQRT1_2)]);
      const twice = emitter.node("Add", [emitter.node("Erf", [scaled]), scalar(emitter, 1)]);
      return emitter.node("Mul", [emitter.node("Mul", [x, scalar(emitter, 0.5)]), twice]);
    },
  }),
  // max(x, 0) - log(sigmoid(|x|)): no overflow, and vectorised kernels where onnxruntime's Softplus is scalar.
  softplus: unary("softplus", {
    derivative: (x) => sigmoid(x),
    onnx: (emitter, x) => {
      const tail = emitter.node("Log", [emitter.node("Sigmoid", [emitter.node("Abs", [x])])]);
      return emitter.node("Sub", [emitter.node("Relu", [x]), tail]);
    },
  }),
} as const;

/** x · sigmoid(x) */
export const silu = smooth.silu.call;
/** x · Phi(x) with the exact normal distribution function. */
export const gelu = smooth.gelu.call;
/** log(1 + e^x) without overflow. */
export const softplus = smooth.softplus.call;

/** log(1 + e^(beta x)) / beta */
export const sharpSoftplus = (x: Tensor, beta: number): Tensor => divide(softplus(multiply(beta, x)), beta);

export const smoothOperators = operatorsOf(smooth);
