// pairs: U-statistics, means of a function over pairs of points, with a standard error that also holds where they are degenerate.
import { failure } from "../errors.ts";
import { type Estimate, spread } from "./estimate.ts";

/** The variances that decide how far a mean over pairs scatters. */
export interface PairVariances {
  /** zeta_1: covariance of h over two pairs that share one point. 0 (degenerate) where both sets have one law. */
  readonly shared: number;
  /** zeta_2: variance of h over one pair. */
  readonly single: number;
}

/** Fewest points of a set: below, no standard error can be told. */
export const fewestPoints = 8;

/** Pairs that are looked at unless an option says otherwise. */
export const defaultPairs = 2 ** 21;

/**
 * Mean of a symmetric h(i, j) over pairs of n points, all of them or about `pairs` in a balanced design: i with i + s mod n
 * for s = 1 … S. With m = n S pairs of which 2 (2 S - 1) share a point with any one, Var(mean) = (zeta_2 + 2 (2 S - 1)
 * zeta_1) / m. zeta_1 comes from how the mean over the pairs of each point scatters, less what zeta_2 alone explains.
 * Source: W. Hoeffding, "A class of statistics with asymptotically normal distribution" (1948), section 5.
 */
export function meanOverPairs(
  n: number,
  pairs: number,
  h: (i: number, j: number) => number,
): { readonly estimate: Estimate; readonly variances: PairVariances } {
  const strides = Math.min(Math.floor((n - 1) / 2), Math.max(1, Math.floor(pairs / n)));
  const means = new Float64Array(n);
  let squares = 0;
  for (let stride = 1; stride <= strides; stride++)
    for (let i = 0; i < n; i++) {
      const j = i + stride < n ? i + stride : i + stride - n;
      const value = h(i, j);
      means[i] = (means[i] ?? 0) + value;
      means[j] = (means[j] ?? 0) + value;
      squares += value * value;
    }
  for (let i = 0; i < n; i++) means[i] = (means[i] ?? 0) / (2 * strides);
  const { mean, variance } = spread(means);
  const single = Math.max(0, squares / (n * strides) - mean * mean);
  const explained = (single * (n - 2)) / (2 * n * strides);
  const perShared = ((2 * strides - 1) * (n - 4)) / (2 * n * strides);
  const shared = Math.max(0, (variance * (n - 1)) / n - explained) / perShared;
  const variances = { shared, single };
  return { estimate: { value: mean, standardError: pairError(variances, n, strides) }, variances };
}

/** Standard error of a mean over the n S pairs of strides 1 … S; S = (n - 1) / 2 is all pairs. */
export function pairError({ shared, single }: PairVariances, n: number, strides: number): number {
  return Math.sqrt((single + 2 * (2 * strides - 1) * shared) / (n * strides));
}

/** Throws code "shape" unless a and b [rows · d] hold equally many points, at least `fewest`; gives how many. */
export function pairedRows(where: string, a: Float32Array, b: Float32Array, d: number, fewest = fewestPoints): number {
  if (a.length === b.length && a.length >= fewest * d) return a.length / d;
  throw failure("shape", {
    where,
    expected: `two sets of ${fewest > 1 ? `at least ${fewest} and ` : ""}equally many points`,
    received: `${a.length / d} and ${b.length / d}`,
  });
}

/** Squared distance of row i of a and row j of b. */
export function squaredDistance(a: Float32Array, i: number, b: Float32Array, j: number, d: number): number {
  let total = 0;
  for (let k = 0; k < d; k++) {
    const difference = a[i * d + k]! - b[j * d + k]!;
    total += difference * difference;
  }
  return total;
}
