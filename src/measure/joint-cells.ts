// joint-cells: the cells of two columns of two tables, with their rows: what there is to compare, and how much of it is open
import type { CellCodes } from "./pair-cells.ts";

/** A column of both tables as cells 0 … count - 1. */
export interface Cells extends CellCodes {
  readonly count: number;
  /** Whether the cells but the last one, that of gaps, are in the order of numbers. */
  readonly isOrdered: boolean;
}

/** Levels that either table has less often are left out: of these two tables can hardly say the same. */
const fewestOfLevel = 5;
/** Cells of a joint table up to which all of them are counted; of larger ones those that occur. */
const mostCounted = 4096;
/** A cell of the joint tables: levels of both columns, and rows of both tables. */
export interface JointCell {
  readonly first: number;
  readonly second: number;
  readonly real: number;
  readonly other: number;
}

/** The cells of the joint tables in which either has rows. */
export function jointCells(first: Cells, second: Cells): readonly JointCell[] {
  const [height, width] = [first.count, second.count];
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
export function commonCells(cells: readonly JointCell[]): readonly JointCell[] {
  const margins = { first: marginsOf(cells, "first"), second: marginsOf(cells, "second") };
  const isCommon = (cell: JointCell, column: Column) => {
    const margin = margins[column].get(cell[column]);
    return margin !== undefined && Math.min(margin.real, margin.other) >= fewestOfLevel;
  };
  const common = cells.filter((cell) => isCommon(cell, "first") && isCommon(cell, "second"));
  return common.length === cells.length ? cells : commonCells(common);
}

export type Column = "first" | "second";

/** Rows of each level of a column, in both tables. */
export function marginsOf(cells: readonly JointCell[], column: Column) {
  const margins = new Map<number, { real: number; other: number }>();
  for (const { real, other, [column]: level } of cells) {
    const margin = margins.get(level) ?? { real: 0, other: 0 };
    margins.set(level, { real: margin.real + real, other: margin.other + other });
  }
  return margins;
}

/** Rows of a table in these cells. */
export function total(cells: readonly JointCell[], table: "real" | "other"): number {
  return cells.reduce((sum, cell) => sum + cell[table], 0);
}

/** Numbers that the columns' own shares leave open: cells less levels, where cells hang together by their levels. */
export function freedomOf(cells: readonly JointCell[]): number {
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
