// nearest-neighbours: samples beside the training images that are nearest to them, to be looked at.
import { levelsPerImage, type PixelBlock } from "../../data/images/image-set.ts";

/** Each image followed by its `near` nearest ones among `others`, by the Euclidean distance of levels: rows of 1 + near images. */
export function nearestImagesOf(images: PixelBlock, others: PixelBlock, near: number): PixelBlock {
  const size = levelsPerImage(images);
  const kept = Math.min(near, others.count);
  const levels = new Uint8Array(images.count * (1 + kept) * size);
  for (let n = 0; n < images.count; n++) {
    const own = images.levels.subarray(n * size, (n + 1) * size);
    levels.set(own, n * (1 + kept) * size);
    nearestPlaces(own, others, kept).forEach((place, k) => {
      levels.set(others.levels.subarray(place * size, (place + 1) * size), (n * (1 + kept) + 1 + k) * size);
    });
  }
  const { channels, height, width } = images;
  return { channels, height, width, count: images.count * (1 + kept), levels };
}

/** Places of the `near` nearest images, nearest first, earlier ones before equal ones. */
function nearestPlaces(own: Uint8Array, { levels, count }: PixelBlock, near: number): readonly number[] {
  const size = own.length;
  const best: { readonly place: number; readonly distance: number }[] = [];
  for (let place = 0; place < count; place++) {
    const limit = best.length < near ? Number.POSITIVE_INFINITY : (best.at(-1)?.distance ?? 0);
    let distance = 0;
    for (let k = 0; k < size && distance < limit; k++) distance += (own[k]! - levels[place * size + k]!) ** 2;
    if (distance >= limit) continue;
    const at = best.findIndex((other) => distance < other.distance);
    best.splice(at < 0 ? best.length : at, 0, { place, distance });
    if (best.length > near) best.pop();
  }
  return best.map(({ place }) => place);
}
