// condition-atoms: a condition as alternatives, each a list of comparisons that all have to hold, without "or" and "not".
import type { CellComparison } from "./comparisons.ts";
import type { Comparison, Condition, LinearComparison } from "./condition-text.ts";

/** A comparison in the place that it has in a condition. */
export type Atom = {
  /** Of a constraint: a gap, where it is not compared with null, leaves it open, which will do. */
  readonly isConstraint: boolean;
  /** Whether it is to hold, or not to. Where it is not to hold, a gap will do. */
  readonly isNegated: boolean;
} & (
  | { readonly kind: "cell"; readonly leaf: CellComparison }
  /** "below" and "above": unequal, by more than equality allows. */
  | { readonly kind: "linear"; readonly leaf: LinearComparison; readonly relation: Relation }
);

export type Relation = Exclude<Comparison, "!="> | "below" | "above";

/** More alternatives are not told apart. */
const mostAlternatives = 64;

/**
 * The ways to meet a condition. Where there are too many some comparisons are left out, so that more rows meet what is left than meet
 * the condition, never fewer.
 */
export function alternativesOf(
  condition: Condition,
  isConstraint: boolean,
  isNegated = false,
): readonly (readonly Atom[])[] {
  const shared = { isConstraint, isNegated };
  if (condition.kind === "not") return alternativesOf(condition.part, isConstraint, !isNegated);
  if (condition.kind === "linear")
    return relationsOf(condition.operator, isNegated).map((relation) => [
      { ...shared, kind: "linear", leaf: condition, relation },
    ]);
  if (condition.kind !== "and" && condition.kind !== "or") return [[{ ...shared, kind: "cell", leaf: condition }]];
  const parts = condition.parts.map((part) => alternativesOf(part, isConstraint, isNegated));
  if ((condition.kind === "and") !== isNegated) return allOf(parts);
  const any = parts.flat();
  return any.length <= mostAlternatives ? any : [[]];
}

/** The ways to meet several things at once, each of which has its alternatives; those with too many are left out. */
export function allOf(parts: readonly (readonly (readonly Atom[])[])[]): readonly (readonly Atom[])[] {
  let out: readonly (readonly Atom[])[] = [[]];
  for (const alternatives of parts.toSorted((a, b) => a.length - b.length))
    if (out.length * alternatives.length <= mostAlternatives)
      out = out.flatMap((before) => alternatives.map((more) => [...before, ...more]));
  return out;
}

/** What holds where a comparison of two values does not. */
export const opposites = { "==": "!=", "!=": "==", "<": ">=", ">=": "<", ">": "<=", "<=": ">" } as const;

function relationsOf(operator: Comparison, isNegated: boolean): readonly Relation[] {
  const relation = isNegated ? opposites[operator] : operator;
  return relation === "!=" ? ["below", "above"] : [relation];
}
