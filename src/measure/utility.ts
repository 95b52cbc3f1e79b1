// utility: whether models trained on synthetic rows predict real ones as well as models trained on real rows (TSTR)
import { failure } from "../errors.ts";
import { type Random, random, split } from "../random.ts";
import { type BoostingOptions, classifierSteps, regressorSteps } from "./boosting.ts";
import { someRows } from "./closest-record.ts";
import { categoryColumn, columnNamed, numericColumn, recoded, takenRows } from "./columns-rows.ts";
import type { MeasuredTable } from "./columns-table.ts";
import { type Contrast, classScores, contrasted, numberScores } from "./prediction-scores.ts";
import type { Steps } from "./steps.ts";

export interface UtilityTables {
  readonly synthetic: MeasuredTable;
  /** Real rows to train on, for comparison; the synthetic rows themselves where none is wanted: one model is trained then. */
  readonly train: MeasuredTable;
  /** Real rows that neither the model nor the generator has seen. */
  readonly test: MeasuredTable;
  /** Name of the column to predict from all others. */
  readonly target: string;
}

export interface UtilityOptions {
  /** Decides which rows train and what the bootstrap draws; default 0. */
  readonly seed?: number | string;
  /** Rows that each model trains on, at most; default 20 000. */
  readonly rows?: number;
  /** Bootstrap draws of the test rows for the standard errors; default 200. */
  readonly replicates?: number;
  /** How the trees are boosted. */
  readonly boosting?: Omit<BoostingOptions, "random">;
}

/** For categories macro F1 and accuracy, for numbers R2 and the root mean squared error in the target's unit. */
export type Utility = {
  readonly target: string;
  /** Rows with a known target: how many trained each model, and how many tested it. */
  readonly rows: { readonly train: number; readonly test: number };
} & (
  | { readonly kind: "classification"; readonly f1: Contrast; readonly accuracy: Contrast }
  | { readonly kind: "regression"; readonly r2: Contrast; readonly rmse: Contrast }
);

/** Most categories of a target: each takes trees of its own. */
const mostClasses = 100;

/** Fewest rows with a known target, of each table. */
export const fewestTargetRows = 10;

/**
 * Train on synthetic, test on real: boosted trees that predict `target` from the other columns, one model trained on
 * synthetic and one on real rows, equally many of each, both tested on the same held-out real rows. Rows without a target
 * are left out. The standard errors are bootstrap errors over the test rows, paired in the difference; what another
 * training set would change is not in them. Throws "data" when a table has fewer than 10 rows with a known target, when the
 * target has one value only or more than 100 categories, or when columns differ.
 */
export function* utilitySteps(
  tables: UtilityTables,
  { seed = 0, rows = 20_000, replicates = 200, boosting = {} }: UtilityOptions = {},
): Steps<Utility> {
  const { target } = tables;
  const key = split(random(seed), "utility");
  const test = knownRows("test", tables.test, target);
  const [synthetic, real] = [
    knownRows("synthetic", tables.synthetic, target),
    knownRows("train", tables.train, target),
  ];
  const count = Math.min(synthetic.rows, real.rows, rows);
  const task = { target, test, replicates, options: { ...boosting, random: split(key, "boosting") }, key };
  const chosen = someRows(synthetic, count, split(key, "synthetic"));
  const isAlone = tables.train === tables.synthetic;
  const training = { synthetic: chosen, real: isAlone ? chosen : someRows(real, count, split(key, "real")) };
  const kind = columnNamed(test, target).kind;
  const scores = yield* kind === "category" ? classified(training, task) : regressed(training, task);
  return { target, rows: { train: count, test: test.rows }, ...scores };
}

interface Training {
  readonly synthetic: MeasuredTable;
  readonly real: MeasuredTable;
}

interface Task {
  readonly target: string;
  readonly test: MeasuredTable;
  readonly replicates: number;
  readonly options: BoostingOptions;
  readonly key: Random;
}

function* classified(training: Training, { target, test, replicates, options, key }: Task) {
  const levels = occurringLevels([training.synthetic, training.real, test], target);
  const codes = (table: MeasuredTable) => recoded(categoryColumn(table, target), levels);
  const truth = codes(test);
  const scorer = function* (table: MeasuredTable) {
    const model = yield* classifierSteps(withoutColumn(table, target), codes(table), levels.length, options);
    const predicted = likeliest(model.probabilities(withoutColumn(test, target)), levels.length);
    return (rows: Uint32Array) => classScores(truth, predicted, levels.length, rows);
  };
  const models = yield* bothScorers(training, scorer);
  return {
    kind: "classification",
    ...contrasted(["f1", "accuracy"], models, test.rows, replicates, key),
  } as const;
}

function* regressed(training: Training, { target, test, replicates, options, key }: Task) {
  const truth = numericColumn(test, target).values;
  if (truth.every((value) => value === truth[0])) throw constantTarget(target);
  const scorer = function* (table: MeasuredTable) {
    const model = yield* regressorSteps(withoutColumn(table, target), numericColumn(table, target).values, options);
    const predicted = model.values(withoutColumn(test, target));
    return (rows: Uint32Array) => numberScores(truth, predicted, rows);
  };
  const models = yield* bothScorers(training, scorer);
  return { kind: "regression", ...contrasted(["r2", "rmse"], models, test.rows, replicates, key) } as const;
}

/** The scorers of both models; equal rows train one. */
function* bothScorers<S>({ synthetic, real }: Training, scorer: (table: MeasuredTable) => Steps<S>) {
  const first = yield* scorer(synthetic);
  return { synthetic: first, real: real === synthetic ? first : yield* scorer(real) };
}

/** Whether enough rows know the target to learn and to test by. */
export function knowsTarget(table: MeasuredTable, target: string): boolean {
  return placesKnown(table, target).length >= fewestTargetRows;
}

function placesKnown(table: MeasuredTable, target: string): readonly number[] {
  const column = columnNamed(table, target);
  const isKnown = (row: number) =>
    column.kind === "numeric"
      ? Number.isFinite(column.values[row])
      : column.levels[column.codes[row] ?? -1] !== undefined;
  return Array.from({ length: table.rows }, (_, row) => row).filter(isKnown);
}

/** The rows whose target is known. Throws "data" when they are too few. */
function knownRows(purpose: string, table: MeasuredTable, target: string): MeasuredTable {
  const rows = placesKnown(table, target);
  if (rows.length >= fewestTargetRows) return rows.length === table.rows ? table : takenRows(table, rows);
  throw failure("data", {
    where: `${purpose} rows`,
    expected: `at least ${fewestTargetRows} rows with a known ${JSON.stringify(target)}`,
    received: `${rows.length} of ${table.rows}`,
  });
}

/** The levels of the target that occur in any of the tables. */
function occurringLevels(tables: readonly MeasuredTable[], target: string): readonly string[] {
  const levels = new Set<string>();
  for (const table of tables) {
    const column = categoryColumn(table, target);
    for (const code of new Set(column.codes)) levels.add(column.levels[code] ?? "");
  }
  if (levels.size < 2) throw constantTarget(target);
  if (levels.size <= mostClasses) return [...levels];
  throw failure("data", {
    where: `target ${JSON.stringify(target)}`,
    expected: `at most ${mostClasses} categories`,
    received: String(levels.size),
    remedy: "choose a column with fewer",
  });
}

function constantTarget(target: string) {
  return failure("data", {
    where: `target ${JSON.stringify(target)}`,
    expected: "a column with at least two values",
    received: "one value in all rows",
    remedy: "choose another column",
  });
}

function withoutColumn(table: MeasuredTable, name: string): MeasuredTable {
  return { ...table, columns: table.columns.filter((column) => column.name !== name) };
}

/** The class of the largest of the probabilities [rows · classes] of each row. */
export function likeliest(probabilities: Float64Array, classes: number): Int32Array {
  return Int32Array.from({ length: probabilities.length / classes }, (_, row) => {
    let best = 0;
    for (let k = 1; k < classes; k++)
      if (probabilities[row * classes + k]! > probabilities[row * classes + best]!) best = k;
    return best;
  });
}
