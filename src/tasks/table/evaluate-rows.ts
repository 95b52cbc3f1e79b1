// evaluate-rows: how faithful and how private synthetic rows are, every measure beside its floor and two baselines
import type { BoostingOptions } from "../../measure/boosting.ts";
import { type ClosestRecords, checkedRows, someRows } from "../../measure/closest-record.ts";
import { checkEnoughRows } from "../../measure/column-shapes.ts";
import { takenRows } from "../../measure/columns-rows.ts";
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { gaussianCopulaSteps, independentColumns } from "../../measure/copula.ts";
import { inTurns } from "../../measure/steps.ts";
import { permutation, type Random, random, split } from "../../random.ts";
import { turns } from "../../runtime/pause.ts";
import { gathered, notesOf } from "./evaluate-table-findings.ts";
import { type Measured, measureFloor, measureSynthetic } from "./evaluate-table-measures.ts";
import type { TableMetricMeaning, TableMetricName } from "./evaluate-table-metrics.ts";
import { checkRealRows } from "./evaluate-table-rows.ts";
import { tableVerdict } from "./evaluate-table-verdict.ts";
import { type GapPair, gapPairs } from "./gap-findings.ts";
import { type FoundPair, isJointOff, withDependence } from "./pair-findings.ts";

/** Tables of the same columns. */
export interface EvaluationTables {
  /** Real rows that the generator has not seen. */
  readonly heldOut: MeasuredTable;
  readonly synthetic: MeasuredTable;
  /**
   * Rows that the generator has learnt from. Without them nothing is said of privacy, and a random half of the held-out rows
   * stands in for them at the floor and under the baselines; all is then measured against the other half.
   */
  readonly train?: MeasuredTable;
  /** Rows of further generators that are held beside, by name. */
  readonly rivals?: Readonly<Record<string, MeasuredTable>>;
}

export interface EvaluateTableOptions {
  /** Decides every draw; default 0. */
  readonly seed?: number | string;
  /**
   * Rows of each table for the classifier, the utility and the privacy measures, at most; default 20 000. Distances between
   * rows are looked at among fewer where there are more than ten columns: the work is about the same then.
   */
  readonly rows?: number;
  /** Rows of each table for precision, recall, density and coverage, at most; default 4096, likewise. */
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

/** Generators of rows that are always held beside. */
export const tableBaselines = ["independent", "copula"] as const;
export type TableBaseline = (typeof tableBaselines)[number];

/** A number with its standard error, null where nothing is known of it. */
export interface TableEstimate {
  readonly value: number;
  readonly standardError: number | null;
}

/** A value beside what real rows get (`floor`), and what simple generators and the rivals get. */
export interface Beside extends TableEstimate {
  readonly floor: TableEstimate;
  readonly baselines: Readonly<Record<string, TableEstimate>> & Readonly<Record<TableBaseline, TableEstimate>>;
}

export interface TableMetric extends Beside, TableMetricMeaning {}

export interface EvaluatedColumn extends Beside {
  readonly column: string;
  readonly kind: "numeric" | "category";
  /** Shares of gaps. */
  readonly gaps: { readonly heldOut: number; readonly synthetic: number };
}

export interface EvaluatedPair extends Beside, FoundPair {}

/** What was found, before it is put in words. */
export interface TableFindings {
  readonly seed: number | string;
  /**
   * Rows given, 0 for no training rows; `compared` are the synthetic rows used, as many real rows for the floor, and rows of each
   * baseline.
   */
  readonly rows: {
    readonly train: number;
    readonly heldOut: number;
    readonly synthetic: number;
    readonly compared: number;
  };
  readonly measures: Readonly<Partial<Record<TableMetricName, TableMetric>>>;
  /** Column shapes, in the order of the columns. */
  readonly columns: readonly EvaluatedColumn[];
  /** Pair trends, the worst first. */
  readonly pairs: readonly EvaluatedPair[];
  /** Of these pairs those of which both columns have gaps, the one whose gaps are off most surely first. */
  readonly gapPairs: readonly GapPair[];
  /** Columns by their share in what `c2st` loses without them: what gave the rows away, largest first. */
  readonly telling: readonly { readonly column: string; readonly share: number }[];
  /** Distances to the closest training row, a mean per column from 0 to 1: 5 % quantile and median. */
  readonly distances?: ClosestRecords["distance"];
  /** What was left out or cut short, and why. */
  readonly notes: readonly string[];
}

/** Plain JSON: it survives `JSON.stringify` and back. */
export interface TableEvaluation extends TableFindings {
  /** In plain words; the last sentence is about what none of this guarantees. */
  readonly verdict: readonly string[];
}

/**
 * Measures `synthetic` against `heldOut`. The floor is what as many real rows get in place of the synthetic ones (for privacy:
 * what rows get that know no training row); the baselines are fitted to `train`. Inputs are not changed; the same inputs and
 * seed give the same. Throws "data" for fewer than 2 rows (4 held-out ones without training rows), tables whose columns do not
 * match or a target that cannot be learnt, "interrupted" when the signal fires.
 */
export async function evaluateRows(
  tables: EvaluationTables,
  options: EvaluateTableOptions = {},
): Promise<TableEvaluation> {
  const { synthetic, rivals = {} } = tables;
  const { seed = 0, rows = 20_000, neighbourhoodRows = 4096, pairs = 2000, target, boosting = {} } = options;
  const key = split(random(seed), "table evaluation");
  checkRealRows(tables);
  for (const [name, table] of Object.entries({ "synthetic rows": synthetic, ...rivals }))
    checkEnoughRows(name, [table]);
  const { train, heldOut } = realTables(tables, key);
  const limits = rowLimits(checkedRows(rows), checkedRows(neighbourhoodRows), heldOut.columns.length);
  const turn = turns(options.signal, "evaluation");
  const settings = { seed, pairs, target, boosting, turn, ...limits, isTrained: tables.train !== undefined };
  const count = Math.min(synthetic.rows, train.rows);
  const total = 4 + Object.keys(rivals).length;
  const started = async (done: number, next: string) => {
    options.onProgress?.(done, total, next);
    await turn();
  };
  const measured = (rows: MeasuredTable, isTold = false) =>
    measureSynthetic({ train, heldOut, synthetic: rows }, { ...settings, isTold });
  await started(0, "synthetic rows");
  const compared = someRows(synthetic, count, split(key, "synthetic"));
  const found = await measured(compared, true);
  await started(1, "real rows");
  const real = someRows(train, count, split(key, "floor"));
  const floor = await measureFloor({ train, heldOut, synthetic: real }, settings);
  await started(2, "independent columns");
  const independent = await measured(independentColumns(train).sample(split(key, "independent"), count));
  await started(3, "Gaussian copula");
  const fitted = await inTurns(gaussianCopulaSteps(train, split(key, "ties")), turn);
  const copula = await measured(fitted.sample(split(key, "copula"), count));
  const others: Record<string, Measured> = {};
  for (const [k, [name, rows]] of Object.entries(rivals).entries()) {
    await started(4 + k, name);
    others[name] = await measured(someRows(rows, count, split(key, "rival", name)));
  }
  options.onProgress?.(total, total, "done");
  const counts = { train: tables.train?.rows ?? 0, heldOut: tables.heldOut.rows, synthetic: synthetic.rows };
  const all = { found, floor, baselines: { independent, copula, ...others } };
  const notes = [...notesOf(found, floor, settings, heldOut.columns.length)];
  const beside = gathered(all);
  const pairsFound = await withDependence(
    beside.pairs,
    { real: heldOut, other: compared },
    { isLookedAt: (pair) => isJointOff(pair, beside.pairs.length), turn },
  );
  const gaps = await gapPairs(pairsFound, { real: heldOut, other: compared }, turn);
  const findings = { seed, rows: { ...counts, compared: count }, ...beside, pairs: pairsFound, gapPairs: gaps, notes };
  return { ...findings, verdict: tableVerdict(findings) };
}

/** Training and held-out rows; without training rows both are a half of the held-out ones. */
function realTables({ train, heldOut }: EvaluationTables, key: Random) {
  if (train !== undefined) return { train, heldOut };
  const order = permutation(split(key, "halves"), heldOut.rows);
  const half = heldOut.rows >>> 1;
  return { train: takenRows(heldOut, order.subarray(0, half)), heldOut: takenRows(heldOut, order.subarray(half)) };
}

/** Columns up to which distances are looked at among all rows asked for, and rows that are always looked at. */
const [narrowColumns, fewestRows] = [10, 500];

/**
 * Nearest rows of n rows of d columns take n^2 d steps where the tree of boxes cannot help, which it does the less the more
 * columns there are; neighbourhoods always do.
 */
function rowLimits(rows: number, neighbourhoodRows: number, columns: number) {
  const shrink = Math.min(1, narrowColumns / columns);
  const least = (most: number, part: number) => Math.min(most, Math.max(fewestRows, Math.floor(most * part)));
  return {
    rows,
    distanceRows: least(rows, shrink),
    neighbourhoodRows: least(neighbourhoodRows, Math.sqrt(shrink)),
  };
}
