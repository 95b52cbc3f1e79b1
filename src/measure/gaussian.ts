// gaussian: the simplest density to be held beside, one Gaussian with the training rows' mean and covariance.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";

/** Mean negative log-likelihood (nats per row) of test rows under the Gaussian of the training rows, with its standard error. */
export function gaussianNll(
  train: FloatArray,
  test: FloatArray,
): { readonly nll: number; readonly standardError: number } {
  const [, d = 0] = train.shape;
  const { mean, covariance } = moments(train);
  const factor = cholesky(covariance, d);
  let logDeterminant = 0;
  for (let i = 0; i < d; i++) logDeterminant += 2 * Math.log(factor[i * d + i] ?? 1);
  const constant = 0.5 * (d * Math.log(2 * Math.PI) + logDeterminant);
  const values = Array.from({ length: test.shape[0] ?? 0 }, (_, row) => {
    const whitened = new Float64Array(d);
    let squares = 0;
    for (let i = 0; i < d; i++) {
      let value = (test.data[row * d + i] ?? 0) - (mean[i] ?? 0);
      for (let k = 0; k < i; k++) value -= (factor[i * d + k] ?? 0) * (whitened[k] ?? 0);
      whitened[i] = value / (factor[i * d + i] ?? 1);
      squares += (whitened[i] ?? 0) ** 2;
    }
    return constant + squares / 2;
  });
  const nll = values.reduce((a, b) => a + b, 0) / values.length;
  const variance = values.reduce((a, b) => a + (b - nll) ** 2, 0) / Math.max(1, values.length - 1);
  return { nll, standardError: Math.sqrt(variance / values.length) };
}

function moments({ data, shape }: FloatArray): { readonly mean: Float64Array; readonly covariance: Float64Array } {
  const [rows = 0, d = 0] = shape;
  const mean = new Float64Array(d);
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < data.length; i++) mean[i % d] = (mean[i % d] ?? 0) + (data[i] ?? 0) / rows;
  for (let row = 0; row < rows; row++)
    for (let i = 0; i < d; i++) {
      const centred = (data[row * d + i] ?? 0) - (mean[i] ?? 0);
      for (let k = 0; k <= i; k++) {
        const product = (centred * ((data[row * d + k] ?? 0) - (mean[k] ?? 0))) / rows;
        covariance[i * d + k] = (covariance[i * d + k] ?? 0) + product;
        if (k < i) covariance[k * d + i] = covariance[i * d + k] ?? 0;
      }
    }
  return { mean, covariance };
}

/** The lower triangular factor L of a positive definite matrix, A = L L^T. */
function cholesky(a: Float64Array, d: number): Float64Array {
  const factor = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      let value = a[i * d + j] ?? 0;
      for (let k = 0; k < j; k++) value -= (factor[i * d + k] ?? 0) * (factor[j * d + k] ?? 0);
      if (i !== j) factor[i * d + j] = value / (factor[j * d + j] ?? 1);
      else if (value > 0) factor[i * d + i] = Math.sqrt(value);
      else
        throw failure("data", {
          where: `column ${i + 1}`,
          expected: "columns that are not linear combinations of each other",
          received: "a singular covariance",
        });
    }
  return factor;
}
