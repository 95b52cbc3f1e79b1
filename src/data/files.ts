// files (Node only): reading tables from disk and writing files that are whole or not there at all.
import { randomUUID } from "node:crypto";
import { closeSync, constants, createReadStream, openSync, rmSync, unlinkSync } from "node:fs";
import { access, lstat, open, realpath, rename, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { failure, LocalFlowError } from "../errors.ts";
import type { ColumnOptions } from "./columns.ts";
import { readNumericCsv } from "./csv.ts";
import { withFileBytes } from "./file-bytes.ts";
import { readJsonTable, readNdjsonTable } from "./json-table.ts";
import { openNpy } from "./npy.ts";
import type { NumericTable } from "./numeric-table.ts";
import { unpackingByEnding } from "./packed.ts";
import { toldPacked } from "./packed-file.ts";
import { type Bytes, readStoredTable, type StoredRows } from "./stored-rows.ts";
import { endingAmong, tableEndings } from "./table-endings.ts";

/** A file's content, whole or in pieces. */
export type Content = Uint8Array | AsyncIterable<Uint8Array | string> | Iterable<Uint8Array | string>;

export interface WriteOptions {
  /** Replace a file that is already there; default false. */
  readonly force?: boolean;
}

/**
 * Writes a file under a temporary name in the same folder, flushes it to the disk and renames it: readers see the old
 * file or the whole new one. Pipes and devices are written in place. On failure, and when the process exits in between,
 * the temporary file is removed. Throws `file` errors; errors of an iterable `content` pass through.
 */
export async function writeFileAtomically(
  path: string,
  content: Content,
  { force = false }: WriteOptions = {},
): Promise<void> {
  const there = await explained(path, () => lookUp(path));
  if (there.kind === "folder") throw failure("file", { where: path, expected: "a file name", received: "a folder" });
  if (there.kind === "device") return explained(path, () => writeFile(path, content));
  if (there.kind === "file" && !force) throw alreadyThere(path);
  const target = there.kind === "file" ? there.target : path;
  const temporary = temporaryBeside(target);
  const forget = removedOnExit(temporary);
  try {
    await explained(path, () => writeNew(temporary, content, there.kind === "file" ? there.mode : undefined));
    if (!force && (await explained(path, () => lookUp(path))).kind !== "nothing") throw alreadyThere(path);
    await explained(path, () => rename(temporary, target));
  } catch (error) {
    await unlink(temporary).catch(() => undefined);
    throw error;
  } finally {
    forget();
  }
  await flushFolder(dirname(target));
}

/**
 * Throws the `file` error that `writeFileAtomically` would end in because of the place: a folder that takes no files, a device
 * without permission, a link to nothing. A file of no bytes is written and removed; what is at `path` is left alone.
 */
export async function checkWritable(path: string): Promise<void> {
  await explained(path, async () => {
    const there = await lookUp(path);
    if (there.kind === "device") return access(path, constants.W_OK);
    const temporary = temporaryBeside(there.kind === "file" ? there.target : path);
    createEmpty(temporary);
    unlinkSync(temporary);
  });
}

function temporaryBeside(path: string): string {
  return join(dirname(path), `.localflow-${randomUUID()}.tmp`);
}

/** Removes the file if the process exits (a second Ctrl-C, a closed pipe) before the returned function is called. */
function removedOnExit(path: string): () => void {
  const remove = () => rmSync(path, { force: true });
  process.on("exit", remove);
  return () => process.off("exit", remove);
}

type Place =
  | { readonly kind: "nothing" }
  | { readonly kind: "folder" }
  | { readonly kind: "device" }
  | { readonly kind: "file"; readonly target: string; readonly mode: number };

/** What is at `path`; a symbolic link leads to its target, which must be there. */
async function lookUp(path: string): Promise<Place> {
  const link = await lstat(path).catch(absent);
  if (link === undefined) return { kind: "nothing" };
  const found = link.isSymbolicLink() ? await stat(path) : link;
  if (found.isDirectory()) return { kind: "folder" };
  if (!found.isFile()) return { kind: "device" };
  return { kind: "file", target: await realpath(path), mode: found.mode & 0o777 };
}

function absent(error: unknown): undefined {
  if (codeOf(error) !== "ENOENT") throw error;
}

/**
 * Creates a file while nothing else runs: an `open` in flight, when a signal ends the process, would create it after what
 * is done on exit has removed it.
 */
function createEmpty(path: string): void {
  closeSync(openSync(path, "wx"));
}

async function writeNew(path: string, content: Content, mode: number | undefined): Promise<void> {
  createEmpty(path);
  const handle = await open(path, "r+");
  try {
    if (mode !== undefined) await handle.chmod(mode);
    await writeFile(handle, content);
    await handle.sync();
  } finally {
    await handle.close();
  }
}

/** Makes the new name last; folders cannot be flushed everywhere, and the file itself is safe already. */
async function flushFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r").catch(() => undefined);
  await handle?.sync().catch(() => undefined);
  await handle?.close();
}

function alreadyThere(path: string): LocalFlowError {
  return failure("file", {
    where: path,
    expected: "no file of this name",
    received: "one that is already there",
    remedy: "use --force to replace it",
  });
}

export interface ReadOptions extends ColumnOptions {
  /** Most bytes the table, and what is needed to read it, may take. */
  readonly memory?: number;
  /** What the path `-` reads, as CSV; default: the standard input of the process. */
  readonly input?: AsyncIterable<Uint8Array>;
}

type Reader = (path: string, options: ReadOptions) => Promise<NumericTable>;

const readers: Readonly<Record<(typeof tableEndings)[number], Reader>> = {
  ".csv": (path, options) => streamed(path, options, readNumericCsv),
  ".tsv": (path, options) =>
    streamed(path, options, (source, known) => readNumericCsv(source, { ...known, separator: "\t" })),
  ".json": (path, options) => streamed(path, options, readJsonTable),
  ".ndjson": jsonLines,
  ".jsonl": jsonLines,
  ".parquet": async (path, options) => {
    await explained(path, () => regularFile(path));
    return (await import("./parquet.ts")).readParquetTable(path, options);
  },
  ".npy": (path, options) => stored(path, options, (bytes) => openNpy(bytes, path)),
  ".npz": (path, options) => {
    const { file, name } = splitPath(path);
    return stored(file, options, async (bytes) => (await import("./npz.ts")).openNpz(bytes, file, name));
  },
  ".pickle": pickled,
  ".pkl": pickled,
  ".hdf5": hdf5,
  ".h5": hdf5,
};

function jsonLines(path: string, options: ReadOptions): Promise<NumericTable> {
  return streamed(path, options, readNdjsonTable);
}

function hdf5(path: string, options: ReadOptions): Promise<NumericTable> {
  const { file, name } = splitPath(path);
  return stored(file, options, async (bytes) => (await import("./hdf5/rows.ts")).openHdf5Rows(bytes, file, name));
}

function pickled(path: string, options: ReadOptions): Promise<NumericTable> {
  const { file, name } = splitPath(path);
  return explained(file, async () => {
    const { size } = await regularFile(file);
    const { readPickleFile } = await import("./pickle/file.ts");
    return readPickleFile(file, size, { ...options, where: file, ...(name !== undefined && { name }) });
  });
}

/**
 * Reads a table of finite numbers by its ending, one of `tableEndings`; `file.npz:name`, `file.pickle:name` and
 * `file.hdf5:group/name` are one array of several; `-` is CSV on the standard input. Arrays are [n] or [n, d] with
 * columns c1, c2, …. Throws `file` errors for the file itself, `data` errors that name row and column for what is in it.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<NumericTable> {
  if (path === "-") return readNumericCsv(options.input ?? process.stdin, { where: "standard input", ...options });
  const known = endingAmong(tableEndings, endingOf(path));
  if (known === ".npz") return readers[known](path, options);
  if (known !== undefined) return toldPacked(fileOf(path), () => readers[known](path, options));
  throw unknownEnding(path, tableEndings);
}

/** The error for a table whose ending is none of those that can be read. */
export function unknownEnding(path: string, endings: readonly string[]): LocalFlowError {
  const ending = endingOf(path);
  const remedy = unpackingByEnding(ending);
  return failure("file", {
    where: path,
    expected: `a table ending in ${endings.join(", ")} (or - for CSV on standard input)`,
    received: ending === "" ? "no ending" : ending,
    ...(remedy !== undefined && { remedy }),
  });
}

/** The ending of a path in lower case, `.npz` for `file.npz:name`, `.hdf5` for `file.hdf5:group/name`. */
export function endingOf(path: string): string {
  return extname(fileOf(path)).toLowerCase();
}

/** The file of a path, `file.npz` for `file.npz:name`. */
export function fileOf(path: string): string {
  return splitPath(path).file;
}

function splitPath(path: string): { readonly file: string; readonly name?: string } {
  const [, file, name] =
    /^(.*\.(?:npz|pickle|pkl)):([^/\\]+)$/i.exec(path) ?? /^(.*?\.(?:hdf5|h5)):(.+)$/i.exec(path) ?? [];
  return file !== undefined && name !== undefined ? { file, name } : { file: path };
}

type StreamReader = (
  source: AsyncIterable<Uint8Array>,
  options: ReadOptions & { readonly where: string; readonly bytes?: number },
) => Promise<NumericTable>;

function streamed(path: string, options: ReadOptions, read: StreamReader): Promise<NumericTable> {
  return explained(path, async () => {
    const { size: bytes } = await regularFile(path);
    const source = createReadStream(path, { highWaterMark: 2 ** 20 });
    return read(source, { where: path, ...options, ...(bytes > 0 && { bytes }) });
  });
}

/** A table from an array in a file of any length. */
function stored(
  path: string,
  options: ReadOptions,
  open: (bytes: Bytes) => Promise<StoredRows>,
): Promise<NumericTable> {
  return explained(path, async () => {
    await regularFile(path);
    return withFileBytes(path, async (bytes) => readStoredTable(await open(bytes), options));
  });
}

async function regularFile(path: string): Promise<{ size: number }> {
  const found = await stat(path);
  if (found.isDirectory()) throw failure("file", { where: path, expected: "a file", received: "a folder" });
  return { size: found.isFile() ? found.size : 0 };
}

/** Runs `action` and puts what the operating system refuses into words. */
export async function explained<T>(path: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw fileFailure(path, error);
  }
}

const explanations: Readonly<Record<string, { expected: string; received: string; remedy?: string }>> = {
  ENOENT: { expected: "a file in a folder that exists", received: "nothing of this name", remedy: "check the path" },
  ENOTDIR: {
    expected: "a path through folders",
    received: "a file in the place of a folder",
    remedy: "check the path",
  },
  EISDIR: { expected: "a file", received: "a folder" },
  EACCES: {
    expected: "permission to use it",
    received: "none",
    remedy: "change its permissions or choose another path",
  },
  EPERM: {
    expected: "permission to use it",
    received: "none",
    remedy: "change its permissions or choose another path",
  },
  EROFS: { expected: "a file system that can be written", received: "a read-only one", remedy: "choose another path" },
  ENOSPC: { expected: "room on the disk", received: "a full one", remedy: "free some space or choose another path" },
  EDQUOT: { expected: "room in your quota", received: "none", remedy: "free some space or choose another path" },
  EMFILE: { expected: "a free file handle", received: "none", remedy: "raise the limit of open files" },
  ENAMETOOLONG: { expected: "a shorter name", received: "one the file system does not take" },
  ELOOP: { expected: "a file", received: "symbolic links in a circle" },
  ERR_FS_FILE_TOO_LARGE: { expected: "a file below 2 GiB", received: "a larger one", remedy: "use CSV, or fewer rows" },
};

/** The `file` error for an error of `node:fs`; any other error as it is. */
export function fileFailure(path: string, error: unknown): unknown {
  const code = codeOf(error);
  if (error instanceof LocalFlowError || code === undefined) return error;
  const explanation = Object.hasOwn(explanations, code) ? explanations[code] : undefined;
  if (explanation === undefined && !/^E[A-Z0-9]+$/.test(code)) return error;
  return failure(
    "file",
    { where: path, ...(explanation ?? { expected: "a file that can be used", received: code }) },
    error,
  );
}

function codeOf(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}
