// kernel-distance: how far two sets of features are apart by the cubic kernel (KID), unbiased, from blocks of rows.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type Estimate, meanOf } from "./estimate.ts";
import { addRowProducts } from "./row-products.ts";

/** Rows of a block at most, as in the paper, and how many blocks there are at least. */
const mostRows = 1000;
const fewestBlocks = 10;
const fewestRows = 4;
/** Rows of each side that a distance takes. */
export const fewestCompared = fewestBlocks * fewestRows;

/**
 * MMD^2 = E k(x, x') + E k(y, y') - 2 E k(x, y) with k(x, y) = (x·y / d + 1)^3, of feature rows [n, d] in random order: the mean of
 * its unbiased values over disjoint blocks of up to 1000 rows, at least 10 blocks; a little below 0 half the time for sets of
 * one law. The standard error is over the blocks. Rows beyond the smaller set's are not looked at. Throws "data" for fewer than
 * 40 rows, "shape" for rows of two widths. Source: M. Bińkowski and others, "Demystifying MMD GANs" (2018), section 4.
 */
export function kernelDistance(
  a: FloatArray,
  b: FloatArray,
): Estimate & { readonly blocks: number; readonly block: number } {
  const [d = 0, width] = [a.shape[1], b.shape[1]];
  if (width !== d)
    throw failure("shape", { where: "kernel distance", expected: `rows of ${d} features`, received: String(width) });
  const count = Math.min(a.shape[0] ?? 0, b.shape[0] ?? 0);
  const block = Math.min(mostRows, Math.floor(count / fewestBlocks));
  if (block < fewestRows)
    throw failure("data", {
      where: "kernel distance",
      expected: `at least ${fewestCompared} rows of each side`,
      received: String(count),
    });
  const blocks = Math.floor(count / block);
  const values = Array.from({ length: blocks }, (_, n) => {
    const part = ({ data }: FloatArray) => Float64Array.from(data.subarray(n * block * d, (n + 1) * block * d));
    const [x, y] = [part(a), part(b)];
    return within(x, d, block) + within(y, d, block) - 2 * between(x, y, d, block);
  });
  return { ...meanOf(values), blocks, block };
}

const cubic = (product: number, d: number) => (product / d + 1) ** 3;

/** Mean kernel of two different rows. */
function within(x: Float64Array, d: number, n: number): number {
  const products = new Float64Array(n * n);
  addRowProducts({ p: x, q: x, k: d, out: products, lower: true });
  let total = 0;
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) total += cubic(products[i * n + j]!, d);
  return total / ((n * (n - 1)) / 2);
}

function between(x: Float64Array, y: Float64Array, d: number, n: number): number {
  const products = new Float64Array(n * n);
  addRowProducts({ p: x, q: y, k: d, out: products });
  return products.reduce((total, product) => total + cubic(product, d), 0) / (n * n);
}
