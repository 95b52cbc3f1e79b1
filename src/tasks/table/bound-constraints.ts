// bound-constraints: constraints as a model keeps them, made ready for its columns.

import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { type ConditionPlace, drawnColumn } from "./comparisons.ts";
import { type Condition, parseConstraint } from "./condition-text.ts";
import { columnsByName, columnsOf, conditionOutcomes, conjuncts } from "./conditions.ts";
import { boundsTest, combinationTest, mostCombinations, type SeenCombinations } from "./constraint-tests.ts";
import type { RowOutcomes } from "./linear.ts";
import type { ColumnSchema, Schema } from "./schema.ts";
import { type Sum, sumsIn } from "./sums.ts";

/** A constraint as a model keeps it. Plain JSON. */
export interface TableConstraint {
  /** As it was written, such as `low <= high` or `combinations(city, country)`. */
  readonly text: string;
  /** How many rows of the data the model was fitted to did not meet it. */
  readonly violations: number;
  /** Of combinations: those of the data. */
  readonly seen?: SeenCombinations;
}

/** A constraint made ready for the columns of a schema. */
export type BoundConstraint = {
  readonly text: string;
  /** The columns it is about. */
  readonly about: readonly string[];
} & (
  | { readonly kind: "condition"; readonly condition: Condition; readonly test: RowOutcomes }
  | { readonly kind: "bounds"; readonly test: RowOutcomes }
  | {
      readonly kind: "combinations";
      readonly columns: readonly ColumnSchema[];
      readonly seen: SeenCombinations;
      readonly test: RowOutcomes;
    }
  /** Without columns where ids that count make it true anyhow. */
  | { readonly kind: "unique"; readonly columns: readonly ColumnSchema[] }
);

/** Throws `option` at `where` for a constraint that has no meaning in the columns. */
export function bound({ text, seen }: TableConstraint, schema: Schema, where = constraintPlace(text)): BoundConstraint {
  const place: ConditionPlace = { columns: columnsByName(schema.columns), where };
  const parsed = parseConstraint(text, where);
  const { kind } = parsed;
  if (kind === "condition")
    return {
      text,
      kind,
      about: columnsOf(parsed.condition),
      condition: parsed.condition,
      test: conditionOutcomes(parsed.condition, place),
    };
  const about = parsed.columns;
  if (kind === "unique" && parsed.columns.some((name) => isCounted(place.columns.get(name))))
    return { text, kind, about, columns: [] };
  const columns = parsed.columns.map((name) => drawnColumn(name, place));
  if (kind === "unique") return { text, kind, about, columns };
  const combinations = checkedSeen(seen, columns.length, where);
  return { text, kind, about, columns, seen: combinations, test: combinationTest(columns, combinations) };
}

/** A constraint as parts that all have to be met. */
export function partsOf(constraint: BoundConstraint, schema: Schema): readonly BoundConstraint[] {
  if (constraint.kind !== "condition") return [constraint];
  const { text, kind } = constraint;
  const place: ConditionPlace = { columns: columnsByName(schema.columns), where: constraintPlace(text) };
  return conjuncts(constraint.condition).map((condition) => {
    const test = conditionOutcomes(condition, place);
    return { text, kind, about: columnsOf(condition), condition, test };
  });
}

/** The sums among constraints, each after those it needs. */
export function sumsAmong(constraints: readonly BoundConstraint[], schema: Schema): readonly Sum[] {
  return sumsIn(
    constraints.flatMap((each) => (each.kind === "condition" ? [each.condition] : [])),
    schema,
  );
}

/** Ids that count rows, and texts written anew without repetition, are unique as they are written. */
function isCounted(column: ColumnSchema | undefined): boolean {
  if (column?.kind !== "id" && column?.kind !== "text") return false;
  const { regenerate } = column;
  return ("first" in column && column.first !== undefined) || (regenerate?.kind === "shapes" && regenerate.unique);
}

function checkedSeen(seen: SeenCombinations | undefined, count: number, where: string): SeenCombinations {
  const isSound =
    seen !== undefined &&
    seen.texts.length === count &&
    seen.rows.length % count === 0 &&
    seen.rows.length <= mostCombinations * count &&
    seen.rows.every((code, n) => code < (seen.texts[n % count]?.length ?? 0));
  if (isSound) return seen;
  throw failure("option", { where, expected: "the combinations that were seen", received: "none that fit" });
}

/** What sums have to meet beside being sums: the bounds of their columns, which one that is computed may leave. */
export function boundsOfSums(constraints: readonly BoundConstraint[], schema: Schema): readonly BoundConstraint[] {
  return sumsAmong(constraints, schema).flatMap(({ column, terms }) => {
    const names = [column, ...terms.map((term) => term.column)];
    return names.map((name) => ({
      text: `the bounds of ${name}`,
      kind: "bounds" as const,
      about: [name],
      test: boundsTest(name, schema),
    }));
  });
}

/** Where errors of a constraint say they are. */
export function constraintPlace(text: string): string {
  return `constraint ${text.trim() === "" ? '""' : shorten(text)}`;
}
