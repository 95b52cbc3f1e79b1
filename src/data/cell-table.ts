// cell-table: tables of mixed columns as they were written: every cell a text, equal texts stored once, gaps marked.
import { failure } from "../errors.ts";
import { shorten } from "./columns.ts";
import { isRecord } from "./is-record.ts";
import { checkMemory } from "./numeric-table.ts";
import { checkRequest, checkValue, number, type Rule, type Rules, texts } from "./requests.ts";
import { atLine, atRow, inColumn } from "./table-places.ts";
import { type Texts, textPool } from "./text-pool.ts";
import { checkUtf8 } from "./utf8.ts";

/** What a source said its values are; CSV says nothing, so its columns are untyped. */
export type CellOrigin = "untyped" | "text" | "number" | "boolean" | "date";

export interface CellColumn {
  readonly name: string;
  readonly origin: CellOrigin;
  /** For each row the number of its text in `texts`, -1 for a gap. */
  readonly codes: Int32Array;
  readonly texts: Texts;
  /** The commonest spelling of a gap; empty where there is none. */
  readonly gap: string;
  /** The first column, which alone has no name in the source: an index of the rows, as pandas and R write it. */
  readonly unnamed?: true;
}

/** Columns of equal length with different names. */
export interface CellTable {
  readonly rows: number;
  readonly columns: readonly CellColumn[];
}

/** A value of an object that stands for a row. */
export type CellValue = string | number | bigint | boolean | Date | null | undefined;

export interface CellTableOptions {
  /** Further spellings of a gap, beside none at all, NaN, NA, N/A, #N/A, <NA> and null in any case. */
  readonly missing?: readonly string[];
  /** Most bytes the table may take; default: no limit. */
  readonly memory?: number;
}

export const tableRules: Rules<CellTableOptions> = { missing: texts, memory: number({ above: 0 }) };

/** What is asked of a value that programs give as a table of cells. */
export const cellTableRule: Rule = {
  expected: "a table of cells",
  holds: isCellTable,
  remedy: "make one of an array of objects with cellTableOf",
  code: "data",
};

function isCellTable(value: unknown): boolean {
  if (!isRecord(value) || !Array.isArray(value["columns"])) return false;
  const { rows } = value;
  return Number.isSafeInteger(rows) && value["columns"].every((column: unknown) => isColumn(column, rows));
}

function isColumn(column: unknown, rows: unknown): boolean {
  if (!isRecord(column) || typeof column["name"] !== "string" || !isRecord(column["texts"])) return false;
  return column["codes"] instanceof Int32Array && column["codes"].length === rows;
}

const gapWords = /^(nan|na|n\/a|#n\/a|<na>|null)?$/i;
const longestGapWord = 4;

/** Whether a text stands for a gap: none at all, or a usual word for it. */
export function isGapText(text: string): boolean {
  return text.length <= longestGapWord && gapWords.test(text);
}

/** The text of cell (row, column), undefined for a gap. */
export function cellText({ codes, texts }: CellColumn, row: number): string | undefined {
  const code = codes[row] ?? -1;
  return code < 0 ? undefined : texts.at(code);
}

/** A column that grows cell by cell. */
export interface CellColumnBuilder {
  /** Adds the text `bytes[start, end)` in line `line` of the source. Throws a `data` error unless it is UTF-8. */
  add(bytes: Uint8Array, start: number, end: number, line: number): void;
  addText(text: string, origin: CellOrigin): void;
  addGap(spelling: string): void;
  readonly length: number;
  /** Bytes held, `rows` being how many there will be as far as is known. */
  bytes(rows: number): number;
  column(): CellColumn;
}

/** An empty column; cells that are spelled like gaps become gaps. */
export function cellColumnBuilder(name: string, where: string, missing: readonly string[] = []): CellColumnBuilder {
  const pool = textPool(`${where} column "${shorten(name)}"`);
  const spellings = new Map<string, number>();
  const extra = new Set(missing);
  const longest = Math.max(longestGapWord, ...missing.map((text) => 3 * text.length));
  const decoder = new TextDecoder();
  const origins = new Set<CellOrigin>();
  let codes = new Int32Array(256);
  let length = 0;

  const push = (code: number): void => {
    if (length === codes.length) {
      const larger = new Int32Array(2 * length);
      larger.set(codes);
      codes = larger;
    }
    codes[length++] = code;
  };
  const addGap = (spelling: string): void => {
    spellings.set(spelling, (spellings.get(spelling) ?? 0) + 1);
    push(-1);
  };
  const isGap = (text: string): boolean => isGapText(text) || extra.has(text);
  return {
    add(bytes, start, end, line) {
      if (end - start <= longest && (extra.size > 0 || mayBeGap(bytes[start], end - start))) {
        const text = decoder.decode(bytes.subarray(start, end));
        if (isGap(text)) return addGap(text);
      }
      const known = pool.size;
      const code = pool.add(bytes, start, end);
      if (code === known) checkUtf8(bytes, start, end, () => inColumn(atLine(where, line), name));
      push(code);
    },
    addText(text, origin) {
      if (isGap(text)) return addGap(text);
      origins.add(origin);
      push(pool.addText(text));
    },
    addGap,
    get length() {
      return length;
    },
    bytes: (rows) => 4 * Math.max(rows, length) + pool.bytes(),
    column: () => ({
      name,
      origin: origins.size > 1 ? "text" : ([...origins][0] ?? "untyped"),
      codes: codes.slice(0, length),
      texts: pool.sealed(),
      gap: [...spellings].reduce((most, next) => (next[1] > most[1] ? next : most), ["", 0] as const)[0],
    }),
  };
}

/** Whether a text of this first byte and length may be one of the usual words. */
function mayBeGap(first: number | undefined, length: number): boolean {
  return length === 0 || first === 78 || first === 110 || first === 35 || first === 60;
}

/** A table from finished columns; refuses one without rows or over the budget. */
export function builtTable(
  builders: readonly CellColumnBuilder[],
  where: string,
  memory: number | undefined,
): CellTable {
  const rows = builders[0]?.length ?? 0;
  if (rows === 0) throw failure("data", { where, expected: "rows", received: "none" });
  checkMemory(bytesOf(builders, rows), "", where, memory);
  return { rows, columns: builders.map((builder) => builder.column()) };
}

/** Bytes held by columns that will have `rows` rows. */
export function bytesOf(builders: readonly CellColumnBuilder[], rows: number): number {
  return builders.reduce((total, builder) => total + builder.bytes(rows), 0);
}

/**
 * A table from objects, one per row; columns are in the order in which names first occur. null, undefined, NaN, "" and an
 * invalid date are gaps. Nothing is changed in the rows. Throws a `data` error that names row and column for other values.
 */
export function cellTableOf(rows: Iterable<object>, options: CellTableOptions = {}): CellTable {
  const collector = objectCollector(options, "cellTableOf");
  checkValue(rows, objects, "rows");
  for (const record of rows) collector.add(record);
  return collector.table();
}

/** The table of `cellTableOf` from a stream of objects, such as the answer of a database; it is kept as cells, not as objects. */
export async function readCellRows(
  rows: AsyncIterable<object> | Iterable<object>,
  options: CellTableOptions = {},
): Promise<CellTable> {
  const collector = objectCollector(options, "readCellRows");
  checkValue(rows, streamedObjects, "rows");
  for await (const record of rows) collector.add(record);
  return collector.table();
}

/** Collects objects of a program, which errors call by their rows. */
function objectCollector(options: CellTableOptions, where: string) {
  checkRequest(options, tableRules, where);
  const collector = recordCollector("rows", options);
  let count = 0;
  return {
    add(record: object): void {
      const place = count++;
      collector.add(record, () => atRow("rows", place));
    },
    table: collector.table,
  };
}

/** Collects records, each with its place for errors, row by row; a column that a record lacks has a gap there. */
export function recordCollector(where: string, { missing, memory }: CellTableOptions) {
  const builders = new Map<string, CellColumnBuilder>();
  let rows = 0;
  return {
    add(record: object, placeOf: () => string): void {
      if (!isRecord(record)) checkValue(record, recordRule, placeOf());
      for (const [name, value] of Object.entries(record)) {
        const builder = builders.get(name) ?? cellColumnBuilder(name, where, missing);
        if (!builders.has(name)) {
          if (builders.size === mostColumns) throw tooWide(placeOf());
          builders.set(name, builder);
        }
        while (builder.length < rows) builder.addGap("");
        addValue(builder, value, () => inColumn(placeOf(), name));
      }
      rows++;
      for (const builder of builders.values()) while (builder.length < rows) builder.addGap("");
      if (rows % 4096 === 0) checkMemory(bytesOf([...builders.values()], rows), "more than ", where, memory);
    },
    table: () => {
      if (rows > 0 && builders.size === 0)
        throw failure("data", { where, expected: "objects with values", received: "none but empty ones" });
      return builtTable([...builders.values()], where, memory);
    },
  };
}

const mostColumns = 2 ** 16;
const objects: Rule = {
  expected: "an array of objects",
  holds: (value) => typeof value === "object" && value !== null && Symbol.iterator in value,
  remedy: 'give an object for every row, such as [{ age: 41, city: "Oslo" }]',
  code: "data",
};
const streamedObjects: Rule = {
  ...objects,
  expected: "a stream of objects",
  holds: (value) => objects.holds(value) || (isRecord(value) && Symbol.asyncIterator in value),
};
const recordRule: Rule = {
  expected: "an object",
  holds: isRecord,
  remedy: 'name the values of a row, such as { age: 41, city: "Oslo" }',
  code: "data",
};

function tooWide(where: string) {
  return failure("data", { where, expected: `at most ${mostColumns} columns`, received: "more" });
}

/** Adds a value of a program; `where` is asked for only when it is refused. */
export function addValue(builder: CellColumnBuilder, value: unknown, where: () => string): void {
  if (value === null || value === undefined || Number.isNaN(value)) builder.addGap("");
  else if (typeof value === "string") builder.addText(value, "text");
  else if (typeof value === "number" || typeof value === "bigint") builder.addText(String(value), "number");
  else if (typeof value === "boolean") builder.addText(String(value), "boolean");
  else if (value instanceof Date) {
    if (Number.isNaN(value.getTime())) builder.addGap("");
    else builder.addText(value.toISOString(), "date");
  } else {
    const expected = "a number, a text, a boolean, a date or nothing";
    const received = Array.isArray(value) ? "a list" : typeof value === "object" ? "an object" : typeof value;
    throw failure("data", { where: where(), expected, received, remedy: "give every part a column of its own" });
  }
}

/** The rows as objects with the types of their source; gaps are null, and cells of untyped columns are texts. */
export function* recordsOf(table: CellTable): Generator<Record<string, CellValue>> {
  checkValue(table, cellTableRule, "table");
  for (let row = 0; row < table.rows; row++) {
    yield Object.fromEntries(table.columns.map((column) => [column.name, recordValue(column, row)]));
  }
}

function recordValue(column: CellColumn, row: number): CellValue {
  const text = cellText(column, row);
  if (text === undefined) return null;
  if (column.origin === "number") return Number(text);
  if (column.origin === "boolean") return text === "true";
  return column.origin === "date" ? new Date(text) : text;
}
