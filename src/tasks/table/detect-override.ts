// detect-override: the description of a column whose kind a user gave; what he left open comes from the cells.
import { listNames, nearestName, shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { dateFormat, findDateFormat } from "./date-format.ts";
import { dateColumn, type NumberWishes, numberColumn } from "./detect-amounts.ts";
import { largestNumber, numbersIn, tooLarge } from "./detect-numbers.ts";
import { type Notation, parseNumber } from "./number-format.ts";
import { levelsOf, type Profile, type Values, valuesOf, withoutTexts } from "./profile.ts";
import { type Regeneration, seenTexts, shapesOf } from "./regenerate.ts";
import { type ColumnBase, type ColumnSchema, mostLevels } from "./schema.ts";
import type { ColumnOverride } from "./schema-file.ts";

type Base = Omit<ColumnBase, "reason">;

/** The column as the user wants it; throws an `option` error that shows a cell that does not allow it. */
export function columnFromOverride(whole: Profile, override: ColumnOverride): ColumnSchema {
  const gaps = "gaps" in override ? (override.gaps ?? []) : [];
  const profile = withoutTexts(whole, gaps);
  const { name, origin, gap } = whole.column;
  const base: Base = { name, origin, gap, gaps };
  const reason = "given by the schema";
  if (override.kind === "text" || override.kind === "id") {
    const regenerate = regenerationAsked(profile, base, override.regenerate);
    return { ...base, kind: override.kind, reason, ...(regenerate && { regenerate }) };
  }
  if (profile.filled === 0) return { ...base, kind: "constant", text: "", reason: "no cell has a value" };
  switch (override.kind) {
    case "number":
      return givenNumber(profile, base, override);
    case "date":
      return givenDate(profile, base, override);
    case "ordinal":
      return givenOrdinal(profile, base, override.levels);
    case "boolean":
      return givenBoolean(profile, base, override.true);
    default:
      return givenCategory(profile, base);
  }
}

function regenerationAsked(
  profile: Profile,
  base: Base,
  wish: boolean | "sample" | undefined,
): Regeneration | undefined {
  if (wish === undefined || wish === false || profile.filled === 0) return undefined;
  const found = wish === "sample" ? seenTexts(profile) : shapesOf(profile);
  if (found !== undefined) return found;
  throw failure("option", {
    where: placeOf(base),
    expected: wish === "sample" ? "fewer different texts" : "texts of a few shapes, each of ten texts at least",
    received: `${profile.texts.length} texts such as "${shorten(profile.texts[0] ?? "")}"`,
    remedy: 'leave out "regenerate"',
  });
}

function givenNumber(profile: Profile, base: Base, override: ColumnOverride & { kind: "number" }): ColumnSchema {
  const { thousands, ...rest } = override;
  const isGrouped = thousands === true;
  const numbers = numbersIn(profile, isGrouped ? "grouped" : thousands === undefined ? "any" : "plain");
  if (numbers === undefined) {
    const large = tooLarge(profile);
    if (large !== undefined)
      throw wrongCell(base, `numbers up to ${largestNumber}`, large, "give the column in larger units");
    const notation: Notation = { mark: ".", ...(isGrouped && { thousands: true }) };
    const stray = profile.texts.find((text) => !Number.isFinite(parseNumber(text, notation)));
    throw wrongCell(base, "numbers that float64 holds exactly", stray ?? profile.texts[0]);
  }
  const { kind: _, gaps: __, ...wishes } = rest;
  checkMapped(base, wishes);
  if (wishes.apart) checkApart(base, numbers.found, wishes.apart, String);
  const column = numberColumn(numbers, { ...base, gaps: [...base.gaps, ...numbers.gaps] }, wishes);
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = column;
  if (minimum > maximum)
    throw failure("option", {
      where: placeOf(base),
      expected: "a minimum that is not above the maximum",
      received: `${minimum} above ${maximum}`,
    });
  return { ...column, reason: `given by the schema; ${column.reason}` };
}

function givenDate(profile: Profile, base: Base, override: ColumnOverride & { kind: "date" }): ColumnSchema {
  const { format: pattern, gaps: _, kind: __, apart, ...rest } = override;
  checkMapped(base, override);
  const dated = (form: string, reason: string) => {
    const { parse, format } = dateFormat(form);
    const wishes = { ...rest, ...(apart && { apart: apart.map(parse) }) };
    if (wishes.apart)
      checkApart(base, valuesOf(profile, parse), wishes.apart, (value, n) => apart?.[n] ?? format(value));
    return dateColumn(profile, base, form, reason, wishes);
  };
  if (pattern !== undefined) {
    const { parse } = dateFormat(pattern, `${placeOf(base)}, field "format"`);
    const stray = profile.texts.find((text) => Number.isNaN(parse(text)));
    if (stray !== undefined) throw wrongCell(base, `dates of the form ${pattern}`, stray);
    return dated(pattern, "given by the schema");
  }
  const dates = findDateFormat(profile.texts);
  if (dates.kind === "none") throw wrongCell(base, "dates of one form", profile.texts[0]);
  return dated(dates.pattern, dates.reason);
}

/** Observed values go through no map, and each of them is a class of its own. */
function checkMapped(
  base: Base,
  { values, scale, apart }: Pick<NumberWishes, "values" | "scale"> & { readonly apart?: unknown },
): void {
  if (values !== "observed" || (scale === undefined && apart === undefined)) return;
  const field = scale === undefined ? "apart" : "scale";
  throw failure("option", {
    where: placeOf(base),
    expected: `"values": "any" beside "${field}": observed values go through no map`,
    received: `"values": "observed"`,
    remedy: `leave out "${field}" to write observed values alone, or "values" to write all of the grid`,
  });
}

function checkApart(
  base: Base,
  { values }: Values,
  apart: readonly number[],
  spoken: (value: number, n: number) => string,
): void {
  const where = `${placeOf(base)}, field "apart"`;
  const known = new Set(values);
  const stray = apart.findIndex((value) => !known.has(value));
  if (stray >= 0)
    throw failure("option", {
      where,
      expected: "values that rows have",
      received: shorten(spoken(apart[stray]!, stray)),
      remedy: "write them as in the table",
    });
  const twice = apart.findIndex((value, n) => apart.indexOf(value) !== n);
  if (twice >= 0)
    throw failure("option", {
      where,
      expected: "each value once",
      received: `${shorten(spoken(apart[twice]!, twice))} twice`,
    });
  if (apart.length < known.size) return;
  throw failure("option", {
    where,
    expected: "some of the column's values",
    received: `all ${known.size}`,
    remedy: 'write "values": "observed" instead',
  });
}

function givenOrdinal(profile: Profile, base: Base, levels: readonly string[]): ColumnSchema {
  const countOf = new Map(profile.texts.map((text, place) => [text, profile.counts[place]!]));
  const known = new Set(levels);
  const stray = profile.texts.find((text) => !known.has(text));
  if (stray !== undefined) {
    const meant = nearestName(
      stray,
      levels.filter((text) => !countOf.has(text)),
    );
    const advice =
      meant === undefined ? undefined : `did you mean "${shorten(stray)}" by the level "${shorten(meant)}"?`;
    throw wrongCell(base, `one of ${listNames(levels)}`, stray, advice);
  }
  if (known.size < levels.length)
    throw failure("option", { where: placeOf(base), expected: "different levels", received: listNames(levels) });
  const counted = levels.map((text) => ({ text, count: countOf.get(text) ?? 0 }));
  return { ...base, kind: "ordinal", levels: counted, reason: "given by the schema" };
}

function givenBoolean(profile: Profile, base: Base, yes: string | undefined): ColumnSchema {
  const { texts } = profile;
  const positive = yes ?? texts.find((text) => /^(true|yes|t|y|on|1)$/i.test(text)) ?? texts[0]!;
  const negative = texts.find((text) => text !== positive);
  if (texts.length !== 2 || negative === undefined || !texts.includes(positive))
    throw wrongCell(
      base,
      "two different texts",
      texts.find((text) => text !== positive && text !== negative) ?? texts[0],
    );
  return { ...base, kind: "boolean", true: positive, false: negative, reason: "given by the schema" };
}

function givenCategory(profile: Profile, base: Base): ColumnSchema {
  const { texts } = profile;
  if (texts.length > mostLevels)
    throw failure("option", {
      where: placeOf(base),
      expected: `at most ${mostLevels} levels`,
      received: String(texts.length),
      remedy: 'leave the column out ("kind": "text")',
    });
  const reason = `given by the schema; ${texts.length} levels`;
  return { ...base, kind: "category", levels: levelsOf(profile), reason };
}

function wrongCell(
  base: Base,
  expected: string,
  cell = "",
  remedy = 'change the schema, or add it to "gaps"',
): LocalFlowError {
  const received = `a cell "${shorten(cell)}"`;
  return failure("option", {
    where: placeOf(base),
    expected,
    received,
    remedy,
  });
}

function placeOf({ name }: Base): string {
  return `schema column "${shorten(name)}"`;
}
