// images-pictures: the folder of `fit --pictures`, a grid of images for each look at what is trained so far.
import { mkdir, readdir, stat } from "node:fs/promises";
import { join } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { imageGrid, rasterPng } from "../pictures/grid.ts";
import type { TrainingPicture } from "../tasks/images/training-pictures.ts";
import { gridScale } from "./images-sample.ts";
import type { FitOptions } from "./options.ts";
import { checkOutput } from "./session.ts";

/**
 * The request for pictures, its folder made and found writable; nothing where none are wanted. Throws "file" for a folder with
 * files in it, unless they may be overwritten or the fit goes on from a checkpoint.
 */
export async function picturesOf({ pictures: folder, force = false, resume = false }: FitOptions) {
  if (folder === undefined) return {};
  const found = await stat(folder).catch(() => undefined);
  if (found && !found.isDirectory()) throw refused(folder, "a folder", "a file", "give another name");
  if (found && !force && !resume && (await readdir(folder)).length > 0)
    throw refused(folder, "a new or empty folder", "one with files in it", "add --force to write into it");
  await mkdir(folder, { recursive: true }).catch((error: Error) => {
    throw refused(folder, "a folder that can be made", error.message, "give another name");
  });
  await checkOutput(join(folder, "block.png"), { force: true });
  return { pictures: { save: writer(folder) } };
}

function refused(where: string, expected: string, received: string, remedy: string) {
  return failure("file", { where, expected, received, remedy });
}

/** Names such as block-1-iteration-000400.png, which sort as they were made. */
function writer(folder: string) {
  return async ({ block, iteration, images }: TrainingPicture): Promise<void> => {
    const name = `block-${block}-iteration-${String(iteration).padStart(6, "0")}.png`;
    const grid = rasterPng(imageGrid(images, { scale: gridScale(images, images.count) }));
    await writeFileAtomically(join(folder, name), grid, { force: true });
  };
}
