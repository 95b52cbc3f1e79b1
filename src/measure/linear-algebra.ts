// linear-algebra: the little that Gaussians need, in float64: triangular factor, triangular solution, log density.
import { failure } from "../errors.ts";

/** A Gaussian N(mean, L L^T) ready to be evaluated and drawn from. */
export interface GaussianLaw {
  readonly mean: Float64Array;
  /** Lower triangular L, row-major [d · d]. */
  readonly factor: Float64Array;
  /** -log of the density at the mean. */
  readonly constant: number;
}

/** The law with this mean [d] and covariance [d · d]. Throws code "data" when the covariance is singular. */
export function gaussianLaw(mean: Float64Array, covariance: Float64Array): GaussianLaw {
  const d = mean.length;
  const factor = cholesky(covariance, d);
  let logDeterminant = 0;
  for (let i = 0; i < d; i++) logDeterminant += 2 * Math.log(factor[i * d + i] ?? 1);
  return { mean, factor, constant: 0.5 * (d * Math.log(2 * Math.PI) + logDeterminant) };
}

/** log N(x; mean, L L^T) of row `row` of `rows` [n · d]; `work` [d] is overwritten. The inner loop of every mixture. */
export function lawLogDensity(law: GaussianLaw, rows: Float64Array, row: number, work: Float64Array): number {
  const { mean, factor, constant } = law;
  const d = mean.length;
  let squares = 0;
  for (let i = 0; i < d; i++) {
    let value = rows[row * d + i]! - mean[i]!;
    for (let k = 0; k < i; k++) value -= factor[i * d + k]! * work[k]!;
    value /= factor[i * d + i]!;
    work[i] = value;
    squares += value * value;
  }
  return -constant - squares / 2;
}

/** The lower triangular factor L of a positive definite matrix [d · d], A = L L^T. Throws code "data" for a singular one. */
export function cholesky(a: Float64Array, d: number): Float64Array {
  const factor = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      let value = a[i * d + j] ?? 0;
      for (let k = 0; k < j; k++) value -= (factor[i * d + k] ?? 0) * (factor[j * d + k] ?? 0);
      if (i !== j) factor[i * d + j] = value / (factor[j * d + j] ?? 1);
      else if (value > smallest * (a[i * d + i] ?? 0)) factor[i * d + i] = Math.sqrt(value);
      else throw singular(i);
    }
  return factor;
}

/** Share of a column's variance that the columns before it must leave unexplained: far above float64's rounding. */
const smallest = 1e-12;

function singular(column: number) {
  return failure("data", {
    where: `column ${column + 1}`,
    expected: "columns that are not linear combinations of each other",
    received: "a singular covariance",
    remedy: "leave the column out",
  });
}
