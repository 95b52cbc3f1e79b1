// table: a table ready for density estimation, and the steps that the literature's preparations share.
import { failure } from "../../errors.ts";
import { type FloatArray, floats, type NDArray, rowsOf } from "../../tensor/array.ts";
import { atRow } from "../table-places.ts";

/** Rows to learn from, to choose by, and to be judged by; the three share one piece of memory where they can. */
export interface DensityTable {
  readonly name: string;
  readonly columns: readonly string[];
  /** [n, d] each, float32, finite. */
  readonly train: FloatArray;
  readonly validation: FloatArray;
  readonly test: FloatArray;
  /** A row of the raw file is mean + deviation · row; absent where the file is taken as it is. */
  readonly scaling?: Scaling;
  /** Why figures cannot be held against published ones, where the rows are others than those. */
  readonly incomparable?: string;
  /** What was done and what a reader must know to compare figures: sentences. */
  readonly notes: readonly string[];
}

/** Mean and standard deviation of every column. */
export interface Scaling {
  readonly mean: Float64Array;
  readonly deviation: Float64Array;
}

/** How many rows each part has. */
export interface Split {
  readonly train: number;
  readonly validation: number;
  readonly test: number;
}

/** Double precision numbers [n, d], as the raw files hold them. */
export type RawRows = NDArray<"float64">;

/** The last tenth is the test set, the last tenth of the rest the validation set, both rounded down. */
export function splitByPosition(rows: number, where: string): Split {
  const test = Math.floor(0.1 * rows);
  const validation = Math.floor(0.1 * (rows - test));
  if (validation > 0) return { train: rows - test - validation, validation, test };
  throw failure("data", { where, expected: "at least 11 rows, so that every part has one", received: String(rows) });
}

/** Refuses an array that is not [n, width] or that holds a number that is not finite. */
export function checkRaw({ shape, data }: RawRows, width: number, where: string): void {
  if (shape.length !== 2 || shape[1] !== width)
    throw failure("data", {
      where,
      expected: `an array [rows, ${width}]`,
      received: `[${shape.join(", ")}]`,
      remedy: "take the file of the archive, unchanged",
    });
  const place = data.findIndex((value) => !Number.isFinite(value));
  if (place < 0) return;
  throw failure("data", {
    where: `${atRow(where, Math.floor(place / width))} column ${(place % width) + 1}`,
    expected: "a finite number",
    received: String(data[place]),
  });
}

/**
 * Mean and deviation of each column of the first `rows` rows, summed row after row as NumPy sums an array in C order along
 * its first axis: the same bits. The divisor of the variance is the number of rows.
 */
export function scalingOf(values: Float64Array, width: number, rows: number): Scaling {
  const mean = new Float64Array(width);
  const deviation = new Float64Array(width);
  const end = rows * width;
  for (let i = 0; i < end; i += width) for (let k = 0; k < width; k++) mean[k]! += values[i + k]!;
  for (let k = 0; k < width; k++) mean[k]! /= rows;
  for (let i = 0; i < end; i += width)
    for (let k = 0; k < width; k++) {
      const distance = values[i + k]! - mean[k]!;
      deviation[k]! += distance * distance;
    }
  for (let k = 0; k < width; k++) deviation[k] = Math.sqrt(deviation[k]! / rows);
  return { mean, deviation };
}

/** (value - mean) / deviation in double precision, rounded once to float32. Refuses a column of one value. */
export function standardizedRows(
  values: Float64Array,
  { mean, deviation }: Scaling,
  columns: readonly string[],
  where: string,
): FloatArray {
  const width = columns.length;
  columns.forEach((column, k) => {
    if (deviation[k]! > 0) return;
    throw failure("data", {
      where,
      expected: `different values in column ${column}`,
      received: "one value in all rows",
    });
  });
  const scaled = new Float32Array(values.length);
  for (let i = 0; i < values.length; i += width)
    for (let k = 0; k < width; k++) scaled[i + k] = (values[i + k]! - mean[k]!) / deviation[k]!;
  return floats(scaled, [values.length / width, width]);
}

/** The three parts of rows that lie one after the other, without a copy. */
export function parts(rows: FloatArray, { train, validation, test }: Split): Pick<DensityTable, keyof Split> {
  return {
    train: rowsOf(rows, 0, train),
    validation: rowsOf(rows, train, train + validation),
    test: rowsOf(rows, train + validation, train + validation + test),
  };
}

/** Set when a table has another number of rows than the published one. */
export function comparedWith(rows: number, published: number): Pick<DensityTable, "incomparable"> {
  if (rows === published) return {};
  return { incomparable: `the file has ${rows} rows and the published one ${published}` };
}
