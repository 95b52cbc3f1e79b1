// numeric-table: collects the fields of a CSV as float32 numbers; every refusal names line and column.
import { failure, type LocalFlowError } from "../errors.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import {
  type ColumnChoice,
  type ColumnOptions,
  checkDistinct,
  chooseColumns,
  chooseUnnamed,
  listNames,
  shorten,
} from "./columns.ts";
import type { FieldSink } from "./csv-scanner.ts";
import { parseDecimal } from "./decimal.ts";
import { readPlainRows } from "./plain-rows.ts";
import { atLine, inColumn, inField } from "./table-places.ts";
import { utf8Text } from "./utf8.ts";

export interface NumericTable {
  readonly columns: readonly string[];
  /** [n, d], n and d at least 1, all finite. */
  readonly rows: FloatArray;
  /** Columns of the file that were not asked for. */
  readonly ignored: readonly string[];
}

export interface NumericTableOptions extends ColumnOptions {
  /** Most bytes the table may take; default: no limit. */
  readonly memory?: number;
  /** Length of the whole file in bytes where it is known: the table is then allocated once and refused early. */
  readonly bytes?: number;
}

export interface NumericSink extends FieldSink {
  /** The table, after the last row. */
  table(): NumericTable;
}

/** Halfway to 2^128 rounds up: this is the end of what rounds to a finite float32. */
export const largestFloat32 = 2 ** 128 - 2 ** 103 - 2 ** 75;
/** Texts that stand for no value, or for none that is finite. */
export const missing = /^\s*([+-]?(nan|inf|infinity)|na|n\/a|null|none)?\s*$/i;

/** Collects fields into a table; `where` names the source in errors. */
export function numericSink(where: string, options: NumericTableOptions): NumericSink {
  const first: string[] = [];
  let body: NumericSink | undefined;
  return {
    field(bytes, start, end, doubled, place, line) {
      if (body !== undefined) return body.field(bytes, start, end, doubled, place, line);
      const cell = utf8Text(bytes, start, end, () => inField(atLine(where, line), place));
      first.push(doubled ? cell.replaceAll('""', '"') : cell);
    },
    row(line, bytesRead) {
      if (body !== undefined) return body.row(line, bytesRead);
      const hasHeader = !holdsNumbers(first);
      const names = first.map((name, place) => (hasHeader && name.trim()) || `c${place + 1}`);
      checkDistinct(names, atLine(where, line));
      const choice = hasHeader
        ? chooseColumns(names, options.columns, where)
        : chooseUnnamed(names.length, options, where);
      body = tableBody(where, names, choice, options);
      if (hasHeader) return;
      for (const [place, cell] of first.entries()) {
        const bytes = new TextEncoder().encode(cell);
        body.field(bytes, 0, bytes.length, false, place, line);
      }
      body.row(line, bytesRead);
    },
    wholeRows: (bytes, start, limit, separator, bytesBefore) =>
      body?.wholeRows?.(bytes, start, limit, separator, bytesBefore) ?? { end: start, rows: 0 },
    table() {
      if (body !== undefined) return body.table();
      throw failure("data", { where, expected: "a table", received: "an empty file" });
    },
  };
}

/** A first line is data when every cell is a number or stands for a missing one, and one at least is a number. */
function holdsNumbers(cells: readonly string[]): boolean {
  const isNumber = (cell: string) => {
    const bytes = new TextEncoder().encode(cell);
    return !Number.isNaN(parseDecimal(bytes, 0, bytes.length));
  };
  return cells.some(isNumber) && cells.every((cell) => isNumber(cell) || missing.test(cell));
}

/**
 * The rows below the header. A first row with text is told from a stray text cell further down: it is a text column.
 */
function tableBody(
  where: string,
  names: readonly string[],
  { columns, places, ignored }: ColumnChoice,
  options: NumericTableOptions,
): NumericSink {
  const width = columns.length;
  const slots = new Int32Array(names.length).fill(-1);
  for (const [slot, place] of places.entries()) slots[place] = slot;
  let data = new Float32Array(Math.max(1, Math.floor(2 ** 16 / width)) * width);
  let used = 0;
  const textColumns = new Map<string, string>();

  return {
    field(bytes, start, end, _doubled, place, line) {
      const slot = slots[place]!;
      if (slot < 0) return;
      const value = parseDecimal(bytes, start, end);
      data[used + slot] = value;
      if (Math.abs(value) <= largestFloat32) return;
      const cellPlace = inColumn(atLine(where, line), names[place]!);
      const cell = utf8Text(bytes, start, end, () => cellPlace);
      if (used > 0 || missing.test(cell) || !Number.isNaN(value)) throw cellError(cellPlace, cell, value);
      textColumns.set(names[place]!, cell);
    },
    row(line, bytesRead) {
      if (textColumns.size > 0) throw textColumnsError(atLine(where, line), columns, textColumns);
      used += width;
      if (used === data.length) data = grown(data, { where, width, bytesRead, options });
    },
    wholeRows(bytes, start, limit, separator, bytesBefore) {
      if (used === 0) return { end: start, rows: 0 };
      const taken = readPlainRows(bytes, start, limit, { separator, slots, width }, data, used);
      const rows = (taken.used - used) / width;
      used = taken.used;
      if (used === data.length) data = grown(data, { where, width, bytesRead: bytesBefore + taken.at, options });
      return { end: taken.at, rows };
    },
    table() {
      if (used === 0) throw failure("data", { where, expected: "rows", received: "a header without rows" });
      return filledTable({ columns, ignored }, data, used, { where, ...options });
    },
  };
}

/** The table whose numbers are the first `used` of `data`. */
export function filledTable(
  { columns, ignored }: Omit<NumericTable, "rows">,
  data: Float32Array<ArrayBuffer>,
  used: number,
  { where, memory }: { readonly where: string; readonly memory?: number },
): NumericTable {
  checkMemory(used * 4, "", where, memory);
  const exact = data.length > 1.25 * used ? data.slice(0, used) : data.subarray(0, used);
  return { columns, rows: floats(exact, [used / columns.length, columns.length]), ignored };
}

/** A full array and what foretells its final size. */
export interface Growth {
  readonly where: string;
  readonly width: number;
  readonly bytesRead: number;
  readonly options: NumericTableOptions;
}

/**
 * A larger copy of full `data`: once, to the size foretold by the file's length, where that is known (pages never
 * written cost nothing), else twice the size, or as much as old and new together may take.
 */
export function grown(data: Float32Array, { where, width, bytesRead, options }: Growth): Float32Array<ArrayBuffer> {
  const { bytes, memory = Number.POSITIVE_INFINITY } = options;
  const rows = data.length / width;
  let target = 2 * rows;
  if (bytes === undefined) {
    target = Math.min(target, Math.floor(memory / (4 * width)) - rows);
    if (target <= rows) checkMemory(4 * width * (2 * rows + 1), "more than ", where, memory);
  } else {
    const foretold = (rows * bytes) / bytesRead;
    checkMemory(4 * width * Math.round(foretold), "about ", where, memory);
    target = Math.ceil(Math.max(1.02 * foretold, 1.1 * rows)) + 1;
  }
  const larger = allocated(target * width, where);
  larger.set(data);
  return larger;
}

/** A float32 array, or the `data` error that there is no room for it. */
export function allocated(length: number, where: string): Float32Array<ArrayBuffer> {
  try {
    return new Float32Array(length);
  } catch (cause) {
    const received = `one of ${readableBytes(4 * length)}`;
    throw failure(
      "data",
      { where, expected: "a table that fits into one array", received, remedy: "use fewer rows or columns" },
      cause,
    );
  }
}

/** Refuses a table of `needed` bytes over the budget. */
export function checkMemory(needed: number, about: string, where: string, memory = Number.POSITIVE_INFINITY): void {
  if (needed <= memory) return;
  throw failure("data", {
    where,
    expected: `a table within ${readableBytes(memory)}`,
    received: `one that needs ${about}${readableBytes(needed)}`,
    remedy: "raise --memory, or use fewer rows or columns",
  });
}

function readableBytes(bytes: number): string {
  const units = ["bytes", "KiB", "MiB", "GiB", "TiB"];
  const unit = Math.min(Math.floor(Math.log2(Math.max(bytes, 1)) / 10), units.length - 1);
  return `${Number((bytes / 1024 ** unit).toPrecision(4))} ${units[unit]}`;
}

/** Why a cell is no finite float32 number. */
export function cellError(where: string, cell: string, value: number): LocalFlowError {
  if (cell.trim() === "") return failure("data", { where, expected: "a number", received: "an empty cell" });
  const received = `"${shorten(cell.trim())}"`;
  if (missing.test(cell)) return failure("data", { where, expected: "a finite number", received });
  if (!Number.isNaN(value)) return failure("data", { where, expected: "a number of at most 3.4e38", received });
  const isComma = /^\s*[+-]?\d+,\d+\s*$/.test(cell);
  return failure("data", {
    where,
    expected: "a number",
    received,
    ...(isComma && { remedy: "write decimals with a point" }),
  });
}

/** Why a first row, at `where`, with text in some of the wanted columns is no row of numbers. */
export function textColumnsError(
  where: string,
  columns: readonly string[],
  textColumns: ReadonlyMap<string, string>,
): LocalFlowError {
  const [[name, cell] = ["", ""]] = textColumns;
  const numeric = columns.filter((column) => !textColumns.has(column));
  return failure("data", {
    where: inColumn(where, name),
    expected: "a number",
    received: `"${shorten(cell.trim())}"`,
    remedy:
      numeric.length === 0
        ? "a table needs columns of numbers"
        : `choose the numeric columns with --columns (numbers in this row: ${listNames(numeric)})`,
  });
}

/** A number as files of arrays and their readers call it. */
export function spokenNumber(value: number): string {
  if (Number.isFinite(value)) return String(value);
  return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
}
