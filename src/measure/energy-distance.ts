// energy-distance: how far two sets of points are apart, by the mean distances between and within them.
import type { Random } from "../random.ts";
import type { Estimate } from "./estimate.ts";
import { defaultPairs, meanOverPairs, pairError, pairedRows, squaredDistance } from "./pairs.ts";

export interface EnergyOptions {
  /** Pairs of points looked at, of each kind; about 2 million by default. In one dimension the value is of all pairs. */
  readonly pairs?: number;
}

/**
 * 2 E|X - Y| - E|X - X'| - E|Y - Y'| of two sets of points [rows · d], unbiased, hence a little below 0 at times for sets
 * of one law. In the units of the points. Both sets must hold equally many rows, at least 8 (else "shape"), in random
 * order. Nothing is drawn: `_random` is there because every measure takes it.
 * Source: G. Székely and M. Rizzo, "Energy statistics: a class of statistics based on distances" (2013).
 */
export function energyDistance(
  a: Float32Array,
  b: Float32Array,
  d: number,
  _random: Random,
  { pairs = defaultPairs }: EnergyOptions = {},
): Estimate {
  const n = pairedRows("energyDistance", a, b, d);
  const distance = (p: Float32Array, i: number, q: Float32Array, j: number) =>
    Math.sqrt(squaredDistance(p, i, q, j, d));
  const { estimate, variances } = meanOverPairs(
    n,
    pairs,
    (i, j) => distance(a, i, b, j) + distance(b, i, a, j) - distance(a, i, a, j) - distance(b, i, b, j),
  );
  return d === 1 ? { value: onLine(a, b), standardError: pairError(variances, n, (n - 1) / 2) } : estimate;
}

/** The mean over all pairs i < j in one dimension, by sorting. */
function onLine(a: Float32Array, b: Float32Array): number {
  const n = a.length;
  const both = new Float32Array(2 * n);
  both.set(a);
  both.set(b, n);
  let meeting = 0;
  for (let i = 0; i < n; i++) meeting += Math.abs((a[i] ?? 0) - (b[i] ?? 0));
  const [inA, inB] = [sumOfDistances(a), sumOfDistances(b)];
  const between = sumOfDistances(both) - inA - inB - meeting;
  return (between - inA - inB) / ((n * (n - 1)) / 2);
}

/** Sum of |x_i - x_j| over i < j: in sorted order, x_(k) is added k times and taken away count - 1 - k times. */
function sumOfDistances(points: Float32Array): number {
  const sorted = points.slice().sort();
  return sorted.reduce((total, x, k) => total + (2 * k - (sorted.length - 1)) * x, 0);
}
