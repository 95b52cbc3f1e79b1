// array-files (Node only): images in NumPy's files: .npy, .npz with their labels, and pickled batches.
import { failure } from "../../errors.ts";
import { listNames, shorten } from "../columns.ts";
import { arrayOf, numberOf, numpyNames, type PickledNumbers } from "../pickle/arrays.ts";
import { readPickle } from "../pickle/pickle.ts";
import { entryOf, itemsOf, type PickleValue, spokenValue, textOf } from "../pickle/values.ts";
import { zipContent, zipEntries } from "../zip.ts";
import { type ArraySource, checkedLabels, imagesOfArray, labelsOfArray, type ValueRange } from "./array-images.ts";
import { type HeldFile, holdFile, whileOpening } from "./held-file.ts";
import type { ImagePart, ImageRun } from "./image-set.ts";
import { openNpyArray } from "./npy-array.ts";

export interface ArrayFileOptions {
  /** What floats mean. */
  readonly range?: ValueRange;
  /** The least label; default 0. */
  readonly firstLabel?: number;
  /** Most bytes that what a pickle holds beside its numbers may take, if more than 64 MiB. */
  readonly memory?: number;
}

/** Names of arrays in an archive, and of the labels that go with them. */
const archiveNames: readonly {
  readonly part: ImagePart;
  readonly images: string;
  readonly labels: readonly string[];
}[] = [
  { part: "train", images: "x_train", labels: ["y_train"] },
  { part: "test", images: "x_test", labels: ["y_test"] },
  { part: "train", images: "train_images", labels: ["train_labels"] },
  { part: "validation", images: "val_images", labels: ["val_labels"] },
  { part: "test", images: "test_images", labels: ["test_labels"] },
  ...["data", "images", "x", "X", "arr_0"].map((images) => ({
    part: "whole" as const,
    images,
    labels: ["labels", "y", "arr_1"],
  })),
];

/** Arrays of images in an archive. */
export interface ArchivedImages {
  readonly part: ImagePart;
  readonly images: string;
  readonly labels?: string;
}

/** Opens the array in a `.npy` file. */
export async function openNpyImages(path: string, options: ArrayFileOptions = {}): Promise<ImageRun> {
  return whileOpening(holdFile(path), async (file) => ({
    ...imagesOfArray(await openNpyArray(file.bytes, path), options),
    close: file.close,
  }));
}

/** Which arrays of an archive are images, by the names that data sets go by, or else the only array there is. */
export async function imagesInArchive(path: string): Promise<readonly ArchivedImages[]> {
  const file = holdFile(path);
  try {
    const names = [...(await zipEntries(file.bytes, path)).keys()].flatMap((name) =>
      name.endsWith(".npy") ? [name.slice(0, -4)] : [],
    );
    const known = archiveNames.filter(({ images }) => names.includes(images));
    const parts = known.filter(({ part }) => part !== "whole");
    const chosen = parts.length > 0 ? parts : known.slice(0, 1);
    if (chosen.length > 0)
      return chosen.map(({ part, images, labels }) => {
        const found = labels.find((name) => names.includes(name));
        return { part, images, ...(found !== undefined && { labels: found }) };
      });
    if (names.length === 1) return [{ part: "whole", images: names[0]! }];
    throw failure("data", {
      where: path,
      expected: `an array of images named ${archiveNames.map(({ images }) => images).join(", ")}`,
      received: names.length === 0 ? "none" : listNames(names),
    });
  } finally {
    file.close();
  }
}

/** Opens arrays of an archive; a compressed one is read forwards. */
export async function openNpzImages(
  path: string,
  { images, labels }: ArchivedImages,
  { firstLabel = 0, ...options }: ArrayFileOptions = {},
): Promise<ImageRun> {
  return whileOpening(holdFile(path), async (file) => {
    const entries = await zipEntries(file.bytes, path);
    const opened = async (name: string): Promise<ArraySource> => {
      const where = `${path}:${name}`;
      const entry = entries.get(`${name}.npy`);
      if (entry === undefined) throw failure("data", { where, expected: "an array of the archive", received: "none" });
      return openNpyArray(await zipContent(file.bytes, entry, where), where);
    };
    const classes = labels === undefined ? undefined : await labelsOfArray(await opened(labels), firstLabel);
    return {
      ...imagesOfArray(await opened(images), { ...options, ...(classes !== undefined && { labels: classes }) }),
      close: file.close,
    };
  });
}

/**
 * Opens a pickled batch as CIFAR-10, CIFAR-100 and ImageNet-32 have them: a dict of `data` [n, 3072] and `labels`,
 * `fine_labels` or none; or an array alone. Its numbers stay in the file.
 */
export async function openPickledImages(path: string, options: ArrayFileOptions = {}): Promise<ImageRun> {
  return whileOpening(holdFile(path), async (file) => {
    const value = valueIn(file, "a batch of images (a dict with data and labels)", options.memory);
    const data = entryOf(value, "data");
    const where = data === undefined ? path : `${path}:data`;
    const array = arrayOf(data ?? value, where);
    if (array?.kind !== "numbers" || (array.fortran && array.shape.length > 1))
      throw failure("data", {
        where,
        expected: "a NumPy array of levels in C order",
        received:
          array === undefined ? spokenValue(data ?? value) : array.kind === "other" ? array.type : "another one",
      });
    const labels = await labelsIn(value, options.firstLabel ?? 0, path);
    return {
      ...imagesOfArray(pickledSource(array, where), { ...options, ...(labels !== undefined && { labels }) }),
      close: file.close,
    };
  });
}

/** The names of classes in `batches.meta` or `meta`. */
export function pickledLabelNames(path: string): readonly string[] {
  const file = holdFile(path);
  try {
    const value = valueIn(file, "the names of classes (a dict with label_names)");
    const names = itemsOf(entryOf(value, "label_names") ?? entryOf(value, "fine_label_names"))?.map(textOf);
    if (names !== undefined && names.length > 0 && names.length < 2 ** 16)
      if (names.every((name) => name !== undefined)) return names.map(shorten);
    throw failure("data", { where: path, expected: "label_names, a list of texts", received: "none" });
  } finally {
    file.close();
  }
}

/** What a pickle holds beside its numbers (labels, names of files) may take this much in any case. */
const freeBytes = 2 ** 26;

function valueIn(file: HeldFile, expected: string, memory = freeBytes): PickleValue {
  const limit = Math.max(memory, freeBytes);
  return readPickle(file.source, { where: file.path, allowed: numpyNames, expected, memory: limit }).value;
}

function pickledSource({ type, shape, data }: PickledNumbers, where: string): ArraySource {
  return {
    where,
    type,
    shape,
    async read(at, length) {
      const bytes = new Uint8Array(length);
      data.source.read(data.at + at, bytes);
      return bytes;
    },
  };
}

async function labelsIn(value: PickleValue, first: number, path: string): Promise<Int32Array | undefined> {
  const name = ["labels", "fine_labels"].find((each) => entryOf(value, each) !== undefined);
  if (name === undefined) return undefined;
  const where = `${path}:${name}`;
  const list = entryOf(value, name);
  const array = arrayOf(list, where);
  if (array?.kind === "numbers") return labelsOfArray(pickledSource(array, where), first);
  const items = itemsOf(list);
  if (items === undefined) throw failure("data", { where, expected: "a list of labels", received: spokenValue(list) });
  return checkedLabels(
    items.map((item) => numberOf(item, where) ?? Number.NaN),
    first,
    where,
  );
}
