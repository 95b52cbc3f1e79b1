// pixel-gaussian: the simplest generator of images to be held beside, one Gaussian with the mean and covariance of their values.
import { fillNormal, type Random, split } from "../random.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { momentsOf, statisticsOf } from "./moments.ts";
import { chosenRows } from "./points.ts";
import { addRowProducts } from "./row-products.ts";
import { pivotedFactor } from "./symmetric.ts";

/** Draws images [count, d] of a fitted Gaussian; equal keys give equal images, also of a longer draw. */
export interface PixelGaussian {
  sample(random: Random, count: number): FloatArray;
}

export interface PixelGaussianOptions {
  /** Images that are used at most; default 16 384. */
  readonly rows?: number;
  /** Ends of the values, to which samples are clipped; default [-1, 1]. */
  readonly range?: readonly [number, number];
}

/**
 * The Gaussian of training images [n, d]: their mean and their whole covariance, which may be singular (pixels that are always
 * black). Throws "data" for fewer than 2 images.
 */
export function fitPixelGaussian(
  train: FloatArray,
  random: Random,
  { rows = 16_384, range: [low, high] = [-1, 1] }: PixelGaussianOptions = {},
): PixelGaussian {
  const { mean, covariance } = statisticsOf(momentsOf(chosenRows(train, rows, split(random, "rows"))));
  const d = mean.length;
  const { upper, rank, order } = pivotedFactor(covariance, d);
  // Columns of L^T as rows: x[order[i]] = mean + sum over k of upper[k, i] z[k].
  const factor = new Float64Array(d * rank);
  for (let k = 0; k < rank; k++) for (let i = 0; i < d; i++) factor[order[i]! * rank + k] = upper[k * d + i]!;
  return {
    sample: (key, count) => {
      const noise = new Float32Array(count * rank);
      fillNormal(split(key, "noise"), noise);
      const points = new Float64Array(count * d);
      if (rank > 0) addRowProducts({ p: Float64Array.from(noise), q: factor, k: rank, out: points });
      const data = Float32Array.from(points, (value, at) => Math.min(high, Math.max(low, mean[at % d]! + value)));
      return floats(data, [count, d]);
    },
  };
}
