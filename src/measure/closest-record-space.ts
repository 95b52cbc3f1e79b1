// closest-record-space: rows of mixed columns as points between which a distance means something
import { countBelow } from "../data/ascending.ts";
import { type CategoryColumn, categoryColumn, numericColumn } from "./columns-rows.ts";
import type { MeasuredTable } from "./columns-table.ts";

/** The rows of some tables as points of one space, whose distance is `distanceUpTo`. */
export interface RowPoints {
  readonly dimension: number;
  /** Of each table, in their order [rows · dimension]. */
  readonly points: readonly Float32Array[];
}

/** Where gaps lie: at least 1 away from every value. */
const [numericGap, categoryGap] = [4, -2];

/**
 * Gower's distance on ranks: a number becomes its place among the values of all tables (0 … 1, equal ones share the mean
 * place), so units, outliers and skew do not matter; different categories are 1 apart, a gap is 1 from every value and 0
 * from a gap. No table is treated in another way than the others: places among the training rows alone would spread those
 * more evenly than fresh rows and bias every comparison of the two. Columns are those of the first table, found by name;
 * throws "data" when one is missing or of another kind.
 * Source: J. Gower, "A general coefficient of similarity and some of its properties" (1971).
 */
export function rowPoints(tables: readonly MeasuredTable[]): RowPoints {
  const columns = tables[0]?.columns ?? [];
  const d = columns.length;
  const points = tables.map(({ rows }) => new Float32Array(rows * d));
  columns.forEach(({ name, kind }, k) => {
    const coded =
      kind === "numeric"
        ? places(tables.map((table) => numericColumn(table, name).values))
        : spacedCodes(tables.map((table) => categoryColumn(table, name)));
    coded.forEach((column, n) => {
      for (let row = 0; row < column.length; row++) points[n]![row * d + k] = column[row]!;
    });
  });
  return { dimension: d, points };
}

/** Columns after which the sum is held against the limit. */
const stride = 8;

/**
 * Sum over columns of min(1, |a - b|) between row i of a and row j of b where it is at most `limit`, else some number
 * above it.
 */
export function distanceUpTo(limit: number, a: Float32Array, i: number, b: Float32Array, j: number, d: number): number {
  let [total, k] = [0, 0];
  const [first, second] = [i * d, j * d];
  while (k < d && total <= limit) {
    const end = Math.min(k + stride, d);
    for (; k < end; k++) {
      const x = Math.abs(a[first + k]! - b[second + k]!);
      // min(x, 1) without a branch, which on random categories would be guessed wrong every other time.
      total += (x + 1 - Math.abs(x - 1)) / 2;
    }
  }
  return total;
}

/** Codes two apart, so that different ones are at least 1 away from each other. */
function spacedCodes(columns: readonly CategoryColumn[]): readonly Float32Array[] {
  const levels = [...new Set(columns.flatMap((column) => column.levels))];
  const spaced = new Map(levels.map((level, code) => [level, 2 * code]));
  return columns.map((column) => {
    const byCode = column.levels.map((level) => spaced.get(level));
    return Float32Array.from(column.codes, (code) => byCode[code] ?? categoryGap);
  });
}

/** For each value the share of all known values below it, equal ones counting half. */
function places(columns: readonly Float64Array[]): readonly Float32Array[] {
  const sorted = Float64Array.from(
    columns.flatMap((values) => [...values.filter((value) => !Number.isNaN(value))]),
  ).sort();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  const shares = new Float64Array(distinct.length);
  for (let i = 0, k = 0; k < distinct.length; k++) {
    const from = i;
    while (sorted[i] === distinct[k]) i++;
    shares[k] = (from + i) / (2 * sorted.length);
  }
  const place = (value: number) => (Number.isNaN(value) ? numericGap : shares[countBelow(distinct, value)]!);
  return columns.map((values) => Float32Array.from(values, place));
}
