// json-fault: JSON from outside held against a shape; what is wrong with it in the words of errors.
import type * as z from "zod";
import { didYouMean, nearestName } from "../data/columns.ts";
import { spokenValue, strangeName } from "../data/requests.ts";
import { type ErrorCode, failure, type Problem } from "../errors.ts";

/** The first thing that is wrong: where it stands, and the facts of an error about it. */
export interface Fault extends Omit<Problem, "where"> {
  readonly path: readonly PropertyKey[];
}

/** The value of `json` if it has the shape asked for, else an error with the first place where it has not. */
export function checked<T>(shape: z.ZodType<T>, json: unknown, where: string, code: ErrorCode): T {
  const result = shape.safeParse(json);
  if (result.success) return result.data;
  const { path, ...problem } = faultOf(result.error, json);
  throw failure(code, { ...problem, where: [where, path.map(String).join(".")].join(" ").trimEnd() });
}

/** What zod found first; `fields` are the names that the object itself may have. */
export function faultOf({ issues }: z.ZodError, json: unknown, fields: readonly string[] = []): Fault {
  const [issue] = issues;
  const misspelt = misspeltField(issues, json, fields);
  if (misspelt !== undefined) return misspelt;
  if (issue === undefined) return { path: [], expected: "another value", received: spokenValue(json) };
  const { path } = issue;
  if (issue.code === "unrecognized_keys") {
    const [name = ""] = issue.keys;
    return path.length === 0 && fields.length > 0
      ? strangeField(name, fields)
      : { path: [...path, name], expected: "no such field", received: "another one" };
  }
  const value = path.reduce(member, json);
  const near = typeof value === "string" ? didYouMean(value, choicesOf(issue)) : {};
  return { path, expected: expectedBy(issue), received: spokenValue(value), ...near };
}

/** A field whose name is near to that of the one that is found to be lacking first. */
function misspeltField(
  [first, ...rest]: readonly Issue[],
  json: unknown,
  fields: readonly string[],
): Fault | undefined {
  const [lacking, ...below] = first?.path ?? [];
  if (typeof lacking !== "string" || below.length > 0 || member(json, lacking) !== undefined) return undefined;
  const strange = rest.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
  const name = strange.find((key) => nearestName(key, fields) === lacking);
  return name === undefined ? undefined : strangeField(name, fields);
}

function strangeField(name: string, fields: readonly string[]): Fault {
  return { path: [name], ...strangeName("fields", fields, name) };
}

type Issue = z.core.$ZodIssue;

function member(value: unknown, key: PropertyKey): unknown {
  return typeof value === "object" && value !== null ? Reflect.get(value, key) : undefined;
}

/** The texts that would do. */
function choicesOf(issue: Issue): readonly string[] {
  const texts = issue.code === "invalid_value" ? issue.values : [];
  return texts.filter((choice) => typeof choice === "string");
}

const types: Readonly<Record<string, string>> = {
  string: "a text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};
/** What is bounded, and what its size counts. */
const sizes: Readonly<Record<string, readonly [string, string]>> = {
  string: ["a text", "character"],
  array: ["a list", "item"],
};

function expectedBy(issue: Issue): string {
  switch (issue.code) {
    case "invalid_type":
      return types[issue.expected] ?? issue.expected;
    case "invalid_value":
      return listed(issue.values.map((choice) => JSON.stringify(choice)));
    case "invalid_union": {
      const each = issue.errors.flatMap(([first]) => (first === undefined ? [] : [expectedBy(first)]));
      return each.length === 0 ? "a kind that is known" : each.join(" or ");
    }
    case "too_small":
    case "too_big": {
      const [what, unit] = sizes[issue.origin] ?? ["a number", ""];
      const isLeast = issue.code === "too_small";
      const bound = isLeast ? issue.minimum : issue.maximum;
      const relation =
        issue.inclusive === false ? (isLeast ? "above" : "below") : isLeast ? "of at least" : "of at most";
      return `${what} ${relation} ${bound}${unit === "" ? "" : ` ${unit}${Number(bound) === 1 ? "" : "s"}`}`;
    }
    default:
      return issue.message;
  }
}

function listed(choices: readonly string[]): string {
  return choices.length === 1 ? (choices[0] ?? "") : `one of ${choices.join(", ")}`;
}
