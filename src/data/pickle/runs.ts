// runs: the numbers of pickled columns, a run of rows after the other, each block of the file read once.

import { numberReader, type PickledNumbers } from "./arrays.ts";
import type { PickledColumn } from "./pandas.ts";

/** Rows `first` to `first + count` of a column: `values[from + k * stride]` is the k-th of them. */
export interface ColumnRun {
  /** The place of the column among those that were asked for. */
  readonly column: number;
  readonly first: number;
  readonly count: number;
  /** Good until the next run. */
  readonly values: ArrayLike<number>;
  readonly from: number;
  readonly stride: number;
}

/** Rows and bytes that are read at a time: what is made of them stays in a core's cache. */
const sliceRows = 4096;
const sliceBytes = 2 ** 20;

/** About the most bytes that reading runs takes. */
export const runBytes = 4 * sliceBytes;

/** Gives all runs of the columns of numbers among `columns`, each of `rows` rows, in the order of the file. */
export function eachRun(columns: readonly PickledColumn[], rows: number, take: (run: ColumnRun) => void): void {
  const groups = new Map<PickledNumbers, { readonly line: number; readonly column: number }[]>();
  columns.forEach((each, column) => {
    if (each.kind !== "numbers") return;
    const group = groups.get(each.block) ?? [];
    group.push({ line: each.line, column });
    groups.set(each.block, group);
  });
  for (const [block, group] of groups) {
    const interleaved = block.fortran || block.shape.length === 1;
    const stride = block.shape.length === 1 ? 1 : block.shape[0]!;
    const rowBytes = block.type.bytes * (interleaved ? stride : 1);
    const most = Math.min(rows, Math.max(1, Math.min(sliceRows, Math.floor(sliceBytes / rowBytes))));
    const read = numberReader(block, interleaved ? most * stride : most);
    for (let first = 0; first < rows; first += most) {
      const count = Math.min(most, rows - first);
      const together = interleaved ? read(first * stride, count * stride) : undefined;
      for (const { line, column } of group) {
        if (together !== undefined) take({ column, first, count, values: together, from: line, stride });
        else take({ column, first, count, values: read(line * rows + first, count), from: 0, stride: 1 });
      }
    }
  }
}
