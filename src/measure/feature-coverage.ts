// feature-coverage: precision, recall, density and coverage of images by the neighbourhoods of their features.
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type Neighbourhoods, neighbourhoodShares } from "./coverage.ts";
import { addRowProducts } from "./row-products.ts";
import type { Steps } from "./steps.ts";

export interface FeatureCoverageOptions {
  /** Rows of each side that are looked at, at most: the first ones; default 4096. */
  readonly rows?: number;
  /** A neighbourhood reaches to the k-th nearest row of the same side; default 5. */
  readonly neighbours?: number;
}

const mostRows = 4096;
/** Rows whose distances are computed at once. */
const block = 256;

/**
 * Real features [n, d] made ready to be held beside several sets: how much of them each set reaches, by Euclidean
 * distance. Of both sides the first `rows` rows count, which should be in random order. What the four shares are says
 * `Neighbourhoods`. Throws "data" for fewer rows than a neighbourhood takes, "shape" for a set of fewer rows or of
 * another width.
 */
export function* coverageReference(
  real: FloatArray,
  { rows = mostRows, neighbours: k = 5 }: FeatureCoverageOptions = {},
): Steps<(other: FloatArray) => Steps<Neighbourhoods>> {
  const [available = 0, d = 0] = real.shape;
  const n = Math.min(rows, available);
  if (!(n > k && k >= 1))
    throw failure("data", { where: "coverage", expected: `more than ${k} rows of each side`, received: String(n) });
  const first = ({ data }: FloatArray) => Float64Array.from(data.subarray(0, n * d));
  const points = first(real);
  const realRadii = yield* radii(points, d, k);
  return function* (other) {
    if (other.shape[1] !== d || (other.shape[0] ?? 0) < n)
      throw failure("shape", {
        where: "coverage",
        expected: `${n} rows of ${d} features`,
        received: `[${other.shape.join(", ")}]`,
      });
    const own = first(other);
    const otherRadii = yield* radii(own, d, k);
    const [around, reached, covered] = [new Float64Array(n), new Float64Array(n), new Float64Array(n)];
    yield* eachDistance(own, points, d, (i, j, squared) => {
      if (squared <= realRadii[j]!) {
        around[i]!++;
        covered[j] = 1;
      }
      if (squared <= otherRadii[i]!) reached[j]!++;
    });
    return neighbourhoodShares({ around, reached, covered, k });
  };
}

/** Squared distance of each row to its k-th nearest other one. */
function* radii(points: Float64Array, d: number, k: number): Steps<Float64Array> {
  const nearest = new Float64Array((points.length / d) * k).fill(Number.POSITIVE_INFINITY);
  yield* eachDistance(points, points, d, (i, j, squared) => {
    if (i === j || !(squared < nearest[i * k + k - 1]!)) return;
    let place = i * k + k - 1;
    for (; place > i * k && nearest[place - 1]! > squared; place--) nearest[place] = nearest[place - 1]!;
    nearest[place] = squared;
  });
  return Float64Array.from({ length: points.length / d }, (_, i) => nearest[i * k + k - 1]!);
}

/** Calls with the squared distance |a|^2 + |b|^2 - 2 a·b of row i of a and row j of b, all of them, a block of rows a step. */
function* eachDistance(
  a: Float64Array,
  b: Float64Array,
  d: number,
  visit: (i: number, j: number, squared: number) => void,
): Steps<void> {
  const [squaresA, squaresB] = [rowSquares(a, d), rowSquares(b, d)];
  const [n, m] = [a.length / d, b.length / d];
  for (let first = 0; first < n; first += block) {
    const p = a.subarray(first * d, Math.min(n, first + block) * d);
    const products = new Float64Array((p.length / d) * m);
    addRowProducts({ p, q: b, k: d, out: products });
    for (let row = 0, at = 0; row < p.length / d; row++)
      for (let j = 0; j < m; j++, at++)
        visit(first + row, j, Math.max(0, squaresA[first + row]! + squaresB[j]! - 2 * products[at]!));
    yield;
  }
}

function rowSquares(rows: Float64Array, d: number): Float64Array {
  const squares = new Float64Array(rows.length / d);
  for (let i = 0; i < squares.length; i++) for (let k = 0; k < d; k++) squares[i]! += rows[i * d + k]! ** 2;
  return squares;
}
