// parquet (Node only): numeric tables in Parquet files, read and written by DuckDB, an optional dependency.
import { createReadStream } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { availableParallelism, tmpdir } from "node:os";
import { join, resolve } from "node:path";
import type { DuckDBConnection, DuckDBDataChunk, DuckDBResult } from "@duckdb/node-api";
import { failure, LocalFlowError } from "../errors.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { type ColumnOptions, chooseColumns, listNames, shorten } from "./columns.ts";
import { allocated, cellError, checkMemory, largestFloat32, type NumericTable } from "./numeric-table.ts";
import { toldPacked } from "./packed-file.ts";
import { atRow, inColumn } from "./table-places.ts";

export interface ParquetOptions extends ColumnOptions {
  /** Most bytes the table may take. */
  readonly memory?: number;
}

/** What DuckDB may hold while it reads or writes; it spills to a temporary folder beyond that. */
const workingMemory = "256MiB";
/** DuckDB's threads: one core is left to this thread, which takes what they hand over; with all of them, reading takes a third longer. */
const threads = Math.min(4, Math.max(1, availableParallelism() - 1));
/** The most rows of one of DuckDB's chunks. */
export const chunkRows = 2048;
const wholeNumber = /^U?(TINYINT|SMALLINT|INTEGER|BIGINT|HUGEINT)$/;
const decimal = /^DECIMAL\(\d+,(\d+)\)$/;
const otherNumber = /^(FLOAT|DOUBLE|BOOLEAN)$/;
const temporal = /^(DATE|TIME|TIMESTAMP|INTERVAL)/;

/**
 * Reads the columns of a Parquet file as float32, chunk by chunk. Booleans are 0 and 1; whole numbers and decimals must
 * be exact in float64. Throws `data` errors that name row and column, `runtime` without the package @duckdb/node-api.
 */
export function readParquetTable(path: string, options: ParquetOptions = {}): Promise<NumericTable> {
  return withDuckDb(path, async (connection) => {
    const table = fileTable(path);
    const described = await describe(connection, table);
    const { columns, places, ignored } = chooseColumns([...described.keys()], options.columns, path);
    checkTypes(path, columns, described);
    const width = columns.length;
    const count = await rowCount(connection, table);
    checkMemory(4 * width * count, "", path, options.memory);
    if (count === 0) throw failure("data", { where: path, expected: "rows of numbers", received: "none" });
    const data = allocated(count * width, path);
    const limits = columns.map((name) => limitOf(described.get(name) ?? ""));
    const names = [...described.keys()];
    const cells = places.map((place) => `coalesce(cast(${quoted(names[place]!)} as double), 'nan'::double)`);
    const result = await connection.stream(`select ${cells.join(", ")} from ${table}`);
    const isNull = async (slot: number, at: number) => {
      const name = quoted(names[places[slot]!]!);
      const cell = await connection.runAndReadAll(`select ${name} is null from ${table} limit 1 offset ${at}`);
      return cell.getRows()[0]?.[0] === true;
    };
    let row = 0;
    for await (const chunk of chunksOf(result)) {
      if (row + chunk.rowCount > count) throw wrongCount(path, count);
      for (let slot = 0; slot < width; slot++) {
        const refused = copyColumn(chunk, slot, limits[slot]!, data.subarray(row * width + slot), width);
        if (refused === undefined) continue;
        const where = inColumn(atRow(path, row + refused.row), columns[slot]!);
        throw numberError(where, (await isNull(slot, row + refused.row)) ? null : refused.value);
      }
      row += chunk.rowCount;
    }
    if (row !== count) throw wrongCount(path, count);
    return { columns, rows: floats(data, [count, width]), ignored };
  });
}

/** Names of the columns that hold numbers. */
export function parquetNumericColumns(path: string): Promise<readonly string[]> {
  return columnTypes(path, (types) => [...types].filter(([, type]) => isNumeric(type)).map(([name]) => name));
}

/** Names of all columns in order, and whether each holds numbers. */
export function parquetColumnKinds(path: string): Promise<ReadonlyMap<string, boolean>> {
  return columnTypes(path, (types) => new Map([...types].map(([name, type]) => [name, isNumeric(type)])));
}

function columnTypes<T>(path: string, use: (types: ReadonlyMap<string, string>) => T): Promise<T> {
  return toldPacked(path, () =>
    withDuckDb(path, async (connection) => use(await describe(connection, fileTable(path)))),
  );
}

/** A Parquet file of float32 columns in pieces, written through a temporary database, so that memory stays bounded. */
export function encodeParquet(
  columns: readonly string[],
  chunks: AsyncIterable<FloatArray>,
): AsyncGenerator<Uint8Array> {
  async function* pieces(): AsyncGenerator<StoredColumns> {
    for await (const { data } of chunks) {
      for (let at = 0; at < data.length; at += chunkRows * columns.length) {
        const part = data.subarray(at, at + chunkRows * columns.length);
        const rows = part.length / columns.length;
        yield columns.map((_, column) =>
          Array.from({ length: rows }, (_, row) => part[row * columns.length + column]!),
        );
      }
    }
  }
  return storedParquet(
    columns.map((name) => ({ name, type: "FLOAT" })),
    pieces(),
  );
}

/** A column of a file: the type in which its values are handed over, and DuckDB's expression for what is stored of them. */
export interface StoredColumn {
  readonly name: string;
  readonly type: "FLOAT" | "DOUBLE" | "BIGINT" | "BOOLEAN" | "VARCHAR";
  /** Of the column's quoted name; default: the value itself. */
  readonly stored?: (column: string) => string;
}

/** Values of up to `chunkRows` rows, column by column. */
export type StoredColumns = readonly (readonly (number | bigint | boolean | string | null)[])[];

/** A Parquet file of columns in pieces, written through a temporary database, so that memory stays bounded. */
export async function* storedParquet(
  columns: readonly StoredColumn[],
  pieces: AsyncIterable<StoredColumns> | Iterable<StoredColumns>,
): AsyncGenerator<Uint8Array> {
  const folder = await mkdtemp(join(tmpdir(), "localflow-"));
  try {
    const file = join(folder, "rows.parquet");
    await withDuckDb(
      ".parquet",
      async (connection, duckdb) => {
        await connection.run(
          `create table points (${columns.map(({ name, type }) => `${quoted(name)} ${type}`).join(", ")})`,
        );
        const appender = await connection.createAppender("points");
        const types = columns.map(({ type }) => duckdb[type]);
        for await (const piece of pieces) {
          const chunk = duckdb.DuckDBDataChunk.create(types, piece[0]?.length ?? 0);
          chunk.setColumns(piece.map((values) => [...values]));
          appender.appendDataChunk(chunk);
        }
        appender.closeSync();
        const chosen = columns.map(({ name, stored = (column) => column }) => {
          return `${stored(quoted(name))} as ${quoted(name)}`;
        });
        await connection.run(`copy (select ${chosen.join(", ")} from points) to ${text(file)} (format parquet)`);
      },
      join(folder, "rows.duckdb"),
    );
    yield* createReadStream(file) as AsyncIterable<Uint8Array>;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

type DuckDb = typeof import("@duckdb/node-api");

/** Lends a connection that downloads nothing, and puts what DuckDB refuses into words. */
export async function withDuckDb<T>(
  where: string,
  use: (connection: DuckDBConnection, duckdb: DuckDb) => Promise<T>,
  database = ":memory:",
): Promise<T> {
  const duckdb = await load(where);
  const spill = await mkdtemp(join(tmpdir(), "localflow-"));
  try {
    const instance = await duckdb.DuckDBInstance.create(database, {
      memory_limit: workingMemory,
      threads: String(threads),
      temp_directory: spill,
      autoinstall_known_extensions: "false",
      autoload_known_extensions: "false",
      allow_community_extensions: "false",
    });
    const connection = await instance.connect();
    try {
      return await use(connection, duckdb);
    } finally {
      connection.closeSync();
      instance.closeSync();
    }
  } catch (error) {
    if (error instanceof LocalFlowError || !(error instanceof Error) || !/^[A-Za-z -]+ Error: /.test(error.message))
      throw error;
    throw failure(
      "data",
      {
        where,
        expected: "a Parquet file that DuckDB can read",
        received: refusal(error.message),
        remedy: "write the file anew",
      },
      error,
    );
  } finally {
    await rm(spill, { recursive: true, force: true });
  }
}

async function load(where: string): Promise<DuckDb> {
  try {
    return await import("@duckdb/node-api");
  } catch (cause) {
    throw failure(
      "runtime",
      {
        where,
        expected: "the optional package @duckdb/node-api, which reads and writes Parquet",
        received: "none that loads",
        remedy: "npm install @duckdb/node-api, or use another format",
      },
      cause,
    );
  }
}

/** The file as a table of DuckDB's: one file, whatever its name holds. */
export function fileTable(path: string): string {
  return `read_parquet(${text(resolve(path).replace(/[[*?]/g, "[$&]"))}, hive_partitioning = false)`;
}

/** Column name to DuckDB's name of its type, in the order of the file. */
export async function describe(connection: DuckDBConnection, table: string): Promise<ReadonlyMap<string, string>> {
  const reader = await connection.runAndReadAll(`describe select * from ${table}`);
  return new Map(reader.getRows().map(([name, type]) => [String(name), String(type)]));
}

async function rowCount(connection: DuckDBConnection, table: string): Promise<number> {
  const reader = await connection.runAndReadAll(`select count(*) from ${table}`);
  return Number(reader.getRows()[0]?.[0] ?? 0);
}

function checkTypes(where: string, columns: readonly string[], types: ReadonlyMap<string, string>): void {
  const wrong = columns.find((name) => !isNumeric(types.get(name) ?? ""));
  if (wrong === undefined) return;
  const numeric = [...types].filter(([, type]) => isNumeric(type)).map(([name]) => name);
  const type = types.get(wrong) ?? "";
  const advice =
    numeric.length === 0
      ? "a table needs columns of numbers"
      : `choose the numeric columns with --columns (${listNames(numeric)})`;
  throw failure("data", {
    where: `${where} column "${shorten(wrong)}"`,
    expected: "numbers",
    received: temporal.test(type) ? `dates or times (${type})` : shorten(type),
    remedy: temporal.test(type) ? `convert it to a number first, or ${advice}` : advice,
  });
}

function isNumeric(type: string): boolean {
  return wholeNumber.test(type) || decimal.test(type) || otherNumber.test(type);
}

/** The largest size of a value of this type that float64 holds exactly and float32 can round. */
function limitOf(type: string): number {
  const [, scale] = decimal.exec(type) ?? [];
  if (scale !== undefined) return (2 ** 53 - 1) / 10 ** Number(scale);
  return wholeNumber.test(type) ? 2 ** 53 - 1 : largestFloat32;
}

/** The chunks of a result; the next one is fetched while one is looked at. */
export async function* chunksOf(result: DuckDBResult): AsyncGenerator<DuckDBDataChunk> {
  const fetched = () => {
    const chunk = result.fetchChunk();
    // It may fail while the one before is looked at; whoever awaits it is told then.
    chunk.catch(() => undefined);
    return chunk;
  };
  let next = fetched();
  try {
    for (let chunk = await next; chunk !== null && chunk.rowCount > 0; chunk = await next) {
      next = fetched();
      yield chunk;
    }
  } finally {
    await next.catch(() => undefined);
  }
}

/** Copies a column of doubles to every `stride`-th place of `target`; stops at a value beyond `limit`, or none. */
function copyColumn(
  chunk: DuckDBDataChunk,
  column: number,
  limit: number,
  target: Float32Array,
  stride: number,
): { readonly row: number; readonly value: number } | undefined {
  const values = doublesOf(chunk.getColumnVector(column), chunk.rowCount);
  for (let row = 0, place = 0; row < values.length; row++, place += stride) {
    const value = values[row]!;
    if (!(Math.abs(value) <= limit)) return { row, value };
    target[place] = value;
  }
  return undefined;
}

/**
 * The numbers of a vector without nulls: the typed array behind it, which the package's classes hold though its types do not
 * tell; one by one where a version of the package holds it elsewhere.
 */
function doublesOf(vector: ReturnType<DuckDBDataChunk["getColumnVector"]>, count: number): Float64Array {
  const items: unknown = Reflect.get(vector, "items");
  if (items instanceof Float64Array && items.length >= count) return items.subarray(0, count);
  return Float64Array.from({ length: count }, (_, row) => Number(vector.getItem(row)));
}

function numberError(where: string, value: number | null): LocalFlowError {
  if (value === null || !(Math.abs(value) <= largestFloat32))
    return cellError(where, value === null ? "null" : String(value), value ?? Number.NaN);
  return failure("data", {
    where,
    expected: "a number that float64 holds exactly",
    received: `about ${value}`,
    remedy: "convert the column to double first",
  });
}

function wrongCount(where: string, count: number): LocalFlowError {
  return failure("data", {
    where,
    expected: `${count} rows as the file says`,
    received: "another number",
    remedy: "write the file anew",
  });
}

export function quoted(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

function text(value: string): string {
  return `'${value.replaceAll("'", "''")}'`;
}

/** What DuckDB says of a file, without its own kind of error and the path, which stand before. */
function refusal(message: string): string {
  const [line = ""] = message.split("\n");
  return line
    .replace(/^[A-Za-z -]+ Error: /, "")
    .replace(/\b(f|F)ile '[^']*'/g, (_, f) => (f === "F" ? "a file" : "the file"));
}
