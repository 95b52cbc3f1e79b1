// fit-images: the front door for images: a chain of flows over the pixels of a set.
import { type ImageSet, levelsPerImage, type PixelBlock, spokenShape } from "../../data/images/image-set.ts";
import { imageSetOf } from "../../data/images/memory-set.ts";
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { type BlockRecord, type BlockTiming, trainChain } from "../../train/chain.ts";
import { parameterCount } from "../../train/configuration.ts";
import { checkpointSeed, decodeCheckpoint, encodeCheckpoint } from "../checkpoint.ts";
import { modelVersion } from "../model-file.ts";
import { overallProgress, type Progress } from "../progress.ts";
import type { ImageConfiguration } from "./image-defaults.ts";
import type { ImageModel, ImageRecord } from "./image-model.ts";
import { chosenPlaces, rowsAt } from "./image-places.ts";

export interface ImageFitRequest {
  /** A set, or images in memory. */
  readonly images: ImageSet | PixelBlock;
  readonly configuration: ImageConfiguration;
  /** Images to train on at most, a random choice; default: all. */
  readonly most?: number;
  /** Budget in bytes for the images as numbers and what a push makes of them. */
  readonly memory?: number;
  /** Seconds that training may take; the model is usable whenever it ends. */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly checkpoint?: { save(bytes: Uint8Array): Promise<void>; readonly resume?: Uint8Array };
  readonly onProgress?: (progress: Progress) => void;
}

/** What a fit did. Plain JSON. */
export interface ImageFitReport {
  readonly seed: number;
  readonly task: "images";
  readonly images: number;
  readonly blocks: readonly (BlockRecord & BlockTiming & { readonly duration: number | null })[];
  readonly parameters: number;
  readonly seconds: number;
  /** What the user should know of the fit, in sentences. */
  readonly notes: readonly string[];
}

/** The pool, and the pool before a push, are alive together. */
const poolCopies = 2;

/** Trains a chain on images. Throws "data" for images of another size, "interrupted" after a checkpoint when the signal fires. */
export async function fitImages(
  engine: Engine,
  request: ImageFitRequest,
): Promise<{ readonly model: ImageModel; readonly report: ImageFitReport }> {
  const started = performance.now();
  const { checkpoint, onProgress, signal } = request;
  const images = "levels" in request.images ? imageSetOf(request.images) : request.images;
  const resume = checkpoint?.resume;
  const configuration = resume ? { ...request.configuration, seed: checkpointSeed(resume) } : request.configuration;
  const image = { channels: images.channels, height: images.height, width: images.width };
  checkImages(images, configuration);
  const d = levelsPerImage(image);
  const places = chosenPlaces(images.count, request.most, split(random(configuration.seed), "images"));
  checkMemory(places.length * d * 4 * poolCopies, request.memory);
  const rows = (await rowsAt(images, places, signal)).data;
  const mark = fingerprintOf(configuration, rows);
  const timeShare = () => (request.time === undefined ? 0 : (performance.now() - started) / (1000 * request.time));
  const trained = await trainChain(
    engine,
    {
      rows,
      dimension: d,
      configuration,
      ...(resume && { resume: decodeCheckpoint(resume, configuration, d, mark) }),
    },
    {
      ...(signal && { signal }),
      ...(request.time !== undefined && { time: request.time * 1000 }),
      ...(checkpoint && {
        onCheckpoint: (partial) => checkpoint.save(encodeCheckpoint(partial, configuration.seed, mark)),
      }),
      ...(onProgress && {
        onProgress: (progress) => onProgress(overallProgress(progress, configuration, timeShare())),
      }),
    },
  );
  const record: ImageRecord = {
    version: modelVersion,
    task: "images",
    image,
    configuration,
    training: {
      images: places.length,
      source: images.description,
      blocks: trained.records.map(({ seconds: _, pushSeconds: __, ...rest }) => rest),
    },
  };
  const report: ImageFitReport = {
    seed: configuration.seed,
    task: "images",
    images: places.length,
    blocks: trained.records.map((block, n) => {
      const step = configuration.blocks[n]?.step;
      return { ...block, duration: step?.kind === "diffuse" ? step.duration : null };
    }),
    parameters: parameterCount(configuration, d),
    seconds: (performance.now() - started) / 1000,
    notes: [...notesOf(images, configuration), ...untrainedNotes(trained.records)],
  };
  return { model: { record, chain: trained.chain }, report };
}

function checkImages(images: ImageSet, { blocks }: ImageConfiguration): void {
  if (images.count === 0)
    throw failure("data", { where: images.description, expected: "at least one image", received: "none" });
  const wrong = blocks.find(
    ({ network: { image } }) =>
      image.channels !== images.channels || image.height !== images.height || image.width !== images.width,
  );
  if (wrong)
    throw failure("data", {
      where: images.description,
      expected: `images of ${wrong.network.image.channels} x ${wrong.network.image.height} x ${wrong.network.image.width} (channels, height, width), as the networks read them`,
      received: spokenShape(images),
      remedy: "give the size that the networks are for (--size, --channels)",
    });
}

function checkMemory(needed: number, memory: number | undefined): void {
  if (memory === undefined || needed <= memory) return;
  throw failure("option", {
    where: "memory",
    expected: `at least ${needed} bytes for the images as numbers, ${poolCopies} times`,
    received: String(memory),
    remedy: "raise the budget or train on fewer images (--images N)",
  });
}

function notesOf(images: ImageSet, { blocks }: ImageConfiguration): readonly string[] {
  const broken = images.skipped.filter(({ kind }) => kind === "broken").length;
  const dropout = blocks.some(({ network }) => network.kind === "unet" && network.dropout > 0);
  return [
    ...(broken > 0 ? [`${broken} ${broken === 1 ? "file was" : "files were"} broken and left out`] : []),
    ...(dropout ? ["dropout is part of the recipe but is not trained with yet: the networks see every value"] : []),
  ];
}

/** Moving images through a block takes time too, and may leave none for the next block. */
function untrainedNotes(blocks: readonly BlockRecord[]): readonly string[] {
  const numbers = blocks.flatMap(({ iterations }, n) => (iterations === 0 ? [n + 1] : []));
  if (numbers.length === 0) return [];
  const which = numbers.length === 1 ? `block ${numbers[0]}` : `blocks ${numbers.join(", ")}`;
  return [
    `no time was left to train ${which}: give more (--time), fewer images (--images) or a smaller network (--width)`,
  ];
}

/** Everything but the seed that decides the result. */
function fingerprintOf({ seed: _, ...configuration }: ImageConfiguration, rows: Float32Array): string {
  const text = new TextEncoder().encode(JSON.stringify(configuration));
  return `${fingerprint(text)} ${fingerprint(new Uint8Array(rows.buffer, rows.byteOffset, rows.byteLength))}`;
}
