// sliced-wasserstein: how far two sets of points are apart, by the Wasserstein distances of their random projections.
import { fillNormal, type Random, split } from "../random.ts";
import { type Estimate, spread } from "./estimate.ts";
import { fewestPoints, pairedRows } from "./pairs.ts";

export interface SlicedOptions {
  /** Random directions; default 64. */
  readonly projections?: number;
  /** p of the Wasserstein-p distance, at least 1; default 1. */
  readonly order?: number;
}

/**
 * (mean over random unit directions of W_p^p)^(1/p), W_p the Wasserstein-p distance between the projected points [rows ·
 * d]. Both sets must have equally many rows, at least one. In the units of the points; 0 for equal sets, and above 0
 * for two sets of one law: about as much as their number of rows lets it be. Throws a "shape" error otherwise.
 * Source: N. Bonneel and others, "Sliced and Radon Wasserstein barycenters of measures" (2015).
 */
export function slicedWasserstein(
  a: Float32Array,
  b: Float32Array,
  d: number,
  random: Random,
  { projections = 64, order = 1 }: SlicedOptions = {},
): number {
  const rows = pairedRows("slicedWasserstein", a, b, d, 1);
  let total = 0;
  for (const direction of unitDirections(d, projections, random)) {
    const [left, right] = [project(a, direction).sort(), project(b, direction).sort()];
    for (let i = 0; i < rows; i++) total += Math.abs((left[i] ?? 0) - (right[i] ?? 0)) ** order;
  }
  return (total / (rows * projections)) ** (1 / order);
}

/**
 * The same value with its standard error over new points and new directions; at least 8 rows. The points' share is that
 * of the Kantorovich potentials phi: the value moves by the mean of phi over a's points plus that over b's, to first
 * order, so it is Var phi(X) / rows + Var phi(Y) / rows, phi averaged over the directions.
 */
export function slicedWassersteinEstimate(
  a: Float32Array,
  b: Float32Array,
  d: number,
  random: Random,
  { projections = 64, order = 1 }: SlicedOptions = {},
): Estimate {
  const rows = pairedRows("slicedWassersteinEstimate", a, b, d, fewestPoints);
  const powers = new Float64Array(projections);
  const potentials = { a: new Float64Array(rows), b: new Float64Array(rows) };
  unitDirections(d, projections, random).forEach((direction, n) => {
    const [left, right] = [ranked(project(a, direction)), ranked(project(b, direction))];
    const slopes = left.sorted.map((x, i) => slope(x - (right.sorted[i] ?? 0), order));
    left.sorted.forEach((x, i) => {
      powers[n] = (powers[n] ?? 0) + Math.abs(x - (right.sorted[i] ?? 0)) ** order / rows;
    });
    addPotential(potentials.a, left, slopes, 1);
    addPotential(potentials.b, right, slopes, -1);
  });
  const { mean, variance } = spread(powers);
  const points = spread(potentials.a).variance + spread(potentials.b).variance;
  const directions = projections > 1 && d > 1 ? variance / projections : 0;
  const error = Math.sqrt(points / (rows * projections ** 2) + directions);
  const value = mean ** (1 / order);
  return { value, standardError: value === 0 ? 0 : error / (order * value ** (order - 1)) };
}

/** Derivative of |x|^p. */
function slope(x: number, order: number): number {
  return order * Math.sign(x) * Math.abs(x) ** (order - 1);
}

interface Ranked {
  readonly sorted: Float64Array;
  /** Which row stands at each place. */
  readonly rows: Uint32Array;
}

function ranked(values: Float32Array): Ranked {
  const rows = Uint32Array.from(values, (_, i) => i).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  return { sorted: Float64Array.from(rows, (i) => values[i] ?? 0), rows };
}

/** Adds to each row the potential whose slope at the k-th smallest point is sign · slopes[k], by the trapezoid rule. */
function addPotential(sum: Float64Array, { sorted, rows }: Ranked, slopes: Float64Array, sign: 1 | -1): void {
  let potential = 0;
  for (let k = 0; k < rows.length; k++) {
    const row = rows[k] ?? 0;
    if (k > 0) {
      const mean = ((slopes[k - 1] ?? 0) + (slopes[k] ?? 0)) / 2;
      potential += sign * mean * ((sorted[k] ?? 0) - (sorted[k - 1] ?? 0));
    }
    sum[row] = (sum[row] ?? 0) + potential;
  }
}

function project(points: Float32Array, direction: Float32Array): Float32Array {
  const d = direction.length;
  const projected = new Float32Array(points.length / d);
  for (let row = 0; row < projected.length; row++) {
    let value = 0;
    for (let k = 0; k < d; k++) value += (points[row * d + k] ?? 0) * (direction[k] ?? 0);
    projected[row] = value;
  }
  return projected;
}

function unitDirections(d: number, count: number, random: Random): readonly Float32Array[] {
  const gaussian = new Float32Array(count * d);
  fillNormal(split(random, "directions"), gaussian);
  return Array.from({ length: count }, (_, i) => {
    const direction = gaussian.subarray(i * d, (i + 1) * d);
    const norm = Math.hypot(...direction);
    return direction.map((value) => value / norm);
  });
}
