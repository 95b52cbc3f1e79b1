// classes: what a network is told of a row's class, and velocities that follow a class more than the data did (guidance).
import { failure } from "../errors.ts";
import { fillUniform, type Random } from "../random.ts";
import { add, multiply, subtract } from "../tensor/arithmetic.ts";
import { type FloatArray, zeros } from "../tensor/array.ts";
import { concatenate, reshape, slice } from "../tensor/layout.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { VelocityField } from "./matching.ts";

/** The class of a row that the network is not told. */
export const noClass = -1;

/** Rows [rows, count] with 1 at each row's class; zeros without one. Throws "option" for classes that there are not. */
export function classShares(classes: Int32Array, count: number): FloatArray {
  const shares = zeros([classes.length, count]);
  fillShares(classes, count, shares.data);
  return shares;
}

/** The same into `out` [rows · count]. */
export function fillShares(classes: Int32Array, count: number, out: Float32Array): void {
  out.fill(0);
  classes.forEach((own, row) => {
    if (own === noClass) return;
    if (own < 0 || own >= count)
      throw failure("option", {
        where: "classes",
        expected: `0 to ${count - 1}, or -1 for none`,
        received: String(own),
      });
    out[row * count + own] = 1;
  });
}

/** The classes of rows, each left out with a probability of `share`. */
export function withoutSome(classes: Int32Array, share: number, random: Random): Int32Array {
  const draws = new Float32Array(classes.length);
  fillUniform(random, draws);
  return classes.map((own, row) => ((draws[row] ?? 0) < share ? noClass : own));
}

/**
 * Classifier-free guidance (Ho and Salimans, arXiv 2207.12598) of points [rows, d] whose classes are `shares` [rows, classes]:
 * v(x, no class) + strength · (v(x, class) - v(x, no class)). Both velocities come from one evaluation, side by side along an
 * axis behind the rows.
 */
export function guidedVelocity(
  velocityOf: (shares: Tensor) => VelocityField,
  shares: Tensor,
  strength: Tensor,
): VelocityField {
  const [rows = 1, classes = 0] = shares.shape;
  const told = reshape(shares, [rows, 1, classes]);
  const both = concatenate([multiply(0, told), told], 1);
  return (x, t) => {
    const d = x.shape[1] ?? 0;
    const point = reshape(x, [rows, 1, d]);
    const pair = velocityOf(both)(concatenate([point, point], 1), reshape(t, [rows, 1, 1]));
    const half = (k: number) => reshape(slice(pair, 1, k, k + 1), [rows, d]);
    const [plain, own] = [half(0), half(1)];
    return add(plain, multiply(strength, subtract(own, plain)));
  };
}
