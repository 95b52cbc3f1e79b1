// evaluate-table: how faithful and how private synthetic rows are, every measure beside its floor and two baselines
import type { BoostingOptions } from "../../measure/boosting.ts";
import { type ClosestRecords, checkedRows, type PrivacyTables, someRows } from "../../measure/closest-record.ts";
import { checkEnoughRows } from "../../measure/column-shapes.ts";
import { gaussianCopula, independentColumns } from "../../measure/copula.ts";
import { fewestClassifierRows } from "../../measure/drift.ts";
import type { Estimate } from "../../measure/estimate.ts";
import type { PairTrend } from "../../measure/pair-trends.ts";
import { random, split } from "../../random.ts";
import { turns } from "../../runtime/pause.ts";
import { type Measured, type MeasuredSynthetic, measureFloor, measureSynthetic } from "./evaluate-table-measures.ts";
import {
  type TableMetricMeaning,
  type TableMetricName,
  tableMetricNames,
  tableMetrics,
} from "./evaluate-table-metrics.ts";
import { tableVerdict } from "./evaluate-table-verdict.ts";

export interface EvaluateTableOptions {
  /** Decides every draw; default 0. */
  readonly seed?: number | string;
  /** Rows of each table for the classifier, the utility and the privacy measures, at most; default 20 000. */
  readonly rows?: number;
  /** Rows of each table for precision, recall, density and coverage, at most; default 4096. */
  readonly neighbourhoodRows?: number;
  /** Column to predict, for `utility`; without it that measure is left out. */
  readonly target?: string;
  /** Pairs of columns that are looked at, at most; default 2000. */
  readonly pairs?: number;
  /** How the trees of `c2st` and `utility` are boosted. */
  readonly boosting?: Omit<BoostingOptions, "random">;
  /** Stops with code "interrupted". */
  readonly signal?: AbortSignal;
  /** How many of the `total` tables are measured, and which one comes next. */
  readonly onProgress?: (done: number, total: number, next: string) => void;
}

/** Generators of rows to be held beside. */
export const tableBaselines = ["independent", "copula"] as const;
export type TableBaseline = (typeof tableBaselines)[number];

/** A number with its standard error, null where nothing is known of it. */
export interface TableEstimate {
  readonly value: number;
  readonly standardError: number | null;
}

/** A value beside what real rows get (`floor`) and what simple generators get. */
export interface Beside extends TableEstimate {
  readonly floor: TableEstimate;
  readonly baselines: Readonly<Record<TableBaseline, TableEstimate>>;
}

export interface TableMetric extends Beside, TableMetricMeaning {}

export interface EvaluatedColumn extends Beside {
  readonly column: string;
  readonly kind: "numeric" | "category";
  /** Shares of gaps. */
  readonly gaps: { readonly heldOut: number; readonly synthetic: number };
}

export interface EvaluatedPair extends Beside {
  readonly columns: readonly [first: string, second: string];
  readonly kind: PairTrend["kind"];
}

/** What was found, before it is put in words. */
export interface TableFindings {
  readonly seed: number | string;
  /** Rows given; `compared` are the synthetic rows used, as many training rows for the floor, and rows of each baseline. */
  readonly rows: {
    readonly train: number;
    readonly heldOut: number;
    readonly synthetic: number;
    readonly compared: number;
  };
  readonly metrics: Readonly<Partial<Record<TableMetricName, TableMetric>>>;
  /** Column shapes, in the order of the columns. */
  readonly columns: readonly EvaluatedColumn[];
  /** Pair trends, the worst first. */
  readonly pairs: readonly EvaluatedPair[];
  /** Columns by their share in what the trees of `c2st` gained: what gave the rows away, largest first. */
  readonly telling: readonly { readonly column: string; readonly share: number }[];
  /** Distances to the closest training row, a mean per column from 0 to 1: 5 % quantile and median. */
  readonly distances: ClosestRecords["distance"];
  /** What was left out, and why. */
  readonly notes: readonly string[];
}

/** Plain JSON: it survives `JSON.stringify` and back. */
export interface TableEvaluation extends TableFindings {
  /** In plain words; the last sentence is about what none of this guarantees. */
  readonly verdict: readonly string[];
}

/**
 * Measures `synthetic` against `heldOut`, real rows that the generator has not seen; `train` are those it has. The floor is
 * what as many training rows get in place of the synthetic ones (for privacy: what rows get that know no training row); the
 * baselines are fitted to `train`. Inputs are not changed; the same inputs and seed give the same. Throws "data" for fewer
 * than 2 rows, tables whose columns do not match or a target that cannot be learnt, "interrupted" when the signal fires.
 */
export async function evaluateTable(
  tables: PrivacyTables,
  options: EvaluateTableOptions = {},
): Promise<TableEvaluation> {
  const { train, heldOut, synthetic } = tables;
  const { seed = 0, rows = 20_000, neighbourhoodRows = 4096, pairs = 2000, target, boosting = {} } = options;
  checkEnoughRows("evaluation", [train, heldOut, synthetic]);
  checkedRows(rows);
  const turn = turns(options.signal, "evaluation");
  const settings = { seed, rows, neighbourhoodRows, pairs, target, boosting, turn };
  const key = split(random(seed), "table evaluation");
  const count = Math.min(synthetic.rows, train.rows);
  const started = async (done: number, next: string) => {
    options.onProgress?.(done, 4, next);
    await turn();
  };
  await started(0, "synthetic rows");
  const own = someRows(synthetic, count, split(key, "synthetic"));
  const found = await measureSynthetic({ ...tables, synthetic: own }, settings);
  await started(1, "real rows");
  const real = someRows(train, count, split(key, "floor"));
  const floor = await measureFloor({ ...tables, synthetic: real }, settings);
  await started(2, "independent columns");
  const shuffled = independentColumns(train).sample(split(key, "independent"), count);
  const independent = await measureSynthetic({ ...tables, synthetic: shuffled }, settings);
  await started(3, "Gaussian copula");
  const coupled = gaussianCopula(train, split(key, "ties")).sample(split(key, "copula"), count);
  const copula = await measureSynthetic({ ...tables, synthetic: coupled }, settings);
  options.onProgress?.(4, 4, "done");
  const counts = { train: train.rows, heldOut: heldOut.rows, synthetic: synthetic.rows, compared: count };
  const findings = { seed, rows: counts, ...gathered({ found, floor, independent, copula }) };
  return { ...findings, verdict: tableVerdict(findings) };
}

interface AllMeasured extends Readonly<Record<TableBaseline, Measured>> {
  readonly found: MeasuredSynthetic;
  readonly floor: Measured;
}

function gathered(all: AllMeasured): Omit<TableFindings, "seed" | "rows"> {
  const { shapes, trends, telling, distances } = all.found;
  const metrics: Partial<Record<TableMetricName, TableMetric>> = {};
  for (const name of tableMetricNames)
    for (const side of beside(all, ({ estimates }) => estimates[name]))
      metrics[name] = { ...side, ...tableMetrics[name] };
  const columns = shapes.columns.flatMap(({ column, kind, gaps }, k) =>
    beside(all, (measured) => measured.shapes.columns[k]?.error).map((side): EvaluatedColumn => {
      return { column, kind, ...side, gaps: { heldOut: gaps.real, synthetic: gaps.other } };
    }),
  );
  const pairs = trends.pairs.flatMap(({ columns, kind }, k) =>
    beside(all, (measured) => measured.trends.pairs[k]?.error).map(
      (side): EvaluatedPair => ({ columns, kind, ...side }),
    ),
  );
  return {
    metrics,
    columns,
    pairs: pairs.toSorted((a, b) => b.value - a.value),
    telling,
    distances,
    notes: notesOf(all.found),
  };
}

/** One side-by-side, or none where a table lacks the estimate. */
function beside(all: AllMeasured, pick: (measured: Measured) => Estimate | undefined): readonly Beside[] {
  const [own, floor] = [pick(all.found), pick(all.floor)];
  const [independent, copula] = [pick(all.independent), pick(all.copula)];
  if (!own || !floor || !independent || !copula) return [];
  const baselines = { independent: plain(independent), copula: plain(copula) };
  return [{ ...plain(own), floor: plain(floor), baselines }];
}

function plain({ value, standardError }: Estimate): TableEstimate {
  return { value, standardError: Number.isFinite(standardError) ? standardError : null };
}

function notesOf({ estimates, trends }: Measured): readonly string[] {
  const few = `The classifier two-sample test was left out: it needs ${fewestClassifierRows} rows of each table.`;
  const some = `Of ${trends.total} pairs of columns ${trends.pairs.length} were looked at, chosen at random.`;
  return [...(estimates.c2st ? [] : [few]), ...(trends.pairs.length < trends.total ? [some] : [])];
}
