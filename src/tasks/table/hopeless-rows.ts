// hopeless-rows: rows whose known cells leave no value in the range of a column that meets a constraint, found before any draw.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { bound, constraintPlace, partsOf, type TableConstraint } from "./bound-constraints.ts";
import { isGap } from "./comparisons.ts";
import { opposites } from "./condition-atoms.ts";
import type { Comparison, LinearComparison } from "./condition-text.ts";
import { outcomesBeforeDraws } from "./conditions.ts";
import type { TableEncoder } from "./encoder.ts";
import {
  amountReader,
  cellsOf,
  columnValues,
  halfStep,
  linearOutcomes,
  outcomes,
  type RowOutcomes,
  rounding,
} from "./linear.ts";
import { factsOf, type RowFacts, variableOf } from "./possible-rows.ts";
import type { ColumnSchema } from "./schema.ts";
import { countedRows, toldRows } from "./told-rows.ts";
import type { UnfillableRows } from "./unfillable-rows.ts";

/**
 * Those of some rows of a table, gaps being cells that are to be drawn, in which a part of a constraint fails whatever is drawn, though
 * the known cells alone do not break it.
 */
export function hopelessRows(
  constraints: readonly TableConstraint[],
  encoder: TableEncoder,
  table: CellTable,
  asked: ArrayLike<number>,
): UnfillableRows {
  const { schema } = encoder;
  const facts = factsOf(encoder);
  const [rows, notes] = [new Set<number>(), [] as string[]];
  for (const part of constraints.flatMap((constraint) => partsOf(bound(constraint, schema), schema))) {
    if (part.kind !== "condition") continue;
    const place = { ...facts.place, where: constraintPlace(part.text) };
    const known = outcomesBeforeDraws(part.condition, place)(table);
    if (!known.includes(outcomes.open)) continue;
    const reach = outcomesBeforeDraws(part.condition, place, (leaf) => linearReach(leaf, facts))(table);
    const found = Array.from(asked).filter((row) => reach[row] === outcomes.fails && known[row] === outcomes.open);
    if (found.length === 0) continue;
    notes.push(
      `nothing is drawn for the gaps of ${countedRows(found.length)}: beside what is known there, no value in its column's range meets the constraint ${part.text}: ${toldRows(table, part.about, found)}`,
    );
    for (const row of found) rows.add(row);
  }
  return { rows, notes };
}

/** The outcome of a comparison where gaps may be any number in the range of their column. */
function linearReach(leaf: LinearComparison, facts: RowFacts): RowOutcomes {
  const plain = linearOutcomes(leaf, facts.place);
  const terms = leaf.terms.flatMap(({ column: name, factor }): readonly RangedTerm[] => {
    const column = facts.place.columns.get(name);
    const [variable, read] = [column && variableOf(column, facts), column && amountReader(column)];
    const isDrawn = (facts.codes.get(name)?.filled ?? 0) > 0;
    if (column === undefined || variable === undefined || read === undefined || !isDrawn) return [];
    const ends = [factor * variable.low, factor * variable.high] as const;
    return [{ column, factor, read, low: Math.min(...ends), high: Math.max(...ends) }];
  });
  if (terms.length < leaf.terms.length) return plain;
  const half = halfStep(leaf, facts.place);
  return (table) => {
    const found = plain(table);
    const cells = terms.map(({ column, read }) => {
      const own = cellsOf(table, column.name);
      return { values: columnValues(own, read), isOpen: (row: number) => isGap(column, cellText(own, row)) };
    });
    for (const row of found.keys()) {
      if (found[row] !== outcomes.open) continue;
      let [low, high, size] = [leaf.constant, leaf.constant, Math.abs(leaf.constant)];
      terms.forEach((term, n) => {
        const value = term.factor * cells[n]!.values[row]!;
        const isOpen = cells[n]!.isOpen(row);
        low += isOpen ? term.low : value;
        high += isOpen ? term.high : value;
        size += isOpen ? Math.max(Math.abs(term.low), Math.abs(term.high)) : Math.abs(value);
      });
      const range = { low, high, slack: rounding * size, half };
      if (cannotBe(leaf.operator, range)) found[row] = outcomes.fails;
      else if (cannotBe(opposites[leaf.operator], range)) found[row] = outcomes.holds;
    }
    return found;
  };
}

/** A column so many times: its value in a cell, or what it may be. */
interface RangedTerm {
  readonly column: ColumnSchema;
  readonly factor: number;
  readonly read: (text: string) => number;
  readonly low: number;
  readonly high: number;
}

/** What a sum may be, by how much rounding may move it, and by how much more it may be off and still count as equal to zero. */
interface Range {
  readonly low: number;
  readonly high: number;
  readonly slack: number;
  readonly half: number;
}

/** Whether no number of the range is so to zero. False where it is not known: where cells have no number (NaN), and of `!=`. */
function cannotBe(operator: Comparison, { low, high, slack, half }: Range): boolean {
  switch (operator) {
    case "<":
      return low >= 0;
    case "<=":
      return low > slack;
    case ">":
      return high <= 0;
    case ">=":
      return high < -slack;
    case "==":
      return low > Math.max(slack, half) || high < -Math.max(slack, half);
    default:
      return false;
  }
}
