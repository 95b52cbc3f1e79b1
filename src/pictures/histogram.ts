// histogram: counts of values as densities, drawn as filled bars with an outline.
import type { Mark, Range } from "./figure.ts";

/** Equal bins over a range. `heights` are densities: the areas of the bars add up to the share of values inside the range. */
export interface Histogram {
  readonly range: Range;
  readonly heights: readonly number[];
}

/** Counts values; those outside of the range are left out but still count in the total. */
export function histogram(values: ArrayLike<number>, range: Range, bins: number): Histogram {
  const counts = Array<number>(bins).fill(0);
  const [low, high] = range;
  for (let k = 0; k < values.length; k++) {
    const value = values[k]!;
    if (!(value >= low && value <= high)) continue;
    const bin = Math.min(bins - 1, Math.floor(((value - low) / (high - low)) * bins));
    counts[bin] = counts[bin]! + 1;
  }
  const cell = (values.length * (high - low)) / bins;
  return { range, heights: counts.map((count) => (values.length === 0 ? 0 : count / cell)) };
}

/** A number of bins that suits so many values. */
export function binCount(values: number): number {
  return Math.max(8, Math.min(48, Math.round(2 * Math.cbrt(values))));
}

/** Bars under an outline. */
export function histogramMarks({ range: [low, high], heights }: Histogram, color: string): readonly Mark[] {
  const edge = (bin: number) => low + ((high - low) * bin) / heights.length;
  const bars = heights.map((height, bin) => ({ x: [edge(bin), edge(bin + 1)] as const, y: [0, height] as const }));
  const x = [low, ...heights.flatMap((_, bin) => [edge(bin), edge(bin + 1)]), high];
  const y = [0, ...heights.flatMap((height) => [height, height]), 0];
  return [
    { kind: "bars", bars: bars.filter((bar) => bar.y[1] > 0), color, opacity: 0.16 },
    { kind: "line", x, y, color, width: 1.4 },
  ];
}
