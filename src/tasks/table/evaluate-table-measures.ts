// evaluate-table-measures: every measure of one table of synthetic rows, and of real rows in its place
import type { BoostingOptions } from "../../measure/boosting.ts";
import { type ClosestRecords, closestSteps, identicalRows, type PrivacyTables } from "../../measure/closest-record.ts";
import { type ColumnShapes, columnShapes } from "../../measure/column-shapes.ts";
import { coverageSteps } from "../../measure/coverage.ts";
import { fewestClassifierRows } from "../../measure/drift.ts";
import type { Estimate } from "../../measure/estimate.ts";
import { membershipSteps } from "../../measure/membership.ts";
import { type PairTrends, pairTrendSteps } from "../../measure/pair-trends.ts";
import { inTurns } from "../../measure/steps.ts";
import { type TwoSampleClassification, twoSampleSteps } from "../../measure/two-sample-classifier.ts";
import { knowsTarget, type Utility, utilitySteps } from "../../measure/utility.ts";
import type { TableMetricName } from "./evaluate-table-metrics.ts";

export interface MeasureSettings {
  readonly seed: number | string;
  /** Rows of each table for the trees, for distances between rows, and for neighbourhoods, at most. */
  readonly rows: number;
  readonly distanceRows: number;
  readonly neighbourhoodRows: number;
  readonly pairs: number;
  readonly target?: string | undefined;
  readonly boosting: Omit<BoostingOptions, "random">;
  /** Whether `train` are rows that the generator has seen: without them there is nothing to be measured of privacy. */
  readonly isTrained: boolean;
  /** Whether the columns that give rows away are looked for. */
  readonly isTold?: boolean;
  /** Called between measures and within them. */
  readonly turn: () => Promise<void>;
}

export type MetricEstimates = Readonly<Partial<Record<TableMetricName, Estimate>>>;

/** What one table gets. */
export interface Measured {
  readonly estimates: MetricEstimates;
  readonly shapes: ColumnShapes;
  readonly trends: PairTrends;
  /** Columns that give the rows away, largest share first; none without `c2st`. */
  readonly telling: TwoSampleClassification["columns"];
}

/** Measures of synthetic rows. */
export interface MeasuredSynthetic extends Measured {
  /** With training rows. */
  readonly distances?: ClosestRecords["distance"];
}

/** Fidelity of `synthetic`, and privacy where `train` are training rows. */
export async function measureSynthetic(tables: PrivacyTables, settings: MeasureSettings): Promise<MeasuredSynthetic> {
  const found = await fidelity(tables, settings);
  if (!settings.isTrained) return found;
  const options = { seed: settings.seed, rows: settings.distanceRows };
  const { closerToTrain, nearness, distance } = await inTurns(closestSteps(tables, options), settings.turn);
  const { auc, atOnePercent } = await inTurns(membershipSteps(tables, options), settings.turn);
  const privacy: MetricEstimates = {
    closerToTrain,
    nearness,
    identicalRows: identicalRows(tables).synthetic,
    membership: auc,
    membershipAtOnePercent: atOnePercent,
  };
  return { ...found, estimates: { ...found.estimates, ...privacy }, distances: distance };
}

/**
 * What real rows get: rows like `train` (in the place of `synthetic`) for fidelity; for privacy rows that know no training row,
 * which is known exactly, except for identical rows, where it is the share among the held-out rows.
 */
export async function measureFloor(tables: PrivacyTables, settings: MeasureSettings): Promise<Measured> {
  const found = await fidelity(tables, settings);
  if (!settings.isTrained) return found;
  const exactly = (value: number): Estimate => ({ value, standardError: 0 });
  const privacy: MetricEstimates = {
    closerToTrain: exactly(0.5),
    nearness: exactly(0.5),
    identicalRows: identicalRows(tables).heldOut,
    membership: exactly(0.5),
    membershipAtOnePercent: exactly(0.01),
  };
  return { ...found, estimates: { ...found.estimates, ...privacy } };
}

/** 1 less the mean of both distances; their errors may go together, so the mean of the errors is the most it can be. */
export function qualityOf(shapes: Estimate, trends: PairTrends): Estimate {
  const parts = trends.pairs.length > 0 ? [shapes, trends.mean] : [shapes];
  const meanOf = (pick: (part: Estimate) => number) =>
    parts.reduce((total, part) => total + pick(part), 0) / parts.length;
  return { value: 1 - meanOf(({ value }) => value), standardError: meanOf(({ standardError }) => standardError) };
}

async function fidelity(
  { heldOut, synthetic }: PrivacyTables,
  { seed, rows, neighbourhoodRows, pairs, target, boosting, isTold = false, turn }: MeasureSettings,
): Promise<Measured> {
  const shapes = columnShapes(heldOut, synthetic);
  await turn();
  const trends = await inTurns(pairTrendSteps(heldOut, synthetic, { seed, pairs }), turn);
  const near = coverageSteps(heldOut, synthetic, { seed, rows: neighbourhoodRows });
  const { ranges, categories, neighbourhoods } = await inTurns(near, turn);
  const isLarge = Math.min(heldOut.rows, synthetic.rows, rows) >= fewestClassifierRows;
  const classified = isLarge
    ? await inTurns(twoSampleSteps(heldOut, synthetic, { seed, rows, boosting, hasColumns: isTold }), turn)
    : undefined;
  const useful =
    target !== undefined && [heldOut, synthetic].every((table) => knowsTarget(table, target))
      ? await inTurns(
          utilitySteps({ synthetic, train: synthetic, test: heldOut, target }, { seed, rows, boosting }),
          turn,
        )
      : undefined;
  const { precision, recall, density, coverage } = neighbourhoods;
  const estimates: MetricEstimates = {
    quality: qualityOf(shapes.mean, trends),
    columnShapes: shapes.mean,
    gapRates: shapes.gaps,
    ...(trends.gaps && { gapPatterns: trends.gaps }),
    pairTrends: trends.mean,
    ...(classified && { c2st: classified.auc }),
    ...(useful && { utility: mainScore(useful).synthetic }),
    precision,
    recall,
    density,
    coverage,
    rangeCoverage: ranges.mean,
    categoryCoverage: categories.mean,
  };
  return { estimates, shapes, trends, telling: classified?.columns ?? [] };
}

function mainScore(utility: Utility) {
  return utility.kind === "classification" ? utility.f1 : utility.r2;
}
