// requests: what programs ask for, held against rules: names that are not known and values that cannot be are refused, as those of the command line are.
import { type ErrorCode, failure } from "../errors.ts";
import { didYouMean, shorten } from "./columns.ts";
import { isRecord } from "./is-record.ts";
import { isInside, type Range, spokenRange } from "./ranges.ts";
import { spoken } from "./value-table.ts";

/** What a value has to be. */
export interface Rule {
  readonly expected: string;
  readonly holds: (value: unknown) => boolean;
  readonly remedy?: string;
  /** The texts that would do, where there are few. */
  readonly words?: readonly string[];
  /** Whether it has to be there. */
  readonly isNeeded?: boolean;
  /** What kind of error it is where it does not hold; default: "option". */
  readonly code?: ErrorCode;
}

/** A rule for every option that a request may have. */
export type Rules<T> = { readonly [Name in keyof T]-?: Rule };

/** Throws an "option" error at `where` for no object, and at its name for an option that is not known or breaks its rule. */
export function checkRequest<T extends object>(request: T, rules: Rules<T>, where: string): void {
  checkValue(request, options, where);
  const names = Object.keys(rules);
  const strange = Object.keys(request).find((name) => !names.includes(name));
  if (strange !== undefined) {
    const unsaid = names.filter((name) => !Object.hasOwn(request, name));
    const problem = strangeName("options", names, strange, unsaid);
    throw failure("option", { where: shorten(strange), remedy: leaveOut, ...problem });
  }
  for (const [name, rule] of Object.entries<Rule>(rules)) {
    const value: unknown = Reflect.get(request, name);
    if (rule.isNeeded || value !== undefined) checkValue(value, rule, name);
  }
}

const [leaveOut, giveOne] = ["leave it out", "give one"];

/** Throws an error at `where` unless the value keeps the rule. */
export function checkValue(value: unknown, rule: Rule, where: string): void {
  const { expected, holds, code = "option" } = rule;
  if (!holds(value)) throw failure(code, { where, expected, received: spokenValue(value), ...remedyFor(value, rule) });
}

function remedyFor(value: unknown, { holds, remedy, words = [], isNeeded }: Rule): { readonly remedy?: string } {
  if (isText(value) && value.trim() !== "" && holds(Number(value))) return { remedy: "leave out the quotes" };
  const usual = { remedy: remedy ?? (isNeeded ? giveOne : `${giveOne} or ${leaveOut}`) };
  return isText(value) ? { ...usual, ...didYouMean(value, words) } : usual;
}

/** What is wrong with a name that is none of those that may stand there, which are called `noun`; one of the `likely` ones may be meant. */
export function strangeName(noun: string, names: readonly string[], name: string, likely = names) {
  return { expected: `one of the ${noun} ${names.join(", ")}`, received: "another one", ...didYouMean(name, likely) };
}

/** A value in a word or two: texts in quotes. */
export function spokenValue(value: unknown): string {
  if (value === undefined) return "nothing";
  if (typeof value === "function") return "a function";
  if (value instanceof Promise) return "a promise, which is to be awaited";
  return isText(value) ? JSON.stringify(shorten(value)) : spoken(value);
}

/** The same rule of a value that has to be there. */
export function required(rule: Rule): Rule {
  return { ...rule, isNeeded: true };
}

/** A finite number. */
export function number(range: Range = {}): Rule {
  const holds = (value: unknown) => typeof value === "number" && Number.isFinite(value) && isInside(value, range);
  return { expected: spokenRange("a number", range), holds };
}

/** A whole number that is exact in double precision. */
export function whole(range: Range = {}): Rule {
  const holds = (value: unknown) => typeof value === "number" && Number.isSafeInteger(value) && isInside(value, range);
  return { expected: spokenRange("a whole number", range), holds };
}

/** One of some words. */
export function choice(words: readonly string[]): Rule {
  return { expected: `one of ${words.join(", ")}`, holds: (value) => words.some((word) => word === value), words };
}

const isText = (value: unknown): value is string => typeof value === "string";

export const truth: Rule = { expected: "true or false", holds: (value) => typeof value === "boolean" };
export const text: Rule = { expected: "a text", holds: isText };
export const texts: Rule = {
  expected: "a list of texts",
  holds: (value) => Array.isArray(value) && value.every(isText),
};
export const object: Rule = { expected: "an object", holds: isRecord };
export const callback: Rule = { expected: "a function", holds: (value) => typeof value === "function" };
export const signal: Rule = {
  expected: "an AbortSignal",
  holds: (value) => isRecord(value) && typeof value["aborted"] === "boolean",
};
export const bytesRule: Rule = {
  expected: "bytes",
  holds: (value) => value instanceof Uint8Array,
  remedy: "give those of its file as a Uint8Array",
  code: "model",
};
const options: Rule = { expected: "an object of options", holds: isRecord, isNeeded: true };
