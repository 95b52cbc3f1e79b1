// dataset: what the messages of an HDF5 dataset say: its shape, type, layout, filters and value for holes.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html, section IV.A.2.

import type { NumberType } from "../numbers.ts";
import { type Cursor, cursorOver, damaged, type Hdf5File, type Message, messagesOf } from "./file.ts";

/** An array of numbers in a file. */
export interface Dataset {
  readonly shape: readonly number[];
  /** The sizes up to which the shape may grow. */
  readonly limits: readonly number[];
  readonly type: NumberType;
  readonly layout: Layout;
  /** In the order in which they were applied. */
  readonly filters: readonly Filter[];
  /** The bytes of the number that stands where nothing was written; empty for 0. */
  readonly hole: Uint8Array;
}

/** A dataset that is no array of numbers, and what it is instead. */
export interface OtherDataset {
  readonly shape: readonly number[];
  readonly other: string;
}

/** A step of what was done to a chunk. */
export interface Filter {
  readonly id: number;
  readonly name: string;
}

/** The index of a dataset's chunks. */
export type ChunkIndex = "tree-1" | "single" | "implicit" | "fixed" | "extensible" | "tree-2";

/** Where the numbers are. */
export type Layout =
  | { readonly kind: "compact"; readonly bytes: Uint8Array }
  | { readonly kind: "contiguous"; readonly address: number | undefined; readonly length: number }
  | {
      readonly kind: "chunked";
      readonly index: ChunkIndex;
      readonly address: number | undefined;
      /** Sizes of a chunk, one per axis. */
      readonly chunk: readonly number[];
      /** Chunks that stick out of the shape were not filtered. */
      readonly plainEdges: boolean;
      /** Bytes of the only chunk, when it was filtered, and the filters that it skipped. */
      readonly single: { readonly size: number; readonly mask: number } | undefined;
    };

const messageTypes = { space: 1, type: 3, oldFill: 4, fill: 5, external: 7, layout: 8, filters: 11 };
const typeNames = ["", "", "times", "text", "bit fields", "raw bytes", "fields or complex numbers", "references"];
const indexNames: readonly ChunkIndex[] = ["single", "implicit", "fixed", "extensible", "tree-2"];

/** The dataset that an object's messages describe; undefined when they describe none. */
export async function datasetOf(
  file: Hdf5File,
  messages: readonly Message[],
): Promise<Dataset | OtherDataset | undefined> {
  const found = new Map(messages.map((message) => [message.type, message]));
  const [space, type, layout] = [messageTypes.space, messageTypes.type, messageTypes.layout].map((id) => found.get(id));
  if (space === undefined || type === undefined || layout === undefined) return undefined;
  const sizes = readShape(cursorOver(await bodyOf(file, space), file), file);
  if (sizes === undefined) return { shape: [], other: "nothing (a null dataspace)" };
  const { shape, limits } = sizes;
  const number = readType(cursorOver(await bodyOf(file, type), file));
  if (typeof number === "string") return { shape, other: number };
  if (found.has(messageTypes.external)) return { shape, other: "numbers in another file" };
  const place = readLayout(cursorOver(layout.body, file), file, shape.length);
  if (typeof place === "string") return { shape, other: place };
  const filters = found.get(messageTypes.filters);
  return {
    shape,
    limits,
    type: number,
    layout: place,
    filters: filters === undefined ? [] : readFilters(cursorOver(await bodyOf(file, filters), file)),
    hole: await readHole(file, found, number.bytes),
  };
}

/** The body of a message, which may stand in another object's header. */
async function bodyOf(file: Hdf5File, { type, body, isShared }: Message): Promise<Uint8Array> {
  if (!isShared) return body;
  const cursor = cursorOver(body, file);
  const version = cursor.number(1);
  const kind = cursor.number(1);
  if (version === 1) cursor.skip(6);
  const address = cursor.address();
  if (version > 3 || (version === 3 && kind !== 2) || address === undefined)
    throw damaged(file.where, "a message in a shared heap, which is not supported");
  const target = (await messagesOf(file, address)).find((message) => message.type === type);
  if (target === undefined || target.isShared) throw damaged(file.where, "a shared message that is not there");
  return target.body;
}

interface Sizes {
  readonly shape: readonly number[];
  readonly limits: readonly number[];
}

function readShape(cursor: Cursor, { where }: Hdf5File): Sizes | undefined {
  const version = cursor.number(1);
  const rank = cursor.number(1);
  if (version > 2 || rank > 32) throw damaged(where, `${rank} axes`);
  const hasLimits = (cursor.number(1) & 1) !== 0;
  const kind = version === 2 ? cursor.number(1) : 1;
  if (version === 1) cursor.skip(5);
  if (kind === 2) return undefined;
  const shape = Array.from({ length: rank }, () => cursor.length());
  const limits = hasLimits ? shape.map(() => cursor.length()) : shape;
  return { shape, limits: limits.map((limit) => (limit >= 2 ** 63 ? Number.POSITIVE_INFINITY : limit)) };
}

/** How a number is written, or what it is instead of a number. */
function readType(cursor: Cursor): NumberType | string {
  const kind = cursor.number(1) & 15;
  const flags = cursor.number(3);
  const bytes = cursor.number(4);
  if (kind === 8) return isBoolean(cursor, flags) ? { kind: "boolean", bytes: 1, littleEndian: true } : "named values";
  if (kind === 9) return (flags & 15) === 1 ? "text" : "lists of different lengths";
  if (kind === 10) return "arrays inside of an array";
  if (kind > 1) return typeNames[kind] || "something unknown";
  const littleEndian = (flags & 1) === 0;
  const offset = cursor.number(2);
  const precision = cursor.number(2);
  if (offset !== 0 || precision !== 8 * bytes) return `numbers of ${precision} bits`;
  if (kind === 1) {
    const form = [cursor.number(1), cursor.number(1), cursor.number(1), cursor.number(1), cursor.number(4)].join(" ");
    if (
      (flags & 0x40) === 0 &&
      (flags & 0x30) === 0x20 &&
      ieee[bytes] === form &&
      (bytes === 2 || bytes === 4 || bytes === 8)
    )
      return { kind: "float", bytes, littleEndian };
    return `floats of an unusual format (${bytes} bytes)`;
  }
  if (bytes !== 1 && bytes !== 2 && bytes !== 4 && bytes !== 8) return `integers of ${bytes} bytes`;
  return { kind: flags & 8 ? "signed" : "unsigned", bytes, littleEndian };
}

/** IEEE 754: place and bits of the exponent, place and bits of the fraction, bias. */
const ieee: Readonly<Record<number, string>> = { 2: "10 5 0 10 15", 4: "23 8 0 23 127", 8: "52 11 0 52 1023" };

/** Both names, in old files filled up to eight bytes, and the values 0 and 1. */
const booleanNames = ["FALSE\0TRUE\0\0\x01", "FALSE\0\0\0TRUE\0\0\0\0\0\x01"];

/** Python's booleans: bytes with the names FALSE and TRUE for 0 and 1. */
function isBoolean(cursor: Cursor, flags: number): boolean {
  if ((flags & 0xffff) !== 2) return false;
  const base = readType(cursor);
  if (typeof base === "string" || base.bytes !== 1) return false;
  const rest = new TextDecoder("latin1").decode(cursor.take(cursor.left));
  return booleanNames.some((start) => rest.startsWith(start));
}

function readLayout(cursor: Cursor, file: Hdf5File, rank: number): Layout | string {
  const version = cursor.number(1);
  if (version < 1 || version > 4) return `a layout of version ${version}`;
  if (version < 3) return readOldLayout(cursor, file, rank);
  const kind = cursor.number(1);
  if (kind === 0) return { kind: "compact", bytes: cursor.take(cursor.number(2)) };
  if (kind === 1) return { kind: "contiguous", address: cursor.address(), length: cursor.length() };
  if (kind !== 2) return "a view of other datasets (virtual)";
  return version === 3 ? readChunked(cursor, file, rank) : readNewChunked(cursor, file, rank);
}

function readOldLayout(cursor: Cursor, file: Hdf5File, rank: number): Layout | string {
  const axes = cursor.number(1);
  const kind = cursor.number(1);
  cursor.skip(5);
  const address = kind === 0 ? undefined : cursor.address();
  const sizes = Array.from({ length: axes }, () => cursor.number(4));
  if (kind === 0) return { kind: "compact", bytes: cursor.take(cursor.number(4)) };
  if (kind === 1) return { kind: "contiguous", address, length: Number.NaN };
  if (kind !== 2) return "a layout that is unknown";
  return chunked({ file, rank, sizes, address, index: "tree-1" });
}

function readChunked(cursor: Cursor, file: Hdf5File, rank: number): Layout {
  const axes = cursor.number(1);
  const address = cursor.address();
  const sizes = Array.from({ length: axes }, () => cursor.number(4));
  return chunked({ file, rank, sizes, address, index: "tree-1" });
}

function readNewChunked(cursor: Cursor, file: Hdf5File, rank: number): Layout | string {
  const flags = cursor.number(1);
  const axes = cursor.number(1);
  const sizeBytes = cursor.number(1);
  if (sizeBytes < 1 || sizeBytes > 8) throw damaged(file.where, "chunks of no size");
  const sizes = Array.from({ length: axes }, () => cursor.number(sizeBytes));
  const index = indexNames[cursor.number(1) - 1];
  if (index === undefined) return "chunks with an index that is unknown";
  const single = index === "single" && flags & 2 ? { size: cursor.length(), mask: cursor.number(4) } : undefined;
  cursor.skip({ single: 0, implicit: 0, fixed: 1, extensible: 5, "tree-2": 6, "tree-1": 0 }[index]);
  return chunked({ file, rank, sizes, address: cursor.address(), index, plainEdges: (flags & 1) !== 0, single });
}

interface Chunked {
  readonly file: Hdf5File;
  readonly rank: number;
  /** Sizes of a chunk, then the bytes of a number. */
  readonly sizes: readonly number[];
  readonly address: number | undefined;
  readonly index: ChunkIndex;
  readonly plainEdges?: boolean;
  readonly single?: { readonly size: number; readonly mask: number } | undefined;
}

function chunked({ file, rank, sizes, address, index, plainEdges = false, single }: Chunked): Layout {
  if (sizes.length !== rank + 1 || sizes.some((size) => size < 1)) throw damaged(file.where, "chunks of no size");
  return { kind: "chunked", index, address, chunk: sizes.slice(0, rank), plainEdges, single };
}

function readFilters(cursor: Cursor): readonly Filter[] {
  const version = cursor.number(1);
  const count = cursor.number(1);
  if (version === 1) cursor.skip(6);
  return Array.from({ length: count }, () => {
    const id = cursor.number(2);
    const nameBytes = version === 1 || id >= 256 ? cursor.number(2) : 0;
    cursor.skip(2);
    const values = cursor.number(2);
    const padded = version === 1 ? Math.ceil(nameBytes / 8) * 8 : nameBytes;
    const name = new TextDecoder().decode(cursor.take(padded)).replace(/\0.*$/s, "");
    cursor.skip(4 * (version === 1 ? Math.ceil(values / 2) * 2 : values));
    return { id, name };
  });
}

async function readHole(file: Hdf5File, found: ReadonlyMap<number, Message>, bytes: number): Promise<Uint8Array> {
  const fill = found.get(messageTypes.fill);
  const old = found.get(messageTypes.oldFill);
  const message = fill ?? old;
  if (message === undefined) return new Uint8Array();
  const cursor = cursorOver(await bodyOf(file, message), file);
  if (fill !== undefined) {
    const version = cursor.number(1);
    const isDefined = version === 3 ? (cursor.number(1) & 0x20) !== 0 : hasOldFill(cursor, version);
    if (!isDefined) return new Uint8Array();
  }
  const length = cursor.left < 4 ? 0 : cursor.number(4);
  if (length !== 0 && length !== bytes) throw damaged(file.where, "a value for holes of another type");
  return cursor.take(length);
}

function hasOldFill(cursor: Cursor, version: number): boolean {
  cursor.skip(2);
  return cursor.number(1) !== 0 || version === 1;
}
