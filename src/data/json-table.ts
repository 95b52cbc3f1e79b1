// json-table: numeric tables from JSON: an array of records or of arrays, an object of columns, or a record per line.
import { failure } from "../errors.ts";
import { checkDistinct, chooseColumns, chooseUnnamed, shorten } from "./columns.ts";
import { isRecord } from "./is-record.ts";
import { repeatedKey } from "./json-keys.ts";
import { endExpected, faultPlace, type JsonPlace, jsonSyntaxFault } from "./json-syntax.ts";
import { elementCutter, type JsonPiece, lineCutter } from "./json-text.ts";
import { checkMemory, type NumericTable } from "./numeric-table.ts";
import { atRow, inColumn } from "./table-places.ts";
import { wholeText } from "./utf8.ts";
import { spoken, type ValueTable, type ValueTableOptions, valueTable } from "./value-table.ts";

type Source = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

/**
 * Reads `[{"a": 1}, …]`, `[[1, 2], …]` or `{"a": [1, …]}`. Arrays are read a row at a time, an object of columns as a
 * whole. Booleans are 0 and 1. Throws `data` errors that name row or line and column.
 */
export async function readJsonTable(source: Source, options: ValueTableOptions): Promise<NumericTable> {
  const { first, chunks } = await jsonBegun(source);
  if (first === undefined)
    throw failure("data", { where: options.where, expected: "a table", received: "an empty file" });
  return first === "{" ? readColumnObject(chunks, options) : readPieces(chunks, elementCutter, options);
}

/** JSON that was looked at: its first character that is no blank, if there is any, and all of its bytes without the mark. */
export interface BegunJson {
  readonly first?: string;
  readonly chunks: AsyncIterable<Uint8Array>;
}

/** Reads as far as the first character, which tells an object of columns from rows. */
export async function jsonBegun(source: Source): Promise<BegunJson> {
  const rest = withoutByteOrderMark(source);
  const head: Uint8Array[] = [];
  let first: string | undefined;
  for (let next = await rest.next(); !next.done; next = await rest.next()) {
    head.push(next.value);
    first = /\S/.exec(new TextDecoder("latin1").decode(next.value))?.[0];
    if (first !== undefined) break;
  }
  async function* all(): AsyncGenerator<Uint8Array> {
    yield* head;
    yield* rest;
  }
  return { ...(first !== undefined && { first }), chunks: all() };
}

/** Reads one JSON record or array per line (NDJSON, JSON Lines); blank lines are skipped. */
export function readNdjsonTable(source: Source, options: ValueTableOptions): Promise<NumericTable> {
  return readPieces(source, lineCutter, options);
}

async function readPieces(source: Source, cut: typeof lineCutter, options: ValueTableOptions): Promise<NumericTable> {
  const table = recordTable(options);
  const cutter = cut(options.where, (piece) => {
    table.add(parsedPiece(piece, options.where), piece);
  });
  for await (const chunk of source) cutter.push(chunk);
  cutter.finish();
  return table.table();
}

/** A parsed object of columns takes up to about six times its text: the bytes, the string and 8 bytes per number. */
const parsedSize = 6;

async function readColumnObject(source: AsyncIterable<Uint8Array>, options: ValueTableOptions): Promise<NumericTable> {
  const { where, memory, bytes } = options;
  if (bytes !== undefined) checkMemory(parsedSize * bytes, "about ", where, memory);
  const text = await wholeText(source, where);
  const value = parsedWhole(text, where);
  const entries = isRecord(value) ? Object.entries(value) : [];
  const columns = entries.filter((entry): entry is [string, unknown[]] => Array.isArray(entry[1]));
  const [, longest] = columns[0] ?? ["", []];
  for (const [name, list] of entries) {
    if (Array.isArray(list) && list.length === longest.length) continue;
    const received = Array.isArray(list) ? `one of ${list.length}` : spoken(list);
    const expected = `a list of ${longest.length} numbers, as long as the first column`;
    throw failure("data", {
      where: inColumn(where, name),
      expected: longest.length === 0 ? "a list of numbers" : expected,
      received,
      remedy: 'pandas writes tables with orient="records"',
    });
  }
  checkKeys(text, where);
  const names = columns.map(([name]) => name);
  const lists = columns.map(([, list]) => list);
  const body = valueTable(chooseColumns(names, options.columns, where), names.length, options);
  for (let n = 0; n < longest.length; n++)
    body.add(
      (place) => lists[place]?.[n],
      () => atRow(where, n),
      (n + 1) * (text.length / longest.length),
    );
  return body.table();
}

/** Rows that are records or arrays; the first one says which, and what the columns are. */
function recordTable(options: ValueTableOptions) {
  const { where } = options;
  let names: readonly string[] = [];
  let isList = false;
  let body: ValueTable | undefined;
  const begin = (value: unknown, { where: place, text }: JsonPiece) => {
    isList = Array.isArray(value);
    if (isRecord(value)) checkKeys(text, place);
    names = isRecord(value) ? Object.keys(value) : [];
    const width = Array.isArray(value) ? value.length : names.length;
    if (width === 0)
      throw failure("data", {
        where: place,
        expected: "a record or a list of numbers",
        received: spoken(value),
      });
    checkDistinct(names, where);
    return valueTable(
      isList ? chooseUnnamed(width, options, where) : chooseColumns(names, options.columns, where),
      width,
      options,
    );
  };
  return {
    add(value: unknown, piece: JsonPiece): void {
      body ??= begin(value, piece);
      const place = piece.where;
      if (Array.isArray(value) && isList) {
        if (value.length !== body.width)
          throw failure("data", {
            where: place,
            expected: `${body.width} numbers as in the first row`,
            received: String(value.length),
          });
        body.add(
          (column) => value[column],
          () => place,
          piece.bytesRead,
        );
        return;
      }
      if (!isRecord(value) || isList)
        throw failure("data", {
          where: place,
          expected: isList ? "a list as in the first row" : "a record as in the first row",
          received: spoken(value),
        });
      if (options.columns === undefined) checkNoOthers(value, names, place);
      body.add(
        (column) => (Object.hasOwn(value, names[column]!) ? value[names[column]!] : undefined),
        () => place,
        piece.bytesRead,
      );
    },
    table(): NumericTable {
      if (body !== undefined) return body.table();
      throw failure("data", { where, expected: "rows of numbers", received: "none" });
    },
  };
}

function checkNoOthers(value: Readonly<Record<string, unknown>>, names: readonly string[], where: string): void {
  if (Object.keys(value).length <= names.length) return;
  const other = Object.keys(value).find((name) => !names.includes(name));
  throw failure("data", { where, expected: "the names of the first row", received: `also "${shorten(other ?? "")}"` });
}

export function checkKeys(text: string, where: string): void {
  const repeated = repeatedKey(text);
  if (repeated === undefined) return;
  throw failure("data", {
    where,
    expected: "a different name for every column",
    received: `"${shorten(repeated)}" twice`,
  });
}

/** The value of a piece of the file `where`. Throws a `data` error at its line and column where it is no JSON. */
export function parsedPiece({ text, start }: JsonPiece, where: string): unknown {
  return parsed(text, { where, start, behind: "commas part rows in .json, lines in .ndjson and .jsonl" });
}

/** The value of a whole file. */
export function parsedWhole(text: string, where: string): unknown {
  const start = { line: 1, column: 1 };
  return parsed(text, { where, start, behind: "name a file of one record per line .ndjson or .jsonl" });
}

interface TextPlace {
  readonly where: string;
  readonly start: JsonPlace;
  /** What is to be done about something behind the value. */
  readonly behind: string;
}

/** The value of a JSON text; Python's NaN and Infinity, which JSON lacks, become texts and so are refused by place. */
function parsed(text: string, { where, start, behind }: TextPlace): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    try {
      return JSON.parse(
        text.replace(/"(?:[^"\\]|\\.)*"|-?\b(?:NaN|Infinity)\b/g, (word) =>
          word.startsWith('"') ? word : `"${word}"`,
        ),
      );
    } catch {
      const fault = jsonSyntaxFault(text, { start, hasNaN: true });
      if (fault === undefined) throw cause;
      const { line, column, ...problem } = fault;
      const isNothing = text.trim() === "";
      const remedy = isNothing
        ? "leave out the comma beside it"
        : problem.expected === endExpected
          ? behind
          : undefined;
      const place = faultPlace(where, { line, column });
      throw failure("data", { ...problem, where: place, ...(remedy !== undefined && { remedy }) }, cause);
    }
  }
}

async function* withoutByteOrderMark(source: Source): AsyncGenerator<Uint8Array> {
  const mark = [0xef, 0xbb, 0xbf];
  let seen = 0;
  for await (const chunk of source) {
    let start = 0;
    while (start < chunk.length && chunk[start] === mark[seen]) [start, seen] = [start + 1, seen + 1];
    if (start < chunk.length) seen = mark.length;
    yield chunk.subarray(start);
  }
}
