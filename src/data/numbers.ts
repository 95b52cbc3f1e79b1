// numbers: runs of numbers as files hold them, of any width and in either byte order.

/** How a file holds one number. */
export interface NumberType {
  readonly kind: "float" | "signed" | "unsigned" | "boolean";
  readonly bytes: 1 | 2 | 4 | 8;
  readonly littleEndian: boolean;
}

/** Float32 where that holds every number of the type, else float64. */
export type Numbers = Float32Array | Float64Array;

/** The byte order of this machine. */
export const nativeLittleEndian = new Uint8Array(Uint16Array.of(1).buffer)[0] === 1;

/**
 * The numbers in `bytes`, a multiple of `type.bytes` long. Whole numbers beyond 2^53 become the nearest float64; every
 * byte of a boolean but 0 is 1. Native floats of 4 and 8 bytes at an aligned place share memory with `bytes`.
 */
export function decodeNumbers(bytes: Uint8Array, type: NumberType): Numbers {
  const isSwapped = type.bytes > 1 && type.littleEndian !== nativeLittleEndian;
  const isAligned = bytes.byteOffset % type.bytes === 0;
  const ready = isSwapped || !isAligned ? new Uint8Array(bytes) : bytes;
  if (isSwapped) reverseEach(ready, type.bytes);
  const at = [ready.buffer, ready.byteOffset, ready.length / type.bytes] as const;
  if (type.kind === "boolean") return Float32Array.from(ready, (byte) => (byte === 0 ? 0 : 1));
  switch (`${type.kind} ${type.bytes}` as const) {
    case "signed 1":
      return new Float32Array(new Int8Array(...at));
    case "signed 2":
      return new Float32Array(new Int16Array(...at));
    case "signed 4":
      return new Float64Array(new Int32Array(...at));
    case "signed 8":
      return wideIntegers(new Uint32Array(at[0], at[1], 2 * at[2]), new Int32Array(at[0], at[1], 2 * at[2]));
    case "unsigned 1":
      return new Float32Array(ready);
    case "unsigned 2":
      return new Float32Array(new Uint16Array(...at));
    case "unsigned 4":
      return new Float64Array(new Uint32Array(...at));
    case "unsigned 8":
      return wideIntegers(new Uint32Array(at[0], at[1], 2 * at[2]), new Uint32Array(at[0], at[1], 2 * at[2]));
    case "float 2":
      return Float32Array.from(new Uint16Array(...at), half);
    case "float 4":
      return new Float32Array(...at);
    default:
      return new Float64Array(...at);
  }
}

/** Room for `length` numbers of a type, each of them `value`. */
export function filledNumbers({ kind, bytes }: NumberType, length: number, value: number): Numbers {
  const isSingle = bytes < 4 || (bytes === 4 && kind === "float");
  const numbers = isSingle ? new Float32Array(length) : new Float64Array(length);
  return value === 0 ? numbers : numbers.fill(value);
}

function reverseEach(bytes: Uint8Array, width: number): void {
  for (let start = 0; start < bytes.length; start += width) {
    for (let low = start, high = start + width - 1; low < high; low++, high--) {
      const byte = bytes[low]!;
      bytes[low] = bytes[high]!;
      bytes[high] = byte;
    }
  }
}

/** high 2^32 + low: both terms are exact in float64, so the sum is rounded once. */
function wideIntegers(words: Uint32Array, highWords: Int32Array | Uint32Array): Float64Array {
  const low = nativeLittleEndian ? 0 : 1;
  const out = new Float64Array(words.length / 2);
  for (let i = 0; i < out.length; i++) out[i] = highWords[2 * i + 1 - low]! * 2 ** 32 + words[2 * i + low]!;
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
