// same-law: how probable a distance between two sets of values is where both come from one law
import { lazyPermutation, type Random, split } from "../random.ts";
import { chiSquareTail, kolmogorovTail } from "./tails.ts";

/** Values of two sets as cells 0 … cells - 1, below 0 for gaps; where they have an order, by size. */
export interface CellPair {
  readonly kind: "ordered" | "unordered";
  readonly real: Int32Array;
  readonly other: Int32Array;
  readonly cells: number;
}

/** Known values that are dealt out anew, at most; with more the large-sample laws hold. */
const mostDealt = 10_000;
/** So many deals at most; so many that are as far apart end them (Besag and Clifford, "Sequential Monte Carlo p-values", 1991). */
const [deals, enough] = [1999, 30];
/** Of the chi-square law: levels that are expected less often in either set count as one. */
const leastExpected = 5;

/**
 * The probability that two samples of one law are as far apart as these sets or further: by the Kolmogorov–Smirnov distance of
 * ordered cells, by the total variation of others. The known values are dealt out anew at random, so it is exact for any number
 * of rows and ties; beyond 10 000 known values by the laws of Kolmogorov (cautious with ties) and chi-square. NaN where there is
 * nothing to compare: one set has no value, or all values are alike.
 */
export function sameLawChance(pair: CellPair, key: Random): number {
  const { real, other, cells } = pair;
  const [a, b] = [real.filter(isKnown), other.filter(isKnown)];
  const counts = { real: countsOf(a, cells), other: countsOf(b, cells) };
  const filled = counts.real.filter((count, cell) => count + counts.other[cell]! > 0).length;
  if (a.length === 0 || b.length === 0 || filled < 2) return Number.NaN;
  const tail = () => largeSampleChance(pair.kind, counts, a.length, b.length);
  if (a.length + b.length > mostDealt) return tail();
  const distance = pair.kind === "ordered" ? steps : variation;
  const found = distance(counts.real, counts.other, a.length, b.length);
  const chance = dealtChance(a, b, cells, distance, found - 1e-12, key);
  return chance > 1 / (deals + 1) ? chance : Math.min(chance, tail());
}

function isKnown(code: number): boolean {
  return code >= 0;
}

type CellDistance = (a: Float64Array, b: Float64Array, n: number, m: number) => number;

/** The share of deals that are at least `found` apart, these sets being one of them. */
function dealtChance(
  a: Int32Array,
  b: Int32Array,
  cells: number,
  distance: CellDistance,
  found: number,
  key: Random,
): number {
  const all = new Int32Array(a.length + b.length);
  all.set(a);
  all.set(b, a.length);
  const total = countsOf(all, cells);
  const few = Math.min(a.length, b.length);
  const rest = new Float64Array(cells);
  let asFar = 0;
  for (let deal = 1; deal <= deals; deal++) {
    const chosen = lazyPermutation(split(key, deal), all.length)(all.length - few).subarray(all.length - few);
    const counts = new Float64Array(cells);
    for (const place of chosen) counts[all[place]!]!++;
    for (let cell = 0; cell < cells; cell++) rest[cell] = total[cell]! - counts[cell]!;
    if (distance(counts, rest, few, all.length - few) >= found) asFar++;
    if (asFar === enough) return enough / deal;
  }
  return (asFar + 1) / (deals + 1);
}

function countsOf(codes: Int32Array, cells: number): Float64Array {
  const counts = new Float64Array(cells);
  for (const code of codes) counts[code]!++;
  return counts;
}

function steps(a: Float64Array, b: Float64Array, n: number, m: number): number {
  let [difference, largest] = [0, 0];
  for (let cell = 0; cell < a.length; cell++) {
    difference += a[cell]! / n - b[cell]! / m;
    largest = Math.max(largest, Math.abs(difference));
  }
  return largest;
}

function variation(a: Float64Array, b: Float64Array, n: number, m: number): number {
  let sum = 0;
  for (let cell = 0; cell < a.length; cell++) sum += Math.abs(a[cell]! / n - b[cell]! / m);
  return sum / 2;
}

interface Counts {
  readonly real: Float64Array;
  readonly other: Float64Array;
}

function largeSampleChance(kind: CellPair["kind"], { real, other }: Counts, n: number, m: number): number {
  if (kind === "ordered") return kolmogorovTail(steps(real, other, n, m) * Math.sqrt((n * m) / (n + m)));
  const share = n / (n + m);
  const least = leastExpected / Math.min(share, 1 - share);
  let [square, groups, rareReal, rareOther] = [0, 0, 0, 0];
  const add = (a: number, b: number): void => {
    square += (a - (a + b) * share) ** 2 / ((a + b) * share * (1 - share));
    groups++;
  };
  for (let cell = 0; cell < real.length; cell++) {
    const [a, b] = [real[cell]!, other[cell]!];
    if (a + b >= least) add(a, b);
    else [rareReal, rareOther] = [rareReal + a, rareOther + b];
  }
  if (rareReal + rareOther >= least) add(rareReal, rareOther);
  return groups < 2 ? 1 : chiSquareTail(square, groups - 1);
}

/** Holm's adjustment of several probabilities ("A simple sequentially rejective multiple test procedure", 1979); NaN stays NaN and does not count. */
export function holmAdjusted(chances: readonly number[]): readonly number[] {
  const order = [...chances.keys()].filter((n) => !Number.isNaN(chances[n])).sort((a, b) => chances[a]! - chances[b]!);
  const adjusted = [...chances];
  let least = 0;
  order.forEach((place, rank) => {
    least = Math.max(least, Math.min(1, (order.length - rank) * chances[place]!));
    adjusted[place] = least;
  });
  return adjusted;
}
