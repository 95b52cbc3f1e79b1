// npy: NumPy's array files, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
import { failure } from "../errors.ts";
import { type ElementType, elementCount, type FloatArray, floats, type NDArray } from "../tensor/array.ts";
import { decodeNumbers, type Numbers, type NumberType } from "./numbers.ts";
import { type Bytes, type StoredRows, sliceBytes, tableSizes } from "./stored-rows.ts";

/** NumPy's types of numbers, by the letter and the size of their description. */
const numberTypes: Readonly<Record<string, Omit<NumberType, "littleEndian">>> = {
  b1: { kind: "boolean", bytes: 1 },
  i1: { kind: "signed", bytes: 1 },
  u1: { kind: "unsigned", bytes: 1 },
  i2: { kind: "signed", bytes: 2 },
  u2: { kind: "unsigned", bytes: 2 },
  i4: { kind: "signed", bytes: 4 },
  u4: { kind: "unsigned", bytes: 4 },
  i8: { kind: "signed", bytes: 8 },
  u8: { kind: "unsigned", bytes: 8 },
  f2: { kind: "float", bytes: 2 },
  f4: { kind: "float", bytes: 4 },
  f8: { kind: "float", bytes: 8 },
};

/** What the other letters stand for. */
const otherTypes: Readonly<Record<string, string>> = {
  c: "complex numbers",
  f: "long doubles",
  g: "long doubles",
  m: "time spans",
  M: "dates",
  O: "Python objects",
  S: "bytes",
  a: "bytes",
  U: "text",
  V: "raw bytes or fields",
};

const descriptions: Readonly<Record<ElementType, string>> = {
  float32: "<f4",
  float64: "<f8",
  int64: "<i8",
  int32: "<i4",
  bool: "|b1",
};

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const nativeLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;
const longestPrefix = 12;
const longestHeader = 2 ** 20;

/**
 * Reads one `.npy` file as float32 in row-major order: booleans, integers and floats of any size up to 8 bytes, both
 * byte orders, C and Fortran order; whole numbers beyond 2^53 are rounded. Little-endian float32 in C order shares
 * memory with `bytes`. Throws `data` errors.
 */
export function decodeNpy(bytes: Uint8Array, where: string): FloatArray {
  const { length, start } = headerPlace(bytes, bytes.length, where);
  const { type, shape, isFortran } = readHeader(bytes.subarray(start, start + length), bytes[6] ?? 1, where);
  const values = bytes.subarray(start + length);
  checkLength(elementCount(shape) * type.bytes, values.length, where);
  const numbers = decodeNumbers(values, type);
  const data = numbers instanceof Float32Array ? numbers : new Float32Array(numbers);
  return floats(isFortran ? rowMajor(data, shape) : data, shape);
}

/** Opens the array [rows] or [rows, columns] in a `.npy` file of any length. Throws `data` errors. */
export async function openNpy(bytes: Bytes, where: string): Promise<StoredRows> {
  const prefix = await bytes.read(0, Math.min(longestPrefix, bytes.size));
  const { length, start } = headerPlace(prefix, bytes.size, where);
  const { type, shape, isFortran } = readHeader(await bytes.read(start, length), prefix[6] ?? 1, where);
  const first = start + length;
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
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${descriptions[type]}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start + data.byteLength);
  bytes.set([...magic, 1, 0, (start - 10) & 0xff, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
  bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), start);
  return bytes;
}

/** Where the Python dictionary in front of the numbers starts, and its length, from the first bytes of a file. */
function headerPlace(bytes: Uint8Array, size: number, where: string): { start: number; length: number } {
  if (!magic.every((byte, place) => bytes[place] === byte))
    throw failure("data", { where, expected: "a .npy file", received: "something else" });
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw failure("data", { where, expected: ".npy version 1, 2 or 3", received: `version ${version}` });
  const start = version === 1 ? 10 : longestPrefix;
  if (size < start) throw failure("data", { where, expected: `${start} bytes at least`, received: `${size}` });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const room = Math.min(size - start, longestHeader);
  if (length > room)
    throw failure("data", { where, expected: `a header of at most ${room} bytes`, received: `${length}` });
  return { start, length };
}

interface Header {
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** The first index runs fastest, and that makes a difference. */
  readonly isFortran: boolean;
}

function readHeader(bytes: Uint8Array, version: number, where: string): Header {
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes);
  const type = readType(header, where);
  const shape = readShape(header, where);
  return { type, shape, isFortran: readOrder(header, where) && shape.length > 1 };
}

function readType(header: string, where: string): NumberType {
  const [, description] = /["']descr["']\s*:\s*["']([^"']*)["']/.exec(header) ?? [];
  const [, order, code, letter = ""] = /^([<>|=])((\w).*)$/.exec(description ?? "") ?? [];
  const type = code !== undefined && Object.hasOwn(numberTypes, code) ? numberTypes[code] : undefined;
  if (type !== undefined) return { ...type, littleEndian: order === "=" ? nativeLittleEndian : order !== ">" };
  const meaning = Object.hasOwn(otherTypes, letter) ? ` (${otherTypes[letter]})` : "";
  throw failure("data", {
    where,
    expected: "numbers (f2, f4, f8, i1 … i8, u1 … u8, b1)",
    received:
      description === undefined ? "structured or unnamed fields" : `type "${description.slice(0, 40)}"${meaning}`,
    remedy: "save it with .astype('float32')",
  });
}

function readOrder(header: string, where: string): boolean {
  const [, order] = /["']fortran_order["']\s*:\s*(True|False)\b/.exec(header) ?? [];
  if (order === undefined) throw failure("data", { where, expected: "fortran_order True or False in the header" });
  return order === "True";
}

function readShape(header: string, where: string): number[] {
  const [, list] = /["']shape["']\s*:\s*\(([\d\s,L]*)\)/.exec(header) ?? [];
  const shape = (list ?? "x").split(",").map((size) => size.trim().replace(/L$/, ""));
  if (shape.at(-1) === "") shape.pop();
  const sizes = shape.map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
  if (sizes.length <= 64 && sizes.every(Number.isSafeInteger) && Number.isSafeInteger(elementCount(sizes)))
    return sizes;
  throw failure("data", {
    where,
    expected: "a shape of at most 64 whole numbers",
    received: `(${(list ?? "").slice(0, 60)})`,
  });
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
