// given-cells: cells given by a condition that cannot stand in one row under the constraints, found before anything is drawn.
import { sameCells } from "../../data/cell-rows.ts";
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { amountsOf } from "./amounts.ts";
import {
  type BoundConstraint,
  bound,
  boundsOfSums,
  constraintPlace,
  type TableConstraint,
} from "./bound-constraints.ts";
import { drawnColumn } from "./comparisons.ts";
import { parseConstraint } from "./condition-text.ts";
import { type BoundCondition, columnsByName } from "./conditions.ts";
import type { TableEncoder } from "./encoder.ts";
import { cellsOf, outcomes } from "./linear.ts";
import {
  type Combinations,
  type Misfit,
  misfitOf,
  spoken,
  textsLeft,
  type WantedCell,
} from "./possible-combinations.ts";
import type { ColumnSchema } from "./schema.ts";
import { solvedSums, sumOf } from "./sums.ts";

/** The error of a condition that no row meets, as far as a judge looks; undefined where it finds none. */
export type ConditionJudge = (condition: BoundCondition, where: string) => LocalFlowError | undefined;

/**
 * A judge of conditions: cells that no combination of the data has, and constraints and parts of the condition all of whose cells
 * are given, or are sums of given ones, and that do not hold.
 */
export function givenCellsJudge(constraints: readonly TableConstraint[], encoder: TableEncoder): ConditionJudge {
  const { schema } = encoder;
  const ready = constraints.filter(({ seen }) => seen === undefined).map((constraint) => bound(constraint, schema));
  const tests = [...ready, ...boundsOfSums(ready, schema)];
  const lists = combinationsAmong(constraints, encoder);
  return (condition, where) => {
    const row = rowOf(condition, encoder);
    const found = misfitAmong(lists, (name) => wantedOf(row, condition, name));
    if (found) {
      const { text, columns, wanted, nearest } = found;
      const expected = `${columns.join(" and ")} as some row of the data has them (constraint ${text})`;
      return failure("option", { where, expected, received: wanted, remedy: `nearest: ${nearest}` });
    }
    for (const test of tests) {
      if (test.kind === "unique" || !test.about.every((name) => row.known.has(name))) continue;
      if (test.test(row.table)[0] === outcomes.fails) return brokenBy(test, row, encoder, where);
    }
    const part = condition.joint.find(
      ({ columns, holds }) => columns.every((name) => row.known.has(name)) && holds(row.table)[0] === 0,
    );
    if (part)
      return failure("option", {
        where,
        expected: "a condition that a row can meet",
        received: `${cellsIn(row.table, part.columns)}, which one of its parts excludes`,
      });
    return undefined;
  };
}

/** The combinations among constraints. */
export function combinationsAmong(
  constraints: readonly TableConstraint[],
  { schema }: TableEncoder,
): readonly (Combinations & { readonly text: string })[] {
  const columns = columnsByName(schema.columns);
  return constraints.flatMap(({ text, seen }) => {
    const place = { columns, where: constraintPlace(text) };
    const parsed = parseConstraint(text, place.where);
    if (parsed.kind !== "combinations" || seen === undefined) return [];
    return [{ text, seen, columns: parsed.columns.map((name) => drawnColumn(name, place)) }];
  });
}

/** The cells that a condition gives, the sums that follow from them, and both with the constants as a table of one row. */
interface GivenRow {
  readonly cells: ReadonlyMap<string, string | undefined>;
  readonly table: CellTable;
  readonly known: ReadonlySet<string>;
}

function rowOf({ equal }: BoundCondition, { schema, toJSON }: TableEncoder): GivenRow {
  const { codes, sums = [] } = toJSON();
  const known = new Set(equal.keys());
  const columns = schema.columns.map((column, place) => {
    const isConstant = column.kind === "constant" && codes[place]?.gaps === 0;
    if (isConstant) known.add(column.name);
    return sameCells(column.name, isConstant ? column.text : equal.get(column.name), 1);
  });
  const table = solvedSums({ rows: 1, columns }, sums, schema, ([whole, ...terms]) => {
    if (whole === undefined || known.has(whole.name) || !terms.every(({ name }) => known.has(name))) return undefined;
    known.add(whole.name);
    return 0;
  });
  const computed = sums.flatMap(({ column }) => (known.has(column) ? [column] : []));
  const cells = new Map([...equal.keys(), ...computed].map((name) => [name, cellText(cellsOf(table, name), 0)]));
  return { cells, table, known };
}

function wantedOf({ cells }: GivenRow, { tests }: BoundCondition, name: string): WantedCell | undefined {
  if (cells.has(name)) return { kind: "cell", text: cells.get(name) };
  const test = tests.get(name);
  return test && { kind: "test", test, words: "as in the condition" };
}

/** The first constraint without a combination of the wanted cells, also beside what the others leave of columns they share. */
function misfitAmong(
  lists: ReturnType<typeof combinationsAmong>,
  wanted: (column: string) => WantedCell | undefined,
): (Misfit & { readonly text: string }) | undefined {
  const left = new Map<string, WantedCell>();
  const asked = (name: string): WantedCell | undefined => {
    const own = wanted(name);
    return own?.kind === "cell" ? own : (left.get(name) ?? own);
  };
  // Every round carries what is left at least one constraint further.
  for (let round = 0; round < lists.length; round++)
    for (const { text, ...list } of lists) {
      const misfit = misfitOf(list, asked);
      if (misfit) return { text, ...misfit };
      if (lists.length === 1 || !list.columns.some(({ name }) => asked(name))) continue;
      for (const [name, texts] of textsLeft(list, asked))
        left.set(name, { kind: "test", test: (cell) => texts.has(cell), words: `as ${text} leaves it` });
    }
  return undefined;
}

function brokenBy(constraint: BoundConstraint, { table }: GivenRow, { schema }: TableEncoder, where: string) {
  const { kind, text, about } = constraint;
  const received = cellsIn(table, about);
  if (kind === "bounds") {
    const [column] = schema.columns.filter(({ name }) => about.includes(name));
    return failure("option", { where, expected: `a sum within ${text}${column ? rangeOf(column) : ""}`, received });
  }
  const sum = kind === "condition" ? sumOf(constraint.condition) : undefined;
  const solved = sum && solvedSums(table, [sum], schema, () => 0);
  return failure("option", {
    where,
    expected: `cells that meet the constraint ${text}`,
    received,
    remedy: sum && solved ? `the sum is ${cellsIn(solved, [sum.column])}` : "change one of them",
  });
}

function rangeOf(column: ColumnSchema): string {
  if (column.kind !== "number" && column.kind !== "date") return "";
  const { format } = amountsOf(column);
  const { minimum, maximum } = column;
  const ends = [
    ...(minimum === undefined ? [] : [`from ${format(minimum)}`]),
    ...(maximum === undefined ? [] : [`to ${format(maximum)}`]),
  ];
  return ends.length === 0 ? "" : ` (${ends.join(" ")})`;
}

function cellsIn(table: CellTable, names: readonly string[]): string {
  return names.map((name) => spoken(name, cellText(cellsOf(table, name), 0))).join(", ");
}
