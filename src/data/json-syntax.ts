// json-syntax: where a text stops being JSON, what is expected there and what comes.
import { shorten } from "./columns.ts";
import { atLine } from "./table-places.ts";

/** A place in a file; lines, and the characters of a line as its columns, count from 1. */
export interface JsonPlace {
  readonly line: number;
  readonly column: number;
}

/** The first place at which a text is no JSON. */
export interface JsonSyntaxFault extends JsonPlace {
  readonly expected: string;
  readonly received: string;
  readonly remedy?: string;
}

/** What comes next: a value, the first item of a list or its end, a name of an object (the first: or its end), a colon, or what follows a value. */
type Next = "value" | "first item" | "name" | "first name" | "colon" | "rest";
interface Opened {
  readonly bracket: "{" | "[";
  readonly at: number;
}
type Sign = Opened["bracket"] | "}" | "]" | "," | ":";
type Problem = Pick<JsonSyntaxFault, "expected" | "received" | "remedy">;
type Token =
  | { readonly kind: Sign | "text" | "plain" | "word" | "end"; readonly end: number }
  | { readonly kind: "broken"; readonly end: number; readonly problem: Problem };

const closing = { "{": "}", "[": "]" } as const;
const plain = /-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?|true|false|null/y;
const plainOrNaN = new RegExp(`${plain.source}|-?(?:NaN|Infinity)`, "y");
const word = /[\p{L}\p{N}_$.+-]+/uy;
const escaped = /\\(?:["\\/bfnrt]|u[\da-fA-F]{4})/y;

/** A text, where it begins in its file, and what counts as a value there. */
interface Source {
  readonly text: string;
  readonly start: JsonPlace;
  readonly plain: RegExp;
}

export interface JsonSyntaxOptions {
  /** Where the text begins in its file. */
  readonly start?: JsonPlace;
  /** Whether NaN, Infinity and -Infinity, as Python writes them, are let pass. */
  readonly hasNaN?: boolean;
}

/** What is expected behind the one value of a text. */
export const endExpected = "nothing after the value";

/** How errors call the place of a fault in what they call `where`. */
export function faultPlace(where: string, { line, column }: JsonPlace): string {
  return `${atLine(where, line)}, column ${column}`;
}

/** Where `text` is no JSON, or undefined where it is. */
export function jsonSyntaxFault(
  text: string,
  { start = { line: 1, column: 1 }, hasNaN = false }: JsonSyntaxOptions = {},
): JsonSyntaxFault | undefined {
  const source: Source = { text, start, plain: hasNaN ? plainOrNaN : plain };
  const open: Opened[] = [];
  let next: Next = "value";
  let comma: number | undefined;
  for (let at = firstInk(text, 0); ; ) {
    const token = tokenAt(source, at);
    const inside = open.at(-1);
    if (token.kind === "end" && next === "rest" && inside === undefined) return undefined;
    if (token.kind === "broken") return { ...lineOf(source, token.end), ...token.problem };
    const after = following(token.kind, next, inside?.bracket);
    if (after === undefined) {
      const received = token.kind === "end" ? "the end" : shown(text.slice(at, token.end));
      const remedy = remedyOf(source, { at, token, next, inside, comma });
      return {
        ...lineOf(source, at),
        expected: spoken(next, inside),
        received,
        ...(remedy !== undefined && { remedy }),
      };
    }
    if (token.kind === "{" || token.kind === "[") open.push({ bracket: token.kind, at });
    if (token.kind === "}" || token.kind === "]") open.pop();
    comma = token.kind === "," ? at : undefined;
    next = after;
    at = firstInk(text, token.end);
  }
}

/** What may come after a token that comes where `next` may; undefined where it may not. */
function following(kind: Token["kind"], next: Next, inside: Opened["bracket"] | undefined): Next | undefined {
  const mayClose = next === "rest" || next === "first item" || next === "first name";
  if (mayClose && inside !== undefined && kind === closing[inside]) return "rest";
  switch (next) {
    case "colon":
      return kind === ":" ? "value" : undefined;
    case "rest":
      return kind !== "," || inside === undefined ? undefined : inside === "{" ? "name" : "value";
    case "name":
    case "first name":
      return kind === "text" ? "colon" : undefined;
    default:
      if (kind === "{") return "first name";
      if (kind === "[") return "first item";
      return kind === "text" || kind === "plain" ? "rest" : undefined;
  }
}

function tokenAt(source: Source, at: number): Token {
  const { text } = source;
  const character = text[at];
  switch (character) {
    case undefined:
      return { kind: "end", end: at };
    case '"':
      return textAt(source, at);
    case "{":
    case "[":
    case "}":
    case "]":
    case ",":
    case ":":
      return { kind: character, end: at + 1 };
    default: {
      const [value, whole] = [behind(source.plain, text, at), behind(word, text, at)];
      return value > at && value >= whole
        ? { kind: "plain", end: value }
        : { kind: "word", end: Math.max(whole, at + 1) };
    }
  }
}

/** A text from its opening quote: by hand, because a regular expression overflows on long ones. */
function textAt(source: Source, start: number): Token {
  const { text } = source;
  for (let at = start + 1; ; ) {
    const character = text[at];
    if (character === '"') return { kind: "text", end: at + 1 };
    if (character === undefined || character === "\n" || character === "\r") {
      const received = character === undefined ? "the end" : "the end of the line";
      const remedy = `close the text that begins at column ${lineOf(source, start).column}`;
      return { kind: "broken", end: at, problem: { expected: 'a closing "', received, remedy } };
    }
    const isEscape = character === "\\";
    const end = isEscape ? behind(escaped, text, at) : at + 1;
    if (end === at || character < " ") {
      const received = isEscape ? shown(text.slice(at, at + 2)) : JSON.stringify(character);
      const expected = isEscape ? "an escape such as \\n or \\\\" : "no control character in a text";
      const remedy = isEscape ? "write \\\\ for a backslash" : "write it as an escape such as \\t";
      return { kind: "broken", end: at, problem: { expected, received, remedy } };
    }
    at = end;
  }
}

function spoken(next: Next, inside: Opened | undefined): string {
  const end = inside === undefined ? "" : closing[inside.bracket];
  switch (next) {
    case "colon":
      return "a colon after the name";
    case "rest":
      return inside === undefined ? endExpected : `a comma or ${end} after the value`;
    case "name":
      return "a name in double quotes";
    case "first name":
      return `a name in double quotes or ${end}`;
    case "first item":
      return `a value or ${end}`;
    default:
      return "a value";
  }
}

const meant: ReadonlyMap<string, string> = new Map([
  ["True", "true"],
  ["False", "false"],
  ["None", "null"],
  ["undefined", "null"],
]);

interface Refused {
  readonly at: number;
  readonly token: Token;
  readonly next: Next;
  readonly inside: Opened | undefined;
  /** Where a comma stands just before. */
  readonly comma: number | undefined;
}

/** How what is probably meant is written. */
function remedyOf(source: Source, { at, token, next, inside, comma }: Refused): string | undefined {
  const found = source.text.slice(at, token.end);
  if (token.kind === "end" && inside !== undefined)
    return `close the ${inside.bracket} of line ${lineOf(source, inside.at).line}`;
  if (comma !== undefined && (token.kind === "}" || token.kind === "]")) return "leave out the comma before it";
  if (found === "'") return "names and texts stand in double quotes";
  if (found === "/" || found === "#") return "leave comments out: JSON has none";
  const isName = next === "name" || next === "first name";
  if (isName && token.kind !== "end" && /^[\p{L}\p{N}_]/u.test(found)) return `write "${shorten(found)}"`;
  if (token.kind !== "word" || isName || next === "colon" || next === "rest") return undefined;
  if (/^[+-]?[.\d]/.test(found)) return "write numbers such as 0.5 or -3";
  const value = meant.get(found);
  return value === undefined ? "texts stand in double quotes" : `write ${value}`;
}

/** What comes: a text as it is written, anything else in quotes. */
function shown(found: string): string {
  return found.startsWith('"') ? shorten(found) : `"${shorten(found)}"`;
}

function lineOf({ text, start }: Source, at: number): JsonPlace {
  const lines = text.slice(0, at).split(/\r\n|\n|\r/);
  const column = (lines.at(-1)?.length ?? 0) + 1;
  return { line: start.line + lines.length - 1, column: lines.length === 1 ? start.column + column - 1 : column };
}

function firstInk(text: string, start: number): number {
  let at = start;
  while (text[at] === " " || text[at] === "\t" || text[at] === "\n" || text[at] === "\r") at++;
  return at;
}

/** Where a match of `pattern` that begins at `at` ends, `at` where there is none. */
function behind(pattern: RegExp, text: string, at: number): number {
  pattern.lastIndex = at;
  return pattern.test(text) ? pattern.lastIndex : at;
}
