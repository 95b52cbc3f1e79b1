// picture: the dark pixels of a picture as a density in the plane, the way the paper's authors sample their 2D data:
// every pixel is a Gaussian whose weight is its darkness.
import { failure } from "../errors.ts";
import { firstAbove } from "./ascending.ts";
import { logSumExp, type PlaneDensity, sampler } from "./plane-shapes.ts";
import type { GrayPicture } from "./png.ts";

/** Half the width of the window that is summed first, in standard deviations. */
const window = 8;
/** Largest share of a density that the window may leave out. */
const leftOut = 1e-8;

/**
 * The mixture of a Gaussian per pixel with weight (lightest level - its level). Pixel centres lie evenly on [-4, 4] in
 * each axis, the top row of the picture at 4; the deviations are 4 / width and 4 / height. Throws `data` for a picture of
 * one level.
 */
export function pictureDensity(name: string, { width, height, levels }: GrayPicture): PlaneDensity {
  const lightest = levels.reduce((a, b) => Math.max(a, b), 0);
  /** Row 0 is at -4. */
  const weights = new Uint8Array(levels.length);
  for (let row = 0; row < height; row++)
    for (let column = 0; column < width; column++)
      weights[row * width + column] = lightest - levels[(height - 1 - row) * width + column]!;
  const ends = new Uint32Array(weights.length);
  let total = 0;
  weights.forEach((weight, pixel) => {
    total += weight;
    ends[pixel] = total;
  });
  if (total === 0)
    throw failure("data", { where: name, expected: "a picture with dark pixels", received: "one level only" });
  const [horizontal, vertical] = [axis(width), axis(height)];
  const constant = -Math.log(total * 2 * Math.PI * horizontal.deviation * vertical.deviation);
  return {
    name,
    sample: sampler(total, ({ pick, z, w }) => {
      const pixel = firstAbove(ends, pick);
      const [row, column] = [Math.floor(pixel / width), pixel % width];
      return {
        x: horizontal.centre(column) + horizontal.deviation * z,
        y: vertical.centre(row) + vertical.deviation * w,
      };
    }),
    logDensity: (x, y) => constant + logKernelSum(weights, { horizontal, vertical, total }, x, y),
  };
}

interface Axis {
  readonly count: number;
  readonly deviation: number;
  centre(index: number): number;
  /** The indices of centres at most `reach` deviations from x. */
  near(x: number, reach: number): { readonly first: number; readonly last: number };
}

/** `count` centres evenly on [-4, 4]; a single one lies at -4, as NumPy's linspace puts it. */
function axis(count: number): Axis {
  const spacing = count > 1 ? 8 / (count - 1) : 1;
  const deviation = 4 / count;
  return {
    count,
    deviation,
    centre: (index) => -4 + spacing * index,
    near: (x, reach) => ({
      first: Math.max(0, Math.ceil((x + 4 - reach * deviation) / spacing)),
      last: Math.min(count - 1, Math.floor((x + 4 + reach * deviation) / spacing)),
    }),
  };
}

interface Kernels {
  readonly horizontal: Axis;
  readonly vertical: Axis;
  readonly total: number;
}

/**
 * log Σ weight exp(-distance² / 2), distances in deviations. What lies outside the window is below total · exp(-reach² /
 * 2), so the window grows until that is a small enough share, or until it holds all pixels.
 */
function logKernelSum(weights: Uint8Array, { horizontal, vertical, total }: Kernels, x: number, y: number): number {
  for (let reach = window; ; reach *= 2) {
    const columns = horizontal.near(x, reach);
    const rows = vertical.near(y, reach);
    const terms: number[] = [];
    for (let row = rows.first; row <= rows.last; row++) {
      const vertically = ((y - vertical.centre(row)) / vertical.deviation) ** 2 / 2;
      for (let column = columns.first; column <= columns.last; column++) {
        const weight = weights[row * horizontal.count + column]!;
        if (weight === 0) continue;
        const horizontally = ((x - horizontal.centre(column)) / horizontal.deviation) ** 2 / 2;
        terms.push(Math.log(weight) - horizontally - vertically);
      }
    }
    const sum = logSumExp(terms);
    const isAll =
      columns.first === 0 &&
      rows.first === 0 &&
      columns.last === horizontal.count - 1 &&
      rows.last === vertical.count - 1;
    if (isAll || Math.log(total) - reach ** 2 / 2 <= sum + Math.log(leftOut)) return sum;
  }
}
