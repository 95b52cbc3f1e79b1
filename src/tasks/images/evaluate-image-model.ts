// evaluate-image-model: images drawn from a model, measured against images that it has not seen.
import { type ImageSet, levelsPerImage, type PixelBlock } from "../../data/images/image-set.ts";
import { levelsOfRows, rowsOfLevels } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import { type ImageEvaluation, imageEvaluationSteps, imageFactsSentence } from "../../measure/evaluate-images.ts";
import { nearestImagesSentence } from "../../measure/nearest-images.ts";
import { fitPixelGaussian } from "../../measure/pixel-gaussian.ts";
import { inTurns } from "../../measure/steps.ts";
import { permutation, type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { type CurvedModel, type ImageCurve, type ImageCurvePoint, imageCurve } from "../curve-images.ts";
import type { Progress } from "../progress.ts";
import { type ImageClassifier, openClassifier } from "./classifier.ts";
import { labelsAs } from "./image-classes.ts";
import { type ImageMetrics, imageMetrics } from "./image-measures.ts";
import { chosenPlaces } from "./image-places.ts";
import { checkShape, type ImageReader, measuredImages, partOf } from "./image-reader.ts";
import type { ImageSource } from "./image-source.ts";
import { nearestImagesOf } from "./nearest-neighbours.ts";
import { trainClassifier } from "./train-classifier.ts";

export interface ImageModelEvaluationRequest {
  /** Images that the model has not seen. */
  readonly test: ImageSet;
  /** The images that it was trained on. */
  readonly train: ImageSet;
  readonly seed: number;
  /** Images to draw, and to compare of each set at most; default 2000, and as many as there are test images. */
  readonly images?: number;
  /** Training images that are looked at, at most, a random choice; default: those whose numbers take 1 GiB. */
  readonly most?: number;
  /** The network that distances are measured in; default: a classifier of the training images' classes, trained now. */
  readonly network?: ImageReader;
  /** Also gives what a page shows. */
  readonly pictures?: boolean;
  /** Also measures images against the work they take. */
  readonly curve?: CurvedModel;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** What `evaluateImageModel` found. Plain JSON. */
export interface ImageModelEvaluation {
  readonly task: "images";
  readonly seed: number;
  /** Images of each kind, and of which parts of which sets they are. */
  readonly rows: { readonly compared: number; readonly drawn: number; readonly test: number; readonly train: number };
  readonly sets: { readonly test: string; readonly train: string; readonly reference: "train" | "test" };
  /** The network that distances are measured in. */
  readonly features: string;
  /** How strongly the drawn images follow their classes; none where the model knows of no classes. */
  readonly guidance?: number;
  readonly measures: ImageMetrics;
  /** What was compared, and whether samples are copies, in sentences. */
  readonly verdict: readonly string[];
  readonly notes: readonly string[];
  readonly parameters: number;
  readonly evaluations: number;
  /** Where it was asked for, with what as many training images get. */
  readonly curve?: readonly ImageCurvePoint[];
  readonly curveFloor?: ImageCurve["floor"];
  readonly seconds: number;
}

/** Images in rows of `columns`. */
export interface ShownImages {
  readonly block: PixelBlock;
  readonly columns: number;
}

/** What a page shows beside the measures. */
export interface EvaluationPictures {
  readonly samples: ShownImages;
  /** A sample and its nearest training images. */
  readonly neighbours: ShownImages;
  /** An image at its stages from noise to data. */
  readonly chain: ShownImages;
}

const usualImages = 2000;
/** Bytes that training images may take as numbers where nothing else is said. */
const usualBytes = 2 ** 30;
/** The covariance of more values takes minutes. */
const mostGaussianValues = 3072;
const shown = { samples: 64, neighbours: 8, near: 4, chains: 8 } as const;

/**
 * Draws images from a model, or a student of one, and measures them by `evaluateImages`. Throws "data" for images of another size, for fewer than 40 and where there is
 * neither a network nor classes to train one, "interrupted" when the signal fires.
 */
export async function evaluateImageModel(
  engine: Engine,
  source: ImageSource,
  request: ImageModelEvaluationRequest,
): Promise<{ readonly evaluation: ImageModelEvaluation; readonly pictures?: EvaluationPictures }> {
  const started = performance.now();
  const { test, train, seed, signal, onProgress, onStage } = request;
  for (const set of [test, train]) checkShape(set.description, set, source.image);
  const key = split(random(seed), "evaluate");
  const count = request.images ?? Math.min(usualImages, test.count);
  const known = await readBlock(train, mostTraining(request), split(key, "train"));
  const held = await readBlock(test, count, split(key, "test"));
  const trained = request.network ? undefined : await classifierOf(engine, known, train.description, request);
  const network = request.network ?? (await openClassifier(engine, trained!.classifier));
  try {
    onStage?.(`drawing ${count} images`);
    const controls = { ...(signal && { signal }), ...(onProgress && { onProgress }) };
    const classes = classesToDraw(source, test, count, key);
    const drawing = { images: count, seed, ...(classes && { classes }), ...controls };
    const drawn = await source.draw(drawing);
    onStage?.("measuring");
    const gaussian = gaussianOf(known.images, count, split(key, "gaussian"));
    const sets = {
      samples: await measuredImages(drawn.block, network),
      train: await measuredImages(known.images, network),
      test: await measuredImages(held.images, network),
      ...(gaussian && { gaussian: await measuredImages(gaussian, network) }),
    };
    const steps = imageEvaluationSteps(sets, split(key, "measures"), { rows: count });
    const found = await inTurns(steps, turns(signal, "evaluation"));
    if (request.curve) onStage?.("the curve of quality against evaluations");
    const curve =
      request.curve &&
      (await imageCurve(engine, request.curve, {
        ...{ image: source.image, network, test: sets.test, train: sets.train, seed, images: count },
        ...(classes && { classes }),
        ...controls,
      }));
    const evaluation: ImageModelEvaluation = {
      task: "images",
      seed,
      rows: { compared: found.facts.rows, drawn: count, test: test.count, train: known.images.count },
      sets: { test: spokenSet(test), train: spokenSet(train), reference: found.facts.reference },
      features: network.description,
      ...(source.guidance !== undefined && { guidance: source.guidance }),
      measures: imageMetrics(found),
      verdict: verdictOf(found),
      notes: [
        ...(known.images.count < train.count
          ? [`${known.images.count} of ${train.count} training images were looked at, a random choice (--images)`]
          : []),
        ...(gaussian ? [] : [`no pixel Gaussian: images have more than ${mostGaussianValues} values`]),
        ...(trained ? [`the classifier was trained in ${trained.seconds.toFixed(1)} s`] : []),
        ...(classes ? ["classes were drawn as often as they are among the test images"] : []),
        ...(curve?.notes ?? []),
      ],
      parameters: source.parameters,
      evaluations: drawn.evaluations,
      ...(curve && { curve: curve.points, curveFloor: curve.floor }),
      seconds: (performance.now() - started) / 1000,
    };
    if (!request.pictures) return { evaluation };
    onStage?.("drawing pictures");
    const way = await source.chains({ ...drawing, images: Math.min(shown.chains, count) });
    const chain = { block: way.block, columns: source.stages };
    return { evaluation, pictures: { ...picturesOf(drawn.block, known.images), chain } };
  } finally {
    if (request.network === undefined) await network.release();
  }
}

/** The first drawn images, and some of them each beside the training images nearest to it. */
function picturesOf(drawn: PixelBlock, train: PixelBlock): Pick<EvaluationPictures, "samples" | "neighbours"> {
  const first = (most: number) => partOf(drawn, 0, Math.min(most, drawn.count));
  const near = Math.min(shown.near, train.count);
  return {
    samples: { block: first(shown.samples), columns: Math.min(8, drawn.count) },
    neighbours: { block: nearestImagesOf(first(shown.neighbours), train, near), columns: 1 + near },
  };
}

/** As many images of each class as among the test images that are looked at, in random order; none where nothing has classes. */
function classesToDraw(
  { classes }: ImageSource,
  test: ImageSet,
  count: number,
  key: Random,
): readonly number[] | undefined {
  if (classes === undefined || test.labels === undefined) return undefined;
  const labels = labelsAs(test, classes);
  const places = chosenPlaces(test.count, count, split(key, "test"));
  return Array.from(permutation(split(key, "classes"), places.length), (n) => labels[places[n] ?? 0] ?? 0);
}

interface KnownImages {
  readonly images: PixelBlock;
  readonly labels?: Int32Array;
}

async function readBlock(set: ImageSet, most: number, key: Random): Promise<KnownImages> {
  const places = chosenPlaces(set.count, most, key);
  const { labels } = set;
  const images = await set.read(places);
  return { images, ...(labels && { labels: Int32Array.from(places, (place) => labels[place] ?? 0) }) };
}

function mostTraining({ train, most }: ImageModelEvaluationRequest): number {
  const fitting = Math.max(1, Math.floor(usualBytes / (4 * levelsPerImage(train))));
  return most ?? fitting;
}

/** The seed of the classifier: one for all evaluations, so that equal training images give equal features. */
const classifierSeed = 0;

async function classifierOf(
  engine: Engine,
  { images, labels }: KnownImages,
  data: string,
  { test, signal, onStage, onProgress }: ImageModelEvaluationRequest,
): Promise<{ readonly classifier: ImageClassifier; readonly seconds: number }> {
  if (labels === undefined)
    throw failure("data", {
      where: data,
      expected: "classes of the training images, to train a classifier whose features distances are measured in",
      received: "images without",
      remedy: "name a network with --features FILE.onnx, or put images of one class into one folder each",
    });
  const [started, epochs] = [performance.now(), 30];
  onStage?.(
    `training a classifier of the classes of ${images.count} images (${epochs} epochs; --features names another)`,
  );
  const known = test.labels && {
    test: { images: await test.read(Uint32Array.from(test.labels.keys())), labels: test.labels },
  };
  const classifier = await trainClassifier(
    engine,
    { images, labels },
    {
      ...{ data, epochs, seed: classifierSeed },
      ...known,
      ...(signal && { signal }),
      onEpoch: (epoch, loss) =>
        onProgress?.({ stage: "train", iteration: epoch, iterations: epochs, loss, fraction: epoch / epochs }),
    },
  );
  return { classifier, seconds: (performance.now() - started) / 1000 };
}

/** Samples of the Gaussian of the training images' values, as levels. */
function gaussianOf(images: PixelBlock, count: number, key: Random): PixelBlock | undefined {
  if (levelsPerImage(images) > mostGaussianValues) return undefined;
  const gaussian = fitPixelGaussian(rowsOfLevels(images), split(key, "fit"), { rows: 8192 });
  return levelsOfRows(gaussian.sample(split(key, "sample"), count), images);
}

function spokenSet({ description, part, count }: ImageSet): string {
  return `${description}, ${part === "whole" ? "all" : `part ${part}`}, ${count} images`;
}

function verdictOf({ facts, nearest }: ImageEvaluation): readonly string[] {
  return [imageFactsSentence(facts), nearestImagesSentence(nearest)];
}
