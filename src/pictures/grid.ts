// grid: images side by side as one raster, and as the bytes of a PNG.
import { encode } from "fast-png";
import type { PixelBlock } from "../data/images/image-set.ts";
import { failure } from "../errors.ts";
import { type Rgb, rgbOf } from "./color.ts";

export interface GridOptions {
  /** Images in a row; default: as many as make the grid nearly square. */
  readonly columns?: number;
  /** Pixels of the raster between and around images; default 2. */
  readonly gap?: number;
  /** Pixels of the raster for a pixel of an image, along each axis; default 1. */
  readonly scale?: number;
  /** Colour between the images, #rrggbb; default white. */
  readonly background?: string;
}

/** Red, green and blue [height, width, 3], the top row first. */
export interface Raster {
  readonly width: number;
  readonly height: number;
  readonly rgb: Uint8Array;
}

const mostPixels = 2 ** 27;

/**
 * Images row by row from the top left; gray ones have three equal channels. Throws "option" for a raster that is too
 * large.
 */
export function imageGrid(block: PixelBlock, options: GridOptions = {}): Raster {
  const { count } = block;
  const { columns = Math.max(1, Math.ceil(Math.sqrt(count))), gap = 2, scale = 1, background = "#ffffff" } = options;
  const rows = Math.ceil(count / columns);
  const width = columns * block.width * scale + (columns + 1) * gap;
  const height = rows * block.height * scale + (rows + 1) * gap;
  const isWhole = Number.isInteger(columns) && Number.isInteger(scale) && Number.isInteger(gap);
  if (!isWhole || columns < 1 || scale < 1 || gap < 0 || width * height > mostPixels)
    throw failure("option", {
      where: "grid of images",
      expected: `whole columns, scale and gap, and at most ${mostPixels} pixels`,
      received: `${columns} columns, scale ${scale}, gap ${gap}: ${width} x ${height}`,
    });
  const raster = filled(width, height, rgbOf(background));
  for (let image = 0; image < count; image++) {
    const left = gap + (image % columns) * (block.width * scale + gap);
    const top = gap + Math.floor(image / columns) * (block.height * scale + gap);
    paintImage(raster, block, { image, left, top, scale });
  }
  return raster;
}

/** A raster as the bytes of a PNG. */
export function rasterPng({ width, height, rgb }: Raster): Uint8Array {
  return encode({ width, height, data: rgb, channels: 3 }, { zlib: { level: 6 } });
}

function filled(width: number, height: number, color: Rgb): Raster {
  const rgb = new Uint8Array(width * height * 3);
  for (let at = 0; at < rgb.length; at++) rgb[at] = color[at % 3]!;
  return { width, height, rgb };
}

interface ImagePlace {
  readonly image: number;
  readonly left: number;
  readonly top: number;
  readonly scale: number;
}

function paintImage(raster: Raster, block: PixelBlock, { image, left, top, scale }: ImagePlace): void {
  const plane = block.height * block.width;
  const first = image * block.channels * plane;
  for (let y = 0; y < block.height * scale; y++)
    for (let x = 0; x < block.width * scale; x++) {
      const from = first + Math.floor(y / scale) * block.width + Math.floor(x / scale);
      const to = 3 * ((top + y) * raster.width + left + x);
      for (let channel = 0; channel < 3; channel++)
        raster.rgb[to + channel] = block.levels[from + (block.channels === 1 ? 0 : channel * plane)]!;
    }
}
