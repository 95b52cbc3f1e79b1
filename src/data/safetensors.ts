// safetensors: named arrays in one file, https://huggingface.co/docs/safetensors; validated before it is read.
import { failure, type LocalFlowError } from "../errors.ts";
import { allocate, type ElementType, elementBytes, elementCount, type NDArray } from "../tensor/array.ts";
import { isRecord } from "./is-record.ts";
import { repeatedKey } from "./json-keys.ts";
import type { Bytes } from "./stored-rows.ts";

export interface Safetensors {
  /** An object without prototype: any name is safe. */
  readonly tensors: Readonly<Record<string, NDArray>>;
  /** The texts under `__metadata__`, an object without prototype. */
  readonly metadata: Readonly<Record<string, string>>;
}

const typeNames: Readonly<Record<ElementType, string>> = {
  float32: "F32",
  float64: "F64",
  int64: "I64",
  int32: "I32",
  bool: "BOOL",
};
const types = new Map(Object.entries(typeNames).map(([type, name]) => [name, type as ElementType]));

/** How the names of such files end. */
export const safetensorsEnding = ".safetensors";
/** The format's own limit. */
const longestHeader = 100_000_000;
/** `{"`, with which the header of a file that holds anything begins. */
const headerStart = 0x7b22;
const metadataName = "__metadata__";

/** Whether a file begins as one of this format does: with the length of a header, and the header. */
export async function startsLikeSafetensors({ size, read }: Bytes): Promise<boolean> {
  if (size < 10) return false;
  return isSafetensors(await read(0, 10), size);
}

/** Whether bytes that a file of `size` bytes begins with are those of this format. */
export function isSafetensors(bytes: Uint8Array, size = bytes.length): boolean {
  if (bytes.length < 10) return false;
  const view = new DataView(bytes.buffer, bytes.byteOffset, 10);
  return view.getBigUint64(0, true) <= size - 8 && view.getUint16(8) === headerStart;
}

/** Where one array lies in the data part. */
interface Entry {
  readonly name: string;
  readonly type: ElementType;
  readonly shape: readonly number[];
  readonly start: number;
  readonly end: number;
}

/** Writes arrays in the order of their names in the object; equal arguments give equal bytes. */
export function encodeSafetensors(
  tensors: Readonly<Record<string, NDArray>>,
  metadata: Readonly<Record<string, string>> = {},
): Uint8Array {
  const members = Object.keys(metadata).length === 0 ? [] : [`"${metadataName}":${JSON.stringify(metadata)}`];
  let end = 0;
  for (const [name, { type, shape, data }] of Object.entries(tensors)) {
    if (name === metadataName) throw invalid("safetensors", "another name", `a tensor called "${metadataName}"`);
    const start = end;
    end += data.byteLength;
    members.push(
      `${JSON.stringify(name)}:${JSON.stringify({ dtype: typeNames[type], shape, data_offsets: [start, end] })}`,
    );
  }
  const header = new TextEncoder().encode(`{${members.join(",")}}`);
  const dataStart = 8 + Math.ceil(header.length / 8) * 8;
  const bytes = new Uint8Array(dataStart + end).fill(32, 8, dataStart);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(dataStart - 8), true);
  bytes.set(header, 8);
  let at = dataStart;
  for (const { data } of Object.values(tensors)) {
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), at);
    at += data.byteLength;
  }
  return bytes;
}

/**
 * Reads F32, F64, I64, I32 and BOOL arrays, copied out of `bytes`. Throws `model` errors for anything the format does
 * not allow: a header that is no JSON or too long, repeated names, offsets that overlap, leave gaps or end outside the
 * file.
 */
export function decodeSafetensors(bytes: Uint8Array, where: string): Safetensors {
  const { header, dataStart } = readHeader(bytes, where);
  const tensors: Record<string, NDArray> = Object.create(null);
  const entries: Entry[] = [];
  let metadata: Record<string, string> = Object.create(null);
  for (const [name, value] of Object.entries(header)) {
    if (name === metadataName) metadata = readMetadata(value, where);
    else entries.push(readEntry(name, value, where));
  }
  checkCover(entries, bytes.length - dataStart, where);
  for (const { name, type, shape, start, end } of entries) {
    const data = allocate(type, elementCount(shape));
    new Uint8Array(data.buffer, data.byteOffset, data.byteLength).set(
      bytes.subarray(dataStart + start, dataStart + end),
    );
    tensors[name] = { type, shape, data };
  }
  return { tensors, metadata };
}

function readHeader(bytes: Uint8Array, where: string): { header: object; dataStart: number } {
  if (bytes.length < 8) throw invalid(where, "a safetensors file of 8 bytes at least", `${bytes.length}`);
  const length = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  const most = Math.min(longestHeader, bytes.length - 8);
  if (length > most)
    throw invalid(
      where,
      `a safetensors header of at most ${most} bytes`,
      `${length}: cut short, or no safetensors file`,
    );
  const dataStart = 8 + Number(length);
  const header = parseJson(bytes.subarray(8, dataStart), where);
  if (isRecord(header)) return { header, dataStart };
  throw invalid(where, "a JSON object as header", Array.isArray(header) ? "a list" : typeof header);
}

function parseJson(bytes: Uint8Array, where: string): unknown {
  let text: string;
  let value: unknown;
  try {
    text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
    value = JSON.parse(text);
  } catch (cause) {
    throw failure("model", { where, expected: "a JSON header", received: "something else" }, cause);
  }
  const repeated = repeatedKey(text);
  if (repeated === undefined) return value;
  throw invalid(where, "every name once", `"${repeated.slice(0, 60)}" twice`);
}

function readMetadata(value: unknown, where: string): Record<string, string> {
  if (!isRecord(value)) throw invalid(`${where} ${metadataName}`, "an object of texts", typeof value);
  const metadata: Record<string, string> = Object.create(null);
  for (const [name, text] of Object.entries(value)) {
    if (typeof text !== "string")
      throw invalid(`${where} ${metadataName} "${name.slice(0, 60)}"`, "a text", typeof text);
    metadata[name] = text;
  }
  return metadata;
}

function readEntry(name: string, value: unknown, where: string): Entry {
  const place = `${where} tensor "${name.slice(0, 60)}"`;
  const { dtype, shape, data_offsets: offsets } = isRecord(value) ? value : {};
  const type = typeof dtype === "string" ? types.get(dtype) : undefined;
  if (type === undefined) throw invalid(`${place} dtype`, [...types.keys()].join(", "), brief(dtype));
  if (!isSizes(shape)) throw invalid(`${place} shape`, "whole numbers, 0 or more", brief(shape));
  if (!isSizes(offsets)) throw invalid(`${place} data_offsets`, "two whole numbers, 0 or more", brief(offsets));
  const [start, end, ...more] = offsets;
  const needed = elementCount(shape) * elementBytes[type];
  if (start === undefined || end === undefined || more.length > 0 || end - start !== needed) {
    throw invalid(`${place} data_offsets`, `the start and end of ${needed} bytes`, brief(offsets));
  }
  return { name, type, shape, start, end };
}

/** The arrays cover the data part once, without gaps. */
function checkCover(entries: readonly Entry[], length: number, where: string): void {
  const ordered = [...entries].sort((a, b) => a.start - b.start || a.end - b.end);
  let covered = 0;
  for (const { name, start, end } of ordered) {
    if (start !== covered)
      throw invalid(`${where} tensor "${name.slice(0, 60)}"`, `its bytes to start at ${covered}`, `${start}`);
    covered = end;
  }
  if (covered !== length)
    throw invalid(where, `${covered} bytes of tensors`, `${length}: cut short, or trailing bytes`);
}

function isSizes(value: unknown): value is number[] {
  return Array.isArray(value) && value.every((size) => Number.isSafeInteger(size) && size >= 0);
}

/** A value from the header in a few words; not all of it, because it may be nested deeper than the stack. */
function brief(value: unknown): string {
  if (value === undefined) return "nothing";
  if (Array.isArray(value)) return `[${value.slice(0, 8).map(scalar).join(",")}]`;
  return scalar(value);
}

function scalar(value: unknown): string {
  return typeof value === "object" && value !== null ? "…" : JSON.stringify(value).slice(0, 60);
}

function invalid(where: string, expected: string, received: string): LocalFlowError {
  return failure("model", { where, expected, received });
}
