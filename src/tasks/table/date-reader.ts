// date-reader: dates of a column's own form, and those of ISO 8601 that say the same time beyond doubt, as programs give them.
import { type DateFormat, dateFormat } from "./date-format.ts";

const day = 864e5;
const isoParts = /^(\d{4}-\d{2}-\d{2})(?:T(\d{2}):(\d{2})(?::(\d{2})(?:\.(\d{1,3}))?)?(?:Z|([+-])(\d{2}):(\d{2})))?$/;
const isoDay = dateFormat("YYYY-MM-DD");

/** Milliseconds since 1970 of an ISO date, which begins in UTC, or of a date and time with its zone; NaN for other texts. */
export function isoMoment(text: string): number {
  const match = isoParts.exec(text);
  if (match === null) return Number.NaN;
  const [, date = "", hour = "0", minute = "0", second = "0", fraction = "", sign = "+", hours = "0", minutes = "0"] =
    match;
  const isTime = Number(hour) < 24 && Number(minute) < 60 && Number(second) < 60;
  if (!isTime || Number(hours) >= 24 || Number(minutes) >= 60) return Number.NaN;
  const time = Number(hour) * 36e5 + Number(minute) * 6e4 + Number(second) * 1e3 + Number(fraction.padEnd(3, "0"));
  const offset = Number(hours) * 36e5 + Number(minutes) * 6e4;
  return isoDay.parse(date) + time - (sign === "-" ? -offset : offset);
}

/**
 * A date format that also reads ISO dates and times where there is no doubt which time of the pattern they say: it writes days, or times in
 * UTC, and can write this one. A wall clock of another zone is not known.
 */
export function dateReader(pattern: string): DateFormat {
  const own = dateFormat(pattern);
  if (own.step < day && !pattern.endsWith("Z")) return own;
  return {
    ...own,
    parse(text) {
      const found = own.parse(text);
      if (!Number.isNaN(found)) return found;
      const moment = isoMoment(text);
      return own.parse(own.format(moment)) === moment ? moment : Number.NaN;
    },
  };
}
