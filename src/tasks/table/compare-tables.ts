// compare-tables: what changed between two tables of the same columns: a drift report without a model.
import { type CellTable, cellTableRule } from "../../data/cell-table.ts";
import { isRecord } from "../../data/is-record.ts";
import { callback, checkRequest, checkValue, type Rules, signal, text, whole } from "../../data/requests.ts";
import { checkedRows } from "../../measure/closest-record.ts";
import { checkEnoughRows, columnShapes } from "../../measure/column-shapes.ts";
import { stackedTables, takenRows } from "../../measure/columns-rows.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { driftSteps, type TableDrift } from "../../measure/drift.ts";
import type { Estimate } from "../../measure/estimate.ts";
import { type PairTrends, pairTrendSteps } from "../../measure/pair-trends.ts";
import { inTurns } from "../../measure/steps.ts";
import { twoSampleSteps } from "../../measure/two-sample-classifier.ts";
import { permutation, random, split } from "../../random.ts";
import { turns } from "../../runtime/pause.ts";
import { levelNotes } from "./compare-levels.ts";
import { sharedSchema, type TableNames } from "./compare-schema.ts";
import { driftVerdict } from "./compare-verdict.ts";
import type { TableEstimate } from "./evaluate-rows.ts";
import { plain } from "./evaluate-table-findings.ts";
import { qualityOf } from "./evaluate-table-measures.ts";
import {
  type DriftMetricName,
  driftMetricNames,
  type TableMetricMeaning,
  tableMetrics,
} from "./evaluate-table-metrics.ts";
import { type GapPair, gapPairs } from "./gap-findings.ts";
import { measuredTable } from "./measured.ts";
import { checkNeeded, type NeededMeasures, neededRule } from "./needed-measures.ts";
import { type FoundPair, isDependenceOff, withDependence } from "./pair-findings.ts";
import { seed as seedRule } from "./request-rules.ts";
import type { Schema } from "./schema.ts";

export interface CompareTablesOptions {
  /** Decides every draw; default 0. */
  readonly seed?: number;
  /** Rows of each table for the classifier, at most; default 20 000. */
  readonly rows?: number;
  /** Pairs of columns that are looked at, at most; default 2000. */
  readonly pairs?: number;
  /** Measures that there must be: throws "option" where the tables lack what one takes, before anything is measured. */
  readonly needed?: NeededMeasures;
  /** What the tables are called in errors, notes and sentences; default: the first file and the second file. */
  readonly names?: TableNames;
  readonly signal?: AbortSignal;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** A measure of the two tables, and of their rows shuffled and dealt out anew: what chance gives. */
export interface DriftMeasure extends TableEstimate, TableMetricMeaning {
  readonly floor: TableEstimate;
  readonly baselines: Readonly<Record<string, TableEstimate>>;
}

export interface DriftColumn extends TableEstimate {
  readonly column: string;
  readonly kind: "numeric" | "category";
  /** What the error is on average between two samples of one law. */
  readonly chance: number;
  /** How probable it is that chance alone moves any column as far; `moved` where it is at most 0.05. */
  readonly pValue: number;
  readonly moved: boolean;
  /** Shares of gaps. */
  readonly gaps: { readonly before: number; readonly after: number };
  readonly sentence: string;
}

/** A pair of columns; its floor is that of the rows dealt out anew. */
export interface DriftPair extends FoundPair {
  /** Whether its dependence changed by more than chance explains, and not its columns alone. */
  readonly moved: boolean;
}

/** What changed between two tables. Plain JSON. */
export interface TableComparison {
  readonly task: "drift";
  readonly seed: number;
  readonly rows: { readonly before: number; readonly after: number };
  readonly measures: Readonly<Partial<Record<DriftMetricName, DriftMeasure>>>;
  /** The columns, those that moved most beyond chance first. */
  readonly columns: readonly DriftColumn[];
  /** Pairs of columns, the one that changed most beyond chance first. */
  readonly pairs: readonly DriftPair[];
  /** Of these pairs those of which both columns have gaps, the one whose gaps changed most surely first. */
  readonly gapPairs: readonly GapPair[];
  /** Columns by their share in what `c2st` loses without them, largest first. */
  readonly telling: readonly { readonly column: string; readonly share: number }[];
  readonly notes: readonly string[];
  /** In plain words. */
  readonly verdict: readonly string[];
}

const optionRules: Rules<CompareTablesOptions> = {
  seed: seedRule,
  rows: whole({ atLeast: 1 }),
  pairs: whole({ atLeast: 0 }),
  needed: neededRule,
  names: {
    expected: 'what both tables are called, such as { before: "January", after: "February" }',
    holds: (value) => isRecord(value) && text.holds(value["before"]) && text.holds(value["after"]),
  },
  signal,
  onStage: callback,
};

const usualNames: TableNames = { before: "the first file", after: "the second file" };

/**
 * Measures how far `after` is from `before`, whose cells say what the columns are; columns that only `after` has are named in a
 * note. Throws "data" for fewer than 2 rows, columns that are missing or nothing to compare, "interrupted" when the signal fires.
 */
export async function compareTables(
  before: CellTable,
  after: CellTable,
  options: CompareTablesOptions = {},
): Promise<TableComparison> {
  checkRequest(options, optionRules, "compareTables");
  const { seed = 0, rows = 20_000, pairs = 2000, names = usualNames, needed, onStage, signal } = options;
  checkValue(before, cellTableRule, names.before);
  checkValue(after, cellTableRule, names.after);
  const { schema, notes, changed } = sharedSchema(before, after, names);
  const [old, fresh] = [measuredTable(before, schema), measuredTable(after, schema)];
  checkEnoughRows(names.before, [old]);
  checkEnoughRows(names.after, [fresh]);
  if (needed) checkNeeded(needed, [old, fresh], Math.min(old.rows, fresh.rows, rows));
  const turn = turns(signal, "drift");
  await turn();
  onStage?.("measuring columns and whole rows");
  const written = writer(schema);
  const drift = await inTurns(driftSteps(old, fresh, { seed, rows: checkedRows(rows), written, changed }), turn);
  onStage?.("measuring pairs of columns");
  const trends = await inTurns(pairTrendSteps(old, fresh, { seed, pairs }), turn);
  onStage?.("measuring what chance gives");
  const floor = await dealtAnew(old, fresh, { seed, rows, pairs, turn, hasClassifier: drift.classifier !== undefined });
  const own = estimatesOf(drift, trends, drift.classifier?.auc);
  const chance = estimatesOf(floor.shapes, floor.trends, floor.auc);
  const measures: Partial<Record<DriftMetricName, DriftMeasure>> = {};
  for (const name of driftMetricNames) {
    const [value, expected] = [own[name], chance[name]];
    if (value && expected)
      measures[name] = { ...plain(value), floor: plain(expected), baselines: {}, ...meaning(name) };
  }
  const worst = await pairsOf(trends, floor.trends, (pairs) =>
    withDependence(pairs, { real: old, other: fresh }, { isLookedAt: () => true, turn }),
  );
  const gaps = await gapPairs(trends.pairs, { real: old, other: fresh }, turn);
  return {
    task: "drift",
    seed,
    rows: drift.rows,
    measures,
    columns: drift.columns.map(({ error, gaps, ...column }): DriftColumn => {
      return { ...column, ...plain(error), gaps: { before: gaps.real, after: gaps.other } };
    }),
    pairs: worst,
    gapPairs: gaps,
    telling: drift.classifier?.columns ?? [],
    notes: [...notes, ...levelNotes(old, fresh, names), ...lookedAt(trends)],
    verdict: driftVerdict(drift, worst, { measure: measures.gapPatterns, pairs: gaps }),
  };
}

const driftDefinitions: Readonly<Record<DriftMetricName, string>> = {
  quality: "1 less the mean of columnShapes and pairTrends; 1 is no change.",
  columnShapes:
    "Mean over the columns of how far their known values are from what they were: of numbers the Kolmogorov-Smirnov distance, of categories the total variation. 0 is no change, 1 the most.",
  gapRates: "Mean over the columns of how far their share of gaps is from what it was.",
  gapPatterns:
    "Mean over the pairs of columns that have gaps of the total variation between both tables of which of the two are gaps.",
  pairTrends:
    "Mean over the pairs of columns of how far they are from what they were: of numbers half the difference of their correlations, of others the total variation between their joint tables.",
  c2st: "How well boosted trees tell rows of the two files apart that they did not train on: the area under the ROC curve. 0.5 is not at all, 1 is always.",
};

function meaning(name: DriftMetricName): TableMetricMeaning {
  return { ...tableMetrics[name], definition: driftDefinitions[name] };
}

type Estimates = Readonly<Partial<Record<DriftMetricName, Estimate>>>;

function estimatesOf(
  { shapes, gaps }: Pick<TableDrift, "shapes" | "gaps">,
  trends: PairTrends,
  auc: Estimate | undefined,
): Estimates {
  return {
    quality: qualityOf(shapes, trends),
    columnShapes: shapes,
    gapRates: gaps,
    ...(trends.gaps && { gapPatterns: trends.gaps }),
    ...(trends.pairs.length > 0 && { pairTrends: trends.mean }),
    ...(auc && { c2st: auc }),
  };
}

interface Dealing {
  readonly seed: number;
  readonly rows: number;
  readonly pairs: number;
  readonly hasClassifier: boolean;
  readonly turn: () => Promise<void>;
}

/** The measures of the same rows where chance alone says which of them are in which table. */
async function dealtAnew(old: MeasuredTable, fresh: MeasuredTable, dealing: Dealing) {
  const { seed, rows, pairs, hasClassifier, turn } = dealing;
  const all = stackedTables(old, fresh);
  const order = permutation(split(random(seed), "drift", "dealt"), all.rows);
  const [first, second] = [takenRows(all, order.subarray(0, old.rows)), takenRows(all, order.subarray(old.rows))];
  await turn();
  const { mean, gaps } = columnShapes(first, second);
  await turn();
  const trends = await inTurns(pairTrendSteps(first, second, { seed, pairs }), turn);
  const classified = hasClassifier ? await inTurns(twoSampleSteps(first, second, { seed, rows }), turn) : undefined;
  return { shapes: { shapes: mean, gaps }, trends, auc: classified?.auc };
}

/** Numbers of sentences: dates as days. */
function writer({ columns }: Schema): (value: number, column: string) => string {
  const dates = new Set(columns.filter(({ kind }) => kind === "date").map(({ name }) => name));
  return (value, column) =>
    dates.has(column) ? new Date(value * 86_400_000).toISOString().slice(0, 10) : String(Number(value.toPrecision(4)));
}

function lookedAt({ pairs, total }: PairTrends): readonly string[] {
  return pairs.length < total ? [`Of ${total} pairs of columns ${pairs.length} were looked at, chosen at random.`] : [];
}

/** The pairs beside the floor, which has looked at the same ones in the same order; those whose dependence changed come first. */
async function pairsOf(
  { pairs }: PairTrends,
  { pairs: dealt }: PairTrends,
  judged: (pairs: readonly FoundPair[]) => Promise<readonly FoundPair[]>,
): Promise<readonly DriftPair[]> {
  const beside = pairs.map(({ error, ...pair }, k): FoundPair => {
    return { ...pair, ...plain(error), floor: plain(dealt[k]?.error ?? { value: 0, standardError: 0 }) };
  });
  const found = (await judged(beside)).map((pair) => ({ ...pair, moved: isDependenceOff(pair, pairs.length) }));
  return found.toSorted((a, b) => Number(b.moved) - Number(a.moved) || excess(b) - excess(a));
}

/** Beyond chance: of the dependence where it is known by itself. */
function excess({ value, floor, dependence }: FoundPair): number {
  return dependence === undefined ? value - floor.value : dependence.value - dependence.chance;
}
