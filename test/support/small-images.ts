// small-images: three kinds of 8 x 8 pictures (a ring, a bar, a cross) with noise, in memory and as a folder of IDX files.
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { PixelBlock } from "../../src/data/images/image-set.ts";
import { fillBelow, random, split } from "../../src/random.ts";

export const side = 8;

const shapes = [
  (y: number, x: number) => Math.abs(Math.hypot(y - 3.5, x - 3.5) - 2.5) < 0.7,
  (_: number, x: number) => x === 3 || x === 4,
  (y: number, x: number) => Math.abs(y - x) < 1 || Math.abs(7 - y - x) < 1,
] as const;

/** `count` pictures with their classes; equal names give equal pictures. */
export function smallImages(count: number, name: string): { readonly images: PixelBlock; readonly labels: Int32Array } {
  const labels = Int32Array.from({ length: count }, (_, n) => n % shapes.length);
  const noise = new Uint32Array(count * side * side);
  fillBelow(split(random("small images"), name), noise, 60);
  const levels = Uint8Array.from(noise, (value, at) => {
    const [y, x] = [Math.floor((at % (side * side)) / side), at % side];
    return value + (shapes[labels[Math.floor(at / (side * side))]!]!(y, x) ? 180 : 0);
  });
  return { images: { count, channels: 1, height: side, width: side, levels }, labels };
}

/** Writes a folder as MNIST's is: a part to train on and one to test with, with their classes unless told otherwise. */
export function writeSmallImages(folder: string, train: number, test: number, withLabels = true): string {
  mkdirSync(folder, { recursive: true });
  for (const [prefix, count] of [
    ["train", train],
    ["t10k", test],
  ] as const) {
    const { images, labels } = smallImages(count, prefix);
    writeFileSync(join(folder, `${prefix}-images-idx3-ubyte`), idx([count, side, side], images.levels));
    if (withLabels) writeFileSync(join(folder, `${prefix}-labels-idx1-ubyte`), idx([count], Uint8Array.from(labels)));
  }
  return folder;
}

/** The bytes of an IDX file of unsigned bytes. */
function idx(shape: readonly number[], data: Uint8Array): Uint8Array {
  const bytes = new Uint8Array(4 + 4 * shape.length + data.length);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, 0x0800 + shape.length);
  shape.forEach((size, axis) => {
    view.setUint32(4 + 4 * axis, size);
  });
  bytes.set(data, 4 + 4 * shape.length);
  return bytes;
}
