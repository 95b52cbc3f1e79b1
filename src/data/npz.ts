// npz: NumPy's archives of named arrays, a zip of .npy files, https://numpy.org/doc/stable/reference/generated/numpy.savez.html.
import { Zip, ZipPassThrough } from "fflate";
import { failure } from "../errors.ts";
import type { FloatArray } from "../tensor/array.ts";
import { didYouMean, listNames, shorten } from "./columns.ts";
import { encodeNpy, openNpy } from "./npy.ts";
import type { Bytes, StoredRows } from "./stored-rows.ts";
import { zipContent, zipEntries } from "./zip.ts";

/**
 * Opens one array of an archive of any length: `name`, or the only one there is. A compressed one is read forwards, in Fortran
 * order all at once. Throws `data` errors, `option` for an unknown name.
 */
export async function openNpz(bytes: Bytes, where: string, name?: string): Promise<StoredRows> {
  const entries = new Map(
    [...(await zipEntries(bytes, where))].flatMap(([file, entry]) =>
      file.endsWith(".npy") ? [[file.slice(0, -4), entry] as const] : [],
    ),
  );
  if (entries.size === 0) throw failure("data", { where, expected: "a .npz file with arrays", received: "none" });
  const chosen = chosenEntry([...entries.keys()], name, where);
  const place = `${where}:${chosen}`;
  return openNpy(await zipContent(bytes, entries.get(chosen)!, place), place);
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
    ...didYouMean(wanted, names),
  });
}
