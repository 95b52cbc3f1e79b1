// sharp (Node only): JPEG and WebP through the optional package sharp, which is loaded when the first of them is met.
import { failure } from "../../errors.ts";
import { shorten } from "../columns.ts";
import type { PixelPicture } from "./pixels.ts";

/** Decodes the bytes of a JPEG or WebP file. */
export type PictureDecoder = (bytes: Uint8Array, where: string) => Promise<PixelPicture>;

/** What we use of sharp. */
interface Sharp {
  autoOrient(): Sharp;
  toColourspace(name: "srgb"): Sharp;
  raw(): Sharp;
  toBuffer(options: { readonly resolveWithObject: true }): Promise<{ readonly data: Buffer; readonly info: RawInfo }>;
}

interface RawInfo {
  readonly width: number;
  readonly height: number;
  readonly channels: number;
}

type SharpFactory = (bytes: Uint8Array, options: Readonly<Record<string, unknown>>) => Sharp;

/** A variable, so that checking and bundling the code does not need the package. */
const packageName: string = "sharp";

/**
 * Loads sharp. Its pictures are turned as their EXIF note says; one that is damaged or has more than `mostPixels` is
 * refused as `data`. Throws `runtime` where the package is not installed.
 */
export async function loadPictureDecoder(where: string, mostPixels: number): Promise<PictureDecoder> {
  const sharp = await load(where);
  return async (bytes, file) => {
    try {
      const picture = sharp(bytes, { failOn: "error", limitInputPixels: mostPixels });
      const { data, info } = await picture
        .autoOrient()
        .toColourspace("srgb")
        .raw()
        .toBuffer({ resolveWithObject: true });
      return pixelPicture(data, info);
    } catch (cause) {
      const said = cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "a damaged one";
      throw failure("data", { where: file, expected: "a whole JPEG or WebP file", received: shorten(said) }, cause);
    }
  };
}

function pixelPicture(data: Uint8Array, { width, height, channels }: RawInfo): PixelPicture {
  if (channels === 1 || channels === 2 || channels === 3 || channels === 4)
    if (data.length === width * height * channels) return { width, height, channels, data };
  throw new Error(`${channels} channels`);
}

async function load(where: string): Promise<SharpFactory> {
  try {
    const found: unknown = await import(packageName);
    const factory: unknown = typeof found === "object" && found !== null && "default" in found ? found.default : found;
    if (isFactory(factory)) return factory;
    throw new Error("the package sharp exports no function");
  } catch (cause) {
    throw failure(
      "runtime",
      {
        where,
        expected: "the optional package sharp, which reads JPEG and WebP",
        received: "none that loads",
        remedy: "npm install sharp, or convert the pictures to PNG",
      },
      cause,
    );
  }
}

function isFactory(value: unknown): value is SharpFactory {
  return typeof value === "function";
}
