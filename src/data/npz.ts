// npz: NumPy's archives of named arrays, a zip of .npy files, https://numpy.org/doc/stable/reference/generated/numpy.savez.html.
import { type UnzipFileInfo, unzipSync, Zip, ZipPassThrough } from "fflate";
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { listNames, nearestName, shorten } from "./columns.ts";
import { decodeNpy, encodeNpy } from "./npy.ts";
import { checkMemory } from "./numeric-table.ts";

export interface NpzOptions {
  /** Which array; without it there must be only one. */
  readonly name?: string;
  /** Most bytes the file and the array may take together. */
  readonly memory?: number;
}

/** Deflate cannot shrink more than this, so a larger promise is a lie told to make readers allocate. */
const largestRatio = 1032;

/** Bytes that each entry takes in a zip's directory at least. */
const leastEntry = 46;

/** Reads one array of an archive as float32. Throws `data` errors, `option` for an unknown name. */
export function decodeNpz(bytes: Uint8Array, where: string, { name, memory }: NpzOptions = {}): FloatArray {
  const entries = entriesOf(bytes, where);
  const entry = chosenEntry([...entries.keys()], name, where);
  const { size, originalSize } = entries.get(entry)!;
  if (size > bytes.length || originalSize > largestRatio * size + 64)
    throw failure("data", {
      where: `${where}:${entry}`,
      expected: "an array that fits its compressed size",
      received: `${originalSize} bytes from ${size}`,
    });
  checkMemory(bytes.length + 2 * originalSize, "about ", where, memory);
  const [content] = Object.values(unzipped(bytes, where, (file) => arrayName(file.name) === entry));
  if (content === undefined || content.length !== originalSize)
    throw failure("data", {
      where: `${where}:${entry}`,
      expected: `${originalSize} bytes`,
      received: String(content?.length ?? 0),
      remedy: "the file was cut short: copy it again",
    });
  return decodeNpy(content, `${where}:${entry}`);
}

/** An archive with one array, uncompressed, in pieces: `chunks` are its values in row-major order. */
export async function* encodeNpz(
  name: string,
  shape: readonly number[],
  chunks: AsyncIterable<FloatArray>,
): AsyncGenerator<Uint8Array> {
  if (4 * shape.reduce((a, b) => a * b, 1) >= 2 ** 32 - 2 ** 16)
    throw failure("data", {
      where: ".npz",
      expected: "an array below 4 GiB",
      received: "a larger one",
      remedy: "write .npy",
    });
  const ready: Uint8Array[] = [];
  const archive = new Zip((error, piece) => {
    if (error) throw error;
    ready.push(piece);
  });
  const file = new ZipPassThrough(`${name}.npy`);
  file.mtime = new Date(1980, 0, 1);
  archive.add(file);
  file.push(encodeNpy({ type: "float32", shape, data: new Float32Array(0) }));
  for await (const { data } of chunks) {
    file.push(new Uint8Array(data.buffer, data.byteOffset, data.byteLength).slice());
    yield* ready.splice(0);
  }
  file.push(new Uint8Array(0), true);
  archive.end();
  yield* ready.splice(0);
}

function entriesOf(bytes: Uint8Array, where: string): ReadonlyMap<string, UnzipFileInfo> {
  const entries = new Map<string, UnzipFileInfo>();
  let seen = 0;
  unzipped(bytes, where, (file) => {
    if (++seen * leastEntry > bytes.length) throw new Error("more entries than the file has room for");
    if (file.name.endsWith(".npy")) entries.set(arrayName(file.name), file);
    return false;
  });
  if (entries.size > 0) return entries;
  throw failure("data", { where, expected: "a .npz file with arrays", received: "none" });
}

function chosenEntry(names: readonly string[], wanted: string | undefined, where: string): string {
  if (wanted === undefined) {
    if (names.length === 1) return names[0]!;
    throw failure("option", {
      where,
      expected: "one array",
      received: `${names.length} (${listNames(names)})`,
      remedy: `choose one, such as ${where}:${names[0]}`,
    });
  }
  if (names.includes(wanted)) return wanted;
  throw failure("option", {
    where: `${where}:${wanted}`,
    expected: `an array among ${listNames(names)}`,
    received: `"${shorten(wanted)}"`,
    remedy: `did you mean "${nearestName(wanted, names)}"?`,
  });
}

function unzipped(
  bytes: Uint8Array,
  where: string,
  filter: (file: UnzipFileInfo) => boolean,
): Record<string, Uint8Array> {
  try {
    return unzipSync(bytes, { filter });
  } catch (cause) {
    throw failure(
      "data",
      { where, expected: "a .npz file (a zip of arrays)", received: "something else, or a damaged one" },
      cause,
    );
  }
}

const arrayName = (file: string) => file.replace(/\.npy$/, "");
