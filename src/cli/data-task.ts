// data-task: whether data are rows of numbers or a table of mixed columns, as far as their first rows show it.
import { createReadStream } from "node:fs";
import { csvReader } from "../data/csv.ts";
import { endingOf, explained } from "../data/files.ts";
import { isRecord } from "../data/is-record.ts";
import { elementCutter, type JsonPiece, lineCutter } from "../data/json-text.ts";
import { isDensity } from "../data/sources.ts";
import { cellTableEndings, endingAmong, isJsonLines } from "../data/table-endings.ts";
import { isNotUtf8, markLength } from "../data/utf8.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { type Notation, parseNumber } from "../tasks/table/number-format.ts";
import { flag } from "./flags.ts";
import { type ImageFitOptions, imageFitNames } from "./images-options.ts";
import { isImagePath } from "./images-paths.ts";
import { refuseGiven } from "./refusals.ts";

export type DataTask = "density" | "table" | "images";

interface TaskOptions extends ImageFitOptions {
  readonly task?: DataTask;
  readonly schema?: string;
  readonly label?: string;
  readonly constraint?: readonly string[];
  readonly ordinal?: readonly unknown[];
  readonly text?: string;
  readonly columns?: readonly string[];
}

/** Bytes of a file that are looked at. */
const lookedAt = 2 ** 16;

/**
 * The task asked for, or the one that shows: "images" by the path (folders, IDX files), "table" where in the first rows a chosen column
 * has gaps, nothing but texts, or numbers of another notation (`73,807` beside `188`). What cannot be looked at (standard input,
 * arrays, broken files) counts as rows of numbers, whose reader says more. Throws the `data` error of a file that is no UTF-8 text.
 */
export async function dataTask(path: string, options: TaskOptions): Promise<DataTask> {
  const { columns } = options;
  const task = taskAsked(options);
  if (task !== undefined && options.task === undefined) await checkMarked(path, task, options);
  if (task !== undefined) return task;
  if (isDensity(path) || path === "-") return "density";
  if (await isImagePath(path)) return "images";
  try {
    const cells = await firstCells(path, endingOf(path));
    const chosen = columns === undefined ? [...cells.values()] : columns.map((name) => cells.get(name) ?? []);
    return chosen.some(isMixed) ? "table" : "density";
  } catch (error) {
    if (error instanceof LocalFlowError && (columns !== undefined || !isNotUtf8(error))) return "density";
    throw error;
  }
}

/** Options that only one task has, and what data are then. */
const taskMarks = [
  { task: "table", names: ["schema", "label", "constraint", "ordinal", "text"], spoken: "a table" },
  { task: "images", names: imageFitNames, spoken: "images" },
] as const;

/** The task that the options ask for, if any. Throws "option" where they ask for two. */
function taskAsked(options: TaskOptions): DataTask | undefined {
  const marks = taskMarks.flatMap(({ task, names, spoken }) => {
    const name = names.find((each) => options[each] !== undefined);
    return name === undefined ? [] : [{ task, name, spoken }];
  });
  const task = options.task ?? marks[0]?.task;
  const other = marks.find((mark) => mark.task !== task);
  if (other === undefined) return task;
  throw failure("option", {
    where: flag(other.name),
    expected: other.spoken,
    received: options.task === undefined ? flag(marks[0]?.name ?? "") : `--task ${options.task}`,
    remedy: "leave one of them out",
  });
}

function isTable(path: string): boolean {
  return endingAmong(cellTableEndings, endingOf(path)) !== undefined;
}

/** Throws "option" where an option of one task stands beside a path that shows data of another. */
async function checkMarked(path: string, task: DataTask, options: TaskOptions): Promise<void> {
  const mark = taskMarks.find((each) => each.task === task);
  const isOther = task === "images" ? isTable(path) : await isImagePath(path);
  if (mark === undefined || !isOther) return;
  refuseGiven(options, mark.names, {
    expected: mark.spoken,
    received: `${task === "images" ? "a table" : "images"}, ${path}`,
  });
}

/** A refusal of rows of numbers that a table would not meet with: the remedy says so too. */
export async function withTableRemedy<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    const isOfCells =
      error instanceof LocalFlowError && error.code === "data" && /\bnumbers?\b/.test(error.problem.expected);
    if (!isOfCells || isDensity(path) || !(path === "-" || isTable(path)) || !isOneCell(error)) throw error;
    const table = "learn texts and gaps too with --task table";
    const { remedy, ...problem } = error.problem;
    throw failure(error.code, { ...problem, remedy: remedy === undefined ? table : `${remedy}, or ${table}` }, error);
  }
}

/** Whether an error is about a cell or a column, not about the file as a whole. */
function isOneCell({ problem }: LocalFlowError): boolean {
  return / column "/.test(problem.where);
}

/** A cell of the first rows: a number, one of a column whose numbers have decimal commas or grouped thousands, a text, or no value. */
type Kind = "number" | "marked" | "text" | "gap";

function isMixed(kinds: readonly Kind[]): boolean {
  return kinds.includes("gap") || kinds.includes("marked") || (kinds.includes("text") && !kinds.includes("number"));
}

async function firstCells(path: string, ending: string): Promise<ReadonlyMap<string, readonly Kind[]>> {
  if (ending === ".parquet") return parquetCells(path);
  if (ending === ".csv" || ending === ".tsv") return csvCells(path, await start(path), ending);
  if (ending === ".json" || isJsonLines(ending)) return jsonCells(path, await start(path), ending);
  return new Map();
}

function start(path: string): Promise<Uint8Array> {
  return explained(path, async () => {
    for await (const chunk of createReadStream(path, { highWaterMark: lookedAt, end: lookedAt - 1 }))
      return chunk as Uint8Array;
    return new Uint8Array();
  });
}

function csvCells(where: string, bytes: Uint8Array, ending: string): ReadonlyMap<string, readonly Kind[]> {
  const reader = csvReader({ where, ...(ending === ".tsv" && { separator: "\t" }) });
  const rows = reader.push(bytes);
  if (bytes.length < lookedAt) rows.push(...reader.finish());
  const [header, ...body] = rows.map(({ cells }) => cells);
  const names = (header ?? []).map((name) => name.trim());
  return new Map(names.map((name, place) => [name, columnKinds(body.map((cells) => cells[place] ?? ""))]));
}

/** What only readers of tables take for numbers. */
const notations: readonly Notation[] = [{ mark: "," }, { mark: ".", thousands: true }, { mark: ",", thousands: true }];

/** The kinds of a column's cells; where numbers and texts stand together, all are "marked" if one notation reads all. */
function columnKinds(cells: readonly string[]): readonly Kind[] {
  const kinds = cells.map(textKind);
  if (!kinds.includes("text") || !kinds.includes("number")) return kinds;
  const filled = cells.map((cell) => cell.trim()).filter((_, place) => kinds[place] !== "gap");
  const isRead = (notation: Notation) => filled.every((text) => !Number.isNaN(parseNumber(text, notation)));
  return notations.some(isRead) ? kinds.map((kind) => (kind === "gap" ? kind : "marked")) : kinds;
}

/** The words that readers of tables take for gaps. */
const gapWord = /^(nan|na|n\/a|#n\/a|<na>|null)?$/i;

function textKind(cell: string): Kind {
  const text = cell.trim();
  if (gapWord.test(text)) return "gap";
  return Number.isNaN(Number(text)) && !/^[+-]?inf(inity)?$/i.test(text) ? "text" : "number";
}

function jsonCells(where: string, bytes: Uint8Array, ending: string): ReadonlyMap<string, readonly Kind[]> {
  const records: unknown[] = [];
  const take = ({ text }: JsonPiece): void => {
    records.push(JSON.parse(text));
  };
  const cutter = (isJsonLines(ending) ? lineCutter : elementCutter)(where, take);
  try {
    cutter.push(bytes.subarray(markLength(bytes)));
    if (bytes.length < lookedAt) cutter.finish();
  } catch (error) {
    // Rows before a fault show what the columns are; the reader of the whole file tells of the fault.
    if (!(error instanceof SyntaxError || (error instanceof LocalFlowError && records.length > 0))) throw error;
  }
  const names = new Set(records.flatMap((record) => (isRecord(record) ? Object.keys(record) : [])));
  const cellOf = (record: unknown, name: string): string =>
    isRecord(record) && Object.hasOwn(record, name) ? cellText(record[name]) : "";
  return new Map([...names].map((name) => [name, columnKinds(records.map((record) => cellOf(record, name)))]));
}

/** A value of JSON as a cell: true and false are numbers, and what is no single value is a text. */
function cellText(value: unknown): string {
  if (value === null || value === undefined) return "";
  if (typeof value === "boolean") return value ? "1" : "0";
  return typeof value === "string" || typeof value === "number" ? String(value) : "{}";
}

/** Gaps of Parquet columns show only when they are read; texts, dates and times by their types. */
async function parquetCells(path: string): Promise<ReadonlyMap<string, readonly Kind[]>> {
  const { parquetColumnKinds } = await import("../data/parquet.ts");
  return new Map(
    [...(await parquetColumnKinds(path))].map(([name, isNumber]) => [name, [isNumber ? "number" : "text"]]),
  );
}
