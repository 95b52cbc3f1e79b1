// expectation-maximization: fits the k Gaussians of a mixture to rows of mean 0 and deviation 1, in float64.
import type { Random } from "../random.ts";
import { nearestOfMeans } from "./k-means.ts";
import { type GaussianLaw, gaussianLaw, lawLogDensity } from "./linear-algebra.ts";

/** Components with their weights, which sum to 1. */
export interface Mixture {
  readonly logWeights: Float64Array;
  readonly laws: readonly GaussianLaw[];
}

/** Added to the diagonal of every covariance (the rows have deviation 1): no component may shrink to a point. */
const regularization = 1e-6;

/** Gain in mean log-likelihood (nats per row) below which the iteration has converged. */
const convergence = 1e-4;

/** Responsibilities below this are taken as none; its logarithm bounds which terms of a sum are looked at. */
const negligible = 1e-8;
const logNegligible = Math.log(negligible);

/** k components that start from k-means clusters of rows [n · d]. */
export function startMixture(rows: Float64Array, d: number, k: number, random: Random): Mixture {
  const nearest = nearestOfMeans(rows, d, k, random);
  const responsibilities = new Float64Array(nearest.length * k);
  nearest.forEach((c, row) => {
    responsibilities[row * k + c] = 1;
  });
  return maximize(rows, d, k, responsibilities);
}

/** Up to `iterations` rounds of expectation and maximization. */
export function improveMixture(rows: Float64Array, d: number, start: Mixture, iterations: number): Mixture {
  const k = start.laws.length;
  const responsibilities = new Float64Array((rows.length / d) * k);
  let [mixture, before] = [start, Number.NEGATIVE_INFINITY];
  for (let round = 0; round < iterations; round++) {
    const logDensities = mixtureLogDensity(mixture, rows, d, responsibilities);
    const likelihood = logDensities.reduce((a, b) => a + b, 0) / logDensities.length;
    if (likelihood - before < convergence) return mixture;
    before = likelihood;
    mixture = maximize(rows, d, k, responsibilities);
  }
  return mixture;
}

/** Log-density of each row [n · d]; fills `responsibilities` [n · k], each row's share of every component, when given. */
export function mixtureLogDensity(
  { logWeights, laws }: Mixture,
  rows: Float64Array,
  d: number,
  responsibilities?: Float64Array,
): Float64Array {
  const [k, work, terms] = [laws.length, new Float64Array(d), new Float64Array(laws.length)];
  return Float64Array.from({ length: rows.length / d }, (_, row) => {
    let largest = Number.NEGATIVE_INFINITY;
    for (let c = 0; c < k; c++) {
      const term = logWeights[c]! + lawLogDensity(laws[c]!, rows, row, work);
      terms[c] = term;
      if (term > largest) largest = term;
    }
    let sum = 0;
    for (let c = 0; c < k; c++) {
      const share = terms[c]! - largest;
      terms[c] = share < logNegligible ? 0 : Math.exp(share);
      sum += terms[c]!;
    }
    if (responsibilities) for (let c = 0; c < k; c++) responsibilities[row * k + c] = terms[c]! / sum;
    return largest + Math.log(sum);
  });
}

/** The mixture of largest likelihood for these responsibilities, its covariances regularised. */
function maximize(rows: Float64Array, d: number, k: number, responsibilities: Float64Array): Mixture {
  const count = rows.length / d;
  const logWeights = new Float64Array(k);
  const laws = Array.from({ length: k }, (_, c) => {
    let total = 0;
    for (let row = 0; row < count; row++) total += responsibilities[row * k + c]!;
    logWeights[c] = Math.log(Math.max(total, Number.MIN_VALUE) / count);
    return componentOf(rows, d, (row) => responsibilities[row * k + c]!, total);
  });
  return { logWeights, laws };
}

/** One component: weighted mean and covariance. One that no row belongs to gets the law of all rows, and hardly any weight. */
function componentOf(rows: Float64Array, d: number, weight: (row: number) => number, total: number): GaussianLaw {
  const count = rows.length / d;
  const [mean, covariance] = [new Float64Array(d), new Float64Array(d * d)];
  for (let i = 0; i < d; i++) covariance[i * d + i] = total > negligible ? regularization : 1;
  if (total <= negligible) return gaussianLaw(mean, covariance);
  for (let row = 0; row < count; row++) {
    const share = weight(row) / total;
    for (let i = 0; i < d; i++) mean[i]! += share * rows[row * d + i]!;
  }
  for (let row = 0; row < count; row++) {
    if (weight(row) < negligible) continue;
    const share = weight(row) / total;
    for (let i = 0; i < d; i++) {
      const x = share * (rows[row * d + i]! - mean[i]!);
      for (let j = 0; j <= i; j++) covariance[i * d + j]! += x * (rows[row * d + j]! - mean[j]!);
    }
  }
  return gaussianLaw(mean, covariance);
}
