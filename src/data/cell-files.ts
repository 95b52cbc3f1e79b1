// cell-files (Node only): reading tables of mixed columns from CSV, TSV, JSON, NDJSON and Parquet.
import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { failure } from "../errors.ts";
import { type CellSource, type CellSourceOptions, readCellCsv } from "./cell-csv.ts";
import {
  addValue,
  builtTable,
  type CellColumnBuilder,
  type CellTable,
  type CellTableOptions,
  cellColumnBuilder,
  recordCollector,
} from "./cell-table.ts";
import { checkDistinct, numberedColumns } from "./columns.ts";
import { endingOf, explained, unknownEnding } from "./files.ts";
import { isRecord } from "./is-record.ts";
import { checkKeys, jsonBegun, parsedPiece, parsedWhole } from "./json-table.ts";
import { elementCutter, type JsonPiece, lineCutter } from "./json-text.ts";
import { checkMemory } from "./numeric-table.ts";
import { toldPacked } from "./packed-file.ts";
import { cellTableEndings, endingAmong, isJsonLines } from "./table-endings.ts";
import { atRow, inColumn } from "./table-places.ts";
import { wholeText } from "./utf8.ts";
import { spoken } from "./value-table.ts";

export interface CellReadOptions extends CellTableOptions {
  /** What the path `-` reads, as CSV; default: the standard input of the process. */
  readonly input?: AsyncIterable<Uint8Array>;
}

/**
 * Reads a table of mixed columns by its ending, one of `cellTableEndings`; `-` is CSV on the standard input. Throws `file`
 * errors for the file itself, `data` errors that name line or row and column for what is in it.
 */
export async function readCellTable(path: string, options: CellReadOptions = {}): Promise<CellTable> {
  const { input = process.stdin, ...others } = options;
  if (path === "-") return readCellCsv(input, { where: "standard input", ...others });
  const ending = endingAmong(cellTableEndings, endingOf(path));
  if (ending === undefined) throw unknownEnding(path, cellTableEndings);
  return explained(path, () => toldPacked(path, () => readEnding(path, ending, others)));
}

async function readEnding(path: string, ending: string, options: CellTableOptions): Promise<CellTable> {
  const found = await stat(path);
  if (found.isDirectory()) throw failure("file", { where: path, expected: "a file", received: "a folder" });
  if (ending === ".parquet") return (await import("./cell-parquet.ts")).readCellParquet(path, options);
  const source = createReadStream(path, { highWaterMark: 2 ** 20 });
  const known = { where: path, ...options, ...(found.isFile() && found.size > 0 && { bytes: found.size }) };
  if (ending === ".json") return readCellJson(source, known);
  if (isJsonLines(ending)) return readCellNdjson(source, known);
  return readCellCsv(source, { ...known, ...(ending === ".tsv" && { separator: "\t" as const }) });
}

/** Reads one record per line; a name that a record lacks is a gap there. */
export function readCellNdjson(source: CellSource, options: CellSourceOptions): Promise<CellTable> {
  return readPieces(source, lineCutter, options);
}

/** Reads `[{"a": 1}, …]`, `[[1, "x"], …]` or `{"a": [1, …]}`. */
export async function readCellJson(source: CellSource, options: CellSourceOptions): Promise<CellTable> {
  const { first, chunks } = await jsonBegun(source);
  return first === "{" ? readColumnObject(chunks, options) : readPieces(chunks, elementCutter, options);
}

async function readPieces(source: CellSource, cut: typeof lineCutter, options: CellSourceOptions): Promise<CellTable> {
  const { where } = options;
  const collector = recordCollector(where, options);
  let names: readonly string[] | undefined;
  let isFirst = true;
  const take = (piece: JsonPiece): void => {
    const { text } = piece;
    const value = parsedPiece(piece, where);
    if (isFirst && Array.isArray(value)) names = numberedColumns(value.length);
    if (isFirst && isRecord(value)) checkKeys(text, piece.where);
    isFirst = false;
    collector.add(recordFrom(value, names, piece.where), () => piece.where);
  };
  const cutter = cut(where, take);
  for await (const chunk of source) cutter.push(chunk);
  cutter.finish();
  return collector.table();
}

function recordFrom(value: unknown, names: readonly string[] | undefined, where: string): object {
  if (names === undefined && isRecord(value)) return value;
  if (names !== undefined && Array.isArray(value) && value.length === names.length)
    return Object.fromEntries(names.map((name, place) => [name, value[place]]));
  throw failure("data", {
    where,
    expected: names === undefined ? "a record" : `a list of ${names.length} values as in the first row`,
    received: Array.isArray(value) ? `a list of ${value.length}` : spoken(value),
  });
}

async function readColumnObject(source: CellSource, options: CellSourceOptions): Promise<CellTable> {
  const { where, memory, missing, bytes = 0 } = options;
  checkMemory(6 * bytes, "about ", where, memory);
  const text = await wholeText(source, where);
  const value = parsedWhole(text, where);
  checkKeys(text, where);
  const lists = Object.entries(isRecord(value) ? value : {});
  checkDistinct(
    lists.map(([name]) => name),
    where,
  );
  const longest = Array.isArray(lists[0]?.[1]) ? lists[0][1].length : 0;
  const builders: CellColumnBuilder[] = lists.map(([name, list]) => {
    if (!Array.isArray(list) || list.length !== longest) {
      throw failure("data", {
        where: inColumn(where, name),
        expected: Array.isArray(lists[0]?.[1])
          ? `a list of ${longest} values, as long as the first column`
          : "a list of values",
        received: Array.isArray(list) ? `one of ${list.length}` : spoken(list),
        remedy: 'pandas writes tables with orient="records"',
      });
    }
    const builder = cellColumnBuilder(name, where, missing);
    list.forEach((cell: unknown, n) => addValue(builder, cell, () => inColumn(atRow(where, n), name)));
    return builder;
  });
  return builtTable(builders, where, memory);
}
