// condition-tokens: the words of conditions and constraints, read one by one. Nothing in a text is ever run.
import { shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";

/** What a cell is compared with: `text` is how the value was written; null stands for a gap. */
export type Literal =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly value: number }
  | { readonly kind: "truth"; readonly text: string; readonly value: boolean }
  | { readonly kind: "null"; readonly text: string };

export interface Token {
  readonly kind: "name" | "literal" | "sign" | "end";
  readonly text: string;
  readonly literal?: Literal;
  readonly at: number;
}

/** A text, word by word. */
export interface TokenReader {
  peek(ahead?: number): Token;
  take(): Token;
  isSign(...signs: readonly string[]): boolean;
  /** Takes the sign if it is next, and says whether it was. */
  skipSign(sign: string): boolean;
  expectSign(sign: string): void;
  /** The error that says what was expected where the reader stands. */
  refuse(expected: string): LocalFlowError;
}

/** What is expected where a gap is spelled in another way. */
export const gapIsNull = "null for a gap, as in income == null or income != null";

const longestText = 10_000;

/** Reads the words of a text. Throws `option` errors that show the place. */
export function tokenReader(text: string, where: string): TokenReader {
  if (text.length > longestText) throw wrong(where, `at most ${longestText} characters`, String(text.length));
  if (text.trim() === "") throw wrong(where, "a comparison", "an empty text");
  const tokens = tokensOf(text, where);
  let next = 0;
  const peek = (ahead = 0): Token => tokens[next + ahead] ?? { kind: "end", text: "", at: text.length };
  const isSign = (...signs: readonly string[]) => peek().kind === "sign" && signs.includes(peek().text);
  const refuse = (expected: string): LocalFlowError => {
    const { kind, text: found, at } = peek();
    const received = kind === "end" ? "the end" : `${JSON.stringify(shorten(found))} at character ${at + 1}`;
    return wrong(where, expected, received);
  };
  const skipSign = (sign: string): boolean => {
    const isNext = isSign(sign);
    if (isNext) next++;
    return isNext;
  };
  return {
    peek,
    take: () => {
      const token = peek();
      next++;
      return token;
    },
    isSign,
    skipSign,
    expectSign(sign) {
      if (!skipSign(sign)) throw refuse(`"${sign}"`);
    },
    refuse,
  };
}

const words: Readonly<Record<string, string>> = { and: "&&", or: "||", not: "!", in: "in" };
const pattern =
  /\s*(?:(?<date>\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])(?![\p{L}\p{N}_.-]))|(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.]))|(?<word>[\p{L}_][\p{L}\p{N}_.]*)|(?<quote>[`"'])|(?<sign>==|!=|<>|<=|>=|&&|\|\||[=<>!(),+-]))/uy;

function tokensOf(text: string, where: string): readonly Token[] {
  const tokens: Token[] = [];
  const body = text.trimEnd();
  pattern.lastIndex = 0;
  while (pattern.lastIndex < body.length) {
    const start = pattern.lastIndex;
    const groups = pattern.exec(body)?.groups;
    if (groups === undefined) {
      const received = `${JSON.stringify(shorten(body.slice(start).trimStart()))} at character ${start + 1}`;
      throw wrong(where, "columns, comparisons and values", received);
    }
    const { date, number, word, quote, sign } = groups;
    if (quote !== undefined) {
      const closed = quotedText(body, pattern.lastIndex, quote, where);
      pattern.lastIndex = closed.end;
      const { content } = closed;
      if (quote === "`") tokens.push({ kind: "name", text: content, at: start });
      else tokens.push({ kind: "literal", text: content, literal: { kind: "text", text: content }, at: start });
    } else if (date !== undefined) {
      tokens.push({ kind: "literal", text: date, literal: { kind: "text", text: date }, at: start });
    } else if (number !== undefined) {
      const literal: Literal = { kind: "number", text: number, value: Number(number) };
      tokens.push({ kind: "literal", text: number, literal, at: start });
    } else if (word !== undefined) tokens.push(wordToken(word, start));
    else tokens.push({ kind: "sign", text: sign ?? "", at: start });
  }
  return tokens;
}

function wordToken(word: string, at: number): Token {
  const sign = Object.hasOwn(words, word) ? words[word] : undefined;
  if (sign !== undefined) return { kind: "sign", text: sign, at };
  if (word === "null") return { kind: "literal", text: word, literal: { kind: "null", text: word }, at };
  if (word !== "true" && word !== "false") return { kind: "name", text: word, at };
  return { kind: "literal", text: word, literal: { kind: "truth", text: word, value: word === "true" }, at };
}

/** Letters that stand for what no line of a terminal shows, behind a backslash. */
const escapes: ReadonlyMap<string, string> = new Map([
  ["t", "\t"],
  ["n", "\n"],
  ["r", "\r"],
]);
const letters = new Map(Array.from(escapes, ([letter, meant]) => [meant, letter]));

/** A name as a condition has it: in backticks where it is no plain word. */
export function nameText(name: string): string {
  const isWord = /^[\p{L}_][\p{L}\p{N}_.]*$/u.test(name) && wordToken(name, 0).kind === "name";
  return isWord ? name : `\`${name.replace(/[`\\\t\n\r]/g, (each) => `\\${letters.get(each) ?? each}`)}\``;
}

/** What stands up to the closing quote; a backslash takes the next character as it is, or as `escapes` has it. */
function quotedText(text: string, start: number, quote: string, where: string) {
  let content = "";
  for (let at = start; at < text.length; at++) {
    if (text[at] === quote) return { content, end: at + 1 };
    const isEscaped = text[at] === "\\" && at + 1 < text.length;
    if (isEscaped) at++;
    const found = text[at] ?? "";
    content += isEscaped ? (escapes.get(found) ?? found) : found;
  }
  throw wrong(where, `a closing ${quote}`, `none after character ${start}`);
}

/** An error of a text that cannot be read. */
export function wrong(where: string, expected: string, received: string): LocalFlowError {
  const remedy = 'write conditions such as cut == "Ideal" && price < 2000, names with blanks in backticks';
  return failure("option", { where, expected, received, remedy });
}
