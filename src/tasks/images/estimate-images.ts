// estimate-images: how long the training of a fit of images takes here, from a moment of it.
import type { ImageSet } from "../../data/images/image-set.ts";
import { initialImageNetwork } from "../../nn/image-network.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal } from "../../runtime/pause.ts";
import { trainBlock } from "../../train/block.ts";
import { classesRead } from "./image-classes.ts";
import type { ImageConfiguration } from "./image-defaults.ts";
import { chosenPlaces, poolAt } from "./image-places.ts";

/** Seconds that measuring takes, about. */
const measured = 3;
/** More iterations than fit into that. */
const endless = 1_000_000;

export interface ImageEstimateRequest {
  readonly images: ImageSet;
  readonly configuration: ImageConfiguration;
  /** Seconds that the fit may take; default: no limit. */
  readonly time?: number;
  readonly signal?: AbortSignal;
}

export interface ImageFitEstimate {
  readonly trainingSeconds: number;
  /** Of all blocks together: those of the configuration, or as many as the time leaves at most. */
  readonly iterations: number;
}

/** Trains the first block for a moment and extrapolates: the blocks of image recipes have one network. Pushing is not in it. */
export async function estimateImageFit(engine: Engine, request: ImageEstimateRequest): Promise<ImageFitEstimate> {
  const { images, configuration, time = Number.POSITIVE_INFINITY, signal } = request;
  const { blocks, training } = configuration;
  const block = blocks[0];
  if (block === undefined) return { trainingSeconds: 0, iterations: 0 };
  const key = split(random(configuration.seed), "estimate");
  const places = chosenPlaces(images.count, training.batchSize, key);
  const { pool } = await poolAt(images, places, "float32", signal);
  const read = classesRead(configuration);
  const labels = Int32Array.from(places, (place) => images.labels?.[place] ?? 0);
  const ends: number[] = [];
  const started = performance.now();
  await trainBlock(
    engine,
    {
      number: 1,
      block: { ...block, iterations: endless },
      training: { ...training, earlyStopping: 0 },
      pool,
      ...(read > 0 && { classes: { labels, count: read } }),
      start: initialImageNetwork(key, block.network),
      ...(training.dequantise && { levels: true }),
      random: key,
    },
    { time: 1000 * measured, ...(signal && { signal }), onIteration: () => ends.push(performance.now()) },
  );
  checkSignal(signal, "estimate");
  const [first = started, last = started] = [ends.length > 1 ? ends[0] : started, ends.at(-1)];
  const each = (last - first) / 1000 / Math.max(1, ends.length - 1);
  const whole = blocks.reduce((total, { iterations }) => total + iterations, 0);
  const iterations = each * whole > time ? Math.floor(time / each) : whole;
  return { trainingSeconds: Math.min(time, each * whole), iterations };
}
