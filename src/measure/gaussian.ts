// gaussian: the simplest density to be held beside, one Gaussian with the training rows' mean and covariance.
import { fillNormal, split } from "../random.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { type Baseline, baselineNll, columnScale, logVolume, scaled, unscaled } from "./baseline.ts";
import { type GaussianLaw, gaussianLaw, lawLogDensity } from "./linear-algebra.ts";

/** The Gaussian of largest likelihood (covariance with divisor n) of rows [n, d]. Throws "data" when it is singular. */
export function fitGaussian(train: FloatArray): Baseline {
  const [, d = 0] = train.shape;
  const scale = columnScale(train);
  const law = gaussianLaw(new Float64Array(d), secondMoments(scaled(train.data, scale), d));
  const volume = logVolume(scale);
  return {
    name: "gaussian",
    parameters: d + (d * (d + 1)) / 2,
    choice: "one component",
    logDensity: ({ data }) => {
      const [rows, work] = [scaled(data, scale), new Float64Array(d)];
      return Float64Array.from({ length: rows.length / d }, (_, row) => lawLogDensity(law, rows, row, work) - volume);
    },
    sample: (random, count) => {
      const points = new Float64Array(count * d);
      const noise = new Float32Array(count * d);
      fillNormal(split(random, "noise"), noise);
      for (let row = 0; row < count; row++) drawInto(points, row, law, noise);
      return floats(unscaled(points, scale), [count, d]);
    },
  };
}

/** Mean negative log-likelihood (nats per row) of test rows under the Gaussian of the training rows, with its standard error. */
export function gaussianNll(
  train: FloatArray,
  test: FloatArray,
): { readonly nll: number; readonly standardError: number } {
  const { value, standardError } = baselineNll(fitGaussian(train), test);
  return { nll: value, standardError };
}

/** Writes mean + L z into row `row` of `points` [n · d], z the same row of `noise`. */
export function drawInto(points: Float64Array, row: number, { mean, factor }: GaussianLaw, noise: Float32Array): void {
  const d = mean.length;
  for (let i = 0; i < d; i++) {
    let value = mean[i] ?? 0;
    for (let k = 0; k <= i; k++) value += (factor[i * d + k] ?? 0) * (noise[row * d + k] ?? 0);
    points[row * d + i] = value;
  }
}

/** Mean of x x^T over rows of mean 0. */
function secondMoments(rows: Float64Array, d: number): Float64Array {
  const moments = new Float64Array(d * d);
  const count = rows.length / d;
  for (let row = 0; row < count; row++)
    for (let i = 0; i < d; i++) {
      const x = rows[row * d + i]! / count;
      for (let k = 0; k <= i; k++) moments[i * d + k]! += x * rows[row * d + k]!;
    }
  return moments;
}
