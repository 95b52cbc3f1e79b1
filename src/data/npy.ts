// npy: NumPy's array files, https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
import { failure } from "../errors.ts";
import { type ElementType, elementCount, type FloatArray, floats, type NDArray } from "../tensor/array.ts";

interface Reader {
  readonly bytes: number;
  read(view: DataView, at: number, littleEndian: boolean): number;
}

/** One reader per NumPy type, by the letter and the size of its description. */
const readers: Readonly<Record<string, Reader>> = {
  b1: { bytes: 1, read: (view, at) => (view.getUint8(at) === 0 ? 0 : 1) },
  i1: { bytes: 1, read: (view, at) => view.getInt8(at) },
  u1: { bytes: 1, read: (view, at) => view.getUint8(at) },
  i2: { bytes: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { bytes: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { bytes: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { bytes: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { bytes: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { bytes: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  f2: { bytes: 2, read: (view, at, little) => half(view.getUint16(at, little)) },
  f4: { bytes: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { bytes: 8, read: (view, at, little) => view.getFloat64(at, little) },
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

/**
 * Reads one `.npy` file as float32 in row-major order: booleans, integers and floats of any size up to 8 bytes, both
 * byte orders, C and Fortran order. Little-endian float32 in C order shares memory with `bytes`. Throws `data` errors.
 */
export function decodeNpy(bytes: Uint8Array, where: string): FloatArray {
  const { header, start } = readHeader(bytes, where);
  const { reader, littleEndian } = readType(header, where);
  const shape = readShape(header, where);
  const fortran = readOrder(header, where) && shape.length > 1;
  const count = elementCount(shape);
  checkLength(count * reader.bytes, bytes.length - start, where);
  const at = bytes.byteOffset + start;
  if (reader === readers.f4 && littleEndian && nativeLittleEndian && !fortran && at % 4 === 0) {
    return floats(new Float32Array(bytes.buffer as ArrayBuffer, at, count), shape);
  }
  const view = new DataView(bytes.buffer, at, count * reader.bytes);
  const data = new Float32Array(count);
  for (let i = 0; i < count; i++) data[i] = reader.read(view, i * reader.bytes, littleEndian);
  return floats(fortran ? rowMajor(data, shape) : data, shape);
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

/** The Python dictionary in front of the numbers, as text, and where the numbers start. */
function readHeader(bytes: Uint8Array, where: string): { header: string; start: number } {
  if (!magic.every((byte, place) => bytes[place] === byte))
    throw failure("data", { where, expected: "a .npy file", received: "something else" });
  const version = bytes[6] ?? 0;
  if (version < 1 || version > 3)
    throw failure("data", { where, expected: ".npy version 1, 2 or 3", received: `version ${version}` });
  const prefix = version === 1 ? 10 : 12;
  if (bytes.length < prefix)
    throw failure("data", { where, expected: `${prefix} bytes at least`, received: `${bytes.length}` });
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = version === 1 ? view.getUint16(8, true) : view.getUint32(8, true);
  const room = Math.min(bytes.length - prefix, 2 ** 20);
  if (length > room)
    throw failure("data", { where, expected: `a header of at most ${room} bytes`, received: `${length}` });
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes.subarray(prefix, prefix + length));
  return { header, start: prefix + length };
}

function readType(header: string, where: string): { reader: Reader; littleEndian: boolean } {
  const [, description] = /["']descr["']\s*:\s*["']([^"']*)["']/.exec(header) ?? [];
  const [, order, code] = /^([<>|=])(\w+)$/.exec(description ?? "") ?? [];
  const reader = code !== undefined && Object.hasOwn(readers, code) ? readers[code] : undefined;
  if (reader !== undefined) return { reader, littleEndian: order === "=" ? nativeLittleEndian : order !== ">" };
  throw failure("data", {
    where,
    expected: "numbers (f2, f4, f8, i1 … i8, u1 … u8, b1)",
    received: description === undefined ? "structured or unnamed fields" : `type "${description.slice(0, 40)}"`,
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

/** IEEE 754 binary16. */
function half(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1024 + fraction) * 2 ** (exponent - 25));
}
