// file: the superblock of an HDF5 file, the messages of its objects, and a cursor that never leaves its bytes.
// https://support.hdfgroup.org/documentation/hdf5/latest/_f_m_t4.html
import { failure, type LocalFlowError } from "../../errors.ts";
import { type Bytes, checkInside } from "../stored-rows.ts";

/** An open file: addresses count from its superblock. */
export interface Hdf5File {
  readonly where: string;
  /** Bytes from the superblock on. */
  readonly size: number;
  readonly root: number;
  /** Bytes of an address and of a length. */
  readonly offsetBytes: number;
  readonly lengthBytes: number;
  /** A cursor over a copy of `length` bytes at an address. */
  at(address: number, length: number): Promise<Cursor>;
}

/** One message of an object's header. */
export interface Message {
  readonly type: number;
  readonly body: Uint8Array;
  /** The body says where the message is, among the messages of another object. */
  readonly isShared: boolean;
}

/** Reads forwards; every step past the end is a `data` error. */
export interface Cursor {
  readonly left: number;
  /** An unsigned little-endian number of 1 to 8 bytes; those beyond 2^53 are rounded. */
  number(bytes: number): number;
  /** An address, undefined for the one that stands for none. */
  address(): number | undefined;
  /** A length or a size. */
  length(): number;
  skip(bytes: number): void;
  take(bytes: number): Uint8Array;
  /** Text up to a zero, or all that is left. */
  text(): string;
  /** Throws unless the next bytes are this signature. */
  signature(text: string): void;
}

const signature = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const continuation = 0x10;
/** More bytes than any object's header has. */
const largestHeader = 2 ** 24;

/** Finds the superblock at 0, 512, 1024, … Throws `data` errors. */
export async function openHdf5(bytes: Bytes, where: string): Promise<Hdf5File> {
  const base = await superblockPlace(bytes, where);
  const size = bytes.size - base;
  const sizes = { offsetBytes: 8, lengthBytes: 8 };
  const at = async (address: number, length: number) => {
    checkInside(address, length, size, where);
    return cursorOver(await bytes.read(base + address, length), { where, ...sizes });
  };
  const head = await at(8, Math.min(size - 8, 120));
  const version = head.number(1);
  if (version > 3)
    throw failure("data", { where, expected: "an HDF5 superblock of version 0 to 3", received: String(version) });
  if (version < 2) head.skip(4);
  const [offsetBytes, lengthBytes] = [head.number(1), head.number(1)];
  if (![4, 8].includes(offsetBytes) || ![4, 8].includes(lengthBytes))
    throw damaged(where, `addresses of ${offsetBytes} and lengths of ${lengthBytes} bytes`);
  Object.assign(sizes, { offsetBytes, lengthBytes });
  head.skip(version < 2 ? 9 + (version === 1 ? 4 : 0) : 1);
  const rest = cursorOver(head.take(head.left), { where, ...sizes });
  rest.skip((version < 2 ? 5 : 3) * offsetBytes);
  const root = rest.address();
  if (root === undefined) throw damaged(where, "no root group");
  return { where, size, root, ...sizes, at };
}

async function superblockPlace(bytes: Bytes, where: string): Promise<number> {
  for (let at = 0; at + 64 <= bytes.size; at = at === 0 ? 512 : 2 * at) {
    const start = await bytes.read(at, signature.length);
    if (signature.every((byte, place) => byte === start[place])) return at;
  }
  throw failure("data", { where, expected: "an HDF5 file", received: "something else, or one that was cut short" });
}

/** All messages of the object whose header is at an address, continuations included. */
export async function messagesOf(file: Hdf5File, address: number): Promise<readonly Message[]> {
  const prefix = await file.at(address, Math.min(16, file.size - address));
  const isOld = prefix.number(1) === 1;
  const messages: Message[] = [];
  const blocks: Block[] = [isOld ? oldBlock(prefix, address) : await newBlock(file, address)];
  const seen = new Set<number>();
  let total = 0;
  for (let block = blocks.shift(); block !== undefined; block = blocks.shift()) {
    total += block.length;
    if (seen.has(block.at) || total > largestHeader) throw damaged(file.where, "object headers in a circle");
    seen.add(block.at);
    const cursor = await file.at(block.at, block.length);
    if (block.isContinuation && !isOld) cursor.signature("OCHK");
    const end = isOld ? 0 : 4;
    const head = isOld ? 8 : block.hasOrder ? 6 : 4;
    while (cursor.left >= head + end) {
      const type = cursor.number(isOld ? 2 : 1);
      const length = cursor.number(2);
      const flags = cursor.number(1);
      cursor.skip(head - (isOld ? 5 : 4));
      const body = cursor.take(length);
      if (type !== continuation) messages.push({ type, body, isShared: (flags & 2) !== 0 });
      else {
        const next = cursorOver(body, file);
        const at = next.address();
        if (at !== undefined) blocks.push({ ...block, at, length: next.length(), isContinuation: true });
      }
    }
  }
  return messages;
}

interface Block {
  readonly at: number;
  readonly length: number;
  readonly hasOrder: boolean;
  readonly isContinuation: boolean;
}

function oldBlock(prefix: Cursor, address: number): Block {
  prefix.skip(7);
  return { at: address + 16, length: prefix.number(4), hasOrder: false, isContinuation: false };
}

async function newBlock(file: Hdf5File, address: number): Promise<Block> {
  const prefix = await file.at(address, Math.min(34, file.size - address));
  prefix.signature("OHDR");
  if (prefix.number(1) !== 2) throw damaged(file.where, "an object header of another version");
  const flags = prefix.number(1);
  const before = (flags & 32 ? 16 : 0) + (flags & 16 ? 4 : 0);
  prefix.skip(before);
  const sizeBytes = 2 ** (flags & 3);
  const length = prefix.number(sizeBytes);
  const at = address + 6 + before + sizeBytes;
  return { at, length: length + 4, hasOrder: (flags & 4) !== 0, isContinuation: false };
}

/** A cursor over bytes in memory, with the sizes of a file's addresses and lengths. */
export function cursorOver(
  bytes: Uint8Array,
  { where, offsetBytes, lengthBytes }: Pick<Hdf5File, "where" | "offsetBytes" | "lengthBytes">,
): Cursor {
  let place = 0;
  const step = (count: number) => {
    if (count > bytes.length - place) throw damaged(where, "an end in the middle of a structure");
    place += count;
    return place - count;
  };
  const cursor: Cursor = {
    get left() {
      return bytes.length - place;
    },
    number(count) {
      const start = step(count);
      let value = 0;
      for (let byte = count - 1; byte >= 0; byte--) value = 256 * value + bytes[start + byte]!;
      return value;
    },
    address() {
      const start = place;
      const value = cursor.number(offsetBytes);
      return bytes.subarray(start, place).every((byte) => byte === 255) ? undefined : value;
    },
    length: () => cursor.number(lengthBytes),
    skip: (count) => void step(count),
    take(count) {
      const start = step(count);
      return bytes.subarray(start, start + count);
    },
    text() {
      const zero = bytes.indexOf(0, place);
      const end = zero < 0 ? bytes.length : zero;
      const text = new TextDecoder().decode(bytes.subarray(place, end));
      place = Math.min(end + 1, bytes.length);
      return text;
    },
    signature(text) {
      const found = cursor.take(text.length);
      if ([...text].some((letter, i) => letter.charCodeAt(0) !== found[i])) throw damaged(where, `no ${text} block`);
    },
  };
  return cursor;
}

/** The error of a file that breaks the rules of its format. */
export function damaged(where: string, received: string): LocalFlowError {
  const remedy = "the file is damaged: copy it or write it again";
  return failure("data", { where, expected: "a whole HDF5 file", received, remedy });
}
