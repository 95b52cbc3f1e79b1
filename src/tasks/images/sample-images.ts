// sample-images: draws images from a model, and shows how they come to be.
import { levelsPerImage, type PixelBlock, type PixelShape } from "../../data/images/image-set.ts";
import { levelsOfRows } from "../../data/images/rows.ts";
import type { Integration } from "../../ode/integration.ts";
import { fillNormal, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { createTransport } from "../../runtime/transport.ts";
import { floats } from "../../tensor/array.ts";
import type { Progress } from "../progress.ts";
import { checkCount } from "../rows.ts";
import type { ImageModel } from "./image-model.ts";

export interface ImageSampleRequest {
  readonly images: number;
  readonly seed: number;
  /** Default: as the model was fitted. */
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Images with the velocity evaluations that they took. */
export interface DrawnImages {
  readonly block: PixelBlock;
  readonly evaluations: number;
}

/** Images that are drawn together. */
const imagesAtOnce = 64;

/** Draws images, some at a time and in order. Image i depends on the seed and i alone. */
export async function* sampleImages(
  engine: Engine,
  { chain, record }: ImageModel,
  { images, seed, integration = record.configuration.integration, signal, onProgress }: ImageSampleRequest,
): AsyncGenerator<DrawnImages> {
  checkCount(images);
  const d = chain.dimension;
  const transport = await createTransport(engine, chain, { direction: -1, integration, divergence: { kind: "none" } });
  const key = split(random(seed), "sample");
  const pause = pauses();
  try {
    for (let first = 0; first < images; first += imagesAtOnce) {
      const count = Math.min(imagesAtOnce, images - first);
      const noise = new Float32Array(count * d);
      fillNormal(key, noise, { offset: first * d });
      const { points, evaluations } = await transport.run(noise, { firstRow: first, ...(signal && { signal }) });
      onProgress?.({ stage: "sample", fraction: (first + count) / images });
      yield { block: levelsOfRows(floats(points, [count, d]), record.image), evaluations };
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
  { images, seed, integration = record.configuration.integration, signal }: ImageSampleRequest,
): Promise<DrawnImages> {
  checkCount(images);
  const d = chain.dimension;
  const stages = chain.blocks.length + 1;
  const all = new Float32Array(images * stages * d);
  let evaluations = 0;
  let points: Float32Array = new Float32Array(images * d);
  fillNormal(split(random(seed), "sample"), points);
  const place = (stage: number) => {
    for (let n = 0; n < images; n++) all.set(points.subarray(n * d, (n + 1) * d), (n * stages + stage) * d);
  };
  place(0);
  for (const [n, block] of [...chain.blocks].reverse().entries()) {
    const leg = { dimension: d, blocks: [block] };
    const transport = await createTransport(engine, leg, { direction: -1, integration, divergence: { kind: "none" } });
    try {
      const moved = await transport.run(points, { ...(signal && { signal }) });
      points = moved.points;
      evaluations += moved.evaluations;
    } finally {
      await transport.release();
    }
    place(n + 1);
  }
  return { block: levelsOfRows(floats(all, [images * stages, d]), record.image), evaluations };
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
  let evaluations = 0;
  async function* blocks() {
    for await (const part of sampleImages(engine, model, request)) {
      evaluations += part.evaluations;
      yield part.block;
    }
  }
  const block = await gathered(blocks(), model.record.image);
  return { block, evaluations };
}
