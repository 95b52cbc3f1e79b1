// image-reader: what measures ask of a network that looks at images: features, and class probabilities where it has them.
import { type PixelBlock, type PixelShape, spokenShape } from "../../data/images/image-set.ts";
import { rowsOfLevels } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import type { MeasuredImages } from "../../measure/evaluate-images.ts";
import type { FloatArray } from "../../tensor/array.ts";

export interface ImageReading {
  /** [n, features] */
  readonly features: FloatArray;
  /** [n, classes], rows that sum to 1. */
  readonly probabilities?: FloatArray;
}

export interface ImageReader {
  /** The network in a few words, to be printed beside every number that it makes. */
  readonly description: string;
  /** Looks at images, a part at a time. */
  read(images: PixelBlock): Promise<ImageReading>;
  release(): Promise<void>;
}

/** Images at the places `from` to `to` (exclusive) of a block, sharing its memory. */
export function partOf(images: PixelBlock, from: number, to: number): PixelBlock {
  const size = images.channels * images.height * images.width;
  return { ...images, count: to - from, levels: images.levels.subarray(from * size, to * size) };
}

/** Throws "data" unless images have the shape that a network was made for. */
export function checkShape(where: string, images: PixelShape, expected: PixelShape): void {
  const { channels, height, width } = expected;
  if (images.channels === channels && images.height === height && images.width === width) return;
  throw failure("data", {
    where,
    expected: `images of ${spokenShape(expected)}`,
    received: spokenShape(images),
    remedy: "use a network made for images of this size",
  });
}

/**
 * Images with what networks say of them: features of `network`, class probabilities of `classifier` (or of `network`, where it is
 * one). Levels, not floats, are what is measured: so samples are rounded as files of images are.
 */
export async function measuredImages(
  images: PixelBlock,
  network: ImageReader,
  classifier: ImageReader = network,
): Promise<MeasuredImages> {
  const { features, probabilities: own } = await network.read(images);
  const probabilities = classifier === network ? own : (await classifier.read(images)).probabilities;
  return { pixels: rowsOfLevels(images), features, ...(probabilities && { probabilities }) };
}
