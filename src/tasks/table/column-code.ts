// column-code: what an encoder keeps of a column beside its schema, found from training cells, as plain JSON.
import * as z from "zod";
import { isAscending } from "../../data/ascending.ts";
import type { CellColumn } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import { type Pile, withPiles } from "./piles.ts";
import { kept, profileOf, type Values, valuesOf, withoutTexts } from "./profile.ts";
import { type Knots, quantileKnots, robustKnots } from "./scale.ts";
import { type ColumnSchema, type DateColumn, mostLevels, type NumberColumn } from "./schema.ts";
import { isCompact, pilesUp } from "./smooth-columns.ts";
import { smoothKnots } from "./smooth-knots.ts";

/** How the values of a column become coordinates. */
export type ValueCode =
  | { readonly kind: "none" }
  /**
   * Counts of the schema's levels, or of false and true; `order`: their places in the schema in the order of the cells
   * (default: the schema's); at most `base` cells in a dimension.
   */
  | {
      readonly kind: "levels";
      readonly counts: readonly number[];
      readonly base: number;
      readonly order?: readonly number[];
    }
  /** Observed values by size, as texts, with their counts. */
  | { readonly kind: "values"; readonly texts: readonly string[]; readonly counts: readonly number[] }
  | {
      readonly kind: "scale";
      readonly at: readonly number[];
      readonly scores: readonly number[];
      /** Whether values beyond the column's minimum, and beyond its maximum, are written as far inside instead of as the bound itself. */
      readonly mirrored?: readonly [boolean, boolean];
      /** Cells of values that are classes of their own; they ascend. */
      readonly piles?: readonly Pile[];
    };

export interface ColumnCode {
  readonly value: ValueCode;
  /** Training rows with a value and with a gap. */
  readonly filled: number;
  readonly gaps: number;
}

const count = z.int().nonnegative();
const knots = z.array(z.number()).min(2).max(100_000).refine(isAscending, "numbers that ascend");

function isCell({ piece, value }: Pile, at: readonly number[]): boolean {
  return piece < at.length - 1 && at[piece]! <= value && value <= at[piece + 1]!;
}

function isPermutation(order: readonly number[], count: number): boolean {
  return order.length === count && new Set(order).size === count && order.every((place) => place < count);
}

/** A column's code as JSON. */
export const columnCodeJson = z.strictObject({
  value: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("none") }),
    z
      .strictObject({
        kind: z.literal("levels"),
        counts: z.array(count).min(1).max(mostLevels),
        base: z.int().min(2).max(mostLevels),
        order: z.array(count).max(mostLevels).exactOptional(),
      })
      .refine(
        ({ counts, order }) => order === undefined || isPermutation(order, counts.length),
        "every level once in the order",
      ),
    z
      .strictObject({
        kind: z.literal("values"),
        texts: z.array(z.string().max(1000)).min(1).max(mostLevels),
        counts: z.array(count).min(1).max(mostLevels),
      })
      .refine(({ texts, counts }) => texts.length === counts.length, "as many counts as texts"),
    z
      .strictObject({
        kind: z.literal("scale"),
        at: knots,
        scores: knots,
        mirrored: z.tuple([z.boolean(), z.boolean()]).exactOptional(),
        piles: z
          .array(z.strictObject({ piece: count, value: z.number() }))
          .min(1)
          .max(100_000)
          .exactOptional(),
      })
      .refine(({ at, scores }) => at.length === scores.length, "as many scores as places")
      .refine(({ at, piles = [] }) => piles.every((pile) => isCell(pile, at)), "piles inside their pieces of the map")
      .refine(({ piles = [] }) => isAscending(piles.map(({ piece }) => piece)), "piles that ascend"),
  ]),
  filled: count,
  gaps: count,
});

/**
 * Finds the code of a column from its training cells; `base` is the most cells of a dimension of a category, `order` that of
 * its levels.
 */
export function columnCodeOf(
  column: ColumnSchema,
  cells: CellColumn,
  base: number,
  order: readonly number[] | undefined,
): ColumnCode {
  const profile = withoutTexts(profileOf(cells), column.gaps);
  const { filled, rows } = profile;
  const share = { filled, gaps: rows - filled };
  switch (column.kind) {
    case "number":
    case "date": {
      const { parse } = amountsOf(column);
      const found = valuesOf(profile, parse);
      return { value: amountCode(column, found), ...share };
    }
    case "category":
    case "ordinal":
    case "boolean": {
      const counts = new Map(profile.texts.map((text, place) => [text, profile.counts[place]!]));
      const levels = levelTexts(column);
      const cellsMost = column.kind === "category" ? base : Math.max(2, levels.length);
      return {
        value: {
          kind: "levels",
          counts: levels.map((text) => counts.get(text) ?? 0),
          base: cellsMost,
          ...(order !== undefined && { order }),
        },
        ...share,
      };
    }
    default:
      return { value: { kind: "none" }, ...share };
  }
}

/** The texts of a column that has only so many, in the order of their codes. */
export function levelTexts(column: ColumnSchema): readonly string[] {
  if (column.kind === "boolean") return [column.false, column.true];
  return column.kind === "category" || column.kind === "ordinal" ? column.levels.map(({ text }) => text) : [];
}

function amountCode(column: NumberColumn | DateColumn, found: Values): ValueCode {
  if (found.values.length === 0) return { kind: "none" };
  if (column.values === "observed" && found.values.length <= mostLevels)
    return { kind: "values", texts: found.texts, counts: [...found.counts] };
  const { apart = [] } = column;
  const isApart = (place: number) => apart.includes(found.values[place]!);
  const [piles, others] = [kept(found, isApart), kept(found, (place) => !isApart(place))];
  if (piles.values.length === 0 || others.values.length === 0) return { kind: "scale", ...amountMap(column, found) };
  const { mirrored, ...knots } = amountMap(column, others);
  return {
    kind: "scale",
    ...withPiles(knots, others, piles, column.step),
    ...(mirrored && { mirrored: mirroredEnds(column, found) }),
  };
}

/** The map of values of which none is a class of its own. */
function amountMap(
  column: NumberColumn | DateColumn,
  found: Values,
): Knots & { readonly mirrored?: readonly [boolean, boolean] } {
  const { scale = "quantile" } = column;
  if (scale === "smooth" && isCompact(found)) return { ...smoothKnots(found), mirrored: mirroredEnds(column, found) };
  return scale === "robust" ? robustKnots(found) : quantileKnots(found, false);
}

/** Points beyond an end are mirrored there, unless rows end at a value that many of them have, or a user's bound cuts some off. */
function mirroredEnds(
  { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY, step }: NumberColumn | DateColumn,
  found: Values,
): readonly [boolean, boolean] {
  const { values } = found;
  return [
    minimum <= values[0]! && !pilesUp(found, 0, step),
    maximum >= values.at(-1)! && !pilesUp(found, values.length - 1, step),
  ];
}
