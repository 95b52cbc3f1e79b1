// picture-file (Node only): a picture file as pixels, by what its first bytes say, whatever its name ends in.
import { open } from "node:fs/promises";
import { failure } from "../../errors.ts";
import { explained } from "../files.ts";
import { type PixelPicture, withChannels } from "./pixels.ts";
import { decodePng, pngHeaderBytes, readPngHeader } from "./png-pixels.ts";
import { type Picture, resizedSquare, type SquareFit } from "./resize.ts";
import { loadPictureDecoder, type PictureDecoder } from "./sharp.ts";

/** Endings of names that pictures have. */
export const pictureEndings: ReadonlySet<string> = new Set([".png", ".jpg", ".jpeg", ".webp"]);

/** Most pixels of a picture file. */
const mostPicturePixels = 2 ** 26;
/** A larger file is no picture of that many pixels. */
const largestFile = 2 ** 29;

export interface PictureReader {
  /** Reads a file; `size` is the side of a square to bring it to, as `fit` says. Throws `data` and `file` errors. */
  read(path: string, channels: 1 | 3, size: number | undefined, fit?: SquareFit): Promise<Picture>;
}

/** A reader that loads what it needs for JPEG and WebP at the first of them; `runtime` errors say that it is missing. */
export function pictureReader(): PictureReader {
  let decoder: Promise<PictureDecoder> | undefined;
  const others = (path: string) => {
    decoder ??= loadPictureDecoder(path, mostPicturePixels);
    return decoder;
  };
  return {
    async read(path, channels, size, fit) {
      const bytes = await wholeFile(path);
      const picture = withChannels(await decoded(bytes, path, others), channels);
      return size === undefined || (picture.width === size && picture.height === size)
        ? picture
        : resizedSquare(picture, size, fit);
    },
  };
}

/** Whether a file is a PNG without colours; `false` for one that cannot be read, which shows when it is. */
export async function isGrayPng(path: string): Promise<boolean> {
  const file = await open(path).catch(() => undefined);
  if (file === undefined) return false;
  try {
    const bytes = new Uint8Array(pngHeaderBytes);
    await file.read(bytes, 0, bytes.length, 0);
    const { colourType } = readPngHeader(bytes, mostPicturePixels, path);
    return colourType === 0 || colourType === 4;
  } catch {
    return false;
  } finally {
    await file.close();
  }
}

async function decoded(
  bytes: Uint8Array,
  where: string,
  others: (path: string) => Promise<PictureDecoder>,
): Promise<PixelPicture> {
  const text = (at: number, length: number) => String.fromCharCode(...bytes.subarray(at, at + length));
  if (text(1, 3) === "PNG") return decodePng(bytes, mostPicturePixels, where);
  const isJpeg = bytes[0] === 0xff && bytes[1] === 0xd8 && bytes[2] === 0xff;
  if (isJpeg || (text(0, 4) === "RIFF" && text(8, 4) === "WEBP")) return (await others(where))(bytes, where);
  throw failure("data", {
    where,
    expected: "a PNG, JPEG or WebP file",
    received: bytes.length === 0 ? "an empty one" : "another kind",
  });
}

async function wholeFile(path: string): Promise<Uint8Array> {
  return explained(path, async () => {
    const file = await open(path);
    try {
      const found = await file.stat();
      if (!found.isFile() || found.size > largestFile)
        throw failure("file", {
          where: path,
          expected: `a picture file of at most ${largestFile} bytes`,
          received: found.isFile() ? String(found.size) : "no file",
        });
      return await file.readFile();
    } finally {
      await file.close();
    }
  });
}
