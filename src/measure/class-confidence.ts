// class-confidence: what a classifier trained on real images sees in samples: how sure it is, and whether all classes occur.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type Estimate, meanOf } from "./estimate.ts";

export interface ClassConfidence {
  /** Mean over images of the largest class probability. */
  readonly confidence: Estimate;
  /** Entropy (nats) of the shares of the most probable classes: log(classes) where all occur equally often. */
  readonly labelEntropy: Estimate;
  /**
   * exp of the mean over images of KL(p(class | image) || mean p): between 1 and the number of classes. The form of the Inception
   * score, with the classifier at hand: comparable only within one classifier.
   */
  readonly score: Estimate;
  /** Shares of the most probable classes. */
  readonly shares: readonly number[];
}

/**
 * Of class probabilities [n, classes], rows that sum to 1. Standard errors by the delta method: an image moves the entropy by
 * -log(share of its class), the logarithm of the score by its own divergence. A small entropy is biased by -(classes - 1) / 2n.
 * Throws "data" for fewer than 2 rows. Source of the score: T. Salimans and others, "Improved techniques for training GANs" (2016).
 */
export function classConfidence({ data, shape }: FloatArray): ClassConfidence {
  const [n = 0, classes = 0] = shape;
  if (n < 2 || classes < 2)
    throw failure("data", {
      where: "class probabilities",
      expected: "at least 2 images and 2 classes",
      received: `[${shape.join(", ")}]`,
    });
  const [likely, sure, marginal] = [new Uint32Array(n), new Float64Array(n), new Float64Array(classes)];
  for (let row = 0; row < n; row++)
    for (let c = 0; c < classes; c++) {
      const p = data[row * classes + c]!;
      marginal[c]! += p / n;
      if (p > sure[row]!) [sure[row], likely[row]] = [p, c];
    }
  const shares = new Float64Array(classes);
  for (const c of likely) shares[c]! += 1 / n;
  const surprise = meanOf(Float64Array.from(likely, (c) => -Math.log(shares[c]!)));
  const divergence = meanOf(divergences(data, marginal));
  const score = Math.exp(divergence.value);
  return {
    confidence: meanOf(sure),
    labelEntropy: surprise,
    score: { value: score, standardError: score * divergence.standardError },
    shares: [...shares],
  };
}

/** KL(p || marginal) of every row. */
function divergences(data: Float32Array, marginal: Float64Array): Float64Array {
  const classes = marginal.length;
  const values = new Float64Array(data.length / classes);
  data.forEach((p, at) => {
    if (p > 0) values[Math.floor(at / classes)]! += p * Math.log(p / marginal[at % classes]!);
  });
  return values;
}
