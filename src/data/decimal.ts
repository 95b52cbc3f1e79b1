// decimal: numbers as ASCII bytes, read with correct rounding and written in the fewest digits float32 needs.

/** 10^0 … 10^22, the powers of ten a double holds exactly. */
const powers = Array.from({ length: 23 }, (_, exponent) => Number(`1e${exponent}`));
/** One more digit keeps a smaller mantissa below 2^53. */
export const mostMantissa = 900719925474099;
const zero = 48;
const latin = new TextDecoder("latin1");

/**
 * The decimal number written in `bytes[start, end)`, blanks around it allowed, as a double that rounds to the same
 * float32 as the nearest double does; NaN when there is none ("nan", "inf", hexadecimal and empty text are not
 * decimals). A mantissa below 2^53 times or over an exact power of ten is one correctly rounded operation. Of a longer
 * mantissa the rest is dropped, and the number lies between that of the mantissa kept and that of the next: mostly both
 * are one float32.
 */
export function parseDecimal(bytes: Uint8Array, start: number, end: number): number {
  let at = start;
  let last = end;
  while (at < last && isBlank(bytes[at]!)) at++;
  while (last > at && isBlank(bytes[last - 1]!)) last--;
  const first = at;
  const sign = bytes[at];
  if (at < last && (sign === 45 || sign === 43)) at++;
  let mantissa = 0;
  let digits = 0;
  let dropped = 0;
  let point = -1;
  for (; at < last; at++) {
    const byte = bytes[at]!;
    const digit = byte - zero;
    if (digit >= 0 && digit <= 9) {
      digits++;
      if (mantissa < mostMantissa) mantissa = mantissa * 10 + digit;
      else dropped++;
    } else if (byte === 46 && point < 0) point = digits;
    else break;
  }
  const written = at < last ? parseExponent(bytes, at, last) : 0;
  if (digits === 0 || Number.isNaN(written)) return Number.NaN;
  const exponent = written + dropped + (point < 0 ? 0 : point - digits);
  if (exponent < -22 || exponent > 22) return Number(latin.decode(bytes.subarray(first, last)));
  const size = scaled(mantissa, exponent);
  if (dropped > 0 && Math.fround(size) !== Math.fround(scaled(mantissa + 1, exponent))) {
    return Number(latin.decode(bytes.subarray(first, last)));
  }
  return sign === 45 ? -size : size;
}

/** mantissa 10^exponent in one correctly rounded operation, for a mantissa below 2^53 and an exponent in [-22, 22]. */
export function scaled(mantissa: number, exponent: number): number {
  return exponent < 0 ? mantissa / powers[-exponent]! : mantissa * powers[exponent]!;
}

/** The value of `e-12`, `E+3` …; NaN when the bytes are something else. Saturates far outside the range of a double. */
function parseExponent(bytes: Uint8Array, start: number, end: number): number {
  let at = start + 1;
  if (bytes[start] !== 101 && bytes[start] !== 69) return Number.NaN;
  const sign = bytes[at];
  if (sign === 45 || sign === 43) at++;
  if (at >= end) return Number.NaN;
  let value = 0;
  for (; at < end; at++) {
    const digit = bytes[at]! - zero;
    if (digit < 0 || digit > 9) return Number.NaN;
    value = Math.min(value * 10 + digit, 1e9);
  }
  return sign === 45 ? -value : value;
}

/** A space or a tab. */
export function isBlank(byte: number): boolean {
  return byte === 32 || byte === 9;
}

/** The most bytes `writeFloat32` writes. */
export const longestFloat32 = 24;

/**
 * Writes the shortest decimal that reads back as the float32 `value` to `bytes` at `at`; returns the index behind it.
 * For k decimals the nearest candidate is round(x 10^k) / 10^k; that division is correctly rounded, as reading it will
 * be.
 */
export function writeFloat32(value: number, bytes: Uint8Array, at: number): number {
  const size = Math.abs(value);
  if (size === 0 || !(size >= 1e-6 && size < 1e9)) return writeText(shortText(value), bytes, at);
  let decimals = 0;
  let all = Math.round(size);
  while (Math.fround(all / powers[decimals]!) !== size) {
    decimals++;
    all = Math.round(size * powers[decimals]!);
  }
  let next = at;
  if (value < 0) bytes[next++] = 45;
  const whole = decimals === 0 ? all : Math.floor(all / powers[decimals]!);
  next = writeInteger(whole, 1, bytes, next);
  if (decimals === 0) return next;
  bytes[next++] = 46;
  return writeInteger(all - whole * powers[decimals]!, decimals, bytes, next);
}

/** Digits of a whole number below 2^53, with leading zeros up to `width`. */
function writeInteger(value: number, width: number, bytes: Uint8Array, at: number): number {
  let length = width;
  while (length < 16 && value >= powers[length]!) length++;
  let rest = value;
  for (let place = at + length - 1; place >= at; place--) {
    const tenth = Math.floor(rest / 10);
    bytes[place] = zero + (rest - 10 * tenth);
    rest = tenth;
  }
  return at + length;
}

function writeText(text: string, bytes: Uint8Array, at: number): number {
  for (let i = 0; i < text.length; i++) bytes[at + i] = text.charCodeAt(i);
  return at + text.length;
}

function shortText(value: number): string {
  if (Object.is(value, -0)) return "-0";
  if (!Number.isFinite(value)) return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
  for (let digits = 1; digits < 9; digits++) {
    const candidate = Number(value.toPrecision(digits));
    if (Math.fround(candidate) === value) return String(candidate);
  }
  return String(Number(value.toPrecision(9)));
}
