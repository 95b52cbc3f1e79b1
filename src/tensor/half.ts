// half: numbers in the 16 bits of IEEE 754 binary16: a sign, 5 bits of exponent with bias 15, 10 bits of fraction.

/** The exponent's bits of a float32 that is not finite, and the first one that rounds beyond the largest half, 65504. */
const [infinite, overflowing] = [0x7f800000, 0x477ff000];
/** The smallest normal half, 2^-14, as a float32's bits; what biases of exponents differ by; bits of fraction that a half lacks. */
const [smallestNormal, rebias, lacking] = [0x38800000, 112 << 23, 13];
/** Subnormal halves are multiples of 2^-24; adding 2^52 to a number below it rounds it to a whole one, ties to even. */
const [subnormals, whole] = [2 ** 24, 2 ** 52];

/** Writes numbers as halves, each rounded to the nearest, ties to even; as many as `out` holds are read. */
export function writeHalves(numbers: Float32Array, out: Uint16Array): void {
  const bits = new Uint32Array(numbers.buffer, numbers.byteOffset, numbers.length);
  for (let i = 0; i < out.length; i++) {
    const all = bits[i]!;
    const size = all & 0x7fffffff;
    const sign = (all >>> 16) & 0x8000;
    if (size >= overflowing) out[i] = sign | (size > infinite ? 0x7e00 : 0x7c00);
    else if (size >= smallestNormal) out[i] = sign | ((size - rebias + 0xfff + ((size >>> lacking) & 1)) >>> lacking);
    else out[i] = sign | (Math.abs(numbers[i]!) * subnormals + whole - whole);
  }
}

/** The numbers of all 65536 halves, to look them up by their bits: a load is faster than taking bits apart. */
export function halfNumbers(): Float32Array {
  const numbers = new Float32Array(2 ** 16);
  for (let half = 0; half < numbers.length; half++) {
    const [exponent, fraction] = [(half >>> 10) & 31, half & 1023];
    const sign = half >>> 15 === 0 ? 1 : -1;
    if (exponent === 31) numbers[half] = fraction === 0 ? sign * Number.POSITIVE_INFINITY : Number.NaN;
    else numbers[half] = sign * (exponent === 0 ? fraction / subnormals : (1024 + fraction) * 2 ** (exponent - 25));
  }
  return numbers;
}
