// pair-trends: how far each two columns of one table together are from the same two of another
import { failure } from "../errors.ts";
import { permutation, random, split } from "../random.ts";
import { checkEnoughRows, sameColumn } from "./column-shapes.ts";
import {
  correlationDistance,
  type Distance,
  distanceEstimate,
  distanceMean,
  totalVariation,
} from "./column-shapes-distances.ts";
import type { MeasuredTable } from "./columns-table.ts";
import type { Estimate } from "./estimate.ts";
import { type PairSide, pairSide } from "./pair-cells.ts";
import type { Steps } from "./steps.ts";

export interface PairTrendOptions {
  /** Decides which pairs are looked at where there are too many; default 0. */
  readonly seed?: number | string;
  /** Pairs that are looked at, at most; default 2000. */
  readonly pairs?: number;
  /** Cells that a number falls into beside a category, each with about as many rows of `real`; default 10. */
  readonly bins?: number;
}

export interface PairTrend {
  readonly columns: readonly [first: string, second: string];
  readonly kind: "correlation" | "contingency";
  /** Rows that tell of it, of the table that has fewer: those in which both are known of a correlation, all of others. */
  readonly rows: number;
  /**
   * Two numbers: half the difference of their Pearson correlations, over rows where both are known. Otherwise, and where no two rows of
   * `real` know both, the total variation between the tables of both columns' cells, a gap being a cell. From 0 to 1; SDMetrics' CorrelationSimilarity and
   * ContingencySimilarity are 1 less it (theirs has cells of equal width). A joint table also moves where one column alone does:
   * whether the dependence itself did, `dependenceSteps` says.
   */
  readonly error: Estimate;
}

export interface PairTrends {
  /** The pairs looked at, in the order of the columns. */
  readonly pairs: readonly PairTrend[];
  /** How many pairs there are. */
  readonly total: number;
  /** Mean of the pairs' errors; 0 without pairs. */
  readonly mean: Estimate;
  /**
   * Mean of the total variation between the tables of "gap or not" of both columns, over the pairs of which both have gaps; absent where
   * there are none.
   */
  readonly gaps?: Estimate;
}

/**
 * Compares the pairs of columns of `real` with those of `other`, found by name, one pair a step. Standard errors are
 * those of fresh rows on both sides, by the delta method; where the laws are equal they are cautious. Throws "data" for
 * fewer than 2 rows or tables that do not match.
 */
export function* pairTrendSteps(
  real: MeasuredTable,
  other: MeasuredTable,
  { seed = 0, pairs: most = 2000, bins = 10 }: PairTrendOptions = {},
): Steps<PairTrends> {
  checkEnoughRows("pair trends", [real, other]);
  if (!(Number.isSafeInteger(most) && most >= 1)) throw refused("pairs", most);
  if (!(Number.isSafeInteger(bins) && bins >= 1)) throw refused("bins", bins);
  const sides = real.columns.map((column) => pairSide(column, sameColumn(column, other), bins));
  const all = sides.flatMap((_, i) => Array.from({ length: i }, (_, j): readonly [number, number] => [j, i]));
  const order = permutation(split(random(seed), "pair trends"), all.length)
    .subarray(0, most)
    .sort();
  const [mean, gaps] = [distanceMean(real.rows, other.rows), distanceMean(real.rows, other.rows)];
  const pairs: PairTrend[] = [];
  let pairsWithGaps = 0;
  for (const place of order) {
    const [i, j] = all[place]!;
    const [a, b] = [sides[i]!, sides[j]!];
    const known = rowsKnown(a, b);
    const isNumeric = a.values !== undefined && b.values !== undefined && known.real >= 2;
    const distance = isNumeric ? correlations(a, b) : contingencies(a, b);
    mean.add(distance);
    const kind = isNumeric ? "correlation" : "contingency";
    const rows = isNumeric ? Math.min(known.real, known.other) : Math.min(real.rows, other.rows);
    pairs.push({ columns: [a.name, b.name], kind, rows, error: distanceEstimate(distance) });
    if (a.hasGaps && b.hasGaps) {
      gaps.add(gapDistance(a, b));
      pairsWithGaps++;
    }
    yield;
  }
  return { pairs, total: all.length, mean: mean.estimate(), ...(pairsWithGaps > 0 && { gaps: gaps.estimate() }) };
}

/** Rows of each table in which both of two columns are known. */
function rowsKnown(a: PairSide, b: PairSide): { readonly real: number; readonly other: number } {
  const known = (first: Int32Array, second: Int32Array) =>
    first.reduce((count, gap, row) => count + Number(gap === 0 && second[row] === 0), 0);
  return { real: known(a.gaps.real, b.gaps.real), other: known(a.gaps.other, b.gaps.other) };
}

/** Between the tables of which of two columns are gaps. */
function gapDistance(a: PairSide, b: PairSide): Distance {
  const both = (first: Int32Array, second: Int32Array) => first.map((gap, row) => 2 * gap + second[row]!);
  return totalVariation(both(a.gaps.real, b.gaps.real), both(a.gaps.other, b.gaps.other), 4);
}

function correlations({ values: a }: PairSide, { values: b }: PairSide): Distance {
  if (a === undefined || b === undefined) throw failure("data", { where: "pair trends", expected: "two numbers" });
  return correlationDistance([a.real, b.real], [a.other, b.other]);
}

/** Cells of two columns' table up to which all of them are counted; of larger ones those that occur. */
const mostCells = 4096;

function contingencies(a: PairSide, b: PairSide): Distance {
  if (a.count * b.count <= mostCells) {
    const both = (first: Int32Array, second: Int32Array) => first.map((cell, row) => cell * b.count + second[row]!);
    const cells = { real: both(a.cells.real, b.cells.real), other: both(a.cells.other, b.cells.other) };
    return totalVariation(cells.real, cells.other, a.count * b.count);
  }
  const seen = new Map<number, number>();
  const joint = (first: Int32Array, second: Int32Array) =>
    first.map((cell, row) => {
      const both = cell * b.count + second[row]!;
      const known = seen.get(both);
      if (known !== undefined) return known;
      seen.set(both, seen.size);
      return seen.size - 1;
    });
  const [real, other] = [joint(a.cells.real, b.cells.real), joint(a.cells.other, b.cells.other)];
  return totalVariation(real, other, seen.size);
}

function refused(option: string, received: number) {
  return failure("option", {
    where: `pair trends: ${option}`,
    expected: "a whole number from 1",
    received: String(received),
  });
}
