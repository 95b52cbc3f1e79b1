// text-pool: distinct texts under numbers 0, 1, 2, … in order of their first appearance, kept as UTF-8 in one array.
import { failure } from "../errors.ts";

/** Distinct texts by number. */
export interface Texts {
  readonly size: number;
  /** The text numbered `code`, 0 <= code < size. */
  at(code: number): string;
}

export interface TextPool extends Texts {
  /** The number of the UTF-8 text `bytes[start, end)`, a new one where it has none yet. */
  add(bytes: Uint8Array, start: number, end: number): number;
  /** The number of a text. */
  addText(text: string): number;
  /** Bytes held. */
  bytes(): number;
  /** The texts in as little room as they need; the pool takes no more. */
  sealed(): Texts;
}

/** Texts from a list. */
export function listedTexts(texts: readonly string[]): Texts {
  return { size: texts.length, at: (code) => texts[code]! };
}

const mostBytes = 2 ** 31;

/** An empty pool; `where` names the source in errors. */
export function textPool(where: string): TextPool {
  let store = new Uint8Array(256);
  let ends = new Uint32Array(17);
  let hashes = new Int32Array(17);
  let table = new Int32Array(32).fill(-1);
  let size = 0;
  const encoder = new TextEncoder();

  function place(hashed: number, bytes: Uint8Array, start: number, end: number): number {
    const mask = table.length - 1;
    let slot = hashed & mask;
    for (let code = table[slot]!; code >= 0; code = table[slot]!) {
      if (hashes[code] === hashed && isSame(code, bytes, start, end)) return slot;
      slot = (slot + 1) & mask;
    }
    return slot;
  }

  function isSame(code: number, bytes: Uint8Array, start: number, end: number): boolean {
    const from = ends[code]!;
    if (ends[code + 1]! - from !== end - start) return false;
    for (let n = 0; n < end - start; n++) if (store[from + n] !== bytes[start + n]) return false;
    return true;
  }

  function makeRoom(length: number): void {
    const used = ends[size]! + length;
    if (used > mostBytes)
      throw failure("data", { where, expected: "at most 2 GiB of different texts in a column", received: "more" });
    if (used > store.length) store = copied(store, new Uint8Array(Math.max(2 * store.length, used)));
    if (size + 2 > ends.length) {
      ends = copied(ends, new Uint32Array(2 * ends.length));
      hashes = copied(hashes, new Int32Array(ends.length));
    }
    if (2 * (size + 1) > table.length) widen();
  }

  function widen(): void {
    table = new Int32Array(2 * table.length).fill(-1);
    const mask = table.length - 1;
    for (let code = 0; code < size; code++) {
      let slot = hashes[code]! & mask;
      while (table[slot]! >= 0) slot = (slot + 1) & mask;
      table[slot] = code;
    }
  }

  function add(bytes: Uint8Array, start: number, end: number): number {
    const hashed = hash(bytes, start, end);
    const found = table[place(hashed, bytes, start, end)]!;
    if (found >= 0) return found;
    makeRoom(end - start);
    store.set(bytes.subarray(start, end), ends[size]!);
    ends[size + 1] = ends[size]! + end - start;
    hashes[size] = hashed;
    table[place(hashed, bytes, start, end)] = size;
    return size++;
  }

  return {
    get size() {
      return size;
    },
    at: (code) => read(store, ends, code),
    add,
    addText(text) {
      const bytes = encoder.encode(text);
      return add(bytes, 0, bytes.length);
    },
    bytes: () => store.byteLength + ends.byteLength + hashes.byteLength + table.byteLength,
    sealed() {
      const [kept, keptEnds] = [store.slice(0, ends[size]!), ends.slice(0, size + 1)];
      return { size, at: stretchReader(kept, keptEnds, size) };
    },
  };
}

const decoder = new TextDecoder("utf-8", { ignoreBOM: true });

function read(store: Uint8Array, ends: Uint32Array, code: number): string {
  const start = ends[code]!;
  return decoder.decode(store.subarray(start, ends[code + 1]!));
}

/** Bytes that are decoded at once where texts are read one after the other. */
const stretchBytes = 2 ** 15;

/** Reads texts; those that are asked for nearly in their order are cut out of longer stretches, if these are ASCII. */
function stretchReader(store: Uint8Array, ends: Uint32Array, size: number): (code: number) => string {
  let [first, end, base, stretch] = [0, 0, 0, ""];
  let last = -1;
  const lookAhead = (code: number): void => {
    base = ends[code]!;
    let until = code + 1;
    while (until < size && ends[until + 1]! - base <= stretchBytes) until++;
    stretch = decoder.decode(store.subarray(base, ends[until]!));
    if (stretch.length === ends[until]! - base) [first, end] = [code, until];
  };
  return (code) => {
    const isNext = code > last && code <= last + 16;
    last = code;
    if (isNext && code >= end && ends[code + 1]! - ends[code]! <= stretchBytes / 16) lookAhead(code);
    if (code < first || code >= end) return read(store, ends, code);
    return stretch.slice(ends[code]! - base, ends[code + 1]! - base);
  };
}

/** FNV-1a, its bits mixed once more for the low ones that are used. */
function hash(bytes: Uint8Array, start: number, end: number): number {
  let mixed = 0x811c9dc5;
  for (let at = start; at < end; at++) mixed = Math.imul(mixed ^ bytes[at]!, 0x01000193);
  mixed = Math.imul(mixed ^ (mixed >>> 15), 0x2c1b3c6d);
  return mixed ^ (mixed >>> 13);
}

function copied<T extends Uint8Array | Uint32Array | Int32Array>(from: T, into: T): T {
  into.set(from);
  return into;
}
