// comparisons: what one comparison of a condition means for the cells of a column, and why some have no meaning there.
import { didYouMean, listNames, shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { amountsOf, nearestAdvice, spokenStep } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import type { Comparison, Condition } from "./condition-text.ts";
import type { Literal } from "./condition-tokens.ts";
import type { TableEncoder } from "./encoder.ts";
import { gapFactsOf, mayBeGap } from "./possible-gaps.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";

/** Whether a text, or a gap (undefined), passes. */
export type CellTest = (text: string | undefined) => boolean;

/** The columns that a condition may name, and the name of the condition in errors. */
export interface ConditionPlace {
  readonly columns: ReadonlyMap<string, ColumnSchema>;
  readonly where: string;
  /** Where it is known, what the model never draws is refused. */
  readonly encoder?: TableEncoder;
  /** Of comparisons that need not hold, as others may in their place: what lies out of a column's reach is false there, not refused. */
  readonly isOptional?: boolean;
}

/** A comparison of one column with values. */
export type CellComparison = Extract<Condition, { readonly column: string }>;

/** The test of a comparison. Throws `option` for one that has no meaning for its column. */
export function cellTest(leaf: CellComparison, place: ConditionPlace): CellTest {
  const column = drawnColumn(leaf.column, place);
  const [operator, values] =
    leaf.kind === "in" ? (["==", leaf.values] as const) : ([leaf.operator, [leaf.value]] as const);
  const tests = values.map((value) => comparisonTest(column, operator, value, place));
  return (text) => tests.some((test) => test(isGap(column, text) ? undefined : text));
}

/** Whether a cell is a gap: no text, or one that the schema takes for none. */
export function isGap(column: ColumnSchema, text: string | undefined): boolean {
  return text === undefined || column.gaps.includes(text);
}

function comparisonTest(column: ColumnSchema, operator: Comparison, value: Literal, place: ConditionPlace): CellTest {
  const { encoder, where, isOptional = false } = place;
  if (value.kind === "null") {
    if (operator !== "==" && operator !== "!=")
      throw failure("option", {
        where: placeOf(where, column),
        expected: "== null or != null, as a gap is neither more nor less than a value",
        received: `${operator} null`,
      });
    if (operator === "==" && encoder !== undefined && !isOptional && !mayBeGap(column.name, gapFactsOf(encoder)))
      throw failure("option", {
        where: placeOf(where, column),
        expected: "a column with gaps",
        received: "one without any in the training rows",
      });
    return (text) => (text === undefined) === (operator === "==");
  }
  const found = column.kind === "number" || column.kind === "date" ? amounts(column, operator, value) : levels(column);
  return (text) => text !== undefined && found(text);

  function amounts(amount: NumberColumn | DateColumn, sign: Comparison, literal: Literal): CellTest {
    const { parse } = amountsOf(amount);
    const bound = comparedAmount(amount, sign, literal, place);
    if (encoder !== undefined && sign === "==" && !(isOptional && isBeyond(amount, bound)))
      checkObserved(amount, bound, encoder, where);
    if (encoder !== undefined && sign !== "==" && !isOptional) checkReach(amount, sign, bound, where);
    return (text) => compare(parse(text ?? "") - bound, sign);
  }

  function levels(named: ColumnSchema): CellTest {
    const wanted = levelOf(named, value, where);
    if (operator === "==" || operator === "!=") return (text) => (text === wanted) === (operator === "==");
    if (named.kind !== "ordinal") throw noOrder(where, named, value.text);
    const order = new Map(levelTexts(named).map((text, place) => [text, place]));
    return (text) => compare((order.get(text ?? "") ?? Number.NaN) - (order.get(wanted) ?? Number.NaN), operator);
  }
}

/** Whether a difference is on the side that the operator says. */
export function compare(difference: number, operator: Comparison): boolean {
  switch (operator) {
    case "==":
      return difference === 0;
    case "!=":
      return difference !== 0;
    case "<":
      return difference < 0;
    case "<=":
      return difference <= 0;
    case ">":
      return difference > 0;
    default:
      return difference >= 0;
  }
}

/** The value of a literal that a column is compared with: of an equality, where the model is known, one that the column may have. */
export function comparedAmount(
  column: NumberColumn | DateColumn,
  operator: Comparison,
  literal: Literal,
  { encoder, where, isOptional = false }: ConditionPlace,
): number {
  const value = literalValue(column, literal, where);
  const isExact = operator === "==" && encoder !== undefined && !(isOptional && isBeyond(column, value));
  return isExact ? amountOf(column, literal, where) : value;
}

function isBeyond({ minimum, maximum }: NumberColumn | DateColumn, value: number): boolean {
  return (minimum !== undefined && value < minimum) || (maximum !== undefined && value > maximum);
}

/** The value of a literal in a column of numbers or dates. */
export function literalValue(column: NumberColumn | DateColumn, literal: Literal, where: string): number {
  const amounts = amountsOf(column);
  const parsed = amounts.parse(literal.text);
  const value =
    column.kind === "number"
      ? literal.kind === "number"
        ? literal.value
        : parsed
      : Number.isNaN(parsed)
        ? isoTime(literal.text)
        : parsed;
  if (Number.isFinite(value)) return value;
  throw failure("option", {
    where: placeOf(where, column),
    expected: column.kind === "date" ? `a date such as ${exampleOf(column)}` : "a number",
    received: JSON.stringify(shorten(literal.text)),
  });
}

const isoForm = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(?::(\d{2}(?:\.\d{1,3})?))?(Z|[+-]\d{2}:\d{2})?)?$/;

/** Milliseconds since 1970 of a date as in ISO 8601, in UTC unless it says otherwise; NaN for others and for days that do not exist. */
function isoTime(text: string): number {
  const [, day, minutes = "00:00", seconds = "00", zone = "Z"] = isoForm.exec(text) ?? [];
  if (day === undefined) return Number.NaN;
  const start = Date.parse(`${day}T00:00:00Z`);
  const exists = Number.isFinite(start) && new Date(start).toISOString().startsWith(day);
  return exists ? Date.parse(`${day}T${minutes}:${seconds}${zone}`) : Number.NaN;
}

function exampleOf(column: DateColumn): string {
  const { format, allowed } = amountsOf(column);
  return JSON.stringify(format(allowed(column.minimum ?? 0)));
}

/** The value of an equality: one that the column's grid and bounds allow. */
export function amountOf(column: NumberColumn | DateColumn, literal: Literal, where: string): number {
  const { allowed, format, parse } = amountsOf(column);
  const value = literalValue(column, literal, where);
  const nearest = parse(format(allowed(value)));
  const slack = 1e-9 * Math.max(1, Math.abs(value));
  if (Math.abs(nearest - value) <= slack) return nearest;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `a value of the column${column.step === undefined ? "" : `, on its grid of ${spokenStep(column.step, column.kind)}`}`,
    received: literal.text,
    remedy: `the nearest is ${format(nearest)}`,
  });
}

/** A column that writes observed values alone has no others. */
function checkObserved(column: NumberColumn | DateColumn, value: number, encoder: TableEncoder, where: string): void {
  const { parse, format } = amountsOf(column);
  const place = encoder.schema.columns.findIndex(({ name }) => name === column.name);
  const code = encoder.toJSON().codes[place];
  if (code?.value.kind !== "values") return;
  const known = code.value.texts.map(parse);
  if (known.includes(value)) return;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `one of the ${known.length} values of the training rows`,
    received: format(value),
    remedy: nearestAdvice(known, value, format),
  });
}

/** A range that no value inside the column's bounds reaches is refused. */
function checkReach(column: NumberColumn | DateColumn, operator: Comparison, bound: number, where: string): void {
  const { minimum, maximum } = column;
  const { format } = amountsOf(column);
  const tooLow = minimum !== undefined && (operator === "<" ? bound <= minimum : operator === "<=" && bound < minimum);
  const tooHigh = maximum !== undefined && (operator === ">" ? bound >= maximum : operator === ">=" && bound > maximum);
  if (!tooLow && !tooHigh) return;
  throw failure("option", {
    where: placeOf(where, column),
    expected: tooLow ? `values down to ${format(minimum)}` : `values up to ${format(maximum ?? 0)}`,
    received: `${operator} ${format(bound)}`,
  });
}

/** The text of a level, or the error that says which levels there are. */
export function levelOf(column: ColumnSchema, literal: Literal, where: string): string {
  const texts = column.kind === "constant" ? [column.text] : levelTexts(column);
  if (column.kind === "boolean" && literal.kind === "truth") return literal.value ? column.true : column.false;
  if (texts.includes(literal.text)) return literal.text;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `one of ${listNames(texts)}`,
    received: JSON.stringify(shorten(literal.text)),
    ...(texts.length > 1 && didYouMean(literal.text, texts)),
  });
}

export function noOrder(where: string, column: ColumnSchema, value: string): LocalFlowError {
  return failure("option", {
    where: placeOf(where, column),
    expected: "== or !=, as its values have no order",
    received: `a comparison with ${JSON.stringify(shorten(value))}`,
    remedy: 'give the column an order in the schema ("kind": "ordinal")',
  });
}

/** The error of a condition that no row meets. */
export function neverHolds(where: string, name: string, received = "parts that exclude each other"): LocalFlowError {
  return failure("option", {
    where: `${where}, column "${shorten(name)}"`,
    expected: "a condition that a row can meet",
    received,
  });
}

/** The column of a name, one that a model draws. Throws `option` for others. */
export function drawnColumn(name: string, { columns, where }: ConditionPlace): ColumnSchema {
  const names = [...columns.keys()];
  const column = columns.get(name);
  if (column === undefined) {
    const { remedy } = didYouMean(name, names);
    throw failure("option", {
      where,
      expected: `columns among ${listNames(names)}`,
      received: `"${shorten(name)}"`,
      remedy: remedy === undefined ? "a text stands in quotes" : `${remedy} A text stands in quotes`,
    });
  }
  if (column.kind !== "text" && column.kind !== "id") return column;
  throw failure("option", {
    where: placeOf(where, column),
    expected: "a column that the model draws",
    received: column.kind === "id" ? "an id" : "text, which the flow does not know",
    remedy: "leave the condition out",
  });
}

export function placeOf(where: string, { name }: ColumnSchema): string {
  return `${where}, column "${shorten(name)}"`;
}
