// points: which rows are looked at when there are more than can be: a random choice that the key decides.
import { permutation, type Random } from "../random.ts";
import { type FloatArray, pickedRows } from "../tensor/array.ts";

/** `count` different rows of [n, d] in random order, all of them when there are no more. */
export function chosenRows(points: FloatArray, count: number, random: Random): FloatArray {
  return pickedRows(points, permutation(random, points.shape[0] ?? 0).subarray(0, count));
}
