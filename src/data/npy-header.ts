// npy-header: what stands in front of the numbers of NumPy's array files, read and written.
// https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html, versions 1 to 3.
import { failure } from "../errors.ts";
import { elementCount } from "../tensor/array.ts";
import { type NumberType, nativeLittleEndian } from "./numbers.ts";
import type { Bytes } from "./stored-rows.ts";

export interface NpyHeader {
  readonly type: NumberType;
  readonly shape: readonly number[];
  /** The first index runs fastest, and that makes a difference. */
  readonly isFortran: boolean;
  /** Where the numbers start in the file. */
  readonly first: number;
}

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

const magic = [0x93, 0x4e, 0x55, 0x4d, 0x50, 0x59];
const longestPrefix = 12;
const longestHeader = 2 ** 20;

/** The type of numbers that NumPy calls by a letter and a size in bytes, such as `f4`; undefined for other types. */
export function numpyNumberType(code: string): Omit<NumberType, "littleEndian"> | undefined {
  return Object.hasOwn(numberTypes, code) ? numberTypes[code] : undefined;
}

/** The header at the start of a whole file. Throws `data` errors, which advise to save other types as `advised`. */
export function decodeNpyHeader(bytes: Uint8Array, where: string, advised = "float32"): NpyHeader {
  const { length, start } = headerPlace(bytes, bytes.length, where);
  return headerOf(bytes.subarray(start, start + length), { version: bytes[6] ?? 1, start, where, advised });
}

/** The same of a file of any length. */
export async function readNpyHeader(bytes: Bytes, where: string, advised = "float32"): Promise<NpyHeader> {
  const prefix = await bytes.read(0, Math.min(longestPrefix, bytes.size));
  const { length, start } = headerPlace(prefix, bytes.size, where);
  return headerOf(await bytes.read(start, length), { version: prefix[6] ?? 1, start, where, advised });
}

/** The bytes in front of an array in C order of the type that NumPy describes so, such as `<f4`: a file of version 1.0. */
export function encodeNpyHeader(description: string, shape: readonly number[]): Uint8Array {
  const sizes = shape.length === 1 ? `${shape[0]},` : shape.join(", ");
  const text = `{'descr': '${description}', 'fortran_order': False, 'shape': (${sizes}), }`;
  const start = Math.ceil((10 + text.length + 1) / 64) * 64;
  const bytes = new Uint8Array(start);
  bytes.set([...magic, 1, 0, (start - 10) & 0xff, (start - 10) >> 8]);
  bytes.set(new TextEncoder().encode(`${text.padEnd(start - 11)}\n`), 10);
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

interface HeaderPlace {
  readonly version: number;
  readonly start: number;
  readonly where: string;
  readonly advised: string;
}

function headerOf(bytes: Uint8Array, { version, start, where, advised }: HeaderPlace): NpyHeader {
  const header = new TextDecoder(version === 3 ? "utf-8" : "latin1").decode(bytes);
  const type = readType(header, where, advised);
  const shape = readShape(header, where);
  return { type, shape, isFortran: readOrder(header, where) && shape.length > 1, first: start + bytes.length };
}

function readType(header: string, where: string, advised: string): NumberType {
  const [, description] = /["']descr["']\s*:\s*["']([^"']*)["']/.exec(header) ?? [];
  const [, order, code = "", letter = ""] = /^([<>|=])((\w).*)$/.exec(description ?? "") ?? [];
  const type = numpyNumberType(code);
  if (type !== undefined) return { ...type, littleEndian: order === "=" ? nativeLittleEndian : order !== ">" };
  const meaning = Object.hasOwn(otherTypes, letter) ? ` (${otherTypes[letter]})` : "";
  throw failure("data", {
    where,
    expected: "numbers (f2, f4, f8, i1 … i8, u1 … u8, b1)",
    received:
      description === undefined ? "structured or unnamed fields" : `type "${description.slice(0, 40)}"${meaning}`,
    remedy: `save it with .astype('${advised}')`,
  });
}

function readOrder(header: string, where: string): boolean {
  const [, order] = /["']fortran_order["']\s*:\s*(True|False)\b/.exec(header) ?? [];
  if (order === undefined) throw failure("data", { where, expected: "fortran_order True or False in the header" });
  return order === "True";
}

function readShape(header: string, where: string): readonly number[] {
  const [, list] = /["']shape["']\s*:\s*\(([\d\s,L]*)\)/.exec(header) ?? [];
  const shape = (list ?? "x").split(",").map((size) => size.trim().replace(/L$/, ""));
  if (shape.at(-1) === "") shape.pop();
  const sizes = shape.map((size) => (/^\d+$/.test(size) ? Number(size) : Number.NaN));
  if (sizes.length <= 64 && sizes.every(Number.isSafeInteger) && Number.isSafeInteger(elementCount(sizes)))
    return sizes;
  throw failure("data", {
    where,
    expected: "a shape of whole numbers, at most 64",
    received: `(${(list ?? "").slice(0, 60)})`,
  });
}
