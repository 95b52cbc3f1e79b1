// prediction-scores: how good predicted classes and numbers are, and bootstrap errors of such scores over test rows
import { fillBelow, type Random, split } from "../random.ts";
import { type Estimate, spread } from "./estimate.ts";

/**
 * Accuracy, and the mean over classes of the F1 score 2 tp / (2 tp + fp + fn), of the rows listed (each as often as listed).
 * The classes are those that truly occur among the rows: predicting another one only costs the true one.
 */
export function classScores(
  truth: Int32Array,
  predicted: Int32Array,
  classes: number,
  rows: Uint32Array,
): { readonly f1: number; readonly accuracy: number } {
  const [hits, actual, claimed] = [new Float64Array(classes), new Float64Array(classes), new Float64Array(classes)];
  for (const row of rows) {
    actual[truth[row]!]!++;
    claimed[predicted[row]!]!++;
    if (truth[row] === predicted[row]) hits[truth[row]!]!++;
  }
  let [f1, occurring, right] = [0, 0, 0];
  for (let k = 0; k < classes; k++) {
    if (actual[k] === 0) continue;
    f1 += (2 * hits[k]!) / (actual[k]! + claimed[k]!);
    occurring++;
    right += hits[k]!;
  }
  return { f1: f1 / occurring, accuracy: right / rows.length };
}

/** Root of the mean squared error, and R2 = 1 - squared error / squared deviation from the mean, of the rows listed. */
export function numberScores(
  truth: Float64Array,
  predicted: Float64Array,
  rows: Uint32Array,
): { readonly r2: number; readonly rmse: number } {
  let [mean, error, deviation] = [0, 0, 0];
  for (const row of rows) mean += truth[row]! / rows.length;
  for (const row of rows) {
    error += (predicted[row]! - truth[row]!) ** 2;
    deviation += (truth[row]! - mean) ** 2;
  }
  return { r2: 1 - error / deviation, rmse: Math.sqrt(error / rows.length) };
}

/** Scores of a model trained on synthetic rows, of one trained on real rows, and the first less the second. */
export interface Contrast {
  readonly synthetic: Estimate;
  readonly real: Estimate;
  readonly difference: Estimate;
}

/** The scores of a model, by name, on the rows listed. */
export type Scorer<Name extends string> = (rows: Uint32Array) => Readonly<Record<Name, number>>;

/**
 * Scores of two models on all of `count` rows with bootstrap errors: the deviation over `replicates` draws of `count` rows
 * with replacement. Both models are scored on the same draws, so the error of the difference is that of a paired comparison.
 */
export function contrasted<Name extends string>(
  names: readonly Name[],
  models: { readonly synthetic: Scorer<Name>; readonly real: Scorer<Name> },
  count: number,
  replicates: number,
  random: Random,
): Readonly<Record<Name, Contrast>> {
  const scored = (rows: Uint32Array) => ({ synthetic: models.synthetic(rows), real: models.real(rows) });
  const rows = Uint32Array.from({ length: count }, (_, row) => row);
  const whole = scored(rows);
  const draws = Array.from({ length: replicates }, (_, n) => {
    fillBelow(split(random, "bootstrap", n), rows, count);
    return scored(rows);
  });
  const estimate = (of: (scores: typeof whole) => number): Estimate => {
    const { variance } = spread(draws.map(of).filter(Number.isFinite));
    return { value: of(whole), standardError: Math.sqrt(variance) };
  };
  const contrasts = names.map((name): [Name, Contrast] => [
    name,
    {
      synthetic: estimate(({ synthetic }) => synthetic[name]),
      real: estimate(({ real }) => real[name]),
      difference: estimate(({ synthetic, real }) => synthetic[name] - real[name]),
    },
  ]);
  return Object.fromEntries(contrasts) as Record<Name, Contrast>;
}
