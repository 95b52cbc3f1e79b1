// array: numbers with a shape. An NDArray holds values; a Tensor (tensor.ts) describes a computation.
import { failure } from "../errors.ts";

/** Element types that cross between programs, files and the engine. Booleans are stored as bytes 0 and 1. */
export type ElementType = "float32" | "float64" | "int64" | "int32" | "bool";

/** The typed array behind each element type. */
export interface ElementData {
  float32: Float32Array;
  float64: Float64Array;
  int64: BigInt64Array;
  int32: Int32Array;
  bool: Uint8Array;
}

/** Dense row-major numbers. `shape` is a list of sizes, `data.length` is their product. */
export interface NDArray<T extends ElementType = ElementType> {
  readonly type: T;
  readonly shape: readonly number[];
  readonly data: ElementData[T];
}

/** Float32 numbers with a shape: rows, points, weights. */
export type FloatArray = NDArray<"float32">;

/** Bytes of one element. */
export const elementBytes: Readonly<Record<ElementType, number>> = {
  float32: 4,
  float64: 8,
  int64: 8,
  int32: 4,
  bool: 1,
};

/** Allocates the typed array of an element type, filled with zeros. */
export function allocate<T extends ElementType>(type: T, length: number): ElementData[T] {
  const constructors: { [K in ElementType]: new (length: number) => ElementData[K] } = {
    float32: Float32Array,
    float64: Float64Array,
    int64: BigInt64Array,
    int32: Int32Array,
    bool: Uint8Array,
  };
  return new constructors[type](length);
}

/**
 * Wraps float32 values as an array of the given shape (no copy for a Float32Array). Throws "shape" for another number
 * of values.
 */
export function floats(
  values: Float32Array | readonly number[],
  shape: readonly number[] = [values.length],
): FloatArray {
  return checked({ type: "float32", shape, data: values instanceof Float32Array ? values : Float32Array.from(values) });
}

/** Wraps 64-bit integers (shapes and indices in ONNX) as an array of the given shape. */
export function integers(values: readonly number[], shape: readonly number[] = [values.length]): NDArray<"int64"> {
  return checked({ type: "int64", shape, data: BigInt64Array.from(values, BigInt) });
}

/** A float32 array of zeros. */
export function zeros(shape: readonly number[]): FloatArray {
  return { type: "float32", shape, data: new Float32Array(elementCount(shape)) };
}

/** Product of the sizes; 1 for a scalar. */
export function elementCount(shape: readonly number[]): number {
  return shape.reduce((product, size) => product * size, 1);
}

/** Rows `start` to `end` of the first axis, sharing memory with `array`. */
export function rowsOf(array: FloatArray, start: number, end: number): FloatArray {
  const width = elementCount(array.shape.slice(1));
  return floats(array.data.subarray(start * width, end * width), [end - start, ...array.shape.slice(1)]);
}

/** Copies of the rows of the first axis at these places, in their order. */
export function pickedRows(array: FloatArray, places: ArrayLike<number>): FloatArray {
  const width = elementCount(array.shape.slice(1));
  const picked = zeros([places.length, ...array.shape.slice(1)]);
  for (let n = 0; n < places.length; n++) {
    const row = places[n] ?? 0;
    picked.data.set(array.data.subarray(row * width, (row + 1) * width), n * width);
  }
  return picked;
}

/** Arrays below each other: the same sizes behind the first axis, which is as long as those of all parts. */
export function stackedRows(parts: readonly FloatArray[]): FloatArray {
  const rows = parts.reduce((total, { shape }) => total + (shape[0] ?? 0), 0);
  const stacked = zeros([rows, ...(parts[0]?.shape.slice(1) ?? [])]);
  let filled = 0;
  for (const { data } of parts) {
    stacked.data.set(data, filled);
    filled += data.length;
  }
  return stacked;
}

function checked<T extends ElementType>(array: NDArray<T>): NDArray<T> {
  const count = elementCount(array.shape);
  if (array.data.length === count) return array;
  throw failure("shape", {
    where: "array",
    expected: `${count} values for shape [${array.shape.join(", ")}]`,
    received: `${array.data.length}`,
  });
}

/** Whether two lists of sizes are equal. */
export function sameSizes(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((size, axis) => size === b[axis]);
}
