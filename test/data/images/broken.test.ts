// broken: files that are cut short, lie about their size, or hold what must not be run.
import { join } from "node:path";
import { deflateSync, gzipSync } from "node:zlib";
import { encode } from "fast-png";
import { zipSync } from "fflate";
import { afterAll, describe, expect, test } from "vitest";
import { type ImageOptions, openImages } from "../../../src/data/images/open.ts";
import { LocalFlowError } from "../../../src/errors.ts";
import { refused } from "../../support/refused.ts";
import { fixture, fixtureBytes, folderOf, removeFolders } from "./fixtures.ts";

afterAll(removeFolders);

/** Opens and reads the first and the last image. */
async function look(path: string, options: ImageOptions = {}): Promise<void> {
  const set = await openImages(path, options);
  try {
    await set.read([0, set.count - 1]);
  } finally {
    await set.close();
  }
}

function idx(sizes: readonly number[], bytes: number): Uint8Array {
  const out = new Uint8Array(4 + 4 * sizes.length + bytes);
  out.set([0, 0, 8, sizes.length]);
  sizes.forEach((size, axis) => new DataView(out.buffer).setUint32(4 + 4 * axis, size));
  return out;
}

const name = "train-images-idx3-ubyte";

describe("IDX", () => {
  test("sizes must fit the header, before anything is allocated", async () => {
    await refused(look(await folderOf({ [name]: idx([2, 3, 3], 17) })), "data", "34 bytes for 2 x 3 x 3");
    await refused(look(await folderOf({ [name]: idx([2, 3, 3], 19) })), "data", "34 bytes");
    await refused(look(await folderOf({ [name]: idx([4e9, 4e9, 4e9], 9) })), "data", name);
    await refused(look(await folderOf({ [name]: idx([1, 0, 3], 0) })), "data", "1 x 0 x 3 (channels, height, width)");
    await refused(look(await folderOf({ [name]: idx([0, 3, 3], 0) })), "data", "at least one image");
    await refused(look(await folderOf({ [name]: new Uint8Array(2) })), "data", "an IDX file of unsigned bytes");
  });

  test("labels must be as many as images", async () => {
    const folder = await folderOf({ [name]: idx([2, 3, 3], 18), "train-labels-idx1-ubyte": idx([3], 3) });
    await refused(look(folder), "data", `train-labels-idx1-ubyte: expected 2 labels, one for each image of ${name}`);
  });

  test("gzipped files that are cut, damaged or longer than their header are refused", async () => {
    const whole = gzipSync(idx([2, 30, 30], 1800).map((byte, i) => (i < 16 ? byte : (i * i * 7919) >> 5)));
    const check = async (bytes: Uint8Array, message: string, options: ImageOptions = {}) =>
      refused(look(await folderOf({ [`${name}.gz`]: bytes }), options), "data", message);
    await look(await folderOf({ [`${name}.gz`]: whole }));
    await check(whole.subarray(0, 900), "the file was cut short or is damaged");
    await check(gzipSync(idx([2, 30, 30], 1801)), "1816 bytes, as its header says");
    await check(gzipSync(idx([2 ** 20, 4096, 4096], 0)), "as its header says");
    const flipped = whole.slice();
    flipped[700]! ^= 64;
    for (const memory of [2 ** 20, 1]) await check(flipped, "a whole gzipped file, got a damaged one", { memory });
    const checksum = whole.slice();
    checksum[whole.length - 6]! ^= 1;
    await check(checksum, "a whole gzipped file, got a damaged one");
  });

  test("two sets in one folder need a choice", async () => {
    const folder = await folderOf({ "a-train-images-idx3-ubyte": name, "b-train-images-idx3-ubyte": name });
    await refused(look(folder), "option", "one set of IDX files");
    const archives = await folderOf({ "cifar-10-batches-py/data_batch_1": "batch-protocol4", "flowers/readme": name });
    await refused(look(archives), "option", "expected one data set, got cifar-10-batches-py, flowers; choose a folder");
  });
});

describe("batches", () => {
  test("a broken one stops, or is left out and told", async () => {
    const batch = await fixtureBytes("batch-python2-protocol2");
    const folder = await folderOf({ data_batch_1: batch.slice(0, 5000), data_batch_2: batch, data_batch_3: "evil" });
    await refused(look(folder), "data", "data_batch_1 byte");
    const set = await openImages(folder, { onBroken: "skip" });
    expect(set.count).toBe(3);
    expect(set.skipped.map(({ file, kind }) => [file, kind])).toEqual([
      [join(folder, "data_batch_1"), "broken"],
      [join(folder, "data_batch_3"), "broken"],
    ]);
    expect(set.skipped[1]!.reason).toContain("print");
    await set.close();
    const alone = await folderOf({ data_batch_1: batch.slice(0, 5000) });
    await refused(openImages(alone, { onBroken: "skip" }), "data", "data_batch_1 byte");
  });

  test("records must be whole and labels possible", async () => {
    const bytes = await fixtureBytes("cifar10.bin");
    await refused(look(await folderOf({ "data_batch_1.bin": bytes.slice(1) })), "data", "records of 3073 bytes");
    for (const size of [1, 3072, bytes.length - 1, bytes.length - 3072])
      await refused(look(await folderOf({ "data_batch_1.bin": bytes.slice(0, size) })), "data", "cut short");
    const [whole, shorter] = [await folderOf({ "data_batch_1.bin": bytes }), bytes.slice(0, bytes.length - 3073)];
    const set = await openImages(whole);
    await set.close();
    const part = await openImages(await folderOf({ "data_batch_1.bin": shorter }));
    expect(part.count).toBe(set.count - 1);
    await part.close();
    const strange = bytes.slice();
    strange[3073] = 10;
    await refused(look(await folderOf({ "data_batch_1.bin": strange })), "data", "record 2: expected a label below 10");
    const few = { "data_batch_1.bin": bytes, "batches.meta.txt": new TextEncoder().encode("one\ntwo\n") };
    await refused(look(await folderOf(few)), "data", "expected labels below 2, got 2");
  });

  test("images of another size do not join", async () => {
    const other = zipSync({ "data.npy": await fixtureBytes("first.npy") });
    const folder = await folderOf({ "train_data_batch_1.npz": "imagenet.npz", "train_data_batch_2.npz": other });
    const message = "images of 3 x 32 x 32 (channels, height, width), like train_data_batch_1.npz:data";
    await refused(look(folder), "data", message);
    const set = await openImages(folder, { onBroken: "skip" });
    expect(set.count).toBe(3);
    await set.close();
  });
});

test("arrays of other shapes and short ones are refused", async () => {
  const array = async (change: (text: string) => string, less = 0) => {
    const bytes = await fixtureBytes("gray.npy");
    const text = new TextDecoder("latin1").decode(bytes.subarray(10, 128));
    const changed = change(text).padEnd(118).slice(0, 118);
    const out = new Uint8Array([
      ...bytes.subarray(0, 10),
      ...new TextEncoder().encode(changed),
      ...bytes.subarray(128),
    ]);
    return join(await folderOf({ "a.npy": out.subarray(0, out.length - less) }), "a.npy");
  };
  await look(await array((text) => text));
  await refused(look(await array((text) => text, 1)), "data", "72 bytes for shape [3, 4, 6]");
  const shaped = (shape: string) => array((text) => text.replace("(3, 4, 6)", shape));
  await refused(look(await shaped("(72,)")), "data", "shape [72]");
  await refused(look(await shaped("(3, 24)")), "data", "shape [3, 24]");
  await refused(look(await shaped("(2, 2, 9, 2)")), "data", "shape [2, 2, 9, 2]");
  await refused(look(await shaped("(3, 4, -6)")), "data", "a shape of whole numbers");
  await refused(look(await shaped("(999999999, 99999999, 99)")), "data", "a shape of whole numbers");
  await refused(look(await array((text) => text.replace("|u1", "|O"))), "data", 'type "|O"');
});

describe("pictures", () => {
  const chunk = (type: string, content: Uint8Array) => {
    const out = new Uint8Array(12 + content.length);
    new DataView(out.buffer).setUint32(0, content.length);
    out.set(new TextEncoder().encode(type), 4);
    out.set(content, 8);
    return out;
  };
  const png = (width: number, height: number, pixels: Uint8Array) => {
    const header = new Uint8Array(13);
    new DataView(header.buffer).setUint32(0, width);
    new DataView(header.buffer).setUint32(4, height);
    header[8] = 8;
    const parts = [chunk("IHDR", header), chunk("IDAT", deflateSync(pixels)), chunk("IEND", new Uint8Array(0))];
    return Buffer.concat([Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10), ...parts]);
  };

  test("bombs are refused by their header, or where they inflate to more than it says", async () => {
    const huge = await folderOf({ "a.png": png(2 ** 30, 2 ** 30, new Uint8Array(9)) });
    await refused(look(huge), "data", "1 to 67108864 pixels, got 1073741824 x 1073741824");
    const full = await folderOf({ "a.png": png(4, 4, new Uint8Array(2 ** 26)) });
    await refused(look(full), "data", "20 bytes of pixels, got more");
    const empty = await folderOf({ "a.png": png(4000, 4000, new Uint8Array(9)) });
    await refused(look(empty), "data", "16004000 bytes of pixels, got 9");
  });

  test("any damage of a PNG is a failure of ours or none", { timeout: 30_000 }, async () => {
    const data = Uint8Array.from({ length: 300 }, (_, i) => (i * i) % 256);
    const whole = encode({ width: 10, height: 10, channels: 3, data });
    for (let at = 0; at < whole.length; at += 3) {
      const bytes = whole.slice();
      bytes[at]! ^= 1 + (at % 255);
      const error = await look(await folderOf({ "a.png": bytes })).catch((reason: unknown) => reason);
      if (error !== undefined) expect(error).toBeInstanceOf(LocalFlowError);
    }
  });
});

test("any damage of an archive or a batch is a failure of ours or none", { timeout: 30_000 }, async () => {
  for (const file of ["imagenet.npz", "batch-protocol4", "batch-python2-protocol0"]) {
    const whole = await fixtureBytes(file);
    const target = file.endsWith(".npz") ? "a.npz" : "data_batch_1";
    for (let n = 0; n < 60; n++) {
      const bytes = whole.slice(0, n % 4 === 0 ? Math.floor((whole.length * n) / 60) : whole.length);
      const ends = n % 2 === 0 ? 400 : bytes.length;
      if (bytes.length > 0) bytes[(n * 7919) % Math.min(ends, bytes.length)]! ^= 1 + (n % 255);
      const folder = await folderOf({ [target]: bytes });
      const path = target === "a.npz" ? join(folder, target) : folder;
      const error = await look(path).catch((reason: unknown) => reason);
      if (error !== undefined) expect(error).toBeInstanceOf(LocalFlowError);
    }
  }
  await refused(look(fixture("make.py")), "data", "a folder of pictures");
});
