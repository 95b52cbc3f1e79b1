// boosting-bins: the cells that the values of a column fall into before trees see them, at most 255 and one for gaps
import { countBelow } from "../data/ascending.ts";
import { failure } from "../errors.ts";
import { type CategoryColumn, categoryColumn, numericColumn } from "./columns-rows.ts";
import type { MeasuredTable } from "./columns-table.ts";

/** Cells of a column at most, the one for gaps not counted; one byte holds them all. */
const mostCells = 255;

/** How the values of one column become cells 0 … count - 1; the cell `count` holds gaps. */
type ColumnBinning =
  | { readonly name: string; readonly kind: "numeric"; readonly count: number; readonly thresholds: Float64Array }
  | {
      readonly name: string;
      readonly kind: "category";
      readonly count: number;
      readonly cellOf: ReadonlyMap<string, number>;
      /** The cell of levels without one of their own. */
      readonly others: number;
    };

/** How the columns of a table become cells; found on training rows, used for any rows. */
export type Binning = readonly ColumnBinning[];

/** A column as cells; `ordered` when the order of the cells means something. */
export interface BinnedColumn {
  readonly cells: Uint8Array;
  readonly count: number;
  readonly ordered: boolean;
}

export interface BinnedTable {
  readonly rows: number;
  readonly columns: readonly BinnedColumn[];
}

/**
 * Cells for the columns of a table. Numbers: one cell for each value while there are at most 255, otherwise 255 cells of
 * about equally many rows. Categories: one cell for each level that occurs; of more than 255 levels the most frequent 254
 * have their own and the others share one.
 */
export function chooseBins(table: MeasuredTable): Binning {
  return table.columns.map((column) => {
    if (column.kind === "category") return categoryBinning(column);
    const thresholds = chooseThresholds(column.values);
    return { name: column.name, kind: "numeric", count: thresholds.length + 1, thresholds };
  });
}

/** The cells of a table's values; levels that the binning has not seen count as gaps, or as one of the rare levels. */
export function binnedTable(binning: Binning, table: MeasuredTable): BinnedTable {
  const columns = binning.map((bins): BinnedColumn => {
    const cells = new Uint8Array(table.rows);
    if (bins.kind === "numeric") binNumbers(numericColumn(table, bins.name).values, bins.thresholds, cells);
    else {
      const { levels, codes } = categoryColumn(table, bins.name);
      const cellOf = Uint8Array.from(levels, (level) => bins.cellOf.get(level) ?? bins.others);
      for (let row = 0; row < cells.length; row++) cells[row] = cellOf[codes[row]!] ?? bins.count;
    }
    return { cells, count: bins.count, ordered: bins.kind === "numeric" };
  });
  return { rows: table.rows, columns };
}

/** Ascending thresholds; a value falls into the first cell whose threshold is not below it, or into the last one. */
function chooseThresholds(values: Float64Array): Float64Array {
  const sorted = values.filter((value) => !Number.isNaN(value)).sort();
  const distinct = sorted.filter((value, i) => i === 0 || value !== sorted[i - 1]);
  if (distinct.length <= mostCells) {
    const gaps = distinct.subarray(1);
    return gaps.map((value, i) => between(distinct[i] ?? value, value));
  }
  const quantiles = Float64Array.from({ length: mostCells - 1 }, (_, i) => {
    const place = ((i + 1) / mostCells) * (sorted.length - 1);
    return between(sorted[Math.floor(place)] ?? 0, sorted[Math.ceil(place)] ?? 0);
  });
  return quantiles.filter((value, i) => i === 0 || value !== quantiles[i - 1]);
}

/** The middle of two numbers, or the lower one where rounding leaves nothing between them. */
function between(low: number, high: number): number {
  const middle = low / 2 + high / 2;
  return middle < high && middle > low ? middle : low;
}

function binNumbers(values: Float64Array, thresholds: Float64Array, cells: Uint8Array): void {
  const count = thresholds.length;
  for (let row = 0; row < cells.length; row++) {
    const value = values[row]!;
    cells[row] = Number.isNaN(value) ? count + 1 : countBelow(thresholds, value);
  }
}

function categoryBinning({ name, codes, levels }: CategoryColumn): ColumnBinning {
  const frequency = new Float64Array(levels.length);
  for (const code of codes) {
    if (code >= levels.length)
      throw failure("data", {
        where: `column ${JSON.stringify(name)}`,
        expected: `codes below its ${levels.length} levels`,
        received: String(code),
      });
    if (code >= 0) frequency[code]!++;
  }
  const seen = [...levels.keys()].filter((code) => frequency[code]! > 0);
  const isCrowded = seen.length > mostCells;
  const kept = isCrowded ? seen.sort((a, b) => frequency[b]! - frequency[a]! || a - b).slice(0, mostCells - 1) : seen;
  const cellOf = new Map(kept.map((code, cell) => [levels[code] ?? "", cell]));
  const count = kept.length + (isCrowded ? 1 : 0);
  return { name, kind: "category", count, cellOf, others: kept.length };
}
