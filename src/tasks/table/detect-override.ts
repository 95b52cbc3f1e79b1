// detect-override: the description of a column whose kind a user gave; what he left open comes from the cells.
import { didYouMean, listNames, nearestName, shorten } from "../../data/columns.ts";
import { failure, type LocalFlowError } from "../../errors.ts";
import { amountsOf, gridGap, isWritten, nearestAdvice } from "./amounts.ts";
import type { KindOverride } from "./column-overrides.ts";
import { dateFormat, findDateFormat } from "./date-format.ts";
import { dateColumn, type NumberWishes, numberColumn } from "./detect-amounts.ts";
import { largestNumber, numbersIn, tooLarge } from "./detect-numbers.ts";
import { type Notation, parseNumber } from "./number-format.ts";
import { levelsOf, type Profile, type Values, valuesOf, withoutTexts } from "./profile.ts";
import { type Regeneration, seenTexts, shapesOf } from "./regenerate.ts";
import { type ColumnBase, type ColumnSchema, type DateColumn, mostLevels, type NumberColumn } from "./schema.ts";

type Base = Omit<ColumnBase, "reason">;

/** A column whose kind is given: its cells but for those that are gaps, its description so far, and where errors say it is given. */
interface Given {
  readonly profile: Profile;
  readonly base: Base;
  readonly where: string;
}

/** The column as the user wants it; throws an `option` error at `where` that shows a cell that does not allow it. */
export function columnFromOverride(whole: Profile, override: KindOverride, where: string): ColumnSchema {
  const gaps = "gaps" in override ? (override.gaps ?? []) : [];
  const profile = withoutTexts(whole, gaps);
  const { name, origin, gap } = whole.column;
  const base: Base = { name, origin, gap, gaps };
  const given: Given = { profile, base, where };
  const reason = "given by the schema";
  if (override.kind === "text" || override.kind === "id") {
    const regenerate = regenerationAsked(given, override.regenerate);
    return { ...base, kind: override.kind, reason, ...(regenerate && { regenerate }) };
  }
  if (profile.filled === 0) return { ...base, kind: "constant", text: "", reason: "no cell has a value" };
  switch (override.kind) {
    case "number":
      return givenNumber(given, override);
    case "date":
      return givenDate(given, override);
    case "ordinal":
      return givenOrdinal(given, override.levels);
    case "boolean":
      return givenBoolean(given, override.true);
    default:
      return givenCategory(given);
  }
}

function regenerationAsked({ profile, where }: Given, wish: boolean | "sample" | undefined): Regeneration | undefined {
  if (wish === undefined || wish === false || profile.filled === 0) return undefined;
  const found = wish === "sample" ? seenTexts(profile) : shapesOf(profile);
  if (found !== undefined) return found;
  throw failure("option", {
    where,
    expected: wish === "sample" ? "fewer different texts" : "texts of a few shapes, each of ten texts at least",
    received: `${profile.texts.length} texts such as "${shorten(profile.texts[0] ?? "")}"`,
    remedy: 'leave out "regenerate"',
  });
}

function givenNumber({ profile, base, where }: Given, override: KindOverride & { kind: "number" }): ColumnSchema {
  const { thousands, ...rest } = override;
  const isGrouped = thousands === true;
  const numbers = numbersIn(profile, isGrouped ? "grouped" : thousands === undefined ? "any" : "plain");
  if (numbers === undefined) {
    const large = tooLarge(profile);
    if (large !== undefined)
      throw wrongCell(where, `numbers up to ${largestNumber}`, large, "give the column in larger units");
    const notation: Notation = { mark: ".", ...(isGrouped && { thousands: true }) };
    const stray = profile.texts.find((text) => !Number.isFinite(parseNumber(text, notation)));
    if (stray !== undefined) throw wrongCell(where, "numbers", stray);
    throw wrongCell(where, "numbers that float64 holds exactly", profile.texts[0]);
  }
  const { kind: _, gaps: __, ...wishes } = rest;
  checkMapped(where, wishes);
  checkStep(where, numbers.found, wishes.step);
  if (wishes.apart) checkApart(where, numbers.found, wishes.apart, String);
  const column = numberColumn(numbers, { ...base, gaps: [...base.gaps, ...numbers.gaps] }, wishes);
  checkBounds(where, column);
  checkAllowed(where, column);
  return { ...column, reason: `given by the schema; ${column.reason}` };
}

function givenDate({ profile, base, where }: Given, override: KindOverride & { kind: "date" }): ColumnSchema {
  const { format: pattern, gaps: _, kind: __, apart, ...rest } = override;
  checkMapped(where, override);
  const dated = (form: string, reason: string) => {
    const { parse, format } = dateFormat(form);
    const wishes = { ...rest, ...(apart && { apart: apart.map(parse) }) };
    if (wishes.apart)
      checkApart(where, valuesOf(profile, parse), wishes.apart, (value, n = -1) => apart?.[n] ?? format(value));
    const column = dateColumn(profile, base, form, reason, wishes);
    checkAllowed(where, column);
    return column;
  };
  if (pattern !== undefined) {
    const { parse } = dateFormat(pattern, `${where}, field "format"`);
    const stray = profile.texts.find((text) => Number.isNaN(parse(text)));
    if (stray !== undefined) throw wrongCell(where, `dates of the form ${pattern}`, stray);
    return dated(pattern, "given by the schema");
  }
  const dates = findDateFormat(profile.texts);
  if (dates.kind === "none") throw wrongCell(where, "dates of one form", profile.texts[0]);
  return dated(dates.pattern, `given by the schema; ${dates.reason}`);
}

/** Observed values go through no map, and each of them is a class of its own. */
function checkMapped(
  where: string,
  { values, scale, apart }: Pick<NumberWishes, "values" | "scale"> & { readonly apart?: unknown },
): void {
  if (values !== "observed" || (scale === undefined && apart === undefined)) return;
  const field = scale === undefined ? "apart" : "scale";
  throw failure("option", {
    where,
    expected: `"values": "any" beside "${field}": observed values go through no map`,
    received: `"values": "observed"`,
    remedy: `leave out "${field}" to write observed values alone, or "values" to write all of the grid`,
  });
}

/** A grid coarser than the values' range has one value for all of them. */
function checkStep(column: string, { values }: Values, step: number | undefined): void {
  const [first, last] = [values[0]!, values.at(-1)!];
  if (step === undefined || first === last || step <= last - first) return;
  throw failure("option", {
    where: `${column}, field "step"`,
    expected: `at most ${Number((last - first).toPrecision(12))}, which is how far apart the column's values are`,
    received: String(step),
    remedy: "give the difference between neighbouring values",
  });
}

function checkApart(
  column: string,
  { values }: Values,
  apart: readonly number[],
  spoken: (value: number, n?: number) => string,
): void {
  const where = apartField(column);
  const known = new Set(values);
  const stray = apart.findIndex((value) => !known.has(value));
  if (stray >= 0) {
    const value = apart[stray]!;
    throw failure("option", {
      where,
      expected: "values that rows have",
      received: shorten(spoken(value, stray)),
      remedy: Number.isNaN(value) ? "write them as in the table" : nearestAdvice(values, value, (each) => spoken(each)),
    });
  }
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

/** Bounds leave a value to write; columns that write observed values alone take no notice of them. */
function checkBounds(where: string, column: NumberColumn): void {
  const { minimum = Number.NEGATIVE_INFINITY, maximum = Number.POSITIVE_INFINITY } = column;
  if (minimum > maximum)
    throw failure("option", {
      where,
      expected: "a minimum that is not above the maximum",
      received: `${minimum} above ${maximum}`,
    });
  const gap = column.values === "observed" ? undefined : gridGap(column);
  if (gap === undefined) return;
  const [below, above] = [gap.below, gap.above].map((value) => Number(value.toPrecision(12)));
  throw failure("option", {
    where,
    expected: "a value of the column's grid between the minimum and the maximum",
    received: `${minimum} to ${maximum}, between the neighbours ${below} and ${above}`,
    remedy: "change the minimum, the maximum or the step",
  });
}

/** Values that are given as classes of their own are written as they are. */
function checkAllowed(where: string, column: NumberColumn | DateColumn): void {
  const { format } = amountsOf(column);
  const moved = column.apart?.find((value) => !isWritten(column, value));
  if (moved === undefined) return;
  throw failure("option", {
    where: apartField(where),
    expected: "values that the step and the bounds of the column allow",
    received: format(moved),
    remedy: "leave it out, or change the step, the minimum or the maximum",
  });
}

function givenOrdinal({ profile, base, where }: Given, levels: readonly string[]): ColumnSchema {
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
    throw wrongCell(where, `one of ${listNames(levels)}`, stray, advice);
  }
  if (known.size < levels.length)
    throw failure("option", { where, expected: "different levels", received: listNames(levels) });
  const counted = levels.map((text) => ({ text, count: countOf.get(text) ?? 0 }));
  return { ...base, kind: "ordinal", levels: counted, reason: "given by the schema" };
}

function givenBoolean({ profile, base, where }: Given, yes: string | undefined): ColumnSchema {
  const { texts } = profile;
  const positive = yes ?? texts.find((text) => /^(true|yes|t|y|on|1)$/i.test(text)) ?? texts[0]!;
  const negative = texts.find((text) => text !== positive);
  if (!texts.includes(positive))
    throw failure("option", {
      where: `${where}, field "true"`,
      expected: `one of the texts of the column, ${listNames(texts)}`,
      received: `"${shorten(positive)}"`,
      ...didYouMean(positive, texts),
    });
  if (texts.length !== 2 || negative === undefined)
    throw wrongCell(
      where,
      "two different texts",
      texts.find((text) => text !== positive && text !== negative) ?? texts[0],
    );
  return { ...base, kind: "boolean", true: positive, false: negative, reason: "given by the schema" };
}

function givenCategory({ profile, base, where }: Given): ColumnSchema {
  const { texts } = profile;
  if (texts.length > mostLevels)
    throw failure("option", {
      where,
      expected: `at most ${mostLevels} levels`,
      received: String(texts.length),
      remedy: 'leave the column out ("kind": "text")',
    });
  const reason = `given by the schema; ${texts.length} levels`;
  return { ...base, kind: "category", levels: levelsOf(profile), reason };
}

function wrongCell(
  where: string,
  expected: string,
  cell = "",
  remedy = 'change the schema, or add it to "gaps"',
): LocalFlowError {
  const received = `a cell "${shorten(cell)}"`;
  return failure("option", { where, expected, received, remedy });
}

function apartField(column: string): string {
  return `${column}, field "apart"`;
}
