// date-reader: ISO dates and times are read in other forms where they say the same time beyond doubt, and nowhere else.
import { expect, it } from "vitest";
import { dateReader, isoMoment } from "../../../src/tasks/table/date-reader.ts";

const midnight = Date.UTC(2019, 0, 2);

it.each([
  ["days", "YYYY-MM-DD", "2019-01-02T00:00:00.000Z", midnight],
  ["days in another order", "DD.MM.YYYY", "2019-01-02T00:00:00.000Z", midnight],
  ["days, given as ISO dates", "MM/DD/YY", "2019-01-02", midnight],
  ["days, given with an offset", "YYYY-MM-DD", "2019-01-02T02:00:00+02:00", midnight],
  ["times in UTC, given as dates", "YYYY-MM-DDTHH:mm:ss.SSSZ", "2019-01-02", midnight],
  ["times in UTC, given with an offset", "YYYY-MM-DDTHH:mm:ssZ", "2019-01-02T01:30:00-01:00", midnight + 9e6],
])("%s", (_, pattern, text, moment) => {
  expect(dateReader(pattern).parse(text)).toBe(moment);
});

it.each([
  ["a time of day in a form of days", "YYYY-MM-DD", "2019-01-02T13:14:15.000Z"],
  ["a time without a zone", "YYYY-MM-DDTHH:mm:ssZ", "2019-01-02T13:14:15"],
  ["a time in UTC on a clock of no known zone", "YYYY-MM-DD HH:mm", "2019-01-02T00:00:00.000Z"],
  ["parts of a second where none are written", "YYYY-MM-DDTHH:mm:ssZ", "2019-01-02T13:14:15.500Z"],
  ["a day in a form of months", "YYYY-MM", "2019-01-02"],
  ["a day that no calendar has", "DD.MM.YYYY", "2019-02-29"],
])("not %s", (_, pattern, text) => {
  expect(dateReader(pattern).parse(text)).toBeNaN();
});

it("moments are those of Date, for every time that it writes", () => {
  for (const moment of [0, -1, midnight + 48_855_123, Date.UTC(2024, 1, 29)])
    expect(isoMoment(new Date(moment).toISOString())).toBe(moment);
  expect(isoMoment("2019-01-02T25:00:00Z")).toBeNaN();
});
