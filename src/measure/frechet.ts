// frechet: the Fréchet distance between Gaussians fitted to features of images, its value for endless samples, and their errors.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { rowsOf } from "../tensor/array.ts";
import type { Estimate } from "./estimate.ts";
import { type FeatureStatistics, joinedMoments, type Moments, momentsOf, statisticsOf } from "./moments.ts";
import { addRowProducts } from "./row-products.ts";
import { pivotedFactor, symmetricEigenvalues } from "./symmetric.ts";

/**
 * |m_a - m_b|^2 + tr(A) + tr(B) - 2 tr (A B)^(1/2), in squared units of the features. With A = L L^T the eigenvalues of A B are
 * those of L^T B L, which is symmetric: no root of a matrix is taken, singular covariances are no special case, and a covariance
 * of fewer rows than features makes it smaller. About 1.5 d^3 products. Throws "shape" where the features do not match.
 * Sources: D. Dowson and B. Landau, "The Fréchet distance between multivariate normal distributions" (1982); M. Heusel and
 * others, "GANs trained by a two time-scale update rule" (2017).
 */
export function frechetDistance(a: FeatureStatistics, b: FeatureStatistics): number {
  const d = a.mean.length;
  if (b.mean.length !== d)
    throw failure("shape", {
      where: "Fréchet distance",
      expected: `statistics of ${d} features`,
      received: String(b.mean.length),
      remedy: "both sides must come from one network",
    });
  const fewer = (a.rows ?? Number.POSITIVE_INFINITY) <= (b.rows ?? Number.POSITIVE_INFINITY);
  let distance = -2 * rootTrace(fewer ? a.covariance : b.covariance, fewer ? b.covariance : a.covariance, d);
  for (let i = 0; i < d; i++)
    distance += (a.mean[i]! - b.mean[i]!) ** 2 + a.covariance[i * d + i]! + b.covariance[i * d + i]!;
  return Math.max(0, distance);
}

/** tr (A B)^(1/2) of covariances [d · d]. */
function rootTrace(a: Float64Array, b: Float64Array, d: number): number {
  const { upper, rank, order } = pivotedFactor(a, d);
  if (rank === 0) return 0;
  const ordered = new Float64Array(d * d);
  for (let i = 0; i < d; i++) for (let j = 0; j < d; j++) ordered[i * d + j] = b[order[i]! * d + order[j]!]!;
  const half = new Float64Array(rank * d);
  addRowProducts({ p: upper, q: ordered, k: d, out: half, triangular: "p" });
  const product = new Float64Array(rank * rank);
  addRowProducts({ p: half, q: upper, k: d, out: product, lower: true, triangular: "q" });
  return symmetricEigenvalues(product, rank).reduce((sum, value) => sum + Math.sqrt(Math.max(0, value)), 0);
}

export interface FrechetOptions {
  /** Whether to also compute standard errors and the value for endless samples: some hundred distances. Default: up to 512 features. */
  readonly errors?: boolean;
}

export interface FrechetEstimate {
  /** The distance with these rows; its standard error is that of the scatter, not of the bias, and NaN where it was left out. */
  readonly distance: Estimate;
  /** The distance that endless rows would have; absent where there are too few rows to tell, or where it was left out. */
  readonly infinite?: Estimate;
  readonly features: number;
  readonly rows: { readonly samples: number; readonly reference?: number };
}

/** Up to so many features standard errors are computed unless an option says otherwise. */
export const mostFeatures = 512;

/** Groups of rows that are left out in turn, and into how many parts they are put to see how the distance falls. */
const groups = 12;
const partitions = [1, 2, 3, 4];

/**
 * Fréchet distance of feature rows [n, d], in random order, from reference rows [m, d] or from the statistics of a file. The
 * distance of finite sets is too large by about c / n. `infinite` is the line through its values at n, n/2, n/3 and n/4 rows (means
 * over disjoint parts) at 1/n = 0. Reference rows are divided likewise, so that the bias of both sides goes; statistics of a file stay
 * as they are, as published values of FID-infinity have it. Parts have at least 2 d rows.
 * Standard errors are the jackknife's over 12 groups of rows of each side.
 * Source: M. Chong and D. Forsyth, "Effectively unbiased FID and Inception Score" (2020), with disjoint parts.
 */
export function frechetEstimate(
  samples: FloatArray,
  reference: FloatArray | FeatureStatistics,
  { errors = (samples.shape[1] ?? 0) <= mostFeatures }: FrechetOptions = {},
): FrechetEstimate {
  const features = samples.shape[1] ?? 0;
  const count = samples.shape[0] ?? 0;
  const known = "mean" in reference ? reference.rows : reference.shape[0];
  const facts = { features, rows: { samples: count, ...(known !== undefined && { reference: known }) } };
  if (!errors || count < 2 * groups || (known !== undefined && known < 2 * groups)) {
    const other = "mean" in reference ? reference : statisticsOf(momentsOf(reference));
    const value = frechetDistance(statisticsOf(momentsOf(samples)), other);
    return { distance: { value, standardError: Number.NaN }, ...facts };
  }
  const sides = { samples: grouped(samples), reference: "mean" in reference ? reference : grouped(reference) };
  const fewest = Math.min(count, "mean" in reference ? count : (known ?? 0));
  const parts = partitions.filter((k) => (fewest * Math.floor((groups - 1) / k)) / groups >= 2 * features);
  const found = jackknife(sides, (left) => [whole(left), ...(parts.length >= 3 ? [extrapolated(left, parts)] : [])]);
  const [distance, infinite] = found;
  return { distance: distance!, ...(infinite && { infinite }), ...facts };
}

/** The groups of both sides; a reference without rows has none. */
interface Sides {
  readonly samples: readonly Moments[];
  readonly reference: readonly Moments[] | FeatureStatistics;
}

function grouped(rows: FloatArray): readonly Moments[] {
  const n = rows.shape[0] ?? 0;
  const edge = (group: number) => Math.floor((group * n) / groups);
  return Array.from({ length: groups }, (_, g) => momentsOf(rowsOf(rows, edge(g), edge(g + 1))));
}

const isFixed = (side: Sides["reference"]): side is FeatureStatistics => "mean" in side;

function whole({ samples, reference }: Sides): number {
  const other = isFixed(reference) ? reference : statisticsOf(joinedMoments(reference));
  return frechetDistance(statisticsOf(joinedMoments(samples)), other);
}

/** The mean distance of k disjoint parts, for each k, and the line through them at 1/n = 0. */
function extrapolated({ samples, reference }: Sides, parts: readonly number[]): number {
  const total = samples.reduce((sum, { rows }) => sum + rows, 0);
  const points = parts.map((k) => {
    const part = (all: readonly Moments[], i: number) => {
      const width = Math.floor(all.length / k);
      return all.slice(i * width, (i + 1) * width);
    };
    const values = Array.from({ length: k }, (_, i) =>
      whole({ samples: part(samples, i), reference: isFixed(reference) ? reference : part(reference, i) }),
    );
    const share = Math.floor(samples.length / k) / samples.length;
    return { x: 1 / (share * total), y: values.reduce((sum, value) => sum + value / k, 0) };
  });
  const mean = (of: "x" | "y") => points.reduce((sum, point) => sum + point[of] / points.length, 0);
  const [x, y] = [mean("x"), mean("y")];
  const slope =
    points.reduce((sum, point) => sum + (point.x - x) * (point.y - y), 0) /
    points.reduce((sum, point) => sum + (point.x - x) ** 2, 0);
  return y - slope * x;
}

/** Values with the errors that leaving out one group after the other tells: of each side (g - 1)/g times the sum of squares. */
function jackknife(sides: Sides, measure: (left: Sides) => readonly number[]): readonly Estimate[] {
  const without = (all: readonly Moments[], g: number) => all.filter((_, i) => i !== g);
  const bySamples = sides.samples.map((_, g) => measure({ ...sides, samples: without(sides.samples, g) }));
  const { reference } = sides;
  const byReference = isFixed(reference)
    ? []
    : reference.map((_, g) => measure({ ...sides, reference: without(reference, g) }));
  return measure(sides).map((value, n) => {
    const variance = [bySamples, byReference].reduce((sum, replicates) => {
      const values = replicates.map((replicate) => replicate[n]!);
      const mean = values.reduce((total, v) => total + v / values.length, 0);
      const squares = values.reduce((total, v) => total + (v - mean) ** 2, 0);
      return sum + (values.length === 0 ? 0 : ((values.length - 1) / values.length) * squares);
    }, 0);
    return { value, standardError: Math.sqrt(variance) };
  });
}
