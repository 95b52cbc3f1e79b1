// thresholds: the little languages of `evaluate`: `nll=2.6,slicedWasserstein=0.1`, and which baselines to train.
import { shorten } from "../data/columns.ts";
import { failure, type LocalFlowError } from "../errors.ts";
import {
  type BaselineName,
  type FlowBaseline,
  flowBaselines,
  type MeasureName,
  measureNames,
  quickBaselines,
} from "../measure/names.ts";
import { type ImageMetricName, imageMetricNames } from "../tasks/images/image-measures.ts";
import { type TableMetricName, tableMetricNames } from "../tasks/table/evaluate-table-metrics.ts";
import {
  type EvaluatedText,
  type TextMetricName,
  textMetricNames,
  textMetrics,
} from "../tasks/table/evaluate-texts.ts";
import { measureRanges } from "./measure-ranges.ts";
import * as parse from "./parse.ts";

/** Everything that some evaluation measures. */
export type AnyMeasureName = MeasureName | TableMetricName | TextMetricName | ImageMetricName;
const anyMeasureNames: readonly AnyMeasureName[] = [
  ...new Set([...measureNames, ...tableMetricNames, ...textMetricNames, ...imageMetricNames]),
];

/** The worst value of a measure that still passes: the least where higher is better, otherwise the most. */
export interface Threshold {
  readonly measure: AnyMeasureName;
  readonly worst: number;
}

/** `nll=2.6,slicedWasserstein=0.1`: measures with their worst allowed values, inside what the measure can be, no measure twice. */
export const thresholds: parse.Parser<readonly Threshold[]> = (text, where) => {
  const list = text.split(",").map((part) => {
    const [name = "", value = "", ...more] = part.split("=");
    if (value === "" || more.length > 0)
      throw failure("option", { where, expected: "measure=value, such as nll=2.6", received: JSON.stringify(part) });
    const measure = parse.choice(anyMeasureNames)(name.trim(), where);
    return { measure, worst: meaningful(measure, parse.number()(value, where), `${where} ${measure}`) };
  });
  return eachOnce(list, where);
};

/** The bound, unless it lies beyond all values of the measure, so that each meets it or none does. */
function meaningful(measure: AnyMeasureName, worst: number, where: string): number {
  const { least, most } = measureRanges[measure];
  if (worst >= least && worst <= most) return worst;
  const ends = [
    ...(Number.isFinite(least) ? [`at least ${least}`] : []),
    ...(Number.isFinite(most) ? [`at most ${most}`] : []),
  ];
  throw failure("option", {
    where,
    expected: `a bound of ${ends.join(" and ")}, as that is where the measure lies`,
    received: String(worst),
  });
}

/** Throws unless no measure occurs twice. */
export function eachOnce(list: readonly Threshold[], where: string): readonly Threshold[] {
  const names = list.map(({ measure }) => measure);
  const twice = names.find((name, place) => names.indexOf(name) !== place);
  if (twice === undefined) return list;
  throw failure("option", { where, expected: "each measure once", received: `${twice} twice` });
}

/** Throws unless all measures are among those that `what` has. */
export function checkMeasures(list: readonly Threshold[], known: readonly AnyMeasureName[], what: string): void {
  const other = list.find(({ measure }) => !known.includes(measure));
  if (other === undefined) return;
  throw failure("option", {
    where: "--fail-under",
    expected: `a measure of ${what}`,
    received: other.measure,
    remedy: `choose among ${known.join(", ")}`,
  });
}

/** `flow-wide,flow-long`: names of baselines, no name twice. */
export const baselines: parse.Parser<readonly BaselineName[]> = (text, where) => {
  const one = parse.choice([...quickBaselines, ...flowBaselines]);
  return [...new Set(text.split(",").map((name) => one(name.trim(), where)))];
};

/** The baselines asked for: `--plain` is short for flow-wide. */
export function askedBaselines({
  baselines: named = [],
  plain = false,
}: {
  readonly baselines?: readonly BaselineName[];
  readonly plain?: boolean;
}): readonly BaselineName[] {
  return plain && !named.includes("flow-wide") ? [...named, "flow-wide"] : named;
}

/** `flow-wide,flow-long`, or `none`. */
export const rivals: parse.Parser<readonly FlowBaseline[]> = (text, where) =>
  text.trim() === "none"
    ? []
    : [...new Set(text.split(",").map((name) => parse.choice(flowBaselines)(name.trim(), where)))];

/** A measure's value; lower is better where nothing is said. */
interface MeasuredValue {
  readonly value: number;
  readonly better?: "lower" | "higher";
  /** The column that it is of, where it is of one. */
  readonly column?: string;
}

/** Of each measure of texts the value of the column that has the worst. */
export function worstTexts(texts: readonly EvaluatedText[]): Readonly<Partial<Record<TextMetricName, MeasuredValue>>> {
  const worst: Partial<Record<TextMetricName, MeasuredValue>> = {};
  for (const { column, measures } of texts)
    for (const name of textMetricNames) {
      const [value, before] = [measures[name]?.value, worst[name]?.value];
      if (value === undefined) continue;
      const better = textMetrics[name].better === "higher" ? "higher" : "lower";
      const isWorst = before === undefined || (better === "higher" ? value < before : value > before);
      if (isWorst) worst[name] = { value, better, column };
    }
  return worst;
}

/**
 * One sentence about every threshold that is not met; undefined when all are. A value that is not a number meets none; `needs` says what
 * measures take that are not there.
 */
export function missed(
  list: readonly Threshold[],
  measures: Readonly<Partial<Record<AnyMeasureName, MeasuredValue>>>,
  needs: Readonly<Partial<Record<AnyMeasureName, string>>> = {},
): LocalFlowError | undefined {
  const isHigher = (measure: AnyMeasureName) => measures[measure]?.better === "higher";
  const over = list.filter(({ measure, worst }) => {
    const value = measures[measure]?.value ?? Number.NaN;
    return !(isHigher(measure) ? value >= worst : value <= worst);
  });
  if (over.length === 0) return undefined;
  const bound = (measure: AnyMeasureName) => (isHigher(measure) ? "at least" : "at most");
  return failure("numeric", {
    where: "--fail-under",
    expected: over.map(({ measure, worst }) => `${measure} of ${bound(measure)} ${worst}`).join(" and "),
    received: over.map(({ measure }) => spoken(measures[measure], needs[measure])).join(" and "),
  });
}

function spoken(measured: MeasuredValue | undefined, need: string | undefined): string {
  if (measured === undefined) return need === undefined ? "no such measure" : `none, as that takes ${need}`;
  const { value, column } = measured;
  return column === undefined ? String(value) : `${value} (column "${shorten(column)}")`;
}
