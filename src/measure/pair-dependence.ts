// pair-dependence: whether what two columns have in common changed, whatever became of each of them alone
import { sameColumn } from "./column-shapes.ts";
import type { MeasuredTable } from "./columns-table.ts";
import { type CellCodes, type PairSide, pairSide } from "./pair-cells.ts";
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

/** Cells of a number, and the rows that each takes at least where there are more than two. */
const [fewestBins, mostBins, rowsOfBin] = [2, 10, 25];

const nothing: DependenceChange = { value: 0, chance: 0, pValue: 1 };

/** Levels that either table has less often are left out: of these two tables can hardly say the same. */
const fewestOfLevel = 5;
/** Of the chi-square law: cells in which either table would have fewer rows do not count. */
const leastExpected = 1;
/** Cells of a joint table up to which all of them are counted; of larger ones those that occur. */
const mostCounted = 4096;
/** Rounds of fitting, and by how much of its rows a cell may be off in the end. */
const [mostRounds, closeEnough] = [300, 1e-6];

/**
 * Of each pair of columns, by name and one a step, whether both tables have one dependence: one table of odds ratios, with the shares of each
 * column its own in each table. That is the log-linear model without an interaction of all three of table, column and column (M. Bartlett,
 * "Contingency table interactions", 1935; Y. Bishop, S. Fienberg and P. Holland, "Discrete multivariate analysis", 1975). Numbers are cells of
 * equally many rows of `real`, and of each table's own, which no change of units moves: what either of both explains is no change, if it could
 * have shown a dependence that was lost or gained altogether. Few cells that both tables have tell nothing.
 */
export function* dependenceSteps(
  real: MeasuredTable,
  other: MeasuredTable,
  pairs: readonly (readonly [first: string, second: string])[],
): Steps<readonly DependenceChange[]> {
  const bins = Math.max(fewestBins, Math.min(mostBins, Math.floor(Math.min(real.rows, other.rows) / rowsOfBin)));
  const named = new Map(real.columns.map((column) => [column.name, column]));
  const sides = new Map<string, PairSide>();
  const sideOf = (name: string): readonly PairSide[] => {
    const column = named.get(name);
    const side = sides.get(name) ?? (column && pairSide(column, sameColumn(column, other), bins));
    if (side === undefined) return [];
    sides.set(name, side);
    return [side];
  };
  const found: DependenceChange[] = [];
  for (const [first, second] of pairs) {
    for (const a of sideOf(first)) for (const b of sideOf(second)) found.push(changeOf(a, b));
    yield;
  }
  return found;
}

function changeOf(a: PairSide, b: PairSide): DependenceChange {
  const hasOwn = a.ownCells !== undefined || b.ownCells !== undefined;
  const size = { height: a.count, width: b.count };
  const readings = [
    jointCells(a.cells, b.cells, size),
    ...(hasOwn ? [jointCells(a.ownCells ?? a.cells, b.ownCells ?? b.cells, size)] : []),
  ].flatMap((joint) => {
    const cells = commonCells(joint);
    const change = fittedChange(cells);
    return change === undefined ? [] : [{ cells, change }];
  });
  const likeliest = readings.toSorted((one, two) => two.change.pValue - one.change.pValue);
  const telling = likeliest.length > 1 ? likeliest.find(({ cells }) => couldShow(cells)) : undefined;
  return (telling ?? likeliest[0])?.change ?? nothing;
}

/** How improbable by chance a dependence that is there in one table alone must be for its cells to tell of a change, also among thousands of pairs. */
const decisive = 1e-5;

/** Whether these cells would show it if one of the tables lost its dependence: all rows of a level were spread as all others are. */
function couldShow(cells: readonly JointCell[]): boolean {
  return (["real", "other"] as const).some((table) => {
    const change = fittedChange(withoutDependence(cells, table));
    return change !== undefined && change.pValue <= decisive;
  });
}

/** All cells of the levels, the rows of one table spread by the shares of each column alone. */
function withoutDependence(cells: readonly JointCell[], table: "real" | "other"): readonly JointCell[] {
  const [firsts, seconds] = [marginsOf(cells, "first"), marginsOf(cells, "second")];
  const rows = total(cells, table);
  const spread = (cell: JointCell): JointCell => ({
    ...cell,
    [table]: (firsts.get(cell.first)![table] * seconds.get(cell.second)![table]) / rows,
  });
  if (firsts.size * seconds.size > mostCounted) return cells.map(spread);
  const known = new Map(cells.map((cell) => [`${cell.first} ${cell.second}`, cell]));
  return [...firsts.keys()].flatMap((first) =>
    [...seconds.keys()].map((second) =>
      spread(known.get(`${first} ${second}`) ?? { first, second, real: 0, other: 0 }),
    ),
  );
}

/** A cell of the joint tables: levels of both columns, and rows of both tables. */
interface JointCell {
  readonly first: number;
  readonly second: number;
  readonly real: number;
  readonly other: number;
}

/** How many cells columns have. */
interface Size {
  readonly height: number;
  readonly width: number;
}

/** Undefined where the columns' own shares leave nothing open. */
function fittedChange(cells: readonly JointCell[]): DependenceChange | undefined {
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
  return {
    value: Math.min(1, off * scale),
    chance: Math.min(1, byChance * scale * Math.sqrt(freedom / cells.length)),
    pValue: chiSquareTail(square, Math.min(freedom, counted)),
  };
}

/** The cells of the joint tables in which either has rows. */
function jointCells(first: CellCodes, second: CellCodes, { height, width }: Size): readonly JointCell[] {
  const seen = new Map<number, number>();
  const isSmall = height * width <= mostCounted;
  const placeOf = (both: number): number => {
    if (isSmall) return both;
    const place = seen.get(both) ?? seen.size;
    if (place === seen.size) seen.set(both, place);
    return place;
  };
  const most = isSmall ? height * width : first.real.length + first.other.length;
  const counted = (table: "real" | "other") => {
    const [rows, columns, counts] = [first[table], second[table], new Float64Array(most)];
    for (let row = 0; row < rows.length; row++) counts[placeOf(rows[row]! * width + columns[row]!)]!++;
    return counts;
  };
  const counts = { real: counted("real"), other: counted("other") };
  const places = isSmall ? Array.from({ length: most }, (_, both) => [both, both] as const) : Array.from(seen);
  return places.flatMap(([both, place]) => {
    const [real, other] = [counts.real[place]!, counts.other[place]!];
    return real + other === 0 ? [] : [{ first: Math.floor(both / width), second: both % width, real, other }];
  });
}

/** The cells of the levels that both tables have often enough. */
function commonCells(cells: readonly JointCell[]): readonly JointCell[] {
  const margins = { first: marginsOf(cells, "first"), second: marginsOf(cells, "second") };
  const isCommon = (cell: JointCell, column: Column) => {
    const margin = margins[column].get(cell[column]);
    return margin !== undefined && Math.min(margin.real, margin.other) >= fewestOfLevel;
  };
  const common = cells.filter((cell) => isCommon(cell, "first") && isCommon(cell, "second"));
  return common.length === cells.length ? cells : commonCells(common);
}

type Column = "first" | "second";

/** Rows of each level of a column, in both tables. */
function marginsOf(cells: readonly JointCell[], column: Column) {
  const margins = new Map<number, { real: number; other: number }>();
  for (const { real, other, [column]: level } of cells) {
    const margin = margins.get(level) ?? { real: 0, other: 0 };
    margins.set(level, { real: margin.real + real, other: margin.other + other });
  }
  return margins;
}

function total(cells: readonly JointCell[], table: "real" | "other"): number {
  return cells.reduce((sum, cell) => sum + cell[table], 0);
}

/** Numbers that the columns' own shares leave open: cells less levels, where cells hang together by their levels. */
function freedomOf(cells: readonly JointCell[]): number {
  const parent = new Map<string, string>();
  const rootOf = (level: string): string => {
    let root = level;
    for (let up = parent.get(root); up !== undefined; up = parent.get(root)) root = up;
    return root;
  };
  const levels = new Set<string>();
  for (const { first, second } of cells) {
    const [a, b] = [`first ${first}`, `second ${second}`];
    levels.add(a).add(b);
    const [from, to] = [rootOf(a), rootOf(b)];
    if (from !== to) parent.set(from, to);
  }
  return cells.length - parent.size;
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
