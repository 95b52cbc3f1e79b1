// schema-file: what a user says of the columns and the rows of a table, as JSON from a file or a program.
import * as z from "zod";
import { listNames } from "../../data/columns.ts";
import { isRecord } from "../../data/is-record.ts";
import { spokenValue } from "../../data/requests.ts";
import { failure } from "../../errors.ts";
import { faultOf } from "../json-fault.ts";
import { type ColumnOverride, columnOverride, isFieldName, placeIn } from "./column-overrides.ts";
import { columnPlace, constraintsPlace, labelPlace } from "./said-places.ts";

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
  checkTop(entries, where);
  const isRule = ([name, value]: readonly [string, unknown]) =>
    (name === "constraints" || name === "label") && !isRecord(value);
  const rules = new Map(entries.filter(isRule));
  return {
    columns: parseOverrides(Object.fromEntries(entries.filter((entry) => !isRule(entry))), where),
    ...(rules.has("constraints") && { constraints: constraintsIn(rules.get("constraints"), where) }),
    ...(rules.has("label") && { label: labelIn(rules.get("label"), where) }),
  };
}

/** Throws an `option` error for columns that stand one level down, under "columns". */
function checkTop(entries: readonly (readonly [string, unknown])[], where: string): void {
  const inner = entries.find(([name]) => name === "columns")?.[1];
  const isList = Array.isArray(inner);
  if (!isList && !(isRecord(inner) && Object.keys(inner).length > 0 && !Object.keys(inner).some(isFieldName))) return;
  throw failure("option", {
    where: `${where} "columns"`,
    expected: 'columns by their names at the top of the file, such as {"age": {"kind": "number"}}',
    received: isList ? "a list" : `an object with ${listNames(Object.keys(inner ?? {}))}`,
    remedy: 'leave out "columns"',
  });
}

/** The columns' overrides from a user's file; throws an `option` error that says where it is wrong. */
export function parseOverrides(json: unknown, where: string): SchemaOverrides {
  const entries = Object.entries(recordIn(json, where));
  return Object.fromEntries(
    entries.map(([name, value]) => [name, columnOverride(value, name, columnPlace(where, name))]),
  );
}

function recordIn(json: unknown, where: string): Readonly<Record<string, unknown>> {
  if (isRecord(json)) return json;
  const expected = 'columns by their names, such as {"age": {"kind": "number"}}';
  throw failure("option", { where, expected, received: spokenValue(json) });
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
  throw failure("option", { where: labelPlace(where), expected: "the name of a column", received: spokenValue(json) });
}
