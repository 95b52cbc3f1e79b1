// schema-file: what a user says of the columns and the rows of a table, as JSON from a file or a program.
import * as z from "zod";
import { didYouMean, nearestName, shorten } from "../../data/columns.ts";
import { isRecord } from "../../data/is-record.ts";
import { failure } from "../../errors.ts";
import { faultOf, spokenJson } from "../json-fault.ts";
import { columnPlace, constraintsPlace, labelPlace } from "./said-places.ts";
import { mostApart, mostLevels, numberScales } from "./schema.ts";

const text = z.string().max(2 ** 20);
const gaps = z.array(text).max(1000).exactOptional();
const values = z.enum(["observed", "any"]).exactOptional();
const scale = z.enum(numberScales).exactOptional();

/** What a user may say of a column; the rest is found from the data. */
const overrideJson = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("number"),
    minimum: z.number().nullable().exactOptional(),
    maximum: z.number().nullable().exactOptional(),
    step: z.number().positive().exactOptional(),
    values,
    apart: z.array(z.number()).max(mostApart).exactOptional(),
    scale,
    /** Whether thousands are grouped, as in 73,807. */
    thousands: z.boolean().exactOptional(),
    gaps,
  }),
  z.strictObject({
    kind: z.literal("date"),
    format: z.string().max(60).exactOptional(),
    values,
    apart: z.array(text).max(mostApart).exactOptional(),
    scale,
    gaps,
  }),
  z.strictObject({ kind: z.literal("category"), gaps }),
  z.strictObject({ kind: z.literal("ordinal"), levels: z.array(text).min(1).max(mostLevels), gaps }),
  z.strictObject({ kind: z.literal("boolean"), true: text.exactOptional(), gaps }),
  /** `regenerate`: new texts in the shapes of the column's own; "sample": its own texts again. */
  z.strictObject({
    kind: z.literal("text"),
    regenerate: z.union([z.boolean(), z.literal("sample")]).exactOptional(),
  }),
  z.strictObject({ kind: z.literal("id"), regenerate: z.boolean().exactOptional() }),
]);
const fieldsOf: ReadonlyMap<string, readonly string[]> = new Map(
  overrideJson.options.map(({ shape }) => [shape.kind.value, Object.keys(shape)]),
);
const kinds = [...fieldsOf.keys()];

/** What a user says of one column. */
export type ColumnOverride = z.infer<typeof overrideJson>;
/** What a user says of columns, by name. */
export type SchemaOverrides = Readonly<Record<string, ColumnOverride>>;

/** What a schema file may say: of columns, and of the rows of the table. */
export interface SchemaFile {
  readonly columns: SchemaOverrides;
  readonly constraints?: readonly string[];
  readonly label?: string;
}

const constraintsJson = z.array(z.string().max(10_000)).max(1000);

/**
 * A schema file: columns by name, beside them a list under `constraints` and a text under `label` (columns of these names have
 * objects). Throws an `option` error that says where it is wrong.
 */
export function parseSchemaFile(json: unknown, where: string): SchemaFile {
  const entries = Object.entries(recordIn(json, where));
  const isRule = ([name, value]: readonly [string, unknown]) =>
    (name === "constraints" || name === "label") && !isRecord(value);
  const rules = new Map(entries.filter(isRule));
  return {
    columns: parseOverrides(Object.fromEntries(entries.filter((entry) => !isRule(entry))), where),
    ...(rules.has("constraints") && { constraints: constraintsIn(rules.get("constraints"), where) }),
    ...(rules.has("label") && { label: labelIn(rules.get("label"), where) }),
  };
}

/** The columns' overrides from a user's file; throws an `option` error that says where it is wrong. */
export function parseOverrides(json: unknown, where: string): SchemaOverrides {
  const entries = Object.entries(recordIn(json, where));
  return Object.fromEntries(entries.map(([name, value]) => [name, overrideIn(value, name, where)]));
}

function recordIn(json: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isRecord(json)) return json;
  const expected = 'columns by their names, such as {"age": {"kind": "number"}}';
  throw failure("option", { where, expected, received: spokenJson(json) });
}

function constraintsIn(json: unknown, where: string): readonly string[] {
  const result = constraintsJson.safeParse(json);
  if (result.success) return result.data;
  const { path, ...problem } = faultOf(result.error, json);
  const expected = path.length === 0 ? "a list of texts" : problem.expected;
  throw failure("option", { ...problem, where: constraintsPlace(where) + placeIn(path), expected });
}

function labelIn(json: unknown, where: string): string {
  if (typeof json === "string") return json;
  throw failure("option", { where: labelPlace(where), expected: "the name of a column", received: spokenJson(json) });
}

function overrideIn(json: unknown, name: string, file: string): ColumnOverride {
  const where = columnPlace(file, name);
  if (!isRecord(json))
    throw failure("option", {
      where,
      expected: 'an object such as {"kind": "number"}',
      received: spokenJson(json),
      ...otherwise(json, name),
    });
  const { kind } = json;
  const fields = typeof kind === "string" ? fieldsOf.get(kind) : undefined;
  if (fields === undefined)
    throw failure("option", {
      where: `${where}, field "kind"`,
      expected: `one of ${kinds.join(", ")}`,
      received: spokenJson(kind),
      ...(typeof kind === "string" && didYouMean(kind, kinds)),
    });
  const result = overrideJson.safeParse(json);
  if (result.success) return result.data;
  const { path, ...problem } = faultOf(result.error, json, fields);
  throw failure("option", { ...problem, where: where + placeIn(path) });
}

/** What is probably meant by a name with something else than an object. */
function otherwise(json: unknown, name: string): { readonly remedy?: string } {
  const kind = typeof json === "string" ? nearestName(json, kinds) : undefined;
  if (kind !== undefined) return { remedy: `write {"kind": "${kind}"}` };
  return didYouMean(name, Array.isArray(json) ? ["constraints"] : typeof json === "string" ? ["label"] : []);
}

/** `, field "levels", item 3`. */
function placeIn(path: readonly PropertyKey[]): string {
  return path
    .map((key) => (typeof key === "number" ? `, item ${key + 1}` : `, field "${shorten(String(key))}"`))
    .join("");
}
