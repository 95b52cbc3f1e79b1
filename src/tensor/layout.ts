// layout: operators that move, stretch, cut, join and sum values.
import { failure } from "../errors.ts";
import { type ElementType, integers } from "./array.ts";
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
import { apply, constant, type Emitter, expectFloats, type Operator, type Tensor } from "./tensor.ts";

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
      emitter.node("Gather", [
        emitter.node("Shape", [x]),
        emitter.constant({ type: "int64", shape: [], data: BigInt64Array.of(BigInt(axis)) }),
      ]),
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

/** Rearranges to a shape with the same elements and the same symbolic sizes. */
export function reshape(x: Tensor, shape: Shape): Tensor {
  return sameShape(x.shape, shape) ? x : apply(reshapeOperator(shape), [x]);
}

export const reshapeOperator = (shape: Shape): Operator => ({
  name: "reshape",
  attributes: { shape },
  shape: ([x]) => {
    const from = x?.shape ?? [];
    const isShape = shape.every((size) => typeof size === "string" || (Number.isSafeInteger(size) && size >= 0));
    if (!isShape || symbolicCount(from) !== symbolicCount(shape))
      throw failure("shape", {
        where: "reshape",
        expected: `a shape with as many elements as ${formatShape(from)}`,
        received: formatShape(shape),
      });
    return { shape, type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && reshape(gradient, x.shape)],
  // The axes before the first that changes are left alone: directions may travel along them.
  forward: ({ tangents: [tangent], inputs: [x] }) => {
    if (!tangent || !x) return undefined;
    const changed = x.shape.findIndex((size, axis) => size !== shape[axis]);
    const kept = changed < 0 ? x.shape.length : changed;
    const axes = x.shape.map((_, axis) => axis).slice(kept);
    return reshape(stretchOver(tangent, x, axes, "reshape"), [...tangent.shape.slice(0, kept), ...shape.slice(kept)]);
  },
  // ONNX infers one symbolic size, written as -1, unless a known size is 0.
  onnx: (emitter, [x = ""], { inputs: [from] }) => {
    const symbolic = shape.filter((size) => typeof size === "string").length;
    const infer = () => emitter.constant(integers(shape.map((size) => (typeof size === "string" ? -1 : size))));
    const read = () => shapeVector(emitter, shape, (size) => ({ name: x, axis: from?.shape.indexOf(size) ?? 0 }));
    return emitter.node("Reshape", [x, symbolic > 1 || (symbolic === 1 && shape.includes(0)) ? read() : infer()], {
      allowzero: 1,
    });
  },
});

/** Reorders the axes: axis i of the result is axis permutation[i] of x. */
export function transpose(x: Tensor, permutation: readonly number[]): Tensor {
  const keepsOrder = permutation.length === x.shape.length && permutation.every((axis, i) => axis === i);
  return keepsOrder ? x : apply(transposeOperator(permutation), [x]);
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
  reverse: ({ gradient }) => [
    transpose(
      gradient,
      permutation.map((_, axis) => permutation.indexOf(axis)),
    ),
  ],
  forward: ({ tangents: [tangent] }) => tangent && transpose(tangent, permutation),
  onnx: (emitter, [x = ""]) => emitter.node("Transpose", [x], { perm: permutation }),
});

/** Stretches x by broadcasting to the shape of `like`. */
export function expandLike(x: Tensor, like: Tensor): Tensor {
  return stretch(x, like.shape, like);
}

/** Broadcasts to a shape; each symbolic size must stand at the same axis, counted from the right, of x or of `like`. */
export function stretch(x: Tensor, shape: Shape, like: Tensor): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const fromLike = shape.some(
    (size, axis) => typeof size === "string" && x.shape[axis - shape.length + x.shape.length] !== size,
  );
  return apply(expandOperator(shape), fromLike ? [x, like] : [x]);
}

/** Broadcasts its first argument to a shape; the second, when there is one, is only asked for symbolic sizes. */
export const expandOperator = (shape: Shape): Operator => ({
  name: "expand",
  attributes: { shape },
  shape: ([x, like]) => {
    const from = x?.shape ?? [];
    const known = [from, like?.shape ?? []];
    const isNamed = shape.every(
      (size, axis) =>
        typeof size === "number" || known.some((sizes) => sizes[axis - shape.length + sizes.length] === size),
    );
    if (!isNamed || !sameShape(broadcastShapes(from, shape, "expand"), shape))
      throw failure("shape", {
        where: "expand",
        expected: `a shape that stretches to ${formatShape(shape)}`,
        received: formatShape(from),
      });
    return { shape, type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && sumTo(gradient, x.shape), undefined],
  forward: ({ tangents: [tangent], inputs: [x], output }) => tangent && x && carried(tangent, x, output, "expand"),
  onnx: (emitter, [x = "", name = ""], { inputs: [, like] }) => {
    if (like && sameShape(like.shape, shape)) return emitter.node("Expand", [x, emitter.node("Shape", [name])]);
    // Expand broadcasts both ways: a size that x brings itself is written as 1.
    const find = (size: Size, axis: number) => {
      const at = axis - shape.length + (like?.shape.length ?? 0);
      return like?.shape[at] === size ? { name, axis: at } : undefined;
    };
    return emitter.node("Expand", [x, shapeVector(emitter, shape, find)]);
  },
});

/**
 * Sums over axes, counted from the end where negative; all axes when none are given. With `keep` they stay, with size
 * 1.
 */
export function sum(x: Tensor, axes: readonly number[] = x.shape.map((_, axis) => axis), keep = false): Tensor {
  const normalized = axes.map((axis) => normalizeAxis(axis, x.shape.length, "sum")).sort((a, b) => a - b);
  if (new Set(normalized).size < normalized.length)
    throw failure("shape", { where: "sum", expected: "each axis once", received: formatShape(axes) });
  return normalized.length === 0 ? x : apply(sumOperator(normalized, keep), [x]);
}

export const sumOperator = (axes: readonly number[], keep: boolean): Operator => ({
  name: "sum",
  attributes: { axes, keep },
  shape: ([x]) => {
    if (x) expectFloats("sum", [x]);
    const from = x?.shape ?? [];
    const shape = keep
      ? from.map((size, axis) => (axes.includes(axis) ? 1 : size))
      : from.filter((_, axis) => !axes.includes(axis));
    return { shape, type: "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => [x && expandLike(keepAxes(gradient, x.shape, axes), x)],
  forward: ({ tangents: [tangent], inputs: [x] }) =>
    tangent && x && sum(stretchOver(tangent, x, axes, "sum"), axes, keep),
  onnx: (emitter, [x = ""]) =>
    emitter.node("ReduceSum", [x, emitter.constant(integers(axes))], { keepdims: keep ? 1 : 0 }),
});

/** Sums a broadcast result back to the shape it was stretched from. */
export function sumTo(x: Tensor, shape: Shape): Tensor {
  if (sameShape(x.shape, shape)) return x;
  const axes = stretchedAxes(shape, x.shape);
  const onlyLeading = axes.every((axis) => axis < x.shape.length - shape.length);
  return onlyLeading ? sum(x, axes) : reshape(sum(x, axes, true), shape);
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
    for (const { shape, type } of inputs)
      if (
        shape.length !== first.length ||
        type !== inputs[0]?.type ||
        !shape.every((size, i) => i === axis || size === first[i])
      )
        throw failure("shape", {
          where: "concatenate",
          expected: `tensors of one type that differ along axis ${axis} only`,
          received: inputs.map((x) => `${x.type} ${formatShape(x.shape)}`).join(", "),
        });
    const sizes = inputs.map((x) => x.shape[axis] ?? 0);
    if (!sizes.every((size) => typeof size === "number"))
      throw failure("shape", {
        where: "concatenate",
        expected: `known sizes along axis ${axis}`,
        received: formatShape(sizes),
      });
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
    const widths = tangents.flatMap((tangent): Shape[] =>
      tangent ? [tangent.shape.map((size, i) => (i === axis ? 1 : size))] : [],
    );
    const common = widths.reduce((a, b) => broadcastShapes(a, b, "concatenate"));
    const parts = inputs.map((x, i) => {
      const part = tangents[i];
      const width = (size: Size, at: number) => (at === axis ? (x.shape[at] ?? 1) : size);
      return stretch(part ? stretchOver(part, x, [axis], "concatenate") : constant(0), common.map(width), x);
    });
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
    const isWhole = Number.isInteger(start) && Number.isInteger(end);
    if (typeof size !== "number" || !isWhole || start < 0 || end < start || end > size)
      throw failure("shape", {
        where: "slice",
        expected: `0 <= start <= end <= size along axis ${axis} of ${formatShape(from)}`,
        received: `${start} to ${end}`,
      });
    return { shape: from.map((s, i) => (i === axis ? end - start : s)), type: x?.type ?? "float32" };
  },
  reverse: ({ gradient, inputs: [x] }) => {
    if (!x) return [];
    const block = (width: number): Tensor[] => {
      const shape = gradient.shape.map((size, i) => (i === axis ? width : size));
      return width === 0 ? [] : [stretch(constant(0), shape, gradient)];
    };
    return [concatenate([...block(start), gradient, ...block(Number(x.shape[axis]) - end)], axis)];
  },
  forward: ({ tangents: [tangent], inputs: [x] }) =>
    tangent && x && slice(stretchOver(tangent, x, [axis], "slice"), axis, start, end),
  onnx: (emitter, [x = ""]) =>
    emitter.node("Slice", [
      x,
      emitter.constant(integers([start])),
      emitter.constant(integers([end])),
      emitter.constant(integers([axis])),
    ]),
});

/**
 * A tangent made as wide as its value along the given axes, where an operator is about to act on each element. Throws when
 * several directions travel there.
 */
export function stretchOver(tangent: Tensor, value: Tensor, axes: readonly number[], where: string): Tensor {
  if (axes.some((axis) => tangent.shape[axis] !== 1 && tangent.shape[axis] !== value.shape[axis]))
    throw strayDirections(tangent, value, where);
  const shape = value.shape.map((size, axis) => (axes.includes(axis) ? size : (tangent.shape[axis] ?? 1)));
  return stretch(tangent, shape, value);
}

/**
 * The tangent of an argument that is broadcast to the output, all but the last `apart` axes. Throws when several directions
 * travel along an axis that broadcasting fills with elements: the two could not be told apart.
 */
export function carried(tangent: Tensor, value: Tensor, output: Tensor, where: string, apart = 0): Tensor {
  const offset = output.shape.length - value.shape.length;
  const strays = (size: Size, axis: number) =>
    axis < value.shape.length - apart && size === 1 && tangent.shape[axis] !== 1 && output.shape[offset + axis] !== 1;
  if (value.shape.some(strays)) throw strayDirections(tangent, value, where);
  return tangent;
}

function strayDirections(tangent: Tensor, value: Tensor, where: string) {
  return failure("shape", {
    where: `tangent of ${where}`,
    expected: `one direction for ${formatShape(value.shape)}, or several along an axis that ${where} leaves alone`,
    received: formatShape(tangent.shape),
    remedy: "send directions through one by one",
  });
}

/** Emits a vector of sizes. `find` says where a symbolic size is read; a size found nowhere is written as 1. */
export function shapeVector(
  emitter: Emitter,
  shape: Shape,
  find: (size: Size, axis: number) => { readonly name: string; readonly axis: number } | undefined,
): string {
  if (shape.every((size) => typeof size === "number")) return emitter.constant(integers(shape.map(Number)));
  const parts = shape.map((size, at) => {
    const found = typeof size === "string" ? find(size, at) : undefined;
    if (found) return emitter.node("Shape", [found.name], { start: found.axis, end: found.axis + 1 });
    return emitter.constant(integers([typeof size === "number" ? size : 1]));
  });
  return emitter.node("Concat", parts, { axis: 0 });
}

function keepAxes(gradient: Tensor, shape: Shape, axes: readonly number[]): Tensor {
  return reshape(
    gradient,
    shape.map((size, axis): Size => (axes.includes(axis) ? 1 : size)),
  );
}

function castTo(
  x: string,
  type: ElementType,
  emitter: { node(operator: string, inputs: readonly string[], attributes: Record<string, number>): string },
): string {
  const codes: Record<ElementType, number> = { float32: 1, int32: 6, int64: 7, bool: 9, float64: 11 };
  return emitter.node("Cast", [x], { to: codes[type] });
}
