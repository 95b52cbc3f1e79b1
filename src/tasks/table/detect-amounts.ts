// detect-amounts: columns of numbers and of dates: their format, grid, bounds, and which values are classes of their own.
import { listNames } from "../../data/columns.ts";
import { type AmountColumn, amountsOf, isWritten } from "./amounts.ts";
import { type DateFormat, dateFormat, findDateFormat } from "./date-format.ts";
import { idOf } from "./detect-ids.ts";
import { type FoundNumbers, numbersIn } from "./detect-numbers.ts";
import { formatNumber, greatestDivisor, gridStep, numberFormatOf } from "./number-format.ts";
import { pilesIn } from "./piles.ts";
import { kept, type Profile, quantile, type Values, valuesOf } from "./profile.ts";
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
export type NumberWishes = Partial<Pick<NumberColumn, "step" | "values" | "apart" | "scale">> & {
  readonly minimum?: number | null;
  readonly maximum?: number | null;
};

/** What a user may set of a date column, beside its pattern. */
export type DateWishes = Partial<Pick<DateColumn, "values" | "apart" | "scale">>;

/** The column of the numbers found, `wishes` going first. */
export function numberColumn(
  { found, profile, notation, remark }: FoundNumbers,
  base: Base,
  wishes: NumberWishes = {},
): NumberColumn {
  const { values } = found;
  const format = numberFormatOf(profile.texts, notation);
  const step = wishes.step ?? (format.kind === "decimals" ? gridStep(values, format.most) : undefined);
  const writing = wishes.values ?? (isMapped(wishes) || wishes.step !== undefined ? "any" : observing(found));
  const { minimum, maximum } = boundsWithin(found, wishes, writing);
  const written = (value: number) => formatNumber(value, format);
  const range = `from ${written(values[0]!)} to ${written(values.at(-1)!)}`;
  const isWhole = format.kind === "decimals" && format.most === 0;
  const steps =
    step === undefined
      ? ""
      : `${wishes.step === undefined ? " in" : ", to be in"} steps of ${Number(step.toPrecision(6))}`;
  const said = remark === undefined ? "" : `; ${remark}`;
  const column: Omit<NumberColumn, "reason"> = {
    ...base,
    kind: "number",
    format,
    ...(step !== undefined && gridThrough(values[0]!, step)),
    ...(minimum !== null && { minimum }),
    ...(maximum !== null && { maximum }),
    values: writing,
    scale: wishes.scale ?? (suitsSmoothing(found, profile.rows, step) ? "smooth" : "quantile"),
  };
  const apart = classesIn(column, found, wishes.apart);
  const shape = tail(kept(found, (place) => !apart.includes(values[place]!)));
  const what = isWhole ? "whole numbers" : "numbers";
  const reason = `${what} ${range}${steps}, ${values.length} different${shape}${said}`;
  return withClasses(column, apart, { reason, scale: wishes.scale });
}

/** The bounds that are asked for, else the outermost values; where observed values alone are written, none that is wider than these. */
function boundsWithin({ values }: Values, wishes: NumberWishes, writing: Amount["values"]) {
  const [first, last] = [values[0]!, values.at(-1)!];
  const { minimum = first, maximum = last } = wishes;
  if (writing === "any") return { minimum, maximum };
  return { minimum: Math.max(minimum ?? first, first), maximum: Math.min(maximum ?? last, last) };
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

/** Whether a user says how values are mapped; observed values go through no map. */
function isMapped({ scale, apart }: NumberWishes | DateWishes): boolean {
  return scale !== undefined || apart !== undefined;
}

/** The values that are classes of their own: those given or, where none are, those at which rows pile up. */
function classesIn(column: AmountColumn, found: Values, given?: readonly number[]): readonly number[] {
  if (column.values === "observed") return [];
  return given?.toSorted((a, b) => a - b) ?? pilesIn(found, column.step).filter((value) => isWritten(column, value));
}

/**
 * The column with these classes, and with the reason that says so. The map beside them is that of quantiles unless a schema says `scale`: on
 * a smooth one the column would not be N(0, 1), and classes win or lose rows.
 */
function withClasses<T extends AmountColumn>(
  column: T,
  apart: readonly number[],
  { reason, scale = "quantile" }: { readonly reason: string; readonly scale?: NumberColumn["scale"] | undefined },
) {
  if (apart.length === 0) return { ...column, reason };
  const fate = apart.length === 1 ? "is a class of its own" : "are classes of their own";
  return { ...column, scale, reason: `${reason}; ${listNames(apart.map(amountsOf(column).format))} ${fate}`, apart };
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
  const column: Omit<DateColumn, "reason"> = {
    ...base,
    kind: "date",
    format: pattern,
    ...grid,
    minimum: values[0]!,
    maximum: values.at(-1)!,
    values: wishes.values ?? (isMapped(wishes) ? "any" : observing(found)),
    ...(scale !== undefined && { scale }),
  };
  const range = `from ${format.format(values[0]!)} to ${format.format(values.at(-1)!)}`;
  const classes = classesIn(column, found, wishes.apart);
  return withClasses(column, classes, { reason: `${reason}, ${range}`, scale: wishes.scale });
}

function dateStep(values: Float64Array, { step }: DateFormat): number {
  let common = 0;
  for (const value of values) common = greatestDivisor(common, Math.round((value - values[0]!) / step));
  return Math.max(common, 1) * step;
}
