// amounts: numbers and dates as values: read, put on their grid and inside their bounds, and written.
import type { CellColumn } from "../../data/cell-table.ts";
import { dateReader } from "./date-reader.ts";
import { formatNumber, parseNumber } from "./number-format.ts";
import { profileOf, type Values, valuesOf, withoutTexts } from "./profile.ts";
import type { DateColumn, NumberColumn } from "./schema.ts";

export interface Amounts {
  /** The value of a text, NaN where it has none. */
  parse(text: string): number;
  format(value: number): string;
  /** The nearest value that the column allows; `least` and `most` bound it further. */
  allowed(value: number): number;
  /** Values that are one unit apart, the unit of densities, differ by this: 1 for numbers, a day for dates. */
  readonly unit: number;
}

const day = 864e5;
/** What a decoder gives where the bounds are open and a score is beyond all reason. */
const largest = 1e300;
/** The years 1 to 9999, in which every date has four digits. */
const [firstMoment, lastMoment] = [-62135596800000, 253402300799999];

/** A column of numbers or dates; why it is taken for one does not matter. */
export type AmountColumn = Omit<NumberColumn, "reason"> | Omit<DateColumn, "reason">;

/** How a column's values are read and written. */
export function amountsOf(column: AmountColumn): Amounts {
  const { step, offset = 0 } = column;
  const { low, high } = boundsOf(column);
  const places = placesInside(column);
  const allowed = (value: number): number => {
    const inside = Math.min(Math.max(value, low), high);
    if (step === undefined || places === undefined) return inside;
    const count = Math.round((inside - offset) / step);
    return offset + Math.max(Math.min(count, places.last), places.first) * step;
  };
  if (column.kind === "date") {
    const { parse, format } = dateReader(column.format);
    return { parse, format, allowed, unit: day };
  }
  const { format } = column;
  return {
    parse: (text) => {
      const value = parseNumber(text, format);
      return Number.isFinite(value) ? value + 0 : Number.NaN;
    },
    format: (value) => formatNumber(value, format),
    allowed,
    unit: 1,
  };
}

/** The bounds of a column, those of all that can be written where it has none. */
function boundsOf({ kind, minimum, maximum }: AmountColumn): { readonly low: number; readonly high: number } {
  const isDate = kind === "date";
  return { low: minimum ?? (isDate ? firstMoment : -largest), high: maximum ?? (isDate ? lastMoment : largest) };
}

/** The outermost places of a column's grid that are inside its bounds, `first` above `last` where none is; undefined without a grid. */
function placesInside(column: AmountColumn): { readonly first: number; readonly last: number } | undefined {
  const { step, offset = 0 } = column;
  if (step === undefined) return undefined;
  const { low, high } = boundsOf(column);
  const slack = 1e-6;
  return { first: Math.ceil((low - offset) / step - slack), last: Math.floor((high - offset) / step + slack) };
}

/** The two neighbours on a column's grid that its bounds lie between, where none of its values is inside them. */
export function gridGap(column: AmountColumn): { readonly below: number; readonly above: number } | undefined {
  const { step, offset = 0 } = column;
  const places = placesInside(column);
  if (step === undefined || places === undefined || places.first <= places.last) return undefined;
  return { below: offset + places.last * step, above: offset + places.first * step };
}

/** The values of the cells of a column. */
export function valuesIn(cells: CellColumn, column: NumberColumn | DateColumn): Values {
  return valuesOf(withoutTexts(profileOf(cells), column.gaps), amountsOf(column).parse);
}

/** The nearest value of the column's grid, whatever the bounds. */
export function onGrid({ step, offset = 0 }: AmountColumn, value: number): number {
  return step === undefined ? value : offset + Math.round((value - offset) / step) * step;
}

/** What is to be said of a value that is none of those that there are. */
export function nearestAdvice(known: ArrayLike<number>, value: number, spoken: (value: number) => string): string {
  const distances = Array.from(known, (each) => Math.abs(each - value));
  const least = distances.reduce((a, b) => Math.min(a, b), Number.POSITIVE_INFINITY);
  return `the nearest is ${spoken(known[distances.indexOf(least)]!)}`;
}

/** Whether a column writes a value as it is: on its grid, inside its bounds. */
export function isWritten(column: AmountColumn, value: number): boolean {
  return Math.abs(amountsOf(column).allowed(value) - value) <= 1e-6 * (column.step ?? 0);
}

/** Values that are farther beyond a bound than this share of the values' range are the bound. */
const mirroredShare = 0.25;

/** Where values beyond a bound are written as far inside, as long as they are not beyond `reach`. */
export interface Mirrors {
  /** Bounds, which lie half a step of the column's grid off its outer values; infinite where there is no mirror. */
  readonly low: number;
  readonly high: number;
  readonly reach: number;
}

/**
 * The mirrors of a column whose values have this range. What a flow puts beyond a bound at which rows end abruptly belongs to its inner
 * side; written as the bound itself it would pile up.
 */
export function mirrorsOf(
  { minimum, maximum, step = 0 }: NumberColumn | DateColumn,
  range: number,
  [atLow, atHigh]: readonly [boolean, boolean] = [false, false],
): Mirrors {
  return {
    low: atLow && minimum !== undefined ? minimum - step / 2 : Number.NEGATIVE_INFINITY,
    high: atHigh && maximum !== undefined ? maximum + step / 2 : Number.POSITIVE_INFINITY,
    reach: mirroredShare * range,
  };
}

/** A value as the mirrors have it. */
export function mirrored(value: number, { low, high, reach }: Mirrors): number {
  const [under, over] = [low - value, value - high];
  if (under > 0) return under <= reach ? low + under : low;
  if (over > 0) return over <= reach ? high - over : high;
  return value;
}

const times = [
  ["day", day],
  ["hour", 36e5],
  ["minute", 6e4],
  ["second", 1e3],
  ["millisecond", 1],
] as const;

/** The step of a column's grid in words: a number, or a time such as "1 day" or "15 minutes". */
export function spokenStep(step: number, kind: (NumberColumn | DateColumn)["kind"]): string {
  const [unit, length] = (kind === "date" && times.find(([, each]) => step % each === 0)) || ["", 1];
  const count = Number((step / length).toPrecision(6));
  return unit === "" ? String(count) : `${count} ${unit}${count === 1 ? "" : "s"}`;
}
