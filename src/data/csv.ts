// csv: tables as text. Rows of strings, a fast reader of numeric tables, and a writer that float32 survives exactly.
import type { FloatArray } from "../tensor/array.ts";
import { type CsvScanner, csvScanner, type FieldSink, type Separator } from "./csv-scanner.ts";
import { longestFloat32, writeFloat32 } from "./decimal.ts";
import { type NumericTable, type NumericTableOptions, numericSink } from "./numeric-table.ts";
import { atLine, inField } from "./table-places.ts";
import { utf8Text } from "./utf8.ts";

export interface CsvOptions {
  /** Name of the source in error messages. */
  readonly where: string;
  /** Default: found from the first line. */
  readonly separator?: Separator;
}

/** One record, which begins in line `line` of the file. */
export interface CsvRow {
  readonly line: number;
  readonly cells: readonly string[];
}

export interface CsvReader {
  /** Takes bytes or text of any length and returns the rows completed by it, the header like any other row. */
  push(chunk: Uint8Array | string): CsvRow[];
  /** Ends the file and returns the rows still open. */
  finish(): CsvRow[];
}

/** Incremental reader of rows of text; see `csvScanner` for the dialect and its errors. */
export function csvReader({ where, separator }: CsvOptions): CsvReader {
  let rows: CsvRow[] = [];
  let cells: string[] = [];
  const sink: FieldSink = {
    field(bytes, start, end, doubled, place, line) {
      const cell = utf8Text(bytes, start, end, () => inField(atLine(where, line), place));
      cells.push(doubled ? cell.replaceAll('""', '"') : cell);
    },
    row(line) {
      rows.push({ line, cells });
      cells = [];
    },
  };
  const scanner = csvScanner(where, sink, separator);
  const encode = textEncoder();
  const collected = (): CsvRow[] => {
    const done = rows;
    rows = [];
    return done;
  };
  return {
    push(chunk) {
      scanner.push(typeof chunk === "string" ? encode(chunk) : chunk);
      return collected();
    },
    finish() {
      scanner.finish();
      return collected();
    },
  };
}

/** UTF-8 of text in pieces: the first half of a character cut in two waits for the second. */
function textEncoder(): (text: string) => Uint8Array {
  const encoder = new TextEncoder();
  let waiting = "";
  return (piece) => {
    const text = waiting + piece;
    const last = text.charCodeAt(text.length - 1);
    const whole = last >= 0xd800 && last < 0xdc00 ? text.length - 1 : text.length;
    waiting = text.slice(whole);
    return encoder.encode(text.slice(0, whole));
  };
}

export interface NumericCsvOptions extends CsvOptions, NumericTableOptions {}

/**
 * Reads a numeric table: a header line (or none, when the first line holds only numbers: columns are then c1, c2, …)
 * and rows of finite numbers. Memory is the table's own, rows x columns x 4 bytes, plus the chunk at hand. Throws
 * `data` errors that name line and column, `option` errors for unknown `columns`.
 */
export async function readNumericCsv(
  source: AsyncIterable<Uint8Array> | Iterable<Uint8Array>,
  options: NumericCsvOptions,
): Promise<NumericTable> {
  const sink = numericSink(options.where, options);
  const scanner: CsvScanner = csvScanner(options.where, sink, options.separator);
  for await (const chunk of source) scanner.push(chunk);
  scanner.finish();
  return sink.table();
}

export interface CsvWriter {
  header(): Uint8Array;
  /**
   * Lines of an [n, d] array in pieces of about a megabyte: the shortest decimals that read back as the same float32.
   */
  rows(array: FloatArray): Generator<Uint8Array>;
}

/** Writes comma-separated lines under a header of `columns`. */
export function csvWriter(columns: readonly string[]): CsvWriter {
  return {
    header: () => new TextEncoder().encode(`${columns.map(quoted).join(",")}\n`),
    *rows({ data }) {
      const width = columns.length;
      const rowBytes = width * (longestFloat32 + 1);
      const buffer = new Uint8Array(Math.max(rowBytes, Math.min(2 ** 20, (data.length / width) * rowBytes)));
      let used = 0;
      for (let at = 0; at < data.length; at += width) {
        if (used + rowBytes > buffer.length) {
          yield buffer.slice(0, used);
          used = 0;
        }
        for (let column = 0; column < width; column++) {
          used = writeFloat32(data[at + column]!, buffer, used);
          buffer[used++] = column === width - 1 ? 10 : 44;
        }
      }
      if (used > 0) yield buffer.slice(0, used);
    },
  };
}

/** A field as CSV has it: in quotes where it is empty, has blanks around it, or holds a separator, a quote or a line end. */
export function quoted(name: string): string {
  return /[",;\t\r\n]|^\s|\s$|^$/.test(name) ? `"${name.replaceAll('"', '""')}"` : name;
}
