// pictures: files that Pillow wrote, against what Pillow reads from them and makes of them, and folders of such files.
import { mkdir, symlink } from "node:fs/promises";
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { openImages } from "../../../src/data/images/open.ts";
import { pictureReader } from "../../../src/data/images/picture-file.ts";
import type { Picture } from "../../../src/data/images/resize.ts";
import { refused } from "../../support/refused.ts";
import { fixture, fixtureBytes, folderOf, removeFolders } from "./fixtures.ts";

afterAll(removeFolders);

interface Expected {
  readonly width: number;
  readonly height: number;
  readonly channels: 1 | 3;
  readonly data: string;
  readonly small: string;
}

const expected: Readonly<Record<string, Expected>> = JSON.parse(
  new TextDecoder().decode(await fixtureBytes("expected.json")),
);
const hasSharp = await import("sharp" as string).then(
  () => true,
  () => false,
);
const names = Object.keys(expected);
const pngs = names.filter((name) => name.endsWith(".png"));
const others = names.filter((name) => !name.endsWith(".png"));

/** The largest difference of two lists of levels of one length. */
function farthest(found: Uint8Array, wanted: string): number {
  const bytes = Buffer.from(wanted, "base64");
  expect(found.length).toBe(bytes.length);
  return found.reduce((most, level, i) => Math.max(most, Math.abs(level - bytes[i]!)), 0);
}

function read(name: string, size?: number): Promise<Picture> {
  return pictureReader().read(fixture(`pictures/${name}`), expected[name]!.channels, size);
}

describe("PNG", () => {
  test.each(pngs)("%s has the pixels that Pillow sees, over white", async (name) => {
    const { width, height, channels, data } = await read(name);
    expect({ width, height, channels }).toEqual({ width: 40, height: 30, channels: expected[name]!.channels });
    expect(farthest(data, expected[name]!.data)).toBeLessThanOrEqual(name.includes("alpha") ? 1 : 0);
  });

  test.each(pngs)("%s is scaled and cut as Pillow does it", async (name) => {
    expect(farthest((await read(name, 16)).data, expected[name]!.small)).toBeLessThanOrEqual(1);
  });

  test("becomes gray and coloured", async () => {
    const gray = await pictureReader().read(fixture("pictures/colour.png"), 1, undefined);
    expect(farthest(gray.data, expected["gray.png"]!.data)).toBe(0);
    const { data } = await pictureReader().read(fixture("pictures/gray.png"), 3, undefined);
    expect(data.filter((_, i) => i % 3 === 1)).toEqual(gray.data);
  });
});

describe.skipIf(!hasSharp)("JPEG and WebP (needs the package sharp)", () => {
  test.each(others)("%s has nearly the pixels that Pillow sees, turned as its EXIF says", async (name) => {
    const { width, height, channels, data } = await read(name);
    const { data: pixels, small, ...size } = expected[name]!;
    expect({ width, height, channels }).toEqual(size);
    expect(farthest(data, pixels)).toBeLessThanOrEqual(6);
    expect(farthest((await read(name, 16)).data, small)).toBeLessThanOrEqual(6);
  });

  test("damage is named, and left out on demand", async () => {
    const whole = await fixtureBytes("pictures/photo.jpg");
    const folder = await folderOf({
      "a.jpg": whole,
      "b.jpg": whole.slice(0, Math.floor(0.8 * whole.length)),
      "c.webp": (await fixtureBytes("pictures/photo.webp")).slice(0, 100),
    });
    await refused(openImages(folder, { size: 8 }), "data", "b.jpg: expected a whole JPEG or WebP file");
    const set = await openImages(folder, { size: 8, onBroken: "skip" });
    expect(set.names).toEqual(["a.jpg"]);
    expect(set.skipped.map(({ file, kind }) => [file, kind])).toEqual([
      [join(folder, "b.jpg"), "broken"],
      [join(folder, "c.webp"), "broken"],
    ]);
    await set.close();
  });
});

test.skipIf(hasSharp)("without sharp, JPEG says what to install, also where broken files are left out", async () => {
  const action = openImages(fixture("pictures"), { size: 8, onBroken: "skip" });
  await refused(action, "runtime", "npm install sharp");
});

/** A PNG of one colour. */
const plain = (width: number, height: number, ...colour: number[]) =>
  encode({
    width,
    height,
    channels: colour.length,
    data: Uint8Array.from({ length: width * height * colour.length }, (_, i) => colour[i % colour.length]!),
  });

describe("folders", () => {
  test("sub-folders are classes, files come sorted, others are told", async () => {
    const folder = await folderOf({
      "dogs/2.png": plain(4, 4, 2, 2, 2),
      "dogs/10.PNG": plain(4, 4, 10, 10, 10),
      "cats/small/x.png": plain(4, 4, 7),
      "notes.txt": Uint8Array.of(1),
      ".hidden/a.png": plain(4, 4, 9),
    });
    const progress: number[] = [];
    const set = await openImages(folder, { onProgress: (done, total) => progress.push(done / total) });
    expect(set).toMatchObject({
      count: 3,
      channels: 3,
      parts: ["whole"],
      names: ["cats/small/x.png", "dogs/10.PNG", "dogs/2.png"],
      labelNames: ["cats/small", "dogs"],
      skipped: [{ file: join(folder, "notes.txt"), kind: "other" }],
    });
    expect([...set.labels!]).toEqual([0, 1, 1]);
    const { levels } = await set.read([2, 0]);
    expect([levels[0], levels[48]]).toEqual([2, 7]);
    expect(progress.at(-1)).toBe(1);
    await set.close();
  });

  test("channels come first, and a budget of one byte changes nothing", async () => {
    for (const memory of [2 ** 20, 1]) {
      const set = await openImages(await folderOf({ "a.png": plain(2, 3, 1, 2, 3), "b.png": plain(2, 3, 4, 5, 6) }), {
        memory,
      });
      expect(set).toMatchObject({ channels: 3, height: 3, width: 2, count: 2 });
      expect(set.labels).toBe(undefined);
      const levels = (block: { levels: Uint8Array }) => [...block.levels];
      expect(levels(await set.read([1]))).toEqual([...Array(6).fill(4), ...Array(6).fill(5), ...Array(6).fill(6)]);
      await set.close();
    }
  });

  test("gray PNGs stay gray unless colours are among them or asked for", async () => {
    const gray = { "a.png": plain(2, 2, 1), "b.png": plain(2, 2, 1, 255) };
    for (const [files, channels, options] of [
      [gray, 1, {}],
      [{ ...gray, "c.png": plain(2, 2, 1, 2, 3) }, 3, {}],
      [gray, 3, { channels: 3 as const }],
    ] as const) {
      const set = await openImages(await folderOf(files), options);
      expect(set.channels).toBe(channels);
      await set.close();
    }
  });

  test("folders named train and test are parts", async () => {
    const folder = await folderOf({ "train/a.png": plain(2, 2, 1), "test/a.png": plain(2, 2, 5) });
    const set = await openImages(folder, { part: "test" });
    expect([set.parts, [...(await set.read([0])).levels]]).toEqual([
      ["train", "test"],
      [5, 5, 5, 5],
    ]);
    await set.close();
  });

  test("links are followed, in circles only once, and to nothing not at all", async () => {
    const folder = await folderOf({ "a/1.png": plain(2, 2, 1), "b/2.png": plain(2, 2, 2) });
    const elsewhere = await folderOf({ "3.png": plain(2, 2, 3) });
    await symlink(folder, join(folder, "a", "circle"));
    await symlink(elsewhere, join(folder, "c"));
    await symlink(join(folder, "nothing"), join(folder, "gone.png"));
    const set = await openImages(folder);
    expect(set.names).toEqual(["a/1.png", "b/2.png", "c/3.png"]);
    expect(set.skipped).toMatchObject([{ file: join(folder, "gone.png"), kind: "broken" }]);
    await set.close();
  });

  test("sizes that differ need a size; the long side loses its ends", async () => {
    const wide = new Uint8Array(6 * 2).fill(200);
    for (const row of [0, 6]) wide.set([0, 0, 100, 100, 0, 0], row);
    const files = {
      "a.png": plain(2, 2, 100),
      "b.png": encode({ width: 6, height: 2, channels: 1, data: wide }),
    };
    const folder = await folderOf(files);
    await refused(openImages(folder, { onBroken: "stop" }), "data", "b.png: expected 2 x 2 pixels, like");
    const set = await openImages(folder, { size: 2 });
    expect([...(await set.read([0, 1])).levels]).toEqual(Array(8).fill(100));
    await set.close();
  });

  test("broken files stop or are left out, and are named", async () => {
    const whole = plain(8, 8, 1);
    const flipped = whole.slice();
    flipped[45]! ^= 255;
    const folder = await folderOf({
      "a.png": new Uint8Array(0),
      "b.png": whole,
      "c.png": whole.slice(0, 50),
      "d.png": flipped,
      "e.jpg": new TextEncoder().encode("<html>"),
    });
    await refused(openImages(folder), "data", "a.png: expected a PNG, JPEG or WebP file, got an empty one");
    const set = await openImages(folder, { onBroken: "skip" });
    expect(set.names).toEqual(["b.png"]);
    expect(set.skipped.map(({ file }) => file)).toEqual(
      ["a", "c", "d"].map((name) => join(folder, `${name}.png`)).concat(join(folder, "e.jpg")),
    );
    expect(set.skipped[1]!.reason).toContain("c.png: expected a whole PNG file, got one that was cut short");
    await set.close();
  });

  test("with no readable picture the first reason is told", async () => {
    const folder = await folderOf({ "a.png": Uint8Array.of(1), "b.png": new Uint8Array(0) });
    await refused(openImages(folder, { onBroken: "skip" }), "data", "a.png: expected a PNG");
    const empty = await folderOf({});
    await refused(openImages(empty), "data", "got an empty folder");
    await mkdir(join(empty, "sub"));
    await refused(openImages(empty), "data", "got an empty folder");
    await refused(openImages(join(empty, "none")), "file", "nothing of this name");
    await refused(openImages(fixture("pictures/gray.png")), "data", "name the folder it is in");
  });
});
