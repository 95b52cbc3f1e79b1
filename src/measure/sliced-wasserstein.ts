// sliced-wasserstein: how far two sets of points are apart, as the mean Wasserstein-1 distance of their random projections.
import { failure } from "../errors.ts";
import { fillNormal, type Random, split } from "../random.ts";

export interface SlicedOptions {
  readonly projections?: number;
}

/**
 * Mean over random unit directions of the Wasserstein-1 distance between the projected points [rows · d]. Both sets must have
 * equally many rows, at least one. In the units of the points; 0 for equal sets. Throws a "shape" error otherwise.
 */
export function slicedWasserstein(
  a: Float32Array,
  b: Float32Array,
  d: number,
  random: Random,
  { projections = 64 }: SlicedOptions = {},
): number {
  if (a.length !== b.length || a.length === 0)
    throw failure("shape", {
      where: "slicedWasserstein",
      expected: "two sets of equally many points",
      received: `${a.length / d} and ${b.length / d}`,
    });
  const rows = a.length / d;
  const directions = unitDirections(d, projections, split(random, "directions"));
  let total = 0;
  for (const direction of directions) {
    const [left, right] = [project(a, direction), project(b, direction)];
    for (let i = 0; i < rows; i++) total += Math.abs((left[i] ?? 0) - (right[i] ?? 0));
  }
  return total / (rows * projections);
}

function project(points: Float32Array, direction: Float32Array): Float32Array {
  const d = direction.length;
  const projected = new Float32Array(points.length / d);
  for (let row = 0; row < projected.length; row++) {
    let value = 0;
    for (let k = 0; k < d; k++) value += (points[row * d + k] ?? 0) * (direction[k] ?? 0);
    projected[row] = value;
  }
  return projected.sort();
}

function unitDirections(d: number, count: number, random: Random): readonly Float32Array[] {
  const gaussian = new Float32Array(count * d);
  fillNormal(random, gaussian);
  return Array.from({ length: count }, (_, i) => {
    const direction = gaussian.subarray(i * d, (i + 1) * d);
    const norm = Math.hypot(...direction);
    return direction.map((value) => value / norm);
  });
}
