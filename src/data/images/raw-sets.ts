// raw-sets (Node only): the images of the authors' experiments: where they come from, how they lie on disk, and their parts.
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { failure, type LocalFlowError } from "../../errors.ts";
import { explained } from "../files.ts";
import type { ImagePart, ImageSet } from "./image-set.ts";
import { openImages } from "./open.ts";

export const rawImageSets = ["cifar10", "imagenet32", "flowers"] as const;
export type RawImageSet = (typeof rawImageSets)[number];

/** A part of a set as it is distributed. */
interface RawPart {
  readonly part: ImagePart;
  /** Images of the whole part. */
  readonly count: number;
  /** Folders below the data folder that it may lie in, the most special first. */
  readonly folders: readonly string[];
  /** What the name of one of its files looks like. */
  readonly file: RegExp;
  /** Whether its files may lie in sub-folders, as those of a class do. */
  readonly isDeep?: boolean;
}

interface RawSource {
  readonly title: string;
  readonly size: number;
  /** What is expected in the folder, and where it comes from; checksums that nobody here has seen are left out. */
  readonly layout: string;
  readonly origin: string;
  readonly train: RawPart;
  /** Whose statistics the authors compare samples with; the training images where nothing is said. */
  readonly reference?: RawPart;
  /** Other real images, where there are some. */
  readonly others?: RawPart;
}

const cifarFolders = ["cifar-10-batches-bin", "cifar-10-batches-py", "cifar10", ""];
const flowerFolders = ["102flowers/jpg", "flowers-102/jpg", "flowers/jpg", "jpg", "102flowers", "flowers", ""];
const imageNetTrain = ["imagenet32", "Imagenet32_train", "Imagenet32_train_npz", ""];
const imageNetHeld = ["imagenet32", "Imagenet32_val", "Imagenet32_val_npz", ""];

/**
 * Counts are those of the sets' makers. The MD5 sums of CIFAR-10 stand on its page, the one of Flowers is what public loaders check;
 * for ImageNet-32 loaders disagree, so none is given.
 */
const sources: Readonly<Record<RawImageSet, RawSource>> = {
  cifar10: {
    title: "CIFAR-10",
    size: 32,
    layout:
      "data_batch_1.bin … data_batch_5.bin and test_batch.bin (10 000 records of 3073 bytes each), or the Python batches data_batch_1 …, here or in cifar-10-batches-bin or cifar-10-batches-py",
    origin:
      "download cifar-10-binary.tar.gz (162 MB, MD5 c32a1d4ab5d03f1284b67883e8d87530) or cifar-10-python.tar.gz (163 MB, MD5 c58f30108f718f92721af3b95e74349a) from https://www.cs.toronto.edu/~kriz/cifar.html and unpack it there",
    train: { part: "train", count: 50_000, folders: cifarFolders, file: /^data_batch_\d+(\.bin)?$/ },
    others: { part: "test", count: 10_000, folders: cifarFolders, file: /^test_batch(\.bin)?$/ },
  },
  imagenet32: {
    title: "ImageNet-32",
    size: 32,
    layout:
      "train_data_batch_1 … train_data_batch_10 and val_data (pickled or .npz), here or in imagenet32, Imagenet32_train and Imagenet32_val",
    origin:
      "download Imagenet32_train.zip and Imagenet32_val.zip (or the _npz ones) from https://image-net.org/download-images (sign-in needed; sizes and checksums are unknown here) and unpack them there",
    train: {
      part: "train",
      count: 1_281_167,
      folders: imageNetTrain,
      file: /^train_data_batch_\d+(\.npz|\.pickle|\.pkl)?$/,
    },
    reference: {
      part: "validation",
      count: 50_000,
      folders: imageNetHeld,
      file: /^val_data(\.npz|\.pickle|\.pkl)?$/,
    },
  },
  flowers: {
    title: "Oxford Flowers 102",
    size: 128,
    layout: "8189 pictures image_00001.jpg …, here or in jpg, 102flowers/jpg, flowers-102/jpg or flowers",
    origin:
      "download 102flowers.tgz (MD5 52808999861908f626f3c1f4e79d11fa, size unknown here) from https://www.robots.ox.ac.uk/~vgg/data/flowers/102/ and unpack it there",
    train: { part: "whole", count: 8189, folders: flowerFolders, file: /\.(jpe?g|png|webp)$/i, isDeep: true },
  },
};

/** A set's images as an experiment takes them, in the size of its networks and in colour. */
export interface RawImages {
  readonly title: string;
  readonly train: ImageSet;
  /** Whose statistics samples are compared with. */
  readonly reference: ImageSet;
  /** Real images that are not the reference. */
  readonly others?: ImageSet;
  /** Files that are not there, in sentences; none of a whole set. */
  readonly gaps: readonly string[];
  close(): Promise<void>;
}

/**
 * Opens the set in `folder`. Pictures of other sizes are stretched to the square, as the authors do. Throws one "file" error that says
 * what is missing, how it should lie and where it comes from.
 */
export async function openRawImages(
  name: RawImageSet,
  folder: string,
  onProgress?: (done: number, total: number) => void,
): Promise<RawImages> {
  const source = sources[name];
  const opened: ImageSet[] = [];
  const close = async () => {
    for (const set of opened) await set.close();
  };
  const open = async (part: RawPart): Promise<ImageSet | undefined> => {
    const place = await placeOf(part, folder);
    if (place === undefined) return undefined;
    const isPart = part.part === "whole" ? {} : { part: part.part };
    const set = await openImages(place, {
      ...isPart,
      size: source.size,
      fit: "stretch",
      channels: 3,
      ...(onProgress && { onProgress }),
    });
    opened.push(set);
    return set;
  };
  try {
    const train = await open(source.train);
    const reference = source.reference ? await open(source.reference) : train;
    if (train === undefined || reference === undefined) throw missing(source, folder, train !== undefined);
    const others = source.others ? await open(source.others) : reference === train ? undefined : train;
    const parts = [
      { set: train, whole: source.train },
      ...(source.reference ? [{ set: reference, whole: source.reference }] : []),
    ];
    const gaps = parts
      .filter(({ set, whole }) => set.count !== whole.count)
      .map(({ set, whole }) => `${set.count} images of part ${whole.part} instead of ${whole.count}`);
    return { title: source.title, train, reference, ...(others && { others }), gaps, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** The first folder with a file of the part, in sub-folders too where pictures may lie in them. */
async function placeOf({ folders, file, isDeep }: RawPart, folder: string): Promise<string | undefined> {
  for (const each of folders) {
    const path = join(folder, each);
    if ((await namesIn(path, isDeep === true)).some((name) => file.test(name))) return path;
  }
  return undefined;
}

async function namesIn(path: string, isDeep: boolean): Promise<readonly string[]> {
  try {
    return await readdir(path, { recursive: isDeep });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code === "ENOENT" || code === "ENOTDIR") return [];
    return explained(path, () => Promise.reject(error));
  }
}

function missing({ title, layout, origin }: RawSource, folder: string, hasTrain: boolean): LocalFlowError {
  return failure("file", {
    where: folder,
    expected: `${title}: ${layout}`,
    received: hasTrain ? "the training images alone" : existsSync(folder) ? "none of these files" : "no such folder",
    remedy: origin,
  });
}
