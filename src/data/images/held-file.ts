// held-file (Node only): a file that stays open while a set of images is in use, plain or gzipped.
import { closeSync, createReadStream, openSync, readSync, statSync } from "node:fs";
import { createGunzip } from "node:zlib";
import { failure } from "../../errors.ts";
import { fileFailure } from "../files.ts";
import { forwardBytes, largestRatio } from "../forward-bytes.ts";
import type { ByteSource } from "../pickle/bytes.ts";
import { type Bytes, checkInside } from "../stored-rows.ts";

/** An open file, readable at any place in both ways that readers ask for. Thousands of small reads cost least at once. */
export interface HeldFile {
  readonly path: string;
  readonly size: number;
  readonly source: ByteSource;
  readonly bytes: Bytes;
  close(): void;
}

/** Opens a regular file. Throws `file` errors. */
export function holdFile(path: string): HeldFile {
  let file: number;
  let size: number;
  try {
    const found = statSync(path);
    if (!found.isFile())
      throw failure("file", {
        where: path,
        expected: "a file",
        received: found.isDirectory() ? "a folder" : "a device",
      });
    size = found.size;
    file = openSync(path, "r");
  } catch (error) {
    throw fileFailure(path, error);
  }
  let isOpen = true;
  const read = (at: number, into: Uint8Array) => {
    checkInside(at, into.length, size, path);
    for (let done = 0; done < into.length; ) {
      const count = readSync(file, into, done, into.length - done, at + done);
      if (count === 0) checkInside(at, into.length, at + done, path);
      done += count;
    }
  };
  return {
    path,
    size,
    source: { size, read },
    bytes: {
      size,
      async read(at, length) {
        checkInside(at, length, size, path);
        const bytes = new Uint8Array(length);
        read(at, bytes);
        return bytes;
      },
    },
    close() {
      if (isOpen) closeSync(file);
      isOpen = false;
    },
  };
}

/** Runs `open` with a file, and closes the file where it fails. */
export async function whileOpening<T>(file: HeldFile, open: (file: HeldFile) => Promise<T>): Promise<T> {
  try {
    return await open(file);
  } catch (error) {
    file.close();
    throw error;
  }
}

/** Whether a file is gzipped, by its first bytes. */
export function isGzip(start: Uint8Array): boolean {
  return start[0] === 0x1f && start[1] === 0x8b;
}

/**
 * The content of a gzipped file, of which a header says that it has `size` bytes: read forwards, and from its start again
 * for a place further back. Throws `data` where the file's own note of its size, its checksum or its end say otherwise.
 */
export async function gunzippedBytes(file: HeldFile, size: number): Promise<Bytes> {
  const where = file.path;
  const trailer = await file.bytes.read(Math.max(0, file.size - 4), Math.min(4, file.size));
  const noted = trailer.reduce((sum, byte, i) => sum + byte * 256 ** i, 0);
  if (size > largestRatio * file.size || size % 2 ** 32 !== noted)
    throw failure("data", {
      where,
      expected: `a gzipped file of ${size} bytes, as its header says`,
      received: `${noted} bytes from ${file.size}`,
      remedy: "the file was cut short or is damaged: copy it again",
    });
  return forwardBytes({
    ...{ size, where, endsThere: true },
    unpack: () => gunzipping(where),
    damaged: () => damaged(where),
  });
}

/** The first `length` bytes of what is gzipped in a file, or as many as there are. */
export async function gunzippedStart(path: string, length: number): Promise<Uint8Array> {
  const out = new Uint8Array(length);
  let filled = 0;
  for await (const piece of gunzipping(path)) {
    const part = piece.subarray(0, length - filled);
    out.set(part, filled);
    filled += part.length;
    if (filled === length) break;
  }
  return out.subarray(0, filled);
}

async function* gunzipping(path: string): AsyncGenerator<Uint8Array, undefined, undefined> {
  const packed = createReadStream(path, { highWaterMark: 2 ** 16 });
  const unpacked = createGunzip({ chunkSize: 2 ** 16 });
  packed.on("error", (error) => unpacked.destroy(error));
  try {
    yield* packed.pipe(unpacked) as AsyncIterable<Uint8Array>;
  } catch (cause) {
    const isZlib = cause instanceof Error && "code" in cause && String(cause.code).startsWith("Z_");
    throw isZlib ? damaged(path, cause) : fileFailure(path, cause);
  } finally {
    packed.destroy();
    unpacked.destroy();
  }
  return undefined;
}

function damaged(where: string, cause?: unknown): Error {
  const remedy = "the file was cut short or is damaged: copy it again";
  return failure("data", { where, expected: "a whole gzipped file", received: "a damaged one", remedy }, cause);
}
