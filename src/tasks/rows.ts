// rows: checks of the rows that come in, and their split into training and held-out rows.
import { atRow, inColumn } from "../data/table-places.ts";
import { failure } from "../errors.ts";
import { fillUniform, permutation, random, split } from "../random.ts";
import { type FloatArray, pickedRows } from "../tensor/array.ts";

/** What a fit may be given to learn from and to be held against. */
export interface RowRequest {
  /** Rows [n, d] in the user's units; NaN is a gap, which masked models alone can learn from. */
  readonly rows: FloatArray;
  readonly columns: readonly string[];
  /** Held-out rows [m, d]; without them a share of `rows` is held out. */
  readonly validation?: FloatArray;
  /** Share of `rows` to train on; default 0.9, or 1 when `validation` is given. */
  readonly trainSplit?: number;
  /** Budget in bytes for data and intermediate arrays. */
  readonly memory?: number;
}

/** Training and held-out rows; which rows are held out follows from the seed. */
export function splitRows(
  { rows, validation, trainSplit = validation ? 1 : 0.9 }: RowRequest,
  seed: number,
): { train: FloatArray; heldOut?: FloatArray } {
  const { train, heldOut } = splitPlaces(rows.shape[0] ?? 0, trainSplit, seed);
  if (heldOut.length === 0) return { train: rows, ...(validation && { heldOut: validation }) };
  return { train: pickedRows(rows, train), heldOut: validation ?? pickedRows(rows, heldOut) };
}

/** Which of `count` rows train and which are held out; all in their order when none is. */
export function splitPlaces(
  count: number,
  trainSplit: number,
  seed: number,
): { readonly train: Uint32Array; readonly heldOut: Uint32Array } {
  if (!(trainSplit > 0 && trainSplit <= 1))
    throw failure("option", {
      where: "train split",
      expected: "a share above 0 and at most 1",
      received: String(trainSplit),
    });
  const kept = Math.max(1, Math.round(count * trainSplit));
  if (kept === count) return { train: Uint32Array.from({ length: count }, (_, n) => n), heldOut: new Uint32Array(0) };
  const order = permutation(split(random(seed), "split"), count);
  return { train: order.subarray(0, kept), heldOut: order.subarray(kept) };
}

/** Throws unless the rows have the columns, there is at least one, and every number is finite (or, with gaps, NaN). */
export function checkRows(rows: FloatArray, columns: readonly string[], where: string, withGaps = false): void {
  const [count = 0, d = 0] = rows.shape;
  if (rows.shape.length !== 2 || d !== columns.length)
    throw failure("data", {
      where,
      expected: `${columns.length} columns (${columns.slice(0, 8).join(", ")}${columns.length > 8 ? ", …" : ""})`,
      received: `${d}`,
    });
  if (count === 0) throw failure("data", { where, expected: "at least one row", received: "none" });
  const bad = rows.data.findIndex((value) => !(Number.isFinite(value) || (withGaps && Number.isNaN(value))));
  if (bad >= 0)
    throw failure("data", {
      where: inColumn(atRow(where, Math.floor(bad / d)), columns[bad % d]!),
      expected: "a finite number",
      received: String(rows.data[bad]),
      remedy: "remove or repair the row",
    });
}

/** Rows below which a density is hardly learnt: this many, and this many per column. */
const fewestRows = 50;
const fewestPerColumn = 2;

/** What to tell about training rows [n, d] beside their fit; nothing when there are enough. `axis` is what d counts. */
export function rowNotes({ shape: [count = 0, d = 1] }: FloatArray, axis = "column"): readonly string[] {
  const enough = Math.max(fewestRows, fewestPerColumn * d);
  if (count >= enough) return [];
  const rows = count === 1 ? "1 training row" : `${count} training rows`;
  return [
    `${rows} of ${d} ${axis}${d === 1 ? "" : "s"} can hardly show a density: the model may repeat the rows; give ${enough} or more to train on`,
  ];
}

/**
 * The numbers of `count` of `all` rows in order, one from each of as many equal stretches, at random places in these (always the same ones):
 * fair to a table that is sorted, and to one whose rows come again at even distances. All numbers where there are no more.
 */
export function spreadPlaces(all: number, count: number): Uint32Array {
  if (all <= count) return Uint32Array.from({ length: all }, (_, n) => n);
  const draws = new Float32Array(count);
  fillUniform(random("spread rows"), draws);
  const end = (n: number) => Math.floor((n * all) / count);
  return Uint32Array.from(draws, (draw, n) => end(n) + Math.floor(draw * (end(n + 1) - end(n))));
}

/** The rows of `spreadPlaces` [count, d]: all of them when there are no more. */
export function spreadRows(rows: FloatArray, count: number): FloatArray {
  const [all = 0] = rows.shape;
  return all <= count ? rows : pickedRows(rows, [...spreadPlaces(all, count)]);
}

/** Copies of the training rows that are alive at once: the table, its standardised form, the pool and the pool before it. */
export const fitCopies = 4;

/** Throws when the copies of the rows that a fit needs do not fit the budget; a masked pool holds several copies itself. */
export function checkBudget({ rows, memory }: RowRequest, poolCopies = 1): void {
  const needed = rows.data.byteLength * (fitCopies + 3 * (poolCopies - 1));
  if (memory === undefined || needed <= memory) return;
  throw failure("option", {
    where: "memory",
    expected: `at least ${needed} bytes for ${rows.shape[0]} rows of ${rows.shape[1]} columns (${fitCopies} copies are alive at once)`,
    received: String(memory),
    remedy: "raise the budget or fit fewer rows",
  });
}

/** Throws when a sample cannot be told in float32, which columns near its limits bring about. */
export function checkSamples(
  { data, shape: [, d = 1] }: FloatArray,
  columns: readonly string[],
  firstRow: number,
): void {
  const bad = data.findIndex((value) => !Number.isFinite(value));
  if (bad >= 0)
    throw failure("numeric", {
      where: `sample ${firstRow + Math.floor(bad / d) + 1}, column ${columns[bad % d]}`,
      expected: "a number that float32 holds (up to 3.4e38)",
      received: String(data[bad]),
      remedy: "fit the column in larger units",
    });
}

/** Throws unless it is a number of rows. */
export function checkCount(rows: number): void {
  if (Number.isSafeInteger(rows) && rows >= 0) return;
  throw failure("option", { where: "rows", expected: "a whole number of at least 0", received: String(rows) });
}
