// pair-dependence: whether what two columns have in common changed, whatever became of each of them alone
import { sameColumn } from "./column-shapes.ts";
import type { MeasuredColumn, MeasuredTable } from "./columns-table.ts";
import {
  type Cells,
  type Column,
  commonCells,
  freedomOf,
  type JointCell,
  jointCells,
  marginsOf,
  total,
} from "./joint-cells.ts";
import { cellOf, pairSide, quantileThresholds } from "./pair-cells.ts";
import type { Steps } from "./steps.ts";
import { chiSquareTail } from "./tails.ts";

/** What two tables say of two columns beyond the shares of each column alone. */
export interface DependenceChange {
  /**
   * How far the joint tables are from two that have one dependence and the columns' own shares as they are, from 0 to 1; their total
   * variation where these shares are equal.
   */
  readonly value: number;
  /** What `value` is on average where the dependence is one. */
  readonly chance: number;
  /** How probable it is that chance alone takes two tables of one dependence so far; 1 where there is nothing to compare. */
  readonly pValue: number;
}

/** Cells of a number beside levels and beside another number, of which each, and each of both, takes so many rows where there are more than the fewest. */
const [fewestBins, mostBins, rowsOfBin] = [2, 10, 25];
const fewestOfTwo = 3;

const nothing: DependenceChange = { value: 0, chance: 0, pValue: 1 };

/** Of the chi-square law: cells in which either table would have fewer rows do not count. */
const leastExpected = 1;
/** Rounds of fitting, and by how much of its rows a cell may be off in the end. */
const [mostRounds, closeEnough] = [300, 1e-6];

/**
 * Of each pair of columns, by name and one a step, whether both tables have one dependence: one table of odds ratios, with the shares of each
 * column its own in each table. That is the log-linear model without an interaction of all three of table, column and column (M. Bartlett,
 * "Contingency table interactions", 1935; Y. Bishop, S. Fienberg and P. Holland, "Discrete multivariate analysis", 1975). A gap is a cell.
 * Numbers are cells of equally many rows of both tables, which rows of which others were chosen do not change, and of each table's own, which
 * no change of units moves: what either of both explains is no change, if in its cells the dependence of both tables is seen. Where none shows
 * that, the less probable of both counts, its probability as that of one of two.
 */
export function* dependenceSteps(
  real: MeasuredTable,
  other: MeasuredTable,
  pairs: readonly (readonly [first: string, second: string])[],
): Steps<readonly DependenceChange[]> {
  const rows = Math.min(real.rows, other.rows);
  const named = new Map(real.columns.map((column) => [column.name, column]));
  const sides = new Map<string, Side>();
  const sideOf = (column: MeasuredColumn, bins: number): Side => {
    const key = `${bins} ${column.name}`;
    const side = sides.get(key) ?? sideFrom(column, sameColumn(column, other), bins);
    sides.set(key, side);
    return side;
  };
  const found: DependenceChange[] = [];
  for (const names of pairs) {
    const columns = names.flatMap((name) => named.get(name) ?? []);
    const [a, b] = columns;
    if (a === undefined || b === undefined) throw new Error(`no columns ${names.join(" and ")}`);
    const areNumbers = columns.every(({ kind }) => kind === "numeric");
    const most = areNumbers ? Math.sqrt(rows / rowsOfBin) : rows / rowsOfBin;
    const bins = Math.max(areNumbers ? fewestOfTwo : fewestBins, Math.min(mostBins, Math.floor(most)));
    found.push(changeOf(sideOf(a, bins), sideOf(b, bins)));
    yield;
  }
  return found;
}

/** A column in cells of both tables together and, of a number whose cells are as many in both, in cells of each table's own. */
interface Side {
  readonly shared: Cells;
  readonly own?: Cells;
}

function sideFrom(column: MeasuredColumn, other: MeasuredColumn, bins: number): Side {
  if (column.kind === "category" || other.kind === "category") {
    const { cells, count } = pairSide(column, other, bins);
    return { shared: { ...cells, count, isOrdered: false } };
  }
  const ends = (values: Float64Array) => quantileThresholds(values, bins);
  const all = new Float64Array(column.values.length + other.values.length);
  all.set(column.values);
  all.set(other.values, column.values.length);
  const within = (of: readonly number[], by: readonly number[]): Cells => {
    const codes = (values: Float64Array, from: readonly number[]) =>
      Int32Array.from(values, (value) => cellOf(value, from));
    return { real: codes(column.values, of), other: codes(other.values, by), count: of.length + 2, isOrdered: true };
  };
  const [both, first, second] = [ends(all), ends(column.values), ends(other.values)];
  return { shared: within(both, both), ...(first.length === second.length && { own: within(first, second) }) };
}

function changeOf(a: Side, b: Side): DependenceChange {
  const hasOwn = a.own !== undefined || b.own !== undefined;
  const readings = [
    { first: a.shared, second: b.shared },
    ...(hasOwn ? [{ first: a.own ?? a.shared, second: b.own ?? b.shared }] : []),
  ].flatMap(({ first, second }) => {
    const cells = commonCells(jointCells(first, second));
    const change = fittedChange(cells, scoresOf(first, second));
    return change === undefined ? [] : [{ cells, change }];
  });
  const telling = readings.filter(({ cells }) => depends(cells, "real") && depends(cells, "other"));
  const byChance = (list: typeof readings) => list.toSorted((one, two) => two.change.pValue - one.change.pValue);
  const [likeliest] = byChance(telling);
  if (likeliest !== undefined) return likeliest.change;
  const least = byChance(readings).at(-1)?.change;
  return least === undefined ? nothing : { ...least, pValue: Math.min(1, readings.length * least.pValue) };
}

/** How improbable by chance a dependence must be to count as seen. */
const seenBelow = 1e-2;

/** Whether both columns depend on each other in the cells of one table (Pearson's chi-square). */
function depends(cells: readonly JointCell[], table: "real" | "other"): boolean {
  const [firsts, seconds] = [marginsOf(cells, "first"), marginsOf(cells, "second")];
  const rows = total(cells, table);
  let [square, seen] = [0, 0];
  for (const cell of cells) {
    const expected = (firsts.get(cell.first)![table] * seconds.get(cell.second)![table]) / rows;
    square += (cell[table] - expected) ** 2 / expected;
    seen += expected;
  }
  // Cells without rows of either table are not among these: of each what is expected is off.
  square += rows - seen;
  return chiSquareTail(square, (firsts.size - 1) * (seconds.size - 1)) <= seenBelow;
}

/** What cells of two numbers have in common as numbers: the product of their places, 0 of gaps; undefined of others. */
function scoresOf(first: Cells, second: Cells): ((cell: JointCell) => number) | undefined {
  if (!first.isOrdered || !second.isOrdered) return undefined;
  const placed = (place: number, count: number) => (place === count - 1 ? 0 : place - (count - 2) / 2);
  return (cell) => placed(cell.first, first.count) * placed(cell.second, second.count);
}

/** Undefined where the columns' own shares leave nothing open. */
function fittedChange(
  cells: readonly JointCell[],
  scores: ((cell: JointCell) => number) | undefined,
): DependenceChange | undefined {
  const freedom = freedomOf(cells);
  if (freedom < 1) return undefined;
  const [real, other] = [total(cells, "real"), total(cells, "other")];
  const expected = fitted(cells);
  let [square, counted, off, byChance] = [0, 0, 0, 0];
  for (const [k, cell] of cells.entries()) {
    const [a, b] = [expected.real[k]!, expected.other[k]!];
    if (a + b > 0) byChance += Math.sqrt((2 / Math.PI) * ((a * b) / (a + b))) / 2;
    off += Math.abs(cell.real - a) / 2;
    if (Math.min(a, b) < leastExpected) continue;
    square += (cell.real - a) ** 2 * (1 / a + 1 / b);
    counted++;
  }
  if (counted === 0) return undefined;
  const scale = 1 / real + 1 / other;
  const whole = chiSquareTail(square, freedom * (counted / cells.length));
  const straight = scores && chiSquareTail(straightChange(cells, expected, scores), 1);
  return {
    value: Math.min(1, off * scale),
    chance: Math.min(1, byChance * scale * Math.sqrt(freedom / cells.length)),
    pValue: straight === undefined ? whole : Math.min(1, 2 * Math.min(whole, straight)),
  };
}

/** Rounds in which rows and columns are taken out of the scores. */
const scoreRounds = 50;

/**
 * The chi-square, of one degree of freedom, of a dependence that became stronger or weaker all along: the score test of one more term of the
 * log-linear model, table times the product of both places (A. Agresti, "Categorical Data Analysis", linear by linear association). Its variance
 * is that of the products with what rows, columns and cells explain taken out.
 */
function straightChange(cells: readonly JointCell[], expected: Expected, scores: (cell: JointCell) => number): number {
  const weights = cells.map((_, k) => {
    const [a, b] = [expected.real[k]!, expected.other[k]!];
    return a + b > 0 ? (a * b) / (a + b) : 0;
  });
  const products = cells.map(scores);
  const rest = Float64Array.from(products);
  for (let round = 0; round < scoreRounds; round++)
    for (const column of ["first", "second"] as const) {
      const sums = new Map<number, { weight: number; product: number }>();
      for (const [k, cell] of cells.entries()) {
        const sum = sums.get(cell[column]) ?? { weight: 0, product: 0 };
        sums.set(cell[column], {
          weight: sum.weight + weights[k]!,
          product: sum.product + weights[k]! * rest[k]!,
        });
      }
      for (const [k, cell] of cells.entries()) {
        const { weight, product } = sums.get(cell[column])!;
        if (weight > 0) rest[k]! -= product / weight;
      }
    }
  const off = cells.reduce((sum, cell, k) => sum + (cell.real - expected.real[k]!) * products[k]!, 0);
  const variance = rest.reduce((sum, value, k) => sum + weights[k]! * value ** 2, 0);
  return variance > 0 ? off ** 2 / variance : 0;
}

interface Expected {
  readonly real: Float64Array;
  readonly other: Float64Array;
}

/** The rows of both tables under one dependence, by iterative proportional fitting. */
function fitted(cells: readonly JointCell[]): Expected {
  const sums = cells.map(({ real, other }) => real + other);
  const rows = { real: total(cells, "real"), other: total(cells, "other") };
  const share = rows.real / (rows.real + rows.other);
  const expected = {
    real: Float64Array.from(sums, (sum) => sum * share),
    other: Float64Array.from(sums, (sum) => sum * (1 - share)),
  };
  const wanted = { first: marginsOf(cells, "first"), second: marginsOf(cells, "second") };
  for (let round = 0; round < mostRounds; round++) {
    for (const column of ["first", "second"] as const)
      for (const table of ["real", "other"] as const)
        meetMargins(expected[table], cells, column, table, wanted[column]);
    let worst = 0;
    for (const [k, sum] of sums.entries()) {
      const ratio = sum / (expected.real[k]! + expected.other[k]!);
      worst = Math.max(worst, Math.abs(ratio - 1));
      expected.real[k]! *= ratio;
      expected.other[k]! *= ratio;
    }
    if (worst < closeEnough) break;
  }
  return expected;
}

/** Scales the cells of each level so that they add up to its rows. */
function meetMargins(
  expected: Float64Array,
  cells: readonly JointCell[],
  column: Column,
  table: "real" | "other",
  wanted: ReturnType<typeof marginsOf>,
): void {
  const sums = new Map<number, number>();
  for (const [k, cell] of cells.entries()) sums.set(cell[column], (sums.get(cell[column]) ?? 0) + expected[k]!);
  for (const [k, cell] of cells.entries())
    expected[k]! *= (wanted.get(cell[column])?.[table] ?? 0) / (sums.get(cell[column]) ?? 1);
}
