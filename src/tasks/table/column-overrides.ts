// column-overrides: what a user says of one column, as JSON; its kind may be left to the cells.
import * as z from "zod";
import { didYouMean, nearestName, shorten } from "../../data/columns.ts";
import { isRecord } from "../../data/is-record.ts";
import { spokenValue } from "../../data/requests.ts";
import { failure, type LocalFlowError, type Problem } from "../../errors.ts";
import { faultOf } from "../json-fault.ts";
import { type ColumnKind, mostApart, mostLevels, numberScales } from "./schema.ts";

const text = z.string().max(2 ** 20);
const gaps = z.array(text).max(1000).exactOptional();
const values = z.enum(["observed", "any"]).exactOptional();
const scale = z.enum(numberScales).exactOptional();
const levels = z.array(text).min(1).max(mostLevels);
const apartOf = <T extends z.ZodType>(item: T) => z.array(item).max(mostApart).exactOptional();
const numberFields = {
  minimum: z.number().nullable().exactOptional(),
  maximum: z.number().nullable().exactOptional(),
  step: z.number().positive().exactOptional(),
  values,
  apart: apartOf(z.number()),
  scale,
  /** Whether thousands are grouped, as in 73,807. */
  thousands: z.boolean().exactOptional(),
  gaps,
};
const dateFields = { format: z.string().max(60).exactOptional(), values, apart: apartOf(text), scale, gaps };
const booleanFields = { true: text.exactOptional(), gaps };
/** New texts in the shapes of the column's own; "sample": its own texts again. */
const textFields = { regenerate: z.union([z.boolean(), z.literal("sample")]).exactOptional() };

const overrideJson = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("number"), ...numberFields }),
  z.strictObject({ kind: z.literal("date"), ...dateFields }),
  z.strictObject({ kind: z.literal("category"), gaps }),
  z.strictObject({ kind: z.literal("ordinal"), levels, gaps }),
  z.strictObject({ kind: z.literal("boolean"), ...booleanFields }),
  z.strictObject({ kind: z.literal("text"), ...textFields }),
  z.strictObject({ kind: z.literal("id"), regenerate: z.boolean().exactOptional() }),
]);
const openJson = z.strictObject({
  kind: z.undefined().exactOptional(),
  ...numberFields,
  ...dateFields,
  ...booleanFields,
  ...textFields,
  levels: levels.exactOptional(),
  apart: apartOf(z.union([z.number(), text])),
});

const fieldsOf: ReadonlyMap<string, readonly string[]> = new Map(
  overrideJson.options.map(({ shape }) => [shape.kind.value, Object.keys(shape)]),
);
const kinds = [...fieldsOf.keys()];
const openFields = Object.keys(openJson.shape);

/** Whether this is the name of something that may be said of a column. */
export function isFieldName(name: string): boolean {
  return openFields.includes(name);
}

/** What a user says of a column and of its kind; the rest is found from the cells. */
export type KindOverride = z.infer<typeof overrideJson>;
/** What he says of one whose kind is found from the cells. */
export type OpenOverride = z.infer<typeof openJson>;
export type ColumnOverride = KindOverride | OpenOverride;

/** What is said of the column `name`, which errors call `where`. Throws an `option` error that says which field is wrong. */
export function columnOverride(json: unknown, name: string, where: string): ColumnOverride {
  if (!isRecord(json))
    throw failure("option", {
      where,
      expected: 'an object such as {"kind": "number"}',
      received: spokenValue(json),
      ...otherwise(json, name),
    });
  const { kind } = json;
  const isOpen = kind === undefined && Object.keys(json).length > 0;
  const fields = isOpen ? openFields : typeof kind === "string" ? fieldsOf.get(kind) : undefined;
  if (fields === undefined)
    throw failure("option", {
      where: `${where}, field "kind"`,
      expected: `one of ${kinds.join(", ")}`,
      received: spokenValue(kind),
      ...(typeof kind === "string" && didYouMean(kind, kinds)),
    });
  const result = (isOpen ? openJson : overrideJson).safeParse(json);
  if (result.success) return result.data;
  throw fieldError(result.error, json, { fields, kind: String(kind), where });
}

/** An open override beside the kind that was found. Throws an `option` error for fields that columns of this kind do not have. */
export function closedOverride(open: OpenOverride, kind: ColumnKind, where: string): KindOverride {
  const fields = fieldsOf.get(kind);
  if (fields === undefined)
    throw failure("option", {
      where: `${where}, field "kind"`,
      expected: `one of ${kinds.join(", ")}`,
      received: "nothing",
      remedy: "the cells do not tell the kind of a column that has one value or none",
    });
  const said = { ...open, kind };
  const result = overrideJson.safeParse(said);
  if (result.success) return result.data;
  throw fieldError(result.error, said, { fields, kind, where });
}

interface Described {
  readonly fields: readonly string[];
  readonly kind: string;
  readonly where: string;
}

/** The error of the first field that is wrong. */
function fieldError(
  error: z.ZodError,
  json: Readonly<Record<string, unknown>>,
  { fields, kind, where }: Described,
): LocalFlowError {
  const { path, ...problem } = faultOf(error, json, fields);
  const [field, item] = path;
  const others = kinds.filter((each) => field !== "kind" && fieldsOf.get(each)?.includes(String(field)));
  const isElsewhere = path.length === 1 && others.length > 0 && !fields.includes(String(field));
  const value = field === "apart" && typeof item === "number" ? itemOf(json["apart"], item) : undefined;
  const better = isElsewhere
    ? elsewhere(String(field), others, { fields, kind, where })
    : { ...problem, ...(value !== undefined && writtenValue(value, kind)) };
  return failure("option", { ...better, where: where + placeIn(path) });
}

function itemOf(list: unknown, place: number): unknown {
  return Array.isArray(list) ? list[place] : undefined;
}

/** A field that other kinds of columns have. */
function elsewhere(field: string, others: readonly string[], { fields, kind }: Described): Omit<Problem, "where"> {
  const hasLevels = ["category", "ordinal", "boolean"].includes(kind);
  return {
    expected: `one of the fields of a column of kind ${kind} (${fields.join(", ")})`,
    received: `one of kind ${others.join(" or ")}`,
    remedy:
      field === "apart" && hasLevels
        ? "leave it out: each of its levels is a class of its own already"
        : `leave it out, or write ${others.map((each) => `"kind": "${each}"`).join(" or ")}`,
  };
}

/** How a value that is a class of its own is written, of one that is not. */
function writtenValue(value: unknown, kind: string): { readonly remedy?: string } {
  if (kind === "date") return { remedy: "write dates as texts, as in the table" };
  if (typeof value !== "string") return { remedy: "write values that rows have" };
  const isNumber = value.trim() !== "" && Number.isFinite(Number(value));
  return { remedy: isNumber ? `write ${Number(value)}` : 'texts among numbers are gaps, which "gaps" names' };
}

/** What is probably meant by a name with something else than an object. */
function otherwise(json: unknown, name: string): { readonly remedy?: string } {
  const kind = typeof json === "string" ? nearestName(json, kinds) : undefined;
  if (kind !== undefined) return { remedy: `write {"kind": "${kind}"}` };
  return didYouMean(name, Array.isArray(json) ? ["constraints"] : typeof json === "string" ? ["label"] : []);
}

/** `, field "levels", item 3`. */
export function placeIn(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `, item ${key + 1}` : `, field "${shorten(String(key))}"`))
    .join("");
}
