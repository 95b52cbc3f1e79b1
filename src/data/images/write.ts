// write (Node only): images as a folder of PNG files, or as one .npy array of levels.
import { mkdir, readdir, rmdir } from "node:fs/promises";
import { extname, join } from "node:path";
import { encode } from "fast-png";
import { failure } from "../../errors.ts";
import { explained, type WriteOptions, writeFileAtomically } from "../files.ts";
import { encodeNpyHeader } from "../npy-header.ts";
import { channelsLast, levelsPerImage, type PixelBlock } from "./image-set.ts";

/** Images piece by piece, all of one shape. */
export type PixelBlocks = AsyncIterable<PixelBlock> | Iterable<PixelBlock>;

/**
 * Writes `count` images to `path`: with the ending .npy as an array [n, height, width, channels] of uint8; with no ending as a
 * folder of 000001.png and so on, which must be new or empty unless `force`. Throws `file` errors.
 */
export async function writeImages(
  path: string,
  blocks: PixelBlocks,
  count: number,
  options: WriteOptions = {},
): Promise<void> {
  const ending = extname(path).toLowerCase();
  if (ending === ".npy") return writeFileAtomically(path, npyPieces(path, blocks, count), options);
  if (ending === "") return writeFolder(path, blocks, count, options);
  throw failure("file", {
    where: path,
    expected: "a path ending in .npy, or a folder's name without an ending",
    received: ending,
  });
}

/** An image of a block as the bytes of a PNG. */
function pngOfImage(block: PixelBlock, image: number): Uint8Array {
  const { channels, height, width } = block;
  const size = levelsPerImage(block);
  const data = channelsLast(block.levels.subarray(image * size, (image + 1) * size), block);
  return encode({ width, height, channels, data }, { zlib: { level: 6 } });
}

async function* npyPieces(path: string, blocks: PixelBlocks, count: number): AsyncGenerator<Uint8Array> {
  let written = 0;
  for await (const block of blocks) {
    const { channels, height, width } = block;
    if (written === 0) yield encodeNpyHeader("|u1", [count, height, width, channels]);
    yield channelsLast(block.levels, block);
    written += block.count;
  }
  checkCount(path, written, count);
}

async function writeFolder(path: string, blocks: PixelBlocks, count: number, options: WriteOptions): Promise<void> {
  // The first folder that had to be made, if any.
  const made = await explained(path, () => mkdir(path, { recursive: true }));
  if (options.force !== true && (await explained(path, () => readdir(path))).length > 0)
    throw failure("file", {
      where: path,
      expected: "a new or empty folder",
      received: "one with files in it",
      remedy: "use --force to write into it",
    });
  const digits = Math.max(6, String(count).length);
  let written = 0;
  try {
    for await (const block of blocks)
      for (let image = 0; image < block.count; image++) {
        const name = `${String(++written).padStart(digits, "0")}.png`;
        await writeFileAtomically(join(path, name), pngOfImage(block, image), options);
      }
  } finally {
    if (written === 0 && made !== undefined) await rmdir(path);
  }
  checkCount(path, written, count);
}

function checkCount(where: string, written: number, count: number): void {
  if (written === count) return;
  throw failure("data", { where, expected: `${count} images to write`, received: String(written) });
}
