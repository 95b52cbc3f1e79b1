// sets: data sets by the names of their files, written by Python: their images, labels, parts and names.
import { gzipSync } from "node:zlib";
import { afterAll, describe, expect, test } from "vitest";
import type { ImageSet } from "../../../src/data/images/image-set.ts";
import { type ImageOptions, openImages } from "../../../src/data/images/open.ts";
import { refused } from "../../support/refused.ts";
import { fixture, fixtureBytes, folderOf, formula, removeFolders } from "./fixtures.ts";

afterAll(removeFolders);

/** Opens, looks and closes. */
async function withSet<T>(path: string, options: ImageOptions, look: (set: ImageSet) => Promise<T>): Promise<T> {
  const set = await openImages(path, options);
  try {
    return await look(set);
  } finally {
    await set.close();
  }
}

const levels = (set: ImageSet, ...places: number[]) => set.read(places).then((block) => Array.from(block.levels));
const facts = ({ count, channels, height, width, part, parts, labels, labelNames }: ImageSet) => ({
  size: [count, channels, height, width],
  part,
  parts,
  labels: labels && [...labels],
  labelNames,
});
/** In memory and, with a budget of one byte, from files. */
const budgets = [2 ** 20, 1];

describe("IDX", () => {
  const files = {
    "train-images-idx3-ubyte": "train-images-idx3-ubyte",
    "train-labels-idx1-ubyte": "train-labels-idx1-ubyte",
  };

  test.each(budgets)("plain files, divided by their names (%s bytes of memory)", async (memory) => {
    const packed = await fixtureBytes("t10k-images-idx3-ubyte");
    const folder = await folderOf({
      ...files,
      "t10k-images-idx3-ubyte.gz": gzipSync(packed),
      "t10k-labels-idx1-ubyte.gz": gzipSync(await fixtureBytes("t10k-labels-idx1-ubyte")),
      "readme.txt": Uint8Array.of(65),
    });
    await withSet(folder, { memory }, async (set) => {
      expect(facts(set)).toEqual({
        size: [3, 1, 4, 6],
        part: "train",
        parts: ["train", "test"],
        labels: [0, 1, 2],
        labelNames: undefined,
      });
      expect(await levels(set, 0, 1, 2)).toEqual(formula(0, 3, 1, 4, 6));
      expect(await levels(set, 2, 0)).toEqual([...formula(2, 1, 1, 4, 6), ...formula(0, 1, 1, 4, 6)]);
    });
    await withSet(folder, { part: "test", memory }, async (set) => {
      expect(facts(set)).toMatchObject({ size: [2, 1, 4, 6], part: "test", labels: [0, 1] });
      expect(await levels(set, 1, 0)).toEqual([...formula(1, 1, 1, 4, 6), ...formula(0, 1, 1, 4, 6)]);
    });
    await refused(openImages(folder, { part: "validation" }), "option", 'part among train, test, got "validation"');
  });

  test("colours and a file by itself", async () => {
    await withSet(fixture("colour-images-idx4-ubyte"), {}, async (set) => {
      expect(facts(set)).toMatchObject({ size: [3, 3, 4, 6], part: "whole", labels: undefined });
      expect(await levels(set, 0, 1, 2)).toEqual(formula(0, 3, 3, 4, 6));
    });
    await refused(openImages(fixture("gray.npy"), { part: "train" }), "option", "the set is not divided");
  });
});

describe("CIFAR", () => {
  const whole = { size: [6, 3, 32, 32], part: "train", parts: ["train", "test"], labels: [0, 1, 2, 0, 1, 2] };
  const twice = [...formula(0, 3, 3, 32, 32), ...formula(0, 3, 3, 32, 32)];

  test.each(budgets)("CIFAR-10 in binary (%s bytes of memory)", async (memory) => {
    const folder = await folderOf({
      "data_batch_1.bin": "cifar10.bin",
      "data_batch_2.bin": "cifar10.bin",
      "test_batch.bin": "cifar10.bin",
      "batches.meta.txt": new TextEncoder().encode("zero\none\ntwo\n\n"),
    });
    await withSet(folder, { memory }, async (set) => {
      expect(facts(set)).toEqual({ ...whole, labelNames: ["zero", "one", "two"] });
      expect(await levels(set, 0, 1, 2, 3, 4, 5)).toEqual(twice);
      expect(await levels(set, 4)).toEqual(formula(1, 1, 3, 32, 32));
    });
    await withSet(folder, { part: "test" }, async ({ count }) => expect(count).toBe(3));
  });

  test("CIFAR-100 in binary has fine labels", async () => {
    const folder = await folderOf({
      "train.bin": "cifar100.bin",
      "fine_label_names.txt": new TextEncoder().encode("zero\none\ntwo\n"),
    });
    await withSet(folder, {}, async (set) => {
      expect(facts(set)).toMatchObject({ parts: ["train"], labels: [0, 1, 2], labelNames: ["zero", "one", "two"] });
      expect(await levels(set, 1)).toEqual(formula(1, 1, 3, 32, 32));
    });
  });

  const pickles = [0, 1, 2, 3, 4, 5].map((protocol) => `batch-protocol${protocol}`);
  test.each([...pickles, "batch-python2-protocol0", "batch-python2-protocol2"])(
    "Python's batches, %s",
    async (batch) => {
      const folder = await folderOf({
        "cifar-10-batches-py/data_batch_1": batch,
        "cifar-10-batches-py/data_batch_2": batch,
        "cifar-10-batches-py/test_batch": batch,
        "cifar-10-batches-py/batches.meta": "meta-python2",
      });
      for (const memory of budgets)
        await withSet(folder, { memory }, async (set) => {
          expect(facts(set)).toEqual({ ...whole, labelNames: ["zero", "one", "two"] });
          expect(await levels(set, 0, 1, 2, 3, 4, 5)).toEqual(twice);
        });
    },
  );

  test("batches are in the order of their numbers", async () => {
    const batch = async (level: number) => {
      const bytes = new Uint8Array(3073).fill(level);
      bytes[0] = 1;
      return bytes;
    };
    const files = await Promise.all(
      [1, 2, 10].map(async (number) => [`data_batch_${number}.bin`, await batch(number)] as const),
    );
    await withSet(await folderOf(Object.fromEntries(files)), {}, async (set) => {
      const block = await set.read([0, 1, 2]);
      expect([0, 1, 2].map((image) => block.levels[image * 3072])).toEqual([1, 2, 10]);
    });
  });

  test("CIFAR-100 as Python has it", async () => {
    const folder = await folderOf({ train: "batch100-python2", test: "batch100-python2", meta: "meta100-python2" });
    await withSet(folder, { part: "test" }, async (set) => {
      expect(facts(set)).toMatchObject({ size: [3, 3, 32, 32], labels: [0, 1, 2], labelNames: ["zero", "one", "two"] });
      expect(await levels(set, 2)).toEqual(formula(2, 1, 3, 32, 32));
    });
  });
});

describe("ImageNet-32", () => {
  test.each([
    ["pickles", "", "imagenet-protocol3"],
    ["archives", ".npz", "imagenet.npz"],
  ])("%s, whose labels start at 1", async (_, ending, file) => {
    const folder = await folderOf({
      [`train_data_batch_1${ending}`]: file,
      [`train_data_batch_2${ending}`]: file,
      [`val_data${ending}`]: file,
    });
    for (const memory of budgets)
      await withSet(folder, { memory }, async (set) => {
        expect(facts(set)).toMatchObject({
          size: [6, 3, 32, 32],
          parts: ["train", "validation"],
          labels: [0, 1, 2, 0, 1, 2],
        });
        expect(await levels(set, 5, 0)).toEqual([...formula(2, 1, 3, 32, 32), ...formula(0, 1, 3, 32, 32)]);
      });
  });
});

describe("arrays", () => {
  test.each<[string, number, ImageOptions]>([
    ["first.npy", 3, {}],
    ["last.npy", 3, {}],
    ["gray.npy", 1, {}],
    ["wide.npy", 1, {}],
    ["unit.npy", 3, { range: "0..1" }],
    ["signed.npy", 3, { range: "-1..1" }],
  ])("%s", async (name, channels, options) => {
    for (const memory of budgets)
      await withSet(fixture(name), { ...options, memory }, async (set) => {
        expect(facts(set)).toMatchObject({ size: [3, channels, 4, 6], part: "whole" });
        expect(await levels(set, 0, 1, 2)).toEqual(formula(0, 3, channels, 4, 6));
      });
  });

  test("an archive with parts", async () => {
    await withSet(fixture("divided.npz"), {}, async (set) => {
      expect(facts(set)).toMatchObject({ size: [3, 1, 4, 6], part: "train", labels: [0, 1, 2] });
      expect(await levels(set, 1)).toEqual(formula(1, 1, 1, 4, 6));
    });
    await withSet(fixture("divided.npz"), { part: "test" }, async (set) => expect([...set.labels!]).toEqual([2, 1]));
    await withSet(`${fixture("divided.npz")}:x_test`, {}, async (set) =>
      expect(facts(set)).toMatchObject({ size: [2, 1, 4, 6], part: "whole", labels: undefined }),
    );
  });

  test("floats need a range, and must keep to it", async () => {
    await refused(openImages(fixture("unit.npy")), "option", "floats of a stated range");
    await withSet(fixture("signed.npy"), { range: "0..1" }, (set) =>
      refused(set.read([0]), "data", "signed.npy image 1: expected numbers of 0 … 1, got -"),
    );
  });

  test("Fortran order is refused", () => refused(openImages(fixture("fortran.npy")), "data", "ascontiguousarray"));
});

describe("any set", () => {
  test("can be scaled and made gray or coloured", async () => {
    await withSet(fixture("gray.npy"), { size: 4, channels: 3 }, async (set) => {
      expect(facts(set).size).toEqual([3, 3, 4, 4]);
      const middle = formula(0, 3, 1, 4, 6).filter((_, i) => i % 6 > 0 && i % 6 < 5);
      const images = [0, 1, 2].map((image) => middle.slice(16 * image, 16 * image + 16));
      expect(await levels(set, 0, 1, 2)).toEqual(images.flatMap((image) => [...image, ...image, ...image]));
    });
    await withSet(fixture("first.npy"), { channels: 1 }, async (set) => {
      const [red = 0, green = 0, blue = 0] = [0, 24, 48].map((at) => formula(0, 1, 3, 4, 6)[at]!);
      expect((await levels(set, 0))[0]).toBe(Math.round(0.299 * red + 0.587 * green + 0.114 * blue));
    });
    await refused(openImages(fixture("gray.npy"), { size: 0 }), "option", "from 1 to 4096");
  });

  test("reads nothing outside of itself", () =>
    withSet(fixture("gray.npy"), {}, async (set) => {
      for (const place of [-1, 3, 0.5, Number.NaN]) await refused(set.read([place]), "option", "places from 0 to 2");
    }));

  test("answers calls that overlap", () =>
    withSet(fixture("gray.npy"), {}, async (set) => {
      const blocks = await Promise.all([0, 1, 2].map((place) => set.read([place])));
      expect(blocks.flatMap((block) => [...block.levels])).toEqual(formula(0, 3, 1, 4, 6));
    }));
});
