// layout: operators that move, stretch, cut, join and sum values.
import { failure } from "../errors.ts";
import { type ElementType, integers, zeros } from "./array.ts";
import {
  broadcastShapes,
  formatShape,
  normalizeAxis,
  type Shape,
  type Size,
  sameShape,
  stretchedAxes,
  symbolicCount,
} from "./shape.ts";
import { apply, constant, expectFloats, type Operator, type Tensor } from "./tensor.ts";

/** Zeros of a shape; symbolic sizes are stretched like `like`. */
export function zerosLike(like: Tensor): Tensor {
  return expandLike(constant(0), like);
}

/** The number of elements along `axis`, as a float32 scalar. */
export function sizeOf(x: Tensor, axis: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length, "sizeOf");
  const size = x.shape[at];
  return typeof size === "number" ? constant(size) : apply(sizeOperator(at), [x]);
}

export const sizeOperator = (axis: number): Operator => ({
  name: "size",
  attributes: { axis },
  shape: () => ({ shape: [], type: "float32" }),
  onnx: (emitter, [x = ""]) =>
    castTo(
      emitter.node("Gather", [emitter.node("Shape", [x]), emitter.constant({ type: "int64", shape: [], data: BigInt64Array.of(BigInt(axis)) })]),
      "float32",
      emitter,
    ),
});

/** Converts the element type; no derivative flows through. */
export function cast(x: Tensor, type: ElementType): Tensor {
  return x.type === type ? x : apply(castOperator(type), [x]);
}

export const castOperator = (type: ElementType): Operator => ({
  name: "cast",
  attributes: { type },
  shape: ([x]) => ({ shape: x?.shape ?? [], type }),
  onnx: (emitter, [x = ""]) => castTo(x, type, emitter),
});

/** Rearranges to a shape with the same elements; at most one size may be symbolic. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(reshapeOperator(shape), [x]);
}

export const reshapeOperator = (shape: Shape): Operator => ({
  name: "reshape",
  attributes: { shape },
  shape: ([x]) => {
    const from = x?.shape ?? [];
    const named = shape.filter((size) => typeof size === "string").length;
    if (symbolicCount(from) !== symbolicCount(shape) || named > 1)
      throw failure("shape", {
        where: "reshape",
        expected: `a shape with as many elements as ${formatShape(from)} and at most one symbolic size`,
        received: formatShape(shape),
      });
    return { shape, type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && reshape(gradient, x.shape)],
  forward: ({ tangents: [tangent], inputs: [x] }) => tangent && x && reshape(sameAs(tangent, x, "reshape"), shape),
  // A symbolic size is written as -1 unless some known size is 0, where ONNX could not infer it.
  onnx: (emitter, [x = ""]) =>
    emitter.node("Reshape", [x, emitter.constant(integers(shape.map((size) => (typeof size === "string" ? -1 : size))))], { allowzero: 1 }),
});

/** Reorders the axes: axis i of the result is axis permutation[i] of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  return permutation.every((axis, i) => axis === i) ? x : apply(transposeOperator(permutation), [x]);
}

export const transposeOperator = (permutation: readonly number[]): Operator => ({
  name: "transpose",
  attributes: { permutation },
  shape: ([x]) => {
    const from = x?.shape ?? [];
    const isPermutation = [...permutation].sort((a, b) => a - b).every((axis, i) => axis === i);
    if (!isPermutation || permutation.length !== from.length)
      throw failure("shape", {
        where: "transpose",
        expected: `a permutation of the ${from.length} axes of ${formatShape(from)}`,
        received: formatShape(permutation),
      });
    return { shape: permutation.map((axis) => from[axis] ?? 1), type: x?.type ?? "float32" };
  },
  reverse: ({ gradient }) => [transpose(gradient, permutation.map((_, axis) => permutation.indexOf(axis)))],
  forward: ({ tangents: [tangent] }) => tangent && transpose(tangent, permutation),
  onnx: (emitter, [x = ""]) => emitter.node("Transpose", [x], { perm: permutation }),
});

/** Stretches x by broadcasting to the shape of `like`. */
export function expandLike(x: Tensor, like: Tensor): Tensor {
  return sameShape(x.shape, like.shape) ? x : apply(expandOperator, [x, like]);
}

export const expandOperator: Operator = {
  name: "expand",
  attributes: {},
  shape: ([x, like]) => {
    const [from, to] = [x?.shape ?? [], like?.shape ?? []];
    if (!sameShape(broadcastShapes(from, to, "expandLike"), to))
      throw failure("shape", { where: "expandLike", expected: `a shape that stretches to ${formatShape(to)}`, received: formatShape(from) });
    return { shape: to, type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && sumTo(gradient, x.shape), undefined],
  forward: ({ tangents: [tangent], inputs: [, like] }) => {
    if (!tangent || !like) return undefined;
    return sameShape(broadcastShapes(tangent.shape, like.shape, "expandLike"), like.shape) ? expandLike(tangent, like) : tangent;
  },
  onnx: (emitter, [x = "", like = ""], { shape }) => {
    const isStatic = shape.every((size) => typeof size === "number");
    const target = isStatic ? emitter.constant(integers(shape.map(Number))) : emitter.node("Shape", [like]);
    return emitter.node("Expand", [x, target]);
  },
};

/** Sums over axes, keeping them with size 1 when `keep` is set. */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Tensor {
  const normalized = axes.map((axis) => normalizeAxis(axis, x.shape.length, "sum")).sort((a, b) => a - b);
  return normalized.length === 0 ? x : apply(sumOperator(normalized, keep), [x]);
}

export const sumOperator = (axes: readonly number[], keep: boolean): Operator => ({
  name: "sum",
  attributes: { axes, keep },
  shape: ([x]) => {
    if (x) expectFloats("sum", [x]);
    const from = x?.shape ?? [];
    const shape = keep ? from.map((size, axis) => (axes.includes(axis) ? 1 : size)) : from.filter((_, axis) => !axes.includes(axis));
    return { shape, type: "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && expandLike(keepAxes(gradient, x.shape, axes), x)],
  forward: ({ tangents: [tangent], inputs: [x] }) => tangent && x && sum(stretchOver(tangent, x, axes), axes, keep),
  onnx: (emitter, [x = ""]) => emitter.node("ReduceSum", [x, emitter.constant(integers(axes))], { keepdims: keep ? 1 : 0 }),
});

/** Sums a broadcast result back to the shape it was stretched from. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  return reshape(sum(x, stretchedAxes(shape, x.shape), true), shape);
}

/** Joins tensors along an axis; the other sizes must agree. */
export function concatenate(tensors: readonly Tensor[], axis: number): Tensor {
  const [first] = tensors;
  if (first && tensors.length === 1) return first;
  return apply(concatenateOperator(normalizeAxis(axis, first?.shape.length ?? 0, "concatenate")), tensors);
}

export const concatenateOperator = (axis: number): Operator => ({
  name: "concatenate",
  attributes: { axis },
  shape: (inputs) => {
    const first = inputs[0]?.shape ?? [];
    for (const { shape } of inputs)
      if (shape.length !== first.length || !shape.every((size, i) => i === axis || size === first[i]))
        throw failure("shape", {
          where: "concatenate",
          expected: `tensors that differ along axis ${axis} only`,
          received: inputs.map((x) => formatShape(x.shape)).join(", "),
        });
    const sizes = inputs.map((x) => x.shape[axis] ?? 0);
    if (!sizes.every((size) => typeof size === "number"))
      throw failure("shape", { where: "concatenate", expected: `known sizes along axis ${axis}`, received: formatShape(sizes) });
    const total = sizes.reduce<number>((a, b) => a + Number(b), 0);
    return { shape: first.map((size, i) => (i === axis ? total : size)), type: inputs[0]?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs }) => {
    let start = 0;
    return inputs.map((x) => {
      const size = Number(x.shape[axis]);
      start += size;
      return slice(gradient, axis, start - size, start);
    });
  },
  forward: ({ tangents, inputs }) => {
    const widths = tangents.flatMap((tangent): Shape[] => (tangent ? [tangent.shape.map((size, i) => (i === axis ? 1 : size))] : []));
    const common = widths.reduce((a, b) => broadcastShapes(a, b, "concatenate"));
    const parts = inputs.map((x, i) => stretch(tangents[i] ?? constant(0), common.map((size, j) => (j === axis ? (x.shape[j] ?? 1) : size)), x));
    return concatenate(parts, axis);
  },
  onnx: (emitter, inputs) => emitter.node("Concat", inputs, { axis }),
});

/** Elements `start` to `end` along an axis of known size. */
export function slice(x: Tensor, axis: number, start: number, end: number): Tensor {
  const at = normalizeAxis(axis, x.shape.length, "slice");
  return start === 0 && end === x.shape[at] ? x : apply(sliceOperator(at, start, end), [x]);
}

export const sliceOperator = (axis: number, start: number, end: number): Operator => ({
  name: "slice",
  attributes: { axis, start, end },
  shape: ([x]) => {
    const from = x?.shape ?? [];
    const size = from[axis];
    if (typeof size !== "number" || start < 0 || end < start || end > size)
      throw failure("shape", { where: "slice", expected: `0 <= start <= end <= size along axis ${axis} of ${formatShape(from)}`, received: `${start} to ${end}` });
    return { shape: from.map((s, i) => (i === axis ? end - start : s)), type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => {
    if (!x) return [];
    const block = (width: number): Tensor[] =>
      width === 0 ? [] : [stretch(constant(0), gradient.shape.map((size, i) => (i === axis ? width : size)), gradient)];
    return [concatenate([...block(start), gradient, ...block(Number(x.shape[axis]) - end)], axis)];
  },
  forward: ({ tangents: [tangent], inputs: [x] }) => tangent && x && slice(stretchOver(tangent, x, [axis]), axis, start, end),
  onnx: (emitter, [x = ""]) =>
    emitter.node("Slice", [x, emitter.constant(integers([start])), emitter.constant(integers([end])), emitter.constant(integers([axis]))]),
});

/** A tangent made as wide as its value along the given axes, where an operator is about to act on each element. */
function stretchOver(tangent: Tensor, value: Tensor, axes: readonly number[]): Tensor {
  const shape = value.shape.map((size, axis) => (axes.includes(axis) ? size : (tangent.shape[axis] ?? 1)));
  return stretch(tangent, shape, value);
}

/** Broadcasts to a shape whose symbolic sizes all occur at the same axis of `like` or of x. */
function stretch(x: Tensor, shape: Shape, like: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x;
  if (shape.every((size) => typeof size === "number")) return expandLike(x, constant(zeros(shape.map(Number))));
  // One slice of `like` carries the symbolic sizes; zeros of the known sizes carry the rest.
  const names = like.shape.reduce<Tensor>((rest, size, axis) => (typeof size === "number" && size > 1 ? slice(rest, axis, 0, 1) : rest), like);
  const known = constant(zeros(shape.map((size) => (typeof size === "number" ? size : 1))));
  return apply(expandOperator, [x, apply(outlineOperator(shape), [names, known])]);
}

/** A value of the given shape that is only ever asked for its shape. */
const outlineOperator = (shape: Shape): Operator => ({
  name: "outline",
  attributes: { shape },
  shape: () => ({ shape, type: "float32" }),
  onnx: (emitter, [names = "", known = ""]) => emitter.node("Add", [emitter.node("Mul", [names, emitter.constant(zeros([]))]), known]),
});

function keepAxes(gradient: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reshape(gradient, shape.map((size, axis): Size => (axes.includes(axis) ? 1 : size)));
}

function sameAs(tangent: Tensor, value: Tensor, where: string): Tensor {
  if (sameShape(tangent.shape, value.shape)) return tangent;
  if (sameShape(broadcastShapes(tangent.shape, value.shape, where), value.shape)) return expandLike(tangent, value);
  throw failure("shape", {
    where: `tangent of ${where}`,
    expected: `one direction of shape ${formatShape(value.shape)}`,
    received: formatShape(tangent.shape),
    remedy: "send directions one by one through reshapes",
  });
}

function castTo(x: string, type: ElementType, emitter: { node(operator: string, inputs: readonly string[], attributes: Record<string, number>): string }): string {
  const codes: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 };
  return emitter.node("Cast", [x], { to: codes[type] });
}
