// text: Python's ways to write bytes and text inside a pickle. They give undefined for anything else.

import { memorySource } from "./bytes.ts";
import { bytesOf, isKind, latin1, type PickleBytes, type PickleLongText, type PickleValue } from "./values.ts";

const [quote, doubleQuote, backslash] = [39, 34, 92];
const escapes: Readonly<Record<string, number>> = {
  a: 7,
  b: 8,
  t: 9,
  n: 10,
  v: 11,
  f: 12,
  r: 13,
  '"': doubleQuote,
  "'": quote,
  "\\": backslash,
};

/** The bytes of a str of Python 2 in quotes, as `repr` writes it. */
export function unquoted(line: Uint8Array): Uint8Array | undefined {
  const mark = line[0];
  if (line.length < 2 || (mark !== quote && mark !== doubleQuote) || line.at(-1) !== mark) return undefined;
  const bytes = new Uint8Array(line.length - 2);
  let used = 0;
  for (let at = 1; at < line.length - 1; at++) {
    let byte = line[at]!;
    if (byte === backslash) {
      const { value, length } = escaped(line, at + 1);
      if (value === undefined || at + length >= line.length - 1) return undefined;
      byte = value;
      at += length;
    }
    bytes[used++] = byte;
  }
  return bytes.subarray(0, used);
}

/** The byte that an escape stands for, which goes on at `at` behind the backslash, and its length there. */
function escaped(line: Uint8Array, at: number): { readonly value: number | undefined; readonly length: number } {
  const letter = String.fromCharCode(line[at]!);
  if (letter !== "x") {
    const value = Object.hasOwn(escapes, letter) ? escapes[letter] : undefined;
    return { value, length: 1 };
  }
  const digits = String.fromCharCode(...line.subarray(at + 1, at + 3));
  return { value: /^[0-9a-fA-F]{2}$/.test(digits) ? Number.parseInt(digits, 16) : undefined, length: 3 };
}

/** Text in Latin-1 with \\u and \\U for other characters. */
export function rawUnicode(line: Uint8Array): string | undefined {
  let valid = true;
  const text = latin1(line).replace(/\\u([0-9a-fA-F]{4})|\\U([0-9a-fA-F]{8})/g, (_, four?: string, eight?: string) => {
    const code = Number.parseInt(four ?? eight ?? "", 16);
    valid &&= code <= 0x10ffff;
    return valid ? String.fromCodePoint(code) : "";
  });
  return valid ? text : undefined;
}

/** The bytes that `_codecs.encode(text, "latin1")` makes of a text, which is how Python 3 writes bytes for Python 2. */
export function latin1Bytes(text: PickleValue | undefined): PickleBytes | undefined {
  const bytes = typeof text === "string" ? ofString(text) : isKind(text, "text") ? ofUtf8(text) : undefined;
  return bytes && { kind: "bytes", source: memorySource(bytes), at: 0, length: bytes.length };
}

function ofString(text: string): Uint8Array | undefined {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code > 255) return undefined;
    bytes[i] = code;
  }
  return bytes;
}

/** Latin-1 characters are one byte of UTF-8, or two of which the first is c2 or c3. */
function ofUtf8({ source, at, length }: PickleLongText): Uint8Array | undefined {
  const step = 2 ** 20;
  const bytes = new Uint8Array(length);
  let [used, lead] = [0, 0];
  for (let from = 0; from < length; from += step) {
    const part = bytesOf({ kind: "bytes", source, at: at + from, length: Math.min(step, length - from) });
    for (const byte of part) {
      if (lead !== 0) {
        if (byte >> 6 !== 2) return undefined;
        bytes[used++] = ((lead & 3) << 6) | (byte & 63);
        lead = 0;
      } else if (byte < 128) bytes[used++] = byte;
      else if (byte === 0xc2 || byte === 0xc3) lead = byte;
      else return undefined;
    }
  }
  return lead === 0 ? bytes.subarray(0, used) : undefined;
}
