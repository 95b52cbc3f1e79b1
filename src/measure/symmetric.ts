// symmetric: factors and eigenvalues of symmetric matrices of some thousand rows, in float64.
import { failure } from "../errors.ts";

/** A = L L^T of a positive semidefinite matrix of rank r, its rows and columns taken in the order of `order`. */
export interface PivotedFactor {
  /** L^T [rank · d]: entry (k, i) belongs to column order[i] of A; zero for i < k. */
  readonly upper: Float64Array;
  readonly rank: number;
  readonly order: Uint32Array;
}

/**
 * Cholesky's factor with the largest remaining variance first, so that it also exists where columns depend on each other. What
 * remains below d · 2^-52 of the largest variance counts as zero. d^3 / 6 steps. Reads the lower triangle of `a` [d · d].
 * Source: N. Higham, "Analysis of the Cholesky decomposition of a semi-definite matrix" (1990).
 */
export function pivotedFactor(a: Float64Array, d: number): PivotedFactor {
  const rest = a.slice();
  const order = Uint32Array.from({ length: d }, (_, i) => i);
  const rows: Float64Array[] = [];
  let least = 0;
  for (let k = 0; k < d; k++) {
    const pivot = largestOnDiagonal(rest, d, k);
    const variance = rest[pivot * d + pivot]!;
    if (k === 0) least = d * Number.EPSILON * variance;
    if (!(variance > least)) break;
    exchange(rest, d, k, pivot);
    [order[k], order[pivot]] = [order[pivot]!, order[k]!];
    for (const row of rows) [row[k], row[pivot]] = [row[pivot]!, row[k]!];
    rows.push(eliminated(rest, d, k));
  }
  const upper = new Float64Array(rows.length * d);
  rows.forEach((row, k) => {
    upper.set(row, k * d);
  });
  return { upper, rank: rows.length, order };
}

function largestOnDiagonal(a: Float64Array, d: number, from: number): number {
  let best = from;
  for (let i = from + 1; i < d; i++) if (a[i * d + i]! > a[best * d + best]!) best = i;
  return best;
}

/** Exchanges rows and columns k < p of what remains, in the lower triangle. */
function exchange(a: Float64Array, d: number, k: number, p: number): void {
  if (k === p) return;
  const swap = (from: number, to: number) => {
    const kept = a[from]!;
    a[from] = a[to]!;
    a[to] = kept;
  };
  swap(k * d + k, p * d + p);
  for (let i = k + 1; i < p; i++) swap(i * d + k, p * d + i);
  for (let i = p + 1; i < d; i++) swap(i * d + k, i * d + p);
}

/** Column k of L as a row, taken out of what remains. */
function eliminated(a: Float64Array, d: number, k: number): Float64Array {
  const row = new Float64Array(d);
  const root = Math.sqrt(a[k * d + k]!);
  row[k] = root;
  for (let i = k + 1; i < d; i++) row[i] = a[i * d + k]! / root;
  for (let i = k + 1; i < d; i++) {
    const [factor, at] = [row[i]!, i * d];
    for (let j = k + 1; j <= i; j++) a[at + j]! -= factor * row[j]!;
  }
  return row;
}

/**
 * The eigenvalues of a symmetric matrix, in no particular order: Householder's tridiagonal form in d^3 / 6 steps, then the implicit
 * QL method. Reads the lower triangle of `a` [d · d] and overwrites it. Throws "numeric" for numbers that are not finite.
 * Source: J. Wilkinson and C. Reinsch, "Handbook for Automatic Computation II: Linear Algebra" (1971), II/2 and II/3.
 */
export function symmetricEigenvalues(a: Float64Array, d: number): Float64Array {
  return tridiagonalEigenvalues(tridiagonal(a, d));
}

interface Tridiagonal {
  readonly diagonal: Float64Array;
  /** Entry i couples i and i - 1; entry 0 is unused. */
  readonly beside: Float64Array;
}

/**
 * Rows are reduced from the last to the first. The change of rank two that a reflection v makes, A - v w^T - w v^T, is not
 * applied until the next one needs A v', in the same pass over the memory.
 */
function tridiagonal(a: Float64Array, d: number): Tridiagonal {
  const [diagonal, beside] = [new Float64Array(d), new Float64Array(d)];
  let [v, w, next, product] = Array.from({ length: 4 }, () => new Float64Array(d)) as [
    Float64Array,
    Float64Array,
    Float64Array,
    Float64Array,
  ];
  for (let i = d - 1; i >= 0; i--) {
    const row = a.subarray(i * d, i * d + i + 1);
    for (let j = 0; j <= i; j++) row[j]! -= v[i]! * w[j]! + w[i]! * v[j]!;
    diagonal[i] = row[i]!;
    if (i === 0) break;
    const { coupling, scale } = reflection(row, i, next);
    beside[i] = coupling;
    changeAndMultiply(a, d, i, v, w, next, product);
    let overlap = 0;
    for (let j = 0; j < i; j++) overlap += next[j]! * product[j]!;
    for (let j = 0; j < i; j++) product[j] = scale * (product[j]! - (scale / 2) * overlap * next[j]!);
    [v, w, next, product] = [next, product, v, w];
  }
  return { diagonal, beside };
}

/** The v for which (1 - scale v v^T) turns the first n entries of a row into (0, …, 0, coupling); zero when they are so already. */
function reflection(
  row: Float64Array,
  n: number,
  v: Float64Array,
): { readonly coupling: number; readonly scale: number } {
  const last = row[n - 1]!;
  let others = 0;
  for (let j = 0; j < n - 1; j++) others += row[j]! * row[j]!;
  v.fill(0);
  if (others === 0) return { coupling: last, scale: 0 };
  const coupling = -Math.sign(last || 1) * Math.sqrt(others + last * last);
  v.set(row.subarray(0, n));
  v[n - 1] = last - coupling;
  return { coupling, scale: 2 / (others + v[n - 1]! ** 2) };
}

/** Of the leading n x n part: A becomes A - v w^T - w v^T, and `product` the new A times `next`. */
function changeAndMultiply(
  a: Float64Array,
  d: number,
  n: number,
  v: Float64Array,
  w: Float64Array,
  next: Float64Array,
  product: Float64Array,
): void {
  product.fill(0);
  for (let i = 0; i < n; i++) {
    const [vi, wi, xi, at] = [v[i]!, w[i]!, next[i]!, i * d];
    let total = 0;
    for (let j = 0; j < i; j++) {
      const value = a[at + j]! - vi * w[j]! - wi * v[j]!;
      a[at + j] = value;
      total += value * next[j]!;
      product[j]! += value * xi;
    }
    const value = a[at + i]! - 2 * vi * wi;
    a[at + i] = value;
    product[i]! += total + value * xi;
  }
}

/** More than any matrix of finite numbers takes. */
const mostSweeps = 60;

function tridiagonalEigenvalues({ diagonal, beside }: Tridiagonal): Float64Array {
  const d = diagonal.length;
  const e = new Float64Array(d);
  e.set(beside.subarray(1));
  if (![diagonal, e].every((values) => values.every(Number.isFinite))) throw notFinite();
  for (let l = 0; l < d; l++)
    for (let sweep = 0; ; sweep++) {
      let m = l;
      while (m < d - 1 && Math.abs(e[m]!) > Number.EPSILON * (Math.abs(diagonal[m]!) + Math.abs(diagonal[m + 1]!))) m++;
      if (m === l) break;
      if (sweep === mostSweeps) throw notFinite();
      chase(diagonal, e, l, m);
    }
  return diagonal;
}

/** One QL sweep over rows l … m with Wilkinson's shift. */
function chase(diagonal: Float64Array, e: Float64Array, l: number, m: number): void {
  const half = (diagonal[l + 1]! - diagonal[l]!) / (2 * e[l]!);
  const root = Math.hypot(half, 1);
  let g = diagonal[m]! - diagonal[l]! + e[l]! / (half + (half < 0 ? -root : root));
  let [s, c, p] = [1, 1, 0];
  for (let i = m - 1; i >= l; i--) {
    const [f, b] = [s * e[i]!, c * e[i]!];
    const r = Math.hypot(f, g);
    e[i + 1] = r;
    if (r === 0) {
      diagonal[i + 1]! -= p;
      e[m] = 0;
      return;
    }
    s = f / r;
    c = g / r;
    g = diagonal[i + 1]! - p;
    const t = (diagonal[i]! - g) * s + 2 * c * b;
    p = s * t;
    diagonal[i + 1] = g + p;
    g = c * t - b;
  }
  diagonal[l]! -= p;
  e[l] = g;
  e[m] = 0;
}

function notFinite() {
  return failure("numeric", {
    where: "eigenvalues",
    expected: "a symmetric matrix of finite numbers",
    received: "another",
  });
}
