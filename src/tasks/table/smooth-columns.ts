// smooth-columns: which columns of numbers `smoothKnots` suits.
import { countBelow } from "../../data/ascending.ts";
import { runningShares } from "../../data/shares.ts";
import type { Values } from "./profile.ts";
import { manyRows } from "./schema.ts";

/** A value of at least so many of the rows is a place of its own where the half of the rows around it leads to expect a tenth of that. */
const [leastShare, beyondExpected] = [0.1, 10];
/** The outer values are at most so many times farther apart than the tenth of the rows around a value of the middle is wide. */
const widestRange = 100;

/**
 * Whether a column of a table of so many rows, on a grid of `step` if on any, is mapped smoothly unless a schema says how. Not where many
 * rows share a value of a fine grid, which would lose its piece of the map, and not where it is not compact.
 */
export function suitsSmoothing(found: Values, rows: number, step = 0): boolean {
  if (rows >= manyRows || !isCompact(found)) return false;
  const { own, around } = neighbourhoods(found);
  return !own.some((share, n) => share >= leastShare && share * around(n, 0.5) > 0.5 * beyondExpected * step);
}

/** Whether no values are so far off that a smooth map would have nothing left for those between them. */
export function isCompact(found: Values): boolean {
  const { values } = found;
  if (values.length < 2) return false;
  const { own, around } = neighbourhoods(found);
  const widths = Array.from(values, (_, n) => around(n, 0.1));
  const order = [...widths.keys()].sort((a, b) => widths[a]! - widths[b]!);
  const middle = countBelow(runningShares(order.map((n) => own[n]!)), 0.5);
  const typical = widths[order[Math.min(middle, order.length - 1)]!]!;
  return values.at(-1)! / widestRange - values[0]! / widestRange <= typical;
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
