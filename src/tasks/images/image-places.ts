// image-places: which images of a set are looked at when not all are, and their numbers.
import { type ImageSet, levelsPerImage } from "../../data/images/image-set.ts";
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { permutation, type Random } from "../../random.ts";
import { checkSignal } from "../../runtime/pause.ts";
import type { PoolPrecision } from "../../train/configuration.ts";
import { imagePool } from "../../train/image-pool.ts";
import type { RowPool } from "../../train/row-pool.ts";

/** Images that are read at once. */
const imagesAtOnce = 1024;

/** All places in their order, or a random choice of `most` of them, in order too. */
export function chosenPlaces(count: number, most: number | undefined, key: Random): Uint32Array {
  if (most !== undefined && !(Number.isSafeInteger(most) && most >= 1))
    throw failure("option", { where: "images", expected: "a whole number of at least 1", received: String(most) });
  if (most === undefined || most >= count) return Uint32Array.from({ length: count }, (_, n) => n);
  return permutation(key, count).slice(0, most).sort();
}

/**
 * The images at these places as a pool of rows [n, channels · height · width] of [-1, 1], the middle of each level's cell, whose
 * pushed rows are held in `precision`; and a fingerprint of the levels.
 */
export async function poolAt(
  images: ImageSet,
  places: Uint32Array,
  precision: PoolPrecision,
  signal?: AbortSignal,
): Promise<{ readonly pool: RowPool; readonly mark: string }> {
  const pool = imagePool(places.length, levelsPerImage(images), precision);
  const marks: string[] = [];
  for (let first = 0; first < places.length; first += imagesAtOnce) {
    checkSignal(signal, "reading images");
    const { levels } = await images.read(places.subarray(first, first + imagesAtOnce));
    pool.setLevels(first, levels);
    marks.push(fingerprint(levels));
  }
  return { pool, mark: fingerprint(new TextEncoder().encode(marks.join(" "))) };
}
