// measure-ranges: between which values each measure lies, for bounds that it is held against.
import type { AnyMeasureName } from "./thresholds.ts";

/** Infinite ends are not known. */
export interface MeasureRange {
  readonly least: number;
  readonly most: number;
}

const any = { least: Number.NEGATIVE_INFINITY, most: Number.POSITIVE_INFINITY };
const share = { least: 0, most: 1 };
const positive = { ...any, least: 0 };

/** Estimates that are free of bias, such as `mmdSquared` and `kernel`, may lie below 0 though what they estimate does not. */
export const measureRanges: Readonly<Record<AnyMeasureName, MeasureRange>> = {
  nll: any,
  nllStandardized: any,
  slicedWasserstein: positive,
  energyDistance: any,
  mmdSquared: any,
  quality: share,
  columnShapes: share,
  gapRates: share,
  gapPatterns: share,
  pairTrends: share,
  c2st: share,
  // R² of numbers has no least value.
  utility: { ...any, most: 1 },
  precision: share,
  recall: share,
  density: positive,
  coverage: share,
  rangeCoverage: share,
  categoryCoverage: share,
  closerToTrain: share,
  nearness: share,
  identicalRows: share,
  membership: share,
  membershipAtOnePercent: share,
  knownShapes: share,
  shapes: share,
  lengths: share,
  identical: share,
  duplicates: share,
  frechet: positive,
  frechetInfinite: any,
  kernel: any,
  confidence: share,
  labelEntropy: positive,
  score: { ...any, least: 1 },
  suspicious: share,
};
