// column-shapes: how far each column of one table is from the same column of another, taken alone
import { failure } from "../errors.ts";
import {
  type Distance,
  distanceEstimate,
  distanceMean,
  kolmogorovSmirnov,
  totalVariation,
} from "./column-shapes-distances.ts";
import { categoryColumn, numericColumn, recoded } from "./columns-rows.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";
import type { Estimate } from "./estimate.ts";

export interface ColumnShape {
  readonly column: string;
  readonly kind: MeasuredColumn["kind"];
  /**
   * Of the known values: numbers: the Kolmogorov–Smirnov distance; categories: the total variation. 0 for equal columns, 1
   * for disjoint ones; SDMetrics' KSComplement and TVComplement are 1 less it.
   */
  readonly error: Estimate;
  /** What `error` would be on average between two samples of one law with as many known values (large-sample formula). */
  readonly chance: number;
  /** Shares of gaps. */
  readonly gaps: { readonly real: number; readonly other: number; readonly difference: Estimate };
}

export interface ColumnShapes {
  readonly columns: readonly ColumnShape[];
  /** Mean of the columns' errors. */
  readonly mean: Estimate;
  /** Mean of the absolute differences between the columns' shares of gaps. */
  readonly gaps: Estimate;
}

/**
 * Compares the columns of `real` with those of the same name in `other`. Standard errors are those of fresh rows on both
 * sides, by the delta method; where the laws are equal they are cautious. Throws "data" when a table has fewer than 2 rows,
 * or `other` lacks a column or has it of another kind.
 */
export function columnShapes(real: MeasuredTable, other: MeasuredTable): ColumnShapes {
  checkEnoughRows("column shapes", [real, other]);
  const [shapes, gaps] = [distanceMean(real.rows, other.rows), distanceMean(real.rows, other.rows)];
  const columns = real.columns.map((column): ColumnShape => {
    const { distance, chance, gapDistance } = compared(column, other);
    shapes.add(distance);
    gaps.add(gapDistance);
    return {
      column: column.name,
      kind: column.kind,
      error: distanceEstimate(distance),
      chance,
      gaps: {
        real: gapShare(gapCodes(column)),
        other: gapShare(gapCodes(sameColumn(column, other))),
        difference: distanceEstimate(gapDistance),
      },
    };
  });
  return { columns, mean: shapes.estimate(), gaps: gaps.estimate() };
}

/** Throws "data" unless every table has at least two rows. */
export function checkEnoughRows(where: string, tables: readonly MeasuredTable[]): void {
  const rows = tables.map((table) => table.rows);
  if (rows.every((count) => count >= 2)) return;
  throw failure("data", {
    where,
    expected: `at least 2 rows${rows.length > 1 ? " of each table" : ""}`,
    received: rows.join(" and "),
    remedy: "give more rows",
  });
}

/** The column of the same name and kind. */
export function sameColumn(column: MeasuredColumn, table: MeasuredTable): MeasuredColumn {
  return column.kind === "numeric" ? numericColumn(table, column.name) : categoryColumn(table, column.name);
}

interface Compared {
  readonly distance: Distance;
  readonly chance: number;
  readonly gapDistance: Distance;
}

function compared(column: MeasuredColumn, table: MeasuredTable): Compared {
  const other = sameColumn(column, table);
  const [gapsReal, gapsOther] = [gapCodes(column), gapCodes(other)];
  const known = { real: knownCount(gapsReal), other: knownCount(gapsOther) };
  const gapDistance = totalVariation(gapsReal, gapsOther, 2);
  if (column.kind === "numeric" && other.kind === "numeric") {
    // The mean of Kolmogorov's law is sqrt(pi / 2) log 2.
    const chance = Math.sqrt(Math.PI / 2) * Math.LN2 * scatter(known);
    return { distance: kolmogorovSmirnov(column.values, other.values), chance: Math.min(1, chance), gapDistance };
  }
  const { levels, real, others } = sharedCodes(column, other);
  return {
    distance: totalVariation(real, others, levels.length),
    chance: categoryChance([real, others], levels.length, scatter(known)),
    gapDistance,
  };
}

/** Codes of two category columns in one list of levels. */
export function sharedCodes(column: MeasuredColumn, other: MeasuredColumn) {
  if (column.kind !== "category" || other.kind !== "category") throw wrongKinds(column.name);
  const levels = [...new Set([...column.levels, ...other.levels])];
  return { levels, real: recoded(column, levels), others: recoded(other, levels) };
}

function wrongKinds(name: string) {
  return failure("data", { where: `column ${JSON.stringify(name)}`, expected: "categories", received: "numbers" });
}

/** sqrt(1/n + 1/m); infinite without a known value. */
function scatter({ real, other }: { readonly real: number; readonly other: number }): number {
  return Math.sqrt(1 / real + 1 / other);
}

/** Half the sum of the mean sizes of normal differences, of variance s (1 - s) (1/n + 1/m) for a level of share s. */
function categoryChance(codes: readonly Int32Array[], levels: number, scatter: number): number {
  const counts = new Float64Array(levels);
  let total = 0;
  for (const list of codes)
    for (const code of list) {
      if (code < 0) continue;
      counts[code]!++;
      total++;
    }
  const sizes = counts.reduce((sum, count) => sum + Math.sqrt((count / total) * (1 - count / total)), 0);
  return total === 0 || !Number.isFinite(scatter) ? 0 : Math.min(1, (Math.sqrt(2 / Math.PI) * sizes * scatter) / 2);
}

/** 0 where a cell has a value, 1 where it is a gap. */
export function gapCodes(column: MeasuredColumn): Int32Array {
  if (column.kind === "numeric") return Int32Array.from(column.values, (value) => (Number.isNaN(value) ? 1 : 0));
  return column.codes.map((code) => (code < 0 ? 1 : 0));
}

function knownCount(gaps: Int32Array): number {
  return gaps.reduce((count, gap) => count + 1 - gap, 0);
}

function gapShare(gaps: Int32Array): number {
  return 1 - knownCount(gaps) / gaps.length;
}
