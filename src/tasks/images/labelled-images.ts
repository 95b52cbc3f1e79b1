// labelled-images: a set of images with its classes in memory, as the classifier's training takes it.
import type { ImageSet } from "../../data/images/image-set.ts";
import { failure } from "../../errors.ts";
import type { LabelledImages } from "./train-classifier.ts";

/** All images of a set with their classes. Throws "data" for a set without classes. */
export async function labelledImages(set: ImageSet): Promise<LabelledImages> {
  const { labels, count, description } = set;
  if (labels === undefined)
    throw failure("data", {
      where: description,
      expected: "images with classes",
      received: "images without",
      remedy: "put the file of labels beside the images",
    });
  return { images: await set.read(Uint32Array.from({ length: count }, (_, place) => place)), labels };
}
