// bytes: bytes read by position, from memory or from a file too large for it, and a cursor over them.
import { failure, type LocalFlowError } from "../../errors.ts";

/** Bytes that can be read at any position. */
export interface ByteSource {
  readonly size: number;
  /** Fills `into` with the bytes from `at` on, all of which lie within the source. */
  read(at: number, into: Uint8Array): void;
}

/** A source over bytes in memory, which it shares. */
export function memorySource(bytes: Uint8Array): ByteSource {
  return { size: bytes.length, read: (at, into) => into.set(bytes.subarray(at, at + into.length)) };
}

/** Reads a source from its start on. Every method throws a `data` error where the source ends too early. */
export interface ByteCursor {
  /** Where the next byte is. */
  position(): number;
  byte(): number;
  /** A little-endian whole number of 1 to 8 bytes; above 2^53 only nearly. */
  unsigned(bytes: number): number;
  /** Two's complement, little-endian, of up to 256 bytes. */
  signed(bytes: number): bigint;
  /** A big-endian float64. */
  float(): number;
  /** A copy of the next `length` bytes. */
  take(length: number): Uint8Array;
  /** Passes over `length` bytes and tells where they start. */
  skip(length: number): number;
  /** The number of bytes up to the next line feed. */
  lineLength(): number;
}

const windowBytes = 2 ** 16;

/** A cursor at the first byte of `source`. */
export function byteCursor(source: ByteSource, where: string): ByteCursor {
  const buffer = new Uint8Array(Math.min(windowBytes, Math.max(source.size, 1)));
  const view = new DataView(buffer.buffer);
  let [first, last, at] = [0, 0, 0];

  function load(from: number): void {
    first = from;
    last = Math.min(source.size, from + buffer.length);
    source.read(first, buffer.subarray(0, last - first));
  }

  /** Where in the buffer the next `length` bytes, at most 256, start; moves on behind them. */
  function passed(length: number): number {
    const start = skip(length);
    if (start < first || at > last) load(start);
    return start - first;
  }

  function skip(length: number): number {
    if (length > source.size - at) throw cutShort(`${where} byte ${at}`, length, source.size - at);
    at += length;
    return at - length;
  }

  return {
    position: () => at,
    skip,
    byte: () => buffer[passed(1)]!,
    float: () => view.getFloat64(passed(8)),
    unsigned(bytes) {
      const start = passed(bytes);
      let value = 0;
      for (let i = bytes - 1; i >= 0; i--) value = value * 256 + buffer[start + i]!;
      return value;
    },
    signed(bytes) {
      const start = passed(bytes);
      let value = 0n;
      for (let i = bytes - 1; i >= 0; i--) value = (value << 8n) | BigInt(buffer[start + i]!);
      return BigInt.asIntN(8 * bytes, value);
    },
    take(length) {
      const start = skip(length);
      const bytes = new Uint8Array(length);
      source.read(start, bytes);
      return bytes;
    },
    lineLength() {
      for (let from = at; from < source.size; from = last) {
        if (from < first || from >= last) load(from);
        const found = buffer.subarray(0, last - first).indexOf(10, from - first);
        if (found >= 0) return first + found - at;
      }
      throw cutShort(`${where} byte ${at}`, "a line's", "none");
    },
  };
}

function cutShort(where: string, wanted: number | string, present: number | string): LocalFlowError {
  return failure("data", {
    where,
    expected: typeof wanted === "number" ? `${wanted} more bytes` : `${wanted} end`,
    received: String(present),
    remedy: "the file was cut short or is damaged: copy it again",
  });
}
