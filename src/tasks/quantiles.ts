// quantiles: a distribution of numbers kept as a fixed grid of quantiles, and where a value stands in it.
import { countBelow, lastUpTo } from "../data/ascending.ts";
import { invariant } from "../errors.ts";

/** Percent points of the grid: every whole one, and finer ones at both ends. */
export const percentGrid: readonly number[] = [
  ...[0, 0.1, 0.2, 0.5],
  ...Array.from({ length: 99 }, (_, n) => n + 1),
  ...[99.5, 99.8, 99.9, 100],
];

/** Quantiles of finite values at `percentGrid`, straight between neighbours in order, to the seven digits of a float32. */
export function quantilesOf(values: ArrayLike<number>): readonly number[] {
  const sorted = Float64Array.from(values).sort();
  invariant(sorted.length > 0, "quantiles are of at least one value");
  return percentGrid.map((percent) => {
    const place = (percent / 100) * (sorted.length - 1);
    const low = sorted[Math.floor(place)] ?? 0;
    const high = sorted[Math.ceil(place)] ?? 0;
    return Number((low + (high - low) * (place - Math.floor(place))).toPrecision(7));
  });
}

/**
 * The percentile in [0, 100] of a value among those whose quantiles (ascending, at `percentGrid`) are given, straight between
 * grid points: 0 below the least, 100 above the greatest, and the middle of a stretch of equal quantiles.
 */
export function percentileOf(quantiles: readonly number[], value: number): number {
  if (Number.isNaN(value)) return Number.NaN;
  const below = countBelow(quantiles, value);
  if (quantiles[below] === value)
    return ((percentGrid[below] ?? 0) + (percentGrid[lastUpTo(quantiles, value)] ?? 100)) / 2;
  if (below === 0) return 0;
  if (below === quantiles.length) return 100;
  const [low = 0, high = 0] = quantiles.slice(below - 1, below + 1);
  const [from = 0, to = 0] = percentGrid.slice(below - 1, below + 1);
  return from + ((to - from) * (value - low)) / (high - low);
}
