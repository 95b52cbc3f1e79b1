// level-context: given levels as a network reads them: the cell that a value lies in, not the value's place in it.
import { isPositive, multiply, subtract } from "../tensor/arithmetic.ts";
import { floats, zeros } from "../tensor/array.ts";
import { slice } from "../tensor/layout.ts";
import { matmul } from "../tensor/matrix.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";

/** A coordinate whose values are levels: cells of the line, one more than `edges`, which ascend. */
export interface LevelCells {
  readonly at: number;
  readonly edges: readonly number[];
}

/** Below and above every value and edge. */
const farthest = 1e30;

/** Cells of all the coordinates. */
export function cellCount(levels: readonly LevelCells[]): number {
  return levels.reduce((count, { edges }) => count + edges.length + 1, 0);
}

/** A context [rows, 3 d] with 0 in place of the given values of levels. */
export function withoutPlaces(context: Tensor, levels: readonly LevelCells[]): Tensor {
  if (levels.length === 0) return context;
  const kept = zeros([1, Number(context.shape[1])]);
  kept.data.fill(1);
  for (const { at } of levels) kept.data[at] = 0;
  return multiply(context, constant(kept));
}

/**
 * [rows, cells] for a context [rows, 3 d] of given values, which are given, which are free: 1 for the cell of each given level, 0
 * for the others and where nothing is given. A value on an edge lies in the cell below it.
 */
export function levelFeatures(context: Tensor, levels: readonly LevelCells[]): Tensor {
  const d = Number(context.shape[1]) / 3;
  const count = cellCount(levels);
  const lows = levels.flatMap(({ edges }) => [-farthest, ...edges]);
  const highs = levels.flatMap(({ edges }) => [...edges, farthest]);
  const places = levels.flatMap(({ at, edges }) => Array.from({ length: edges.length + 1 }, () => at));
  const picks = zeros([d, count]);
  for (const [cell, at] of places.entries()) picks.data[at * count + cell] = 1;
  const picked = (from: number) => matmul(slice(context, 1, from, from + d), constant(picks));
  const values = picked(0);
  const isAbove = (edges: readonly number[]) => isPositive(subtract(values, constant(floats(edges, [1, count]))));
  return multiply(picked(d), subtract(isAbove(lows), isAbove(highs)));
}
