// wire: the protobuf wire format (tags, varints, fixed-width numbers, length-delimited fields), written and read.
import { failure, type LocalFlowError } from "../errors.ts";

/** Appends fields to one protobuf message. Field numbers are those of the message's schema. */
export interface WireWriter {
  /** A 64-bit integer as a varint; negative values take ten bytes (two's complement). */
  integer(field: number, value: number | bigint): void;
  /** A 32-bit float. */
  float(field: number, value: number): void;
  /** A 64-bit float. */
  double(field: number, value: number): void;
  text(field: number, value: string): void;
  /** Raw bytes, kept by reference until `finish`: they must not change before. */
  bytes(field: number, value: Uint8Array): void;
  /** Repeated integers in packed form; an empty list writes nothing. */
  integers(field: number, values: readonly (number | bigint)[]): void;
  /** Repeated 32-bit floats in packed form; an empty list writes nothing. */
  floats(field: number, values: readonly number[]): void;
  message(field: number, fill: (inner: WireWriter) => void): void;
  /** The bytes of the message so far. */
  finish(): Uint8Array;
}

/** How a field is stored. */
export type WireType = "varint" | "fixed64" | "delimited" | "fixed32";

/**
 * Reads one protobuf message field by field: `while (reader.next()) switch (reader.field()) …`, each field either read
 * by the method of its type or dropped by `skip`. Damaged input throws LocalFlowError("model"), and nothing is allocated
 * for bytes that are not there.
 */
export interface WireReader {
  /** Moves to the next field; false at the end of the message. */
  next(): boolean;
  /** Number of the field that `next` stopped at. */
  field(): number;
  wireType(): WireType;
  /** A signed 64-bit integer that a JavaScript number holds exactly. */
  integer(): number;
  /** The integers of a field, packed or single. */
  integers(): number[];
  /** The same with all 64 bits. */
  longs(): BigInt64Array;
  float(): number;
  /** A view of the fixed-width values of a field, packed or single; `width` is their size in bytes. */
  fixed(width: 4 | 8): Uint8Array;
  text(): string;
  /** A view (no copy) of a length-delimited field. */
  bytes(): Uint8Array;
  message(): WireReader;
  skip(): void;
}

const wireTypes: Readonly<Record<number, WireType>> = { 0: "varint", 1: "fixed64", 2: "delimited", 5: "fixed32" };
const wireCodes: Readonly<Record<WireType, number>> = { varint: 0, fixed64: 1, delimited: 2, fixed32: 5 };
/** Byte arrays up to this length are copied next to their neighbours, longer ones stay pieces of their own. */
const smallPiece = 128;
/** Messages inside messages; protobuf's own readers stop at the same depth. */
const deepestMessage = 100;
const longestVarint = 10;
const utf8 = new TextEncoder();
const strictUtf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** An empty message to fill. */
export function createWriter(): WireWriter {
  return writerOn(createSink());
}

/** A reader at the start of a message; `where` names the file in errors. */
export function createReader(bytes: Uint8Array, where: string): WireReader {
  return readerOn(createCursor(bytes, where, 0, bytes.length), 1);
}

interface Sink {
  varint(value: number | bigint): void;
  raw(bytes: Uint8Array): void;
  /** Everything written, in order. */
  pieces(): Uint8Array[];
}

function createSink(): Sink {
  const done: Uint8Array[] = [];
  let recent: number[] = [];
  const settle = (): void => {
    if (recent.length > 0) done.push(Uint8Array.from(recent));
    recent = [];
  };
  return {
    varint(value) {
      if (typeof value === "bigint" || value < 0 || value > 0x7fffffff) return wideVarint(recent, BigInt(value));
      let rest = value;
      for (; rest > 127; rest >>>= 7) recent.push((rest & 127) | 128);
      recent.push(rest);
    },
    raw(bytes) {
      if (bytes.length <= smallPiece) return void recent.push(...bytes);
      settle();
      done.push(bytes);
    },
    pieces() {
      settle();
      return done;
    },
  };
}

function wideVarint(into: number[], value: bigint): void {
  let rest = BigInt.asUintN(64, value);
  for (; rest > 127n; rest >>= 7n) into.push(Number(rest & 127n) | 128);
  into.push(Number(rest));
}

function writerOn(sink: Sink): WireWriter {
  const tag = (field: number, type: WireType): void => sink.varint(field * 8 + wireCodes[type]);
  const delimited = (field: number, pieces: readonly Uint8Array[]): void => {
    tag(field, "delimited");
    sink.varint(totalLength(pieces));
    for (const piece of pieces) sink.raw(piece);
  };
  return {
    integer(field, value) {
      tag(field, "varint");
      sink.varint(value);
    },
    float(field, value) {
      tag(field, "fixed32");
      sink.raw(new Uint8Array(Float32Array.of(value).buffer));
    },
    double(field, value) {
      tag(field, "fixed64");
      sink.raw(new Uint8Array(Float64Array.of(value).buffer));
    },
    text: (field, value) => delimited(field, [utf8.encode(value)]),
    bytes: (field, value) => delimited(field, [value]),
    integers(field, values) {
      if (values.length === 0) return;
      const packed = createSink();
      for (const value of values) packed.varint(value);
      delimited(field, packed.pieces());
    },
    floats(field, values) {
      if (values.length > 0) delimited(field, [new Uint8Array(Float32Array.from(values).buffer)]);
    },
    message(field, fill) {
      const inner = createSink();
      fill(writerOn(inner));
      delimited(field, inner.pieces());
    },
    finish: () => concatenate(sink.pieces()),
  };
}

function totalLength(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((length, piece) => length + piece.length, 0);
}

function concatenate(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(totalLength(pieces));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

/** A place in the bytes of one message. A varint is left in two 32-bit halves, because a number holds only 53 bits. */
interface Cursor {
  readonly low: number;
  readonly high: number;
  atEnd(): boolean;
  varint(): void;
  take(length: number): Uint8Array;
  /** A view of what is left. */
  rest(): Uint8Array;
  /** A cursor over the next `length` bytes, which this one passes over. */
  inside(length: number): Cursor;
  damaged(expected: string, received?: string): LocalFlowError;
}

function createCursor(bytes: Uint8Array, where: string, start: number, end: number): Cursor {
  let position = start;
  const advance = (length: number): number => {
    if (length > end - position) throw cursor.damaged(`${length} bytes`, `${end - position}`);
    position += length;
    return position - length;
  };
  const cursor = {
    low: 0,
    high: 0,
    atEnd: () => position >= end,
    varint() {
      let low = 0;
      let high = 0;
      for (let index = 0; index < longestVarint; index++) {
        if (position >= end) throw cursor.damaged("the rest of a number", "the end");
        const byte = bytes[position++] ?? 0;
        if (index === longestVarint - 1 && byte > 1) break;
        if (index < 5) low |= (byte & 127) << (7 * index);
        if (index === 4) high |= (byte & 127) >>> 4;
        if (index > 4) high |= (byte & 127) << (7 * index - 32);
        cursor.low = low;
        cursor.high = high;
        if (byte < 128) return;
      }
      throw cursor.damaged("a number of at most 64 bits", "a longer one");
    },
    take(length: number) {
      const from = advance(length);
      return bytes.subarray(from, from + length);
    },
    rest: () => bytes.subarray(position, end),
    inside(length: number) {
      const from = advance(length);
      return createCursor(bytes, where, from, from + length);
    },
    damaged: (expected: string, received?: string) =>
      failure("model", {
        where: `${where} at byte ${position}`,
        expected,
        ...(received === undefined ? {} : { received }),
        remedy: "the file is cut short, damaged, or not ONNX",
      }),
  };
  return cursor;
}

/** The signed 64-bit value of two halves, as a number; beyond 2^53 it is rounded. */
function signed({ low, high }: Cursor): number {
  return high * 2 ** 32 + (low >>> 0);
}

function readerOn(cursor: Cursor, depth: number): WireReader {
  let field = 0;
  let type: WireType = "varint";

  const expectType = (wanted: WireType): void => {
    if (type !== wanted) throw cursor.damaged(`a ${wanted} field ${field}`, type);
  };
  const length = (): number => {
    expectType("delimited");
    cursor.varint();
    return (cursor.high >>> 0) * 2 ** 32 + (cursor.low >>> 0);
  };
  const exact = (from: Cursor): number => {
    from.varint();
    const value = signed(from);
    if (Number.isSafeInteger(value)) return value;
    throw from.damaged("an integer within ±2^53", `about ${value}`);
  };
  const bytes = (): Uint8Array => cursor.take(length());
  const reader: WireReader = {
    next() {
      if (cursor.atEnd()) return false;
      cursor.varint();
      const wireType = wireTypes[cursor.low & 7];
      field = cursor.low >>> 3;
      if (cursor.high !== 0 || field === 0 || wireType === undefined) throw cursor.damaged("a field tag");
      type = wireType;
      return true;
    },
    field: () => field,
    wireType: () => type,
    integer() {
      expectType("varint");
      return exact(cursor);
    },
    integers() {
      if (type === "varint") return [exact(cursor)];
      const inner = cursor.inside(length());
      const values: number[] = [];
      while (!inner.atEnd()) values.push(exact(inner));
      return values;
    },
    longs() {
      if (type !== "varint") return packedLongs(cursor.inside(length()));
      cursor.varint();
      return BigInt64Array.of((BigInt(cursor.high) << 32n) | BigInt(cursor.low >>> 0));
    },
    float() {
      expectType("fixed32");
      const view = cursor.take(4);
      return new DataView(view.buffer, view.byteOffset).getFloat32(0, true);
    },
    fixed(width) {
      if (type === (width === 4 ? "fixed32" : "fixed64")) return cursor.take(width);
      const packed = bytes();
      if (packed.length % width === 0) return packed;
      throw cursor.damaged(`a multiple of ${width} bytes in field ${field}`, `${packed.length}`);
    },
    text() {
      const encoded = bytes();
      try {
        return strictUtf8.decode(encoded);
      } catch {
        throw cursor.damaged(`UTF-8 text in field ${field}`);
      }
    },
    bytes,
    message() {
      if (depth >= deepestMessage) throw cursor.damaged(`at most ${deepestMessage} nested messages`, "more");
      return readerOn(cursor.inside(length()), depth + 1);
    },
    skip() {
      if (type === "varint") cursor.varint();
      else cursor.take(type === "fixed32" ? 4 : type === "fixed64" ? 8 : length());
    },
  };
  return reader;
}

function packedLongs(cursor: Cursor): BigInt64Array {
  let count = 0;
  for (const byte of cursor.rest()) if (byte < 128) count++;
  const values = new BigInt64Array(count);
  const halves = new Int32Array(values.buffer);
  for (let index = 0; !cursor.atEnd(); index++) {
    cursor.varint();
    halves[2 * index] = cursor.low;
    halves[2 * index + 1] = cursor.high;
  }
  return values;
}
