// leading-directions: the few directions along which rows differ most, and bounds on distances from the places along them.
import { fillNormal, random } from "../random.ts";
import { addRowProducts } from "./row-products.ts";

/** A few numbers for each row, whose distance is never above that of the rows themselves. */
export interface Sketcher {
  /** Numbers of a sketch. */
  readonly width: number;
  /** Rows [n · d] to sketches [n · width]. */
  sketch(rows: Float32Array): Float32Array;
}

const mostDirections = 32;
/** Rows that the directions are found from, and rows that are sketched at once. */
const mostRows = 1024;
const rounds = 4;

/**
 * Sketches rows like the given ones [n · d]: their places along orthonormal directions v_1 … v_k, and the length r of what remains.
 * |x - y|^2 >= sum of (v_i·(x - y))^2 + (r_x - r_y)^2 for any such directions; the leading ones, found by a few rounds of subspace
 * iteration on the first 1024 rows, make it tight.
 */
export function sketcher(rows: Float32Array, d: number): Sketcher {
  const n = Math.min(mostRows, rows.length / d);
  const mean = new Float64Array(d);
  for (let i = 0; i < n * d; i++) mean[i % d]! += rows[i]! / n;
  const centred = (part: Float32Array) => Float64Array.from(part, (value, i) => value - mean[i % d]!);
  const directions = leadingDirections(centred(rows.subarray(0, n * d)), d, Math.min(mostDirections, d));
  const width = directions.length / d + 1;
  return {
    width,
    sketch(all) {
      const out = new Float32Array((all.length / d) * width);
      for (let first = 0; first < all.length / d; first += mostRows) {
        const part = centred(all.subarray(first * d, (first + mostRows) * d));
        const places = new Float64Array((part.length / d) * (width - 1));
        addRowProducts({ p: part, q: directions, k: d, out: places });
        for (let row = 0; row < part.length / d; row++) {
          let rest = 0;
          for (let k = 0; k < d; k++) rest += part[row * d + k]! ** 2;
          const at = (first + row) * width;
          for (let k = 0; k < width - 1; k++) {
            const place = places[row * (width - 1) + k]!;
            out[at + k] = place;
            rest -= place * place;
          }
          out[at + width - 1] = Math.sqrt(Math.max(0, rest));
        }
      }
      return out;
    },
  };
}

/** Orthonormal rows [count · d] near the leading eigenvectors of X^T X, X [n · d]. */
function leadingDirections(x: Float64Array, d: number, count: number): Float64Array {
  const n = x.length / d;
  const start = new Float32Array(count * d);
  fillNormal(random("leading directions"), start);
  const turned = transposed(x, n, d);
  let directions = orthonormal(Float64Array.from(start), d);
  for (let round = 0; round < rounds; round++) {
    const places = new Float64Array(count * n);
    addRowProducts({ p: directions, q: x, k: d, out: places });
    const next = new Float64Array(count * d);
    addRowProducts({ p: places, q: turned, k: n, out: next });
    directions = orthonormal(next, d);
  }
  return directions;
}

function transposed(x: Float64Array, n: number, d: number): Float64Array {
  const out = new Float64Array(x.length);
  for (let row = 0; row < n; row++) for (let k = 0; k < d; k++) out[k * n + row] = x[row * d + k]!;
  return out;
}

/** Gram-Schmidt, run twice; a row that depends on those before it becomes zero, which bounds nothing and breaks nothing. */
function orthonormal(rows: Float64Array, d: number): Float64Array {
  for (let i = 0; i < rows.length; i += d) {
    const own = rows.subarray(i, i + d);
    const before = Math.sqrt(dot(own, own));
    for (let pass = 0; pass < 2; pass++)
      for (let j = 0; j < i; j += d) {
        const other = rows.subarray(j, j + d);
        const overlap = dot(own, other);
        for (let k = 0; k < d; k++) own[k]! -= overlap * other[k]!;
      }
    const norm = Math.sqrt(dot(own, own));
    const scale = norm > 1e-10 * before ? 1 / norm : 0;
    for (let k = 0; k < d; k++) own[k]! *= scale;
  }
  return rows;
}

function dot(a: Float64Array, b: Float64Array): number {
  let total = 0;
  for (let k = 0; k < a.length; k++) total += a[k]! * b[k]!;
  return total;
}
