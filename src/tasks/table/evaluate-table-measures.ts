// evaluate-table-measures: every measure of one table of synthetic rows, and of real rows in its place
import type { BoostingOptions } from "../../measure/boosting.ts";
import {
  type ClosestRecords,
  closestRecords,
  identicalRows,
  type PrivacyTables,
} from "../../measure/closest-record.ts";
import { type ColumnShapes, columnShapes } from "../../measure/column-shapes.ts";
import { tableCoverage } from "../../measure/coverage.ts";
import { fewestClassifierRows } from "../../measure/drift.ts";
import type { Estimate } from "../../measure/estimate.ts";
import { membershipInference } from "../../measure/membership.ts";
import { type PairTrends, pairTrends } from "../../measure/pair-trends.ts";
import { classifierTwoSample, type TwoSampleClassification } from "../../measure/two-sample-classifier.ts";
import { trainOnSyntheticTestOnReal, type Utility } from "../../measure/utility.ts";
import type { TableMetricName } from "./evaluate-table-metrics.ts";

export interface MeasureSettings {
  readonly seed: number | string;
  readonly rows: number;
  readonly neighbourhoodRows: number;
  readonly pairs: number;
  readonly target?: string | undefined;
  readonly boosting: Omit<BoostingOptions, "random">;
  /** Called between measures. */
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
  readonly distances: ClosestRecords["distance"];
}

/** Fidelity and privacy of `synthetic`. */
export async function measureSynthetic(tables: PrivacyTables, settings: MeasureSettings): Promise<MeasuredSynthetic> {
  const found = await fidelity(tables, settings, "synthetic");
  const { closerToTrain, nearness, distance } = closestRecords(tables, settings);
  await settings.turn();
  const { auc, atOnePercent } = membershipInference(tables, settings);
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
 * What real rows get: training rows (in the place of `synthetic`) for fidelity; for privacy rows that know no training row,
 * which is known exactly, except for identical rows, where it is the share among the held-out rows.
 */
export async function measureFloor(tables: PrivacyTables, settings: MeasureSettings): Promise<Measured> {
  const found = await fidelity(tables, settings, "real");
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

async function fidelity(
  { train, heldOut, synthetic }: PrivacyTables,
  { seed, rows, neighbourhoodRows, pairs, target, boosting, turn }: MeasureSettings,
  learner: "synthetic" | "real",
): Promise<Measured> {
  const shapes = columnShapes(heldOut, synthetic);
  const trends = pairTrends(heldOut, synthetic, { seed, pairs });
  await turn();
  const { ranges, categories, neighbourhoods } = tableCoverage(heldOut, synthetic, { seed, rows: neighbourhoodRows });
  await turn();
  const isLarge = Math.min(heldOut.rows, synthetic.rows, rows) >= fewestClassifierRows;
  const classified = isLarge ? classifierTwoSample(heldOut, synthetic, { seed, rows, boosting }) : undefined;
  await turn();
  const useful =
    target === undefined
      ? undefined
      : trainOnSyntheticTestOnReal({ synthetic, train, test: heldOut, target }, { seed, rows, boosting });
  await turn();
  const { precision, recall, density, coverage } = neighbourhoods;
  const estimates: MetricEstimates = {
    columnShapes: shapes.mean,
    gapRates: shapes.gaps,
    pairTrends: trends.mean,
    ...(classified && { c2st: classified.auc }),
    ...(useful && { utility: mainScore(useful)[learner] }),
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
