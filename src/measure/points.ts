// points: which rows are looked at when there are more than can be: a random choice that the key decides.
import { permutation, type Random } from "../random.ts";
import { type FloatArray, floats } from "../tensor/array.ts";

/** `count` different rows of [n, d] in random order, all of them when there are no more. */
export function chosenRows({ data, shape }: FloatArray, count: number, random: Random): FloatArray {
  const [rows = 0, d = 0] = shape;
  const order = permutation(random, rows).subarray(0, count);
  const chosen = new Float32Array(order.length * d);
  order.forEach((row, n) => {
    chosen.set(data.subarray(row * d, (row + 1) * d), n * d);
  });
  return floats(chosen, [order.length, d]);
}
