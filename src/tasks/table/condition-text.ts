// condition-text: the little language of conditions and constraints on rows, such as `cut == "Ideal" && low <= high`, as a tree.
import { isGapText } from "../../data/cell-table.ts";
import { compare } from "./comparisons.ts";
import { gapIsNull, type Literal, type Token, tokenReader, wrong } from "./condition-tokens.ts";

export type Comparison = "==" | "!=" | "<" | "<=" | ">" | ">=";

/** A column in a sum, so many times. */
export interface Term {
  readonly column: string;
  readonly factor: number;
}

/** `sum of terms + constant <operator> 0`: a comparison of several columns. */
export interface LinearComparison {
  readonly kind: "linear";
  readonly operator: Comparison;
  /** Different columns in the order in which they were written, none of them zero times. */
  readonly terms: readonly Term[];
  readonly constant: number;
  /** The column that stands alone on its side, the left one first. */
  readonly alone?: string;
}

/** A condition on the cells of a row. */
export type Condition =
  | { readonly kind: "compare"; readonly column: string; readonly operator: Comparison; readonly value: Literal }
  | { readonly kind: "in"; readonly column: string; readonly values: readonly Literal[] }
  | LinearComparison
  | { readonly kind: "and"; readonly parts: readonly Condition[] }
  | { readonly kind: "or"; readonly parts: readonly Condition[] }
  | { readonly kind: "not"; readonly part: Condition };

/** What all rows of a table have to meet: a condition each, only combinations of cells that were seen, or no combination twice. */
export type Constraint =
  | { readonly kind: "condition"; readonly condition: Condition }
  | { readonly kind: "combinations" | "unique"; readonly columns: readonly string[] };

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
 * Reads a condition: comparisons `column op value` with == != < <= > >=, `column in (a, b)`, comparisons of sums of columns such
 * as `total == a + b`, joined by && || ! and parentheses (or: and, or, not). Names that are no plain words stand in backticks,
 * texts in quotes; null is a gap. Throws `option`.
 */
export function parseCondition(text: string, where: string): Condition {
  return wholeCondition(tokenReader(text, where), where);
}

/** Reads a constraint: a condition, `combinations(a, b, …)` or `unique(a, …)`. Throws `option`. */
export function parseConstraint(text: string, where: string): Constraint {
  const reader = tokenReader(text, where);
  const [word, bracket] = [reader.peek(), reader.peek(1)];
  const kind = word.text === "combinations" || word.text === "unique" ? word.text : undefined;
  if (kind === undefined || word.kind !== "name" || bracket.kind !== "sign" || bracket.text !== "(")
    return { kind: "condition", condition: wholeCondition(reader, where) };
  reader.take();
  const columns = listOf(reader, () => nameOf(reader));
  if (reader.peek().kind !== "end") throw reader.refuse("the end");
  if (new Set(columns).size < columns.length) throw wrong(where, "different columns", columns.join(", "));
  if (kind === "combinations" && columns.length < 2) throw wrong(where, "at least two columns", columns.join(", "));
  return { kind, columns };
}

type Reader = ReturnType<typeof tokenReader>;

function wholeCondition(reader: Reader, where: string): Condition {
  const joined = (kind: "and" | "or", part: (depth: number) => Condition, depth: number): Condition => {
    const parts = [part(depth)];
    while (reader.skipSign(kind === "and" ? "&&" : "||")) parts.push(part(depth));
    return parts.length === 1 && parts[0] ? parts[0] : { kind, parts };
  };
  const any = (depth: number): Condition => joined("or", all, depth);
  const all = (depth: number): Condition => joined("and", one, depth);

  function one(depth: number): Condition {
    if (depth > deepest) throw wrong(where, `at most ${deepest} levels of parentheses`, "more");
    if (reader.skipSign("!")) return { kind: "not", part: one(depth + 1) };
    if (!reader.skipSign("(")) return comparison(reader, where);
    const inner = any(depth + 1);
    reader.expectSign(")");
    return inner;
  }

  const condition = any(0);
  if (reader.peek().kind !== "end") throw reader.refuse("&&, || or the end");
  return condition;
}

/** One side of a comparison: columns and numbers, added and taken away. */
interface Side {
  readonly terms: readonly Term[];
  readonly constant: number;
  /** As it is written, without spaces. */
  readonly text: string;
  /** Whether it names no column. */
  readonly isNumber: boolean;
}

function comparison(reader: Reader, where: string): Condition {
  const left = sum(reader);
  const [only] = left.terms;
  const isColumn = left.terms.length === 1 && left.constant === 0 && only?.factor === 1;
  if (isColumn && reader.skipSign("in"))
    return { kind: "in", column: only.column, values: listOf(reader, () => literalOf(reader)) };
  const operator = reader.peek().kind === "sign" ? comparisons[reader.peek().text] : undefined;
  if (isColumn && /^is(null|na)?$/i.test(reader.peek().text)) throw reader.refuse(gapIsNull);
  if (operator === undefined) throw reader.refuse(`== != < <= > >=${isColumn ? " or in" : ""}`);
  reader.take();
  if (isColumn && reader.peek().literal !== undefined && !continuesSum(reader.peek(1)))
    return { kind: "compare", column: only.column, operator, value: literalOf(reader) };
  const right = sum(reader, 'a column, a number, or a text in quotes such as "Ideal"');
  // A date without quotes, such as 2024-6-1, reads as numbers taken away: with its text a column of dates can tell.
  if (isColumn && right.isNumber) {
    const value = { kind: "number", text: right.text, value: right.constant } as const;
    return { kind: "compare", column: only.column, operator, value };
  }
  const alone = [left, right].find(({ terms, constant }) => terms.length === 1 && constant === 0);
  const terms = withoutZeros([
    ...left.terms,
    ...right.terms.map(({ column, factor }) => ({ column, factor: -factor })),
  ]);
  const constant = left.constant - right.constant;
  if (terms.length === 0) {
    const truth = compare(constant, operator) ? "holds wherever they have values" : "never holds";
    throw wrong(where, "a comparison that depends on a column", `columns that cancel out, which ${truth}`);
  }
  const [aloneTerm] = alone?.terms ?? [];
  return {
    kind: "linear",
    operator,
    terms,
    constant,
    ...(aloneTerm && terms.some(({ column }) => column === aloneTerm.column) && { alone: aloneTerm.column }),
  };
}

function continuesSum({ kind, text, literal }: Token): boolean {
  return (kind === "sign" && (text === "+" || text === "-")) || (literal?.kind === "number" && /^[+-]/.test(text));
}

function sum(reader: Reader, expected = "the name of a column"): Side {
  const terms: Term[] = [];
  let constant = 0;
  let factor = reader.skipSign("-") ? -1 : 1;
  let written = factor === 1 ? "" : "-";
  for (;;) {
    const { kind, text, literal } = reader.peek();
    if (kind === "name") terms.push({ column: text, factor });
    else if (literal?.kind === "number" && (terms.length > 0 || expected !== "the name of a column"))
      constant += factor * literal.value;
    else throw reader.refuse(expected);
    reader.take();
    written += text;
    if (!continuesSum(reader.peek()))
      return { terms: withoutZeros(terms), constant, text: written, isNumber: terms.length === 0 };
    factor = reader.skipSign("-") ? -1 : 1;
    if (factor === -1) written += "-";
    else if (reader.skipSign("+")) written += "+";
  }
}

/** Every column once, with all its factors, and none whose factors cancel out. */
function withoutZeros(terms: readonly Term[]): readonly Term[] {
  const factors = new Map<string, number>();
  for (const { column, factor } of terms) factors.set(column, (factors.get(column) ?? 0) + factor);
  return [...factors].filter(([, factor]) => factor !== 0).map(([column, factor]) => ({ column, factor }));
}

function listOf<T>(reader: Reader, item: () => T): readonly T[] {
  reader.expectSign("(");
  const values = [item()];
  while (reader.skipSign(",")) values.push(item());
  reader.expectSign(")");
  return values;
}

function nameOf(reader: Reader): string {
  if (reader.peek().kind !== "name") throw reader.refuse("the name of a column");
  return reader.take().text;
}

function literalOf(reader: Reader): Literal {
  const { literal, kind } = reader.peek();
  if (literal === undefined)
    throw reader.refuse(kind === "name" ? 'a value, a text in quotes such as "Ideal"' : "a value");
  if (literal.kind === "text" && isGapText(literal.text)) throw reader.refuse(gapIsNull);
  reader.take();
  return literal;
}
