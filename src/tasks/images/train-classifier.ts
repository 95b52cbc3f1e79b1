// train-classifier: trains the small classifier of images whose features and probabilities our measures use.
import type { PixelBlock } from "../../data/images/image-set.ts";
import { rowsOfLevels } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import { adamScales } from "../../optim/adam.ts";
import { averageKept, learningRateAt } from "../../optim/schedule.ts";
import { fillBelow, permutation, type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { placeholder, type Tensor } from "../../tensor/tensor.ts";
import { leafList, mapTree, withLeaves } from "../../tensor/tree.ts";
import { createOptimizer, initialState, type Optimizer } from "../../train/optimizer.ts";
import { type ImageClassifier, openClassifier } from "./classifier.ts";
import {
  applyClassifier,
  type ClassifierArrays,
  type ClassifierConfiguration,
  crossEntropy,
  initialClassifier,
} from "./classifier-network.ts";

/** Images with their classes, 0 to below the number of classes. */
export interface LabelledImages {
  readonly images: PixelBlock;
  readonly labels: Int32Array;
}

export interface ClassifierOptions {
  /** Widths of the hidden layers; the last is the number of features. Default 128, 128. */
  readonly hidden?: readonly number[];
  /** Passes over the images; default 30. */
  readonly epochs?: number;
  /** Each pass, each image is moved by up to so many pixels along both axes, filled up with its darkest level; default 0. */
  readonly shift?: number;
  readonly learningRate?: number;
  readonly weightDecay?: number;
  readonly seed?: number | string;
  /** Images of other rows that the classifier is tested on; they change nothing in it. */
  readonly test?: LabelledImages;
  /** What the images are, in a few words. */
  readonly data?: string;
  readonly signal?: AbortSignal;
  /** Told the mean loss (nats) after every epoch. */
  readonly onEpoch?: (epoch: number, loss: number) => void;
}

const batch = 256;
/** Images that training takes. */
export const fewestImages = batch;
const averageDecay = 0.999;
const clip = 5;

/**
 * Trains a classifier by cross-entropy with Adam, a cosine of learning rates and a moving average of weights, which is kept. Equal
 * arguments give equal weights on one type of machine. Throws "data" for fewer than 256 images or labels that do not fit.
 */
export async function trainClassifier(
  engine: Engine,
  { images, labels }: LabelledImages,
  options: ClassifierOptions = {},
): Promise<ImageClassifier> {
  const { hidden = [128, 128], epochs = 30, seed = 0, data = "images", test } = options;
  const { channels, height, width } = images;
  const classes = classCount(images, labels);
  const shape = { channels, height, width };
  const configuration: ClassifierConfiguration = { shape, stem: { kind: "none" }, hidden, classes };
  const key = split(random(seed), "classifier");
  const start = initialClassifier(split(key, "parameters"), configuration);
  const optimizer = await prepared(engine, configuration, start, options);
  try {
    await trained(optimizer, { images, labels }, { ...options, classes, epochs, key });
    const { average } = optimizer.state();
    const parameters = withLeaves<FloatArray, ClassifierArrays>(start, average);
    const training = { data, images: images.count, epochs, seed };
    const classifier = { configuration, parameters, training };
    if (test === undefined) return classifier;
    const accuracy = { value: await accuracyOf(engine, classifier, test), images: test.images.count };
    return { ...classifier, training: { ...training, accuracy } };
  } finally {
    await optimizer.release();
  }
}

function classCount({ count }: PixelBlock, labels: Int32Array): number {
  const classes = labels.reduce((most, label) => Math.max(most, label), 0) + 1;
  if (count >= batch && labels.length === count && classes >= 2 && labels.every((label) => label >= 0)) return classes;
  throw failure("data", {
    where: "classifier",
    expected: `at least ${batch} images with a class of 0, 1, … for each`,
    received: `${count} images, ${labels.length} labels, ${classes} class${classes === 1 ? "" : "es"}`,
  });
}

type Batch = { readonly rows: Tensor; readonly truth: Tensor };

function prepared(
  engine: Engine,
  { shape, classes }: ClassifierConfiguration,
  start: ClassifierArrays,
  { weightDecay = 1e-2 }: ClassifierOptions,
): Promise<Optimizer<Batch>> {
  const tensors = mapTree<FloatArray, Tensor, ClassifierArrays>(start, (leaf) => placeholder(leaf.shape));
  const rows = placeholder(["rows", shape.channels * shape.height * shape.width]);
  const truth = placeholder(["rows", classes]);
  const loss = crossEntropy(applyClassifier(tensors, rows).logits, truth);
  const parameters = leafList<Tensor>(tensors);
  const settings = { batchSize: batch, clip, weightDecay, movingAverage: averageDecay };
  return createOptimizer(
    engine,
    { parameters, batch: { rows, truth }, loss },
    settings,
    initialState(start, averageDecay),
  );
}

async function trained(
  optimizer: Optimizer<Batch>,
  { images, labels }: LabelledImages,
  {
    classes,
    epochs,
    key,
    shift = 0,
    learningRate = 2e-3,
    weightDecay = 1e-2,
    signal,
    onEpoch,
  }: ClassifierOptions & { readonly classes: number; readonly epochs: number; readonly key: Random },
): Promise<void> {
  const batches = Math.floor(images.count / batch);
  const warmUp = Math.min(100, Math.ceil((epochs * batches) / 20));
  const schedule = { learningRate, decay: { kind: "cosine" }, warmUp } as const;
  const turn = turns(signal, "classifier");
  let step = 0;
  for (let epoch = 0; epoch < epochs; epoch++) {
    const order = permutation(split(key, "order", epoch), images.count);
    let loss = 0;
    for (let n = 0; n < batches; n++, step++) {
      await turn();
      const places = order.subarray(n * batch, (n + 1) * batch);
      const rows = rowsOfLevels(shifted(images, places, shift, split(key, "shift", epoch, n)));
      const rate = learningRateAt(schedule, step, step / (epochs * batches));
      const keep = averageKept(averageDecay, 0, step);
      const truth = oneHot(labels, places, classes);
      loss += await optimizer.advance({ rows, truth }, { ...adamScales(step + 1, rate, { weightDecay }), keep });
    }
    onEpoch?.(epoch + 1, loss / batches);
  }
}

function oneHot(labels: Int32Array, places: Uint32Array, classes: number): FloatArray {
  const truth = floats(new Float32Array(places.length * classes), [places.length, classes]);
  places.forEach((place, row) => {
    truth.data[row * classes + labels[place]!] = 1;
  });
  return truth;
}

/** Images moved by up to `most` pixels down and across; what comes in from outside has the image's darkest level. */
export function shifted(images: PixelBlock, places: Uint32Array, most: number, random: Random): PixelBlock {
  const { channels, height, width, levels } = images;
  const size = channels * height * width;
  const moves = new Uint32Array(2 * places.length);
  fillBelow(random, moves, 2 * most + 1);
  const out = new Uint8Array(places.length * size);
  places.forEach((place, row) => {
    const source = levels.subarray(place * size, (place + 1) * size);
    const [down, across] = [moves[2 * row]! - most, moves[2 * row + 1]! - most];
    const target = out.subarray(row * size, (row + 1) * size).fill(down === 0 && across === 0 ? 0 : darkest(source));
    const [from, to] = [Math.max(0, across), Math.min(width, width + across)];
    for (let line = 0; line < channels * height; line++) {
      const y = (line % height) - down;
      if (y < 0 || y >= height) continue;
      const start = (line - down) * width;
      target.set(source.subarray(start + from - across, start + to - across), line * width + from);
    }
  });
  return { channels, height, width, count: places.length, levels: out };
}

function darkest(levels: Uint8Array): number {
  let least = 255;
  for (const level of levels) if (level < least) least = level;
  return least;
}

/** Share of images whose most probable class is theirs. */
async function accuracyOf(
  engine: Engine,
  classifier: ImageClassifier,
  { images, labels }: LabelledImages,
): Promise<number> {
  const network = await openClassifier(engine, classifier);
  try {
    const { probabilities } = await network.read(images);
    const classes = classifier.configuration.classes;
    const right = labels.filter((label, row) => {
      const own = probabilities?.data.subarray(row * classes, (row + 1) * classes) ?? [];
      return own.every((p) => p <= own[label]!);
    });
    return right.length / labels.length;
  } finally {
    await network.release();
  }
}
