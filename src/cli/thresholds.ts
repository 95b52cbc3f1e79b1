// thresholds: the little languages of `evaluate`: `nll=2.6,slicedWasserstein=0.1`, and which baselines to train.
import { failure, type LocalFlowError } from "../errors.ts";
import {
  type BaselineName,
  type FlowBaseline,
  flowBaselines,
  type MeasureName,
  measureNames,
  quickBaselines,
} from "../measure/names.ts";
import * as parse from "./parse.ts";

/** The worst value of a measure that still passes. Lower is better in all of them. */
export interface Threshold {
  readonly measure: MeasureName;
  readonly worst: number;
}

/** `nll=2.6,slicedWasserstein=0.1`: measures with their worst allowed values, no measure twice. */
export const thresholds: parse.Parser<readonly Threshold[]> = (text, where) => {
  const list = text.split(",").map((part) => {
    const [name = "", value = "", ...more] = part.split("=");
    if (value === "" || more.length > 0)
      throw failure("option", { where, expected: "measure=value, such as nll=2.6", received: JSON.stringify(part) });
    return { measure: parse.choice(measureNames)(name.trim(), where), worst: parse.number()(value, where) };
  });
  if (new Set(list.map(({ measure }) => measure)).size === list.length) return list;
  throw failure("option", { where, expected: "each measure once", received: JSON.stringify(text) });
};

/** `flow-wide,flow-long`: names of baselines, no name twice. */
export const baselines: parse.Parser<readonly BaselineName[]> = (text, where) => {
  const one = parse.choice([...quickBaselines, ...flowBaselines]);
  return [...new Set(text.split(",").map((name) => one(name.trim(), where)))];
};

/** `flow-wide,flow-long`, or `none`. */
export const rivals: parse.Parser<readonly FlowBaseline[]> = (text, where) =>
  text.trim() === "none"
    ? []
    : [...new Set(text.split(",").map((name) => parse.choice(flowBaselines)(name.trim(), where)))];

/** One sentence about every threshold that is not met; undefined when all are. A value that is not a number meets none. */
export function missed(
  list: readonly Threshold[],
  measures: Readonly<Partial<Record<MeasureName, { readonly value: number }>>>,
): LocalFlowError | undefined {
  const over = list.filter(({ measure, worst }) => !((measures[measure]?.value ?? Number.NaN) <= worst));
  if (over.length === 0) return undefined;
  return failure("numeric", {
    where: "--fail-under",
    expected: over.map(({ measure, worst }) => `${measure} of at most ${worst}`).join(" and "),
    received: over.map(({ measure }) => String(measures[measure]?.value ?? "no such measure")).join(" and "),
  });
}
