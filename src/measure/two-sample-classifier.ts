// two-sample-classifier: whether boosted trees can tell the rows of two tables apart (C2ST)
import { failure } from "../errors.ts";
import { permutation, type Random, random, split } from "../random.ts";
import { areaUnderCurve, meaninglessError } from "./area-under-curve.ts";
import { type BoostedClassifier, type BoostingOptions, classifierSteps } from "./boosting.ts";
import { stackedTables, takenCells, takenRows } from "./columns-rows.ts";
import type { MeasuredTable } from "./columns-table.ts";
import type { Estimate } from "./estimate.ts";
import type { Steps } from "./steps.ts";

export interface TwoSampleOptions {
  /** Decides which rows are looked at and which of them train; default 0. */
  readonly seed?: number | string;
  /** Rows of each table that are looked at, at most; default 20 000. */
  readonly rows?: number;
  /** Share of them that trains the classifier; the others test it; default 0.7. */
  readonly trainShare?: number;
  /** Whether `columns` are looked for; default false. */
  readonly hasColumns?: boolean;
  /** How the trees are boosted. */
  readonly boosting?: Omit<BoostingOptions, "random">;
}

export interface TwoSampleClassification {
  /**
   * Area under the ROC curve on rows that did not train: 0.5 when the tables cannot be told apart, 1 when every row gives
   * itself away. The standard error is over the testing rows.
   */
  readonly auc: Estimate;
  /** Rows of each table, those that trained and those that tested. */
  readonly rows: { readonly train: number; readonly test: number };
  /**
   * What gave the rows away, most first: columns by their share in what the area loses when a column's cells are dealt out anew among the testing
   * rows; 0 where that is no more than chance. Empty unless it was asked for.
   */
  readonly columns: readonly { readonly column: string; readonly share: number }[];
}

/** Share of the rows that trains the classifier where nothing is said. */
const usualTrainShare = 0.7;

/** Rows of each table that test the classifier where nothing is said, of so many that are looked at. */
export function testedRows(count: number): number {
  return count - Math.round(usualTrainShare * count);
}

/** Fewest rows of each table. */
const fewestRows = 30;

/**
 * Trains boosted trees to tell rows of `real` from rows of `synthetic`, equally many of each, and tests them on the rows
 * left. Columns are those of `real`, found by name in `synthetic`; numbers, categories and gaps count as they are. Throws
 * "data" when a table has fewer than 30 rows, or `synthetic` lacks a column or has it of another kind.
 * Source: D. Lopez-Paz and M. Oquab, "Revisiting classifier two-sample tests" (2017), with the AUC in place of the accuracy.
 */
export function* twoSampleSteps(
  real: MeasuredTable,
  synthetic: MeasuredTable,
  { seed = 0, rows = 20_000, trainShare = usualTrainShare, hasColumns = false, boosting = {} }: TwoSampleOptions = {},
): Steps<TwoSampleClassification> {
  const count = Math.min(real.rows, synthetic.rows, rows);
  const train = Math.round(trainShare * count);
  if (!(count >= fewestRows))
    throw failure("data", {
      where: "classifier two-sample test",
      expected: `at least ${fewestRows} rows of each table`,
      received: `${real.rows} and ${synthetic.rows}, of which ${count} are looked at`,
    });
  if (!(train >= 2 && train <= count - 2))
    throw failure("option", {
      where: "trainShare",
      expected: "a share that leaves rows on both sides",
      received: String(trainShare),
    });
  const key = split(random(seed), "two-sample classifier");
  const [chosenReal, chosenSynthetic] = [
    chosen(real, count, split(key, "real")),
    chosen(synthetic, count, split(key, "synthetic")),
  ];
  const both = (from: number, to: number) =>
    stackedTables(
      takenRows(real, chosenReal.subarray(from, to)),
      takenRows(synthetic, chosenSynthetic.subarray(from, to)),
    );
  const isSynthetic = Int32Array.from({ length: 2 * train }, (_, row) => (row < train ? 0 : 1));
  const trees = { ...boosting, random: split(key, "boosting") };
  const classifier = yield* classifierSteps(both(0, train), isSynthetic, 2, trees);
  const auc = areaOf(classifier, both(train, count));
  const test = count - train;
  const some = both(train, train + Math.min(test, mostDealt));
  const columns = hasColumns ? yield* tellingColumns(classifier, some, split(key, "dealt")) : [];
  return { auc, rows: { train, test }, columns };
}

/** How well rows of the upper half are told from those of the lower one. */
function areaOf(classifier: BoostedClassifier, rows: MeasuredTable): Estimate {
  const scores = classifier.probabilities(rows).filter((_, i) => i % 2 === 1);
  const half = rows.rows / 2;
  return areaUnderCurve(scores.subarray(half), scores.subarray(0, half));
}

/** Testing rows of each table among which cells are dealt out, at most, and how often. */
const [mostDealt, deals] = [2000, 5];
/** Losses of the area below this share of the error of an area without meaning are chance. */
const leastLoss = 0.5;

/**
 * What the area loses when the cells of one column are dealt out anew among the rows of both tables, in the mean of a few deals (L. Breiman,
 * "Random forests", 2001): gains of splits would also count columns that trees only tried.
 */
function* tellingColumns(
  classifier: BoostedClassifier,
  rows: MeasuredTable,
  key: Random,
): Steps<TwoSampleClassification["columns"]> {
  const whole = areaOf(classifier, rows).value;
  const chance = leastLoss * meaninglessError(rows.rows / 2);
  const used = new Set(classifier.importance.flatMap(({ column, share }) => (share > 0 ? [column] : [])));
  const losses: { readonly column: string; readonly loss: number }[] = [];
  for (const [place, column] of rows.columns.entries()) {
    let area = whole;
    if (used.has(column.name)) {
      area = 0;
      for (let deal = 0; deal < deals; deal++) {
        const dealt = takenCells(column, permutation(split(key, place, deal), rows.rows));
        area += areaOf(classifier, { ...rows, columns: rows.columns.with(place, dealt) }).value / deals;
        yield;
      }
    }
    losses.push({ column: column.name, loss: whole - area > chance ? whole - area : 0 });
  }
  const total = losses.reduce((sum, { loss }) => sum + loss, 0);
  return losses
    .map(({ column, loss }) => ({ column, share: total > 0 ? loss / total : 0 }))
    .toSorted((a, b) => b.share - a.share);
}

function chosen({ rows }: MeasuredTable, count: number, key: Random): Uint32Array {
  return permutation(key, rows).subarray(0, count);
}
