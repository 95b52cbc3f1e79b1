// values: what a Python pickle holds, as plain data: nothing in it can be run.
import type { ByteSource } from "./bytes.ts";

/** A value of a pickle. Values may share parts and hold themselves: walk through them to a fixed depth only. */
export type PickleValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | PickleBytes
  | PickleLongText
  | PickleSequence<"list">
  | PickleSequence<"tuple">
  | PickleSequence<"set">
  | PickleDict
  | PickleName
  | PickleObject;

/** Python's bytes and bytearray, and the str of Python 2; left where they are until `bytesOf` reads them. */
export interface PickleBytes {
  readonly kind: "bytes";
  readonly source: ByteSource;
  readonly at: number;
  readonly length: number;
}

/** A text of more than `longestText` bytes of UTF-8, left where it is. */
export interface PickleLongText {
  readonly kind: "text";
  readonly source: ByteSource;
  readonly at: number;
  readonly length: number;
}

export interface PickleSequence<K extends "list" | "tuple" | "set"> {
  readonly kind: K;
  readonly items: PickleValue[];
}

/** `keys[i]` stands for `values[i]`; of equal keys the last counts. */
export interface PickleDict {
  readonly kind: "dict";
  readonly keys: PickleValue[];
  readonly values: PickleValue[];
}

/** A function or class by its full name, such as numpy.ndarray. */
export interface PickleName {
  readonly kind: "name";
  readonly name: string;
}

/** What calling `name` with `args` and setting `state` would make in Python. */
export interface PickleObject {
  readonly kind: "object";
  readonly name: string;
  readonly args: readonly PickleValue[];
  state: PickleValue | undefined;
}

type Kind = Exclude<PickleValue, null | boolean | number | bigint | string>["kind"];

/** Texts of more bytes are not decoded. */
export const longestText = 2 ** 16;

/** Dicts with more keys are not asked for one by one. */
const mostKeys = 2 ** 10;

/** Whether a value is of this kind. */
export function isKind<K extends Kind>(
  value: PickleValue | undefined,
  kind: K,
): value is Extract<PickleValue, { readonly kind: K }> {
  return typeof value === "object" && value !== null && value.kind === kind;
}

/** The items of a list, tuple or set. */
export function itemsOf(value: PickleValue | undefined): readonly PickleValue[] | undefined {
  return isKind(value, "list") || isKind(value, "tuple") || isKind(value, "set") ? value.items : undefined;
}

/** A text of at most `longestText` bytes; bytes (the str of Python 2) are read as Latin-1. */
export function textOf(value: PickleValue | undefined): string | undefined {
  if (typeof value === "string") return value;
  if (!isKind(value, "bytes") || value.length > longestText) return undefined;
  return latin1(bytesOf(value));
}

/** A copy of the bytes. */
export function bytesOf({ source, at, length }: PickleBytes): Uint8Array {
  const bytes = new Uint8Array(length);
  source.read(at, bytes);
  return bytes;
}

/** A whole number that float64 holds exactly. */
export function wholeOf(value: PickleValue | undefined): number | undefined {
  return typeof value === "number" && Number.isSafeInteger(value) ? value : undefined;
}

/** `textOf` each value; values that occur often cost no more than once. */
export function textsOf(values: readonly PickleValue[]): readonly (string | undefined)[] {
  const known = new Map<PickleValue, string | undefined>();
  return values.map((value) => {
    if (!known.has(value)) known.set(value, textOf(value));
    return known.get(value);
  });
}

/** What a dict of at most `mostKeys` keys, such as an object's state, holds under a key of text. */
export function entryOf(value: PickleValue | undefined, key: string): PickleValue | undefined {
  if (!isKind(value, "dict") || value.keys.length > mostKeys) return undefined;
  const isKey = (each: PickleValue) =>
    isKind(each, "bytes") ? each.length === key.length && textOf(each) === key : each === key;
  return value.values[value.keys.findLastIndex(isKey)];
}

/** The last part of an object's name: `DataFrame` of pandas.core.frame.DataFrame. */
export function shortName({ name }: PickleName | PickleObject): string {
  return name.slice(name.lastIndexOf(".") + 1);
}

/** A value in a word or two, for messages. */
export function spokenValue(value: PickleValue | undefined): string {
  if (value === undefined) return "nothing";
  if (value === null) return "None";
  if (typeof value === "string") return "a text";
  if (typeof value !== "object") return typeof value === "boolean" ? "a truth value" : "a number";
  if (value.kind === "object" || value.kind === "name") return value.name;
  return value.kind === "bytes" || value.kind === "text" ? `${value.kind}` : `a ${value.kind}`;
}

/** Bytes as Latin-1, the first 256 characters of Unicode. (The decoder called latin1 is Windows-1252.) */
export function latin1(bytes: Uint8Array): string {
  const parts: string[] = [];
  for (let at = 0; at < bytes.length; at += 8192) parts.push(String.fromCharCode(...bytes.subarray(at, at + 8192)));
  return parts.join("");
}
