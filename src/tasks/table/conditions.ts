// conditions: what a condition means for a table: cells that are given exactly, and tests that the other cells must pass.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { listNames, nearestName, shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { amountsOf } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import { type Comparison, type Condition, type Literal, parseCondition } from "./condition-text.ts";
import type { TableEncoder } from "./encoder.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";

/** Whether a text, or a gap (undefined), passes. */
export type CellTest = (text: string | undefined) => boolean;

/** A condition made ready for the columns of one model. */
export interface BoundCondition {
  /** Columns whose cells are given, with their texts; undefined is a gap. */
  readonly given: ReadonlyMap<string, string | undefined>;
  /** Tests of single columns that are not given: all must pass. */
  readonly tests: ReadonlyMap<string, CellTest>;
  /** 1 for each row of a table in which the whole condition holds. */
  holds(table: CellTable): Uint8Array;
  /** Whether parts of the condition join several columns by `||` or `!`, beyond `given` and `tests`. */
  readonly mixed: boolean;
}

/**
 * Reads a condition for the columns of an encoder. Equalities that hold in every case become given cells. Throws `option` for
 * unknown columns, levels that do not exist, values that the column never takes and comparisons that have no meaning there.
 */
export function bindCondition(text: string, encoder: TableEncoder, where = "where"): BoundCondition {
  const columns = new Map(encoder.schema.columns.map((column) => [column.name, column]));
  const parts = conjuncts(parseCondition(text, where));
  const leafTests = new Map<Condition, CellTest>();
  for (const part of parts)
    for (const leaf of leavesOf(part)) leafTests.set(leaf, testOf(leaf, columns, encoder, where));
  const given = new Map<string, string | undefined>();
  const tests = new Map<string, CellTest>();
  let mixed = false;
  for (const part of parts) {
    const names = new Set(leavesOf(part).map(({ column }) => column));
    const [name = ""] = names;
    const cell = givenCell(part, columns, encoder, where);
    if (cell !== undefined) {
      if (given.has(name) && given.get(name) !== cell.text) throw neverHolds(where, name);
      given.set(name, cell.text);
    } else if (names.size > 1) mixed = true;
    else {
      const [before, test] = [tests.get(name), cellTest(part, leafTests)];
      tests.set(name, before === undefined ? test : (value) => before(value) && test(value));
    }
  }
  for (const [name, value] of given) {
    if (tests.get(name)?.(value) === false) throw neverHolds(where, name);
    tests.delete(name);
  }
  for (const [name, test] of tests) {
    if (encoder.dimensions.some(({ column }) => column === name)) continue;
    const column = columns.get(name);
    const filled = encoder.toJSON().codes[encoder.schema.columns.findIndex((each) => each.name === name)]?.filled ?? 0;
    if (!test(column?.kind === "constant" && filled > 0 ? column.text : undefined)) throw neverHolds(where, name);
    tests.delete(name);
  }
  const whole: Condition = { kind: "and", parts };
  return { given, tests, mixed, holds: (table) => holdsIn(table, whole, leafTests, where) };
}

type Leaf = Extract<Condition, { readonly column: string }>;

function conjuncts(condition: Condition): readonly Condition[] {
  return condition.kind === "and" ? condition.parts.flatMap(conjuncts) : [condition];
}

function leavesOf(condition: Condition): readonly Leaf[] {
  if (condition.kind === "not") return leavesOf(condition.part);
  if (condition.kind === "and" || condition.kind === "or") return condition.parts.flatMap(leavesOf);
  return [condition];
}

/** The test of a condition on one column. */
function cellTest(condition: Condition, leafTests: ReadonlyMap<Condition, CellTest>): CellTest {
  if (condition.kind === "not") {
    const inner = cellTest(condition.part, leafTests);
    return (text) => !inner(text);
  }
  if (condition.kind !== "and" && condition.kind !== "or") return leafTests.get(condition) ?? (() => false);
  const parts = condition.parts.map((part) => cellTest(part, leafTests));
  return condition.kind === "and"
    ? (text) => parts.every((part) => part(text))
    : (text) => parts.some((part) => part(text));
}

function holdsIn(
  table: CellTable,
  condition: Condition,
  leafTests: ReadonlyMap<Condition, CellTest>,
  where: string,
): Uint8Array {
  if (condition.kind === "not") return holdsIn(table, condition.part, leafTests, where).map((value) => 1 - value);
  if (condition.kind === "and" || condition.kind === "or") {
    const isAll = condition.kind === "and";
    const out = new Uint8Array(table.rows).fill(Number(isAll));
    for (const part of condition.parts) {
      const held = holdsIn(table, part, leafTests, where);
      for (let row = 0; row < out.length; row++) out[row] = isAll ? out[row]! & held[row]! : out[row]! | held[row]!;
    }
    return out;
  }
  const column = table.columns.find(({ name }) => name === condition.column);
  const test = leafTests.get(condition);
  if (column === undefined || test === undefined) throw unknownColumn(condition.column, table.columns, where);
  const known = new Map<number, number>();
  return Uint8Array.from(column.codes, (code, row) => {
    const found = known.get(code) ?? Number(test(cellText(column, row)));
    known.set(code, found);
    return found;
  });
}

/** The cell that an equality gives; a condition that is none gives none. */
function givenCell(
  condition: Condition,
  columns: ReadonlyMap<string, ColumnSchema>,
  encoder: TableEncoder,
  where: string,
): { readonly text: string | undefined } | undefined {
  if (condition.kind === "in" && condition.values.length === 1 && condition.values[0])
    return givenCell(
      { ...condition, kind: "compare", operator: "==", value: condition.values[0] },
      columns,
      encoder,
      where,
    );
  if (condition.kind !== "compare" || condition.operator !== "==") return undefined;
  const column = columns.get(condition.column);
  if (column === undefined || column.kind === "constant" || column.kind === "id") return undefined;
  if (condition.value.kind === "null") return { text: undefined };
  if (column.kind === "number" || column.kind === "date") {
    const { format } = amountsOf(column);
    return { text: format(amountOf(column, condition.value, where)) };
  }
  return { text: levelOf(column, condition.value, where) };
}

function testOf(
  leaf: Leaf,
  columns: ReadonlyMap<string, ColumnSchema>,
  encoder: TableEncoder,
  where: string,
): CellTest {
  const column = columns.get(leaf.column);
  if (column === undefined) throw unknownColumn(leaf.column, [...columns.values()], where);
  if (column.kind === "text" || column.kind === "id")
    throw failure("option", {
      where: placeOf(where, column),
      expected: "a column that the model draws",
      received: column.kind === "id" ? "an id" : "text, which is left out of the model",
      remedy: "leave the condition out",
    });
  const [operator, values] =
    leaf.kind === "in" ? (["==", leaf.values] as const) : ([leaf.operator, [leaf.value]] as const);
  const tests = values.map((value) => comparisonTest(column, operator, value, encoder, where));
  return (text) => tests.some((test) => test(isGap(column, text) ? undefined : text));
}

function isGap(column: ColumnSchema, text: string | undefined): boolean {
  return text === undefined || column.gaps.includes(text);
}

function comparisonTest(
  column: ColumnSchema,
  operator: Comparison,
  value: Literal,
  encoder: TableEncoder,
  where: string,
): CellTest {
  if (value.kind === "null") {
    if (operator !== "==" && operator !== "!=") throw noOrder(where, column, "null");
    if (operator === "==" && !hasGaps(column, encoder))
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
    const isExact = sign === "==";
    const bound = isExact ? amountOf(amount, literal, where) : literalValue(amount, literal, where);
    if (!isExact) checkReach(amount, sign, bound, where);
    if (isExact) checkObserved(amount, bound, encoder, where);
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

function compare(difference: number, operator: Comparison): boolean {
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

/** Whether the training rows had gaps in a column beside values. */
function hasGaps({ name }: ColumnSchema, { dimensions, schema, toJSON }: TableEncoder): boolean {
  const place = schema.columns.findIndex((column) => column.name === name);
  return (
    dimensions.some(({ column, part }) => column === name && part === "gap") || toJSON().codes[place]?.filled === 0
  );
}

/** The value of a literal in a column of numbers or dates. */
function literalValue(column: NumberColumn | DateColumn, literal: Literal, where: string): number {
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

function isoTime(text: string): number {
  return /^\d{4}-\d{2}-\d{2}/.test(text) ? Date.parse(text) : Number.NaN;
}

function exampleOf(column: DateColumn): string {
  const { format, allowed } = amountsOf(column);
  return JSON.stringify(format(allowed(column.minimum ?? 0)));
}

/** The value of an equality: one that the column's grid and bounds allow. */
function amountOf(column: NumberColumn | DateColumn, literal: Literal, where: string): number {
  const { allowed, format, parse } = amountsOf(column);
  const value = literalValue(column, literal, where);
  const nearest = parse(format(allowed(value)));
  const slack = 1e-9 * Math.max(1, Math.abs(value));
  if (Math.abs(nearest - value) <= slack) return nearest;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `a value of the column${column.step === undefined ? "" : `, on its grid of ${column.step}`}`,
    received: literal.text,
    remedy: `the nearest is ${format(nearest)}`,
  });
}

/** A column that writes observed values alone has no others. */
function checkObserved(column: NumberColumn | DateColumn, value: number, encoder: TableEncoder, where: string): void {
  const { parse, format } = amountsOf(column);
  const place = encoder.schema.columns.findIndex(({ name }) => name === column.name);
  const code = encoder.toJSON().codes[place];
  if (code?.value.kind !== "values" || (code.zeros !== undefined && value === 0)) return;
  const known = code.value.texts.map(parse);
  if (known.includes(value)) return;
  const distance = known.map((each) => Math.abs(each - value));
  const nearest = known[distance.indexOf(Math.min(...distance))] ?? 0;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `one of the ${known.length} values of the training rows`,
    received: format(value),
    remedy: `the nearest is ${format(nearest)}`,
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
function levelOf(column: ColumnSchema, literal: Literal, where: string): string {
  const texts = column.kind === "constant" ? [column.text] : levelTexts(column);
  if (column.kind === "boolean" && literal.kind === "truth") return literal.value ? column.true : column.false;
  if (texts.includes(literal.text)) return literal.text;
  throw failure("option", {
    where: placeOf(where, column),
    expected: `one of ${listNames(texts)}`,
    received: JSON.stringify(shorten(literal.text)),
    ...(texts.length > 1 && { remedy: `did you mean "${shorten(nearestName(literal.text, texts))}"?` }),
  });
}

function noOrder(where: string, column: ColumnSchema, value: string): LocalFlowError {
  return failure("option", {
    where: placeOf(where, column),
    expected: "== or !=, as its values have no order",
    received: `a comparison with ${JSON.stringify(shorten(value))}`,
    remedy: 'give the column an order in the schema ("kind": "ordinal")',
  });
}

function neverHolds(where: string, name: string): LocalFlowError {
  return failure("option", {
    where: `${where}, column "${shorten(name)}"`,
    expected: "a condition that a row can meet",
    received: "parts that exclude each other",
  });
}

function unknownColumn(name: string, columns: readonly { readonly name: string }[], where: string): LocalFlowError {
  const names = columns.map((column) => column.name);
  return failure("option", {
    where,
    expected: `columns among ${listNames(names)}`,
    received: `"${shorten(name)}"`,
    remedy: `did you mean "${nearestName(name, names)}"?`,
  });
}

function placeOf(where: string, { name }: ColumnSchema): string {
  return `${where}, column "${shorten(name)}"`;
}
