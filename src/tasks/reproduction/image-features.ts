// image-features: the network that an experiment's distances are measured in, and the moments of its features over many images.
import type { ImageSet, PixelBlock } from "../../data/images/image-set.ts";
import { rowsOfLevels } from "../../data/images/rows.ts";
import { bytesInMemory } from "../../data/stored-rows.ts";
import { LocalFlowError } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { collectMoments, type FeatureStatistics, type MomentsCollector, statisticsOf } from "../../measure/moments.ts";
import type { Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { zeros } from "../../tensor/array.ts";
import { decodeClassifier, encodeClassifier, openClassifier } from "../images/classifier.ts";
import { encodeFeatureStatistics, readFeatureStatistics } from "../images/feature-statistics.ts";
import { chosenPlaces } from "../images/image-places.ts";
import { type ImageReader, partOf } from "../images/image-reader.ts";
import { trainClassifier } from "../images/train-classifier.ts";
import type { Controls } from "../progress.ts";
import { markOfValue, type Store } from "./store.ts";

/** A network, with a word for it that is equal for equal ones. */
export interface Features {
  readonly reader: ImageReader;
  readonly mark: string;
}

/** Fewer images with classes are not enough to train a classifier. */
const fewestLabelled = 256;
const epochs = 30;

/**
 * Features where the user names no network: of a small classifier of the training images' classes, which is kept in the store; of
 * sets without classes the mean colours of 8 x 8 cells. Neither is comparable with anything that was published.
 */
export async function ownFeatures(
  engine: Engine,
  train: ImageSet,
  most: number,
  key: Random,
  { store, signal, onProgress }: Controls & { readonly store?: Store },
): Promise<Features> {
  const { labels, count } = train;
  const wanted = Math.min(count, Math.max(fewestLabelled, most));
  const classes = new Set(labels).size;
  if (labels === undefined || wanted < fewestLabelled || classes < 2) return cellColours;
  const places = chosenPlaces(count, wanted, key);
  const own = Int32Array.from(places, (place) => labels[place] ?? 0);
  const images = await train.read(places);
  const mark = markOfValue([fingerprint(images.levels), fingerprint(new Uint8Array(own.buffer)), epochs]);
  const name = `classifier-${mark}.safetensors`;
  const known = await store?.read(name);
  const kept = known && (await unlessBroken(async () => decodeClassifier(known, name)));
  if (kept) return { reader: await openClassifier(engine, kept), mark };
  const classifier = await trainClassifier(
    engine,
    { images, labels: own },
    {
      ...{ epochs, seed: 0, data: train.description },
      ...(signal && { signal }),
      onEpoch: (iteration, loss) =>
        onProgress?.({ stage: "train", iteration, iterations: epochs, loss, fraction: iteration / epochs }),
    },
  );
  await store?.write(name, encodeClassifier(classifier));
  return { reader: await openClassifier(engine, classifier), mark };
}

/** What a kept file holds; undefined for a damaged one, which is made anew. */
async function unlessBroken<T>(read: () => Promise<T>): Promise<T | undefined> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof LocalFlowError && (error.code === "model" || error.code === "data")) return undefined;
    throw error;
  }
}

/** Cells along each side. */
const cells = 8;

/** The mean levels of 8 x 8 cells of an image, in each colour: what can be measured without any network. */
export const cellColours: Features = {
  mark: `cells-${cells}`,
  reader: {
    description: `mean colours of ${cells} x ${cells} cells of the image (no network)`,
    read: async (images) => ({ features: meansOfCells(images) }),
    release: async () => {},
  },
};

function meansOfCells(images: PixelBlock) {
  const { count, channels, height, width } = images;
  const rows = rowsOfLevels(images).data;
  const features = zeros([count, channels * cells * cells]);
  const cell = (place: number, side: number) => Math.min(cells - 1, Math.floor((place * cells) / side));
  const pixels = new Float64Array(cells * cells);
  for (let y = 0; y < height; y++)
    for (let x = 0; x < width; x++) pixels[cell(y, height) * cells + cell(x, width)]! += 1;
  for (let plane = 0; plane < count * channels; plane++)
    for (let y = 0; y < height; y++)
      for (let x = 0; x < width; x++) {
        const at = cell(y, height) * cells + cell(x, width);
        features.data[plane * cells * cells + at]! += rows[(plane * height + y) * width + x]! / pixels[at]!;
      }
  return features;
}

/** Images that a network looks at before the next look at the signal. */
const atOnce = 256;

/** Takes blocks of images and keeps nothing but the moments of their features. */
export interface FeatureMoments {
  add(images: PixelBlock, signal: AbortSignal | undefined): Promise<void>;
  statistics(): FeatureStatistics;
}

export function featureMoments({ reader }: Features): FeatureMoments {
  let collector: MomentsCollector | undefined;
  return {
    async add(images, signal) {
      const turn = turns(signal, "measuring");
      for (let first = 0; first < images.count; first += atOnce) {
        await turn();
        const part = partOf(images, first, Math.min(images.count, first + atOnce));
        const { features } = await reader.read(part);
        collector ??= collectMoments(features.shape[1] ?? 0);
        collector.add(features);
      }
    },
    statistics: () => statisticsOf((collector ?? collectMoments(0)).moments()),
  };
}

/** Statistics of the features of a choice of images, kept in the store as a file that other tools read (`mu`, `sigma`). */
export async function statisticsOfSet(
  features: Features,
  set: ImageSet,
  places: Uint32Array,
  { store, name, signal, onProgress }: Controls & { readonly store?: Store; readonly name: string },
): Promise<FeatureStatistics> {
  const first = await set.read(places.subarray(0, Math.min(places.length, atOnce)));
  const mark = markOfValue([features.mark, set.count, [...places.subarray(0, atOnce)], fingerprint(first.levels)]);
  const file = `${name}-${places.length}-${mark}.npz`;
  const known = await store?.read(file);
  const kept = known && (await unlessBroken(() => readFeatureStatistics(bytesInMemory(known, file), file)));
  if (kept) return { ...kept, rows: places.length };
  const moments = featureMoments(features);
  for (let from = 0; from < places.length; from += atOnce) {
    await moments.add(await set.read(places.subarray(from, from + atOnce)), signal);
    const done = Math.min(places.length, from + atOnce);
    onProgress?.({ stage: "score", fraction: done / places.length });
  }
  const statistics = moments.statistics();
  await store?.write(file, encodeFeatureStatistics(statistics));
  return statistics;
}
