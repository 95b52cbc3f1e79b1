// pair-cells: a column of two tables as the cells of a contingency table, a gap being a cell
import { gapCodes, sharedCodes } from "./column-shapes.ts";
import type { MeasuredColumn } from "./columns-table.ts";

/** A column of both tables, ready for pairs. */
export interface PairSide {
  readonly name: string;
  /** Numbers only. */
  readonly values?: { readonly real: Float64Array; readonly other: Float64Array };
  /** Cells 0 … count - 1, the last one for gaps. */
  readonly cells: CellCodes;
  readonly count: number;
  /** 1 where a cell is a gap. */
  readonly gaps: { readonly real: Int32Array; readonly other: Int32Array };
  readonly hasGaps: boolean;
}

export interface CellCodes {
  readonly real: Int32Array;
  readonly other: Int32Array;
}

/** A column and its twin; a number falls into cells of equally many of the rows of `column`, `bins` at most. */
export function pairSide(column: MeasuredColumn, other: MeasuredColumn, bins: number): PairSide {
  const gaps = { real: gapCodes(column), other: gapCodes(other) };
  const common = { name: column.name, gaps, hasGaps: gaps.real.includes(1) || gaps.other.includes(1) };
  if (column.kind === "numeric" && other.kind === "numeric") {
    const thresholds = quantileThresholds(column.values, bins);
    const cells = (values: Float64Array) => Int32Array.from(values, (value) => cellOf(value, thresholds));
    return {
      ...common,
      values: { real: column.values, other: other.values },
      cells: { real: cells(column.values), other: cells(other.values) },
      count: thresholds.length + 2,
    };
  }
  const { levels, real, others } = sharedCodes(column, other);
  const cells = (codes: Int32Array) => codes.map((code) => (code < 0 ? levels.length : code));
  return { ...common, cells: { real: cells(real), other: cells(others) }, count: levels.length + 1 };
}

/** Different ends of the cells, inclusive; the last cell has none. */
export function quantileThresholds(values: Float64Array, bins: number): readonly number[] {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const ends = Array.from({ length: bins - 1 }, (_, i) => sorted[Math.ceil(((i + 1) / bins) * sorted.length) - 1]);
  return [...new Set(ends.filter((end) => end !== undefined && end < sorted.at(-1)!))] as number[];
}

/** The cell of a number, the one behind the last for a gap. */
export function cellOf(value: number, thresholds: readonly number[]): number {
  if (Number.isNaN(value)) return thresholds.length + 1;
  let cell = 0;
  while (cell < thresholds.length && value > thresholds[cell]!) cell++;
  return cell;
}
