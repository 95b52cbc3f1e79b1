// filters (Node only): undoes what HDF5 did to a chunk: deflate, shuffle, Fletcher's checksum, LZF.
import { inflateSync } from "node:zlib";
import { failure } from "../../errors.ts";
import type { Filter } from "./dataset.ts";
import { damaged } from "./file.ts";

/** A chunk as it should be after its filters were undone. */
export interface ChunkForm {
  readonly where: string;
  readonly filters: readonly Filter[];
  /** Bytes of the chunk, and of one of its numbers. */
  readonly bytes: number;
  readonly numberBytes: number;
}

type Undo = (bytes: Uint8Array, form: ChunkForm) => Uint8Array;

const undo: Readonly<Record<number, Undo>> = { 1: inflate, 2: unshuffle, 3: checkFletcher, 32000: unpackLzf };
const otherFilters: Readonly<Record<number, string>> = { 4: "szip", 5: "nbit", 6: "scale-offset" };

/** Refuses filters that cannot be undone, by name. */
export function checkFilters(filters: readonly Filter[], where: string): void {
  const unknown = filters.find(({ id }) => undo[id] === undefined);
  if (unknown === undefined) return;
  throw failure("data", {
    where,
    expected: "chunks that are plain or packed by gzip, shuffle, fletcher32 or lzf",
    received: `the filter ${otherFilters[unknown.id] ?? (unknown.name === "" ? unknown.id : unknown.name)}`,
    remedy: "pack it anew: h5repack -f GZIP=6 old.hdf5 new.hdf5",
  });
}

/** The bytes of a chunk before its filters; bit n of `mask` says that filter n was left out. */
export function unfiltered(stored: Uint8Array, mask: number, form: ChunkForm): Uint8Array {
  let bytes = stored;
  for (let n = form.filters.length - 1; n >= 0; n--) {
    if ((mask >>> n) & 1) continue;
    bytes = undo[form.filters[n]!.id]!(bytes, form);
  }
  if (bytes.length === form.bytes) return bytes;
  throw damaged(form.where, `a chunk of ${bytes.length} bytes in the place of ${form.bytes}`);
}

function inflate(bytes: Uint8Array, { where, bytes: expected }: ChunkForm): Uint8Array {
  try {
    return inflateSync(bytes, { maxOutputLength: expected + 4 });
  } catch {
    throw damaged(where, "a chunk that gzip cannot unpack");
  }
}

/** Byte j of number i stands at j count + i; what is left over follows as it is. */
function unshuffle(bytes: Uint8Array, { numberBytes }: ChunkForm): Uint8Array {
  const count = Math.floor(bytes.length / numberBytes);
  const out = new Uint8Array(bytes);
  for (let byte = 0; byte < numberBytes; byte++) {
    const start = byte * count;
    for (let i = 0, to = byte; i < count; i++, to += numberBytes) out[to] = bytes[start + i]!;
  }
  return out;
}

/** The last four bytes are Fletcher's sums of the rest, taken as big-endian words of 16 bits. */
function checkFletcher(bytes: Uint8Array, { where }: ChunkForm): Uint8Array {
  if (bytes.length < 4) throw damaged(where, "a chunk without its checksum");
  const end = bytes.length - 4;
  let first = 0;
  let second = 0;
  for (let at = 0; at < end; at += 2) {
    first = (first + 256 * bytes[at]! + (at + 1 < end ? bytes[at + 1]! : 0)) % 65535;
    second = (second + first) % 65535;
  }
  const stored = new DataView(bytes.buffer, bytes.byteOffset + end, 4);
  const isSame = (sum: number, at: number) => (stored.getUint16(at, true) - sum) % 65535 === 0;
  if (!isSame(first, 0) || !isSame(second, 2)) throw damaged(where, "a chunk with another checksum");
  return bytes.subarray(0, end);
}

/** LibLZF: runs of new bytes, and copies from up to 8192 bytes before. */
function unpackLzf(bytes: Uint8Array, { where, bytes: expected }: ChunkForm): Uint8Array {
  const out = new Uint8Array(expected);
  let from = 0;
  let to = 0;
  const next = () => bytes[from++] ?? 0;
  while (from < bytes.length) {
    const control = next();
    const isRun = control < 32;
    const length = isRun ? control + 1 : (control >> 5) + 2 + (control >> 5 === 7 ? next() : 0);
    const back = isRun ? 0 : ((control & 31) << 8) + next() + 1;
    if (to + length > expected || back > to || (isRun && from + length > bytes.length))
      throw damaged(where, "a chunk that LZF cannot unpack");
    for (let n = 0; n < length; n++, to++) out[to] = isRun ? next() : out[to - back]!;
  }
  return out.subarray(0, to);
}
