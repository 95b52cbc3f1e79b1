// column-shapes-distances: distances between two sets of values, with what each row adds to their sampling error
import { type Estimate, spread } from "./estimate.ts";

/** A distance from 0 to 1, and by how much each row moves it (to first order, mean 0): the rows of one set and of the other. */
export interface Distance {
  readonly value: number;
  readonly influence: { readonly real: Float64Array; readonly other: Float64Array };
}

/** Gathers distances between the columns of the same two tables. */
export interface DistanceMean {
  add(distance: Distance): void;
  /** The mean of all that were added; columns share their rows' luck, and the standard error knows it. */
  estimate(): Estimate;
}

/** The sampling error of one distance, by the delta method. */
export function distanceEstimate({ value, influence }: Distance): Estimate {
  return { value, standardError: influenceError(influence.real, influence.other) };
}

export function distanceMean(realRows: number, otherRows: number): DistanceMean {
  const [real, other] = [new Float64Array(realRows), new Float64Array(otherRows)];
  let [total, count] = [0, 0];
  return {
    add: ({ value, influence }) => {
      total += value;
      count++;
      for (let row = 0; row < realRows; row++) real[row]! += influence.real[row]!;
      for (let row = 0; row < otherRows; row++) other[row]! += influence.other[row]!;
    },
    estimate: () => {
      if (count === 0) return { value: 0, standardError: 0 };
      return { value: total / count, standardError: influenceError(real, other) / count };
    },
  };
}

function influenceError(real: Float64Array, other: Float64Array): number {
  return Math.sqrt(spread(real).variance / real.length + spread(other).variance / other.length);
}

/**
 * Kolmogorov–Smirnov: the largest |F(x) - G(x)| over all x, F and G the shares of the known values up to x; exact with ties.
 * 1 where one set alone has no known value. With x* the place of the largest difference, a row moves the distance by
 * 1[value <= x*] - F(x*).
 */
export function kolmogorovSmirnov(real: Float64Array, other: Float64Array): Distance {
  const [a, b] = [knownSorted(real), knownSorted(other)];
  if (a.length === 0 || b.length === 0) return withoutValues(a.length === b.length, real.length, other.length);
  let [i, j, difference, place] = [0, 0, 0, Number.NEGATIVE_INFINITY];
  while (i < a.length && j < b.length) {
    const x = Math.min(a[i]!, b[j]!);
    while (a[i] === x) i++;
    while (b[j] === x) j++;
    const found = i / a.length - j / b.length;
    if (Math.abs(found) > Math.abs(difference)) [difference, place] = [found, x];
  }
  const sign = Math.sign(difference);
  return {
    value: Math.abs(difference),
    influence: {
      real: stepInfluence(real, place, a.length, sign),
      other: stepInfluence(other, place, b.length, -sign),
    },
  };
}

function stepInfluence(values: Float64Array, place: number, known: number, sign: number): Float64Array {
  let below = 0;
  for (const value of values) if (value <= place) below++;
  const [share, weight] = [below / known, (sign * values.length) / known];
  return values.map((value) => (Number.isNaN(value) ? 0 : weight * ((value <= place ? 1 : 0) - share)));
}

function knownSorted(values: Float64Array): Float64Array {
  return values.filter((value) => !Number.isNaN(value)).sort();
}

function withoutValues(both: boolean, realRows: number, otherRows: number): Distance {
  const influence = { real: new Float64Array(realRows), other: new Float64Array(otherRows) };
  return { value: both ? 0 : 1, influence };
}

/**
 * Total variation: half the sum over codes 0 … levels - 1 of |p - q|, p and q the shares among the known values; codes below 0
 * are gaps. 1 where one set alone has no known value. A row of code k moves it by (s_k - sum of s p) / 2, s = sign(p - q).
 */
export function totalVariation(real: Int32Array, other: Int32Array, levels: number): Distance {
  const [p, q] = [codeShares(real, levels), codeShares(other, levels)];
  if (p.known === 0 || q.known === 0) return withoutValues(p.known === q.known, real.length, other.length);
  const signs = p.shares.map((share, k) => Math.sign(share - q.shares[k]!));
  let value = 0;
  for (let k = 0; k < levels; k++) value += Math.abs(p.shares[k]! - q.shares[k]!) / 2;
  return {
    value,
    influence: { real: levelInfluence(real, p, signs, 0.5), other: levelInfluence(other, q, signs, -0.5) },
  };
}

interface CodeShares {
  readonly shares: Float64Array;
  readonly known: number;
}

function codeShares(codes: Int32Array, levels: number): CodeShares {
  const counts = new Float64Array(levels);
  let known = 0;
  for (const code of codes) {
    if (code < 0) continue;
    counts[code]!++;
    known++;
  }
  return { shares: counts.map((count) => count / Math.max(known, 1)), known };
}

function levelInfluence(
  codes: Int32Array,
  { shares, known }: CodeShares,
  signs: Float64Array,
  half: number,
): Float64Array {
  const mean = shares.reduce((sum, share, k) => sum + share * signs[k]!, 0);
  const weight = (half * codes.length) / known;
  const influence = new Float64Array(codes.length);
  for (let row = 0; row < codes.length; row++) {
    const code = codes[row]!;
    if (code >= 0) influence[row] = weight * (signs[code]! - mean);
  }
  return influence;
}

/** Half the difference of two Pearson correlations, each over the rows where both values are known; 0 for a constant column. */
export function correlationDistance(
  real: readonly [x: Float64Array, y: Float64Array],
  other: readonly [x: Float64Array, y: Float64Array],
): Distance {
  const [a, b] = [correlation(...real), correlation(...other)];
  const half = Math.sign(a.value - b.value) / 2;
  return {
    value: Math.abs(a.value - b.value) / 2,
    influence: { real: a.influence.map((v) => half * v), other: b.influence.map((v) => -half * v) },
  };
}

/** r with its influence z_x z_y - r (z_x^2 + z_y^2) / 2, z the standardised values. */
function correlation(x: Float64Array, y: Float64Array): { readonly value: number; readonly influence: Float64Array } {
  const influence = new Float64Array(x.length);
  const isKnown = (row: number) => !Number.isNaN(x[row]! + y[row]!);
  let [count, meanX, meanY] = [0, 0, 0];
  for (let row = 0; row < x.length; row++) {
    if (!isKnown(row)) continue;
    count++;
    meanX += (x[row]! - meanX) / count;
    meanY += (y[row]! - meanY) / count;
  }
  let [xx, yy, xy] = [0, 0, 0];
  for (let row = 0; row < x.length; row++) {
    if (!isKnown(row)) continue;
    const [dx, dy] = [x[row]! - meanX, y[row]! - meanY];
    xx += dx * dx;
    yy += dy * dy;
    xy += dx * dy;
  }
  // What is left of a constant column is the rounding of its mean.
  const isFlat = (squares: number, mean: number) => !(squares > count * (1e-14 * mean) ** 2);
  if (count < 2 || isFlat(xx, meanX) || isFlat(yy, meanY)) return { value: 0, influence };
  const value = Math.max(-1, Math.min(1, xy / Math.sqrt(xx) / Math.sqrt(yy)));
  const [sx, sy, weight] = [Math.sqrt(xx / count), Math.sqrt(yy / count), x.length / count];
  for (let row = 0; row < x.length; row++) {
    if (!isKnown(row)) continue;
    const [zx, zy] = [(x[row]! - meanX) / sx, (y[row]! - meanY) / sy];
    influence[row] = weight * (zx * zy - (value * (zx * zx + zy * zy)) / 2);
  }
  return { value, influence };
}
