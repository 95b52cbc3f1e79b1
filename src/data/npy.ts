// npy: NumPy's array files, read whole or in slices, and written.
import { failure } from "../errors.ts";
import { type ElementType, elementCount, type FloatArray, floats, type NDArray } from "../tensor/array.ts";
import { decodeNpyHeader, encodeNpyHeader, readNpyHeader } from "./npy-header.ts";
import { decodeNumbers, type Numbers } from "./numbers.ts";
import { type Bytes, type StoredRows, sliceBytes, tableSizes } from "./stored-rows.ts";

const descriptions: Readonly<Record<ElementType, string>> = {
  float32: "<f4",
  float64: "<f8",
  int64: "<i8",
  int32: "<i4",
  bool: "|b1",
};

/**
 * Reads one `.npy` file as float32 in row-major order: booleans, integers and floats of any size up to 8 bytes, both
 * byte orders, C and Fortran order; whole numbers beyond 2^53 are rounded. Little-endian float32 in C order shares
 * memory with `bytes`. Throws `data` errors.
 */
export function decodeNpy(bytes: Uint8Array, where: string): FloatArray {
  const { type, shape, isFortran, first } = decodeNpyHeader(bytes, where);
  const values = bytes.subarray(first);
  checkLength(elementCount(shape) * type.bytes, values.length, where);
  const numbers = decodeNumbers(values, type);
  const data = numbers instanceof Float32Array ? numbers : new Float32Array(numbers);
  return floats(isFortran ? rowMajor(data, shape) : data, shape);
}

/** Opens the array [rows] or [rows, columns] in a `.npy` file of any length. Throws `data` errors. */
export async function openNpy(bytes: Bytes, where: string): Promise<StoredRows> {
  const { type, shape, isFortran, first } = await readNpyHeader(bytes, where);
  checkLength(elementCount(shape) * type.bytes, bytes.size - first, where);
  const { rows, columns } = tableSizes(shape, where);
  const slice = Math.max(1, Math.floor(sliceBytes / (columns * type.bytes)));
  const band = Math.min(rows, isFortran && bytes.isForward ? rows : slice);
  const values = async (from: number, count: number) =>
    decodeNumbers(await bytes.read(first + from * type.bytes, count * type.bytes), type);
  return {
    where,
    rows,
    columns,
    band,
    workingBytes: band * columns * (type.bytes + 8) * (isFortran ? 2 : 1),
    read(from, to) {
      if (!isFortran) return values(from * columns, (to - from) * columns);
      return sideBySide(columns, (column) => values(column * rows + from, to - from));
    },
  };
}

/** Columns of equal length as rows. */
async function sideBySide(columns: number, read: (column: number) => Promise<Numbers>): Promise<Numbers> {
  const first = await read(0);
  const out =
    first instanceof Float32Array ? new Float32Array(first.length * columns) : new Float64Array(first.length * columns);
  for (let column = 0; column < columns; column++) {
    const values = column === 0 ? first : await read(column);
    for (let row = 0; row < values.length; row++) out[row * columns + column] = values[row]!;
  }
  return out;
}

/** Writes an array as a version 1.0 `.npy` file, little-endian, C order. */
export function encodeNpy({ type, shape, data }: NDArray): Uint8Array {
  const header = encodeNpyHeader(descriptions[type], shape);
  const bytes = new Uint8Array(header.length + data.byteLength);
  bytes.set(header);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), header.length);
  return bytes;
}

function checkLength(needed: number, present: number, where: string): void {
  if (needed === present) return;
  throw failure("data", {
    where,
    expected: `${needed} bytes of numbers`,
    received: `${present}`,
    remedy: needed > present ? "the file was cut short: copy it again" : "save one array per file",
  });
}

/** Reorders values in which the first index runs fastest so that the last does. */
function rowMajor(values: Float32Array, shape: readonly number[]): Float32Array {
  const out = new Float32Array(values.length);
  const index = shape.map(() => 0);
  const strides = shape.map((_, axis) => elementCount(shape.slice(0, axis)));
  let source = 0;
  for (let i = 0; i < out.length; i++) {
    out[i] = values[source]!;
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      source += strides[axis]!;
      if (++index[axis]! < shape[axis]!) break;
      source -= strides[axis]! * shape[axis]!;
      index[axis] = 0;
    }
  }
  return out;
}
