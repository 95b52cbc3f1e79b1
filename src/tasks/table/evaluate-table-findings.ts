// evaluate-table-findings: the measures of several tables side by side, and what was left out of them, as plain JSON

import { fewestClassifierRows } from "../../measure/drift.ts";
import { type Estimate, errorBeyondRounding } from "../../measure/estimate.ts";
import { fewestTargetRows } from "../../measure/utility.ts";
import type {
  Beside,
  EvaluatedColumn,
  EvaluatedPair,
  TableBaseline,
  TableEstimate,
  TableFindings,
  TableMetric,
} from "./evaluate-rows.ts";
import type { Measured, MeasuredSynthetic, MeasureSettings } from "./evaluate-table-measures.ts";
import { type TableMetricName, tableMetricNames, tableMetrics } from "./evaluate-table-metrics.ts";
import { areSeen } from "./evaluate-table-words.ts";

/** What all tables got. */
export interface AllMeasured {
  readonly found: MeasuredSynthetic;
  readonly floor: Measured;
  readonly baselines: Readonly<Record<string, Measured>> & Readonly<Record<TableBaseline, Measured>>;
}

/** The measures of the synthetic rows beside those of all others. */
export function gathered(all: AllMeasured): Omit<TableFindings, "seed" | "rows" | "notes" | "gapPairs"> {
  const { shapes, trends, telling, distances } = all.found;
  const measures: Partial<Record<TableMetricName, TableMetric>> = {};
  for (const name of tableMetricNames)
    for (const side of beside(all, ({ estimates }) => estimates[name]))
      measures[name] = { ...side, ...tableMetrics[name] };
  const columns = shapes.columns.flatMap(({ column, kind, gaps }, k) =>
    beside(all, (measured) => measured.shapes.columns[k]?.error).map((side): EvaluatedColumn => {
      return { column, kind, ...side, gaps: { heldOut: gaps.real, synthetic: gaps.other } };
    }),
  );
  const pairs = trends.pairs.flatMap(({ columns, kind, rows }, k) =>
    beside(all, (measured) => measured.trends.pairs[k]?.error).map(
      (side): EvaluatedPair => ({ columns, kind, rows, ...side }),
    ),
  );
  const worstFirst = pairs.toSorted((a, b) => b.value - a.value);
  return { measures, columns, pairs: worstFirst, telling, ...(distances && { distances }) };
}

/** One side-by-side, or none where a table lacks the estimate. */
function beside(all: AllMeasured, pick: (measured: Measured) => Estimate | undefined): readonly Beside[] {
  const [own, floor] = [pick(all.found), pick(all.floor)];
  const [independent, copula] = [pick(all.baselines.independent), pick(all.baselines.copula)];
  if (!own || !floor || !independent || !copula) return [];
  const others = Object.entries(all.baselines).flatMap(([name, measured]) => {
    const estimate = pick(measured);
    return estimate ? [[name, plain(estimate)] as const] : [];
  });
  const baselines = { ...Object.fromEntries(others), independent: plain(independent), copula: plain(copula) };
  return [{ ...plain(own), floor: plain(floor), baselines }];
}

/** An estimate as JSON has it. */
export function plain(estimate: Estimate): TableEstimate {
  const standardError = errorBeyondRounding(estimate);
  return { value: estimate.value, standardError: Number.isFinite(standardError) ? standardError : null };
}

function withoutUtility(target: string | undefined): string {
  const why =
    target === undefined
      ? "no target column was named"
      : `it needs ${fewestTargetRows} rows of each table in which ${JSON.stringify(target)} is known`;
  return `Train on synthetic, test on real was left out: ${why}.`;
}

/** What was left out or cut short. */
export function notesOf(
  { estimates, trends }: Measured,
  floor: Measured,
  { isTrained, rows, distanceRows, target }: MeasureSettings,
  columns: number,
): readonly string[] {
  const few = `The classifier two-sample test was left out: it needs ${fewestClassifierRows} rows of each table.`;
  const some = `Of ${trends.total} pairs of columns ${trends.pairs.length} were looked at, chosen at random.`;
  const half =
    "There are no training rows: the measures of privacy are left out, and a half of the held-out rows stands in for them at the floor and under the baselines.";
  const wide = `Distances between rows were looked at among ${distanceRows} rows of each table at most: there are ${columns} columns.`;
  const seen =
    "More than half of the held-out rows equal a training row: unless the columns are coarse, they are not held out.";
  return [
    ...(isTrained ? [] : [half]),
    ...(areSeen(floor.estimates.identicalRows) ? [seen] : []),
    ...(estimates.c2st ? [] : [few]),
    ...(estimates.utility && floor.estimates.utility ? [] : [withoutUtility(target)]),
    ...(trends.pairs.length < trends.total ? [some] : []),
    ...(distanceRows < rows ? [wide] : []),
  ];
}
