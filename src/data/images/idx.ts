// idx (Node only): the IDX files of MNIST and its successors, plain or gzipped, with the labels beside them.
import { existsSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { failure } from "../../errors.ts";
import type { Bytes } from "../stored-rows.ts";
import { gunzippedBytes, gunzippedStart, type HeldFile, holdFile, isGzip, whileOpening } from "./held-file.ts";
import { channelsFirst, checkedShape, type ImageRun, levelsPerImage } from "./image-set.ts";

/** Names of files of images: train-images-idx3-ubyte, t10k-images.idx3-ubyte.gz, … */
export const idxImages = /^(.*)images([-.])idx([34])-ubyte(\.gz)?$/;

/** Most labels of a file, each of which takes a byte. */
const mostLabels = 2 ** 28;

/** Opens a file of images [n, height, width] or [n, height, width, 1 or 3], and its labels where they lie beside it. */
export async function openIdx(path: string): Promise<ImageRun> {
  return whileOpening(holdFile(path), async (file) => {
    const { sizes, bytes, start } = await openArray(file, [3, 4]);
    const [count = 0, height = 0, width = 0, channels = 1] = sizes;
    const shape = checkedShape(channels, height, width, path);
    const size = levelsPerImage(shape);
    const labels = await labelsBeside(path, count);
    return {
      ...shape,
      where: path,
      count,
      ...(labels !== undefined && { labels }),
      ...(bytes.isForward === true && { isForward: true }),
      read: async (from, to) => channelsFirst(await bytes.read(start + from * size, (to - from) * size), shape),
      close: file.close,
    };
  });
}

interface IdxArray {
  readonly sizes: readonly number[];
  readonly bytes: Bytes;
  /** Where the numbers start. */
  readonly start: number;
}

/** The header: two zeros, 8 for unsigned bytes, the number of axes, and each axis as 4 bytes, the high one first. */
async function openArray(file: HeldFile, axes: readonly number[]): Promise<IdxArray> {
  const { path } = file;
  const first = await file.bytes.read(0, Math.min(20, file.size));
  const isPacked = isGzip(first);
  const head = isPacked ? await gunzippedStart(path, 20) : first;
  const rank = head[3] ?? 0;
  const start = 4 + 4 * rank;
  if (head[0] !== 0 || head[1] !== 0 || head[2] !== 8 || !axes.includes(rank) || head.length < start)
    throw failure("data", {
      where: path,
      expected: `an IDX file of unsigned bytes with ${axes.join(" or ")} axes`,
      received: "another file",
    });
  const view = new DataView(head.buffer, head.byteOffset, head.length);
  const sizes = Array.from({ length: rank }, (_, axis) => view.getUint32(4 + 4 * axis));
  const needed = start + sizes.reduce((a, b) => a * b, 1);
  if (isPacked) return { sizes, start, bytes: await gunzippedBytes(file, needed) };
  if (needed !== file.size)
    throw failure("data", {
      where: path,
      expected: `${needed} bytes for ${sizes.join(" x ")}, as its header says`,
      received: String(file.size),
      remedy: "the file was cut short or is damaged: copy it again",
    });
  return { sizes, start, bytes: file.bytes };
}

/** The labels in `…labels-idx1-ubyte`, gzipped or not, next to `…images-idx3-ubyte`. */
async function labelsBeside(path: string, count: number): Promise<Int32Array | undefined> {
  const [, prefix, mark] = idxImages.exec(basename(path)) ?? [];
  if (prefix === undefined) return undefined;
  const plain = join(dirname(path), `${prefix}labels${mark}idx1-ubyte`);
  const found = [plain, `${plain}.gz`].find((each) => existsSync(each));
  if (found === undefined) return undefined;
  const file = holdFile(found);
  try {
    const { sizes, bytes, start } = await openArray(file, [1]);
    if (sizes[0] !== count || count > mostLabels)
      throw failure("data", {
        where: found,
        expected: `${count} labels, one for each image of ${basename(path)}`,
        received: String(sizes[0]),
      });
    return Int32Array.from(await bytes.read(start, count));
  } finally {
    file.close();
  }
}
