// report-scores: likelihoods for a report, of as many rows as the networks and the time that is left allow.
import { mlpParameterCount } from "../nn/mlp.ts";
import type { FloatArray } from "../tensor/array.ts";
import type { Configuration } from "../train/configuration.ts";

/** Multiplications that the likelihoods of a report may cost; the rows they use follow from it. */
const reportCost = 5e11;

/** Rows whose likelihood a fit reports, at most: fewer for large networks. */
export function reportRows(configuration: Configuration, d: number): number {
  const weights = configuration.blocks.reduce((total, { network }) => total + mlpParameterCount(network, d), 0);
  const perRow = 40 * weights * (1 + d);
  return Math.max(256, Math.min(10_000, Math.floor(reportCost / perRow)));
}

/** Rows that are scored however little time is left; of wide tables one row may take a good part of a second. */
const fewest = 32;

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

/** Percentiles by fewer log-densities of training rows than this are rough. */
const fewScores = 256;

/** How many points of a kind could be scored in time, and how many would have been. */
export interface ScoredShare {
  readonly scored: number;
  readonly most: number;
}

/** Says how few points stand for all of a fit whose time allowed no more of them, of training and of held-out rows. */
export function hurriedNotes(train: ScoredShare, heldOut: ScoredShare | undefined): readonly string[] {
  const isCut = ({ scored, most }: ScoredShare) => scored < Math.min(fewScores, most);
  const told = ({ scored, most }: ScoredShare, of: string) => `${scored} of ${most} points of ${of} rows`;
  const cut = [
    ...(isCut(train) ? [told(train, "training")] : []),
    ...(heldOut && isCut(heldOut) ? [told(heldOut, "held-out")] : []),
  ];
  if (cut.length === 0) return [];
  const rest = isCut(train) ? "likelihoods and percentiles" : "the likelihood of held-out rows";
  return [
    `there was time for the log-densities of only ${cut.join(" and ")}: ${rest} rest${isCut(train) ? "" : "s"} on these; give more time for finer ones`,
  ];
}
