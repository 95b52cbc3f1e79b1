// write: images written are images read, as an array and as a folder.
import { readFile, stat, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { openImages } from "../../../src/data/images/open.ts";
import { writeImages } from "../../../src/data/images/write.ts";
import { refused } from "../../support/refused.ts";
import { folderOf, formula, removeFolders } from "./fixtures.ts";

afterAll(removeFolders);

function block(first: number, count: number, channels: 1 | 3): PixelBlock {
  return { count, channels, height: 4, width: 6, levels: Uint8Array.from(formula(first, count, channels, 4, 6)) };
}

describe.each([1, 3] as const)("%s channels", (channels) => {
  test.each(["images.npy", "images"])("%s", async (name) => {
    const path = join(await folderOf({}), name);
    await writeImages(path, [block(0, 2, channels), block(2, 3, channels)], 5);
    const set = await openImages(path);
    expect(set).toMatchObject({ count: 5, channels, height: 4, width: 6 });
    expect([...(await set.read([0, 1, 2, 3, 4])).levels]).toEqual(formula(0, 5, channels, 4, 6));
    await set.close();
  });
});

test("arrays are what NumPy writes", async () => {
  const path = join(await folderOf({}), "a.npy");
  await writeImages(path, [block(0, 2, 3)], 2);
  const bytes = await readFile(path);
  expect(bytes.length).toBe(128 + 2 * 72);
  expect(bytes.subarray(10, 127).toString("latin1").trimEnd()).toBe(
    "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 4, 6, 3), }",
  );
  expect(bytes[127]).toBe(10);
});

test("nothing is overwritten, and no part of an array is left behind", async () => {
  const folder = await folderOf({});
  const path = join(folder, "a.npy");
  await refused(writeImages(path, [block(0, 2, 1)], 3), "data", "expected 3 images to write, got 2");
  await expect(stat(path)).rejects.toThrow("ENOENT");
  await writeFile(join(folder, "kept"), "");
  await refused(writeImages(folder, [block(0, 1, 1)], 1), "file", "a new or empty folder");
  await writeImages(folder, [block(0, 1, 1)], 1, { force: true });
  expect((await stat(join(folder, "000001.png"))).isFile()).toBe(true);
  await refused(writeImages(join(folder, "a.gif"), [], 0), "file", "got .gif");
});

test("a folder that no image came into goes again; one that was there before stays", async () => {
  const parent = await folderOf({});
  async function* interrupted(): AsyncGenerator<PixelBlock> {
    yield* [];
    throw new Error("stopped");
  }
  await expect(writeImages(join(parent, "new"), interrupted(), 3)).rejects.toThrow("stopped");
  await expect(stat(join(parent, "new"))).rejects.toThrow("ENOENT");
  await expect(writeImages(parent, interrupted(), 3)).rejects.toThrow("stopped");
  expect((await stat(parent)).isDirectory()).toBe(true);
});
