// condition-text: the little language of conditions on rows, such as `cut == "Ideal" && price < 2000`, as a tree. Nothing in a
// text is ever run.
import { shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** What a cell is compared with: `text` is how the value was written; null stands for a gap. */
export type Literal =
  | { readonly kind: "text"; readonly text: string }
  | { readonly kind: "number"; readonly text: string; readonly value: number }
  | { readonly kind: "truth"; readonly text: string; readonly value: boolean }
  | { readonly kind: "null"; readonly text: string };

/** A condition on the cells of a row. */
export type Condition =
  | { readonly kind: "compare"; readonly column: string; readonly operator: Comparison; readonly value: Literal }
  | { readonly kind: "in"; readonly column: string; readonly values: readonly Literal[] }
  | { readonly kind: "and"; readonly parts: readonly Condition[] }
  | { readonly kind: "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition };

interface Token {
  readonly kind: "name" | "literal" | "sign" | "end";
  readonly text: string;
  readonly literal?: Literal;
  readonly at: number;
}

const longestText = 10_000;
const deepest = 100;
const comparisons: Readonly<Record<string, Comparison>> = {
  "==": "==",
  "=": "==",
  "!=": "!=",
  "<>": "!=",
  "<": "<",
  "<=": "<=",
  ">": ">",
  ">=": ">=",
};

/**
 * Reads a condition: comparisons `column op value` with == != < <= > >=, `column in (a, b)`, joined by && || ! and parentheses
 * (or: and, or, not). Names that are no plain words stand in backticks, texts in quotes; null is a gap. Throws `option`.
 */
export function parseCondition(text: string, where: string): Condition {
  if (text.length > longestText) throw wrong(where, `at most ${longestText} characters`, String(text.length));
  const tokens = tokensOf(text, where);
  let next = 0;
  const peek = (): Token => tokens[next] ?? { kind: "end", text: "", at: text.length };
  const take = (): Token => {
    const token = peek();
    next++;
    return token;
  };
  const isSign = (...signs: readonly string[]) => peek().kind === "sign" && signs.includes(peek().text);
  const refuse = (expected: string): LocalFlowError => {
    const { kind, text: found, at } = peek();
    const received = kind === "end" ? "the end" : `${JSON.stringify(shorten(found))} at character ${at + 1}`;
    return wrong(where, expected, received);
  };
  const expectSign = (sign: string): void => {
    if (!isSign(sign)) throw refuse(`"${sign}"`);
    next++;
  };

  const joined = (kind: "and" | "or", part: (depth: number) => Condition, depth: number): Condition => {
    const parts = [part(depth)];
    while (isSign(kind === "and" ? "&&" : "||")) {
      next++;
      parts.push(part(depth));
    }
    return parts.length === 1 && parts[0] ? parts[0] : { kind, parts };
  };
  const any = (depth: number): Condition => joined("or", all, depth);
  const all = (depth: number): Condition => joined("and", one, depth);

  function one(depth: number): Condition {
    if (depth > deepest) throw wrong(where, `at most ${deepest} levels of parentheses`, "more");
    if (isSign("!")) {
      next++;
      return { kind: "not", part: one(depth + 1) };
    }
    if (!isSign("(")) return comparison();
    next++;
    const inner = any(depth + 1);
    expectSign(")");
    return inner;
  }

  function comparison(): Condition {
    if (peek().kind !== "name") throw refuse("the name of a column");
    const column = take().text;
    if (isSign("in")) {
      next++;
      return { kind: "in", column, values: list() };
    }
    const operator = peek().kind === "sign" ? comparisons[peek().text] : undefined;
    if (operator === undefined) throw refuse("== != < <= > >= or in");
    next++;
    return { kind: "compare", column, operator, value: literal() };
  }

  function list(): readonly Literal[] {
    expectSign("(");
    const values = [literal()];
    while (isSign(",")) {
      next++;
      values.push(literal());
    }
    expectSign(")");
    return values;
  }

  function literal(): Literal {
    const found = peek();
    if (found.literal === undefined)
      throw refuse(found.kind === "name" ? 'a value, a text in quotes such as "Ideal"' : "a value");
    next++;
    return found.literal;
  }

  const condition = any(0);
  if (peek().kind !== "end") throw refuse("&&, || or the end");
  return condition;
}

const words: Readonly<Record<string, string>> = { and: "&&", or: "||", not: "!", in: "in" };
const pattern =
  /\s*(?:(?<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?(?![\p{L}\p{N}_.]))|(?<word>[\p{L}_][\p{L}\p{N}_.]*)|(?<quote>[`"'])|(?<sign>==|!=|<>|<=|>=|&&|\|\||[=<>!(),]))/uy;

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
    const { number, word, quote, sign } = groups;
    if (quote !== undefined) {
      const closed = quotedText(body, pattern.lastIndex, quote, where);
      pattern.lastIndex = closed.end;
      const { content } = closed;
      if (quote === "`") tokens.push({ kind: "name", text: content, at: start });
      else tokens.push({ kind: "literal", text: content, literal: { kind: "text", text: content }, at: start });
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

/** What stands up to the closing quote; a backslash takes the next character as it is. */
function quotedText(text: string, start: number, quote: string, where: string) {
  let content = "";
  for (let at = start; at < text.length; at++) {
    if (text[at] === quote) return { content, end: at + 1 };
    if (text[at] === "\\" && at + 1 < text.length) at++;
    content += text[at];
  }
  throw wrong(where, `a closing ${quote}`, `none after character ${start}`);
}

function wrong(where: string, expected: string, received: string): LocalFlowError {
  const remedy = 'write conditions such as cut == "Ideal" && price < 2000, names with blanks in backticks';
  return failure("option", { where, expected, received, remedy });
}
