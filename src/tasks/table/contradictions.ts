// contradictions: conditions that no row can meet beside the constraints, found before anything is drawn.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { type BoundConstraint, bound, type TableConstraint } from "./bound-constraints.ts";
import { type Atom, allOf, alternativesOf } from "./condition-atoms.ts";
import { type BoundCondition, columnsOf } from "./conditions.ts";
import type { TableEncoder } from "./encoder.ts";
import { unequalLevels } from "./equal-levels.ts";
import type { ConditionJudge } from "./given-cells.ts";
import { cellsOf, outcomes } from "./linear.ts";
import { factsOf, mayBeMet, type RowFacts } from "./possible-rows.ts";
import { sumsFrom } from "./sums.ts";

type Ways = readonly (readonly Atom[])[];

/**
 * A judge of whole conditions: of their comparisons with numbers, dates and levels, of sums and of columns with each other, beside those
 * of the constraints, the bounds of the columns and the combinations that were seen. What it finds is certain; it does not find all.
 */
export function contradictionJudge(constraints: readonly TableConstraint[], encoder: TableEncoder): ConditionJudge {
  const facts = factsOf(encoder);
  const ready = constraints.map((constraint) => bound(constraint, encoder.schema));
  const parts = ready.flatMap((each) => {
    if (each.kind !== "condition") return [];
    const sums = sumsFrom(each.condition, facts.sums);
    return [{ text: each.text, ways: alternativesOf(each.condition, true), sums }];
  });
  const lists = ready.flatMap((each) => (each.kind === "combinations" ? [seenRows(each, ready)] : []));
  return (condition, where) => {
    const own = allOf([alternativesOf({ kind: "and", parts: condition.parts }, false), [givenAtoms(condition)]]);
    const excludes = (others: typeof parts) =>
      isExcluded(
        own,
        others.map(({ ways }) => ways),
        { ...facts, kept: others.flatMap(({ sums }) => sums) },
      );
    if (excludes([])) return neverMet(own, facts, where);
    const single = parts.find((part) => excludes([part]));
    if (single) return excludedBy([single.text], where);
    if (parts.length > 1 && excludes(parts))
      return excludedBy(
        fewest(parts, excludes).map(({ text }) => text),
        where,
      );
    const list = lists.find((each) => !each.leaves(condition));
    return list && excludedBy([list.text], where);
  };
}

/** The constraints that compute columns which a condition is about, each with these columns. */
export function computedUnder(
  { parts }: BoundCondition,
  constraints: readonly TableConstraint[],
  encoder: TableEncoder,
): readonly { readonly text: string; readonly columns: readonly string[] }[] {
  const asked = new Set(parts.flatMap(columnsOf));
  const { sums = [] } = encoder.toJSON();
  return constraints.flatMap((constraint) => {
    const ready = bound(constraint, encoder.schema);
    if (ready.kind !== "condition") return [];
    const columns = sumsFrom(ready.condition, sums).flatMap(({ column }) => (asked.has(column) ? [column] : []));
    return columns.length === 0 ? [] : [{ text: ready.text, columns }];
  });
}

function neverMet([way = [], ...others]: Ways, { place: { columns } }: RowFacts, where: string): LocalFlowError {
  const names = new Set(columns.keys());
  const unequal =
    others.length === 0 ? unequalLevels(way, { columns, filled: names, testOf: () => undefined }) : undefined;
  return failure("option", {
    where,
    expected: "a condition that a row can meet",
    received: unequal
      ? `one that takes equal cells of ${unequal.map(shorten).join(" and ")}, which have no level in common`
      : "one that no values of its columns meet",
  });
}

/** The cells that are given as comparisons: some are no part of the condition, such as the level of a balanced column. */
function givenAtoms({ equal }: BoundCondition): readonly Atom[] {
  return [...equal].map(([column, text]): Atom => {
    const value = text === undefined ? ({ kind: "null", text: "null" } as const) : ({ kind: "text", text } as const);
    return {
      kind: "cell",
      leaf: { kind: "compare", column, operator: "==", value },
      isConstraint: false,
      isNegated: false,
    };
  });
}

/** Whether no way to meet the condition leaves a way to meet the others. */
function isExcluded(own: Ways, others: readonly Ways[], facts: RowFacts): boolean {
  return own.every((atoms) => {
    const connected = connectedWith(atoms, others, facts);
    return !allOf([[atoms], ...connected]).some((way) => mayBeMet(way, facts));
  });
}

/** Those that have to do with the columns of some comparisons, by way of each other and of sums too. */
function connectedWith(atoms: readonly Atom[], others: readonly Ways[], { sums }: RowFacts): readonly Ways[] {
  const reached = new Set(atoms.flatMap(columnsIn));
  const groups = [
    ...others.map((ways) => ({ ways, columns: [...new Set(ways.flat().flatMap(columnsIn))] })),
    ...sums.map(({ column, terms }) => ({ ways: undefined, columns: [column, ...terms.map((term) => term.column)] })),
  ];
  let left = groups;
  for (let before = -1; before !== left.length; ) {
    before = left.length;
    for (const { columns } of left.filter((group) => group.columns.some((name) => reached.has(name))))
      for (const name of columns) reached.add(name);
    left = left.filter((group) => !group.columns.some((name) => reached.has(name)));
  }
  return groups.flatMap(({ ways, columns }) => (ways && columns.some((name) => reached.has(name)) ? [ways] : []));
}

function columnsIn({ leaf }: Atom): readonly string[] {
  return leaf.kind === "linear" ? leaf.terms.map(({ column }) => column) : [leaf.column];
}

/** As few of them as still exclude: those are left out one after the other that are not needed. */
function fewest<T>(parts: readonly T[], excludes: (some: T[]) => boolean): readonly T[] {
  let kept = [...parts];
  for (const part of parts) {
    const less = kept.filter((each) => each !== part);
    if (excludes(less)) kept = less;
  }
  return kept;
}

interface SeenRows {
  /** The constraint that keeps to them. */
  readonly text: string;
  /** Whether one of them meets what a condition says of its columns alone. */
  leaves(condition: BoundCondition): boolean;
}

/** The combinations that were seen as rows, without those that break a constraint on their columns. */
function seenRows(list: CombinationConstraint, ready: readonly BoundConstraint[]): SeenRows {
  const names = list.columns.map(({ name }) => name);
  const isWithin = (columns: readonly string[]) => columns.every((name) => names.includes(name));
  const inequalities = ready.flatMap((each) => (each.kind === "condition" && isWithin(each.about) ? [each] : []));
  let known: { readonly table: CellTable; readonly allowed: Uint8Array } | undefined;
  const seen = () => {
    const table = tableOf(list);
    const allowed = new Uint8Array(table.rows).fill(1);
    for (const { test } of inequalities)
      for (const [row, outcome] of test(table).entries()) if (outcome === outcomes.fails) allowed[row] = 0;
    return { table, allowed };
  };
  return {
    text: list.text,
    leaves({ equal, tests, joint }) {
      const parts = joint.filter(({ columns }) => isWithin(columns));
      const cells = names.filter((name) => equal.has(name) || tests.has(name));
      if (parts.length === 0 && (cells.length === 0 || inequalities.length === 0)) return true;
      known ??= seen();
      const { table, allowed } = known;
      const left = allowed.slice();
      for (const name of cells) {
        const column = cellsOf(table, name);
        const isMet = (text: string | undefined) =>
          equal.has(name) ? text === equal.get(name) : tests.get(name)?.(text) !== false;
        for (const row of left.keys()) if (left[row] === 1 && !isMet(cellText(column, row))) left[row] = 0;
      }
      for (const part of parts) for (const [row, holds] of part.holds(table).entries()) if (holds === 0) left[row] = 0;
      return left.includes(1);
    },
  };
}

type CombinationConstraint = Extract<BoundConstraint, { readonly kind: "combinations" }>;

function tableOf({ columns, seen: { texts, rows } }: CombinationConstraint): CellTable {
  const width = columns.length;
  return {
    rows: rows.length / width,
    columns: columns.map(({ name, origin, gap }, n) => ({
      ...{ name, origin, gap },
      codes: Int32Array.from({ length: rows.length / width }, (_, row) => rows[row * width + n]!),
      texts: listedTexts(texts[n] ?? []),
    })),
  };
}

function excludedBy(texts: readonly string[], where: string): LocalFlowError {
  const names = texts.map(shorten).join(" and ");
  return failure("option", {
    where,
    expected: `a condition that leaves rows which meet the constraint${texts.length > 1 ? "s" : ""} ${names}`,
    received: "one that excludes them all",
  });
}
