// moments: mean and covariance of feature rows in float64, as rows arrive and from parts put together.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { addRowProducts } from "./row-products.ts";

/** What a Gaussian fitted to feature rows is made of. */
export interface FeatureStatistics {
  /** [d] */
  readonly mean: Float64Array;
  /** [d · d], symmetric, with divisor rows - 1. */
  readonly covariance: Float64Array;
  /** How many rows stand behind it; files of other tools do not say. */
  readonly rows?: number;
}

/** Sums that can be put together: of rows, not of their squares, so that a large mean costs no digits. */
export interface Moments {
  readonly rows: number;
  readonly mean: Float64Array;
  /** Sum over rows of (x - mean)(x - mean)^T; only the lower triangle is filled. */
  readonly scatter: Float64Array;
}

/** Takes rows [n, d] as they come. */
export interface MomentsCollector {
  /** Throws "shape" for rows of another width, "numeric" for a number that is not finite. */
  add(rows: FloatArray): void;
  moments(): Moments;
}

/** Rows whose products are summed at once. */
const block = 256;

export function collectMoments(d: number): MomentsCollector {
  const [total, scatter] = [new Float64Array(d), new Float64Array(d * d)];
  let origin: Float64Array | undefined;
  let count = 0;
  const addBlock = (data: Float32Array, base: Float64Array) => {
    const n = data.length / d;
    const turned = new Float64Array(data.length);
    for (let row = 0; row < n; row++)
      for (let j = 0; j < d; j++) {
        const value = data[row * d + j]! - base[j]!;
        turned[j * n + row] = value;
        total[j]! += value;
      }
    addRowProducts({ p: turned, q: turned, k: n, out: scatter, lower: true });
    count += n;
  };
  return {
    add({ data, shape }) {
      const [n = 0, width] = shape;
      checkFeatures(data, width, d);
      if (n === 0) return;
      origin ??= columnMeans(data.subarray(0, Math.min(n, block) * d), d);
      for (let first = 0; first < n; first += block)
        addBlock(data.subarray(first * d, Math.min(n, first + block) * d), origin);
    },
    moments() {
      const offset = total.map((value) => value / Math.max(1, count));
      const centred = scatter.slice();
      addOuter(centred, offset, -count);
      return { rows: count, mean: offset.map((value, j) => value + (origin?.[j] ?? 0)), scatter: centred };
    },
  };
}

function checkFeatures(data: Float32Array, width: number | undefined, d: number): void {
  if (width !== d)
    throw failure("shape", { where: "features", expected: `rows of ${d} values`, received: String(width) });
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad !== undefined)
    throw failure("numeric", { where: "features", expected: "finite numbers", received: String(bad) });
}

function columnMeans(data: Float32Array, d: number): Float64Array {
  const means = new Float64Array(d);
  for (let i = 0; i < data.length; i++) means[i % d]! += data[i]! / (data.length / d);
  return means;
}

/** Adds `times` v v^T to the lower triangle of a [d · d]. */
function addOuter(a: Float64Array, v: Float64Array, times: number): void {
  const d = v.length;
  for (let i = 0; i < d; i++) for (let j = 0; j <= i; j++) a[i * d + j]! += times * v[i]! * v[j]!;
}

/** The moments of rows [n, d]. */
export function momentsOf(rows: FloatArray): Moments {
  const collector = collectMoments(rows.shape[1] ?? 0);
  collector.add(rows);
  return collector.moments();
}

/** The moments of all rows of some parts: T. Chan, G. Golub and R. LeVeque, "Updating formulae and a pairwise algorithm" (1979). */
export function joinedMoments(parts: readonly Moments[]): Moments {
  const d = parts[0]?.mean.length ?? 0;
  const rows = parts.reduce((sum, part) => sum + part.rows, 0);
  const [mean, scatter] = [new Float64Array(d), new Float64Array(d * d)];
  for (const part of parts) for (let j = 0; j < d; j++) mean[j]! += (part.mean[j]! * part.rows) / rows;
  for (const part of parts) {
    for (let i = 0; i < scatter.length; i++) scatter[i]! += part.scatter[i]!;
    addOuter(
      scatter,
      part.mean.map((value, j) => value - mean[j]!),
      part.rows,
    );
  }
  return { rows, mean, scatter };
}

/** Mean and covariance. Throws "data" for fewer than 2 rows. */
export function statisticsOf({ rows, mean, scatter }: Moments): FeatureStatistics {
  if (rows < 2)
    throw failure("data", { where: "feature statistics", expected: "at least 2 rows", received: String(rows) });
  const d = mean.length;
  const covariance = new Float64Array(d * d);
  for (let i = 0; i < d; i++)
    for (let j = 0; j <= i; j++) {
      covariance[i * d + j] = scatter[i * d + j]! / (rows - 1);
      covariance[j * d + i] = covariance[i * d + j]!;
    }
  return { mean, covariance, rows };
}
