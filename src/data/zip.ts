// zip: the directory of a zip archive of any length and the content of its entries, stored or deflated.
// https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT, with its 64-bit extension.
import { Inflate } from "fflate";
import { failure } from "../errors.ts";
import { forwardBytes, largestRatio } from "./forward-bytes.ts";
import { type Bytes, checkInside } from "./stored-rows.ts";

/** Where a file of an archive is. */
export interface ZipEntry {
  /** Place of its local header. */
  readonly at: number;
  readonly method: "stored" | "deflated" | "other";
  /** Bytes in the archive. */
  readonly packed: number;
  /** Bytes of its content. */
  readonly size: number;
}

/** Bytes inflated at once. */
const pieceBytes = 2 ** 14;
const longestComment = 2 ** 16;
const largestDirectory = 2 ** 26;

/** The files of an archive by name. Throws `data` errors. */
export async function zipEntries(bytes: Bytes, where: string): Promise<ReadonlyMap<string, ZipEntry>> {
  const { at, length, count } = await directoryPlace(bytes, where);
  if (length > largestDirectory || length < 46 * count) throw damaged(where);
  const view = viewOf(await bytes.read(at, length));
  const entries = new Map<string, ZipEntry>();
  let place = 0;
  for (let n = 0; n < count; n++) {
    if (place + 46 > length || view.getUint32(place, true) !== 0x02014b50) throw damaged(where);
    const nameLength = view.getUint16(place + 28, true);
    const extraLength = view.getUint16(place + 30, true);
    const end = place + 46 + nameLength + extraLength + view.getUint16(place + 32, true);
    if (end > length) throw damaged(where);
    const name = new TextDecoder().decode(part(view, place + 46, nameLength));
    entries.set(name, entryOf(view, place, viewOf(part(view, place + 46 + nameLength, extraLength))));
    place = end;
  }
  return entries;
}

/** The content of an entry; deflated content is read forwards, and from its start again for a place further back. */
export async function zipContent(bytes: Bytes, entry: ZipEntry, where: string): Promise<Bytes> {
  const { at, method, packed, size } = entry;
  if (method === "other")
    throw failure("data", { where, expected: "stored or deflated content", received: "another compression" });
  const promised = method === "stored" ? packed : largestRatio * packed + 64;
  if (packed > bytes.size || size > promised)
    throw failure("data", {
      where,
      expected: "an array that fits its compressed size",
      received: `${size} bytes from ${packed}`,
    });
  const header = viewOf(await bytes.read(at, 30));
  if (header.getUint32(0, true) !== 0x04034b50) throw damaged(where);
  const start = at + 30 + header.getUint16(26, true) + header.getUint16(28, true);
  checkInside(start, packed, bytes.size, where);
  if (method === "deflated") return inflated({ source: bytes, start, packed, size, where });
  return {
    size,
    async read(from, length) {
      checkInside(from, length, size, where);
      return bytes.read(start + from, length);
    },
  };
}

/** The end of the directory is looked for from the end of the file. */
async function directoryPlace(bytes: Bytes, where: string): Promise<{ at: number; length: number; count: number }> {
  const length = Math.min(bytes.size, 22 + longestComment);
  const start = bytes.size - length;
  const tail = viewOf(await bytes.read(start, length));
  let end = length - 22;
  while (end >= 0 && tail.getUint32(end, true) !== 0x06054b50) end--;
  if (end < 0) throw damaged(where);
  const place = {
    at: tail.getUint32(end + 16, true),
    length: tail.getUint32(end + 12, true),
    count: tail.getUint16(end + 10, true),
  };
  if (place.at !== 0xffffffff && place.length !== 0xffffffff && place.count !== 0xffff) return place;
  if (end < 20 || tail.getUint32(end - 20, true) !== 0x07064b50) return place;
  const wide = viewOf(await bytes.read(wideNumber(tail, end - 12), 56));
  if (wide.getUint32(0, true) !== 0x06064b50) throw damaged(where);
  return { at: wideNumber(wide, 48), length: wideNumber(wide, 40), count: wideNumber(wide, 32) };
}

function entryOf(view: DataView, place: number, extra: DataView): ZipEntry {
  const method = view.getUint16(place + 10, true);
  const isEncrypted = (view.getUint16(place + 8, true) & 1) !== 0;
  const [size = 0, packed = 0, at = 0] = wideSizes(
    [view.getUint32(place + 24, true), view.getUint32(place + 20, true), view.getUint32(place + 42, true)],
    extra,
  );
  const known = method === 0 ? "stored" : method === 8 ? "deflated" : "other";
  return { at, packed, size, method: isEncrypted ? "other" : known };
}

/** Sizes that do not fit 32 bits stand in an extra field, one after the other. */
function wideSizes(sizes: readonly number[], extra: DataView): readonly number[] {
  let at = 0;
  while (at + 4 <= extra.byteLength && extra.getUint16(at, true) !== 1) at += 4 + extra.getUint16(at + 2, true);
  at += 4;
  return sizes.map((size) => {
    if (size !== 0xffffffff || at + 8 > extra.byteLength) return size;
    at += 8;
    return wideNumber(extra, at - 8);
  });
}

interface Deflated {
  readonly source: Bytes;
  readonly start: number;
  readonly packed: number;
  readonly size: number;
  readonly where: string;
}

function inflated(content: Deflated): Bytes {
  const { size, where } = content;
  return forwardBytes({ size, where, unpack: () => inflating(content), damaged: () => damaged(where) });
}

async function* inflating({
  source,
  start,
  packed,
  where,
}: Deflated): AsyncGenerator<Uint8Array, undefined, undefined> {
  let ready: Uint8Array[] = [];
  const stream = new Inflate((piece) => ready.push(piece));
  for (let taken = 0; taken < packed; ) {
    const length = Math.min(pieceBytes, packed - taken);
    const piece = await source.read(start + taken, length);
    taken += length;
    try {
      stream.push(piece, taken === packed);
    } catch (cause) {
      throw damaged(where, cause);
    }
    yield* ready;
    ready = [];
  }
  return undefined;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
}

function part(view: DataView, at: number, length: number): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + at, length);
}

/** 64 bits; what does not fit float64 is beyond the end of every file, and refused there. */
function wideNumber(view: DataView, at: number): number {
  return view.getUint32(at, true) + 2 ** 32 * view.getUint32(at + 4, true);
}

function damaged(where: string, cause?: unknown): Error {
  const received = "something else, or a damaged one";
  return failure("data", { where, expected: "a zip of arrays", received }, cause);
}
