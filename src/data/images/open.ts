// open (Node only): the front door: which images a file or folder holds, by the names that data sets go by.
import { readdir, stat } from "node:fs/promises";
import { basename } from "node:path";
import { failure, LocalFlowError } from "../../errors.ts";
import { listNames } from "../columns.ts";
import { explained } from "../files.ts";
import type { ValueRange } from "./array-images.ts";
import { setInFile } from "./file-sets.ts";
import { type SourceSet, setInFolder } from "./folder-sets.ts";
import { type ImagePart, type ImageRun, type ImageSet, type SkippedFile, sameShape, spokenShape } from "./image-set.ts";
import { adaptedRun, joinedSet } from "./joined-set.ts";
import { openPictureFolder } from "./picture-folder.ts";
import type { SquareFit } from "./resize.ts";

export interface ImageOptions {
  /** Which part of a divided set; default: "train" where there is one, else all. */
  readonly part?: ImagePart;
  /** Scales the short side to this and cuts out the middle square. */
  readonly size?: number;
  /** "stretch" scales all of a picture to the square of that size instead; default "cut". */
  readonly fit?: SquareFit;
  /** Gray or coloured; default: as the files are. */
  readonly channels?: 1 | 3;
  /** What the floats of an array mean. */
  readonly range?: ValueRange;
  /**
   * What a file that cannot be read does: ends the reading (default), or goes to the set's `skipped`. Damage inside of a
   * compressed array shows only when its images are read first, and ends that.
   */
  readonly onBroken?: "stop" | "skip";
  /** Most bytes of levels to hold in memory; default 2 GiB. */
  readonly memory?: number;
  /** Hears how many pictures of a folder are read. */
  readonly onProgress?: (done: number, total: number) => void;
}

const defaultMemory = 2 ** 31;
const largestSize = 4096;
const partOrder: readonly ImagePart[] = ["train", "validation", "test", "whole"];

/**
 * Opens the images at `path`: a folder of IDX files (MNIST, Fashion-MNIST), of CIFAR-10 or CIFAR-100 batches (binary or
 * Python's), of ImageNet-32 batches, or of PNG, JPEG and WebP files; or one such file, `.npy` or `.npz`. Close the set when
 * it is of no more use. Throws `file`, `data` and `option` errors that name the file, `runtime` where JPEG or WebP needs
 * the package sharp.
 */
export async function openImages(path: string, options: ImageOptions = {}): Promise<ImageSet> {
  const { size, fit, channels, memory = defaultMemory, onBroken = "stop" } = options;
  if (size !== undefined && !(Number.isInteger(size) && size >= 1 && size <= largestSize))
    throw failure("option", {
      where: "size of images",
      expected: `a whole number from 1 to ${largestSize}`,
      received: String(size),
    });
  const { set, description } = await explained(path, () => sourceOf(path, options));
  const parts = partsOf(set);
  const part = chosenPart(parts, options.part, path);
  const entries = set.entries.filter((entry) => entry.part === part);
  const folder = entries[0]!;
  if (folder.kind === "pictures") {
    const { onProgress } = options;
    return openPictureFolder(folder.path, { part, parts }, { size, fit, channels, onBroken, memory, onProgress });
  }
  const skipped: SkippedFile[] = [];
  const runs = await openRuns(entries, onBroken, skipped);
  try {
    const labelNames = await set.labelNames?.();
    const adapted = runs.map((run) => adaptedRun(run, { size, fit, channels }));
    return joinedSet(adapted, { description, part, parts, skipped, labelNames, memory });
  } catch (error) {
    for (const run of runs) run.close();
    throw error;
  }
}

/** The parts that the images at `path` are divided into; nothing but names is read. Throws as `openImages` does. */
export async function imageParts(path: string): Promise<readonly ImagePart[]> {
  const { set } = await explained(path, () => sourceOf(path, {}));
  return partsOf(set);
}

function partsOf({ entries }: SourceSet): readonly ImagePart[] {
  return partOrder.filter((part) => entries.some((entry) => entry.part === part));
}

async function sourceOf(path: string, options: ImageOptions): Promise<{ set: SourceSet; description: string }> {
  const file = /^(.*\.npz):[^/\\]+$/i.exec(path)?.[1] ?? path;
  const found = await stat(file);
  if (!found.isDirectory()) return { set: await setInFile(path, options), description: path };
  const names = await readdir(path);
  const set = await setInFolder(path, names, options);
  const described = set.name === undefined ? path : `${path} (${set.name})`;
  return { set, description: described };
}

function chosenPart(parts: readonly ImagePart[], wanted: ImagePart | undefined, path: string): ImagePart {
  const part = wanted ?? parts[0]!;
  if (parts.includes(part)) return part;
  throw failure("option", {
    where: path,
    expected: `a part among ${listNames(parts)}`,
    received: `"${part}"`,
    ...(parts[0] === "whole" && { remedy: "the set is not divided: leave out the part" }),
  });
}

/** Opens every file; one that cannot be read, or holds images of another size than the first, is broken. */
async function openRuns(
  entries: SourceSet["entries"],
  onBroken: "stop" | "skip",
  skipped: SkippedFile[],
): Promise<readonly ImageRun[]> {
  const runs: ImageRun[] = [];
  let firstError: unknown;
  for (const entry of entries) {
    try {
      if (entry.kind === "file") runs.push(likeFirst(await entry.open(), runs[0]));
    } catch (error) {
      const isBroken = error instanceof LocalFlowError && (error.code === "data" || error.code === "file");
      if (onBroken === "skip" && isBroken) {
        firstError ??= error;
        skipped.push({ file: entry.path, kind: "broken", reason: error.message });
        continue;
      }
      for (const run of runs) run.close();
      throw error;
    }
  }
  if (runs.length === 0) throw firstError;
  return runs;
}

function likeFirst(run: ImageRun, first: ImageRun | undefined): ImageRun {
  if (first === undefined || sameShape(run, first)) return run;
  run.close();
  throw failure("data", {
    where: run.where,
    expected: `images of ${spokenShape(first)}, like ${basename(first.where)}`,
    received: spokenShape(run),
  });
}
