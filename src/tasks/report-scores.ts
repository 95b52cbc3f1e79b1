// report-scores: likelihoods for a report, of as many rows as the time that is left allows.
import type { FloatArray } from "../tensor/array.ts";

/** Rows that are scored however little time is left. */
const fewest = 256;

export interface TimedRows {
  /** The first rows, or some that are evenly spread: `count` of them. */
  readonly rows: (count: number) => FloatArray;
  /** The most rows that are of use. */
  readonly most: number;
  /** What may be spent; Infinity for as long as it takes. */
  readonly milliseconds: number;
}

/** Scores of `most` rows, or of fewer where a few of them show that the time does not allow it. */
export async function scoresInTime(
  { rows, most, milliseconds }: TimedRows,
  score: (rows: FloatArray) => Promise<readonly number[]>,
): Promise<readonly number[]> {
  if (milliseconds === Number.POSITIVE_INFINITY || most <= fewest) return score(rows(most));
  const begun = performance.now();
  const few = await score(rows(fewest));
  const spent = performance.now() - begun;
  const count = Math.min(most, Math.floor(((milliseconds - spent) * fewest) / spent));
  return count < 2 * fewest ? few : score(rows(count));
}
