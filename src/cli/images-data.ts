// images-data: opening the images that a command is about, for a model where there is one, and saying which they are.
import { type ImagePart, type ImageSet, type PixelShape, spokenShape } from "../data/images/image-set.ts";
import { type ImageOptions, imageParts, openImages } from "../data/images/open.ts";
import { failure } from "../errors.ts";
import type { ImageSourceOptions } from "./images-options.ts";
import type { CommonOptions } from "./options.ts";
import type { ProgressView } from "./progress.ts";

interface Opening extends CommonOptions, Pick<ImageSourceOptions, "onBroken"> {
  readonly memory?: number;
}

/** Opens images; who opens them closes them. */
export function openImageData(
  path: string,
  choice: Pick<ImageOptions, "size" | "channels" | "part">,
  { onBroken, memory }: Opening,
  view: ProgressView,
): Promise<ImageSet> {
  return openImages(path, {
    ...choice,
    ...(onBroken && { onBroken }),
    ...(memory !== undefined && { memory }),
    onProgress: (done, total) => view.show({ stage: "read", fraction: done / Math.max(1, total) }),
  });
}

/** Opens images in the size of a model. Throws "data" where the model's images are no squares and the set has others. */
export async function openForModel(
  path: string,
  { channels, height, width }: PixelShape,
  part: ImagePart | undefined,
  options: Opening,
  view: ProgressView,
): Promise<ImageSet> {
  const size = height === width ? { size: height } : {};
  const set = await openImageData(path, { ...size, channels, ...(part && { part }) }, options, view);
  if (set.height === height && set.width === width) return set;
  await set.close();
  throw failure("data", {
    where: set.description,
    expected: `images of ${height} x ${width} (height, width), as the model's`,
    received: `${set.height} x ${set.width}`,
  });
}

/** The part asked for, or the one that a model has not seen: test, else validation, where images are divided. */
export async function heldOutPart(path: string, { part }: ImageSourceOptions): Promise<ImagePart | undefined> {
  if (part !== undefined) return part;
  const parts = await imageParts(path);
  return (["test", "validation"] as const).find((name) => parts.includes(name));
}

/** Lends what was opened to `use`, and closes it however `use` ends. */
export async function openedFor<S extends Pick<ImageSet, "close">, T>(
  open: () => Promise<S>,
  use: (set: S) => Promise<T>,
): Promise<T> {
  const set = await open();
  try {
    return await use(set);
  } finally {
    await set.close();
  }
}

/** "10000 images of 1 x 28 x 28 (channels, height, width), part test, 10 classes: PATH (IDX)". */
export function imagesSentence(images: ImageSet): string {
  const { count, part, labels, description } = images;
  const classes = labels?.reduce((most, label) => Math.max(most, label + 1), 0);
  return [
    `${count} ${count === 1 ? "image" : "images"} of ${spokenShape(images)}`,
    ...(part === "whole" ? [] : [`part ${part}`]),
    ...(classes === undefined ? [] : [`${classes} ${classes === 1 ? "class" : "classes"}`]),
  ]
    .join(", ")
    .concat(`: ${description}`);
}
