// csv-scanner: cuts CSV bytes, pushed in chunks of any size, into the fields of rows that are equally wide.
import { failure } from "../errors.ts";
import { atLine, inField } from "./table-places.ts";
import { markLength } from "./utf8.ts";

export const separators = [",", ";", "\t"] as const;
export type Separator = (typeof separators)[number];

/** Receives fields in order. */
export interface FieldSink {
  /**
   * Field `place` (from 0) is `bytes[start, end)`, without the quotes around it; `doubled`: `""` in it stands for `"`.
   * It begins in line `line` of the file.
   */
  field(bytes: Uint8Array, start: number, end: number, doubled: boolean, place: number, line: number): void;
  /** The row that begins in line `line` is complete; `bytesRead` is the length of the file up to its end. */
  row(line: number, bytesRead: number): void;
  /**
   * A faster way for whole rows of one line each, where there is one: takes as many of `bytes[start, limit]` as it can, the last byte being a
   * line feed, and says how many and where they end. `bytesBefore` is the length of the file before `bytes`.
   */
  wholeRows?(bytes: Uint8Array, start: number, limit: number, separator: number, bytesBefore: number): WholeRows;
}

export interface WholeRows {
  readonly end: number;
  readonly rows: number;
}

export interface CsvScanner {
  push(chunk: Uint8Array): void;
  /** Ends the last row. */
  finish(): void;
}

/** A field that grows beyond this is an unclosed quote or no CSV at all. */
const longestField = 2 ** 20;
const mostColumns = 2 ** 16;
const quote = 34;
const lineFeed = 10;
const carriageReturn = 13;

/**
 * Scans UTF-8 CSV: quoted fields may hold separators, line ends and doubled quotes; lines end in LF, CRLF or CR; blank
 * lines are skipped (in a file of one column only at its end). Without `separator` it is the most frequent of `,` `;`
 * and tab in the first line outside quotes. Throws a `data` error that names the line for rows of different widths and
 * broken quotes.
 */
export function csvScanner(where: string, sink: FieldSink, separator?: Separator): CsvScanner {
  let head: Uint8Array | undefined = new Uint8Array(0);
  let body: CsvScanner | undefined;
  const begin = (start: Uint8Array, final: boolean): CsvScanner | undefined => {
    const mark = byteOrderMark(start, where);
    const line = firstLine(start.subarray(mark));
    if (!line.complete && !final && start.length < longestField) return undefined;
    const scanner = bodyScanner(where, sink, separator?.charCodeAt(0) ?? line.separator, mark);
    scanner.push(start.subarray(mark));
    return scanner;
  };
  return {
    push(chunk) {
      if (body !== undefined) return body.push(chunk);
      head = join(head ?? chunk, chunk);
      body = begin(head, false);
      if (body !== undefined) head = undefined;
    },
    finish() {
      body ??= begin(head ?? new Uint8Array(0), true);
      body?.finish();
    },
  };
}

function byteOrderMark(bytes: Uint8Array, where: string): number {
  const isWide = (bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff);
  if (isWide) throw failure("data", { where, expected: "UTF-8 text", received: "UTF-16", remedy: "save it as UTF-8" });
  return markLength(bytes);
}

/** The separator of the first line that is not blank, and whether that line has ended. */
function firstLine(bytes: Uint8Array): { separator: number; complete: boolean } {
  const counts = new Map([",", ";", "\t"].map((character) => [character.charCodeAt(0), 0]));
  let quoted = false;
  let blank = true;
  let complete = false;
  for (const byte of bytes) {
    if (byte === quote) quoted = !quoted;
    const isEnd = byte === lineFeed || byte === carriageReturn;
    if (isEnd && !quoted && !blank) {
      complete = true;
      break;
    }
    if (!isEnd) blank = false;
    if (!quoted && counts.has(byte)) counts.set(byte, counts.get(byte)! + 1);
  }
  const [best] = [...counts].reduce((most, next) => (next[1] > most[1] ? next : most));
  return { separator: best, complete };
}

function bodyScanner(where: string, sink: FieldSink, separator: number, skipped: number): CsvScanner {
  let carry = new Uint8Array(0);
  let before = skipped;
  let line = 1;
  let rowLine = 1;
  let place = 0;
  let width = 0;
  let blankLine = 0;

  function endRow(end: number): void {
    const count = place + 1;
    if (width === 0) width = count;
    if (count !== width) {
      throw failure("data", { where: atLine(where, rowLine), expected: fields(width), received: fields(count) });
    }
    sink.row(rowLine, before + end);
    nextRow();
    place = 0;
  }

  function skipBlankLine(): void {
    if (width === 1 && blankLine === 0) blankLine = line;
    nextRow();
  }

  function nextRow(lines = 1): void {
    line += lines;
    rowLine = line;
  }

  /** Scans whole fields from the start of `bytes`; returns where the first unfinished one begins. */
  function scan(bytes: Uint8Array, final: boolean): number {
    const length = bytes.length;
    const limit = bytes.lastIndexOf(lineFeed);
    let at = 0;
    while (at < length || (final && place > 0)) {
      if (place === 0 && width > 0 && blankLine === 0 && at <= limit) {
        const taken = sink.wholeRows?.(bytes, at, limit, separator, before);
        if (taken !== undefined && taken.rows > 0) {
          at = taken.end;
          nextRow(taken.rows);
          continue;
        }
      }
      const isQuoted = bytes[at] === quote;
      const closing = isQuoted ? closingQuote(bytes, at, final) : undefined;
      const quotedEnd = closing === undefined ? length : closing.end + 1;
      const end = isQuoted ? quotedEnd : unquotedEnd(bytes, at, separator);
      const stop = bytes[end];
      if (end - at > longestField) throw tooLong();
      if (!final && (end === length || (stop === carriageReturn && end + 1 === length))) return at;
      if (isQuoted) checkClosed(closing !== undefined, stop);
      const next = stop === carriageReturn && bytes[end + 1] === lineFeed ? end + 2 : end + 1;
      if (place === 0 && end === at && stop !== separator) {
        skipBlankLine();
        at = next;
        continue;
      }
      if (blankLine > 0) throw emptyRow();
      if (place < (width === 0 ? mostColumns : width)) {
        if (closing === undefined) sink.field(bytes, at, end, false, place, line);
        else sink.field(bytes, at + 1, end - 1, closing.doubled, place, line);
      } else if (width === 0) throw tooWide();
      if (isQuoted) line += lineBreaks(bytes, at, end);
      at = Math.min(next, length);
      if (stop === separator) place++;
      else endRow(at);
    }
    return at;
  }

  function checkClosed(isClosed: boolean, stop: number | undefined): void {
    if (isClosed && (stop === undefined || stop === separator || stop === lineFeed || stop === carriageReturn)) return;
    throw failure("data", {
      where: inField(atLine(where, line), place),
      expected: isClosed ? "a separator after the closing quote" : "a closing quote",
      received: isClosed ? JSON.stringify(String.fromCharCode(stop ?? 0)) : "the end of the file",
      remedy: 'write a quote inside a quoted field as ""',
    });
  }

  const tooLong = () =>
    failure("data", {
      where: inField(atLine(where, line), place),
      expected: "a field of at most 1 MiB",
      received: "a longer one",
      remedy: "look for a quote that is never closed",
    });
  const tooWide = () =>
    failure("data", { where: atLine(where, line), expected: `at most ${mostColumns} columns`, received: "more" });
  const emptyRow = () =>
    failure("data", { where: atLine(where, blankLine), expected: "a value", received: "a blank line" });

  return {
    push(chunk) {
      const bytes = carry.length === 0 ? chunk : join(carry, chunk);
      const at = scan(bytes, false);
      before += at;
      if (bytes.length - at > longestField + 2) throw tooLong();
      carry = new Uint8Array(bytes.subarray(at));
    },
    finish() {
      scan(carry, true);
      carry = new Uint8Array(0);
    },
  };
}

function unquotedEnd(bytes: Uint8Array, start: number, separator: number): number {
  let end = start;
  for (; end < bytes.length; end++) {
    const byte = bytes[end];
    if (byte === separator || byte === lineFeed || byte === carriageReturn) break;
  }
  return end;
}

/** Where the field that opens at `start` closes; absent while that cannot be told. */
function closingQuote(bytes: Uint8Array, start: number, final: boolean): { end: number; doubled: boolean } | undefined {
  let doubled = false;
  for (let at = bytes.indexOf(quote, start + 1); at >= 0; at = bytes.indexOf(quote, at + 2)) {
    if (bytes[at + 1] !== quote) return at + 1 < bytes.length || final ? { end: at, doubled } : undefined;
    doubled = true;
  }
  return undefined;
}

/** How many lines end in `bytes[start, end)`: in LF, CRLF or CR. */
function lineBreaks(bytes: Uint8Array, start: number, end: number): number {
  let breaks = 0;
  for (let at = start; at < end; at++) {
    const byte = bytes[at];
    if (byte === lineFeed || (byte === carriageReturn && bytes[at + 1] !== lineFeed)) breaks++;
  }
  return breaks;
}

function fields(count: number): string {
  return count === 1 ? "1 field" : `${count} fields`;
}

function join(first: Uint8Array, second: Uint8Array): Uint8Array<ArrayBuffer> {
  const joined = new Uint8Array(first.length + second.length);
  joined.set(first);
  joined.set(second, first.length);
  return joined;
}
