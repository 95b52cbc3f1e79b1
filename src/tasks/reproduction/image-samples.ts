// image-samples: the images that an experiment draws from a model, kept part by part, so that an interrupted drawing goes on.
import {
  channelsFirst,
  channelsLast,
  levelsPerImage,
  type PixelBlock,
  type PixelShape,
} from "../../data/images/image-set.ts";
import { decodeNpy } from "../../data/npy.ts";
import { encodeNpyHeader } from "../../data/npy-header.ts";
import { LocalFlowError } from "../../errors.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { ImageModel } from "../images/image-model.ts";
import { gathered, sampleImages } from "../images/sample-images.ts";
import type { Controls } from "../progress.ts";
import { keepValue, knownValue, markOfValue, type Store } from "./store.ts";

/** Images of a part: some minutes of work at most for the networks that one machine trains. */
const imagesOfPart = 1024;

export interface SampleRequest extends Controls {
  /** Names the parts in the store. */
  readonly name: string;
  /** What the model was made from. */
  readonly mark: string;
  readonly images: number;
  readonly seed: number;
  readonly store?: Store;
}

/** Some images with what they took. */
export interface SamplePart {
  readonly block: PixelBlock;
  readonly evaluations: number;
  readonly seconds: number;
}

/** Draws images in order, part after part; parts that the store has are read from it, as `.npy` files of levels. */
export async function* samplesInParts(
  engine: Engine,
  model: ImageModel,
  { name, mark, images, seed, store, signal, onProgress }: SampleRequest,
): AsyncGenerator<SamplePart> {
  const shape = model.record.image;
  for (let first = 0; first < images; first += imagesOfPart) {
    const count = Math.min(imagesOfPart, images - first);
    const place = `${name}-samples-${String(first + 1).padStart(6, "0")}`;
    const made = markOfValue([mark, seed, first, count]);
    const known = await keptPart(store, place, made, { ...shape, count });
    if (known) {
      yield known;
      continue;
    }
    const started = performance.now();
    let evaluations = 0;
    const draw = async function* () {
      const controls = {
        ...(signal && { signal }),
        onProgress: ({ fraction }: { readonly fraction: number }) =>
          onProgress?.({ stage: "sample", fraction: (first + fraction * count) / images }),
      };
      for await (const part of sampleImages(engine, model, { images: count, from: first, seed, ...controls })) {
        evaluations += part.evaluations;
        yield part.block;
      }
    };
    const block = await gathered(draw(), shape);
    const part = { block, evaluations, seconds: (performance.now() - started) / 1000 };
    await store?.write(`${place}.npy`, npyOf(block));
    await keepValue(store, place, made, { evaluations, seconds: part.seconds });
    yield part;
  }
}

function npyOf(block: PixelBlock): Uint8Array {
  const header = encodeNpyHeader("|u1", [block.count, block.height, block.width, block.channels]);
  const bytes = new Uint8Array(header.length + block.levels.length);
  bytes.set(header);
  bytes.set(channelsLast(block.levels, block), header.length);
  return bytes;
}

async function keptPart(
  store: Store | undefined,
  place: string,
  mark: string,
  shape: PixelShape & { readonly count: number },
): Promise<SamplePart | undefined> {
  const cost = await knownValue<Omit<SamplePart, "block">>(store, place, mark);
  const bytes = cost && (await store?.read(`${place}.npy`));
  if (!cost || !bytes) return undefined;
  try {
    const { data } = decodeNpy(bytes, `${place}.npy`);
    if (data.length !== shape.count * levelsPerImage(shape)) return undefined;
    return { ...cost, block: { ...shape, levels: channelsFirst(Uint8Array.from(data), shape) } };
  } catch (error) {
    if (error instanceof LocalFlowError && error.code === "data") return undefined;
    throw error;
  }
}
