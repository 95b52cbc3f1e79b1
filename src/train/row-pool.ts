// row-pool: the rows that training draws from, however they are held, and the plainest of them: one array of numbers.
import { evenRows } from "./pool.ts";

/** Rows of numbers that batches are drawn from and that blocks push on. */
export interface RowPool {
  readonly rows: number;
  readonly dimension: number;
  /** Copies rows, by number, to `out` [· dimension]. */
  gather(numbers: Uint32Array, out: Float32Array): void;
  /** Copies the rows from `first` on to `out` [· dimension], as many as it holds. */
  read(first: number, out: Float32Array): void;
  /** `count` evenly spaced rows, in order; all where there are no more. The pool is not to be read afterwards, its narrowed one is. */
  narrowed(count: number): RowPool;
  /** Where pushed rows are put: the pool itself where it may be overwritten. */
  successor(): OwnPool;
}

/** A pool that may be overwritten. */
export interface OwnPool extends RowPool {
  /** Puts values [· dimension] in the place of the rows from `first` on; the others stay what they are. */
  set(first: number, values: Float32Array): void;
}

/** Rows [· d] that belong to others: they are never written to. */
export function borrowedRows(values: Float32Array, d: number): RowPool {
  return {
    ...reading(values, d),
    narrowed: (count) =>
      count >= values.length / d ? borrowedRows(values, d) : ownRows(evenRows(values, d, count), d),
    successor: () => ownRows(new Float32Array(values.length), d),
  };
}

/** Rows [· d] that are this pool's alone: pushed ones take their place. */
export function ownRows(values: Float32Array, d: number): OwnPool {
  const pool: OwnPool = {
    ...reading(values, d),
    narrowed: (count) => (count >= values.length / d ? pool : ownRows(evenRows(values, d, count), d)),
    successor: () => pool,
    set: (first, moved) => values.set(moved, first * d),
  };
  return pool;
}

function reading(values: Float32Array, d: number): Pick<RowPool, "rows" | "dimension" | "gather" | "read"> {
  return {
    rows: values.length / d,
    dimension: d,
    gather: (numbers, out) => gatherRows(values, d, numbers, out),
    read: (first, out) => out.set(values.subarray(first * d, first * d + out.length)),
  };
}

/** Copies rows [· d] of an array, by number, to `out`. */
export function gatherRows(pool: Float32Array, d: number, rows: Uint32Array, out: Float32Array): void {
  for (let i = 0; i < rows.length; i++) {
    const from = (rows[i] ?? 0) * d;
    for (let k = 0; k < d; k++) out[i * d + k] = pool[from + k] ?? 0;
  }
}
