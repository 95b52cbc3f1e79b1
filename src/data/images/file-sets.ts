// file-sets (Node only): the images that one file holds.
import { basename, extname } from "node:path";
import { failure } from "../../errors.ts";
import { listNames } from "../columns.ts";
import {
  type ArchivedImages,
  type ArrayFileOptions,
  imagesInArchive,
  openNpyImages,
  openNpzImages,
  openPickledImages,
} from "./array-files.ts";
import { openCifarBinary } from "./cifar-binary.ts";
import type { SourceSet } from "./folder-sets.ts";
import { holdFile } from "./held-file.ts";
import { openIdx } from "./idx.ts";
import type { ImageRun } from "./image-set.ts";
import { pictureEndings } from "./picture-file.ts";

/** The set in a file, `archive.npz:name` for one array of several. Throws `option` and `data` errors. */
export async function setInFile(path: string, options: ArrayFileOptions): Promise<SourceSet> {
  const whole = (open: () => Promise<ImageRun>): SourceSet => ({
    entries: [{ kind: "file", part: "whole", path, open }],
  });
  const [, archive, name] = /^(.*\.npz):([^/\\]+)$/i.exec(path) ?? [];
  if (archive !== undefined && name !== undefined)
    return whole(() => openNpzImages(archive, { part: "whole", images: name }, options));
  const ending = extname(path).toLowerCase();
  if (ending === ".npz") return archiveSet(path, await imagesInArchive(path), options);
  if (ending === ".npy") return whole(() => openNpyImages(path, options));
  if (ending === ".bin") return whole(() => openCifarBinary(path, 1, 10));
  if (/[-.]idx[34]-ubyte(\.gz)?$/.test(basename(path))) return whole(() => openIdx(path));
  if (ending === ".pkl" || ending === ".pickle" || isPickle(path)) return whole(() => openPickledImages(path, options));
  throw failure("data", {
    where: path,
    expected: `${listNames([".npy", ".npz", ".pickle", "an IDX file", "a batch of CIFAR"])} or a folder of pictures`,
    received: pictureEndings.has(ending) ? "one picture" : "another file",
    ...(pictureEndings.has(ending) && { remedy: "name the folder it is in" }),
  });
}

function archiveSet(path: string, arrays: readonly ArchivedImages[], options: ArrayFileOptions): SourceSet {
  return {
    entries: arrays.map((images) => ({
      kind: "file",
      part: images.part,
      path: `${path}:${images.images}`,
      open: () => openNpzImages(path, images, options),
    })),
  };
}

/** Batches of CIFAR have no ending: protocol 2 and above start with 0x80, older ones with a mark, "(". */
function isPickle(path: string): boolean {
  const file = holdFile(path);
  try {
    const first = new Uint8Array(Math.min(1, file.size));
    file.source.read(0, first);
    return first[0] === 0x80 || first[0] === 0x28;
  } finally {
    file.close();
  }
}
