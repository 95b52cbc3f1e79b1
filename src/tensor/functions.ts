// functions: smooth activations, softmax and sums of squares as single operators, whose derivatives are cheaper so; means.
import { failure } from "../errors.ts";
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
import { sizeOf, stretchOver, sum } from "./layout.ts";
import { normalizeAxis } from "./shape.ts";
import { apply, type Emitter, expectFloats, type Operator, type Tensor, toTensor } from "./tensor.ts";

/**
 * Arithmetic mean over axes, counted from the end where negative; all axes when none are given. With `keep` they stay,
 * with size 1.
 */
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

/** Sums of squares over axes, kept with size 1. */
export function sumSquares(x: Tensor, axes: readonly number[]): Tensor {
  return apply(sumSquaresOperator(axes.map((axis) => normalizeAxis(axis, x.shape.length, "sumSquares"))), [x]);
}

/** One operator, since its gradient 2 g x is one product where that of sum(x x) is two and their sum. */
export const sumSquaresOperator = (axes: readonly number[]): Operator => ({
  name: "sumSquares",
  attributes: { axes },
  shape: ([x]) => {
    if (x) expectFloats("sumSquares", [x]);
    return { shape: (x?.shape ?? []).map((size, axis) => (axes.includes(axis) ? 1 : size)), type: "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && multiply(multiply(2, gradient), x)],
  forward: ({ tangents: [tangent], inputs: [x] }) =>
    tangent && x && multiply(2, sum(multiply(x, stretchOver(tangent, x, axes, "sumSquares")), axes, true)),
  onnx: (emitter, [x = ""]) => emitter.node("ReduceSumSquare", [x], { axes, keepdims: 1 }),
});

/** e^x / sum e^x over the last axis, without overflow. */
export function softmax(x: Tensor): Tensor {
  return apply(softmaxOperator, [x]);
}

/** dy = y (dx - sum(y dx)), the same in both modes. */
export const softmaxOperator: Operator = {
  name: "softmax",
  attributes: {},
  shape: ([x]) => {
    if (x) expectFloats("softmax", [x]);
    if (x && x.shape.length > 0) return { shape: x.shape, type: "float32" };
    throw failure("shape", { where: "softmax", expected: "an axis to sum over", received: "a scalar" });
  },
  reverse: ({ gradient, output }) => [centred(gradient, output)],
  forward: ({ tangents: [tangent], inputs: [x], output }) =>
    tangent && x && centred(stretchOver(tangent, x, [x.shape.length - 1], "softmax"), output),
  onnx: (emitter, [x = ""]) => emitter.node("Softmax", [x], { axis: -1 }),
};

function centred(g: Tensor, y: Tensor): Tensor {
  const weighted = multiply(g, y);
  return subtract(weighted, multiply(y, sum(weighted, [-1], true)));
}

export const smoothOperators = operatorsOf(smooth);
