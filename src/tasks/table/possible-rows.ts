// possible-rows: whether comparisons that all have to hold leave a row: column by column, and as a system of inequalities.
import { amountsOf } from "./amounts.ts";
import { levelTexts } from "./column-code.ts";
import { type CellComparison, type ConditionPlace, cellTest, comparedAmount } from "./comparisons.ts";
import { type Atom, opposites } from "./condition-atoms.ts";
import { canPass, type ReachTest } from "./condition-reach.ts";
import type { LinearComparison } from "./condition-text.ts";
import type { Literal } from "./condition-tokens.ts";
import { both, boundsIn, columnsByName } from "./conditions.ts";
import type { TableEncoder } from "./encoder.ts";
import { unequalLevels } from "./equal-levels.ts";
import { excludeEachOther, type Inequality } from "./inequalities.ts";
import { halfStep, rounding } from "./linear.ts";
import { type GapFacts, gapFactsOf, hasGaps, mayBeGap } from "./possible-gaps.ts";
import type { ColumnSchema } from "./schema.ts";
import type { Sum } from "./sums.ts";

/** What is known of all rows. */
export interface RowFacts extends GapFacts {
  /** Of constraints, which may name values that are never drawn. */
  readonly place: ConditionPlace;
  /** Of conditions, which may not: equalities mean the nearest value that the column writes. */
  readonly drawn: ConditionPlace;
  /** Of the sums, those that say where a column has a value: all, or fewer where it is asked which of them excludes a row. */
  readonly kept: readonly Sum[];
}

/** What an encoder knows of its rows. */
export function factsOf(encoder: TableEncoder): RowFacts {
  const gaps = gapFactsOf(encoder);
  const place = { columns: columnsByName(encoder.schema.columns), where: "constraints" };
  return {
    place,
    drawn: { ...place, where: "where", encoder, isOptional: true },
    ...gaps,
    kept: gaps.sums,
  };
}

/**
 * Whether some row may meet all of them. False is certain, true is not: numbers are looked at as if each column had all values of its
 * range, but for sums of grids, and comparisons of levels with each other by their order and by the levels that equal ones share.
 */
export function mayBeMet(atoms: readonly Atom[], facts: RowFacts): boolean {
  const tests = new Map<string, ReachTest>();
  for (const atom of atoms)
    if (atom.kind === "cell") {
      const known = tests.get(atom.leaf.column);
      tests.set(atom.leaf.column, both(known, reachOf(atom, placeOf(atom, facts))));
    }
  const required = new Set<string>();
  for (const atom of atoms)
    if (atom.kind === "linear" && !atom.isConstraint && !atom.isNegated)
      for (const { column } of atom.leaf.terms) required.add(column);
  for (const [name, { test }] of tests) if (!test(undefined)) required.add(name);
  const filled = filledColumns(required, facts);
  for (const [name, reach] of tests) {
    const column = facts.place.columns.get(name);
    if (column && filled.has(name) && !canPass(column, facts.codes.get(name), reach)) return false;
  }
  const testOf = (name: string) => tests.get(name)?.test;
  if (unequalLevels(atoms, { columns: facts.place.columns, filled, testOf })) return false;
  return !excludeEachOther(inequalitiesOf(atoms, filled, facts));
}

type CellAtom = Extract<Atom, { readonly kind: "cell" }>;

function placeOf({ isConstraint }: Atom, { place, drawn }: RowFacts): ConditionPlace {
  return isConstraint ? place : drawn;
}

function reachOf({ leaf, isConstraint, isNegated }: CellAtom, place: ConditionPlace): ReachTest {
  const test = cellTest(leaf, place);
  const minds = valuesOf(leaf).every(({ kind }) => kind !== "null");
  return {
    test: (text) => (isConstraint && minds && text === undefined) || test(text) !== isNegated,
    bounds: boundsIn(leaf, place),
  };
}

/** The columns that have a value in every row that is wanted: a sum has one only where all its parts have, and there unless it has gaps itself. */
function filledColumns(required: ReadonlySet<string>, facts: RowFacts): ReadonlySet<string> {
  const filled = new Set(required);
  for (const name of facts.codes.keys()) if (!mayBeGap(name, facts)) filled.add(name);
  for (const { column, terms } of facts.kept.toReversed())
    if (filled.has(column)) for (const term of terms) filled.add(term.column);
  for (const { column, terms } of facts.kept)
    if (!hasGaps(column, facts) && terms.every((term) => filled.has(term.column))) filled.add(column);
  return filled;
}

/** A column as a number of a range: numbers as they are, dates in days, ordinals as the places of their levels. */
interface Variable {
  readonly name: string;
  readonly low: number;
  readonly high: number;
  readonly step?: number;
  readonly offset: number;
}

/** `sum of factors · variables + constant`, and where all variables lie on grids, one of its values and the step between them. */
interface Form {
  readonly factors: ReadonlyMap<string, number>;
  readonly constant: number;
  /** The sum of the sizes of its parts, at most. */
  readonly size: number;
  readonly grid?: { readonly first: number; readonly step: number };
}

function inequalitiesOf(atoms: readonly Atom[], filled: ReadonlySet<string>, facts: RowFacts): readonly Inequality[] {
  const variables = new Map<string, Variable>();
  const out: Inequality[] = [];
  for (const atom of atoms) {
    if (atom.kind === "cell") {
      if (filled.has(atom.leaf.column)) out.push(...cellInequalities(atom, variables, facts));
      continue;
    }
    const { leaf, relation } = atom;
    if (!leaf.terms.every(({ column }) => filled.has(column))) continue;
    const own = variablesOf(leaf, facts);
    if (own === undefined) continue;
    for (const variable of own) variables.set(variable.name, variable);
    const form = formOf(leaf, own);
    const opposite = negative(form);
    const half = relation === "==" || relation === "below" || relation === "above" ? halfStep(leaf, facts.place) : 0;
    if (relation === "<=" || relation === "==") out.push(atMost(form, half));
    if (relation === ">=" || relation === "==") out.push(atMost(opposite, half));
    if (relation === "<" || relation === "below") out.push(below(form, -half));
    if (relation === ">" || relation === "above") out.push(below(opposite, -half));
  }
  for (const variable of variables.values()) out.push(...rangeOf(variable));
  return out;
}

/** The bounds that comparisons of a column with numbers, dates or ordered levels are. */
function cellInequalities(atom: CellAtom, variables: Map<string, Variable>, facts: RowFacts): readonly Inequality[] {
  const { leaf } = atom;
  const column = facts.place.columns.get(leaf.column);
  const variable = column && variableOf(column, facts);
  if (column === undefined || variable === undefined) return [];
  const values = valuesOf(leaf).map((value) => numberOf(column, value, atom, facts));
  if (!values.every((value) => value !== undefined)) return [];
  variables.set(variable.name, variable);
  const [least, most] = [Math.min(...values), Math.max(...values)];
  const form = formOf({ terms: [{ column: variable.name, factor: 1 }], constant: 0 }, [variable]);
  const opposite = negative(form);
  const operator = leaf.kind === "in" ? "==" : leaf.operator;
  switch (atom.isNegated ? opposites[operator] : operator) {
    case "==":
      return [atMost(form, most), atMost(opposite, -least)];
    case "<=":
      return [atMost(form, most)];
    case ">=":
      return [atMost(opposite, -least)];
    case "<":
      return [below(form, most)];
    case ">":
      return [below(opposite, -least)];
    default:
      return [];
  }
}

function numberOf(column: ColumnSchema, value: Literal, atom: CellAtom, facts: RowFacts): number | undefined {
  if (value.kind === "null") return undefined;
  if (column.kind === "number" || column.kind === "date") {
    const operator = atom.leaf.kind === "in" ? "==" : atom.leaf.operator;
    return comparedAmount(column, operator, value, placeOf(atom, facts)) / amountsOf(column).unit;
  }
  const level = levelTexts(column).indexOf(value.text);
  return level < 0 ? undefined : level;
}

function valuesOf(leaf: CellComparison): readonly Literal[] {
  return leaf.kind === "in" ? leaf.values : [leaf.value];
}

function formOf(
  { terms, constant }: Pick<LinearComparison, "terms" | "constant">,
  variables: readonly Variable[],
): Form {
  const parts = terms.map(({ factor }, n) => ({ factor, ...variables[n]! }));
  const factors = new Map(parts.map(({ name, factor }) => [name, factor] as const));
  const size = parts.reduce(
    (total, { factor, low, high }) => total + Math.abs(factor) * Math.max(Math.abs(low), Math.abs(high)),
    Math.abs(constant),
  );
  const first = parts.reduce((total, { factor, offset }) => total + factor * offset, constant);
  const steps = parts.map(({ factor, step = Number.NaN }) => Math.abs(factor) * step);
  const step = Math.min(...steps);
  const isGrid = steps.every((each) => Math.abs(each / step - Math.round(each / step)) < 1e-9);
  const isSharp = rounding * size < step / 4;
  return { factors, constant, size, ...(isGrid && isSharp && { grid: { first, step } }) };
}

function negative({ factors, constant, size, grid }: Form): Form {
  return {
    factors: new Map([...factors].map(([name, factor]) => [name, -factor] as const)),
    constant: -constant,
    size,
    ...(grid && { grid: { ...grid, first: -grid.first } }),
  };
}

/** How far a value may be from one of its grid, in steps. */
const gridSlack = 1e-6;

/** The form is at most a bound; on a grid at most the last value there. */
function atMost({ factors, constant, size, grid }: Form, bound: number): Inequality {
  const last = grid ? grid.first + grid.step * Math.floor((bound - grid.first) / grid.step + gridSlack) : bound;
  const slack = grid ? gridSlack * grid.step : rounding * (size + Math.abs(bound));
  return { factors, constant: constant - last, strict: false, slack };
}

/** The form is less than a bound; on a grid at most the last value before. */
function below({ factors, constant, grid }: Form, bound: number): Inequality {
  if (grid === undefined) return { factors, constant: constant - bound, strict: true, slack: 0 };
  const last = grid.first + grid.step * (Math.ceil((bound - grid.first) / grid.step - gridSlack) - 1);
  return { factors, constant: constant - last, strict: false, slack: gridSlack * grid.step };
}

function rangeOf({ name, low, high }: Variable): readonly Inequality[] {
  const bound = (factor: number, end: number): readonly Inequality[] =>
    Number.isFinite(end)
      ? [
          {
            factors: new Map([[name, factor]]),
            constant: -factor * end,
            strict: false,
            slack: rounding * Math.abs(end),
          },
        ]
      : [];
  return [...bound(1, high), ...bound(-1, low)];
}

/** The columns of a comparison as numbers; levels that have no common order have numbers that mean nothing but themselves. */
function variablesOf({ terms }: LinearComparison, facts: RowFacts): readonly Variable[] | undefined {
  const columns = terms.map(({ column }) => facts.place.columns.get(column));
  if (!columns.every((column) => column !== undefined)) return undefined;
  const [first, second] = columns;
  const amounts = columns.map((column) => (column.kind === "ordinal" ? undefined : variableOf(column, facts)));
  if (amounts.every((variable) => variable !== undefined)) return amounts;
  const texts = columns.map((column) => levelTexts(column).join("\n"));
  const isOrdered = first?.kind === "ordinal" && second?.kind === "ordinal" && texts[0] === texts[1];
  const open = { low: Number.NEGATIVE_INFINITY, high: Number.POSITIVE_INFINITY, offset: 0 };
  return columns.map(
    (column) => (isOrdered && variableOf(column, facts)) || { name: `level of ${column.name}`, ...open },
  );
}

/** A column of numbers, dates or ordered levels as a number, with all that it may be. */
export function variableOf(column: ColumnSchema, { sums }: RowFacts): Variable | undefined {
  const { name, kind } = column;
  if (kind === "ordinal") return { name, low: 0, high: levelTexts(column).length - 1, step: 1, offset: 0 };
  if (kind === "constant" && Number.isFinite(Number(column.text)))
    return { name, low: Number(column.text), high: Number(column.text), offset: 0 };
  if (kind !== "number" && kind !== "date") return undefined;
  const { unit } = amountsOf(column);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, step, offset = 0 } = column;
  const isSummed = sums.some(
    ({ column: whole, terms }) => whole === name || terms.some((term) => term.column === name),
  );
  const beyond = isSummed ? (step ?? 0) / 2 : 0;
  return {
    name,
    low: (minimum - beyond) / unit,
    high: (maximum + beyond) / unit,
    ...(step !== undefined && { step: step / unit }),
    offset: offset / unit,
  };
}
