// stored-rows: the rows of an array in a file, read in slices, and the table they make.
import { failure } from "../errors.ts";
import { floats } from "../tensor/array.ts";
import { type ColumnOptions, chooseUnnamed } from "./columns.ts";
import type { Numbers } from "./numbers.ts";
import { allocated, cellError, checkMemory, type NumericTable, spokenNumber } from "./numeric-table.ts";
import { atRow, inColumn } from "./table-places.ts";

/** Bytes at random places of something long. */
export interface Bytes {
  readonly size: number;
  /** Going back to an earlier place means to start over. */
  readonly isForward?: boolean;
  /** A copy of `length` bytes from `at`. Throws a `data` error when they are not all there. */
  read(at: number, length: number): Promise<Uint8Array>;
}

/** An array [rows, columns] in a file; [rows] counts as one column. */
export interface StoredRows {
  /** The array in messages. */
  readonly where: string;
  readonly rows: number;
  readonly columns: number;
  /** Rows that are read together: a slice should begin and end at multiples of it. */
  readonly band: number;
  /** Bytes that reading `band` rows takes, the result included. */
  readonly workingBytes: number;
  /** Rows `from` to `to` (exclusive), row-major. */
  read(from: number, to: number): Promise<Numbers>;
}

/** Bytes of a file that are read at once. */
export const sliceBytes = 2 ** 20;
/** Reading may take this much beyond the budget for the table, as reading text does. */
const freeBytes = 2 ** 24;

/** Bytes that are in memory already. */
export function bytesInMemory(bytes: Uint8Array, where: string): Bytes {
  return {
    size: bytes.length,
    async read(at, length) {
      checkInside(at, length, bytes.length, where);
      return new Uint8Array(bytes.subarray(at, at + length));
    },
  };
}

/** Refuses a place that is not inside of `size` bytes. */
export function checkInside(at: number, length: number, size: number, where: string): void {
  if (at >= 0 && length >= 0 && at + length <= size) return;
  throw failure("data", {
    where,
    expected: `${length} bytes at ${at}`,
    received: `a file of ${size}`,
    remedy: "the file was cut short or is damaged: copy it again",
  });
}

/** Rows and columns of a shape with one or two axes, none of them empty. */
export function tableSizes(shape: readonly number[], where: string): { rows: number; columns: number } {
  const [rows = 0, columns = 1] = shape;
  if (shape.length >= 1 && shape.length <= 2 && rows > 0 && columns > 0) return { rows, columns };
  throw failure("data", {
    where,
    expected: "an array [rows] or [rows, columns], not empty",
    received: `shape [${shape.join(", ")}]`,
  });
}

/** The finite rows as float32, with columns c1, c2, …; the table, and slices that have to be large, must fit the memory. */
export async function readStoredTable(
  stored: StoredRows,
  { memory, ...options }: ColumnOptions & { readonly memory?: number },
): Promise<NumericTable> {
  const { where, rows, columns: width, band } = stored;
  const { columns, places, ignored } = chooseUnnamed(width, options, where);
  const working = stored.workingBytes <= freeBytes ? 0 : stored.workingBytes;
  checkMemory(4 * rows * columns.length + working, "", where, memory);
  const data = allocated(rows * columns.length, where);
  const isWhole = places.length === width && places.every((place, slot) => place === slot);
  for (let from = 0; from < rows; from += band) {
    const slice = await stored.read(from, Math.min(from + band, rows));
    const bad = isWhole
      ? copied(slice, data, from * width)
      : gathered(slice, { width, places, data, at: from * places.length });
    if (bad === undefined) continue;
    const value = slice[bad]!;
    const column = columns[places.indexOf(bad % width)] ?? "";
    throw cellError(inColumn(atRow(where, from + Math.floor(bad / width)), column), spokenNumber(value), value);
  }
  return { columns, rows: floats(data, [rows, columns.length]), ignored };
}

/** Copies all values; the place of the first that is not finite as float32, where there is one. */
function copied(slice: Numbers, data: Float32Array, at: number): number | undefined {
  data.set(slice, at);
  for (let i = 0; i < slice.length; i++) if (!Number.isFinite(data[at + i]!)) return i;
  return undefined;
}

interface Gathering {
  readonly width: number;
  readonly places: readonly number[];
  readonly data: Float32Array;
  readonly at: number;
}

/** Copies the chosen columns; the place of the first value that is not finite as float32, where there is one. */
function gathered(slice: Numbers, { width, places, data, at }: Gathering): number | undefined {
  let to = at;
  for (let row = 0; row < slice.length; row += width) {
    for (let slot = 0; slot < places.length; slot++) {
      const from = row + places[slot]!;
      const value = Math.fround(slice[from]!);
      if (!Number.isFinite(value)) return from;
      data[to++] = value;
    }
  }
  return undefined;
}
