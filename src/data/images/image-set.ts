// image-set: sets of images as 8-bit levels, and what every file that holds some of them looks like to the rest.
import { failure } from "../../errors.ts";

/** The size of an image; 1 channel is gray, 3 are red, green and blue. */
export interface PixelShape {
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
}

/** Images in memory: levels 0 … 255, [count, channels, height, width], row-major, the top row of an image first. */
export interface PixelBlock extends PixelShape {
  readonly count: number;
  readonly levels: Uint8Array;
}

/** A part of a set that its makers divided; "whole" where they did not. */
export type ImagePart = "train" | "validation" | "test" | "whole";

/** A file that was left out of a set, and why. */
export interface SkippedFile {
  readonly file: string;
  /** "broken": it should hold images and cannot be read; "other": it is none of the formats. */
  readonly kind: "broken" | "other";
  readonly reason: string;
}

/** Images of one size that are read when they are needed. */
export interface ImageSet extends PixelShape {
  /** The set in a few words. */
  readonly description: string;
  readonly count: number;
  readonly part: ImagePart;
  /** The parts that there are. */
  readonly parts: readonly ImagePart[];
  /** The class of each image, from 0. */
  readonly labels?: Int32Array;
  /** The names of the classes. */
  readonly labelNames?: readonly string[];
  /** The file of each image, below the folder, where each has its own. */
  readonly names?: readonly string[];
  readonly skipped: readonly SkippedFile[];
  /** The images at these places, in this order. Throws `data` and `file` errors that name the file. */
  read(places: ArrayLike<number>): Promise<PixelBlock>;
  /** Closes files and removes temporary ones; the set is of no use afterwards. */
  close(): Promise<void>;
}

/** The images of one file: `read` gives the levels of images `from` to `to` (exclusive), [to - from, channels, height, width]. */
export interface ImageRun extends PixelShape {
  /** The file in messages. */
  readonly where: string;
  readonly count: number;
  readonly labels?: Int32Array;
  /** Going back to an earlier image means to start over. */
  readonly isForward?: boolean;
  read(from: number, to: number): Promise<Uint8Array>;
  close(): void;
}

/** Most levels of one image: 4096 x 4096 in colour. */
const mostLevels = 3 * 2 ** 24;

/** Levels of one image. */
export function levelsPerImage({ channels, height, width }: PixelShape): number {
  return channels * height * width;
}

/** "3 x 32 x 32 (channels, height, width)". */
export function spokenShape({ channels, height, width }: PixelShape): string {
  return `${channels} x ${height} x ${width} (channels, height, width)`;
}

/** Whether images of two files go into one set. */
export function sameShape(a: PixelShape, b: PixelShape): boolean {
  return a.channels === b.channels && a.height === b.height && a.width === b.width;
}

/** A shape from untrusted sizes. Throws `data` for empty or huge ones. */
export function checkedShape(channels: number, height: number, width: number, where: string): PixelShape {
  const sizes = [channels, height, width];
  if ((channels === 1 || channels === 3) && sizes.every((size) => Number.isSafeInteger(size) && size > 0))
    if (channels * height * width <= mostLevels) return { channels, height, width };
  throw failure("data", {
    where,
    expected: `images of 1 or 3 channels and at most ${mostLevels} numbers`,
    received: `${sizes.join(" x ")} (channels, height, width)`,
  });
}

/** Refuses places that are not in a set. */
export function checkPlaces(places: ArrayLike<number>, count: number, where: string): void {
  for (let i = 0; i < places.length; i++) {
    const place = places[i]!;
    if (Number.isInteger(place) && place >= 0 && place < count) continue;
    throw failure("option", { where, expected: `places from 0 to ${count - 1}`, received: String(place) });
  }
}

/** Moves the channels of interleaved levels [n, height, width, channels] to the front. */
export function channelsFirst(levels: Uint8Array, { channels, height, width }: PixelShape): Uint8Array {
  if (channels === 1) return levels;
  const pixels = height * width;
  const out = new Uint8Array(levels.length);
  for (let image = 0; image < levels.length; image += channels * pixels)
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0, from = image + channel, to = image + channel * pixels; pixel < pixels; pixel++) {
        out[to++] = levels[from]!;
        from += channels;
      }
  return out;
}

/** Moves the channels of levels [n, channels, height, width] to the end. */
export function channelsLast(levels: Uint8Array, { channels, height, width }: PixelShape): Uint8Array {
  if (channels === 1) return levels;
  const pixels = height * width;
  const out = new Uint8Array(levels.length);
  for (let image = 0; image < levels.length; image += channels * pixels)
    for (let channel = 0; channel < channels; channel++)
      for (let pixel = 0, to = image + channel, from = image + channel * pixels; pixel < pixels; pixel++) {
        out[to] = levels[from++]!;
        to += channels;
      }
  return out;
}
