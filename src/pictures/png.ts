// png: a figure as a PNG picture.
import { encode } from "fast-png";
import { failure } from "../errors.ts";
import type { Rgb } from "./color.ts";
import type { Drawing } from "./drawing.ts";
import type { Figure } from "./figure.ts";
import { layout } from "./layout.ts";
import { type Canvas, createCanvas, paint } from "./raster.ts";

export interface PngOptions {
  /** Pixels of the picture per pixel of the figure; default 2, for sharp screens. */
  readonly scale?: number;
}

/** Most pixels of a picture. */
const mostPixels = 2 ** 27;

/**
 * The bytes of a PNG. The same figure gives the same bytes on Node and in every browser. Throws "option" for a size
 * that cannot be.
 */
export function toPng(figure: Figure, { scale = 2 }: PngOptions = {}): Uint8Array {
  return pngOf(layout(figure), scale);
}

function pngOf(drawing: Drawing, scale: number): Uint8Array {
  const pixels = drawing.width * scale * (drawing.height * scale);
  if (!(scale > 0 && pixels <= mostPixels))
    throw failure("option", {
      where: "picture",
      expected: `a positive scale and at most ${mostPixels} pixels`,
      received: `scale ${scale}, ${drawing.width} x ${drawing.height}`,
    });
  const canvas = createCanvas(drawing.width, drawing.height, scale);
  const area = { x: 0, y: 0, width: drawing.width, height: drawing.height };
  paint(canvas, { kind: "rectangle", ...area, color: drawing.background, opacity: 1 });
  for (const shape of drawing.shapes) paint(canvas, shape);
  return encode(
    { width: canvas.width, height: canvas.height, data: opaque(canvas.rgba), channels: 3 },
    { zlib: { level: 6 } },
  );
}

/** Red, green and blue of pixels that are all opaque. */
function opaque(rgba: Uint8ClampedArray): Uint8Array {
  const rgb = new Uint8Array((rgba.length / 4) * 3);
  for (let from = 0, to = 0; from < rgba.length; from += 4, to += 3) {
    rgb[to] = rgba[from]!;
    rgb[to + 1] = rgba[from + 1]!;
    rgb[to + 2] = rgba[from + 2]!;
  }
  return rgb;
}

/** Pixels with alpha as a `data:` address, for pictures inside other files. */
export function pngAddress(rgba: Uint8Array, width: number, height: number): string {
  return dataAddress(encode({ width, height, data: rgba, channels: 4 }, { zlib: { level: 6 } }));
}

const opacities = 64;

/** Pixels of one colour with the opacities of a canvas, as a `data:` address: a byte per pixel, so the file is small. */
export function inkAddress({ rgba, width, height }: Canvas, color: Rgb): string {
  const [red, green, blue] = color;
  const palette = Array.from({ length: opacities }, (_, level): [number, number, number, number] => [
    red,
    green,
    blue,
    Math.round((255 * level) / (opacities - 1)),
  ]);
  const data = new Uint8Array(width * height);
  for (let pixel = 0; pixel < data.length; pixel++)
    data[pixel] = Math.round((rgba[4 * pixel + 3]! * (opacities - 1)) / 255);
  return dataAddress(encode({ width, height, data, channels: 1, depth: 8, palette }, { zlib: { level: 6 } }));
}

/** The bytes of a PNG as a `data:` address. */
export function dataAddress(png: Uint8Array): string {
  return `data:image/png;base64,${base64(png)}`;
}

function base64(bytes: Uint8Array): string {
  let text = "";
  for (let start = 0; start < bytes.length; start += 8192)
    text += String.fromCharCode(...bytes.subarray(start, start + 8192));
  return btoa(text);
}
