// raw-sets: the sets of the authors' experiments are found where their archives unpack to; what is missing is said in one line.
import { join } from "node:path";
import { encode } from "fast-png";
import { afterAll, describe, expect, test } from "vitest";
import { openRawImages, type RawImageSet } from "../../../src/data/images/raw-sets.ts";
import { fixtureBytes, folderOf, removeFolders } from "./fixtures.ts";

afterAll(removeFolders);

/** Images of CIFAR-10's binary batches: a label and 3072 equal levels each. */
const batch = (...images: readonly (readonly [label: number, level: number])[]) =>
  Uint8Array.from(images.flatMap(([label, level]) => [label, ...new Array<number>(3072).fill(level)]));

async function opened(name: RawImageSet, folder: string) {
  const images = await openRawImages(name, folder);
  const level = async (set: typeof images.train, place: number) => (await set.read([place])).levels[0];
  const facts = {
    train: images.train.count,
    reference: [images.reference.part, images.reference.count],
    others: images.others && [images.others.part, images.others.count],
    gaps: images.gaps,
    last: await level(images.train, images.train.count - 1),
    size: [images.train.channels, images.train.height, images.train.width],
  };
  await images.close();
  return facts;
}

describe("the raw sets", () => {
  const cifar = {
    "data_batch_1.bin": batch([0, 1], [1, 2]),
    "data_batch_2.bin": batch([2, 3]),
    "test_batch.bin": batch([9, 4]),
  };

  test.each(["", "cifar-10-batches-bin/"])("CIFAR-10 lies in the folder or where it unpacks to (%s)", async (place) => {
    const files = Object.fromEntries(Object.entries(cifar).map(([name, bytes]) => [`${place}${name}`, bytes]));
    const folder = await folderOf({ ...files, "other/readme.txt": Uint8Array.of(65) });
    expect(await opened("cifar10", folder)).toEqual({
      train: 3,
      reference: ["train", 3],
      others: ["test", 1],
      gaps: ["3 images of part train instead of 50000"],
      last: 3,
      size: [3, 32, 32],
    });
  });

  test("ImageNet-32 is compared with its validation images, which may lie in a folder of their own", async () => {
    const archive = await fixtureBytes("imagenet.npz");
    const folder = await folderOf({
      "Imagenet32_train_npz/train_data_batch_1.npz": archive,
      "Imagenet32_val_npz/val_data.npz": archive,
    });
    const { reference, others, gaps } = await opened("imagenet32", folder);
    expect([reference[0], others?.[0]]).toEqual(["validation", "train"]);
    expect(gaps).toHaveLength(2);
    const half = await folderOf({ "train_data_batch_1.npz": archive });
    await expect(openRawImages("imagenet32", half)).rejects.toThrow(/got the training images alone; download/);
  });

  test("Flowers are stretched to squares, not cut", async () => {
    const [width, height] = [256, 128];
    const data = Uint8Array.from({ length: width * height * 3 }, (_, at) =>
      Math.floor(at / 3) % width < 60 ? 200 : 20,
    );
    const folder = await folderOf({ "jpg/image_00001.png": encode({ width, height, data, channels: 3 }) });
    const { size, train, others } = await opened("flowers", folder);
    expect([size, train, others]).toEqual([[3, 128, 128], 1, undefined]);
    const images = await openRawImages("flowers", folder);
    const { levels } = await images.train.read([0]);
    await images.close();
    // Of the left quarter nothing would be left if the middle were cut out.
    expect([levels[0], levels[127]]).toEqual([200, 20]);
  });

  test("Flowers may lie in one folder for each class", async () => {
    const plain = encode({ width: 4, height: 4, data: new Uint8Array(16).fill(7), channels: 1 });
    const folder = await folderOf({ "flowers/1/a.png": plain, "flowers/2/b.png": plain });
    const images = await openRawImages("flowers", folder);
    expect([images.train.count, [...(images.train.labels ?? [])]]).toEqual([2, [0, 1]]);
    await images.close();
  });

  test.each([
    ["cifar10", /data_batch_1\.bin.*3073 bytes.*MD5 c32a1d4ab5d03f1284b67883e8d87530.*cs\.toronto\.edu/],
    ["imagenet32", /train_data_batch_10 and val_data.*image-net\.org.*unknown/],
    ["flowers", /8189 pictures.*MD5 52808999861908f626f3c1f4e79d11fa.*robots\.ox\.ac\.uk/],
  ] as const)("%s without its files says in one line what and where they are", async (name, text) => {
    const empty = await folderOf({ "readme.txt": Uint8Array.of(65) });
    for (const folder of [empty, join(empty, "nowhere")]) {
      const error = await openRawImages(name, folder).catch((reason: unknown) => reason);
      expect(error).toMatchObject({ code: "file" });
      const { message } = error as Error;
      expect(message).toContain(`${folder}: expected`);
      expect(message).toMatch(text);
      expect(message).not.toContain("\n");
    }
  });
});
