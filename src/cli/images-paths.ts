// images-paths: which paths are of images by their looks.
import { stat } from "node:fs/promises";
import { basename } from "node:path";

/** IDX files and batches of CIFAR. */
const imageName = /[-.]idx[34]-ubyte(\.gz)?$|^(data_batch_\d+|test_batch)$|\.bin$/;

/** Whether a path can hold nothing but images: a folder, or a file by its name. */
export async function isImagePath(path: string): Promise<boolean> {
  if (imageName.test(basename(path))) return true;
  return (await stat(path).catch(() => undefined))?.isDirectory() ?? false;
}
