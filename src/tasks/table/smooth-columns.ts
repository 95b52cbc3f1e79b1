// smooth-columns: which columns of numbers `smoothKnots` suits.
import { countBelow } from "../../data/ascending.ts";
import { runningShares } from "../../data/shares.ts";
import type { Values } from "./profile.ts";
import { manyRows } from "./schema.ts";

/** A value of at least so many of the rows is a place of its own where the half of the rows around it leads to expect a tenth of that. */
const [leastShare, beyondExpected] = [0.1, 10];
/**
 * The outer values are at most so many times farther apart than the tenth of the rows around a value is wide, for half of the rows and,
 * where a quarter of them lie closer together, for three quarters.
 */
const widestRanges = [
  { share: 0.5, times: 100 },
  { share: 0.25, times: 200 },
] as const;

/**
 * Whether a column of a table of so many rows, on a grid of `step` if on any, is mapped smoothly unless a schema says how. Not where many
 * rows share a value of a fine grid, which would lose its piece of the map, and not where it is not compact.
 */
export function suitsSmoothing(found: Values, rows: number, step = 0): boolean {
  if (rows >= manyRows || !isCompact(found)) return false;
  const { own, around } = neighbourhoods(found);
  return !own.some((share, n) => share >= leastShare && share * around(n, 0.5) > 0.5 * beyondExpected * step);
}

/** A value piles up that more than so many rows have, … */
const fewShare = 0.01;
/** … and so many times as many as the half of the rows around it leads to expect of a step of the grid. */
const pileFactor = 2;

/** Whether the rows pile up at the n-th value, beside what a grid of `step`, if there is one, brings about. */
export function pilesUp(found: Pick<Values, "values" | "counts">, n: number, step = 0): boolean {
  const { own, around } = neighbourhoods(found);
  const rows = found.counts.reduce((total, each) => total + each, 0);
  if (found.counts[n]! <= Math.max(1, fewShare * rows)) return false;
  const width = around(n, 0.5);
  return width === 0 || own[n]! * width > pileFactor * 0.5 * step;
}

/** Whether no values are so far off, and no cluster so narrow, that a smooth map would have nothing left for others or for the cluster. */
export function isCompact(found: Values): boolean {
  const { values } = found;
  if (values.length < 2) return false;
  const { own, around } = neighbourhoods(found);
  const widths = Array.from(values, (_, n) => around(n, 0.1));
  const order = [...widths.keys()].sort((a, b) => widths[a]! - widths[b]!);
  const shares = runningShares(order.map((n) => own[n]!));
  const widthAt = (share: number) => widths[order[Math.min(countBelow(shares, share), order.length - 1)]!]!;
  return widestRanges.every(({ share, times }) => values.at(-1)! / times - values[0]! / times <= widthAt(share));
}

export interface Neighbourhoods {
  readonly own: Float64Array;
  /** The value up to which a share of the rows lies. */
  at(share: number): number;
  around(n: number, share: number): number;
}

/** Of each value its share of the rows, and how wide so large a share of them around it is; less than that is there at the ends, and is stretched. */
export function neighbourhoods({ values, counts }: Pick<Values, "values" | "counts">): Neighbourhoods {
  const shares = runningShares(counts);
  const own = shares.map((share, n) => share - (shares[n - 1] ?? 0));
  const at = (share: number) => values[Math.min(countBelow(shares, share), values.length - 1)]!;
  const around = (n: number, share: number) => {
    const middle = shares[n]! - own[n]! / 2;
    const [from, to] = [Math.max(0, middle - share / 2), Math.min(1, middle + share / 2)];
    return (at(to) - at(from)) * (share / (to - from));
  };
  return { own, at, around };
}
