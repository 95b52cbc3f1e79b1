// equation: an ODE over many rows at once and the arrays that carry them.
import type { Derivative, State } from "../ode/step.ts";
import { type FloatArray, zeros } from "../tensor/array.ts";
import { placeholder, type Tensor } from "../tensor/tensor.ts";

/** An ODE: the widths of its state's parts, its derivative, and the widths of data that stays with each row (probes). */
export interface Equation {
  readonly widths: readonly number[];
  readonly context: readonly number[];
  /** For each part, how many times the tolerance its error may be; default: once. */
  readonly slack?: readonly number[];
  /** Arrays that the derivative reads as inputs, so that equations that differ in them alone share their programs. */
  readonly weights?: readonly FloatArray[];
  readonly derivative: (state: State, time: Tensor, context: State, weights: readonly Tensor[]) => State;
}

/** Rows of values, one array [rows · width] for each part. */
export type Rows = readonly Float32Array[];

/** 1: t from 0 to 1, towards noise. -1: t from 1 to 0, towards data. */
export type Direction = 1 | -1;

/** What goes with the rows of one integration. */
export interface RunOptions {
  /** What stays with each row: one array for each width of the equation's context. */
  readonly context?: Rows;
  /** Number of the first row in messages, from 0. */
  readonly firstRow?: number;
  /**
   * Of one row that no others stand beside, also not in other runs: it travels by itself, more than twice as fast as padded. Its numbers
   * are off from those in company by what rounding makes of the steps, within the tolerance.
   */
  readonly alone?: boolean;
  /** Stops the integration, within about half a second, by an error of code "interrupted". */
  readonly signal?: AbortSignal;
}

/** Rows at the end, and how many evaluations of the derivative they took in all. */
export interface Integrated {
  readonly state: Rows;
  readonly evaluations: number;
}

/** Symbolic inputs of the programs over an equation, with a symbolic number of rows. */
export function equationInputs({ widths, context, weights = [], derivative }: Equation) {
  const column = (width: number) => placeholder(["rows", width]);
  const fixed = context.map(column);
  const given = weights.map(({ shape }) => placeholder(shape));
  const bound: Derivative = (state, time) => derivative(state, time, fixed, given);
  return {
    state: widths.map(column),
    first: widths.map(column),
    time: column(1),
    size: column(1),
    context: fixed,
    weights: given,
    derivative: bound,
  };
}

/** Programs run on 4, 16, 64, … rows: the fewest that hold n, so that few shapes occur and bits do not vary with n; on 1 for a row alone. */
export function paddedRows(n: number, most: number, alone = false): number {
  let padded = alone ? 1 : Math.min(4, most);
  while (padded < n) padded *= 4;
  return Math.min(padded, most);
}

/** Rows `start` to `start + n` of each part, padded to `padded` rows with copies of the last one. */
export function paddedSlice(
  rows: Rows,
  widths: readonly number[],
  start: number,
  n: number,
  padded: number,
): readonly FloatArray[] {
  return widths.map((width, p) => {
    const result = zeros([padded, width]);
    result.data.set(part(rows, p).subarray(start * width, (start + n) * width));
    for (let i = n; i < padded; i++) result.data.copyWithin(i * width, (n - 1) * width, n * width);
    return result;
  });
}

/** A column [rows, 1] of one value. */
export function constantColumn(rows: number, value: number): FloatArray {
  const array = zeros([rows, 1]);
  array.data.fill(value);
  return array;
}

/** Room for `count` rows. */
export function emptyRows(widths: readonly number[], count: number): Rows {
  return widths.map((width) => new Float32Array(count * width));
}

/** Puts the first `n` rows of `source` in the place of the rows from `at` on. */
export function putRows(widths: readonly number[], target: Rows, at: number, source: Rows, n: number): void {
  widths.forEach((width, p) => {
    part(target, p).set(part(source, p).subarray(0, n * width), at * width);
  });
}

/** Copies row `from` of one set of rows to row `to` of another. */
export function copyRow(widths: readonly number[], target: Rows, to: number, source: Rows, from: number): void {
  for (let p = 0; p < widths.length; p++) {
    const width = widths[p] ?? 1;
    const [a, b] = [part(target, p), part(source, p)];
    for (let k = 0; k < width; k++) a[to * width + k] = b[from * width + k] ?? 0;
  }
}

/** The plain numbers of the engine's arrays. */
export function numbersOf(arrays: readonly { readonly data: ArrayLike<number | bigint> }[]): Rows {
  return arrays.map(({ data }) => data as Float32Array);
}

/** Number of rows in a state. */
export function countRows(rows: Rows, widths: readonly number[]): number {
  return part(rows, 0).length / (widths[0] ?? 1);
}

const nothing = new Float32Array();

function part(rows: Rows, index: number): Float32Array {
  return rows[index] ?? nothing;
}
