// folder-sets (Node only): the data sets that a folder may hold, by the names of its files.
import { readdir, readFile, stat } from "node:fs/promises";
import { join } from "node:path";
import { failure } from "../../errors.ts";
import { listNames, shorten } from "../columns.ts";
import { imagesInArchive, openNpzImages, openPickledImages, pickledLabelNames } from "./array-files.ts";
import { openCifarBinary } from "./cifar-binary.ts";
import { idxImages, openIdx } from "./idx.ts";
import type { ImagePart, ImageRun } from "./image-set.ts";

/** The files of a set, each of one part; a folder of pictures is a part by itself. */
export interface SourceSet {
  /** The data set by its usual name. */
  readonly name?: string;
  readonly entries: readonly SourceEntry[];
  labelNames?(): Promise<readonly string[] | undefined>;
}

export type SourceEntry =
  | { readonly kind: "pictures"; readonly part: ImagePart; readonly path: string }
  | { readonly kind: "file"; readonly part: ImagePart; readonly path: string; open(): Promise<ImageRun> };

export interface SetOptions {
  readonly memory?: number;
}

/** A folder under study: whether it has a file, and where that is. */
interface Folder {
  readonly path: string;
  readonly names: readonly string[];
  at(name: string): string;
}

type Recogniser = (folder: Folder, options: SetOptions) => SourceSet | undefined;

/** Folders that the archives of CIFAR unpack to. */
const unpacked = ["cifar-10-batches-py", "cifar-10-batches-bin", "cifar-100-python", "cifar-100-binary"];

/** Which set the folder holds; any other folder is one of pictures. Throws `option` where there is more than one. */
export async function setInFolder(path: string, names: readonly string[], options: SetOptions): Promise<SourceSet> {
  const folder: Folder = { path, names, at: (name) => join(path, name) };
  for (const recognise of recognisers) {
    const set = recognise(folder, options);
    if (set !== undefined) return set;
  }
  return picturesIn(folder, options);
}

const recognisers: readonly Recogniser[] = [idxSet, cifarBinary, cifarPython, imageNet32];

const idxParts = [
  { part: "test", pattern: /t10k|test/i },
  { part: "validation", pattern: /val/i },
  { part: "train", pattern: /train/i },
] as const;

function idxSet({ path, names, at }: Folder): SourceSet | undefined {
  const files = names.filter(
    (name) => idxImages.test(name) && !(name.endsWith(".gz") && names.includes(name.slice(0, -3))),
  );
  if (files.length === 0) return undefined;
  const entries = files.sort().map((name): SourceEntry => {
    const part = idxParts.find(({ pattern }) => pattern.test(name))?.part ?? "whole";
    return { kind: "file", part, path: at(name), open: () => openIdx(at(name)) };
  });
  if (new Set(entries.map(({ part }) => part)).size < entries.length)
    throw failure("option", {
      where: path,
      expected: "one set of IDX files",
      received: listNames(files),
      remedy: "choose a file",
    });
  return { name: "IDX", entries };
}

function cifarBinary({ names, at }: Folder): SourceSet | undefined {
  const tens = names.filter((name) => /^(data_batch_\d+|test_batch)\.bin$/.test(name));
  const batch = (name: string, part: ImagePart, labelBytes: number, classes: number): SourceEntry => ({
    kind: "file",
    part,
    path: at(name),
    open: () => openCifarBinary(at(name), labelBytes, classes),
  });
  if (tens.length > 0)
    return {
      name: "CIFAR-10, binary",
      entries: byNumber(tens).map((name) => batch(name, name.startsWith("test") ? "test" : "train", 1, 10)),
      labelNames: () => linesOf("batches.meta.txt", { names, at }),
    };
  const hundreds = ["train.bin", "test.bin"].filter((name) => names.includes(name));
  if (hundreds.length === 0 || !names.includes("fine_label_names.txt")) return undefined;
  return {
    name: "CIFAR-100, binary",
    entries: hundreds.map((name) => batch(name, name === "test.bin" ? "test" : "train", 2, 100)),
    labelNames: () => linesOf("fine_label_names.txt", { names, at }),
  };
}

function cifarPython({ names, at }: Folder, options: SetOptions): SourceSet | undefined {
  const tens = names.filter((name) => /^(data_batch_\d+|test_batch)$/.test(name));
  const hundreds = names.includes("meta") ? names.filter((name) => name === "train" || name === "test") : [];
  if (tens.length + hundreds.length === 0) return undefined;
  const [files, meta] = tens.length > 0 ? [tens, "batches.meta"] : [hundreds, "meta"];
  return {
    name: `CIFAR-${tens.length > 0 ? 10 : 100}, Python`,
    entries: byNumber(files).map((name) => ({
      kind: "file",
      part: name.startsWith("test") ? "test" : "train",
      path: at(name),
      open: () => openPickledImages(at(name), options),
    })),
    labelNames: async () => (names.includes(meta) ? pickledLabelNames(at(meta)) : undefined),
  };
}

/** Labels of ImageNet-32 start at 1. */
function imageNet32({ names, at }: Folder, { memory }: SetOptions): SourceSet | undefined {
  const files = names.filter((name) => /^(train_data_batch_\d+|val_data)(\.npz|\.pickle|\.pkl)?$/.test(name));
  if (files.length === 0) return undefined;
  const options = { firstLabel: 1, ...(memory !== undefined && { memory }) };
  return {
    name: "ImageNet-32",
    entries: byNumber(files).map((name) => ({
      kind: "file",
      part: name.startsWith("val") ? "validation" : "train",
      path: at(name),
      async open() {
        if (!name.endsWith(".npz")) return openPickledImages(at(name), options);
        const [images] = await imagesInArchive(at(name));
        return openNpzImages(at(name), images!, options);
      },
    })),
  };
}

const partFolders: readonly { readonly part: ImagePart; readonly names: readonly string[] }[] = [
  { part: "train", names: ["train", "training"] },
  { part: "validation", names: ["val", "valid", "validation"] },
  { part: "test", names: ["test", "testing"] },
];

/** Pictures, divided where there are folders of the names of parts, or the unpacked archive of a set. */
async function picturesIn({ path, names, at }: Folder, options: SetOptions): Promise<SourceSet> {
  const folders = await Promise.all(names.map(async (name) => ((await isFolder(at(name))) ? [name] : [])));
  const present = folders.flat().filter((name) => !name.startsWith("."));
  const archive = present.filter((name) => unpacked.includes(name));
  if (archive[0] !== undefined && present.length > 1)
    throw failure("option", {
      where: path,
      expected: "one data set",
      received: listNames(present),
      remedy: `choose a folder, such as ${at(archive[0])}`,
    });
  if (archive[0] !== undefined) return setInFolder(at(archive[0]), await readdir(at(archive[0])), options);
  const parts = partFolders.flatMap(({ part, names: known }) => {
    const name = present.find((each) => known.includes(each.toLowerCase()));
    return name === undefined ? [] : [{ kind: "pictures" as const, part, path: at(name) }];
  });
  if (parts.length > 1 && parts.length === present.length && parts[0]?.part === "train") return { entries: parts };
  return { entries: [{ kind: "pictures", part: "whole", path }] };
}

async function isFolder(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}

/** data_batch_2 before data_batch_10. */
function byNumber(names: readonly string[]): readonly string[] {
  const number = (name: string) => Number(/\d+/.exec(name.replace(/\.\w+$/, ""))?.[0] ?? 0);
  return [...names].sort((a, b) => number(a) - number(b) || (a < b ? -1 : 1));
}

async function linesOf(name: string, { names, at }: Omit<Folder, "path">): Promise<readonly string[] | undefined> {
  if (!names.includes(name) || (await stat(at(name))).size > 2 ** 16) return undefined;
  const lines = (await readFile(at(name), "utf8")).split(/\r?\n/).filter((line) => line !== "");
  return lines.length > 0 ? lines.map(shorten) : undefined;
}
