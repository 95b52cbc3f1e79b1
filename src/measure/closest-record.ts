// closest-record: whether synthetic rows are copies of training rows, or nearer to them than fresh real rows are
import { failure } from "../errors.ts";
import { permutation, type Random, random, split } from "../random.ts";
import { areaUnderCurve } from "./area-under-curve.ts";
import { rowPoints } from "./closest-record-space.ts";
import { nearestSteps } from "./closest-record-tree.ts";
import { checkEnoughRows } from "./column-shapes.ts";
import { categoryColumn, numericColumn, recoded, takenRows } from "./columns-rows.ts";
import type { MeasuredTable } from "./columns-table.ts";
import { type Estimate, spread } from "./estimate.ts";
import type { Steps } from "./steps.ts";

/** Real rows that a generator has seen, real rows that it has not, and rows that it made. */
export interface PrivacyTables {
  readonly train: MeasuredTable;
  readonly heldOut: MeasuredTable;
  readonly synthetic: MeasuredTable;
}

export interface RecordOptions {
  /** Decides which rows are looked at; default 0. */
  readonly seed?: number | string;
  /** Rows of each table that are looked at, at most; default 20 000. */
  readonly rows?: number;
}

export interface ClosestRecords {
  /** Rows looked at; of training and held-out rows equally many. */
  readonly rows: { readonly real: number; readonly synthetic: number };
  /**
   * Share of synthetic rows that are nearer to a training row than to any held-out row, equally near ones counting half: 0.5
   * where the generator has learnt the law and not the rows, 1 where it copies.
   */
  readonly closerToTrain: Estimate;
  /**
   * Chance that a synthetic row is nearer to its closest training row than a held-out row is to its own, ties counting half:
   * 0.5 for rows of the law itself, more for rows too near, less for rows that stay away.
   */
  readonly nearness: Estimate;
  /** Distances to the closest training row, a mean per column from 0 to 1: their 5 % quantile and median. */
  readonly distance: { readonly synthetic: DistanceQuantiles; readonly heldOut: DistanceQuantiles };
}

export interface DistanceQuantiles {
  readonly low: number;
  readonly median: number;
}

/**
 * Distances to closest records (`rowPoints` says which distance). The standard error of `closerToTrain` is over real rows: each
 * moves the share by the synthetic rows it is closest to, sum of (hit - share) / synthetic rows, and the variance of that within
 * the training and within the held-out rows adds up. That of `nearness` is DeLong's. Throws "data" for fewer than 2 rows or
 * tables that do not match.
 */
export function* closestSteps(tables: PrivacyTables, options: RecordOptions = {}): Steps<ClosestRecords> {
  const { train, heldOut, synthetic } = chosenTables("closest records", tables, options);
  const { dimension, points } = rowPoints([train, heldOut, synthetic]);
  const nearest = (of: 0 | 1 | 2, among: 0 | 1 | 2) => nearestSteps(points[among]!, points[of]!, dimension);
  const [toTrain, toHeldOut] = [yield* nearest(2, 0), yield* nearest(2, 1)];
  const expected = (yield* nearest(1, 0)).distances;
  const ownQuantiles = (distances: Float64Array) => quantiles(distances, dimension);
  return {
    rows: { real: train.rows, synthetic: synthetic.rows },
    closerToTrain: shareCloser(toTrain, toHeldOut, train.rows),
    nearness: areaUnderCurve(expected, toTrain.distances),
    distance: { synthetic: ownQuantiles(toTrain.distances), heldOut: ownQuantiles(expected) },
  };
}

interface Nearest {
  readonly distances: Float64Array;
  readonly rows: Int32Array;
}

function shareCloser(toTrain: Nearest, toHeldOut: Nearest, realRows: number): Estimate {
  const count = toTrain.distances.length;
  const hits = toTrain.distances.map((distance, row) => {
    const other = toHeldOut.distances[row]!;
    return distance < other ? 1 : distance > other ? 0 : 0.5;
  });
  const share = hits.reduce((sum, hit) => sum + hit, 0) / count;
  const byReal = new Float64Array(2 * realRows);
  hits.forEach((hit, row) => {
    byReal[hit >= 0.5 ? toTrain.rows[row]! : realRows + toHeldOut.rows[row]!]! += hit - share;
  });
  const squares = [byReal.subarray(0, realRows), byReal.subarray(realRows)].map(
    (moved) => spread(moved).variance * realRows,
  );
  return { value: share, standardError: Math.sqrt(squares.reduce((sum, square) => sum + square, 0)) / count };
}

function quantiles(distances: Float64Array, dimension: number): DistanceQuantiles {
  const sorted = distances.toSorted();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))]! / dimension;
  return { low: at(0.05), median: at(0.5) };
}

/**
 * Some rows of each table, of training and held-out rows equally many. Throws "data" for fewer than 2 rows, "option" for
 * nonsense.
 */
export function chosenTables(
  where: string,
  { train, heldOut, synthetic }: PrivacyTables,
  { seed = 0, rows = 20_000 }: RecordOptions,
): PrivacyTables {
  checkEnoughRows(where, [train, heldOut, synthetic]);
  const key = split(random(seed), where);
  const real = Math.min(train.rows, heldOut.rows, checkedRows(rows));
  return {
    train: someRows(train, real, split(key, "train")),
    heldOut: someRows(heldOut, real, split(key, "held-out")),
    synthetic: someRows(synthetic, rows, split(key, "synthetic")),
  };
}

export function checkedRows(rows: number): number {
  if (Number.isSafeInteger(rows) && rows >= 2) return rows;
  throw failure("option", { where: "rows", expected: "a whole number from 2", received: String(rows) });
}

/** At most `count` rows, chosen at random; all of them stay in their order. */
export function someRows(table: MeasuredTable, count: number, key: Random): MeasuredTable {
  return count >= table.rows ? table : takenRows(table, permutation(key, table.rows).subarray(0, count));
}

export interface IdenticalRows {
  /** Share of the synthetic rows that equal a training row in every column. */
  readonly synthetic: Estimate;
  /** The same share of held-out rows: what chance and coarse columns make of it. */
  readonly heldOut: Estimate;
}

/** Looks for exact copies of training rows among all rows; binomial standard errors. Throws "data" as `closestSteps`. */
export function identicalRows({ train, heldOut, synthetic }: PrivacyTables): IdenticalRows {
  checkEnoughRows("identical rows", [train, heldOut, synthetic]);
  const known = new Set(rowKeys(train, train));
  const share = (table: MeasuredTable): Estimate => {
    const value = rowKeys(train, table).filter((key) => known.has(key)).length / table.rows;
    return { value, standardError: Math.sqrt((value * (1 - value)) / table.rows) };
  };
  return { synthetic: share(synthetic), heldOut: share(heldOut) };
}

/** Texts that are equal exactly for equal rows; levels by their place among those of `model`, -2 for unknown ones. */
function rowKeys(model: MeasuredTable, table: MeasuredTable): readonly string[] {
  const columns = model.columns.map((column) => {
    if (column.kind === "numeric") return numericColumn(table, column.name).values;
    const other = categoryColumn(table, column.name);
    const known = recoded(other, column.levels);
    return known.map((code, row) => (code < 0 && (other.codes[row] ?? -1) >= 0 ? -2 : code));
  });
  return Array.from({ length: table.rows }, (_, row) => columns.map((values) => values[row]).join("|"));
}
