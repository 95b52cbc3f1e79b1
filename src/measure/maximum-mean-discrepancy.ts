// maximum-mean-discrepancy: how far two sets of points are apart, by the mean of Gaussian kernels between and within them.
import { failure } from "../errors.ts";
import { fillBelow, type Random, split } from "../random.ts";
import type { Estimate } from "./estimate.ts";
import { defaultPairs, meanOverPairs, pairedRows, squaredDistance } from "./pairs.ts";

export interface DiscrepancyOptions {
  /** Middle bandwidth sigma of the kernels; default: the median distance within a and b together. */
  readonly bandwidth?: number;
  /** Pairs of points looked at, of each kind; about 2 million by default. */
  readonly pairs?: number;
}

/**
 * MMD^2 = E k(X, X') + E k(Y, Y') - 2 E k(X, Y) of two sets of points [rows · d], unbiased, with the kernel k = mean of
 * exp(-|x - y|^2 / (2 s^2)) over the bandwidths s = sigma / 2, sigma, 2 sigma. No unit; at most 2. Both sets must hold equally
 * many rows, at least 8 (else "shape"), in random order. Give `bandwidth` to compare several sets with one: values of
 * different kernels cannot be compared. The standard error takes the bandwidth as given.
 * Source: A. Gretton and others, "A kernel two-sample test" (2012), lemma 6.
 */
export function maximumMeanDiscrepancy(
  a: Float32Array,
  b: Float32Array,
  d: number,
  random: Random,
  { bandwidth, pairs = defaultPairs }: DiscrepancyOptions = {},
): Estimate {
  const n = pairedRows("maximumMeanDiscrepancy", a, b, d);
  const sigma = bandwidth ?? pooledMedian(a, b, d, random);
  if (!(sigma > 0 && Number.isFinite(sigma)))
    throw failure("option", { where: "bandwidth", expected: "a number above 0", received: String(sigma) });
  // The widest kernel is u; the two narrower ones are u^4 and u^16.
  const scale = -1 / (8 * sigma * sigma);
  const kernel = (p: Float32Array, i: number, q: Float32Array, j: number) => {
    const u = Math.exp(scale * squaredDistance(p, i, q, j, d));
    const middle = u * u * (u * u);
    return (u + middle + middle * middle * (middle * middle)) / 3;
  };
  return meanOverPairs(
    n,
    pairs,
    (i, j) => kernel(a, i, a, j) + kernel(b, i, b, j) - kernel(a, i, b, j) - kernel(b, i, a, j),
  ).estimate;
}

/** Pairs of rows whose distances the median is taken of. */
const medianPairs = 10_000;

/** Median distance of two different rows of `points` [rows · d], of 10 000 random pairs; 1 where most rows are equal. */
export function medianDistance(points: Float32Array, d: number, random: Random): number {
  const rows = points.length / d;
  const [left, right] = [new Uint32Array(medianPairs), new Uint32Array(medianPairs)];
  fillBelow(split(random, "left"), left, rows);
  fillBelow(split(random, "right"), right, Math.max(1, rows - 1));
  const distances = Float64Array.from(left, (i, n) =>
    Math.sqrt(squaredDistance(points, i, points, (i + 1 + (right[n] ?? 0)) % rows, d)),
  ).sort();
  return distances[medianPairs / 2] || 1;
}

function pooledMedian(a: Float32Array, b: Float32Array, d: number, random: Random): number {
  const both = new Float32Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return medianDistance(both, d, split(random, "bandwidth"));
}
