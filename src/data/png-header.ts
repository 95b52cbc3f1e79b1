// png-header: what the header of a PNG file says, checked before anything as large as the picture is allocated.
import { failure, type LocalFlowError } from "../errors.ts";

/** The width, height and kind of pixels of a PNG file. */
export interface PngHeader {
  readonly width: number;
  readonly height: number;
  readonly depth: number;
  readonly colourType: number;
  /** Samples of a pixel, one for a palette. */
  readonly channels: 1 | 2 | 3 | 4;
  readonly interlaced: boolean;
}

/** Samples of a pixel, and the bits one may have, by colour type: gray, RGB, palette, gray with alpha, RGB with alpha. */
const colourTypes: Readonly<
  Record<number, { readonly channels: PngHeader["channels"]; readonly depths: readonly number[] }>
> = {
  0: { channels: 1, depths: [1, 2, 4, 8, 16] },
  2: { channels: 3, depths: [8, 16] },
  3: { channels: 1, depths: [1, 2, 4, 8] },
  4: { channels: 2, depths: [8, 16] },
  6: { channels: 4, depths: [8, 16] },
};

/** Reads the 13 bytes of an IHDR chunk. Throws `data` for kinds that PNG does not have and over `mostPixels`. */
export function pngHeader(content: Uint8Array, mostPixels: number, where: string): PngHeader {
  const view = new DataView(content.buffer, content.byteOffset, content.length);
  const [width, height] = [view.getUint32(0), view.getUint32(4)];
  const [depth = 0, colourType = 0, compression, filter, interlace = 2] = content.subarray(8, 13);
  if (width === 0 || height === 0 || width * height > mostPixels)
    throw invalidPng(where, `1 to ${mostPixels} pixels`, `${width} x ${height}`);
  const colour = colourTypes[colourType];
  if (colour === undefined || !colour.depths.includes(depth) || compression !== 0 || filter !== 0 || interlace > 1)
    throw invalidPng(where, "a PNG of a known kind", `colour type ${colourType} with ${depth} bits`);
  if (interlace === 1 && depth < 8)
    throw invalidPng(where, "a PNG with 8 bits or without interlacing", `${depth} bits interlaced`);
  return { width, height, depth, colourType, channels: colour.channels, interlaced: interlace === 1 };
}

/** Columns and rows where each pass of Adam7 starts, and its steps. */
const passes = [
  [0, 0, 8, 8],
  [4, 0, 8, 8],
  [0, 4, 4, 8],
  [2, 0, 4, 4],
  [0, 2, 2, 4],
  [1, 0, 2, 2],
  [0, 1, 1, 2],
] as const;

/** Bytes of all rows, each with its filter byte; Adam7 sends seven smaller pictures. */
export function pngPixelBytes({ width, height, depth, channels, interlaced }: PngHeader): number {
  const rows = (w: number, h: number) => (w === 0 ? 0 : h * (1 + Math.ceil((w * depth * channels) / 8)));
  if (!interlaced) return rows(width, height);
  return passes.reduce(
    (sum, [x, y, dx, dy]) => sum + rows(Math.ceil((width - x) / dx), Math.ceil((height - y) / dy)),
    0,
  );
}

export function invalidPng(where: string, expected: string, received: string): LocalFlowError {
  return failure("data", { where, expected, received });
}
