// date-format: dates and times by a pattern such as YYYY-MM-DD, found from the texts of a column.

import { shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";

/** Reads and writes dates as milliseconds since 1970 of the wall clock, without a time zone. */
export interface DateFormat {
  /** Milliseconds, NaN for a text that is not exactly of this pattern or no date of the calendar. */
  parse(text: string): number;
  format(milliseconds: number): string;
  /** The finest step it can write, in milliseconds. */
  readonly step: number;
}

type Unit = "year" | "month" | "day" | "hour" | "minute" | "second" | "fraction";
type Token = { readonly unit: Unit; readonly width: number } | { readonly literal: string };

const tokenPattern = /YYYY|YY|MM?|DD?|HH?|mm|ss|S{1,6}|\[[^\]]*\]|[TZ]|[^A-Za-z[\]]/y;
const units: Readonly<Record<string, Unit>> = {
  Y: "year",
  M: "month",
  D: "day",
  H: "hour",
  m: "minute",
  s: "second",
  S: "fraction",
};
const stepOf: Readonly<Record<Unit, number>> = {
  year: 864e5,
  month: 864e5,
  day: 864e5,
  hour: 36e5,
  minute: 6e4,
  second: 1e3,
  fraction: 1,
};

/**
 * Compiles a pattern of YYYY YY MM M DD D HH H mm ss S…, the letters T and Z, signs, and other letters in brackets. MM, DD, HH
 * have two digits, M, D, H as many as needed; YY is 1970 to 2069. Throws an `option` error for other patterns.
 */
export function dateFormat(pattern: string, where = "date format"): DateFormat {
  const tokens = tokensOf(pattern, where);
  const fields = tokens.filter((token) => "unit" in token);
  const names = new Set(fields.map(({ unit }) => unit));
  if (fields.length === 0 || names.size < fields.length) throw patternError(pattern, where);
  const expression = new RegExp(`^${tokens.map(expressionOf).join("")}$`);
  const read = fieldReader(tokens, expression);
  const hasShortYear = fields.some(({ unit, width }) => unit === "year" && width === 2);
  const digits = fields.find(({ unit }) => unit === "fraction")?.width ?? 0;
  const step = Math.min(...fields.map(({ unit }) => stepOf[unit])) * (digits > 0 ? 10 ** (3 - digits) : 1);
  const format = (milliseconds: number): string => {
    const parts = partsOf(Math.round(milliseconds / step) * step, digits);
    return tokens.map((token) => ("literal" in token ? token.literal : written(token, parts))).join("");
  };
  return {
    step,
    format,
    parse(text) {
      if (!expression.test(text)) return Number.NaN;
      const found = read(text);
      const { month, day, hour, minute, second } = found;
      const year = !hasShortYear ? found.year : found.year < 70 ? 2000 + found.year : 1900 + found.year;
      const isDate = month >= 1 && month <= 12 && day >= 1 && day <= daysIn(year, month);
      if (!(isDate && hour < 24 && minute < 60 && second < 60)) return Number.NaN;
      const seconds = dayNumber(year, month, day) * 86_400 + hour * 3600 + minute * 60 + second;
      const milliseconds = seconds * 1e3 + found.fraction * 10 ** (3 - digits);
      return digits <= 3 || format(milliseconds) === text ? milliseconds : Number.NaN;
    },
  };
}

/** Reads the fields of a text that matches, always into the same parts; where all have a fixed width, by their places. */
function fieldReader(tokens: readonly Token[], expression: RegExp): (text: string) => Parts {
  const parts: Parts = { year: 1970, month: 1, day: 1, hour: 0, minute: 0, second: 0, fraction: 0 };
  const fields = tokens.filter((token) => "unit" in token);
  if (fields.some(({ unit, width }) => width === 1 && unit !== "fraction"))
    return (text) => {
      const match = expression.exec(text);
      fields.forEach(({ unit }, place) => {
        parts[unit] = Number(match?.[place + 1]);
      });
      return parts;
    };
  let at = 0;
  const places = tokens.flatMap((token) => {
    const from = at;
    at += "unit" in token ? token.width : token.literal.length;
    return "unit" in token ? [{ unit: token.unit, from, to: at }] : [];
  });
  return (text) => {
    for (const { unit, from, to } of places) {
      let value = 0;
      for (let place = from; place < to; place++) value = 10 * value + text.charCodeAt(place) - 48;
      parts[unit] = value;
    }
    return parts;
  };
}

type Parts = Record<Unit, number>;

/** Days since 1970 of a date of the calendar, counted in eras of 400 years that begin in March. */
function dayNumber(year: number, month: number, day: number): number {
  const marchYear = month <= 2 ? year - 1 : year;
  const era = Math.floor(marchYear / 400);
  const yearOfEra = marchYear - 400 * era;
  const dayOfYear = Math.floor((153 * ((month + 9) % 12) + 2) / 5) + day - 1;
  return (
    146_097 * era + 365 * yearOfEra + Math.floor(yearOfEra / 4) - Math.floor(yearOfEra / 100) + dayOfYear - 719_468
  );
}

function daysIn(year: number, month: number): number {
  if (month !== 2) return month === 4 || month === 6 || month === 9 || month === 11 ? 30 : 31;
  return year % 4 === 0 && (year % 100 !== 0 || year % 400 === 0) ? 29 : 28;
}

function partsOf(milliseconds: number, digits: number): Parts {
  const whole = Math.floor(milliseconds / 1e3) * 1e3;
  const date = new Date(whole);
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    fraction: Math.min(Math.round((milliseconds - whole) * 10 ** (digits - 3)), 10 ** digits - 1),
  };
}

function written({ unit, width }: { readonly unit: Unit; readonly width: number }, parts: Parts): string {
  const value = unit === "year" && width === 2 ? parts.year % 100 : parts[unit];
  return String(value).padStart(width, "0");
}

function expressionOf(token: Token): string {
  if ("literal" in token) return token.literal.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return token.width === 1 && token.unit !== "fraction" ? "(0|[1-9]\\d?)" : `(\\d{${token.width}})`;
}

function tokensOf(pattern: string, where: string): readonly Token[] {
  const tokens: Token[] = [];
  const matcher = new RegExp(tokenPattern);
  while (matcher.lastIndex < pattern.length) {
    const found = matcher.exec(pattern)?.[0];
    if (found === undefined) throw patternError(pattern, where);
    const unit = units[found[0]!];
    if (found.startsWith("[")) tokens.push({ literal: found.slice(1, -1) });
    else tokens.push(unit === undefined ? { literal: found } : { unit, width: found.length });
  }
  return tokens;
}

function patternError(pattern: string, where: string) {
  return failure("option", {
    where,
    expected: "a pattern of YYYY MM DD HH mm ss S, each at most once",
    received: `"${shorten(pattern)}"`,
    remedy: "put other letters in brackets, as in YYYY[Q]MM",
  });
}

export type FoundDates =
  | { readonly kind: "none" }
  | { readonly kind: "found"; readonly pattern: string; readonly reason: string };

/** The pattern that all `texts` follow, if there is one; day and month are told apart by days beyond 12. */
export function findDateFormat(texts: readonly string[]): FoundDates {
  const fitting = datePatterns(texts[0] ?? "").filter((pattern) => {
    const { parse } = dateFormat(pattern);
    return texts.every((text) => !Number.isNaN(parse(text)));
  });
  const [best] = fitting;
  if (best === undefined) return { kind: "none" };
  const other = fitting.find(
    (pattern) => pattern.indexOf("D") < pattern.indexOf("M") !== best.indexOf("D") < best.indexOf("M"),
  );
  const doubt = other === undefined ? "" : `; no day is beyond 12, so it could be ${other} as well`;
  return { kind: "found", pattern: best, reason: `all cells are dates or times of the form ${best}${doubt}` };
}

/** Patterns that a text may follow, the likelier first: with points and dashes days come before months, with / after. */
export function datePatterns(text: string): readonly string[] {
  const match = /^(\d{1,4}([-/.])\d{1,2}\2\d{1,4}|\d{8})?([T ]?)(.*)$/.exec(text);
  if (match === null) return [];
  const [, day = "", separator = "", between = "", rest = ""] = match;
  const times = timeCandidates(rest);
  if (day === "") return between === "" ? times.filter((time) => time !== "") : [];
  if ((rest === "") !== (between === "")) return [];
  const orders = /^\d{8}$/.test(day) ? ["YYYYMMDD"] : dayCandidates(day, separator);
  return orders.flatMap((order) => times.map((time) => order + between + time));
}

function dayCandidates(day: string, separator: string): readonly string[] {
  const joined = (...parts: string[]) => parts.join(separator);
  if (/^\d{4}/.test(day)) return [joined("YYYY", "MM", "DD"), joined("YYYY", "M", "D")];
  const year = /\d{4}$/.test(day) ? "YYYY" : "YY";
  const dayFirst = [joined("DD", "MM", year), joined("D", "M", year), joined("D", "MM", year)];
  const monthFirst = [joined("MM", "DD", year), joined("M", "D", year), joined("M", "DD", year)];
  return separator === "/" ? [...monthFirst, ...dayFirst] : [...dayFirst, ...monthFirst];
}

function timeCandidates(rest: string): readonly string[] {
  if (rest === "") return [""];
  const match = /^\d{1,2}:\d{2}(:\d{2}(?:[.,](\d{1,6}))?)?(Z|[+-]\d{2}:?\d{2})?$/.exec(rest);
  if (match === null) return [];
  const [, seconds = "", fraction = "", zone = ""] = match;
  const mark = fraction === "" ? "" : seconds.charAt(3) + "S".repeat(fraction.length);
  const tail = `:mm${seconds === "" ? "" : ":ss"}${mark}${zone === "" || zone === "Z" ? zone : `[${zone}]`}`;
  return [`HH${tail}`, `H${tail}`];
}
