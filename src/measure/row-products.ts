// row-products: sums of products of rows, the inner loop of covariances, distances and matrix square roots, in float64.

export interface RowProducts {
  /** [m · k], row-major. */
  readonly p: Float64Array;
  /** [n · k], row-major. */
  readonly q: Float64Array;
  readonly k: number;
  /** [m · n]; the products are added to what it holds. */
  readonly out: Float64Array;
  /** Only entries (i, j) with j <= i are needed; some above may be computed too. */
  readonly lower?: boolean;
  /** Rows of p, or of q, begin with zeros up to the place of their own number (an upper triangular matrix). */
  readonly triangular?: "p" | "q";
}

/** Rows of a tile, and how many places of a row are summed at once: what stays near the core. */
const tile = 4;
const depth = 256;

/** out[i, j] += sum over l of p[i, l] q[j, l], in tiles of 4 x 4 sums: 16 products for 8 numbers read. */
export function addRowProducts({ p, q, k, out, lower = false, triangular }: RowProducts): void {
  const [m, n] = [p.length / k, q.length / k];
  for (let first = 0; first < k; first += depth)
    for (let i = 0; i < m; i += tile)
      for (let j = 0; j < (lower ? Math.min(n, i + tile) : n); j += tile) {
        const start = Math.max(first, triangular === "p" ? i : triangular === "q" ? j : 0);
        const end = Math.min(k, first + depth);
        if (start >= end) continue;
        if (i + tile <= m && j + tile <= n) addTile(p, i * k, q, j * k, k, start, end, out, i * n + j, n);
        else addEdge(p, q, k, start, end, out, i, Math.min(m, i + tile), j, Math.min(n, j + tile), n);
      }
}

function addTile(
  p: Float64Array,
  pAt: number,
  q: Float64Array,
  qAt: number,
  k: number,
  start: number,
  end: number,
  out: Float64Array,
  at: number,
  n: number,
): void {
  let [s00, s01, s02, s03, s10, s11, s12, s13] = [0, 0, 0, 0, 0, 0, 0, 0];
  let [s20, s21, s22, s23, s30, s31, s32, s33] = [0, 0, 0, 0, 0, 0, 0, 0];
  for (let l = start; l < end; l++) {
    const [a, b] = [pAt + l, qAt + l];
    const [a0, a1, a2, a3] = [p[a]!, p[a + k]!, p[a + 2 * k]!, p[a + 3 * k]!];
    const [b0, b1, b2, b3] = [q[b]!, q[b + k]!, q[b + 2 * k]!, q[b + 3 * k]!];
    s00 += a0 * b0;
    s01 += a0 * b1;
    s02 += a0 * b2;
    s03 += a0 * b3;
    s10 += a1 * b0;
    s11 += a1 * b1;
    s12 += a1 * b2;
    s13 += a1 * b3;
    s20 += a2 * b0;
    s21 += a2 * b1;
    s22 += a2 * b2;
    s23 += a2 * b3;
    s30 += a3 * b0;
    s31 += a3 * b1;
    s32 += a3 * b2;
    s33 += a3 * b3;
  }
  addFour(out, at, s00, s01, s02, s03);
  addFour(out, at + n, s10, s11, s12, s13);
  addFour(out, at + 2 * n, s20, s21, s22, s23);
  addFour(out, at + 3 * n, s30, s31, s32, s33);
}

function addFour(out: Float64Array, at: number, a: number, b: number, c: number, d: number): void {
  out[at]! += a;
  out[at + 1]! += b;
  out[at + 2]! += c;
  out[at + 3]! += d;
}

function addEdge(
  p: Float64Array,
  q: Float64Array,
  k: number,
  start: number,
  end: number,
  out: Float64Array,
  iFrom: number,
  iTo: number,
  jFrom: number,
  jTo: number,
  n: number,
): void {
  for (let i = iFrom; i < iTo; i++)
    for (let j = jFrom; j < jTo; j++) {
      let total = 0;
      for (let l = start; l < end; l++) total += p[i * k + l]! * q[j * k + l]!;
      out[i * n + j]! += total;
    }
}
