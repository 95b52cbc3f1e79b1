// nearest-images: whether samples are copies of training images, or nearer to them than test images are.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { areaUnderCurve } from "./area-under-curve.ts";
import type { Estimate } from "./estimate.ts";
import { sketcher } from "./leading-directions.ts";
import type { Steps } from "./steps.ts";

export interface NearestImages {
  /**
   * Chance that a sample is nearer to its closest training image than a test image is to its own, ties counting half: 0.5 for
   * images of the law itself, 1 where all are copies. Blurred samples are nearer too.
   */
  readonly nearness: Estimate;
  /** Distances to the closest training image, root mean square over the values of an image. */
  readonly samples: DistanceSummary;
  readonly test: DistanceSummary;
  /** Samples nearer to a training image than 99 of 100 test images are, as a share: 0.01 for images of the law itself. */
  readonly suspicious: number;
  readonly rows: { readonly samples: number; readonly test: number; readonly train: number };
}

export interface DistanceSummary {
  readonly least: number;
  /** 5 % quantile. */
  readonly low: number;
  readonly median: number;
}

export interface NearestImagesOptions {
  /** Samples and test images that are looked at, each; default 1000. All training images are. */
  readonly rows?: number;
}

/** Nearest training images of samples and of test images, all [n, d] in the same units. Throws "data" for fewer than 2 of any. */
export function* nearestImagesSteps(
  samples: FloatArray,
  test: FloatArray,
  train: FloatArray,
  { rows = 1000 }: NearestImagesOptions = {},
): Steps<NearestImages> {
  const d = train.shape[1] ?? 0;
  for (const [name, set] of Object.entries({ samples, test, train }))
    if ((set.shape[0] ?? 0) < 2 || set.shape[1] !== d)
      throw failure("data", {
        where: `nearest images, ${name}`,
        expected: `at least 2 images of ${d} values`,
        received: `[${set.shape.join(", ")}]`,
      });
  const count = Math.min(rows, samples.shape[0] ?? 0, test.shape[0] ?? 0);
  const nearest = nearestFinder(train.data, d);
  const distances = ({ data }: FloatArray) => nearest(data.subarray(0, count * d));
  const [own, expected] = [(yield* distances(samples)).sort(), (yield* distances(test)).sort()];
  const rare = quantile(expected, 0.01);
  return {
    nearness: areaUnderCurve(expected, own),
    samples: summary(own),
    test: summary(expected),
    suspicious: own.filter((distance) => distance < rare).length / count,
    rows: { samples: count, test: count, train: train.shape[0] ?? 0 },
  };
}

/** The verdict in a sentence. */
export function nearestImagesSentence({ nearness, samples, test, rows, suspicious }: NearestImages): string {
  const medians = `median ${samples.median.toFixed(3)} against ${test.median.toFixed(3)}`;
  const shares = `${(100 * suspicious).toFixed(1)} % are nearer than 99 % of test images`;
  const seen = `${rows.samples} samples and ${rows.test} test images against ${rows.train} training images`;
  const isNearer = nearness.value > 0.5 + 2 * nearness.standardError;
  const verdict = isNearer
    ? "Samples are nearer to training images than test images are: copies, or blurred images"
    : "Samples are no nearer to training images than test images are: no sign of copying";
  return `${verdict} (${medians}; ${shares}; ${seen}).`;
}

function summary(sorted: Float64Array): DistanceSummary {
  return { least: sorted[0]!, low: quantile(sorted, 0.05), median: quantile(sorted, 0.5) };
}

function quantile(sorted: Float64Array, share: number): number {
  return sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))]!;
}

/** A query takes some milliseconds. */
const queriesPerStep = 16;
/** What float32 may add to a bound. */
const [shrink, slack] = [0.9999, 1e-6];

/**
 * Finds the distance of each query to its nearest training row, exactly. A short sketch of each row bounds its distance from below, so
 * that nearly all rows are passed over without a look at their values.
 */
function nearestFinder(train: Float32Array, d: number): (queries: Float32Array) => Steps<Float64Array> {
  const { width, sketch } = sketcher(train, d);
  const known = sketch(train);
  const bounds = new Float64Array(train.length / d);
  return function* (queries) {
    const own = sketch(queries);
    const distances = new Float64Array(queries.length / d);
    for (let row = 0; row < distances.length; row++) {
      if (row % queriesPerStep === 0) yield;
      let likely = 0;
      for (let other = 0; other < bounds.length; other++) {
        bounds[other] = shrink * squaredUpTo(own, row * width, known, other * width, width) - slack;
        if (bounds[other]! < bounds[likely]!) likely = other;
      }
      let best = squaredUpTo(queries, row * d, train, likely * d, d);
      for (let other = 0; other < bounds.length; other++)
        if (bounds[other]! < best) best = Math.min(best, squaredUpTo(queries, row * d, train, other * d, d, best));
      distances[row] = Math.sqrt(best / d);
    }
    return distances;
  };
}

/** Values that are summed before asking whether the limit is passed. */
const stretch = 32;

/** The squared distance of values from i of a and from j of b, or any number from `limit` on where it is that large. */
function squaredUpTo(
  a: Float32Array,
  i: number,
  b: Float32Array,
  j: number,
  d: number,
  limit = Number.POSITIVE_INFINITY,
): number {
  let total = 0;
  for (let k = 0; k < d && total < limit; k += stretch) {
    const end = Math.min(d, k + stretch);
    for (let l = k; l < end; l++) {
      const difference = a[i + l]! - b[j + l]!;
      total += difference * difference;
    }
  }
  return total;
}
