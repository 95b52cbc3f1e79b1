// reference: evaluates symbolic graphs in 64 bits, operator by operator, written from the mathematics and without ONNX.
import { elementCount, type NDArray } from "../../src/tensor/array.ts";
import { topologicalOrder } from "../../src/tensor/graph.ts";
import type { OperatorName } from "../../src/tensor/operators.ts";
import type { Attribute, Tensor } from "../../src/tensor/tensor.ts";
import { isConstant } from "../../src/tensor/tensor.ts";
import { convolved, correlated, downsampled, spread, upsampled } from "./convolutions.ts";

/** Numbers in 64 bits with a shape; integers and booleans are numbers too. */
export interface Value {
  readonly shape: readonly number[];
  readonly data: Float64Array;
}

/** The values of the outputs. Throws when a value does not have the shape that its tensor promises. */
export function evaluate(outputs: readonly Tensor[], feeds: ReadonlyMap<Tensor, Value>): readonly Value[] {
  const sizes = new Map<string, number>();
  const found = new Map<Tensor, Value>();
  for (const node of topologicalOrder([...feeds.keys(), ...outputs])) {
    const value = feeds.get(node) ?? computed(node, found, sizes);
    if (!promises(node, value, sizes))
      throw new Error(`${node.operator.name} promises [${node.shape}] and is [${value.shape}]`);
    found.set(node, value);
  }
  return outputs.map((output) => valueAt(found, output));
}

export function valueFrom(data: ArrayLike<number>, shape: readonly number[] = [data.length]): Value {
  if (data.length !== elementCount(shape)) throw new Error(`${data.length} values for [${shape}]`);
  return { shape, data: Float64Array.from(data) };
}

/** An array of any type in 64 bits. */
export function toValue({ data, shape }: NDArray): Value {
  return { shape, data: Float64Array.from(data as ArrayLike<number | bigint>, Number) };
}

function computed(node: Tensor, found: ReadonlyMap<Tensor, Value>, sizes: ReadonlyMap<string, number>): Value {
  if (isConstant(node)) return toValue(node.value);
  const meaning = meanings[node.operator.name as OperatorName];
  if (meaning === undefined) throw new Error(`no meaning for ${node.operator.name}`);
  const inputs = node.inputs.map((input) => valueAt(found, input));
  const resolve = (shape: Attribute | undefined) =>
    list(shape).map((size) => (typeof size === "number" ? size : (sizes.get(size) ?? Number.NaN)));
  return meaning(inputs, { attributes: node.operator.attributes, resolve });
}

function valueAt(found: ReadonlyMap<Tensor, Value>, node: Tensor): Value {
  const value = found.get(node);
  if (value === undefined) throw new Error(`no value for ${node.operator.name}`);
  return value;
}

function promises(node: Tensor, { shape, data }: Value, sizes: Map<string, number>): boolean {
  if (shape.length !== node.shape.length || data.length !== elementCount(shape)) return false;
  return node.shape.every((size, axis) => {
    const actual = shape[axis] ?? 0;
    if (typeof size === "number") return size === actual;
    if (!sizes.has(size)) sizes.set(size, actual);
    return sizes.get(size) === actual;
  });
}

interface Details {
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** A shape with its symbolic sizes replaced by those of the inputs. */
  resolve(shape: Attribute | undefined): readonly number[];
}
type Meaning = (inputs: readonly Value[], details: Details) => Value;

const each =
  (f: (...numbers: number[]) => number): Meaning =>
  (inputs) =>
    build(broadcast(inputs.map((input) => input.shape)), (index) => f(...inputs.map((input) => at(input, index))));

const normal = (x: number) => 0.5 * (1 + erf(x * Math.SQRT1_2));
const logistic = (x: number) => 1 / (1 + Math.exp(-x));

const meanings: Readonly<Record<OperatorName, Meaning>> = {
  negate: each((x) => -x),
  exponential: each(Math.exp),
  logarithm: each(Math.log),
  squareRoot: each(Math.sqrt),
  sine: each(Math.sin),
  cosine: each(Math.cos),
  hyperbolicTangent: each(Math.tanh),
  sigmoid: each(logistic),
  errorFunction: each((x) => erf(x)),
  absolute: each(Math.abs),
  relu: each((x) => Math.max(x, 0)),
  isPositive: each((x) => (x > 0 ? 1 : 0)),
  elu: each((x) => (x > 0 ? x : Math.expm1(x))),
  silu: each((x) => x * logistic(x)),
  gelu: each((x) => x * normal(x)),
  softplus: each((x) => (x > 0 ? x + Math.log1p(Math.exp(-x)) : Math.log1p(Math.exp(x)))),
  add: each((a = 0, b = 0) => a + b),
  subtract: each((a = 0, b = 0) => a - b),
  multiply: each((a = 0, b = 0) => a * b),
  divide: each((a = 0, b = 0) => a / b),
  maximum: each((a = 0, b = 0) => Math.max(a, b)),
  minimum: each((a = 0, b = 0) => Math.min(a, b)),
  greater: each((a = 0, b = 0) => Number(a > b)),
  less: each((a = 0, b = 0) => Number(a < b)),
  where: each((condition, a = 0, b = 0) => (condition ? a : b)),
  size: ([x], { attributes }) => valueFrom([some(x).shape[Number(attributes["axis"])] ?? Number.NaN], []),
  cast: ([x], { attributes }) => {
    const whole = attributes["type"] === "int64" || attributes["type"] === "int32";
    const convert = (v: number) => (attributes["type"] === "bool" ? Number(v !== 0) : whole ? Math.trunc(v) : v);
    return { shape: some(x).shape, data: some(x).data.map(convert) };
  },
  reshape: ([x], { attributes, resolve }) => ({ shape: resolve(attributes["shape"]), data: some(x).data }),
  expand: ([x], { attributes, resolve }) => build(resolve(attributes["shape"]), (index) => at(some(x), index)),
  transpose: ([x], { attributes }) => {
    const order = list(attributes["permutation"]).map(Number);
    const moved = (index: readonly number[]) => some(x).shape.map((_, axis) => index[order.indexOf(axis)] ?? 0);
    return build(
      order.map((axis) => some(x).shape[axis] ?? 0),
      (index) => at(some(x), moved(index)),
    );
  },
  sum: ([x], { attributes }) => {
    const { shape } = some(x);
    const axes = list(attributes["axes"]);
    const kept = shape.map((size, axis) => (axes.includes(axis) ? 1 : size));
    const result = build(kept, () => 0);
    for (const index of indices(shape)) {
      const target = offset(
        kept,
        index.map((i, axis) => (axes.includes(axis) ? 0 : i)),
      );
      result.data[target] = (result.data[target] ?? 0) + at(some(x), index);
    }
    return attributes["keep"] ? result : valueFrom(result.data, dropped(shape, axes));
  },
  concatenate: (inputs, { attributes }) => {
    const axis = Number(attributes["axis"]);
    const starts = inputs.map((_, i) => total(inputs.slice(0, i).map((x) => x.shape[axis] ?? 0)));
    const width = total(inputs.map((x) => x.shape[axis] ?? 0));
    const shape = some(inputs[0]).shape.map((size, i) => (i === axis ? width : size));
    return build(shape, (index) => {
      const part = starts.findLastIndex((start, i) => start <= (index[axis] ?? 0) && some(inputs[i]).shape[axis] !== 0);
      const inside = index.map((i, a) => (a === axis ? i - (starts[part] ?? 0) : i));
      return at(some(inputs[part]), inside);
    });
  },
  slice: ([x], { attributes }) => {
    const [axis, start, end] = ["axis", "start", "end"].map((name) => Number(attributes[name]));
    const shape = some(x).shape.map((size, i) => (i === axis ? (end ?? 0) - (start ?? 0) : size));
    return build(shape, (index) =>
      at(
        some(x),
        index.map((i, a) => (a === axis ? i + (start ?? 0) : i)),
      ),
    );
  },
  matmul: ([a, b], { attributes }) => {
    const left = attributes["transposeLeft"] ? swapped(some(a)) : some(a);
    const right = attributes["transposeRight"] ? swapped(some(b)) : some(b);
    return product(left, right);
  },
  affine: ([x, weight, bias]) => each((p = 0, q = 0) => p + q)([product(some(x), some(weight)), some(bias)], nothing),
  gather: ([table, rows]) => {
    const index = some(rows);
    return build([index.shape[0] ?? 0, some(table).shape[1] ?? 0], ([i = 0, column = 0]) =>
      at(some(table), [index.data[i] ?? Number.NaN, column]),
    );
  },
  scatter: ([table, index, rows]) => {
    const result = build(some(table).shape, () => 0);
    for (const [i = 0, column = 0] of indices(some(rows).shape)) {
      const target = offset(result.shape, [some(index).data[i] ?? Number.NaN, column]);
      result.data[target] = (result.data[target] ?? Number.NaN) + at(some(rows), [i, column]);
    }
    return result;
  },
  contract: ([a, b]) => {
    const flat = (x: Value): Value => ({
      shape: [total(x.shape.slice(0, -1), 1, (p, q) => p * q), x.shape.at(-1) ?? 0],
      data: x.data,
    });
    return product(swapped(flat(some(a))), flat(some(b)));
  },
  sumSquares: ([x], { attributes }) => {
    const squares = each((v) => v * v)([some(x)], nothing);
    return meanings.sum([squares], { ...nothing, attributes: { axes: attributes["axes"] ?? [], keep: true } });
  },
  softmax: ([x]) => {
    const y = each((v) => Math.exp(v))([some(x)], nothing);
    const width = y.shape.at(-1) ?? 1;
    const sums = Array.from({ length: y.data.length / width }, (_, row) =>
      total(Array.from(y.data.subarray(row * width, (row + 1) * width))),
    );
    return { shape: y.shape, data: y.data.map((v, i) => v / (sums[Math.floor(i / width)] ?? Number.NaN)) };
  },
  convolution: ([x, weight, bias], { attributes }) => convolved(some(x), some(weight), bias, sliding(attributes)),
  convolutionInput: ([g, weight], { attributes }) =>
    spread(some(g), some(weight), list(attributes["size"]).map(Number), sliding(attributes)),
  convolutionWeight: ([x, g], { attributes }) =>
    correlated(some(x), some(g), list(attributes["kernel"]).map(Number), sliding(attributes)),
  upsample: ([x]) => upsampled(some(x)),
  downsample: ([x]) => downsampled(some(x)),
  recompute: ([y]) => some(y),
  after: ([x]) => some(x),
};

function sliding(attributes: Details["attributes"]) {
  return { stride: Number(attributes["stride"]), padding: Number(attributes["padding"]) };
}

const nothing: Details = { attributes: {}, resolve: () => [] };

/**
 * The error function to 1e-15: for small x the series 2 / sqrt(pi) e^(-x^2) sum_n 2^n x^(2n+1) / (2n+1)!!, whose terms are
 * all positive; beyond, 1 - erfc by its continued fraction x + (1/2)/(x + (2/2)/(x + (3/2)/(x + ...))).
 */
export function erf(x: number): number {
  const size = Math.abs(x);
  if (size > 6) return Math.sign(x);
  const bell = Math.exp(-size * size) / Math.sqrt(Math.PI);
  if (size > 3) {
    let fraction = size;
    for (let n = 80; n > 0; n--) fraction = size + n / 2 / fraction;
    return Math.sign(x) * (1 - bell / fraction);
  }
  let term = size;
  let series = 0;
  for (let n = 0; n < 100; n++) {
    series += term;
    term *= (2 * size * size) / (2 * n + 3);
  }
  return Math.sign(x) * 2 * bell * series;
}

function product(left: Value, right: Value): Value {
  const [n = 0, inner = 0] = left.shape.slice(-2);
  const [, m = 0] = right.shape.slice(-2);
  const batch = broadcast([left.shape.slice(0, -2), right.shape.slice(0, -2)]);
  return build([...batch, n, m], (index) => {
    const [i = 0, j = 0] = index.slice(-2);
    const outer = index.slice(0, -2);
    let result = 0;
    for (let k = 0; k < inner; k++) result += at(left, [...outer, i, k]) * at(right, [...outer, k, j]);
    return result;
  });
}

function swapped(x: Value): Value {
  const flip = (sizes: readonly number[]) => [...sizes.slice(0, -2), ...sizes.slice(-2).reverse()];
  return build(flip(x.shape), (index) => at(x, flip(index)));
}

/** Numpy's rule, written once more. */
function broadcast(shapes: readonly (readonly number[])[]): readonly number[] {
  const rank = Math.max(...shapes.map((shape) => shape.length));
  return Array.from({ length: rank }, (_, axis) => {
    const sizes = shapes.map((shape) => shape[axis - rank + shape.length] ?? 1).filter((size) => size !== 1);
    if (new Set(sizes).size > 1) throw new Error(`[${shapes.join("] and [")}] do not broadcast`);
    return sizes[0] ?? 1;
  });
}

/** The element at an index of a shape that x broadcasts to. */
function at(x: Value, index: readonly number[]): number {
  const own = x.shape.map((size, axis) => (size === 1 ? 0 : (index[axis - x.shape.length + index.length] ?? 0)));
  return x.data[offset(x.shape, own)] ?? Number.NaN;
}

function offset(shape: readonly number[], index: readonly number[]): number {
  return shape.reduce((sum, size, axis) => sum * size + (index[axis] ?? 0), 0);
}

function* indices(shape: readonly number[]): Generator<readonly number[]> {
  const count = elementCount(shape);
  for (let i = 0; i < count; i++) {
    let rest = i;
    const index = shape.map(() => 0);
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      const size = shape[axis] ?? 1;
      index[axis] = rest % size;
      rest = Math.floor(rest / size);
    }
    yield index;
  }
}

function build(shape: readonly number[], f: (index: readonly number[]) => number): Value {
  return { shape, data: Float64Array.from([...indices(shape)].map(f)) };
}

function dropped(shape: readonly number[], axes: readonly unknown[]): readonly number[] {
  return shape.filter((_, axis) => !axes.includes(axis));
}

function list(attribute: Attribute | undefined): readonly (number | string)[] {
  if (!Array.isArray(attribute)) throw new Error("a list attribute is missing");
  return attribute;
}

function some<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an argument is missing");
  return value;
}

function total(numbers: readonly number[], start = 0, f = (a: number, b: number) => a + b): number {
  return numbers.reduce(f, start);
}
