// files (Node only): reading tables from disk and writing files that are whole or not there at all.
import { randomUUID } from "node:crypto";
import { createReadStream, rmSync } from "node:fs";
import { lstat, open, readFile, realpath, rename, stat, unlink, writeFile } from "node:fs/promises";
import { dirname, extname, join } from "node:path";
import { failure, LocalFlowError } from "../errors.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { type ColumnOptions, chooseUnnamed } from "./columns.ts";
import { readNumericCsv } from "./csv.ts";
import { readJsonTable, readNdjsonTable } from "./json-table.ts";
import { decodeNpy } from "./npy.ts";
import { cellError, checkMemory, type NumericTable } from "./numeric-table.ts";

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
  if (there.kind === "device") return explained(path, () => writeTo(path, "w", content));
  if (there.kind === "file" && !force) throw alreadyThere(path);
  const target = there.kind === "file" ? there.target : path;
  const temporary = join(dirname(target), `.localflow-${randomUUID()}.tmp`);
  const forget = removedOnExit(temporary);
  try {
    await explained(path, () => writeTo(temporary, "wx", content, there.kind === "file" ? there.mode : undefined));
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

async function writeTo(path: string, flags: "w" | "wx", content: Content, mode?: number): Promise<void> {
  const handle = await open(path, flags);
  try {
    if (mode !== undefined) await handle.chmod(mode);
    await writeFile(handle, content);
    if (flags === "wx") await handle.sync();
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

/** The endings of tables. */
export const tableEndings = [".csv", ".tsv", ".json", ".ndjson", ".parquet", ".npy", ".npz"] as const;
type Ending = (typeof tableEndings)[number];

const readers: Readonly<Record<Ending, (path: string, options: ReadOptions) => Promise<NumericTable>>> = {
  ".csv": (path, options) => streamed(path, options, readNumericCsv),
  ".tsv": (path, options) =>
    streamed(path, options, (source, known) => readNumericCsv(source, { ...known, separator: "\t" })),
  ".json": (path, options) => streamed(path, options, readJsonTable),
  ".ndjson": (path, options) => streamed(path, options, readNdjsonTable),
  ".parquet": async (path, options) => {
    await explained(path, () => regularFile(path));
    return (await import("./parquet.ts")).readParquetTable(path, options);
  },
  ".npy": async (path, options) => {
    const bytes = await wholeFile(path, options);
    const array = decodeNpy(bytes, path);
    const shared = array.data.buffer === bytes.buffer;
    checkMemory(bytes.length + (shared ? 0 : array.data.byteLength), "", path, options.memory);
    return tableOf(array, path, options);
  },
  ".npz": async (path, { memory, ...options }) => {
    const { file, name } = archivePath(path);
    const bytes = await wholeFile(file, { ...(memory !== undefined && { memory }) });
    const { decodeNpz } = await import("./npz.ts");
    const array = decodeNpz(bytes, file, {
      ...(name !== undefined && { name }),
      ...(memory !== undefined && { memory }),
    });
    return tableOf(array, path, options);
  },
};

/**
 * Reads a table of finite numbers by its ending, one of `tableEndings`; `file.npz:name` is one array of several; `-` is
 * CSV on the standard input. Arrays are [n] or [n, d] with columns c1, c2, …. Throws `file` errors for the file itself,
 * `data` errors that name row and column for what is in it.
 */
export async function readTable(path: string, options: ReadOptions = {}): Promise<NumericTable> {
  if (path === "-") return readNumericCsv(options.input ?? process.stdin, { where: "standard input", ...options });
  const ending = endingOf(path);
  const known = tableEndings.find((each) => each === ending);
  if (known !== undefined) return readers[known](path, options);
  throw failure("file", {
    where: path,
    expected: `a table ending in ${tableEndings.join(", ")} (or - for CSV on standard input)`,
    received: ending === "" ? "no ending" : ending,
  });
}

/** The ending of a path in lower case, `.npz` for `file.npz:name`. */
export function endingOf(path: string): string {
  return extname(archivePath(path).file).toLowerCase();
}

function archivePath(path: string): { readonly file: string; readonly name?: string } {
  const [, file, name] = /^(.*\.npz):([^/\\]+)$/i.exec(path) ?? [];
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

function wholeFile(path: string, { memory }: { readonly memory?: number }): Promise<Uint8Array> {
  return explained(path, async () => {
    const { size } = await regularFile(path);
    checkMemory(size, "at least ", path, memory);
    return readFile(path);
  });
}

/** An array of one or two axes as a table with numbered columns. */
function tableOf(array: FloatArray, where: string, options: ColumnOptions): NumericTable {
  const [count = 0, width = 1] = array.shape;
  if (array.shape.length < 1 || array.shape.length > 2 || count === 0 || width === 0) {
    const received = `shape [${array.shape.join(", ")}]`;
    throw failure("data", { where, expected: "an array [rows] or [rows, columns], not empty", received });
  }
  const { columns, places, ignored } = chooseUnnamed(width, options, where);
  const isWhole = places.length === width && places.every((place, slot) => place === slot);
  const chosen = isWhole ? array.data : new Float32Array(count * places.length);
  for (let row = 0; row < count; row++) {
    for (let slot = 0; slot < places.length; slot++) {
      const value = array.data[row * width + places[slot]!]!;
      if (!Number.isFinite(value))
        throw cellError(`${where} row ${row + 1} column "${columns[slot]}"`, notFinite(value), value);
      if (chosen !== array.data) chosen[row * places.length + slot] = value;
    }
  }
  return { columns, rows: floats(chosen, [count, columns.length]), ignored };
}

function notFinite(value: number): string {
  return Number.isNaN(value) ? "nan" : value < 0 ? "-inf" : "inf";
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
