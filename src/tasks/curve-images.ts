// curve-images: how good images are for the work they take, from one noise by several methods and efforts.
import type { PixelShape } from "../data/images/image-set.ts";
import { levelsOfRows } from "../data/images/rows.ts";
import { readsClasses } from "../flow/chain.ts";
import type { Estimate } from "../measure/estimate.ts";
import { imageMeasureSteps, imageReferenceSteps, type MeasuredImages } from "../measure/evaluate-images.ts";
import { chosenRows } from "../measure/points.ts";
import { inTurns } from "../measure/steps.ts";
import { type Random, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { turns } from "../runtime/pause.ts";
import type { FloatArray } from "../tensor/array.ts";
import { curveSection } from "./curve-report.ts";
import {
  type CurvePlace,
  type CurveSampler,
  type SampledChain,
  usualEfforts,
  usualReference,
} from "./curve-samplers.ts";
import { walkedCurve } from "./curve-walk.ts";
import { type ImageMetricName, setMetrics } from "./images/image-measures.ts";
import { type ImageReader, measuredImages } from "./images/image-reader.ts";
import { labelsToDraw } from "./images/sample-images.ts";
import type { Progress } from "./progress.ts";
import type { ReportSection } from "./report.ts";

/** Measures of one set of images by name: `frechet`, `kernel`, `precision`, … */
export type SetMetrics = Readonly<Partial<Record<ImageMetricName, Estimate>>>;

/** One sampler's images and their price. Plain JSON. */
export interface ImageCurvePoint extends CurvePlace {
  readonly measures: SetMetrics;
}

/** What is put on the curve. */
export interface CurvedModel {
  readonly model: SampledChain;
  /** Samplers beside those of the chain itself, such as a student's. */
  readonly samplers?: readonly CurveSampler[];
}

export interface ImageCurveRequest {
  readonly image: PixelShape;
  /** The network that distances are measured in. */
  readonly network: ImageReader;
  /** Images that the model has not seen, and those that it was trained on. */
  readonly test: MeasuredImages;
  readonly train: MeasuredImages;
  readonly seed: number;
  /** Images of each point and of each set, `mostImages` at most. */
  readonly images: number;
  /** Of a model whose classes are followed: the places of those to draw, in turns; default: each as often as it was trained on. */
  readonly classes?: readonly number[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface ImageCurve {
  readonly points: readonly ImageCurvePoint[];
  /** What as many training images get in place of samples. */
  readonly floor: { readonly images: number; readonly measures: SetMetrics };
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/** Images of a point: each is much work, and Fréchet distances of equally many images can be compared. */
const mostImages = 500;
const batchImages = 64;

/**
 * The chain by fixed steps of 1 to 16 evaluations a block and by dopri5 at 1e-1 … 1e-4, then the other samplers, all from the noise
 * that `sampleImages` draws with this seed; the measures are of up to 500 images on each side. Where classes are followed all
 * samplers draw the same ones.
 */
export async function imageCurve(
  engine: Engine,
  { model, samplers }: CurvedModel,
  request: ImageCurveRequest,
): Promise<ImageCurve> {
  const { image, network, test, train, seed, classes, signal, onProgress } = request;
  const counts = [test, train].map(({ features }) => features.shape[0] ?? 0);
  const images = Math.min(request.images, mostImages, ...counts);
  const key = split(random(seed), "evaluate", "curve");
  const turn = turns(signal, "evaluation");
  const held = await inTurns(imageReferenceSteps(chosenRows(test.features, images, split(key, "test"))), turn);
  const metricsOf = async (set: Omit<MeasuredImages, "pixels">) =>
    setMetrics(await inTurns(imageMeasureSteps(set, held), turn));
  const floor = { images, measures: await metricsOf(chosenFeatures(train, images, split(key, "train"))) };
  const { points, notes } = await walkedCurve(engine, model, {
    ...{ efforts: usualEfforts, reference: usualReference, samplers, seed, signal, onProgress },
    rows: images,
    labels: labelsToDraw(model.classes?.known, { seed, ...(model.classes && classes && { classes }) })(0, images),
    batchRows: batchImages,
    deviation: model.standardization.deviation.data,
    measure: async (rows: FloatArray) => ({
      measures: await metricsOf(await measuredImages(levelsOfRows(rows, image), network)),
    }),
  });
  return { points, floor, notes: [...notesOf(model), ...notes] };
}

function notesOf({ chain, classes }: SampledChain): readonly string[] {
  if (!chain.blocks.some(readsClasses)) return [];
  return classes === undefined
    ? ["the curve is of images that were drawn without a class"]
    : [`the curve is of images whose classes were followed, guidance ${classes.guidance}`];
}

function chosenFeatures({ features, probabilities }: MeasuredImages, count: number, key: Random) {
  const seen = probabilities && chosenRows(probabilities, count, key);
  return { features: chosenRows(features, count, key), ...(seen && { probabilities: seen }) };
}

/** The curve on a page: Fréchet distances. */
export function imageCurveSection(
  points: readonly ImageCurvePoint[],
  { images, measures }: ImageCurve["floor"],
): ReportSection {
  const shown = points.flatMap(({ measures: { frechet }, ...place }) =>
    frechet ? [{ ...place, quality: frechet }] : [],
  );
  return curveSection({
    points: shown,
    quality: { name: "Fréchet distance" },
    floor: measures.frechet && { ...measures.frechet, of: `${images} training images` },
    reference: `dopri5 at tolerance ${usualReference.toExponential()}`,
    unit: "pixels' values, which go from -1 to 1",
    batchRows: batchImages,
  });
}
