// png (Node only): pictures as gray levels.
import { luma } from "./images/pixels.ts";
import { decodePng } from "./images/png-pixels.ts";

/** 8-bit gray levels, 0 black, row-major from the top left. */
export interface GrayPicture {
  readonly width: number;
  readonly height: number;
  readonly levels: Uint8Array;
}

/** At 8 bits a sum of all levels then stays below 2^32. */
const mostPixels = 2 ** 24;

/**
 * Reads a PNG of any colour type as gray levels the way Pillow's `convert("L")` does: alpha is left out, colours become
 * their `luma`. Throws `data` errors.
 */
export function decodeGrayPng(bytes: Uint8Array, where: string): GrayPicture {
  const { width, height, channels, data } = decodePng(bytes, mostPixels, where);
  const levels = new Uint8Array(width * height);
  for (let pixel = 0, at = 0; pixel < levels.length; pixel++, at += channels)
    levels[pixel] = channels < 3 ? data[at]! : luma(data[at]!, data[at + 1]!, data[at + 2]!);
  return { width, height, levels };
}
