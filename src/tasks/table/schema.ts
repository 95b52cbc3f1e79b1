// schema: what each column of a table is, as plain JSON: how its cells are read, and how they are written again.
import * as z from "zod";
import { isAscending } from "../../data/ascending.ts";
import type { NumberFormat } from "./number-format.ts";
import { type Regeneration, regenerationJson } from "./regenerate.ts";

/** What every column's description has. */
export interface ColumnBase {
  readonly name: string;
  readonly origin: "untyped" | "text" | "number" | "boolean" | "date";
  /** How a gap is written. */
  readonly gap: string;
  /** Texts that count as gaps in this column, beside the usual ones. */
  readonly gaps: readonly string[];
  /** Why the column is taken for what it is: a sentence. */
  readonly reason: string;
}

/** What numbers and dates have in common; dates are milliseconds since 1970. */
export interface Amount {
  /** All values are `offset` (default 0) plus multiples of `step`; absent for numbers of any size. */
  readonly step?: number;
  readonly offset?: number;
  /** Values written are not below and not above these, where they are given. */
  readonly minimum?: number;
  readonly maximum?: number;
  /** "observed": only values of the training table are written; "any": all that the grid and the bounds allow. */
  readonly values: "observed" | "any";
  /** Values that are classes of their own beside the others, ascending; absent where values are observed ones, which all are. */
  readonly apart?: readonly number[];
}

export const numberScales = ["quantile", "smooth", "robust"] as const;
export type NumberScale = (typeof numberScales)[number];

export interface NumberColumn extends ColumnBase, Amount {
  readonly kind: "number";
  readonly format: NumberFormat;
  /**
   * "quantile": each quantile to that of N(0, 1); "smooth": scores of mean 0 and variance 1 that bridge what lies between few values
   * (`smoothKnots`), or quantiles where some values are far off; "robust": median and quartiles to those of N(0, 1), straight.
   */
  readonly scale: NumberScale;
}

export interface DateColumn extends ColumnBase, Amount {
  readonly kind: "date";
  readonly format: string;
  /** As for numbers; default "quantile". */
  readonly scale?: NumberScale;
}

export interface Level {
  readonly text: string;
  readonly count: number;
}

/** One column; text and text ids are left out of a model or, with `regenerate`, written anew, as ids that count rows are. */
export type ColumnSchema =
  | NumberColumn
  | DateColumn
  | (ColumnBase & { readonly kind: "category" | "ordinal"; readonly levels: readonly Level[] })
  | (ColumnBase & { readonly kind: "boolean"; readonly true: string; readonly false: string })
  | (ColumnBase & { readonly kind: "constant"; readonly text: string })
  | (ColumnBase & { readonly kind: "text"; readonly regenerate?: Regeneration })
  | (ColumnBase & { readonly kind: "id"; readonly first?: number; readonly regenerate?: Regeneration });

export type ColumnKind = ColumnSchema["kind"];

/** A table of fewer rows is small: its numbers and the details of its columns are learnt less finely. */
export const manyRows = 2000;

export interface Schema {
  readonly columns: readonly ColumnSchema[];
}

/** The most levels a category may have. */
export const mostLevels = 65_536;
/** The most values of a column of numbers or dates that are classes of their own. */
export const mostApart = 1000;
export const mostColumns = 65_536;
const text = z.string().max(2 ** 20);
const count = z.int().nonnegative();

const notation = { mark: z.enum([".", ","]), thousands: z.literal(true).exactOptional() };
const numberFormat = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("decimals"),
    ...notation,
    least: z.int().min(0).max(15),
    most: z.int().min(0).max(15),
  }),
  z.strictObject({ kind: z.literal("significant"), ...notation, digits: z.int().min(1).max(15) }),
]);
const base = {
  name: text,
  origin: z.enum(["untyped", "text", "number", "boolean", "date"]),
  gap: text,
  gaps: z.array(text).max(1000),
  reason: text,
};
const amount = {
  step: z.number().positive().exactOptional(),
  offset: z.number().exactOptional(),
  minimum: z.number().exactOptional(),
  maximum: z.number().exactOptional(),
  values: z.enum(["observed", "any"]),
  apart: z.array(z.number()).min(1).max(mostApart).refine(isAscending, "numbers that ascend").exactOptional(),
};
const levels = z.array(z.strictObject({ text, count })).min(1).max(mostLevels);

const columnSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("number"),
    ...base,
    ...amount,
    format: numberFormat,
    scale: z.enum(numberScales),
  }),
  z.strictObject({
    kind: z.literal("date"),
    ...base,
    ...amount,
    format: z.string().max(60),
    scale: z.enum(numberScales).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("category"), ...base, levels }),
  z.strictObject({ kind: z.literal("ordinal"), ...base, levels }),
  z.strictObject({ kind: z.literal("boolean"), ...base, true: text, false: text }),
  z.strictObject({ kind: z.literal("constant"), ...base, text }),
  z.strictObject({ kind: z.literal("text"), ...base, regenerate: regenerationJson.exactOptional() }),
  z.strictObject({
    kind: z.literal("id"),
    ...base,
    first: z.int().exactOptional(),
    regenerate: regenerationJson.exactOptional(),
  }),
]);

/** A whole schema as JSON. */
export const schemaJson = z.strictObject({
  columns: z
    .array(columnSchema)
    .min(1)
    .max(mostColumns)
    .refine((columns) => new Set(columns.map(({ name }) => name)).size === columns.length, "different names"),
});
