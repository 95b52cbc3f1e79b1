// operator-cases: small graphs around every operator of the table, with inputs away from jumps and kinks.
import { fillUniform, random } from "../../src/random.ts";
import * as arithmetic from "../../src/tensor/arithmetic.ts";
import { elementCount } from "../../src/tensor/array.ts";
import { convolution, convolutionInput, convolutionWeight } from "../../src/tensor/convolution.ts";
import * as functions from "../../src/tensor/functions.ts";
import { silu, softmax, sumSquares } from "../../src/tensor/functions.ts";
import { cast, concatenate, reshape, slice, stretch, sum, transpose } from "../../src/tensor/layout.ts";
import { affine, gatherRows, matmul } from "../../src/tensor/matrix.ts";
import { type OperatorName, operators } from "../../src/tensor/operators.ts";
import { recomputed } from "../../src/tensor/recompute.ts";
import { downsample, upsample } from "../../src/tensor/resampling.ts";
import type { Shape, Size } from "../../src/tensor/shape.ts";
import { apply, type Tensor } from "../../src/tensor/tensor.ts";
import type { Value } from "../support/reference.ts";
import { valueFrom } from "../support/reference.ts";

/** What kind of numbers an input holds; `grid` and `between` never meet, `rows` are indices below 4. */
export type Numbers = "any" | "positive" | "nonzero" | "grid" | "between" | "rows";

export interface InputCase {
  readonly shape: Shape;
  readonly numbers: Numbers;
}

export interface OperatorCase {
  readonly operator: OperatorName;
  readonly inputs: readonly InputCase[];
  build(...inputs: readonly Tensor[]): Tensor;
  /** Whether onnxruntime cannot run it for an empty batch. */
  readonly neverEmpty?: boolean;
  /** The input and its axis of size 1 along which several directions can travel. */
  readonly wide?: { readonly input: number; readonly axis: number };
}

const input = (shape: Shape, numbers: Numbers = "any"): InputCase => ({ shape, numbers });

/** Wraps a builder that needs its arguments. */
function of(
  operator: OperatorName,
  inputs: readonly InputCase[],
  build: (a: Tensor, b: Tensor, c: Tensor) => Tensor,
  wide?: OperatorCase["wide"],
): OperatorCase {
  const call = (...tensors: readonly Tensor[]) => {
    const [a, b = a, c = a] = tensors;
    if (!a || !b || !c) throw new Error(`${operator} has no inputs`);
    return build(a, b, c);
  };
  return { operator, inputs, build: call, ...(wide && { wide }) };
}

type UnaryName = "negate" | "exponential" | "logarithm" | "squareRoot" | "sine" | "cosine" | "hyperbolicTangent";
type SmoothName =
  | "sigmoid"
  | "errorFunction"
  | "absolute"
  | "relu"
  | "isPositive"
  | "elu"
  | "silu"
  | "gelu"
  | "softplus";
const unaryNumbers: Readonly<Record<UnaryName | SmoothName, Numbers>> = {
  negate: "any",
  exponential: "any",
  logarithm: "positive",
  squareRoot: "positive",
  sine: "any",
  cosine: "any",
  hyperbolicTangent: "any",
  sigmoid: "any",
  errorFunction: "any",
  absolute: "nonzero",
  relu: "nonzero",
  isPositive: "nonzero",
  elu: "nonzero",
  silu: "any",
  gelu: "any",
  softplus: "any",
};
const unaryCases = (Object.keys(unaryNumbers) as (keyof typeof unaryNumbers)[]).flatMap((name) => {
  const f = { ...arithmetic, ...functions }[name];
  const shapes: readonly Shape[] = [["batch", 1, 3], ["batch", 0], []];
  return shapes.map((shape) =>
    of(
      name,
      [input(shape, unaryNumbers[name])],
      (x) => f(x),
      shape.length === 3 && name !== "isPositive" ? { input: 0, axis: 1 } : undefined,
    ),
  );
});

const pairNumbers = {
  add: ["any", "any"],
  subtract: ["any", "any"],
  multiply: ["any", "any"],
  divide: ["any", "nonzero"],
  maximum: ["grid", "between"],
  minimum: ["grid", "between"],
  greater: ["grid", "between"],
  less: ["grid", "between"],
} as const satisfies Partial<Record<OperatorName, readonly [Numbers, Numbers]>>;
const { add, subtract, multiply, divide, maximum, minimum, greater, less, sine } = arithmetic;
const pairs = { add, subtract, multiply, divide, maximum, minimum, greater, less };
const pairShapes: readonly (readonly [Shape, Shape])[] = [
  [
    ["batch", 3],
    ["batch", 3],
  ],
  [["batch", 3], [3]],
  [
    [1, 3],
    ["batch", 1],
  ],
  [
    ["batch", 1, 2],
    ["batch", 1, 1],
  ],
  [
    ["batch", 1, 2],
    [3, 1],
  ],
  [[], ["batch", 2]],
  [
    ["batch", 0],
    ["batch", 1],
  ],
];
const pairCases = (Object.keys(pairNumbers) as (keyof typeof pairNumbers)[]).flatMap((name) =>
  pairShapes.map(([left, right]) => {
    const [a, b] = pairNumbers[name];
    const travels = right.length === 3 && name !== "greater" && name !== "less";
    const f = (x: Tensor, y: Tensor) => cast(pairs[name](x, y), "float32");
    return of(name, [input(left, a), input(right, b)], f, travels ? { input: 0, axis: 1 } : undefined);
  }),
);

const whereCases = [
  of("where", [input(["batch", 1, 2], "nonzero"), input([1, 2]), input(["batch", 1, 1])], chosen, {
    input: 1,
    axis: 0,
  }),
  of("where", [input([2], "nonzero"), input(["batch", 1]), input([])], chosen),
  of("where", [input(["batch", 1], "nonzero"), input(["batch", 0]), input([1])], chosen),
];

function chosen(condition: Tensor, a: Tensor, b: Tensor): Tensor {
  return arithmetic.where(greater(condition, 0), a, b);
}

const changed = (size: Size): Shape => [size, 6];
const layoutCases = [
  of("size", [input(["batch", 3])], (x) => multiply(x, apply(operators.size(0), [x]))),
  of("size", [input(["batch", 3])], (x) => apply(operators.size(1), [x])),
  of("cast", [input(["batch", 3], "between")], (x) => multiply(x, cast(cast(x, "int64"), "float32"))),
  of("cast", [input(["batch", 1, 2], "nonzero")], (x) => add(x, cast(cast(x, "bool"), "float32")), {
    input: 0,
    axis: 1,
  }),
  of("reshape", [input(["batch", 1, 2, 3])], (x) => reshape(x, [x.shape[0] ?? 1, 1, 6]), { input: 0, axis: 1 }),
  of("reshape", [input(["batch", 2, 3])], (x) => reshape(x, changed(x.shape[0] ?? 1))),
  of("reshape", [input([2, "batch"])], (x) => reshape(x, [1, x.shape[1] ?? 1, 1, 2])),
  of("reshape", [input(["batch", 0])], (x) => reshape(x, [x.shape[0] ?? 1, 1, 0, 5])),
  of("reshape", [input([])], (x) => reshape(x, [1, 1])),
  of("transpose", [input(["batch", 3])], (x) => transpose(x, [1, 0])),
  of("transpose", [input([2, "batch", 1])], (x) => transpose(x, [2, 0, 1]), { input: 0, axis: 2 }),
  of("transpose", [input(["batch", 0])], (x) => transpose(x, [1, 0])),
  of("expand", [input([3]), input(["batch", 3])], (x, like) => stretch(x, like.shape, like)),
  of("expand", [input(["batch", 1, 1])], (x) => stretch(x, [x.shape[0] ?? 1, 1, 3], x), { input: 0, axis: 1 }),
  of("expand", [input([1, 1]), input(["batch", 0])], (x, like) => stretch(x, like.shape, like)),
  of("expand", [input([1, 2]), input([5, "batch"])], (x, like) =>
    stretch(x, [like.shape[1] ?? 1, 2], transpose(like, [1, 0])),
  ),
  of("sum", [input(["batch", 3])], (x) => sum(x)),
  of("sum", [input(["batch", 2, 3])], (x) => sum(x, [0, -1], true)),
  of("sum", [input(["batch", 1, 3])], (x) => sum(x, [2]), { input: 0, axis: 1 }),
  of("sum", [input(["batch", 1, 3])], (x) => sum(x, [0]), { input: 0, axis: 1 }),
  of("sum", [input(["batch", 0])], (x) => sum(x, [1])),
  of("concatenate", [input(["batch", 2]), input(["batch", 1]), input(["batch", 2])], (a, b, c) =>
    concatenate([a, b, c], -1),
  ),
  of("concatenate", [input(["batch", 1, 2]), input(["batch", 1, 1])], (a, b) => concatenate([a, b], 2), {
    input: 1,
    axis: 1,
  }),
  of("concatenate", [input([1, "batch"]), input([2, "batch"])], (a, b) => concatenate([a, b, a], 0)),
  of("concatenate", [input(["batch", 0]), input(["batch", 2])], (a, b) => concatenate([a, b], 1)),
  of("slice", [input(["batch", 4])], (x) => slice(x, -1, 1, 3)),
  of("slice", [input(["batch", 4])], (x) => slice(x, 1, 2, 2)),
  of("slice", [input(["batch", 1, 3])], (x) => slice(x, 2, 0, 1), { input: 0, axis: 1 }),
  of("slice", [input([3, "batch"])], (x) => slice(x, 0, 2, 3)),
];

/** onnxruntime does not broadcast an empty batch of matrices (microsoft/onnxruntime, pull request 25663). */
function stacked(one: OperatorCase, neverEmpty: boolean): OperatorCase {
  return { ...one, neverEmpty };
}

const flags = [false, true].flatMap((left) => [false, true].map((right) => ({ left, right })));
const matrixCases = [
  ...flags.flatMap(({ left, right }) => {
    const options = { transposeLeft: left, transposeRight: right };
    const sizes = (rows: Size, columns: Size, turned: boolean): Shape => (turned ? [columns, rows] : [rows, columns]);
    const product = (shapes: readonly Shape[], wide?: OperatorCase["wide"]) =>
      of(
        "matmul",
        shapes.map((shape) => input(shape)),
        (a, b) => matmul(a, b, options),
        wide,
      );
    return [
      stacked(product([["batch", ...sizes(1, 3, left)], sizes(3, 2, right)], { input: 0, axis: left ? 2 : 1 }), left),
      stacked(product([sizes(3, 2, left), ["batch", ...sizes(2, 2, right)]]), true),
      stacked(
        product([
          ["batch", ...sizes(2, 3, left)],
          [1, ...sizes(3, 2, right)],
        ]),
        true,
      ),
      stacked(product([["batch", ...sizes(2, 3, left)], sizes(3, 1, right)], { input: 1, axis: right ? 0 : 1 }), left),
      product([
        ["batch", ...sizes(2, 3, left)],
        ["batch", ...sizes(3, 2, right)],
      ]),
      product([sizes("batch", 0, left), sizes(0, 2, right)]),
      product([sizes("batch", 3, left), sizes(3, 2, right)]),
    ];
  }),
  of("affine", [input(["batch", 3]), input([3, 2]), input([2])], affine),
  of("affine", [input([1, 3]), input([3, 2]), input([2])], affine, { input: 0, axis: 0 }),
  of("affine", [input(["batch", 3]), input([3, 1]), input([1])], affine, { input: 1, axis: 1 }),
  of("affine", [input(["batch", 3]), input([3, 1]), input([1])], affine, { input: 2, axis: 0 }),
  of("affine", [input(["batch", 0]), input([0, 2]), input([2])], affine),
  of("contract", [input(["batch", 2, 3]), input(["batch", 2, 2])], (a, b) => apply(operators.contract, [a, b])),
  of("contract", [input(["batch", 2, 1]), input(["batch", 2, 2])], (a, b) => apply(operators.contract, [a, b]), {
    input: 0,
    axis: 2,
  }),
  of("sumSquares", [input(["batch", 1, 3])], (x) => sumSquares(x, [-1]), { input: 0, axis: 1 }),
  of("sumSquares", [input(["batch", 2, 3])], (x) => sumSquares(x, [0, 2])),
  of("softmax", [input(["batch", 1, 3])], (x) => softmax(x), { input: 0, axis: 1 }),
  of("softmax", [input(["batch", 4])], (x) => softmax(x)),
  of("gather", [input([4, 2]), input(["batch"], "rows")], gatherRows),
  of("gather", [input([4, 1]), input(["batch"], "rows")], gatherRows, { input: 0, axis: 1 }),
  of("gather", [input([4, 0]), input([3], "rows")], gatherRows),
  of("scatter", [input([4, 2]), input(["batch"], "rows"), input(["batch", 2])], scattered),
  of("scatter", [input([4, "batch"]), input([5], "rows"), input([5, "batch"])], scattered),
];

function scattered(table: Tensor, index: Tensor, rows: Tensor): Tensor {
  return apply(operators.scatter, [table, index, rows]);
}

/** Convolutions of small images, with kernels, strides and zeros around that do and do not come out even. */
const imageCases = [
  of("convolution", [input(["batch", 2, 4, 3]), input([3, 2, 3, 3]), input([3])], (x, w, b) =>
    convolution(x, w, { stride: 1, padding: 1 }, b),
  ),
  of("convolution", [input(["batch", 1, 5, 4]), input([2, 1, 3, 2])], (x, w) =>
    convolution(x, w, { stride: 2, padding: 1 }),
  ),
  of("convolution", [input(["batch", 2, 2, 2]), input([1, 2, 1, 1])], (x, w) => convolution(x, w)),
  of(
    "convolution",
    [input(["batch", 1, 2, 3, 3]), input([2, 2, 3, 3]), input([2])],
    (x, w, b) => convolution(x, w, { stride: 2, padding: 1 }, b),
    { input: 0, axis: 1 },
  ),
  of("convolutionInput", [input(["batch", 2, 3, 3]), input([2, 1, 2, 2])], (g, w) =>
    convolutionInput(g, w, [4, 4], { stride: 1, padding: 0 }),
  ),
  of("convolutionInput", [input(["batch", 2, 2, 2]), input([2, 1, 2, 3])], (g, w) =>
    convolutionInput(g, w, [3, 4], { stride: 2, padding: 1 }),
  ),
  of("convolutionInput", [input(["batch", 2, 3, 4]), input([2, 1, 1, 1])], (g, w) =>
    convolutionInput(g, w, [1, 2], { stride: 1, padding: 1 }),
  ),
  of(
    "convolutionInput",
    [input(["batch", 1, 2, 2, 3]), input([2, 2, 3, 3])],
    (g, w) => convolutionInput(g, w, [2, 3], { stride: 1, padding: 1 }),
    { input: 0, axis: 1 },
  ),
  of("convolutionWeight", [input(["batch", 2, 4, 4]), input(["batch", 1, 4, 4])], (x, g) =>
    convolutionWeight(x, g, [3, 3], { stride: 1, padding: 1 }),
  ),
  of("convolutionWeight", [input(["batch", 2, 3, 5]), input(["batch", 3, 1, 2])], (x, g) =>
    convolutionWeight(x, g, [2, 3], { stride: 2, padding: 0 }),
  ),
  // Beyond 64 places a product for each row of the kernel; and image by image where there are few outputs.
  of("convolutionWeight", [input(["batch", 2, 9, 8]), input(["batch", 1, 9, 8])], (x, g) =>
    convolutionWeight(x, g, [3, 3], { stride: 1, padding: 1 }),
  ),
  of("convolutionWeight", [input(["batch", 1, 9, 7]), input(["batch", 19, 9, 8])], (x, g) =>
    convolutionWeight(x, g, [3, 2], { stride: 1, padding: 1 }),
  ),
  of("convolutionInput", [input(["batch", 1, 9, 8]), input([1, 2, 3, 2])], (g, w) =>
    convolutionInput(g, w, [9, 7], { stride: 1, padding: 1 }),
  ),
  of("convolutionWeight", [input(["batch", 2, 5, 6]), input(["batch", 1, 3, 3])], (x, g) =>
    convolutionWeight(x, g, [3, 3], { stride: 2, padding: 1 }),
  ),
  of("convolutionWeight", [input(["batch", 2, 2, 2]), input(["batch", 3, 2, 2])], (x, g) =>
    convolutionWeight(x, g, [1, 1]),
  ),
  of(
    "convolutionWeight",
    [input(["batch", 2, 1, 3, 3]), input(["batch", 2, 2, 3, 3])],
    (x, g) => convolutionWeight(x, g, [3, 3], { stride: 1, padding: 1 }),
    { input: 0, axis: 2 },
  ),
  of("upsample", [input(["batch", 2, 3, 2])], (x) => upsample(x)),
  of("upsample", [input(["batch", 1, 1, 2, 1])], (x) => upsample(x), { input: 0, axis: 1 }),
  of("downsample", [input(["batch", 2, 2, 6])], (x) => downsample(x)),
  of("downsample", [input(["batch", 1, 2, 4, 2])], (x) => downsample(x), { input: 0, axis: 1 }),
];

const recomputeCases = [
  of("recompute", [input(["batch", 3]), input([3, 2])], (x, w) =>
    recomputed(([h = x]) => silu(matmul(h, w)), [x], [w]),
  ),
  of(
    "recompute",
    [input(["batch", 1, 3]), input([3, 2])],
    (x, w) => recomputed(([h = x]) => sine(matmul(h, w)), [x], [w]),
    {
      input: 0,
      axis: 1,
    },
  ),
  of("after", [input(["batch", 3]), input(["batch", 2]), input([])], (x, g, h) => apply(operators.after, [x, g, h])),
  of("after", [input(["batch", 1, 3]), input(["batch", 2])], (x, g) => apply(operators.after, [x, g]), {
    input: 0,
    axis: 1,
  }),
];

export const cases: readonly OperatorCase[] = [
  ...unaryCases,
  ...pairCases,
  ...whereCases,
  ...layoutCases,
  ...matrixCases,
  ...imageCases,
  ...recomputeCases,
];

export function titleOf({ operator, inputs }: OperatorCase, position: number): string {
  return `${operator} of ${inputs.map(({ shape }) => `[${shape.join(", ")}]`).join(" and ")}, case ${position}`;
}

/** The numbers of an input, drawn from a seed and exact in 32 bits. */
export function drawn(seed: string, shape: readonly number[], numbers: Numbers): Value {
  const uniform = new Float32Array(elementCount(shape));
  fillUniform(random(seed), uniform);
  return valueFrom(uniform.map(spread[numbers]), shape);
}

const spread: Readonly<Record<Numbers, (u: number) => number>> = {
  any: (u) => 4 * u - 2,
  positive: (u) => 0.5 + 2.5 * u,
  nonzero: (u) => (u < 0.5 ? -2 + 3 * u : -1 + 3 * u),
  grid: (u) => Math.floor(7 * u) / 2 - 1.5,
  between: (u) => Math.floor(6 * u) / 2 - 1.25,
  rows: (u) => Math.floor(4 * u),
};
