// boosting-split: histograms of derivatives over the cells of each column, and the split of a leaf that lowers the loss most
import type { BinnedTable } from "./boosting-bins.ts";

/** What a histogram holds for each cell, in this order: the sum of gradients, that of second derivatives, rows. */
const perCell = 3;

/** Words of 32 bits that a set of cells needs. */
export const setWords = 8;

/** Sums over the rows of a leaf or of a side of a split. */
export interface Sums {
  readonly gradient: number;
  readonly hessian: number;
  readonly count: number;
}

/** What a split must keep to. */
export interface SplitLimits {
  /** Fewest rows of a leaf. */
  readonly leastRows: number;
  /** Added to the sum of second derivatives. */
  readonly l2: number;
}

/** The rows whose cell in `column` is in the set go left. */
export interface Split {
  readonly column: number;
  /** Bit c mod 32 of word floor(c / 32) stands for cell c, the cell of gaps among them. */
  readonly leftCells: Uint32Array;
  /** How much twice the loss falls, to second order. */
  readonly gain: number;
  readonly left: Sums;
}

/** Where each column begins in a histogram, and how long the whole is. */
export interface HistogramLayout {
  readonly starts: readonly number[];
  readonly length: number;
}

export function histogramLayout({ columns }: BinnedTable): HistogramLayout {
  let length = 0;
  const starts = columns.map(({ count }) => {
    length += perCell * (count + 1);
    return length - perCell * (count + 1);
  });
  return { starts, length };
}

/** Derivatives of the rows of a leaf, in the order of `rows`. */
export interface LeafRows {
  readonly rows: Uint32Array;
  readonly gradient: Float64Array;
  readonly hessian: Float64Array;
}

/** Sums the derivatives of a leaf's rows over the cells of every column. */
export function fillHistogram(
  histogram: Float64Array,
  { starts }: HistogramLayout,
  { columns }: BinnedTable,
  { rows, gradient, hessian }: LeafRows,
): void {
  histogram.fill(0);
  for (let column = 0; column < columns.length; column++) {
    const { cells } = columns[column]!;
    const start = starts[column]!;
    for (let i = 0; i < rows.length; i++) {
      const at = start + perCell * cells[rows[i]!]!;
      histogram[at]! += gradient[i]!;
      histogram[at + 1]! += hessian[i]!;
      histogram[at + 2]! += 1;
    }
  }
}

/** Second derivatives of a side must sum to this, or its value is noise. */
const leastHessian = 1e-3;

/** Rows that a category needs in a leaf to be placed by its own derivatives; also how much its place is drawn to 0. */
const categorySupport = 10;

/** The best split of a leaf; undefined when none lowers the loss within the limits. */
export function bestSplit(
  histogram: Float64Array,
  { starts }: HistogramLayout,
  { columns }: BinnedTable,
  total: Sums,
  limits: SplitLimits,
): Split | undefined {
  let best: Split | undefined;
  for (let column = 0; column < columns.length; column++) {
    const { count, ordered } = columns[column]!;
    const cells = histogram.subarray(starts[column]!, starts[column]! + perCell * (count + 1));
    const orders = ordered ? numberOrders(cells, count) : categoryOrders(cells, count, total);
    for (const order of orders) {
      const found = bestBeginning(cells, order, total, limits, best?.gain ?? 0);
      if (found === undefined) continue;
      const leftCells = cellSet(order.cells.subarray(0, found.length));
      // Gaps that only later rows have go with the larger side.
      if (cells[perCell * count + 2] === 0 && 2 * found.left.count > total.count) addCell(leftCells, count);
      best = { column, leftCells, gain: found.gain, left: found.left };
    }
  }
  return best;
}

/** An order of cells whose beginnings, up to a length, are the left sides to try. */
interface CellOrder {
  readonly cells: Uint8Array;
  readonly longest: number;
}

const ascending = Uint8Array.from({ length: 256 }, (_, cell) => cell);
const descending = ascending.toReversed();

/** Numbers from the lowest on, gaps staying with the high ones; where the leaf has gaps also from the highest on. */
function numberOrders(histogram: Float64Array, count: number): readonly CellOrder[] {
  if (histogram[perCell * count + 2] === 0) return [{ cells: ascending, longest: count - 1 }];
  return [
    { cells: ascending, longest: count },
    { cells: descending.subarray(ascending.length - count), longest: count - 1 },
  ];
}

/**
 * Categories, gaps as one of them, in the order of the steps that their rows ask for: the best grouping in two is a beginning
 * of this order (W. D. Fisher, "On grouping for maximum homogeneity", 1958). Both ends up to the middle give each grouping
 * once; the larger group is joined by the categories with too few rows in the leaf to be placed.
 */
function categoryOrders(histogram: Float64Array, count: number, total: Sums): readonly CellOrder[] {
  const support = (categorySupport * total.hessian) / total.count;
  const hessian = (cell: number) => histogram[perCell * cell + 1]!;
  const step = (cell: number) => histogram[perCell * cell]! / (hessian(cell) + categorySupport);
  const cells = ascending
    .slice(0, count + 1)
    .filter((cell) => hessian(cell) >= support)
    .sort((a, b) => step(a) - step(b) || a - b);
  if (cells.length < 2) return [];
  const longest = (cells.length + 1) >>> 1;
  return [
    { cells, longest },
    { cells: cells.toReversed(), longest: longest - 1 },
  ];
}

/** The beginning of an order that gains most as the left side, if it gains more than `least`. */
function bestBeginning(
  histogram: Float64Array,
  { cells, longest }: CellOrder,
  total: Sums,
  { leastRows, l2 }: SplitLimits,
  least: number,
): { readonly length: number; readonly gain: number; readonly left: Sums } | undefined {
  const unsplit = total.gradient ** 2 / (total.hessian + l2);
  let [gradient, hessian, count] = [0, 0, 0];
  let best: { readonly length: number; readonly gain: number; readonly left: Sums } | undefined;
  let bestGain = least;
  for (let length = 1; length <= longest; length++) {
    const at = perCell * cells[length - 1]!;
    if (histogram[at + 2] === 0) continue;
    gradient += histogram[at]!;
    hessian += histogram[at + 1]!;
    count += histogram[at + 2]!;
    if (count < leastRows || hessian < leastHessian) continue;
    const otherHessian = total.hessian - hessian;
    if (total.count - count < leastRows || otherHessian < leastHessian) break;
    const other = total.gradient - gradient;
    const gain = (gradient * gradient) / (hessian + l2) + (other * other) / (otherHessian + l2) - unsplit;
    if (gain <= bestGain) continue;
    bestGain = gain;
    best = { length, gain, left: { gradient, hessian, count } };
  }
  return best;
}

function cellSet(cells: Uint8Array): Uint32Array {
  const set = new Uint32Array(setWords);
  for (const cell of cells) addCell(set, cell);
  return set;
}

function addCell(set: Uint32Array, cell: number): void {
  set[cell >>> 5]! |= 1 << (cell & 31);
}
