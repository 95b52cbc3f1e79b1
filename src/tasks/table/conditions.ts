// conditions: what a condition means for a table: cells that are given exactly, and tests that the other cells must pass.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import {
  amountOf,
  type CellComparison,
  type CellTest,
  type ConditionPlace,
  cellTest,
  isGap,
  levelOf,
  literalValue,
  neverHolds,
} from "./comparisons.ts";
import { canPass, type ReachTest } from "./condition-reach.ts";
import { type Condition, type LinearComparison, parseCondition } from "./condition-text.ts";
import type { TableEncoder } from "./encoder.ts";
import { cellsOf, linearOutcomes, outcomes, type RowOutcomes } from "./linear.ts";
import { gapFactsOf, mayBeGap, mayLackParts } from "./possible-gaps.ts";

/** A condition made ready for the columns of one model. */
export interface BoundCondition {
  /** Columns whose cells are given, with their texts; undefined is a gap. */
  readonly given: ReadonlyMap<string, string | undefined>;
  /** `given` and, beside it, the cells that equalities say of columns that the model computes. */
  readonly equal: ReadonlyMap<string, string | undefined>;
  /** Tests of single columns that are not given: all must pass. */
  readonly tests: ReadonlyMap<string, CellTest>;
  /** 1 for each row of a table in which the whole condition holds. */
  holds(table: CellTable): Uint8Array;
  /** Whether parts of the condition join several columns, or columns that the model computes, beyond `given` and `tests`. */
  readonly mixed: boolean;
  /** Those parts, each with the columns it is about. */
  readonly joint: readonly JointPart[];
  /** The condition itself, in parts that all have to hold. */
  readonly parts: readonly Condition[];
}

/** A part of a condition that is no test of one column. */
export interface JointPart {
  readonly columns: readonly string[];
  /** As `BoundCondition.holds`, for this part alone. */
  holds(table: CellTable): Uint8Array;
}

/**
 * Reads a condition for the columns of an encoder. Equalities that hold in every case become given cells. Throws `option` for
 * unknown columns, levels that do not exist, values that the column never takes and comparisons that have no meaning there.
 */
export function bindCondition(text: string, encoder: TableEncoder, where = "where"): BoundCondition {
  const place: ConditionPlace = { columns: columnsByName(encoder.schema.columns), encoder, where };
  const gaps = gapFactsOf(encoder);
  const computed = new Set(gaps.sums.map(({ column }) => column));
  const isDrawn = (name: string, { text: own }: GivenCell) =>
    !computed.has(name) || (own === undefined && !mayLackParts(name, gaps));
  const parts = conjuncts(parseCondition(text, where));
  const optional = { ...place, isOptional: true };
  const leaves = leafTests({ kind: "and", parts }, (leaf) => (parts.includes(leaf) ? place : optional));
  const given = new Map<string, string | undefined>();
  const equal = new Map<string, string | undefined>();
  const joint: JointPart[] = [];
  const isTrue = (outcome: number) => Number(outcome === outcomes.holds);
  const heldBy = (part: Condition) => (table: CellTable) => outcomesIn(table, part, leaves, false).map(isTrue);
  const tests = new Map<string, CellTest>();
  const reaches = new Map<string, ReachTest>();
  for (const part of parts) {
    const names = new Set(columnsOf(part));
    const [name = ""] = names;
    if (names.size === 1 && !linearIn(part))
      reaches.set(name, both(reaches.get(name), { test: joinedTest(part, leaves), bounds: boundsIn(part, place) }));
    const cell = givenCell(part, place);
    if (cell !== undefined) {
      if (equal.has(name) && equal.get(name) !== cell.text) throw neverHolds(where, name);
      equal.set(name, cell.text);
    }
    if (cell !== undefined && isDrawn(name, cell)) given.set(name, cell.text);
    else if (names.size > 1 || computed.has(name) || linearIn(part))
      joint.push({ columns: [...names], holds: heldBy(part) });
    else tests.set(name, reaches.get(name)?.test ?? (() => true));
  }
  for (const [name, value] of given) {
    if (tests.get(name)?.(value) === false) throw neverHolds(where, name);
    tests.delete(name);
  }
  for (const name of given.keys()) reaches.delete(name);
  checkReaches(reaches, { parts, leaves, encoder, place });
  for (const [name, test] of tests) {
    if (encoder.dimensions.some(({ column }) => column === name)) continue;
    const column = place.columns.get(name);
    const filled = encoder.toJSON().codes[encoder.schema.columns.findIndex((each) => each.name === name)]?.filled ?? 0;
    if (!test(column?.kind === "constant" && filled > 0 ? column.text : undefined)) throw neverHolds(where, name);
    tests.delete(name);
  }
  return { given, equal, tests, mixed: joint.length > 0, joint, parts, holds: heldBy({ kind: "and", parts }) };
}

interface ReadParts {
  readonly parts: readonly Condition[];
  readonly leaves: ReadonlyMap<Condition, LeafTest>;
  readonly encoder: TableEncoder;
  readonly place: ConditionPlace;
}

/** Throws where no value of a column passes its tests; where a comparison is out of reach by itself, the error says which. */
function checkReaches(reaches: ReadonlyMap<string, ReachTest>, { parts, leaves, encoder, place }: ReadParts): void {
  const { codes } = encoder.toJSON();
  const gaps = gapFactsOf(encoder);
  for (const [name, reach] of reaches) {
    const column = place.columns.get(name);
    if (column === undefined) continue;
    const code = codes[encoder.schema.columns.indexOf(column)];
    const passes = (asked: ReachTest) =>
      (mayBeGap(name, gaps) && asked.test(undefined)) || canPass(column, code, asked);
    if (passes(reach)) continue;
    const hopeless = parts.find((part) => {
      const isOwn = !linearIn(part) && columnsOf(part).every((each) => each === name);
      return isOwn && !passes({ test: joinedTest(part, leaves), bounds: boundsIn(part, place) });
    });
    if (hopeless) leafTests(hopeless, () => place);
    throw neverHolds(place.where, name, hopeless && "one that no value of it meets");
  }
}

/** Passed by what passes both. */
export function both(first: ReachTest | undefined, second: ReachTest): ReachTest {
  if (first === undefined) return second;
  return { test: (text) => first.test(text) && second.test(text), bounds: [...first.bounds, ...second.bounds] };
}

/** The numbers and dates that a condition on one column compares with. */
export function boundsIn(condition: Condition, { columns, where }: ConditionPlace): readonly number[] {
  return leavesOf(condition).flatMap((leaf) => {
    const column = leaf.kind === "linear" ? undefined : columns.get(leaf.column);
    if (leaf.kind === "linear" || (column?.kind !== "number" && column?.kind !== "date")) return [];
    const values = leaf.kind === "in" ? leaf.values : [leaf.value];
    return values.flatMap((value) => (value.kind === "null" ? [] : [literalValue(column, value, where)]));
  });
}

export function columnsByName<T extends { readonly name: string }>(columns: readonly T[]): ReadonlyMap<string, T> {
  return new Map(columns.map((column) => [column.name, column]));
}

/** The parts that all have to hold: what is not to be this or that is to be neither. */
export function conjuncts(condition: Condition): readonly Condition[] {
  if (condition.kind === "and") return condition.parts.flatMap(conjuncts);
  if (condition.kind !== "not") return [condition];
  const { part } = condition;
  if (part.kind === "not") return conjuncts(part.part);
  return part.kind === "or" ? part.parts.flatMap((each) => conjuncts({ kind: "not", part: each })) : [condition];
}

/** Names of the columns that a condition is about. */
export function columnsOf(condition: Condition): readonly string[] {
  return leavesOf(condition).flatMap((leaf) =>
    leaf.kind === "linear" ? leaf.terms.map(({ column }) => column) : [leaf.column],
  );
}

/**
 * The outcome of a condition in each row: a comparison with a gap, other than with null, is open, and so is what hangs on it.
 * Throws `option` for what has no meaning in the columns.
 */
export function conditionOutcomes(condition: Condition, place: ConditionPlace): RowOutcomes {
  const leaves = leafTests(condition, () => place);
  return (table) => outcomesIn(table, condition, leaves, true);
}

/**
 * The outcome of a condition in each row once its gaps are filled, as far as that can be told before: open where it depends on them,
 * comparisons with null too. `linear` says it of comparisons of several columns.
 */
export function outcomesBeforeDraws(
  condition: Condition,
  place: ConditionPlace,
  linear: (leaf: LinearComparison, place: ConditionPlace) => RowOutcomes = linearOutcomes,
): RowOutcomes {
  const leaves = new Map(
    [...leafTests(condition, () => place)].map(([leaf, found]): [Condition, LeafTest] => {
      if (leaf.kind === "linear") return [leaf, { kind: "row", outcomes: linear(leaf, place) }];
      const column = "column" in leaf ? place.columns.get(leaf.column) : undefined;
      return [
        leaf,
        found.kind === "row" ? found : { ...found, isOpen: (text) => column === undefined || isGap(column, text) },
      ];
    }),
  );
  return (table) => outcomesIn(table, condition, leaves, true);
}

type Leaf = CellComparison | LinearComparison;
type LeafTest =
  | { readonly kind: "cell"; readonly test: CellTest; readonly isOpen: CellTest }
  | { readonly kind: "row"; readonly outcomes: RowOutcomes };

function leavesOf(condition: Condition): readonly Leaf[] {
  if (condition.kind === "not") return leavesOf(condition.part);
  if (condition.kind === "and" || condition.kind === "or") return condition.parts.flatMap(leavesOf);
  return [condition];
}

function linearIn(condition: Condition): boolean {
  return leavesOf(condition).some(({ kind }) => kind === "linear");
}

function leafTests(
  condition: Condition,
  placeOf: (leaf: Condition) => ConditionPlace,
): ReadonlyMap<Condition, LeafTest> {
  return new Map(
    leavesOf(condition).map((leaf): [Condition, LeafTest] => {
      const place = placeOf(leaf);
      if (leaf.kind === "linear") return [leaf, { kind: "row", outcomes: linearOutcomes(leaf, place) }];
      const column = place.columns.get(leaf.column);
      const values = leaf.kind === "in" ? leaf.values : [leaf.value];
      const minds = !values.some(({ kind }) => kind === "null") && column !== undefined;
      return [leaf, { kind: "cell", test: cellTest(leaf, place), isOpen: (text) => minds && isGap(column, text) }];
    }),
  );
}

/** The test of a condition on one column. */
function joinedTest(condition: Condition, leaves: ReadonlyMap<Condition, LeafTest>): CellTest {
  if (condition.kind === "not") {
    const inner = joinedTest(condition.part, leaves);
    return (text) => !inner(text);
  }
  if (condition.kind !== "and" && condition.kind !== "or") {
    const leaf = leaves.get(condition);
    return leaf?.kind === "cell" ? leaf.test : () => false;
  }
  const parts = condition.parts.map((part) => joinedTest(part, leaves));
  return condition.kind === "and"
    ? (text) => parts.every((part) => part(text))
    : (text) => parts.some((part) => part(text));
}

const { fails, holds, open } = outcomes;

/** `hasOpen`: gaps leave a comparison open; else it fails with them. */
function outcomesIn(
  table: CellTable,
  condition: Condition,
  leaves: ReadonlyMap<Condition, LeafTest>,
  hasOpen: boolean,
): Uint8Array {
  if (condition.kind === "not")
    return outcomesIn(table, condition.part, leaves, hasOpen).map((value) => (value === open ? open : 1 - value));
  if (condition.kind === "and" || condition.kind === "or") {
    const [neutral, decisive] = condition.kind === "and" ? [holds, fails] : [fails, holds];
    const out = new Uint8Array(table.rows).fill(neutral);
    for (const part of condition.parts)
      outcomesIn(table, part, leaves, hasOpen).forEach((value, row) => {
        if (out[row] !== decisive && value !== neutral) out[row] = value;
      });
    return out;
  }
  const leaf = leaves.get(condition);
  if (leaf?.kind === "row") {
    const found = leaf.outcomes(table);
    return hasOpen ? found : found.map((value) => (value === open ? fails : value));
  }
  const column = cellsOf(table, condition.kind === "linear" ? "" : condition.column);
  const known = new Map<number, number>();
  return Uint8Array.from(column.codes, (code, row) => {
    const text = cellText(column, row);
    const found = known.get(code) ?? (hasOpen && leaf?.isOpen(text) ? open : Number(leaf?.test(text) ?? false));
    known.set(code, found);
    return found;
  });
}

interface GivenCell {
  readonly text: string | undefined;
}

/** The cell that an equality gives; a condition that is none gives none. */
function givenCell(condition: Condition, place: ConditionPlace): GivenCell | undefined {
  if (condition.kind === "in" && condition.values.length === 1 && condition.values[0])
    return givenCell({ ...condition, kind: "compare", operator: "==", value: condition.values[0] }, place);
  if (condition.kind !== "compare" || condition.operator !== "==") return undefined;
  const column = place.columns.get(condition.column);
  if (column === undefined || column.kind === "constant" || column.kind === "id") return undefined;
  if (condition.value.kind === "null") return { text: undefined };
  if (column.kind === "number" || column.kind === "date") {
    const { format } = amountsOf(column);
    return { text: format(amountOf(column, condition.value, place.where)) };
  }
  return { text: levelOf(column, condition.value, place.where) };
}
