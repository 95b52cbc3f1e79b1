// rows: levels 0 … 255 as numbers of [-1, 1] and back, flips, and what a density over pixels says in bits.
import { failure } from "../../errors.ts";
import { fillBelow, fillUniform, type Random } from "../../random.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { type ImageSet, levelsPerImage, type PixelBlock, type PixelShape } from "./image-set.ts";

/** Levels of a pixel: level k owns the cell from k/128 - 1 to (k+1)/128 - 1 of [-1, 1]. */
const cellsPerUnit = 128;
/** Bits that a density over [-1, 1] loses by the width of a cell: log2(128). */
const cellBits = 7;
/** Places within a cell: with 8 bits of level they fit the 24 bits of a float32 exactly, so no number rounds into the next cell. */
const placesPerCell = 2 ** 15;

export interface RowOptions {
  /** Mirrors each image left to right with probability 1/2. */
  readonly flip?: Random;
  /** Puts each number at a random place of its level's cell, as densities need it; without, at the cell's middle. */
  readonly dequantise?: Random;
  /**
   * The place of the first image in the streams of `flip` and `dequantise`; default 0. Reading places in two calls, the
   * second with the number of images in the first as offset, gives the same numbers as reading them in one.
   */
  readonly offset?: number;
}

/** The images at `places` as float rows [n, channels · height · width], channel-first, in [-1, 1]. */
export async function readRows(
  set: ImageSet,
  places: ArrayLike<number>,
  options: RowOptions = {},
): Promise<FloatArray> {
  return rowsOfLevels(await set.read(places), options);
}

/**
 * Levels as float rows [n, channels · height · width]: (level + u) / 128 - 1 with u = 1/2, or u uniform on (0, 1), to 15 bits,
 * where `dequantise` is given. So both kinds of rows have one scale, and `levelsOfRows` undoes either.
 */
export function rowsOfLevels(block: PixelBlock, { flip, dequantise, offset = 0 }: RowOptions = {}): FloatArray {
  const { count, levels, width } = block;
  const size = levelsPerImage(block);
  const rows = new Float32Array(levels.length);
  if (dequantise === undefined) rows.fill(0.5);
  else fillPlaces(dequantise, rows, offset * size);
  const flips = new Uint32Array(count);
  if (flip !== undefined) fillBelow(flip, flips, 2, { offset });
  for (let image = 0; image < count; image++) {
    const end = (image + 1) * size;
    if (flips[image] === 0)
      for (let i = image * size; i < end; i++) rows[i] = (levels[i]! + rows[i]!) / cellsPerUnit - 1;
    else
      for (let line = image * size; line < end; line += width)
        for (let x = 0; x < width; x++)
          rows[line + x] = (levels[line + width - 1 - x]! + rows[line + x]!) / cellsPerUnit - 1;
  }
  return floats(rows, [count, size]);
}

/**
 * Moves numbers from the middles of their levels' cells to random places within, in place: what `rowsOfLevels` gives with
 * `dequantise` and this generator. `offset` is the first number's place in the generator's stream.
 */
export function scatterWithinCells(numbers: Float32Array, random: Random, offset = 0): void {
  const places = new Float32Array(numbers.length);
  fillPlaces(random, places, offset);
  for (let i = 0; i < numbers.length; i++) numbers[i] = numbers[i]! + (places[i]! - 0.5) / cellsPerUnit;
}

/** Places within a cell, uniform on (0, 1), to 15 bits. */
function fillPlaces(random: Random, out: Float32Array, offset: number): void {
  fillUniform(random, out, { offset });
  for (let i = 0; i < out.length; i++) out[i] = (Math.floor(out[i]! * placesPerCell) + 0.5) / placesPerCell;
}

/** Rows [n, channels · height · width] as levels: the cell that each number lies in, the outermost for numbers beyond. */
export function levelsOfRows({ shape, data }: FloatArray, images: PixelShape): PixelBlock {
  const size = levelsPerImage(images);
  if (shape.length !== 2 || shape[1] !== size)
    throw failure("shape", { where: "images", expected: `rows [n, ${size}]`, received: `[${shape.join(", ")}]` });
  const { channels, height, width } = images;
  const levels = new Uint8Array(data.length);
  for (let i = 0; i < data.length; i++)
    levels[i] = Math.max(0, Math.min(255, Math.floor((data[i]! + 1) * cellsPerUnit)));
  return { count: shape[0]!, channels, height, width, levels };
}

/**
 * Bits per dimension of images from the negative log-density (nats) of their dequantised rows: an upper bound on the bits
 * that the levels themselves take, by Jensen's inequality: -log P(x) <= E_u[-log p(v)] + D log 128. Theis, van den Oord
 * and Bethge, "A note on the evaluation of generative models" (2016).
 */
export function bitsPerDimension(nats: number, dimensions: number): number {
  return nats / (dimensions * Math.LN2) + cellBits;
}
