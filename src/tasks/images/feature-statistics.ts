// feature-statistics: mean and covariance of features in files of other tools: .npz with mu and sigma (pytorch-fid, clean-fid).
import { zipSync } from "fflate";
import { encodeNpy } from "../../data/npy.ts";
import { openNpz } from "../../data/npz.ts";
import type { Bytes } from "../../data/stored-rows.ts";
import { failure } from "../../errors.ts";
import type { FeatureStatistics } from "../../measure/moments.ts";

/** Most features of a file: the covariance is 512 MiB then. */
const mostFeatures = 8192;

/**
 * Reads `mu` [d] and `sigma` [d, d], float64 or float32. Throws "data" for files without them, sizes that do not fit, numbers that are
 * not finite and a covariance that is not symmetric.
 */
export async function readFeatureStatistics(bytes: Bytes, where: string): Promise<FeatureStatistics> {
  const mu = await openNpz(bytes, where, "mu");
  const sigma = await openNpz(bytes, where, "sigma");
  const d = mu.rows * mu.columns;
  if ((mu.rows !== 1 && mu.columns !== 1) || sigma.rows !== d || sigma.columns !== d || d > mostFeatures)
    throw failure("data", {
      where,
      expected: `mu [d] and sigma [d, d] with d up to ${mostFeatures}`,
      received: `[${mu.rows}, ${mu.columns}] and [${sigma.rows}, ${sigma.columns}]`,
    });
  const mean = Float64Array.from(await mu.read(0, mu.rows));
  const covariance = Float64Array.from(await sigma.read(0, d));
  checkCovariance(mean, covariance, where);
  return { mean, covariance };
}

function checkCovariance(mean: Float64Array, covariance: Float64Array, where: string): void {
  const d = mean.length;
  const complain = (expected: string, received: string) => {
    throw failure("data", { where: `${where}:sigma`, expected, received });
  };
  if (![mean, covariance].every((values) => values.every(Number.isFinite))) complain("finite numbers", "others");
  let largest = 0;
  for (let i = 0; i < d; i++) largest = Math.max(largest, covariance[i * d + i]!);
  for (let i = 0; i < d; i++)
    for (let j = 0; j < i; j++)
      if (Math.abs(covariance[i * d + j]! - covariance[j * d + i]!) > 1e-5 * largest)
        complain("a symmetric matrix", `${covariance[i * d + j]} and ${covariance[j * d + i]} across the diagonal`);
}

/** Writes such a file, in float64. Equal statistics give equal bytes. */
export function encodeFeatureStatistics({ mean, covariance }: FeatureStatistics): Uint8Array {
  const d = mean.length;
  const files = {
    "mu.npy": encodeNpy({ type: "float64", shape: [d], data: mean }),
    "sigma.npy": encodeNpy({ type: "float64", shape: [d, d], data: covariance }),
  };
  return zipSync(files, { level: 0, mtime: new Date(1980, 0, 1) });
}
