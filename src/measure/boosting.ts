// boosting: gradient-boosted trees on histograms, for classes and for numbers, from columns with categories and gaps
import { rowName } from "../data/table-places.ts";
import { failure } from "../errors.ts";
import { permutation, type Random, random as seeded, split } from "../random.ts";
import { type Binning, binnedTable, chooseBins } from "./boosting-bins.ts";
import { type Loss, logistic, logisticLoss, softmax, softmaxLoss, squaredLoss } from "./boosting-loss.ts";
import { addTree, type Tree, type TreeLimits, treeGrower } from "./boosting-tree.ts";
import type { MeasuredTable } from "./columns-table.ts";
import type { Steps } from "./steps.ts";

/** How trees are boosted. The defaults are those of scikit-learn's HistGradientBoosting. */
export interface BoostingOptions {
  /** Decides which rows are set apart to stop early. */
  readonly random?: Random;
  /** Trees at most, for each class where there are more than two; default 100. */
  readonly iterations?: number;
  /** Default 0.1. */
  readonly learningRate?: number;
  /** Leaves of a tree at most; default 31. */
  readonly leaves?: number;
  /** Fewest rows of a leaf; default 20. */
  readonly leastRows?: number;
  /** Added to the second derivatives of a leaf; default 0. */
  readonly l2?: number;
  /** Share of the rows set apart to stop early, 0 for none; default 0.1 for more than 10 000 rows, otherwise 0. */
  readonly validationShare?: number;
  /** Iterations without a lower loss on the rows set apart after which boosting stops; default 10. */
  readonly patience?: number;
}

/** What every trained model tells. */
interface Trained {
  /** Iterations run; where boosting stopped early, the last `patience` of them did not lower the loss. */
  readonly iterations: number;
  /** Share of each feature column in what all splits gained; all 0 when there is no split. */
  readonly importance: readonly { readonly column: string; readonly share: number }[];
}

export interface BoostedClassifier extends Trained {
  /** Probabilities [rows · classes]. Columns are found by name, categories by level; throws "data" when one is missing. */
  probabilities(features: MeasuredTable): Float64Array;
}

export interface BoostedRegressor extends Trained {
  /** Expected values [rows]. Columns are found by name, categories by level; throws "data" when one is missing. */
  values(features: MeasuredTable): Float64Array;
}

/**
 * Boosted trees that tell `classes` classes apart: `target` [rows] holds 0 … classes - 1, each class may be absent.
 * Numbers and categories may have gaps, which a split sends to the side that suits. A step is one tree; the same input
 * gives the same trees.
 * Sources: J. Friedman, "Greedy function approximation: a gradient boosting machine" (2001); G. Ke and others,
 * "LightGBM" (2017) for the growth by leaves on histograms.
 */
export function* classifierSteps(
  features: MeasuredTable,
  target: Int32Array,
  classes: number,
  options: BoostingOptions = {},
): Steps<BoostedClassifier> {
  if (!Number.isSafeInteger(classes) || classes < 2) throw refused("classes", "at least 2", classes);
  checkTarget(features, target, (value) => value >= 0 && value < classes, `classes from 0 to ${classes - 1}`);
  const loss = classes === 2 ? logisticLoss(target) : softmaxLoss(target, classes);
  const { scores, ...trained } = yield* boosted(features, loss, options);
  return { ...trained, probabilities: (table) => probabilitiesOf(scores(table), table.rows, classes) };
}

/**
 * Boosted trees for the mean of `target` [rows], finite numbers, under squared error; otherwise as `classifierSteps`.
 */
export function* regressorSteps(
  features: MeasuredTable,
  target: Float64Array,
  options: BoostingOptions = {},
): Steps<BoostedRegressor> {
  checkTarget(features, target, Number.isFinite, "finite numbers");
  const { scores, ...trained } = yield* boosted(features, squaredLoss(target), options);
  return { ...trained, values: scores };
}

interface Settings extends TreeLimits {
  readonly random: Random;
  readonly iterations: number;
  readonly validationShare: number;
  readonly patience: number;
}

function checkedSettings(options: BoostingOptions, rows: number): Settings {
  const settings = {
    random: seeded("boosting"),
    iterations: 100,
    learningRate: 0.1,
    leaves: 31,
    leastRows: 20,
    l2: 0,
    validationShare: rows > 10_000 ? 0.1 : 0,
    patience: 10,
    ...options,
  };
  const { iterations, learningRate, leaves, leastRows, l2, validationShare, patience } = settings;
  if (!(Number.isSafeInteger(iterations) && iterations >= 1)) throw refused("iterations", "1 or more", iterations);
  if (!(learningRate > 0 && learningRate <= 1)) throw refused("learningRate", "above 0, at most 1", learningRate);
  if (!(Number.isSafeInteger(leaves) && leaves >= 2 && leaves <= 4096)) throw refused("leaves", "2 to 4096", leaves);
  if (!(Number.isSafeInteger(leastRows) && leastRows >= 1)) throw refused("leastRows", "1 or more", leastRows);
  if (!(l2 >= 0 && Number.isFinite(l2))) throw refused("l2", "0 or more", l2);
  if (!(validationShare >= 0 && validationShare < 1)) throw refused("validationShare", "0 to below 1", validationShare);
  if (!(Number.isSafeInteger(patience) && patience >= 1)) throw refused("patience", "1 or more", patience);
  return settings;
}

function refused(option: string, expected: string, received: number) {
  return failure("option", { where: `boosting: ${option}`, expected, received: String(received) });
}

function checkTarget(
  { rows, columns }: MeasuredTable,
  target: Int32Array | Float64Array,
  isValid: (value: number) => boolean,
  expected: string,
): void {
  if (rows < 1 || columns.length < 1 || target.length !== rows)
    throw failure("data", {
      where: "boosting",
      expected: "at least one row, one feature column, and a target for every row",
      received: `${rows} rows, ${columns.length} columns and ${target.length} targets`,
    });
  for (let row = 0; row < rows; row++)
    if (!isValid(target[row]!))
      throw failure("data", {
        where: `boosting: target of ${rowName(row)}`,
        expected,
        received: String(target[row]),
        remedy: "leave such rows out",
      });
}

interface Boosted extends Trained {
  /** Scores [outputs · rows], one output after the other. */
  scores(features: MeasuredTable): Float64Array;
}

/** The loop of boosting: each tree follows the derivatives that the ones before it left. */
function* boosted(features: MeasuredTable, loss: Loss, options: BoostingOptions): Steps<Boosted> {
  const { rows: count } = features;
  const settings = checkedSettings(options, count);
  const { training, validation } = separated(count, settings);
  const binning = chooseBins(features);
  const table = binnedTable(binning, features);
  const grower = treeGrower(table, settings);
  const start = loss.start(training);
  const scores = repeated(start, count);
  const [gradient, hessian] = [new Float64Array(scores.length), new Float64Array(scores.length)];
  const trees: (readonly Tree[])[] = [];
  let best = { iterations: 0, loss: validation.length > 0 ? loss.mean(scores, validation) : Number.NaN };
  while (trees.length < settings.iterations) {
    loss.derivatives(scores, training, gradient, hessian);
    const step: Tree[] = [];
    for (let output = 0; output < loss.outputs; output++) {
      const part = (array: Float64Array) => array.subarray(output * count, (output + 1) * count);
      const tree = grower.grow(training.slice(), part(gradient), part(hessian), part(scores));
      addTree(tree, table, validation, part(scores));
      step.push(tree);
      yield;
    }
    if (step.every((tree) => tree.left[0] === 0)) break;
    trees.push(step);
    if (validation.length === 0) continue;
    const reached = loss.mean(scores, validation);
    // The trees since the best loss stay, as scikit-learn's do: without any the scores would all be the same.
    if (reached < best.loss) best = { iterations: trees.length, loss: reached };
    else if (trees.length - best.iterations >= settings.patience) break;
  }
  return {
    iterations: trees.length,
    importance: importanceOf(trees, binning),
    scores: (table) => scored(trees, start, binning, table),
  };
}

function separated(count: number, { validationShare, random }: Settings) {
  const held = Math.min(count - 1, Math.round(validationShare * count));
  const order =
    held > 0 ? permutation(split(random, "validation"), count) : Uint32Array.from({ length: count }, (_, i) => i);
  return { validation: order.subarray(0, held), training: order.subarray(held).sort() };
}

function scored(
  trees: readonly (readonly Tree[])[],
  start: Float64Array,
  binning: Binning,
  features: MeasuredTable,
): Float64Array {
  const { rows } = features;
  const table = binnedTable(binning, features);
  const scores = repeated(start, rows);
  const all = Uint32Array.from({ length: rows }, (_, row) => row);
  for (const step of trees)
    step.forEach((tree, output) => {
      addTree(tree, table, all, scores.subarray(output * rows, (output + 1) * rows));
    });
  return scores;
}

function probabilitiesOf(scores: Float64Array, rows: number, classes: number): Float64Array {
  const probabilities = new Float64Array(rows * classes);
  for (let row = 0; row < rows; row++) {
    const out = probabilities.subarray(row * classes, (row + 1) * classes);
    if (classes > 2) softmax(scores, row, rows, out);
    else {
      out[0] = logistic(-scores[row]!);
      out[1] = logistic(scores[row]!);
    }
  }
  return probabilities;
}

/** Each number `count` times. */
function repeated(numbers: Float64Array, count: number): Float64Array {
  const all = new Float64Array(numbers.length * count);
  numbers.forEach((number, i) => {
    all.fill(number, i * count, (i + 1) * count);
  });
  return all;
}

function importanceOf(trees: readonly (readonly Tree[])[], binning: Binning): Trained["importance"] {
  const gains = new Float64Array(binning.length);
  for (const step of trees)
    for (const { column, gain } of step)
      for (let node = 0; node < gain.length; node++) gains[column[node]!]! += gain[node]!;
  const total = gains.reduce((sum, gain) => sum + gain, 0);
  return binning.map(({ name }, i) => ({ column: name, share: total > 0 ? gains[i]! / total : 0 }));
}
