// classifier-network: the small network that tells classes of images apart; its last hidden layer are our features.
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { initialLinear, type LinearArrays, type LinearTensors } from "../../nn/linear.ts";
import { type Random, split } from "../../random.ts";
import { add, exponential, logarithm, maximum, multiply, relu, subtract } from "../../tensor/arithmetic.ts";
import { mean } from "../../tensor/functions.ts";
import { slice, sum } from "../../tensor/layout.ts";
import { affine } from "../../tensor/matrix.ts";
import type { Tensor } from "../../tensor/tensor.ts";

/** What comes before the hidden layers: nothing, all values of an image side by side. */
export type ClassifierStem = { readonly kind: "none" };

export interface ClassifierConfiguration {
  readonly shape: PixelShape;
  readonly stem: ClassifierStem;
  /** Widths of the hidden layers; the last is the number of features. */
  readonly hidden: readonly number[];
  readonly classes: number;
}

export type ClassifierArrays = { readonly layers: readonly LinearArrays[] };
export type ClassifierTensors = { readonly layers: readonly LinearTensors[] };

/** [in, out] of every layer. */
export function classifierSizes({
  shape,
  hidden,
  classes,
}: ClassifierConfiguration): readonly (readonly [number, number])[] {
  const widths = [levelsPerImage(shape), ...hidden, classes];
  return widths.slice(1).map((out, k) => [widths[k] ?? 0, out] as const);
}

/** Draws the parameters of a classifier. */
export function initialClassifier(random: Random, configuration: ClassifierConfiguration): ClassifierArrays {
  const sizes = classifierSizes(configuration);
  return {
    layers: sizes.map(([inputs, outputs], k) => initialLinear(split(random, k), inputs, outputs, "default")),
  };
}

/** Rows [n, d] in [-1, 1] to features [n, last hidden width], which are not negative, and logits [n, classes]. */
export function applyClassifier(
  { layers }: ClassifierTensors,
  rows: Tensor,
): { readonly features: Tensor; readonly logits: Tensor } {
  const last = layers.length - 1;
  const features = layers.slice(0, last).reduce((h, { weight, bias }) => relu(affine(h, weight, bias)), rows);
  const { weight, bias } = layers[last]!;
  return { features, logits: affine(features, weight, bias) };
}

/** Mean over rows of -log softmax(logits) at the true class; `truth` has 1 there and 0 elsewhere [n, classes]. */
export function crossEntropy(logits: Tensor, truth: Tensor): Tensor {
  const columns = Array.from({ length: Number(logits.shape[1]) }, (_, c) => slice(logits, 1, c, c + 1));
  const largest = columns.reduce((a, b) => maximum(a, b));
  const total = sum(exponential(subtract(logits, largest)), [1], true);
  const own = sum(multiply(logits, truth), [1], true);
  return mean(subtract(add(logarithm(total), largest), own));
}
