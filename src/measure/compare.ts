// compare: how far sets of points are from held-out rows, by every two-sample measure, on columns that count alike.
import { failure } from "../errors.ts";
import { type Random, split } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";
import { energyDistance } from "./energy-distance.ts";
import type { Estimate } from "./estimate.ts";
import { maximumMeanDiscrepancy, medianDistance } from "./maximum-mean-discrepancy.ts";
import type { TwoSampleName } from "./names.ts";
import { fewestPoints } from "./pairs.ts";
import { chosenRows } from "./points.ts";
import { slicedWassersteinEstimate } from "./sliced-wasserstein.ts";

/** How far one set of points is from the held-out rows. */
export type Distances = Readonly<Record<TwoSampleName, Estimate>>;

/** Rows of each set that are looked at, at most. */
export const comparedRows = 4096;

export interface Comparison {
  /** Rows of each set that are looked at. */
  readonly rows: number;
  /** Distances of `points` [at least `rows`, d] from the held-out rows. Every call looks with the same directions and kernels. */
  distances(points: FloatArray): Distances;
  /** The sliced Wasserstein distance alone, equal to that of `distances`. */
  slicedWasserstein(points: FloatArray): Estimate;
}

/**
 * Gets held-out rows ready to be compared with sets of points, all in the same units. Columns are divided by `deviation`,
 * which should be that of the training rows. Of each set `rows` rows are looked at, a random choice that `random` decides.
 * Throws "data" when there are fewer held-out rows than that, or fewer than 8.
 */
export function comparison(
  heldOut: FloatArray,
  {
    deviation,
    rows,
    random,
  }: { readonly deviation: ArrayLike<number>; readonly rows: number; readonly random: Random },
): Comparison {
  const d = deviation.length;
  const prepared = (points: FloatArray, purpose: string): Float32Array => {
    const chosen = chosenRows(points, rows, split(random, "rows", purpose));
    const [count = 0, width] = chosen.shape;
    if (width !== d || count < rows || rows < fewestPoints)
      throw failure("data", {
        where: purpose,
        expected: `${Math.max(rows, fewestPoints)} rows of ${d} columns to compare`,
        received: `${count} of ${width}`,
      });
    return chosen.data.map((value, i) => value / (deviation[i % d] ?? 1));
  };
  const reference = prepared(heldOut, "held-out rows");
  const bandwidth = medianDistance(reference, d, split(random, "bandwidth"));
  const sliced = (compared: Float32Array) => slicedWassersteinEstimate(compared, reference, d, random);
  return {
    rows,
    slicedWasserstein: (points) => sliced(prepared(points, "points")),
    distances: (points) => {
      const compared = prepared(points, "points");
      return {
        slicedWasserstein: sliced(compared),
        energyDistance: energyDistance(compared, reference, d, random),
        mmdSquared: maximumMeanDiscrepancy(compared, reference, d, random, { bandwidth }),
      };
    },
  };
}
