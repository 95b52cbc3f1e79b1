// picture-folder (Node only): folders of PNG, JPEG and WebP files as a set; the class of a picture is its sub-folder.
import { readdir, realpath, stat } from "node:fs/promises";
import { extname, join } from "node:path";
import { failure, LocalFlowError } from "../../errors.ts";
import { explained } from "../files.ts";
import {
  channelsFirst,
  checkedShape,
  checkPlaces,
  type ImageSet,
  levelsPerImage,
  type PixelShape,
  type SkippedFile,
} from "./image-set.ts";
import { isGrayPng, pictureEndings, pictureReader } from "./picture-file.ts";
import { copied, type PixelStore, pixelStore } from "./pixel-store.ts";
import type { Picture, SquareFit } from "./resize.ts";

export interface FolderOptions {
  /** Scales the short side to this and cuts out the middle square; without it all pictures must have one size. */
  readonly size?: number | undefined;
  readonly fit?: SquareFit | undefined;
  /** Default: 1 where every picture is a PNG without colours, else 3. */
  readonly channels?: 1 | 3 | undefined;
  readonly onBroken: "stop" | "skip";
  /** Most bytes of levels to hold in memory. */
  readonly memory: number;
  readonly onProgress?: ((done: number, total: number) => void) | undefined;
}

interface FoundPicture {
  readonly path: string;
  /** Below the folder, with slashes. */
  readonly name: string;
  /** The sub-folder, "." for the folder itself. */
  readonly folder: string;
}

/** Pictures decoded at once: as many as threads decode. */
const together = 4;

/** Reads all pictures below a folder, once; the set then answers from memory or from a temporary file. */
export async function openPictureFolder(
  folder: string,
  facts: Pick<ImageSet, "part" | "parts">,
  options: FolderOptions,
): Promise<ImageSet> {
  const { pictures, skipped } = await picturesBelow(folder);
  if (pictures.length === 0) throw noPictures(folder, skipped);
  const channels = options.channels ?? ((await areGray(pictures)) ? 1 : 3);
  const { store, shape, kept } = await readAll(folder, pictures, skipped, { ...options, channels });
  const classes = [...new Set(kept.map((picture) => picture.folder))].sort();
  const places = new Map(classes.map((name, place) => [name, place]));
  return {
    ...facts,
    ...shape,
    description: folder,
    count: kept.length,
    ...(classes.length > 1 && {
      labels: Int32Array.from(kept, (picture) => places.get(picture.folder)!),
      labelNames: classes,
    }),
    names: kept.map(({ name }) => name),
    skipped,
    async read(wanted) {
      checkPlaces(wanted, kept.length, folder);
      return copied(store, wanted, shape);
    },
    close: async () => store.close(),
  };
}

interface ReadPictures {
  readonly store: PixelStore;
  readonly shape: PixelShape;
  readonly kept: readonly FoundPicture[];
}

/** Decodes the pictures in their order; what cannot be read goes to `skipped`, or ends the reading. */
async function readAll(
  folder: string,
  pictures: readonly FoundPicture[],
  skipped: SkippedFile[],
  { size, fit, channels, onBroken, memory, onProgress }: FolderOptions & { readonly channels: 1 | 3 },
): Promise<ReadPictures> {
  const reader = pictureReader();
  const kept: FoundPicture[] = [];
  let begun: { readonly store: PixelStore; readonly shape: PixelShape; readonly first: string } | undefined;
  let firstError: unknown;
  try {
    for (let at = 0; at < pictures.length; at += together) {
      const group = pictures.slice(at, at + together);
      const read = await Promise.allSettled(group.map(({ path }) => reader.read(path, channels, size, fit)));
      for (const [place, result] of read.entries()) {
        const picture = group[place]!;
        if (result.status === "rejected") {
          if (onBroken === "stop" || !isBroken(result.reason)) throw result.reason;
          firstError ??= result.reason;
          skipped.push({ file: picture.path, kind: "broken", reason: result.reason.message });
          continue;
        }
        begun ??= { ...started(result.value, picture.path, pictures.length, memory), first: picture.path };
        checkSize(result.value, begun.shape, picture.path, begun.first);
        begun.store.append(channelsFirst(result.value.data, begun.shape));
        kept.push(picture);
      }
      onProgress?.(Math.min(pictures.length, at + together), pictures.length);
    }
    if (begun === undefined) throw firstError ?? noPictures(folder, skipped);
    return { store: begun.store, shape: begun.shape, kept };
  } catch (error) {
    begun?.store.close();
    throw error;
  }
}

function started({ channels, height, width }: Picture, where: string, count: number, memory: number) {
  const shape = checkedShape(channels, height, width, where);
  return { shape, store: pixelStore(levelsPerImage(shape), count, memory) };
}

/** Damage of one file, as against a missing package or a full disk. */
function isBroken(error: unknown): error is LocalFlowError {
  return error instanceof LocalFlowError && (error.code === "data" || error.code === "file");
}

function checkSize({ width, height }: Picture, shape: PixelShape, path: string, first: string): void {
  if (width === shape.width && height === shape.height) return;
  throw failure("data", {
    where: path,
    expected: `${shape.width} x ${shape.height} pixels, like ${first}`,
    received: `${width} x ${height}`,
    remedy: "give a size, such as --size 32, to scale and cut all pictures to",
  });
}

/** The picture files below a folder, sorted by name; links are followed, but each folder is entered once only. */
async function picturesBelow(root: string): Promise<{ pictures: FoundPicture[]; skipped: SkippedFile[] }> {
  const pictures: FoundPicture[] = [];
  const skipped: SkippedFile[] = [];
  const entered = new Set<string>();
  async function enter(path: string, name: string): Promise<void> {
    const real = await realpath(path);
    if (entered.has(real)) return;
    entered.add(real);
    const entries = (await readdir(path)).sort();
    for (const entry of entries) {
      if (entry.startsWith(".") || entry === "__MACOSX") continue;
      const child = { path: join(path, entry), name: name === "." ? entry : `${name}/${entry}` };
      const found = await stat(child.path).catch(() => undefined);
      if (found === undefined)
        skipped.push({ file: child.path, kind: "broken", reason: "it cannot be reached, or is a link to nothing" });
      else if (found.isDirectory()) await enter(child.path, child.name);
      else if (found.isFile() && pictureEndings.has(extname(entry).toLowerCase()))
        pictures.push({ ...child, folder: name });
      else skipped.push({ file: child.path, kind: "other", reason: "it is no PNG, JPEG or WebP file by its name" });
    }
  }
  await explained(root, () => enter(root, "."));
  return { pictures, skipped };
}

async function areGray(pictures: readonly FoundPicture[]): Promise<boolean> {
  for (const { path } of pictures) if (!(await isGrayPng(path))) return false;
  return true;
}

function noPictures(folder: string, skipped: readonly SkippedFile[]): LocalFlowError {
  return failure("data", {
    where: folder,
    expected: "PNG, JPEG or WebP files, IDX files, or the batches of CIFAR or ImageNet-32",
    received: skipped.length === 0 ? "an empty folder" : `${skipped.length} other files, such as ${skipped[0]!.file}`,
  });
}
