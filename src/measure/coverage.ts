// coverage: whether a table reaches all that another one holds: ranges, categories, and neighbourhoods of rows
import { failure } from "../errors.ts";
import { random, split } from "../random.ts";
import { checkedRows, someRows } from "./closest-record.ts";
import { distanceUpTo, rowPoints } from "./closest-record-space.ts";
import { nearestSteps } from "./closest-record-tree.ts";
import { checkEnoughRows, sameColumn, sharedCodes } from "./column-shapes.ts";
import type { MeasuredTable } from "./columns-table.ts";
import { type Estimate, meanOf } from "./estimate.ts";
import type { Steps } from "./steps.ts";

export interface CoverageOptions {
  /** Decides which rows are looked at; default 0. */
  readonly seed?: number | string;
  /** Rows of each table whose neighbourhoods are looked at, at most; default 4096. */
  readonly rows?: number;
  /** A row's neighbourhood reaches to its `neighbours`-th nearest row of its own table; default 5. */
  readonly neighbours?: number;
}

export interface Coverage {
  /** Share of each number's range that `other` reaches; an extreme has no standard error worth the name (NaN). */
  readonly ranges: CoveredColumns;
  /** Share of each category's levels that occur in `other`. */
  readonly categories: CoveredColumns;
  readonly neighbourhoods: Neighbourhoods;
}

export interface CoveredColumns {
  readonly columns: readonly { readonly column: string; readonly share: number }[];
  /** 1 where there is no such column. */
  readonly mean: Estimate;
}

/** The standard errors are over the rows counted; what other rows on the other side would change is not in them. */
export interface Neighbourhoods {
  /** Rows of each table. */
  readonly rows: number;
  /** Share of the other rows that lie in the neighbourhood of a real one. */
  readonly precision: Estimate;
  /** Share of the real rows that lie in the neighbourhood of another one. */
  readonly recall: Estimate;
  /** Mean number of real neighbourhoods that another row lies in, divided by `neighbours`; 1 for two samples of one law. */
  readonly density: Estimate;
  /** Share of the real rows whose neighbourhood holds another row. */
  readonly coverage: Estimate;
}

/**
 * How much of `real` the rows of `other` reach. Distances are those of `rowPoints`. Throws "data" for fewer than 2
 * rows or tables that do not match.
 * Sources: T. Kynkäänniemi and others, "Improved precision and recall metric" (2019); M. Naeem and others, "Reliable
 * fidelity and diversity metrics for generative models" (2020).
 */
export function* coverageSteps(
  real: MeasuredTable,
  other: MeasuredTable,
  { seed = 0, rows = 4096, neighbours = 5 }: CoverageOptions = {},
): Steps<Coverage> {
  checkEnoughRows("coverage", [real, other]);
  const count = Math.min(real.rows, other.rows, checkedRows(rows));
  if (!(Number.isSafeInteger(neighbours) && neighbours >= 1))
    throw failure("option", { where: "neighbours", expected: "1 or more", received: String(neighbours) });
  const key = split(random(seed), "coverage");
  const chosen = [someRows(real, count, split(key, "real")), someRows(other, count, split(key, "other"))];
  const { dimension, points } = rowPoints(chosen);
  return {
    ranges: rangeCoverage(real, other),
    categories: categoryCoverage(real, other),
    neighbourhoods: yield* neighbourhoods(points[0]!, points[1]!, dimension, Math.min(neighbours, count - 1)),
  };
}

function* neighbourhoods(real: Float32Array, other: Float32Array, d: number, k: number): Steps<Neighbourhoods> {
  const radii = function* (points: Float32Array) {
    // Every point is its own nearest one.
    const { distances } = yield* nearestSteps(points, points, d, k + 1);
    return Float64Array.from({ length: points.length / d }, (_, row) => distances[row * (k + 1) + k]!);
  };
  const realRadii = yield* radii(real);
  const around = yield* ballCounts(real, realRadii, other, d);
  const reached = yield* ballCounts(other, yield* radii(other), real, d);
  const nearest = (yield* nearestSteps(other, real, d)).distances;
  return neighbourhoodShares({ around, reached, covered: nearest.map((r, row) => Number(r <= realRadii[row]!)), k });
}

/** What was counted, by whatever distance: in how many neighbourhoods of the other side each row lies. */
interface NeighbourhoodCounts {
  /** Of each other row. */
  readonly around: Float64Array;
  /** Of each real row. */
  readonly reached: Float64Array;
  /** Of each real row, 1 when another row lies in its own neighbourhood. */
  readonly covered: Float64Array;
  /** Rows of a neighbourhood. */
  readonly k: number;
}

export function neighbourhoodShares({ around, reached, covered, k }: NeighbourhoodCounts): Neighbourhoods {
  const share = (counts: Float64Array) => shareOf(counts.filter((count) => count > 0).length, counts.length);
  return {
    rows: covered.length,
    precision: share(around),
    recall: share(reached),
    density: meanOf(around.map((balls) => balls / k)),
    coverage: share(covered),
  };
}

function shareOf(count: number, total: number): Estimate {
  const value = count / total;
  return { value, standardError: Math.sqrt((value * (1 - value)) / (total - 1)) };
}

/** A row looks at some thousand balls at most. */
const rowsPerStep = 32;

/** In how many of the balls each point lies. */
function* ballCounts(centres: Float32Array, radii: Float64Array, points: Float32Array, d: number): Steps<Float64Array> {
  const counts = new Float64Array(points.length / d);
  for (let row = 0; row < counts.length; row++) {
    for (let ball = 0; ball < radii.length; ball++)
      if (distanceUpTo(radii[ball]!, points, row, centres, ball, d) <= radii[ball]!) counts[row]!++;
    if (row % rowsPerStep === 0) yield;
  }
  return counts;
}

/** 1 less what is missing at both ends of the range, in shares of it; a constant is covered where it occurs in the range. */
function rangeCoverage(real: MeasuredTable, other: MeasuredTable): CoveredColumns {
  const columns = real.columns.flatMap((column) => {
    if (column.kind !== "numeric") return [];
    const found = sameColumn(column, other);
    const [own, reached] = [extremes(column.values), extremes(found.kind === "numeric" ? found.values : [])];
    const length = own.high - own.low;
    if (!(length >= 0)) return [];
    const missing = Math.max(0, reached.low - own.low) + Math.max(0, own.high - reached.high);
    const share = length > 0 ? Math.max(0, 1 - missing / length) : missing > 0 ? 0 : 1;
    return [{ column: column.name, share }];
  });
  return { columns, mean: { value: meanShare(columns), standardError: Number.NaN } };
}

function extremes(values: ArrayLike<number>): { readonly low: number; readonly high: number } {
  let [low, high] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY];
  for (let row = 0; row < values.length; row++) {
    if (values[row]! < low) low = values[row]!;
    if (values[row]! > high) high = values[row]!;
  }
  return { low, high };
}

/** Levels that occur as often as this are never missing: exp(-40) is beyond any rounding. */
const surelyThere = 40;

/** A level that occurs c times would be missing from as many fresh rows with probability about exp(-c). */
function categoryCoverage(real: MeasuredTable, other: MeasuredTable): CoveredColumns {
  let variance = 0;
  const columns = real.columns.flatMap((column) => {
    if (column.kind !== "category") return [];
    const shared = sharedCodes(column, sameColumn(column, other));
    const [own, found] = [shared.real, shared.others].map((codes) => counted(codes, shared.levels.length));
    const occurring = [...own!.keys()].filter((code) => own![code]! > 0);
    if (occurring.length === 0) return [];
    const counts = occurring.map((code) => found![code]!).filter((count) => count > 0);
    for (const count of counts.filter((count) => count < surelyThere))
      variance += (Math.exp(-count) * (1 - Math.exp(-count))) / occurring.length ** 2;
    return [{ column: column.name, share: counts.length / occurring.length }];
  });
  const mean = { value: meanShare(columns), standardError: Math.sqrt(variance) / Math.max(1, columns.length) };
  return { columns, mean };
}

function counted(codes: Int32Array, levels: number): Float64Array {
  const counts = new Float64Array(levels);
  for (const code of codes) if (code >= 0) counts[code]!++;
  return counts;
}

function meanShare(columns: readonly { readonly share: number }[]): number {
  return columns.length === 0 ? 1 : columns.reduce((sum, { share }) => sum + share, 0) / columns.length;
}
