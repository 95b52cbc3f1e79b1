// random: a seeded generator as a value. Every number is a function of (key, purpose, index), so chunks, shards and
// workers change nothing: Philox4x32-10 of Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (2011).
import { failure } from "./errors.ts";

/** A generator is only a key of two unsigned 32-bit numbers; drawing from it changes nothing. */
export interface Random {
  readonly low: number;
  readonly high: number;
}

/** `offset` is the index of the first element in the key's endless stream (default 0). */
export interface FillOptions {
  readonly offset?: number;
}

/** What a word is for: the last word of the Philox counter, so that no two purposes share bits. */
const purposes = { integer: 1, text: 2, uniform: 3, normal: 4, below: 5, shuffle: 6, gammaA: 7, gammaB: 8 } as const;
type Purpose = (typeof purposes)[keyof typeof purposes];

/** A generator from a seed: any safe integer or any string (`7` and `"7"` are different seeds). */
export function random(seed: number | string): Random {
  return split({ low: 0, high: 0 }, seed);
}

/**
 * An independent generator for each path: `split(root, "train", block)`. `split(split(r, a), b)` equals `split(r, a,
 * b)`.
 */
export function split(parent: Random, ...path: readonly (number | string)[]): Random {
  const block = new Uint32Array(4);
  let key = parent;
  for (const step of path) key = typeof step === "string" ? mixText(key, step, block) : mixInteger(key, step, block);
  return key;
}

function mixInteger(key: Random, value: number, block: Uint32Array): Random {
  if (!Number.isSafeInteger(value)) {
    throw failure("option", {
      where: "random",
      expected: "a safe integer or a string as seed",
      received: String(value),
    });
  }
  philox(key, value, Math.floor(value / 2 ** 32), 0, purposes.integer, block, 0, 1);
  return { low: block[0]!, high: block[1]! };
}

/** Four UTF-16 units at a time; the number of units still to come makes the encoding free of prefixes. */
function mixText(key: Random, text: string, block: Uint32Array): Random {
  let mixed = key;
  for (let at = 0; at === 0 || at < text.length; at += 4) {
    const unit = (index: number) => (at + index < text.length ? text.charCodeAt(at + index) : 0);
    philox(mixed, unit(0) | (unit(1) << 16), unit(2) | (unit(3) << 16), text.length - at, purposes.text, block, 0, 1);
    mixed = { low: block[0]!, high: block[1]! };
  }
  return mixed;
}

/**
 * Fills `out` with uniform numbers of the open interval (0, 1): the midpoints of 2^23 equal cells, exact in float32.
 */
export function fillUniform(random: Random, out: Float32Array, options: FillOptions = {}): void {
  const words = wordsIn(random, purposes.uniform, out, options);
  for (let i = 0; i < out.length; i++) out[i] = ((words[i]! >>> 9) + 0.5) * 2 ** -23;
}

/** Fills `out` with standard normal numbers: the normal quantile of 32-bit uniforms, |z| < 6.4. */
export function fillNormal(random: Random, out: Float32Array, options: FillOptions = {}): void {
  const words = wordsIn(random, purposes.normal, out, options);
  for (let i = 0; i < out.length; i++) out[i] = normalQuantile(words[i]!);
}

/** Fills `out` with integers, each uniform on 0 … bound-1 without bias; 1 <= bound < 2^32. */
export function fillBelow(random: Random, out: Uint32Array, bound: number, options: FillOptions = {}): void {
  checkBound(bound, 1);
  const offset = checkedOffset(options, out.length);
  const redraw = new Uint32Array(1);
  fillWords(random, purposes.below, 0, offset, out);
  for (let i = 0; i < out.length; i++) {
    let word = out[i]!;
    for (let attempt = 1; isBiased(word, bound); attempt++) {
      fillWords(random, purposes.below, attempt, offset + i, redraw);
      word = redraw[0]!;
    }
    out[i] = multiplyHigh(word, bound);
  }
}

/** A uniformly random order of 0 … count-1 (Fisher-Yates). */
export function permutation(random: Random, count: number): Uint32Array {
  return lazyPermutation(random, count)(0);
}

/**
 * The order of `permutation`, shuffled from its end as far as it is looked at: the function returned settles the places from
 * `start` on and gives the whole array, in which those before `start` may still move. The array is always the same one.
 */
export function lazyPermutation(random: Random, count: number): (start: number) => Uint32Array {
  checkBound(count, 0);
  const order = new Uint32Array(count);
  for (let i = 0; i < count; i++) order[i] = i;
  const words = new Uint32Array(Math.min(1024, 4 * Math.ceil(count / 4)));
  let used = words.length;
  let offset = 0;
  let open = count - 1;
  return (start) => {
    const last = Math.max(start, 1);
    let i = open;
    while (i >= last) {
      if (used === words.length) {
        fillWords(random, purposes.shuffle, 0, offset, words);
        offset += words.length;
        used = 0;
      }
      const word = words[used++]!;
      if (isBiased(word, i + 1)) continue;
      const j = multiplyHigh(word, i + 1);
      const kept = order[i]!;
      order[i] = order[j]!;
      order[j] = kept;
      i--;
    }
    open = i;
    return order;
  };
}

/**
 * Fills `out` with Beta(alpha, beta) numbers, X / (X + Y) of two gamma numbers, in [0, 1]: float32 rounds to 0 or 1
 * what is closer to them than it can tell. Any alpha and beta from 1e-6 to 1e9.
 */
export function fillBeta(
  random: Random,
  out: Float32Array,
  alpha: number,
  beta: number,
  options: FillOptions = {},
): void {
  for (const shape of [alpha, beta]) {
    if (shape >= 1e-6 && shape <= 1e9) continue;
    throw failure("option", {
      where: "beta distribution",
      expected: "alpha and beta from 1e-6 to 1e9",
      received: String(shape),
    });
  }
  const offset = checkedOffset(options, out.length);
  const block = new Uint32Array(4);
  for (let i = 0; i < out.length; i++) {
    const logX = logGamma(random, purposes.gammaA, offset + i, alpha, block);
    const logY = logGamma(random, purposes.gammaB, offset + i, beta, block);
    out[i] = 1 / (1 + Math.exp(logY - logX));
  }
}

/**
 * Logarithm of a Gamma(shape) number: Marsaglia and Tsang, "A simple method for generating gamma variables" (2000). A
 * shape below 1 is drawn as Gamma(shape + 1) · U^(1/shape), in logarithms because that power underflows for small
 * shapes.
 */
function logGamma(random: Random, purpose: Purpose, index: number, shape: number, block: Uint32Array): number {
  const d = (shape < 1 ? shape + 1 : shape) - 1 / 3;
  const c = 1 / Math.sqrt(9 * d);
  for (let attempt = 0; ; attempt++) {
    philox(random, index, Math.floor(index / 2 ** 32), attempt, purpose, block, 0, 1);
    const z = normalQuantile(block[0]!);
    const v = (1 + c * z) ** 3;
    if (v <= 0 || Math.log(openUnit(block[1]!)) >= 0.5 * z * z + d * (1 - v + Math.log(v))) continue;
    return Math.log(d * v) + (shape < 1 ? Math.log(openUnit(block[2]!)) / shape : 0);
  }
}

function openUnit(word: number): number {
  return (word + 0.5) * 2 ** -32;
}

function normalQuantile(word: number): number {
  return normalScore((word + 0.5) * 2 ** -32 - 0.5);
}

/**
 * Normal quantile at the probability 1/2 + q, |q| <= 1/2 - 1e-10, to double precision: Wichura, algorithm AS 241 (1988), PPND16.
 */
export function normalScore(q: number): number {
  if (q < -0.425 || q > 0.425) return normalTail(q);
  const r = 0.180625 - q * q;
  // biome-ignore format: one Horner scheme each for numerator and denominator
  return q * (((((((2509.0809287301226727 * r + 33430.575583588128105) * r + 67265.770927008700853) * r
    + 45921.953931549871457) * r + 13731.693765509461125) * r + 1971.5909503065514427) * r
    + 133.14166789178437745) * r + 3.387132872796366608)
    / (((((((5226.495278852854561 * r + 28729.085735721942674) * r + 39307.89580009271061) * r
    + 21213.794301586595867) * r + 5394.1960214247511077) * r + 687.1870074920579083) * r
    + 42.313330701600911252) * r + 1);
}

/** The part of AS 241 for probabilities below 0.075; its third part (below e^-25) is never reached. */
function normalTail(q: number): number {
  const r = Math.sqrt(-Math.log(0.5 - Math.abs(q))) - 1.6;
  // biome-ignore format: one Horner scheme each for numerator and denominator
  const z = (((((((7.7454501427834140764e-4 * r + 0.0227238449892691845833) * r + 0.24178072517745061177) * r
    + 1.27045825245236838258) * r + 3.64784832476320460504) * r + 5.7694972214606914055) * r
    + 4.6303378461565452959) * r + 1.42343711074968357734)
    / (((((((1.05075007164441684324e-9 * r + 5.475938084995344946e-4) * r + 0.0151986665636164571966) * r
    + 0.14810397642748007459) * r + 0.68976733498510000455) * r + 1.6763848301838038494) * r
    + 2.05319162663775882187) * r + 1);
  return q < 0 ? -z : z;
}

/**
 * The words of a stream, written over the memory of `out`: each is read before the number made from it takes its place.
 */
function wordsIn(random: Random, purpose: Purpose, out: Float32Array, options: FillOptions): Uint32Array {
  const words = new Uint32Array(out.buffer, out.byteOffset, out.length);
  fillWords(random, purpose, 0, checkedOffset(options, out.length), words);
  return words;
}

/** Word i of a stream is lane i mod 4 of block floor(i / 4); `out` may start and end inside a block. */
function fillWords(random: Random, purpose: Purpose, attempt: number, offset: number, out: Uint32Array): void {
  const blockAt = (position: number, into: Uint32Array, at: number, blocks: number) => {
    const block = Math.floor(position / 4);
    philox(random, block, Math.floor(block / 2 ** 32), attempt, purpose, into, at, blocks);
  };
  const head = Math.min(out.length, (4 - (offset % 4)) % 4);
  const blocks = Math.floor((out.length - head) / 4);
  const tail = head + 4 * blocks;
  const lanes = new Uint32Array(4);
  if (head > 0) {
    blockAt(offset, lanes, 0, 1);
    out.set(lanes.subarray(offset % 4, (offset % 4) + head), 0);
  }
  if (blocks > 0) blockAt(offset + head, out, head, blocks);
  if (tail < out.length) {
    blockAt(offset + tail, lanes, 0, 1);
    out.set(lanes.subarray(0, out.length - tail), tail);
  }
}

/**
 * Philox4x32-10 of `blocks` successive counters (c1:c0 counts up as one 64-bit number), four words each, written to
 * `out` from index `at`. The high half of each 32 x 32 bit product is put together from 16-bit parts, by hand: this is
 * the inner loop of everything random.
 */
export function philox(
  key: Random,
  c0: number,
  c1: number,
  c2: number,
  c3: number,
  out: Uint32Array,
  at: number,
  blocks: number,
): void {
  let low = c0 | 0;
  let high = c1 | 0;
  for (let end = at + 4 * blocks; at < end; at += 4) {
    let [x0, x1, x2, x3] = [low, high, c2 | 0, c3 | 0];
    let [k0, k1] = [key.low | 0, key.high | 0];
    for (let round = 0; round < 10; round++) {
      const a = x0 & 0xffff;
      const b = x0 >>> 16;
      const c = x2 & 0xffff;
      const d = x2 >>> 16;
      const s = (Math.imul(b, 0x1f53) + (Math.imul(a, 0x1f53) >>> 16)) | 0;
      const t = (Math.imul(d, 0x8d57) + (Math.imul(c, 0x8d57) >>> 16)) | 0;
      const high0 = (Math.imul(b, 0xd251) + (s >>> 16) + ((Math.imul(a, 0xd251) + (s & 0xffff)) >>> 16)) | 0;
      const high2 = (Math.imul(d, 0xcd9e) + (t >>> 16) + ((Math.imul(c, 0xcd9e) + (t & 0xffff)) >>> 16)) | 0;
      const low0 = Math.imul(x0, 0xd2511f53);
      x0 = high2 ^ x1 ^ k0;
      x1 = Math.imul(x2, 0xcd9e8d57);
      x2 = high0 ^ x3 ^ k1;
      x3 = low0;
      k0 = (k0 + 0x9e3779b9) | 0;
      k1 = (k1 + 0xbb67ae85) | 0;
    }
    out[at] = x0;
    out[at + 1] = x1;
    out[at + 2] = x2;
    out[at + 3] = x3;
    low = (low + 1) | 0;
    if (low === 0) high = (high + 1) | 0;
  }
}

/** floor(a b / 2^32) of unsigned 32-bit numbers: the rounding error of the double product is below 2^11. */
function multiplyHigh(a: number, b: number): number {
  return ((a * b - (Math.imul(a, b) >>> 0)) * 2 ** -32 + 0.5) >>> 0;
}

/**
 * Whether floor(word · bound / 2^32) must be refused to stay unbiased: Lemire, "Fast random integer generation" (2019).
 */
function isBiased(word: number, bound: number): boolean {
  const rest = Math.imul(word, bound) >>> 0;
  return rest < bound && rest < (2 ** 32 - bound) % bound;
}

function checkBound(bound: number, least: number): void {
  if (Number.isInteger(bound) && bound >= least && bound < 2 ** 32) return;
  throw failure("option", {
    where: "random",
    expected: `a whole number from ${least} to 2^32 - 1`,
    received: String(bound),
  });
}

function checkedOffset({ offset = 0 }: FillOptions, length: number): number {
  if (Number.isSafeInteger(offset) && offset >= 0 && Number.isSafeInteger(offset + length)) return offset;
  throw failure("option", { where: "random offset", expected: "a safe integer, 0 or more", received: String(offset) });
}
