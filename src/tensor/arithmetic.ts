// arithmetic: elementwise operators with their derivatives, each one record.
import { failure } from "../errors.ts";
import type { ElementType } from "./array.ts";
import { carried, cast, sumTo } from "./layout.ts";
import { broadcastShapes, formatShape } from "./shape.ts";
import { apply, type Emitter, expectFloats, type Operator, type Tensor, type TensorLike, toTensor } from "./tensor.ts";

type Unary = (x: TensorLike) => Tensor;
type Binary = (a: TensorLike, b: TensorLike) => Tensor;

/** y = f(x): how the derivative follows from x and y, and the ONNX form. No derivative rule: it is zero almost everywhere. */
interface UnaryRule {
  readonly derivative?: (x: Tensor, y: Tensor) => Tensor;
  readonly onnx: string | ((emitter: Emitter, x: string) => string);
}

/** Builds an elementwise operator of one argument from its rule. */
export function unary(name: string, rule: UnaryRule): { readonly operator: Operator; readonly call: Unary } {
  const { derivative, onnx } = rule;
  const operator: Operator = {
    name,
    attributes: {},
    shape: (inputs) => {
      expectFloats(name, inputs);
      return { shape: inputs[0]?.shape ?? [], type: "float32" };
    },
    ...(derivative && {
      reverse: ({ gradient, inputs: [x], output }) => [x && multiply(gradient, derivative(x, output))],
      forward: ({ tangents: [tangent], inputs: [x], output }) =>
        tangent && x && multiply(tangent, derivative(x, output)),
    }),
    onnx: (emitter, [x = ""]) => (typeof onnx === "string" ? emitter.node(onnx, [x]) : onnx(emitter, x)),
  };
  return { operator, call: (x) => apply(operator, [toTensor(x)]) };
}

/** y = f(a, b) with broadcasting: the partial derivatives times an incoming value g, and the ONNX form. */
interface BinaryRule {
  readonly partials?: readonly [BinaryPartial, BinaryPartial];
  readonly onnx: string;
  readonly type?: ElementType;
}
type BinaryPartial = (g: Tensor, a: Tensor, b: Tensor, y: Tensor) => Tensor;

function binary(name: string, rule: BinaryRule): { readonly operator: Operator; readonly call: Binary } {
  const { partials } = rule;
  const operator: Operator = {
    name,
    attributes: {},
    shape: (inputs) => {
      expectFloats(name, inputs);
      const [a, b] = inputs;
      return { shape: broadcastShapes(a?.shape ?? [], b?.shape ?? [], name), type: rule.type ?? "float32" };
    },
    ...(partials && {
      reverse: ({ gradient, inputs: [a, b], output, needed }) =>
        a && b
          ? [
              needed[0] ? sumTo(partials[0](gradient, a, b, output), a.shape) : undefined,
              needed[1] ? sumTo(partials[1](gradient, a, b, output), b.shape) : undefined,
            ]
          : [],
      forward: ({ tangents: [da, db], inputs: [a, b], output }) => {
        if (!a || !b) return undefined;
        const left = da && partials[0](carried(da, a, output, name), a, b, output);
        const right = db && partials[1](carried(db, b, output, name), a, b, output);
        return left && right ? add(left, right) : (left ?? right);
      },
    }),
    onnx: (emitter, inputs) => emitter.node(rule.onnx, inputs),
  };
  return { operator, call: (a, b) => apply(operator, [toTensor(a), toTensor(b)]) };
}

const rules = {
  negate: unary("negate", { derivative: () => toTensor(-1), onnx: "Neg" }),
  exponential: unary("exponential", { derivative: (_, y) => y, onnx: "Exp" }),
  logarithm: unary("logarithm", { derivative: (x) => divide(1, x), onnx: "Log" }),
  squareRoot: unary("squareRoot", { derivative: (_, y) => divide(0.5, y), onnx: "Sqrt" }),
  sine: unary("sine", { derivative: (x) => cosine(x), onnx: "Sin" }),
  cosine: unary("cosine", { derivative: (x) => negate(sine(x)), onnx: "Cos" }),
  hyperbolicTangent: unary("hyperbolicTangent", { derivative: (_, y) => subtract(1, multiply(y, y)), onnx: "Tanh" }),
  sigmoid: unary("sigmoid", { derivative: (_, y) => multiply(y, subtract(1, y)), onnx: "Sigmoid" }),
  errorFunction: unary("errorFunction", {
    derivative: (x) => multiply(2 / Math.sqrt(Math.PI), exponential(negate(multiply(x, x)))),
    onnx: "Erf",
  }),
  absolute: unary("absolute", { derivative: (x) => signOf(x), onnx: "Abs" }),
  // The masks of relu and elu read the output, so that the pre-activation has no second reader and its bias and relu fuse.
  relu: unary("relu", { derivative: (_, y) => isPositive(y), onnx: "Relu" }),
  // min(max(2^100 x, 0), 1), also where the product is infinite: one vectorised pass, where a comparison and its conversion to
  // numbers are two slow ones.
  isPositive: unary("isPositive", {
    onnx: (emitter, x) => emitter.node("HardSigmoid", [x], { alpha: { float: 2 ** 100 }, beta: { float: 0 } }),
  }),
  elu: unary("elu", { derivative: (_, y) => add(minimum(y, 0), 1), onnx: "Elu" }),
} as const;

const pairs = {
  add: binary("add", { partials: [(g) => g, (g) => g], onnx: "Add" }),
  subtract: binary("subtract", { partials: [(g) => g, (g) => negate(g)], onnx: "Sub" }),
  multiply: binary("multiply", { partials: [(g, _, b) => multiply(g, b), (g, a) => multiply(g, a)], onnx: "Mul" }),
  divide: binary("divide", {
    partials: [(g, _, b) => divide(g, b), (g, _, b, y) => negate(divide(multiply(g, y), b))],
    onnx: "Div",
  }),
  // At equality the gradient goes to the first argument.
  maximum: binary("maximum", {
    partials: [
      (g, a, b) => multiply(g, subtract(1, cast(less(a, b), "float32"))),
      (g, a, b) => multiply(g, cast(less(a, b), "float32")),
    ],
    onnx: "Max",
  }),
  minimum: binary("minimum", {
    partials: [
      (g, a, b) => multiply(g, subtract(1, cast(greater(a, b), "float32"))),
      (g, a, b) => multiply(g, cast(greater(a, b), "float32")),
    ],
    onnx: "Min",
  }),
  greater: binary("greater", { onnx: "Greater", type: "bool" }),
  less: binary("less", { onnx: "Less", type: "bool" }),
} as const;

/** -x */
export const negate: Unary = rules.negate.call;
/** e^x, element by element. */
export const exponential: Unary = rules.exponential.call;
/** Natural logarithm, element by element; -inf at 0, NaN below. */
export const logarithm: Unary = rules.logarithm.call;
export const squareRoot: Unary = rules.squareRoot.call;
export const sine: Unary = rules.sine.call;
export const cosine: Unary = rules.cosine.call;
export const hyperbolicTangent: Unary = rules.hyperbolicTangent.call;
/** 1 / (1 + e^-x) */
export const sigmoid: Unary = rules.sigmoid.call;
export const errorFunction: Unary = rules.errorFunction.call;
export const absolute: Unary = rules.absolute.call;
/** max(x, 0), with derivative 0 at 0. */
export const relu: Unary = rules.relu.call;
/** 1 for x > 0, else 0; for x below 2^-100 something between. */
export const isPositive: Unary = rules.isPositive.call;
/** x for x > 0, e^x - 1 below. */
export const elu: Unary = rules.elu.call;
/** a + b, element by element, with broadcasting. Throws "shape" for shapes that do not broadcast. */
export const add: Binary = pairs.add.call;
/** a - b, element by element, with broadcasting. */
export const subtract: Binary = pairs.subtract.call;
/** a · b, element by element, with broadcasting. */
export const multiply: Binary = pairs.multiply.call;
/** a / b, element by element, with broadcasting. */
export const divide: Binary = pairs.divide.call;
export const maximum: Binary = pairs.maximum.call;
export const minimum: Binary = pairs.minimum.call;
/** 1 where a > b, as bool. */
export const greater: Binary = pairs.greater.call;
/** 1 where a < b, as bool. */
export const less: Binary = pairs.less.call;

/** Picks from a where the condition holds, from b elsewhere; all three broadcast. */
export function where(condition: Tensor, a: TensorLike, b: TensorLike): Tensor {
  return apply(whereOperator, [condition, toTensor(a), toTensor(b)]);
}

export const whereOperator: Operator = {
  name: "where",
  attributes: {},
  shape: ([condition, a, b]) => {
    if (condition?.type !== "bool")
      throw failure("shape", {
        where: "where",
        expected: "a bool condition",
        received: `${condition?.type} ${formatShape(condition?.shape ?? [])}`,
      });
    if (a?.type !== b?.type)
      throw failure("shape", {
        where: "where",
        expected: "choices of one type",
        received: `${a?.type} and ${b?.type}`,
      });
    const chosen = broadcastShapes(a?.shape ?? [], b?.shape ?? [], "where");
    return { shape: broadcastShapes(condition.shape, chosen, "where"), type: a?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [condition, a, b] }) =>
    condition && a && b
      ? [undefined, sumTo(where(condition, gradient, 0), a.shape), sumTo(where(condition, 0, gradient), b.shape)]
      : [],
  forward: ({ tangents: [, da, db], inputs: [condition, a, b], output }) => {
    const left = da && a && carried(da, a, output, "where");
    const right = db && b && carried(db, b, output, "where");
    return condition && where(condition, left ?? 0, right ?? 0);
  },
  onnx: (emitter, inputs) => emitter.node("Where", inputs),
};

/** -1, 0 or 1. */
function signOf(x: Tensor): Tensor {
  return subtract(isPositive(x), isPositive(negate(x)));
}

type OperatorsOf<R> = { readonly [K in keyof R]: Operator };

/** The operators of a record of rules under the same names. */
export function operatorsOf<R extends Readonly<Record<string, { readonly operator: Operator }>>>(
  rules: R,
): OperatorsOf<R> {
  return Object.fromEntries(Object.entries(rules).map(([name, rule]) => [name, rule.operator])) as OperatorsOf<R>;
}

export const unaryOperators = operatorsOf(rules);
export const binaryOperators = operatorsOf(pairs);
