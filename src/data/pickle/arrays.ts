// arrays: NumPy's arrays, scalars and types inside a pickle, and reading their numbers slice by slice.
import { failure, type LocalFlowError } from "../../errors.ts";
import { numpyNumberType } from "../npy-header.ts";
import { decodeNumbers, type NumberType, nativeLittleEndian } from "../numbers.ts";
import { memorySource } from "./bytes.ts";
import { bytesOf, isKind, itemsOf, type PickleBytes, type PickleValue, shortName, textOf, wholeOf } from "./values.ts";

/** Numbers of one type, first index slowest, or fastest where `fortran`. */
export interface PickledNumbers {
  readonly kind: "numbers";
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly fortran: boolean;
  readonly data: PickleBytes;
}

/** Python objects in row-major order. */
export interface PickledObjects {
  readonly kind: "objects";
  readonly shape: readonly number[];
  readonly items: readonly PickleValue[];
}

/** An array of dates, texts or other types that are not numbers. */
export interface PickledOther {
  readonly kind: "other";
  readonly type: string;
}

export type PickledArray = PickledNumbers | PickledObjects | PickledOther;

/** Full names that NumPy's arrays bring into a pickle, NumPy 1 and 2. */
export const numpyNames: ReadonlySet<string> = new Set([
  "numpy.dtype",
  "numpy.ndarray",
  ...["numpy.core", "numpy._core"].flatMap((core) => [
    `${core}.multiarray._reconstruct`,
    `${core}.multiarray.scalar`,
    `${core}.multiarray._frombuffer`,
    `${core}.numeric._frombuffer`,
  ]),
]);

/** The array that a value makes, undefined for another value. Throws `data` where its shape contradicts its bytes. */
export function arrayOf(value: PickleValue | undefined, where: string): PickledArray | undefined {
  const parts = partsOf(value);
  if (parts === undefined) return undefined;
  const sizes = itemsOf(parts.shape) ?? [];
  const shape = sizes.length > 64 ? [-1] : sizes.map((size) => wholeOf(size) ?? -1);
  if (!isKind(parts.shape, "tuple") || shape.some((size) => size < 0)) throw damaged(where, "a shape of whole numbers");
  const count = shape.reduce((a, b) => a * b, 1);
  const type = typeOf(parts.type, where);
  if (type === "objects") {
    const items = itemsOf(parts.data);
    if (items?.length !== count) throw damaged(where, `${count} values for shape [${shape.join(", ")}]`);
    return { kind: "objects", shape, items };
  }
  if (typeof type === "string") return { kind: "other", type };
  if (!isKind(parts.data, "bytes") || parts.data.length !== count * type.bytes)
    throw damaged(where, `${count * type.bytes} bytes for shape [${shape.join(", ")}]`);
  return { kind: "numbers", type, shape, fortran: parts.fortran && shape.length > 1, data: parts.data };
}

/** The number that a NumPy scalar or a number of Python's stands for. */
export function numberOf(value: PickleValue | undefined, where: string): number | undefined {
  if (typeof value === "number") return value;
  if (typeof value === "boolean" || typeof value === "bigint") return Number(value);
  if (!isKind(value, "object") || shortName(value) !== "scalar") return undefined;
  const type = typeOf(value.args[0], where);
  const data = value.args[1];
  if (typeof type === "string" || !isKind(data, "bytes") || data.length !== type.bytes) return undefined;
  return decodeNumbers(bytesOf(data), type)[0];
}

/** Float64 numbers in memory as an array, row-major. */
export function numbersInMemory(values: Float64Array<ArrayBuffer>, shape: readonly number[]): PickledNumbers {
  const bytes = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
  const data = { kind: "bytes", source: memorySource(bytes), at: 0, length: bytes.length } as const;
  const type = { kind: "float", bytes: 8, littleEndian: nativeLittleEndian } as const;
  return { kind: "numbers", type, shape, fortran: false, data };
}

/**
 * Reads `count` numbers, at most `most`, from place `first` on in the order they are stored in; booleans are 0 and 1.
 * The numbers are good until the next call.
 */
export function numberReader(
  { type, data }: PickledNumbers,
  most: number,
): (first: number, count: number) => ArrayLike<number> {
  const bytes = new Uint8Array(type.bytes * most);
  return (first, count) => {
    const part = bytes.subarray(0, type.bytes * count);
    data.source.read(data.at + type.bytes * first, part);
    return decodeNumbers(part, type);
  };
}

interface ArrayParts {
  readonly shape: PickleValue | undefined;
  readonly type: PickleValue | undefined;
  readonly fortran: boolean;
  readonly data: PickleValue | undefined;
}

/**
 * `_reconstruct(class, …)` with the state ([version,] shape, type, fortran, data), or `_frombuffer` of protocol 5. An
 * index of old pandas is an array whose state stands in front of its own, (state, own).
 */
function partsOf(value: PickleValue | undefined): ArrayParts | undefined {
  if (!isKind(value, "object")) return undefined;
  if (shortName(value) === "_frombuffer") {
    const [data, type, shape, order] = value.args;
    return { data, type, shape, fortran: order === "F" };
  }
  if (shortName(value) !== "_reconstruct") return undefined;
  const outer = itemsOf(value.state) ?? [];
  const inner = itemsOf(outer[0]);
  const state = inner !== undefined && inner.length >= 4 ? inner : outer;
  const [shape, type, fortran, data] = state.length > 4 ? state.slice(1) : state;
  return { shape, type, fortran: fortran === true || fortran === 1, data };
}

/** `numpy.dtype(code, …)` with the state (version, byte order, …): numbers, "objects", or another type in words. */
function typeOf(value: PickleValue | undefined, where: string): NumberType | string {
  const code = isKind(value, "object") && shortName(value) === "dtype" ? textOf(value.args[0]) : undefined;
  const [, order, letter, size] = /^([<>|=]?)([?A-Za-z])(\d*)$/.exec(code ?? "") ?? [];
  if (letter === undefined || !isKind(value, "object")) throw damaged(where, "a type of NumPy's");
  if (letter === "O") return "objects";
  const stated = textOf(itemsOf(value.state)?.[1]) ?? order;
  const littleEndian = stated === ">" ? false : stated === "<" || nativeLittleEndian;
  const type = numpyNumberType(letter === "?" ? "b1" : `${letter}${size}`);
  if (type !== undefined) return { ...type, littleEndian };
  return spokenType(letter, `${letter}${size}`);
}

function spokenType(letter: string, code: string): string {
  const words: Readonly<Record<string, string>> = {
    M: "dates",
    m: "spans of time",
    S: "texts",
    U: "texts",
    c: "complex numbers",
  };
  return `${Object.hasOwn(words, letter) ? words[letter] : "values"} of NumPy's type ${code}`;
}

function damaged(where: string, expected: string): LocalFlowError {
  const remedy = "the file is damaged: write it anew";
  return failure("data", { where, expected, received: "an array that says otherwise", remedy });
}
