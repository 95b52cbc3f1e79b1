// array-images: arrays of numbers as images: which axis is which, and numbers of other types as levels 0 … 255.
import { failure } from "../../errors.ts";
import { decodeNumbers, type NumberType } from "../numbers.ts";
import { channelsFirst, checkedShape, type ImageRun, levelsPerImage, type PixelShape } from "./image-set.ts";

/** What the floats of an array mean: black and white. Integers are levels 0 … 255 already, booleans 0 and 255. */
export const valueRanges = { "0..1": [0, 1], "-1..1": [-1, 1], "0..255": [0, 255] } as const;
export type ValueRange = keyof typeof valueRanges;

/** An array in C order, in a file or in memory. */
export interface ArraySource {
  readonly where: string;
  readonly type: NumberType;
  readonly shape: readonly number[];
  readonly isForward?: boolean;
  /** A copy of `length` bytes of the numbers, `at` bytes behind the first. */
  read(at: number, length: number): Promise<Uint8Array>;
}

type Layout = PixelShape & { readonly count: number; readonly isLast: boolean };

/**
 * An array [n, h, w], [n, h, w, c], [n, c, h, w] or [n, c · side · side] (planes one after the other) as images; c is 1 or
 * 3. Floats need `range`. Throws `data` errors, `option` where the range is missing.
 */
export function imagesOfArray(
  array: ArraySource,
  { range, labels }: { readonly range?: ValueRange; readonly labels?: Int32Array },
): Omit<ImageRun, "close"> {
  const { where, type } = array;
  if (type.kind === "float" && range === undefined)
    throw failure("option", {
      where,
      expected: `floats of a stated range, one of ${Object.keys(valueRanges).join(", ")}`,
      received: "floats without one",
      remedy: "state the range, or save levels 0 … 255 as uint8",
    });
  const { count, isLast, ...shape } = layoutOf(array.shape, where);
  if (labels !== undefined && labels.length !== count)
    throw failure("data", { where, expected: `${count} labels, one for each image`, received: String(labels.length) });
  const size = levelsPerImage(shape);
  return {
    ...shape,
    where,
    count,
    ...(labels !== undefined && { labels }),
    ...(array.isForward === true && { isForward: true }),
    async read(from, to) {
      const bytes = await array.read(from * size * type.bytes, (to - from) * size * type.bytes);
      const levels = levelsOf(bytes, type, range, (at) => `${where} image ${from + Math.floor(at / size) + 1}`);
      return isLast ? channelsFirst(levels, shape) : levels;
    },
  };
}

function layoutOf(sizes: readonly number[], where: string): Layout {
  const [count = 0, a = 0, b = 0, c = 0] = sizes;
  if (sizes.length === 2) {
    const side = Math.round(Math.sqrt(a % 3 === 0 && Number.isInteger(Math.sqrt(a / 3)) ? a / 3 : a));
    if (side > 0 && (a === side * side || a === 3 * side * side))
      return { count, isLast: false, ...checkedShape(a / (side * side), side, side, where) };
  }
  if (sizes.length === 3) return { count, isLast: false, ...checkedShape(1, a, b, where) };
  if (sizes.length === 4 && (c === 1 || c === 3)) return { count, isLast: true, ...checkedShape(c, a, b, where) };
  if (sizes.length === 4 && (a === 1 || a === 3)) return { count, isLast: false, ...checkedShape(a, b, c, where) };
  throw failure("data", {
    where,
    expected: "an array [n, h, w], [n, h, w, c], [n, c, h, w] with 1 or 3 channels, or [n, c · side · side]",
    received: `shape [${sizes.join(", ")}]`,
  });
}

function levelsOf(
  bytes: Uint8Array,
  type: NumberType,
  range: ValueRange | undefined,
  place: (at: number) => string,
): Uint8Array {
  if (type.kind === "unsigned" && type.bytes === 1) return bytes;
  const numbers = decodeNumbers(bytes, type);
  const [low, high] = type.kind === "boolean" ? [0, 1] : type.kind === "float" && range ? valueRanges[range] : [0, 255];
  const scale = 255 / (high - low);
  const levels = new Uint8Array(numbers.length);
  for (let i = 0; i < numbers.length; i++) {
    const level = Math.round((numbers[i]! - low) * scale);
    if (!(level >= 0 && level <= 255))
      throw failure("data", { where: place(i), expected: `numbers of ${low} … ${high}`, received: String(numbers[i]) });
    levels[i] = level;
  }
  return levels;
}

/** The labels in an array of whole numbers, such as [n] or [n, 1], less `first`. */
export async function labelsOfArray(array: ArraySource, first = 0): Promise<Int32Array> {
  const { where, type, shape } = array;
  const count = shape.reduce((a, b) => a * b, 1);
  const isLine = shape.length > 0 && count === shape[0];
  if (type.kind === "float" || !isLine || count > 2 ** 28)
    throw failure("data", { where, expected: "whole numbers [n] as labels", received: `shape [${shape.join(", ")}]` });
  return checkedLabels(decodeNumbers(await array.read(0, count * type.bytes), type), first, where);
}

/** Labels from 0, as whole numbers below 2^31. */
export function checkedLabels(values: ArrayLike<number>, first: number, where: string): Int32Array {
  return Int32Array.from(values, (value) => {
    const label = value - first;
    if (Number.isInteger(label) && label >= 0 && label < 2 ** 31) return label;
    throw failure("data", { where, expected: `labels from ${first} on`, received: String(value) });
  });
}
