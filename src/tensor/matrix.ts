// matrix: products of matrices, and rows picked by index.
import { failure } from "../errors.ts";
import { add } from "./arithmetic.ts";
import { integers } from "./array.ts";
import { carried, concatenate, reshape, stretchOver, sum, sumTo } from "./layout.ts";
import { broadcastShapes, formatShape, type Shape, sameShape } from "./shape.ts";
import { apply, constant, expectFloats, type Operator, type Tensor } from "./tensor.ts";

/**
 * Matrix product over the last two axes, [..., n, k] x [..., k, m] -> [..., n, m]; leading axes broadcast. With
 * `transposeLeft` / `transposeRight` the matrix comes as [..., k, n] / [..., m, k]. onnxruntime fails at run time when one
 * side has an empty batch of matrices and the other broadcasts (a plain left side and one matrix [k, m] are safe).
 */
export function matmul(a: Tensor, b: Tensor, { transposeLeft = false, transposeRight = false } = {}): Tensor {
  return apply(matmulOperator(transposeLeft, transposeRight), [a, b]);
}

export const matmulOperator = (transposeLeft: boolean, transposeRight: boolean): Operator => ({
  name: "matmul",
  attributes: { transposeLeft, transposeRight },
  shape: ([a, b]) => {
    const [left, right] = [a?.shape ?? [], b?.shape ?? []];
    if (a && b) expectFloats("matmul", [a, b]);
    const [n, k] = matrixSizes(left, transposeLeft);
    const [inner, m] = matrixSizes(right, transposeRight);
    if (k === undefined || inner === undefined || n === undefined || m === undefined || k !== inner)
      throw failure("shape", {
        where: "matmul",
        expected: "matrices whose inner sizes agree",
        received: `${formatShape(left)}${transposeLeft ? " transposed" : ""} and ${formatShape(right)}${transposeRight ? " transposed" : ""}`,
      });
    return { shape: [...broadcastShapes(left.slice(0, -2), right.slice(0, -2), "matmul"), n, m], type: "float32" };
  },
  reverse: ({ gradient: g, inputs: [a, b], needed }) => {
    if (!a || !b) return [];
    const left = () =>
      transposeLeft
        ? matmul(b, g, { transposeLeft: transposeRight, transposeRight: true })
        : matmul(g, b, { transposeRight: !transposeRight });
    const summed = b.shape.length === 2 && a.shape.length > 2 && !transposeLeft;
    const right = () => {
      if (summed) return transposeRight ? contract(g, a) : contract(a, g);
      return transposeRight
        ? matmul(g, a, { transposeLeft: true, transposeRight: transposeLeft })
        : matmul(a, g, { transposeLeft: !transposeLeft });
    };
    return [needed[0] ? sumTo(left(), a.shape) : undefined, needed[1] ? sumTo(right(), b.shape) : undefined];
  },
  forward: ({ tangents: [da, db], inputs: [a, b], output }) => {
    if (!a || !b) return undefined;
    // The axis summed over needs every element; directions may travel along the others.
    const whole = (tangent: Tensor, value: Tensor, fromEnd: number) =>
      stretchOver(carried(tangent, value, output, "matmul", 2), value, [value.shape.length - fromEnd], "matmul");
    const left = da && matmul(whole(da, a, transposeLeft ? 2 : 1), b, { transposeLeft, transposeRight });
    const right = db && matmul(a, whole(db, b, transposeRight ? 1 : 2), { transposeLeft, transposeRight });
    return left && right ? add(left, right) : (left ?? right);
  },
  onnx: (emitter, [a = "", b = ""], node) => {
    const [left, right] = node.inputs.map((input) => input.shape);
    if (left?.length === 2 && right?.length === 2)
      return transposeLeft || transposeRight
        ? emitter.node("Gemm", [a, b], { transA: Number(transposeLeft), transB: Number(transposeRight) })
        : emitter.node("MatMul", [a, b]);
    const turned = (name: string, shape: Shape, turn: boolean) =>
      turn ? emitter.node("Transpose", [name], { perm: swapLast(shape.length) }) : name;
    return emitter.node("MatMul", [turned(a, left ?? [], transposeLeft), turned(b, right ?? [], transposeRight)]);
  },
});

/**
 * The sum over all leading axes of products of rows, [..., k] x [..., m] -> [k, m]: the gradient of a matrix that many rows
 * share, as one product however many leading axes there are.
 */
export function contract(a: Tensor, b: Tensor): Tensor {
  return a.shape.length === 2 ? matmul(a, b, { transposeLeft: true }) : apply(contractOperator, [a, b]);
}

export const contractOperator: Operator = {
  name: "contract",
  attributes: {},
  shape: (inputs) => {
    expectFloats("contract", inputs);
    const [a = [], b = []] = inputs.map((input) => input.shape);
    const [k, m] = [a.at(-1), b.at(-1)];
    if (k === undefined || m === undefined || !sameShape(a.slice(0, -1), b.slice(0, -1)))
      throw failure("shape", {
        where: "contract",
        expected: "rows [..., k] and [..., m] with equal leading axes",
        received: `${formatShape(a)} and ${formatShape(b)}`,
      });
    return { shape: [k, m], type: "float32" };
  },
  reverse: ({ gradient: g, inputs: [a, b], needed }) =>
    a && b
      ? [needed[0] ? matmul(b, g, { transposeRight: true }) : undefined, needed[1] ? matmul(a, g) : undefined]
      : [],
  forward: ({ tangents: [da, db], inputs: [a, b] }) => {
    if (!a || !b) return undefined;
    const rows = a.shape.slice(0, -1).map((_, axis) => axis);
    const left = da && contract(stretchOver(da, a, rows, "contract"), b);
    const right = db && contract(a, stretchOver(db, b, rows, "contract"));
    return left && right ? add(left, right) : (left ?? right);
  },
  onnx: (emitter, names, { inputs }) => {
    const flat = names.map((name, i) =>
      emitter.node("Reshape", [name, emitter.constant(integers([-1, Number(inputs[i]?.shape.at(-1))]))]),
    );
    return emitter.node("Gemm", flat, { transA: 1 });
  },
};

/** x W + b for a matrix x [n, k] (or [..., n, k]), W [k, m] and b [m], in one operator. */
export function affine(x: Tensor, weight: Tensor, bias: Tensor): Tensor {
  if (x.shape.length !== 2) return add(matmul(x, weight), bias);
  return apply(affineOperator, [x, weight, bias]);
}

export const affineOperator: Operator = {
  name: "affine",
  attributes: {},
  shape: (inputs) => {
    expectFloats("affine", inputs);
    const [x, weight, bias] = inputs.map((input) => input.shape);
    if (x?.length !== 2 || weight?.length !== 2 || bias?.length !== 1 || x[1] !== weight[0] || weight[1] !== bias[0])
      throw failure("shape", {
        where: "affine",
        expected: "x [n, k], weight [k, m] and bias [m]",
        received: inputs.map((input) => formatShape(input.shape)).join(", "),
      });
    return { shape: [x[0] ?? 1, weight[1] ?? 1], type: "float32" };
  },
  reverse: ({ gradient, inputs: [x, weight], needed }) =>
    x && weight
      ? [
          needed[0] ? matmul(gradient, weight, { transposeRight: true }) : undefined,
          needed[1] ? matmul(x, gradient, { transposeLeft: true }) : undefined,
          needed[2] ? sum(gradient, [0]) : undefined,
        ]
      : [],
  forward: ({ tangents: [dx, dWeight, dBias], inputs: [x, weight] }) => {
    if (!x || !weight) return undefined;
    const parts = [
      dx && matmul(stretchOver(dx, x, [1], "affine"), weight),
      dWeight && matmul(x, stretchOver(dWeight, weight, [0], "affine")),
      dBias && reshape(dBias, [1, ...dBias.shape]),
    ];
    return parts.reduce((total, part) => (total && part ? add(total, part) : (total ?? part)), undefined);
  },
  onnx: (emitter, inputs) => emitter.node("Gemm", inputs),
};

/** Rows of a table [n, d] picked by an int64 index [m]: the result is [m, d]. */
export function gatherRows(table: Tensor, index: Tensor): Tensor {
  return apply(gatherOperator, [table, index]);
}

export const gatherOperator: Operator = {
  name: "gather",
  attributes: {},
  shape: ([table, index]) => {
    if (table?.shape.length !== 2 || index?.shape.length !== 1 || index.type !== "int64")
      throw failure("shape", {
        where: "gatherRows",
        expected: "a table [n, d] and an int64 index [m]",
        received: `${formatShape(table?.shape ?? [])} and ${index?.type} ${formatShape(index?.shape ?? [])}`,
      });
    return { shape: [index.shape[0] ?? 0, table.shape[1] ?? 0], type: table.type };
  },
  reverse: ({ gradient, inputs: [table, index] }) => [
    table && index && apply(scatterOperator, [table, index, gradient]),
    undefined,
  ],
  forward: ({ tangents: [tangent], inputs: [table, index] }) =>
    tangent && table && index && gatherRows(stretchOver(tangent, table, [0], "gatherRows"), index),
  onnx: (emitter, inputs) => emitter.node("Gather", inputs, { axis: 0 }),
};

/** Zeros shaped like a table, with rows added at an index: the transpose of gatherRows. */
export const scatterOperator: Operator = {
  name: "scatter",
  attributes: {},
  shape: ([table, index, rows]) => {
    const [n, d] = [index?.shape[0] ?? 0, table?.shape[1] ?? 0];
    if (
      table?.shape.length !== 2 ||
      index?.shape.length !== 1 ||
      index.type !== "int64" ||
      !rows ||
      !sameShape(rows.shape, [n, d])
    )
      throw failure("shape", {
        where: "scatter",
        expected: "a table [n, d], an int64 index [m] and rows [m, d]",
        received: [table, index, rows].map((input) => `${input?.type} ${formatShape(input?.shape ?? [])}`).join(", "),
      });
    return { shape: table.shape, type: "float32" };
  },
  reverse: ({ gradient, inputs: [, index] }) => [undefined, undefined, index && gatherRows(gradient, index)],
  forward: ({ tangents: [, , tangent], inputs: [table, index, rows] }) =>
    tangent &&
    table &&
    index &&
    rows &&
    apply(scatterOperator, [table, index, stretchOver(tangent, rows, [0, 1], "scatter")]),
  onnx: (emitter, [table = "", index = "", rows = ""]) => {
    const zeros = emitter.node("Expand", [emitter.constant(constant(0).value), emitter.node("Shape", [table])]);
    const at = emitter.node("Unsqueeze", [
      index,
      emitter.constant({ type: "int64", shape: [1], data: BigInt64Array.of(-1n) }),
    ]);
    return emitter.node("ScatterND", [zeros, at, rows], { reduction: "add" });
  },
};

function matrixSizes(shape: Shape, transposed: boolean): Shape {
  const sizes = shape.length < 2 ? [] : shape.slice(-2);
  return transposed ? [...sizes].reverse() : sizes;
}

function swapLast(rank: number): readonly number[] {
  return Array.from({ length: rank }, (_, axis) => (axis < rank - 2 ? axis : 2 * rank - 3 - axis));
}

/** Rows of tensors joined as columns: [n, a], [n, b] -> [n, a + b]. */
export function beside(...columns: readonly Tensor[]): Tensor {
  return concatenate(columns, -1);
}
