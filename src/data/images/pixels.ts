// pixels: decoded pictures, and their colours as one or three channels.
import type { Picture } from "./resize.ts";

/** [height, width, channels]: gray, gray and alpha, red-green-blue, or these and alpha (straight, not premultiplied). */
export interface PixelPicture {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 2 | 3 | 4;
  readonly data: Uint8Array;
}

/** Red, green and blue of 8 bits as a gray level the way Pillow's `convert("L")` does: (19595 R + 38470 G + 7471 B + 2^15) / 2^16. */
export function luma(red: number, green: number, blue: number): number {
  return (19595 * red + 38470 * green + 7471 * blue + 0x8000) >> 16;
}

/** The picture over white, gray or coloured: gray becomes three equal channels, and colours their `luma`. */
export function withChannels(picture: PixelPicture, channels: 1 | 3): Picture {
  const { width, height, data } = picture;
  if (picture.channels === channels) return { width, height, channels, data };
  const colours = picture.channels < 3 ? 1 : 3;
  const hasAlpha = picture.channels > colours;
  const out = new Uint8Array(width * height * channels);
  for (let pixel = 0; pixel < width * height; pixel++) {
    const from = pixel * picture.channels;
    const alpha = hasAlpha ? data[from + colours]! : 255;
    const red = overWhite(data[from]!, alpha);
    const green = colours === 1 ? red : overWhite(data[from + 1]!, alpha);
    const blue = colours === 1 ? red : overWhite(data[from + 2]!, alpha);
    if (channels === 1) out[pixel] = luma(red, green, blue);
    else {
      out[3 * pixel] = red;
      out[3 * pixel + 1] = green;
      out[3 * pixel + 2] = blue;
    }
  }
  return { width, height, channels, data: out };
}

function overWhite(level: number, alpha: number): number {
  return Math.round((level * alpha + 255 * (255 - alpha)) / 255);
}
