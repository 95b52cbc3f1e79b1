// detect-amounts: columns of numbers and of dates: their format, grid, bounds, and whether zero is a class of its own.
import { type DateFormat, dateFormat, findDateFormat } from "./date-format.ts";
import { idOf } from "./detect-ids.ts";
import { type FoundNumbers, numbersIn } from "./detect-numbers.ts";
import { formatNumber, greatestDivisor, gridStep, numberFormatOf } from "./number-format.ts";
import { type Profile, quantile, type Values, valuesOf, withoutPlace } from "./profile.ts";
import type { Amount, ColumnBase, ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";
import { suitsSmoothing } from "./smooth-columns.ts";

type Base = Omit<ColumnBase, "reason">;

/** A column with at most this many values, each at least so often on average, writes only values it has seen. */
const mostObserved = 1000;
const oftenObserved = 20;

/** A column of numbers, an id that counts, or dates; undefined when its texts are none of these. */
export function detectAmount(profile: Profile, base: Base): ColumnSchema | undefined {
  const dates = looksCompact(profile.texts) ? findDateFormat(profile.texts) : undefined;
  if (dates?.kind === "found") return dateColumn(profile, base, dates.pattern, dates.reason);
  const numbers = numbersIn(profile, profile.column.origin === "untyped" ? "any" : "point");
  if (numbers !== undefined) {
    const isGapless = profile.filled === profile.rows && numbers.gaps.length > 0;
    const column = { ...base, gaps: numbers.gaps, ...(isGapless && { gap: numbers.gaps[0]! }) };
    return idOf(numbers.found, profile, column) ?? numberColumn(numbers, column);
  }
  const written = findDateFormat(profile.texts);
  return written.kind === "none" ? undefined : dateColumn(profile, base, written.pattern, written.reason);
}

/** Whether texts may be dates as YYYYMMDD: many of them, all of 1900 to 2099. */
function looksCompact(texts: readonly string[]): boolean {
  return texts.length >= 10 && texts.every((text) => /^(19|20)\d{6}$/.test(text));
}

/** What a user may set of a number column. */
export type NumberWishes = Partial<Pick<NumberColumn, "step" | "values" | "zeroInflated" | "scale">> & {
  readonly minimum?: number | null;
  readonly maximum?: number | null;
};

/** What a user may set of a date column, beside its pattern. */
export type DateWishes = Partial<Pick<DateColumn, "values" | "scale">>;

/** The column of the numbers found, `wishes` going first. */
export function numberColumn(
  { found, profile, notation, remark }: FoundNumbers,
  base: Base,
  wishes: NumberWishes = {},
): NumberColumn {
  const { values } = found;
  const format = numberFormatOf(profile.texts, notation);
  const step = wishes.step ?? (format.kind === "decimals" ? gridStep(values, format.most) : undefined);
  const zeroInflated = wishes.zeroInflated ?? isZeroInflated(found);
  const apart = zeroInflated ? withoutPlace(found, values.indexOf(0)) : found;
  const chosen = wishes.values ?? (wishes.step === undefined ? observing(found) : "any");
  const { minimum = values[0]!, maximum = values.at(-1)! } = wishes;
  const written = (value: number) => formatNumber(value, format);
  const range = `from ${written(values[0]!)} to ${written(values.at(-1)!)}`;
  const isWhole = format.kind === "decimals" && format.most === 0;
  const steps = step === undefined ? "" : ` in steps of ${Number(step.toPrecision(6))}`;
  const zeros = zeroInflated ? ", zero so often that it is a class of its own" : "";
  const said = remark === undefined ? "" : `; ${remark}`;
  return {
    ...base,
    kind: "number",
    format,
    ...(step !== undefined && gridThrough(values[0]!, step)),
    ...(minimum !== null && { minimum }),
    ...(maximum !== null && { maximum }),
    values: chosen,
    zeroInflated,
    scale: wishes.scale ?? (suitsSmoothing(apart, profile.rows, step) ? "smooth" : "quantile"),
    reason: `${isWhole ? "whole numbers" : "numbers"} ${range}${steps}, ${values.length} different${zeros}${tail(found)}${said}`,
  };
}

/** The grid of multiples of `step` that `value` is on, moved where it is not one of them. */
function gridThrough(value: number, step: number): { readonly step: number; readonly offset?: number } {
  const offset = value - Math.floor(value / step + 1e-6) * step;
  return offset < 1e-6 * step ? { step } : { step, offset };
}

function observing({ values, counts }: Values): Amount["values"] {
  const rows = counts.reduce((total, each) => total + each, 0);
  return values.length <= mostObserved && rows >= oftenObserved * values.length ? "observed" : "any";
}

/** At least a tenth of the cells, five times as many as any other value, and many other values. */
function isZeroInflated({ values, counts }: Values): boolean {
  const place = values.indexOf(0);
  if (place < 0 || values.length <= 20) return false;
  let [rows, most] = [0, 0];
  counts.forEach((count, at) => {
    rows += count;
    if (at !== place) most = Math.max(most, count);
  });
  return counts[place]! >= 0.1 * rows && counts[place]! >= 5 * most;
}

/** Says so when the largest value is far outside of what the middle half spans. */
function tail(found: Values): string {
  const [low, middle, high] = [0.25, 0.5, 0.75].map((share) => quantile(found, share));
  const reach = Math.max(found.values.at(-1)! - middle!, middle! - found.values[0]!);
  return high! > low! && reach > 20 * (high! - low!) ? ", heavy tail" : "";
}

/** The column of dates of one pattern. */
export function dateColumn(
  profile: Profile,
  base: Base,
  pattern: string,
  reason: string,
  wishes: DateWishes = {},
): DateColumn {
  const format = dateFormat(pattern);
  const found = valuesOf(profile, format.parse);
  const { values } = found;
  const grid = gridThrough(values[0]!, dateStep(values, format));
  const scale = wishes.scale ?? (suitsSmoothing(found, profile.rows, grid.step) ? "smooth" : undefined);
  return {
    ...base,
    kind: "date",
    format: pattern,
    ...grid,
    minimum: values[0]!,
    maximum: values.at(-1)!,
    values: wishes.values ?? observing(found),
    ...(scale !== undefined && { scale }),
    reason: `${reason}, from ${format.format(values[0]!)} to ${format.format(values.at(-1)!)}`,
  };
}

function dateStep(values: Float64Array, { step }: DateFormat): number {
  let common = 0;
  for (const value of values) common = greatestDivisor(common, Math.round((value - values[0]!) / step));
  return Math.max(common, 1) * step;
}
