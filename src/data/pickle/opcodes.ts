// opcodes: what each opcode of Python's pickle protocols 0 to 5 does, as pickletools of Python describes them.
import { memorySource } from "./bytes.ts";
import type { PickleMachine } from "./machine.ts";
import { rawUnicode, unquoted } from "./text.ts";
import { isKind, latin1, longestText, type PickleBytes, type PickleValue, spokenValue } from "./values.ts";

type Opcode = (machine: PickleMachine) => void;

/** Names, numbers and places in the memo are lines no longer than this. */
const longestLine = 1024;
/** Whole numbers of more bytes are refused. */
const longestNumber = 256;
/** Characters of a text of protocol 0, which is decoded at once. */
const longestRawText = 2 ** 28;

const numbers: Readonly<Record<string, Opcode>> = {
  I: (m) => {
    const text = shortLine(m);
    m.push(text === "00" ? false : text === "01" ? true : wholeNumber(m, text));
  },
  L: (m) => m.push(wholeNumber(m, shortLine(m).replace(/L$/, ""))),
  F: (m) => m.push(decimalNumber(m, shortLine(m))),
  J: (m) => m.push(m.cursor.unsigned(4) | 0),
  K: (m) => m.push(m.cursor.byte()),
  M: (m) => m.push(m.cursor.unsigned(2)),
  G: (m) => m.push(m.cursor.float()),
  N: (m) => m.push(null),
  "\x88": (m) => m.push(true),
  "\x89": (m) => m.push(false),
  "\x8a": (m) => longNumber(m, m.length(1)),
  "\x8b": (m) => longNumber(m, m.length(4)),
};

const texts: Readonly<Record<string, Opcode>> = {
  S: (m) => {
    const bytes = unquoted(line(m, m.source.size));
    if (bytes === undefined) throw m.error("a text in quotes", "another line");
    m.push({ kind: "bytes", source: memorySource(bytes), at: 0, length: bytes.length });
  },
  V: (m) => {
    const bytes = line(m, longestRawText);
    m.charge(6 * bytes.length);
    const text = rawUnicode(bytes);
    if (text === undefined) throw m.error("a text of Unicode", "another line");
    m.push(text);
  },
  T: (m) => m.push(bytesAhead(m, m.length(4))),
  U: (m) => m.push(bytesAhead(m, m.length(1))),
  B: (m) => m.push(bytesAhead(m, m.length(4))),
  C: (m) => m.push(bytesAhead(m, m.length(1))),
  "\x8e": (m) => m.push(bytesAhead(m, m.length(8))),
  "\x96": (m) => m.push(bytesAhead(m, m.length(8))),
  X: (m) => m.push(textAhead(m, m.length(4))),
  "\x8c": (m) => m.push(textAhead(m, m.length(1))),
  "\x8d": (m) => m.push(textAhead(m, m.length(8))),
};

const containers: Readonly<Record<string, Opcode>> = {
  "(": (m) => m.mark(),
  "]": (m) => m.push({ kind: "list", items: [] }),
  ")": (m) => m.push({ kind: "tuple", items: [] }),
  "}": (m) => m.push({ kind: "dict", keys: [], values: [] }),
  "\x8f": (m) => m.push({ kind: "set", items: [] }),
  l: (m) => m.push({ kind: "list", items: m.popToMark() }),
  t: (m) => m.push({ kind: "tuple", items: m.popToMark() }),
  d: (m) => {
    const items = m.popToMark();
    const dict: PickleValue = { kind: "dict", keys: [], values: [] };
    m.push(dict);
    setItems(m, items);
  },
  "\x91": (m) => m.push({ kind: "set", items: m.popToMark() }),
  "\x85": (m) => tuple(m, 1),
  "\x86": (m) => tuple(m, 2),
  "\x87": (m) => tuple(m, 3),
  a: (m) => append(m, "list", [m.pop()]),
  e: (m) => append(m, "list", m.popToMark()),
  "\x90": (m) => append(m, "set", m.popToMark()),
  s: (m) => {
    const value = m.pop();
    setItems(m, [m.pop(), value]);
  },
  u: (m) => setItems(m, m.popToMark()),
};

const places: Readonly<Record<string, Opcode>> = {
  "0": (m) => void m.pop(),
  "1": (m) => void m.popToMark(),
  "2": (m) => m.push(m.top()),
  p: (m) => memoize(m, placeInLine(m)),
  q: (m) => memoize(m, m.cursor.byte()),
  r: (m) => memoize(m, m.cursor.unsigned(4)),
  "\x94": (m) => memoize(m, m.memo.size),
  g: (m) => recall(m, placeInLine(m)),
  h: (m) => recall(m, m.cursor.byte()),
  j: (m) => recall(m, m.cursor.unsigned(4)),
};

const objects: Readonly<Record<string, Opcode>> = {
  c: (m) => {
    const module = shortLine(m);
    m.push(m.name(module, shortLine(m)));
  },
  "\x93": (m) => {
    const name = m.pop();
    m.push(m.name(m.pop(), name));
  },
  i: (m) => {
    const module = shortLine(m);
    const callee = m.name(module, shortLine(m));
    m.push(m.call(callee, m.popToMark()));
  },
  o: (m) => {
    const [callee, ...args] = m.popToMark();
    m.push(m.call(callee ?? null, args));
  },
  R: (m) => call(m),
  "\x81": (m) => call(m),
  "\x92": (m) => {
    const named = m.pop();
    if (!isKind(named, "dict") || named.keys.length > 0) throw m.error("no named arguments", spokenValue(named));
    call(m);
  },
  b: (m) => {
    const state = m.pop();
    const target = m.top();
    if (!isKind(target, "object")) throw m.error("an object that takes a state", spokenValue(target));
    target.state = state;
  },
};

const refused: Readonly<Record<string, string>> = {
  P: "a reference to something outside the file",
  Q: "a reference to something outside the file",
  "\x82": "a code of Python's extension registry",
  "\x83": "a code of Python's extension registry",
  "\x84": "a code of Python's extension registry",
  "\x97": "a buffer kept outside the file",
};

const frame: Readonly<Record<string, Opcode>> = {
  "\x80": (m) => {
    const version = m.cursor.byte();
    if (version > 5) throw m.error("pickle protocol 0 to 5", String(version));
  },
  "\x95": (m) => void m.length(8),
  /** A buffer is read only: all of ours are. */
  "\x98": () => undefined,
};

/** The end of a pickle. */
export const stop = ".".charCodeAt(0);

const byCharacter = { ...numbers, ...texts, ...containers, ...places, ...objects, ...frame };
const table: readonly (Opcode | undefined)[] = Array.from({ length: 256 }, (_, code) => {
  const character = String.fromCharCode(code);
  const what = Object.hasOwn(refused, character) ? refused[character] : undefined;
  if (what !== undefined) return (m: PickleMachine) => fail(m, what);
  return Object.hasOwn(byCharacter, character) ? byCharacter[character] : undefined;
});

/** Runs one opcode other than `stop`. Throws a `data` error for one that is unknown or does not fit the stack. */
export function runOpcode(machine: PickleMachine, code: number): void {
  const opcode = table[code];
  if (opcode === undefined) fail(machine, `the byte 0x${code.toString(16).padStart(2, "0")}`);
  opcode(machine);
}

function fail(machine: PickleMachine, received: string): never {
  throw machine.error("an opcode of a pickle (protocol 0 to 5) that holds its own data", received);
}

function line(m: PickleMachine, most: number): Uint8Array {
  const length = m.cursor.lineLength();
  if (length > most) throw m.error(`a line of at most ${most} bytes`, String(length));
  m.charge(2 * length);
  const bytes = m.cursor.take(length);
  m.cursor.skip(1);
  return bytes.at(-1) === 13 ? bytes.subarray(0, -1) : bytes;
}

function shortLine(m: PickleMachine): string {
  return latin1(line(m, longestLine));
}

function placeInLine(m: PickleMachine): number {
  const text = shortLine(m);
  if (!/^\d{1,12}$/.test(text)) throw m.error("a place in the memo", "another text");
  return Number(text);
}

function wholeNumber(m: PickleMachine, text: string): number | bigint {
  if (!/^[-+]?\d{1,600}$/.test(text)) throw m.error("a whole number", "another text");
  return smaller(BigInt(text.replace("+", "")));
}

function longNumber(m: PickleMachine, length: number): void {
  if (length > longestNumber) throw m.error(`a whole number of at most ${longestNumber} bytes`, String(length));
  m.push(length === 0 ? 0 : smaller(m.cursor.signed(length)));
}

/** A float64 where it is exact. */
function smaller(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}

function decimalNumber(m: PickleMachine, text: string): number {
  const special = { nan: Number.NaN, inf: Number.POSITIVE_INFINITY, "-inf": Number.NEGATIVE_INFINITY };
  if (text === "nan" || text === "inf" || text === "-inf") return special[text];
  if (!/^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i.test(text)) throw m.error("a number", "another text");
  return Number(text);
}

function bytesAhead(m: PickleMachine, length: number): PickleBytes {
  return { kind: "bytes", source: m.source, at: m.cursor.skip(length), length };
}

function textAhead(m: PickleMachine, length: number): PickleValue {
  if (length > longestText) return { kind: "text", source: m.source, at: m.cursor.skip(length), length };
  m.charge(2 * length);
  return new TextDecoder("utf-8", { ignoreBOM: true }).decode(m.cursor.take(length));
}

function tuple(m: PickleMachine, length: number): void {
  const items: PickleValue[] = [];
  for (let i = 0; i < length; i++) items.unshift(m.pop());
  m.push({ kind: "tuple", items });
}

function append(m: PickleMachine, kind: "list" | "set", items: readonly PickleValue[]): void {
  const target = m.top();
  if (!isKind(target, kind)) throw m.error(`a ${kind} to add to`, spokenValue(target));
  for (const item of items) target.items.push(item);
}

function setItems(m: PickleMachine, items: readonly PickleValue[]): void {
  const target = m.top();
  if (!isKind(target, "dict")) throw m.error("a dict to add to", spokenValue(target));
  if (items.length % 2 !== 0) throw m.error("a value for every key", "one too few");
  for (let i = 0; i < items.length; i += 2) {
    target.keys.push(items[i]!);
    target.values.push(items[i + 1]!);
  }
}

function memoize(m: PickleMachine, place: number): void {
  m.charge(32);
  m.memo.set(place, m.top());
}

function recall(m: PickleMachine, place: number): void {
  const value = m.memo.get(place);
  if (value === undefined) throw m.error("something put into the memo before", `place ${place}`);
  m.push(value);
}

function call(m: PickleMachine): void {
  const args = m.pop();
  if (!isKind(args, "tuple")) throw m.error("a tuple of arguments", spokenValue(args));
  m.push(m.call(m.pop(), args.items));
}
