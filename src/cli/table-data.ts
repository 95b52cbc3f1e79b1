// table-data: tables of mixed columns as commands read them, and as they write them.
import { readFile } from "node:fs/promises";
import { extname } from "node:path";
import { readCellTable } from "../data/cell-files.ts";
import { chosenCells } from "../data/cell-rows.ts";
import { type CellTable, recordsOf } from "../data/cell-table.ts";
import { cellHeader, cellLines } from "../data/cell-writer.ts";
import { didYouMean, listNames, shorten } from "../data/columns.ts";
import { explained, writeFileAtomically } from "../data/files.ts";
import { repeatedKey } from "../data/json-keys.ts";
import { faultPlace, jsonSyntaxFault } from "../data/json-syntax.ts";
import { cellTableEndings, endingAmong } from "../data/table-endings.ts";
import { utf8Text } from "../data/utf8.ts";
import { failure } from "../errors.ts";
import { turns } from "../runtime/pause.ts";
import type { ColumnOverride } from "../tasks/table/column-overrides.ts";
import { parquetKinds } from "../tasks/table/parquet-kinds.ts";
import { columnPlace, placesInFile, type SaidPlaces, saidPlaces } from "../tasks/table/said-places.ts";
import type { Schema } from "../tasks/table/schema.ts";
import { parseSchemaFile, type SchemaFile, type SchemaOverrides } from "../tasks/table/schema-file.ts";
import { outputFlags } from "./flags.ts";
import type { ColumnOrder } from "./parse.ts";
import { checkOutputOrStream } from "./session.ts";
import type { Terminal } from "./terminal.ts";

interface TableReading {
  readonly memory?: number;
  readonly columns?: readonly string[];
  /** Points of a built-in density, which a table has none of. */
  readonly rows?: number;
}

/** The table in a file, or CSV on standard input. */
export async function readTableFile(path: string, { memory, columns, rows }: TableReading): Promise<CellTable> {
  if (rows !== undefined)
    throw failure("option", {
      where: "--rows",
      expected: "a built-in density to draw rows from",
      received: `the file ${path}`,
      remedy: "leave out --rows",
    });
  const table = await readCellTable(path, memory === undefined ? {} : { memory });
  return chosenCells(table, columns, path);
}

interface SchemaOptions {
  readonly schema?: string;
  readonly label?: string;
  readonly constraint?: readonly string[];
  readonly ordinal?: readonly ColumnOrder[];
}

/** What is said of a table, and where. */
export interface SaidSchema extends SchemaFile {
  readonly places: SaidPlaces;
}

/** What the options and the schema file say of a table: options win, the constraints of both count. */
export async function readSchema(options: SchemaOptions): Promise<SaidSchema> {
  const { schema, label, constraint, ordinal = [] } = options;
  const file: SchemaFile = schema === undefined ? { columns: {} } : await readSchemaFile(schema);
  const orders: SchemaOverrides = Object.fromEntries(
    ordinal.map(({ column, levels }): [string, ColumnOverride] => [column, { kind: "ordinal", levels: [...levels] }]),
  );
  const chosen = label ?? file.label;
  return {
    columns: { ...file.columns, ...orders },
    constraints: [...new Set([...(file.constraints ?? []), ...(constraint ?? [])])],
    ...(chosen !== undefined && { label: chosen }),
    places: placesOf(file, options),
  };
}

function placesOf({ constraints = [] }: SchemaFile, { schema, label, ordinal = [] }: SchemaOptions): SaidPlaces {
  const inFile = schema === undefined ? saidPlaces : placesInFile(schema, constraints);
  return {
    column: (name) =>
      ordinal.some(({ column }) => column === name) ? columnPlace("--ordinal", name) : inFile.column(name),
    label: (label === undefined ? inFile : saidPlaces).label,
    constraint: (text) => (constraints.includes(text) ? inFile : saidPlaces).constraint(text),
  };
}

/** Throws "option" for an order, or a description in the schema file, of a column that the table lacks. */
export function checkDescribed(
  { columns }: CellTable,
  described: SchemaOverrides,
  { schema = "schema", ordinal = [] }: SchemaOptions,
): void {
  const names = columns.map(({ name }) => name);
  const unknown = Object.keys(described).find((column) => !names.includes(column));
  if (unknown === undefined) return;
  throw failure("option", {
    where: ordinal.some(({ column }) => column === unknown) ? "--ordinal" : schema,
    expected: `a column among ${listNames(names)}`,
    received: JSON.stringify(shorten(unknown)),
    ...didYouMean(unknown, names),
  });
}

/** What a schema file says; throws "file" and "option". */
export async function readSchemaFile(path: string): Promise<SchemaFile> {
  const bytes = await explained(path, () => readFile(path));
  const text = utf8Text(bytes, 0, bytes.length, () => path).replace(/^\ufeff/, "");
  const json = jsonIn(text, path);
  const again = repeatedKey(text);
  if (again !== undefined)
    throw failure("option", {
      where: path,
      expected: "every name once",
      received: `${JSON.stringify(shorten(again))} twice`,
      remedy: "leave one of them out",
    });
  return parseSchemaFile(json, path);
}

function jsonIn(text: string, path: string): unknown {
  const fault = jsonSyntaxFault(text);
  if (fault === undefined) return JSON.parse(text);
  const { line, column, ...problem } = fault;
  throw failure("option", { ...problem, where: faultPlace(path, { line, column }) });
}

type Content = Iterable<string> | AsyncIterable<Uint8Array>;
/** Characters that are written together, at least. */
const leastPiece = 2 ** 16;

type Ending = (typeof cellTableEndings)[number];

const pieces: Readonly<Record<Ending, (table: CellTable, schema: Schema) => Content>> = {
  ".csv": (table) => separated(table, ","),
  ".tsv": (table) => separated(table, "\t"),
  ".json": jsonArray,
  ".ndjson": jsonLines,
  ".jsonl": jsonLines,
  ".parquet": parquet,
};

function endingFor(output: string): Ending {
  const ending = output === "-" ? ".csv" : endingAmong(cellTableEndings, extname(output).toLowerCase());
  if (ending !== undefined) return ending;
  throw failure("option", {
    where: outputFlags,
    expected: `a name ending in ${cellTableEndings.join(", ")} for a table, or -`,
    received: JSON.stringify(output),
  });
}

/** Throws before any work when `output` is no file that a table can be written to. */
export async function checkTableOutput(
  output: string,
  options: { readonly force?: boolean; readonly json?: boolean },
): Promise<void> {
  endingFor(output);
  return checkOutputOrStream(output, options);
}

/** Writes a table in the format of its ending, or as CSV on standard output; in JSON and Parquet numbers are numbers, as `schema` says. */
export async function writeTableFile(
  output: string,
  table: CellTable,
  schema: Schema,
  { force = false }: { readonly force?: boolean },
  terminal: Terminal,
): Promise<void> {
  const format = pieces[endingFor(output)];
  const content = interruptible(format(typed(table, schema), schema), terminal.signal);
  if (output !== "-") return writeFileAtomically(output, content, { force });
  for await (const piece of content) await terminal.out(piece);
}

/** Writes the parts of a table as CSV on standard output, the header before the first. */
export function csvParts(terminal: Terminal): (part: CellTable) => Promise<void> {
  let isBegun = false;
  return async (part) => {
    if (!isBegun) await terminal.out(cellHeader(part.columns.map(({ name }) => name)));
    isBegun = true;
    for (const lines of cellLines(part)) await terminal.out(lines);
  };
}

/** Content in pieces of some size, with a look at the signal before each. */
async function* interruptible(content: Content, signal: AbortSignal): AsyncGenerator<string | Uint8Array> {
  const turn = turns(signal, "writing");
  let text = "";
  for await (const piece of content) {
    if (typeof piece === "string") text += piece;
    else yield piece;
    await turn();
    if (text.length < leastPiece) continue;
    yield text;
    text = "";
  }
  if (text !== "") yield text;
}

async function* parquet(table: CellTable, schema: Schema): AsyncGenerator<Uint8Array> {
  const { encodeCellParquet } = await import("../data/cell-parquet-writer.ts");
  yield* encodeCellParquet(table, parquetKinds(table, schema));
}

function* separated(table: CellTable, separator: "," | "\t"): Generator<string> {
  const names = table.columns.map(({ name }) => name);
  yield cellHeader(names, separator);
  yield* cellLines(table, separator);
}

function* jsonLines(table: CellTable): Generator<string> {
  for (const record of recordsOf(table)) yield `${JSON.stringify(record)}\n`;
}

function* jsonArray(table: CellTable): Generator<string> {
  let before = "[\n";
  for (const record of recordsOf(table)) {
    yield `${before}${JSON.stringify(record)}`;
    before = ",\n";
  }
  yield table.rows === 0 ? "[]\n" : "\n]\n";
}

/** Columns that CSV left untyped have the types of the schema: numbers with a decimal point and no groups, and true and false. */
function typed(table: CellTable, { columns }: Schema): CellTable {
  const kinds = new Map(columns.map((column) => [column.name, column]));
  return {
    rows: table.rows,
    columns: table.columns.map((column) => {
      const found = kinds.get(column.name);
      if (column.origin !== "untyped" || found === undefined) return column;
      if (found.kind === "number" && found.format.mark === "." && !found.format.thousands)
        return { ...column, origin: "number" };
      const isTruth = found.kind === "boolean" && found.true === "true" && found.false === "false";
      return isTruth ? { ...column, origin: "boolean" } : column;
    }),
  };
}
