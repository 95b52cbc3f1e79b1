// plain-rows: the fast lane of numeric CSV: whole rows of plain decimals, read in one loop without a call for each field.
import { mostMantissa, scaled } from "./decimal.ts";

/** Where the numbers of a row go. */
export interface Lane {
  /** Byte between fields. */
  readonly separator: number;
  /** For each field its place in a row of the table, or -1 for a field that is skipped. */
  readonly slots: Int32Array;
  /** Columns of the table. */
  readonly width: number;
}

const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;
const minus = 45;
const point = 46;
const zero = 48;
/** So many digits fit into 32 bits with a sign, where a multiplication is quicker than in float64. */
const smallDigits = 9;

/**
 * Reads rows from `bytes[at, limit]`, where `bytes[limit]` is a line feed, into `data` from `used` on until it is full.
 * Stops before the first row that holds anything but decimals without exponent, so that another reader may take it
 * from there. The numbers are those of `parseDecimal`.
 */
export function readPlainRows(
  bytes: Uint8Array,
  at: number,
  limit: number,
  { separator, slots, width }: Lane,
  data: Float32Array,
  used: number,
): { readonly at: number; readonly used: number } {
  const last = slots.length - 1;
  let rowStart = at;
  let filled = used;
  while (rowStart <= limit && filled < data.length) {
    let next = rowStart;
    for (let place = 0; place <= last; place++) {
      const slot = slots[place]!;
      let byte = bytes[next]!;
      if (slot < 0) {
        if (byte === quote) return { at: rowStart, used: filled };
        while (byte !== separator && byte !== lineFeed && byte !== carriageReturn) byte = bytes[++next]!;
      } else {
        const isNegative = byte === minus;
        if (isNegative) byte = bytes[++next]!;
        let small = 0;
        let dropped = 0;
        let exponent = 0;
        const wholeStart = next;
        let digit = byte - zero;
        while (digit >= 0 && digit <= 9 && next - wholeStart < smallDigits) {
          small = (Math.imul(small, 10) + digit) | 0;
          digit = bytes[++next]! - zero;
        }
        let mantissa = small;
        while (digit >= 0 && digit <= 9) {
          if (mantissa < mostMantissa) mantissa = mantissa * 10 + digit;
          else dropped++;
          digit = bytes[++next]! - zero;
        }
        let digits = next - wholeStart;
        if (digit === point - zero) {
          const fractionStart = next + 1;
          digit = bytes[++next]! - zero;
          if (digits < smallDigits) {
            while (digit >= 0 && digit <= 9 && next - wholeStart <= smallDigits) {
              small = (Math.imul(small, 10) + digit) | 0;
              digit = bytes[++next]! - zero;
            }
            mantissa = small;
          }
          while (digit >= 0 && digit <= 9) {
            if (mantissa < mostMantissa) mantissa = mantissa * 10 + digit;
            else dropped++;
            digit = bytes[++next]! - zero;
          }
          exponent = fractionStart - next;
          digits -= exponent;
        }
        exponent += dropped;
        if (digits === 0 || exponent < -22 || exponent > 22) return { at: rowStart, used: filled };
        const size = scaled(mantissa, exponent);
        if (dropped > 0 && Math.fround(size) !== Math.fround(scaled(mantissa + 1, exponent)))
          return { at: rowStart, used: filled };
        data[filled + slot] = isNegative ? -size : size;
        byte = bytes[next]!;
      }
      if (place < last ? byte !== separator : !endsRow(bytes, next)) return { at: rowStart, used: filled };
      next += byte === carriageReturn ? 2 : 1;
    }
    rowStart = next;
    filled += width;
  }
  return { at: rowStart, used: filled };
}

/** A line feed, or a carriage return with one. */
function endsRow(bytes: Uint8Array, at: number): boolean {
  return bytes[at] === lineFeed || (bytes[at] === carriageReturn && bytes[at + 1] === lineFeed);
}
