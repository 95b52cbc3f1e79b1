// evaluate-images: every measure of generated images at once, beside what training images and a pixel Gaussian get.
import { failure } from "../errors.ts";
import { type Random, split } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type ClassConfidence, classConfidence } from "./class-confidence.ts";
import type { Neighbourhoods } from "./coverage.ts";
import type { Estimate } from "./estimate.ts";
import { coverageReference } from "./feature-coverage.ts";
import { type FrechetEstimate, frechetEstimate, mostFeatures } from "./frechet.ts";
import { kernelDistance } from "./kernel-distance.ts";
import { type FeatureStatistics, momentsOf, statisticsOf } from "./moments.ts";
import { type NearestImages, nearestImagesSteps } from "./nearest-images.ts";
import { chosenRows } from "./points.ts";
import type { Steps } from "./steps.ts";

/** Images as rows, with what networks say of each; all arrays have the same rows in the same order. */
export interface MeasuredImages {
  /** Values [n, d] in [-1, 1]. */
  readonly pixels: FloatArray;
  /** [n, features] of the network that distances are measured in. */
  readonly features: FloatArray;
  /** Class probabilities [n, classes], where a classifier is at hand. */
  readonly probabilities?: FloatArray;
}

export interface ImageSets {
  readonly samples: MeasuredImages;
  readonly train: MeasuredImages;
  readonly test: MeasuredImages;
  /** Samples of the Gaussian of the training images' values (`fitPixelGaussian`). */
  readonly gaussian?: MeasuredImages;
}

export interface ImageEvaluationOptions {
  /** Which real images are the reference; the others make the floor. Default `test`: images that the model has not seen. */
  readonly reference?: "train" | "test";
  /** Images of each set that are compared, at most; default 10 000. */
  readonly rows?: number;
  /** Samples and test images whose nearest training images are looked for; default 1000. */
  readonly nearestRows?: number;
}

/** How far one set of images is from the reference, and what the classifier sees in it. */
export interface ImageMeasures {
  readonly frechet: Estimate;
  /** The Fréchet distance for endless images, where it can be told. */
  readonly frechetInfinite?: Estimate;
  /** KID, the unbiased squared distance of the cubic kernel. */
  readonly kernel: Estimate;
  /** Precision, recall, density and coverage. */
  readonly neighbourhoods: Neighbourhoods;
  readonly classes?: ClassConfidence;
}

export interface ImageEvaluation {
  /** What stands behind every number. */
  readonly facts: {
    readonly reference: "train" | "test";
    /** Images of each set, the reference included. */
    readonly rows: number;
    readonly features: number;
  };
  readonly samples: ImageMeasures;
  /** Real images of the other split in place of samples: what a perfect generator gets. */
  readonly floor: ImageMeasures;
  readonly gaussian?: ImageMeasures;
  /** What the classifier sees in the reference itself. */
  readonly referenceClasses?: ClassConfidence;
  readonly nearest: NearestImages;
}

/**
 * Measures samples, real images of the other split (the floor) and a pixel Gaussian against the reference, all with
 * equally many rows, as many as the smallest set has: a random choice that the key decides. Fréchet distances are one
 * step, of seconds where features are many. Throws "data" for fewer than 40 images of a set.
 */
export function* imageEvaluationSteps(
  sets: ImageSets,
  random: Random,
  { reference = "test", rows = 10_000, nearestRows }: ImageEvaluationOptions = {},
): Steps<ImageEvaluation> {
  const present = Object.entries(sets).filter(([, set]) => set !== undefined) as [string, MeasuredImages][];
  for (const [name, set] of present) checkRows(name, set);
  const count = Math.min(rows, ...present.map(([, { features }]) => features.shape[0] ?? 0));
  const chosen = (name: keyof ImageSets, set: MeasuredImages) => chosenImages(set, count, split(random, "rows", name));
  const real = { train: chosen("train", sets.train), test: chosen("test", sets.test) };
  const held = real[reference];
  const samples = chosen("samples", sets.samples);
  const gaussian = sets.gaussian && chosen("gaussian", sets.gaussian);
  const referenceClasses = held.probabilities && classConfidence(held.probabilities);
  const { features } = held;
  const against = yield* imageReferenceSteps(features);
  return {
    facts: { reference, rows: count, features: features.shape[1] ?? 0 },
    samples: yield* imageMeasureSteps(samples, against),
    floor: yield* imageMeasureSteps(real[reference === "test" ? "train" : "test"], against),
    ...(gaussian && { gaussian: yield* imageMeasureSteps(gaussian, against) }),
    ...(referenceClasses && { referenceClasses }),
    nearest: yield* nearestImagesSteps(samples.pixels, real.test.pixels, sets.train.pixels, {
      ...(nearestRows !== undefined && { rows: nearestRows }),
    }),
  };
}

/** The reference, ready for several sets. */
export interface ImageReference {
  readonly features: FloatArray;
  readonly fitted: FloatArray | FeatureStatistics;
  readonly coverage: (other: FloatArray) => Steps<Neighbourhoods>;
}

/** Makes the features of reference images ready, in steps. */
export function* imageReferenceSteps(features: FloatArray): Steps<ImageReference> {
  // Without errors the statistics are all that is needed of the reference, once.
  const fitted = (features.shape[1] ?? 0) > mostFeatures ? statisticsOf(momentsOf(features)) : features;
  yield;
  return { features, fitted, coverage: yield* coverageReference(features) };
}

/** The measures of as many images as the reference has, in steps. */
export function* imageMeasureSteps(
  { features, probabilities }: Omit<MeasuredImages, "pixels">,
  reference: ImageReference,
): Steps<ImageMeasures> {
  const { distance, infinite }: FrechetEstimate = frechetEstimate(features, reference.fitted);
  yield;
  const kernel = kernelDistance(features, reference.features);
  yield;
  const neighbourhoods = yield* reference.coverage(features);
  return {
    frechet: distance,
    ...(infinite && { frechetInfinite: infinite }),
    kernel: { value: kernel.value, standardError: kernel.standardError },
    neighbourhoods,
    ...(probabilities && { classes: classConfidence(probabilities) }),
  };
}

/** The same random rows of all arrays of a set. */
function chosenImages(set: MeasuredImages, count: number, random: Random): MeasuredImages {
  const probabilities = set.probabilities && chosenRows(set.probabilities, count, random);
  return {
    pixels: chosenRows(set.pixels, count, random),
    features: chosenRows(set.features, count, random),
    ...(probabilities && { probabilities }),
  };
}

function checkRows(name: string, { pixels, features, probabilities }: MeasuredImages): void {
  const counts = [pixels, features, ...(probabilities ? [probabilities] : [])].map(({ shape }) => shape[0]);
  if (counts.every((count) => count === counts[0])) return;
  throw failure("shape", {
    where: `images, ${name}`,
    expected: "as many rows of values, features and probabilities",
    received: counts.join(", "),
  });
}

/** Which images every number is of, to be printed with them. */
export function imageFactsSentence({ reference, rows, features }: ImageEvaluation["facts"]): string {
  const floor = reference === "test" ? "training" : "test";
  const held = reference === "test" ? "test" : "training";
  return `${rows} images of each set against ${rows} ${held} images, ${features} features; the floor is ${rows} ${floor} images.`;
}
