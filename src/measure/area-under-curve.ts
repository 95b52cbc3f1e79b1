// area-under-curve: how well scores tell two groups apart, the area under the ROC curve, with its standard error
import { failure } from "../errors.ts";
import { type Estimate, spread } from "./estimate.ts";

/** Areas below which rows are hardly told apart, and up to which a test may miss them and still says something. */
export const [hardlyTold, mostMissed] = [0.6, 0.7];

/**
 * The chance that a random score of `higher` is above a random one of `lower`, ties counting half: 0.5 when the scores do
 * not tell the groups apart, 1 when they separate them. At least two scores a group, none NaN (else "data"). The standard
 * error is that of E. DeLong, D. DeLong and D. Clarke-Pearson, "Comparing the areas under two or more correlated receiver
 * operating characteristic curves" (1988); it is 0 where the groups are separated.
 */
export function areaUnderCurve(higher: ArrayLike<number>, lower: ArrayLike<number>): Estimate {
  const [a, b] = [sortedScores(higher), sortedScores(lower)];
  const [above, below] = [spread(sharesBelow(a, b)), spread(sharesBelow(b, a))];
  // A mean of ones may be above 1 by rounding.
  return {
    value: Math.min(1, above.mean),
    standardError: Math.sqrt(above.variance / a.length + below.variance / b.length),
  };
}

/**
 * The largest area that an estimate from `count` scores a group leaves open: two standard errors above it. The standard error counts
 * for no less than `meaninglessError`: it is 0 where all scores are equal.
 * An area below 1/2 counts as 1/2: a test that learnt something is not worse than none but by chance.
 */
export function largestArea({ value, standardError }: Estimate, count: number): number {
  const meaningless = meaninglessError(count);
  const doubt = Number.isFinite(standardError) ? Math.max(standardError, meaningless) : meaningless;
  return Math.min(1, Math.max(0.5, value) + 2 * doubt);
}

/** The standard error of the area under the curve of `count` scores a group that have no meaning (H. Mann and D. Whitney, 1947). */
export function meaninglessError(count: number): number {
  return Math.sqrt((2 * count + 1) / 12) / count;
}

function sortedScores(scores: ArrayLike<number>): Float64Array {
  const sorted = Float64Array.from(scores).sort();
  // NaN comes last.
  if (sorted.length >= 2 && !Number.isNaN(sorted.at(-1))) return sorted;
  throw failure("data", {
    where: "area under the curve",
    expected: "at least two scores of each group, none of them NaN",
    received: sorted.length < 2 ? `${sorted.length} in one` : "NaN",
  });
}

/** For each of the ascending numbers the share of the ascending `others` below it, equal ones counting half. */
function sharesBelow(numbers: Float64Array, others: Float64Array): Float64Array {
  let [below, upTo] = [0, 0];
  return numbers.map((x) => {
    while (below < others.length && others[below]! < x) below++;
    while (upTo < others.length && others[upTo]! <= x) upTo++;
    return (below + upTo) / (2 * others.length);
  });
}
