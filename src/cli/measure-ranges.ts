// measure-ranges: between which values each measure lies, and which end is better, for bounds that it is held against.
import type { AnyMeasureName } from "./thresholds.ts";

/** Infinite ends are not known. */
export interface MeasureRange {
  readonly least: number;
  readonly most: number;
  readonly better: "lower" | "higher";
}

const any = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
const [share, positive] = [
  { least: 0, most: 1 },
  { ...any, least: 0 },
];
const [lower, higher] = [{ better: "lower" }, { better: "higher" }] as const;
const [lowShare, highShare, low] = [
  { ...share, ...lower },
  { ...share, ...higher },
  { ...any, ...lower },
];

/** Estimates that are free of bias, such as `mmdSquared` and `kernel`, may lie below 0 though what they estimate does not. */
export const measureRanges: Readonly<Record<AnyMeasureName, MeasureRange>> = {
  nll: low,
  nllStandardized: low,
  slicedWasserstein: { ...positive, ...lower },
  energyDistance: low,
  mmdSquared: low,
  quality: highShare,
  columnShapes: lowShare,
  gapRates: lowShare,
  pairTrends: lowShare,
  c2st: lowShare,
  // R² of numbers has no least value.
  utility: { ...any, most: 1, ...higher },
  precision: highShare,
  recall: highShare,
  density: { ...positive, ...higher },
  coverage: highShare,
  rangeCoverage: highShare,
  categoryCoverage: highShare,
  closerToTrain: lowShare,
  nearness: lowShare,
  identicalRows: lowShare,
  membership: lowShare,
  membershipAtOnePercent: lowShare,
  knownShapes: highShare,
  shapes: lowShare,
  lengths: lowShare,
  identical: lowShare,
  duplicates: lowShare,
  frechet: { ...positive, ...lower },
  frechetInfinite: low,
  kernel: low,
  confidence: highShare,
  labelEntropy: { ...positive, ...higher },
  score: { ...any, least: 1, ...higher },
  suspicious: lowShare,
};

/** What a bound beyond a measure's range comes to: none of its values meets it, or every one does. */
export function boundSays(measure: AnyMeasureName, worst: number): "never met" | "always met" | "something" {
  const { least, most, better } = measureRanges[measure];
  if (worst >= least && worst <= most) return "something";
  return worst < least === (better === "lower") ? "never met" : "always met";
}
