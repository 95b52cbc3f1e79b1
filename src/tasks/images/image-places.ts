// image-places: which images of a set are looked at when not all are, and their numbers.
import { type ImageSet, levelsPerImage } from "../../data/images/image-set.ts";
import { readRows } from "../../data/images/rows.ts";
import { failure } from "../../errors.ts";
import { permutation, type Random } from "../../random.ts";
import { checkSignal } from "../../runtime/pause.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";

/** Images that are turned into numbers at once. */
const imagesAtOnce = 1024;

/** All places in their order, or a random choice of `most` of them, in order too. */
export function chosenPlaces(count: number, most: number | undefined, key: Random): Uint32Array {
  if (most !== undefined && !(Number.isSafeInteger(most) && most >= 1))
    throw failure("option", { where: "images", expected: "a whole number of at least 1", received: String(most) });
  if (most === undefined || most >= count) return Uint32Array.from({ length: count }, (_, n) => n);
  return permutation(key, count).slice(0, most).sort();
}

/** The images at these places as rows [n, channels · height · width] of [-1, 1], the middle of each level's cell. */
export async function rowsAt(images: ImageSet, places: Uint32Array, signal?: AbortSignal): Promise<FloatArray> {
  const d = levelsPerImage(images);
  const rows = new Float32Array(places.length * d);
  for (let first = 0; first < places.length; first += imagesAtOnce) {
    checkSignal(signal, "reading images");
    const part = await readRows(images, places.subarray(first, first + imagesAtOnce));
    rows.set(part.data, first * d);
  }
  return floats(rows, [places.length, d]);
}
