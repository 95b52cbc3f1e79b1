// sample-images: draws images from a model, and shows how they come to be.
import { levelsPerImage, type PixelBlock, type PixelShape } from "../../data/images/image-set.ts";
import { levelsOfRows } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import type { Integration } from "../../ode/integration.ts";
import { fillNormal, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { createTransport } from "../../runtime/transport.ts";
import { floats } from "../../tensor/array.ts";
import type { Progress } from "../progress.ts";
import { checkCount } from "../rows.ts";
import { drawnClasses, type ImageClass } from "./image-classes.ts";
import type { ImageModel, ImageRecord } from "./image-model.ts";

export interface ImageSampleRequest {
  readonly images: number;
  readonly seed: number;
  /** `sampleImages`: the place of the first image, to go on from an earlier draw; default 0. */
  readonly from?: number;
  /** Of a model with classes: the places of those to draw, in turns; default: each as often as it was trained on. */
  readonly classes?: readonly number[];
  /** Of a model with classes: v(x, no class) + guidance · (v(x, class) - v(x, no class)); default 1, the class itself. */
  readonly guidance?: number;
  /** Default: as the model was fitted. */
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Images with the velocity evaluations that they took; with guidance there are two at every point. */
export interface DrawnImages {
  readonly block: PixelBlock;
  /** Of a model with classes: the place of each image's class. */
  readonly labels?: Int32Array;
  readonly evaluations: number;
}

/** Images that are drawn together. */
const imagesAtOnce = 64;

/**
 * Draws images, up to 64 at a time and in order, as levels 0 … 255. Image i depends on i, the seed and the classes
 * asked for alone. Throws "option" for classes or guidance of a model without, "numeric" for an image that gets stuck,
 * "interrupted" when the signal fires.
 */
export async function* sampleImages(
  engine: Engine,
  { chain, record }: ImageModel,
  request: ImageSampleRequest,
): AsyncGenerator<DrawnImages> {
  const { images, seed, from = 0, integration = record.configuration.integration, signal, onProgress } = request;
  checkCount(images);
  const d = chain.dimension;
  const { guidance, velocities, labelsOf } = conditionOf(record, request);
  const settings = { direction: -1, integration, divergence: { kind: "none" }, guidance } as const;
  const transport = await createTransport(engine, chain, settings);
  const key = split(random(seed), "sample");
  const pause = pauses();
  try {
    for (let first = from; first < from + images; first += imagesAtOnce) {
      const count = Math.min(imagesAtOnce, from + images - first);
      const noise = new Float32Array(count * d);
      fillNormal(key, noise, { offset: first * d });
      const labels = labelsOf(first, count);
      const run = { firstRow: first, ...(labels && { classes: labels }), ...(signal && { signal }) };
      const { points, evaluations } = await transport.run(noise, run);
      onProgress?.({ stage: "sample", fraction: (first - from + count) / images });
      const block = levelsOfRows(floats(points, [count, d]), record.image);
      yield { block, ...(labels && { labels }), evaluations: velocities * evaluations };
      await pause();
      checkSignal(signal, "sampling");
    }
  } finally {
    await transport.release();
  }
}

/**
 * Where so many images stand on their way from noise to data: before the first block of the way, and after each one. Row by row
 * of a grid: image after image, each with its stages.
 */
export async function imageChains(
  engine: Engine,
  { chain, record }: ImageModel,
  request: ImageSampleRequest,
): Promise<DrawnImages> {
  const { images, seed, integration = record.configuration.integration, signal } = request;
  checkCount(images);
  const { guidance, velocities, labelsOf } = conditionOf(record, request);
  const labels = labelsOf(0, images);
  const d = chain.dimension;
  let evaluations = 0;
  let points: Float32Array = new Float32Array(images * d);
  fillNormal(split(random(seed), "sample"), points);
  const stages = [points];
  for (const block of [...chain.blocks].reverse()) {
    const leg = { dimension: d, blocks: [block] };
    const settings = { direction: -1, integration, divergence: { kind: "none" }, guidance } as const;
    const transport = await createTransport(engine, leg, settings);
    try {
      const moved = await transport.run(points, { ...(labels && { classes: labels }), ...(signal && { signal }) });
      points = moved.points;
      evaluations += velocities * moved.evaluations;
    } finally {
      await transport.release();
    }
    stages.push(points);
  }
  return { block: stagesInRows(stages, record.image), ...(labels && { labels }), evaluations };
}

/** Stages of the same images, each [images · d], as levels: image after image, each with its stages. */
export function stagesInRows(stages: readonly Float32Array[], image: PixelShape): PixelBlock {
  const d = levelsPerImage(image);
  const images = (stages[0]?.length ?? 0) / d;
  const rows = new Float32Array(images * stages.length * d);
  stages.forEach((points, stage) => {
    for (let n = 0; n < images; n++) rows.set(points.subarray(n * d, (n + 1) * d), (n * stages.length + stage) * d);
  });
  return levelsOfRows(floats(rows, [images * stages.length, d]), image);
}

/** What a request means for a transport: how strongly classes are followed, at how many velocities, and which class each image has. */
function conditionOf({ classes: known }: ImageRecord, request: ImageSampleRequest) {
  const labelsOf = labelsToDraw(known, request);
  const guidance = known === undefined ? 0 : (request.guidance ?? 1);
  return { guidance, velocities: guidance === 0 || guidance === 1 ? 1 : 2, labelsOf };
}

/**
 * The places of the classes of images number `first` and so on: those asked for in turns, or each as often as it was trained on;
 * undefined where none are known. Throws "option" for classes that are not known or had no training image.
 */
export function labelsToDraw(
  known: readonly ImageClass[] | undefined,
  { classes, guidance, seed }: Pick<ImageSampleRequest, "classes" | "guidance" | "seed">,
): (first: number, count: number) => Int32Array | undefined {
  if (known === undefined) {
    if (classes === undefined && guidance === undefined) return () => undefined;
    throw failure("option", {
      where: classes === undefined ? "guidance" : "classes",
      expected: "a model that was trained with the classes of images",
      received: "one without",
      remedy: "fit it with --conditional",
    });
  }
  const strange = classes?.find((place) => !((known[place]?.images ?? 0) > 0));
  if (strange !== undefined || classes?.length === 0)
    throw failure("option", {
      where: "classes",
      expected: `places of the model's ${known.length} classes that have training images`,
      received: strange === undefined ? "none" : String(strange),
    });
  const key = split(random(seed), "classes");
  return (first, count) =>
    classes
      ? Int32Array.from({ length: count }, (_, n) => classes[(first + n) % classes.length] ?? 0)
      : drawnClasses(known, key, first, count);
}

/** Images that come part by part as one block. */
export async function gathered(
  parts: AsyncIterable<PixelBlock>,
  { channels, height, width }: PixelShape,
): Promise<PixelBlock> {
  const blocks: PixelBlock[] = [];
  for await (const block of parts) blocks.push(block);
  const count = blocks.reduce((total, block) => total + block.count, 0);
  const levels = new Uint8Array(count * levelsPerImage({ channels, height, width }));
  let at = 0;
  for (const block of blocks) {
    levels.set(block.levels, at);
    at += block.levels.length;
  }
  return { channels, height, width, count, levels };
}

/** Draws images into memory. */
export async function drawImages(engine: Engine, model: ImageModel, request: ImageSampleRequest): Promise<DrawnImages> {
  return together(sampleImages(engine, model, request), model.record.image);
}

/** What is drawn part by part as one. */
export async function together(parts: AsyncIterable<DrawnImages>, image: PixelShape): Promise<DrawnImages> {
  let evaluations = 0;
  const labels: number[] = [];
  async function* blocks() {
    for await (const part of parts) {
      evaluations += part.evaluations;
      labels.push(...(part.labels ?? []));
      yield part.block;
    }
  }
  const block = await gathered(blocks(), image);
  return { block, ...(labels.length > 0 && { labels: Int32Array.from(labels) }), evaluations };
}
