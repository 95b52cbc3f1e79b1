// detect: finds the type of every column from its cells, and says why; users may say better.
import type { CellTable } from "../../data/cell-table.ts";
import { didYouMean, listNames, shorten } from "../../data/columns.ts";
import { failure } from "../../errors.ts";
import { type ColumnOverride, closedOverride, columnOverride } from "./column-overrides.ts";
import { inOneForm, meantAsGaps, strayDates } from "./date-forms.ts";
import { detectAmount } from "./detect-amounts.ts";
import { doubt, isHeld, largestNumber, tooLarge } from "./detect-numbers.ts";
import { columnFromOverride } from "./detect-override.ts";
import { levelsOf, type Profile, profileOf, withoutTexts } from "./profile.ts";
import { type Regeneration, seenTexts, shapesOf, spokenShape } from "./regenerate.ts";
import { type SaidPlaces, saidPlaces } from "./said-places.ts";
import { type ColumnBase, type ColumnSchema, mostLevels, type Schema } from "./schema.ts";
import type { SchemaOverrides } from "./schema-file.ts";

/** Fewer rows than this say nothing of whether texts are names that do not come back. */
const fewRows = 20;

/**
 * What becomes of texts and ids that are no levels: left out of the model, written anew in the shapes of the column's own where it
 * has some, or, where it has none, drawn from its own texts.
 */
export type TextChoice = "leave-out" | "regenerate" | "sample";

/**
 * The types of all columns; `overrides` has the last word. The same table gives the same schema. Throws `option` errors for
 * overrides of columns that are not there or that the cells do not allow.
 */
export function detectSchema(
  table: CellTable,
  overrides: SchemaOverrides = {},
  texts: TextChoice = "leave-out",
  places: Pick<SaidPlaces, "column"> = saidPlaces,
): Schema {
  const names = table.columns.map(({ name }) => name);
  for (const name of Object.keys(overrides)) {
    if (names.includes(name)) continue;
    throw failure("option", {
      where: "schema",
      expected: `names among ${listNames(names)}`,
      received: `"${shorten(name)}"`,
      ...didYouMean(name, names),
    });
  }
  const columns = table.columns.map((column) => {
    const profile = profileOf(column);
    const override = Object.hasOwn(overrides, column.name) ? overrides[column.name] : undefined;
    if (override === undefined) return withTexts(detectColumn(profile), profile, texts);
    const where = places.column(column.name);
    const said = saidColumn(profile, columnOverride(override, column.name, where), where);
    return "regenerate" in override ? said : withTexts(said, profile, texts);
  });
  return { columns };
}

/** The column as a user wants it; where he says no kind of it, of the kind that its cells have. */
function saidColumn(whole: Profile, override: ColumnOverride, where: string): ColumnSchema {
  if (override.kind !== undefined) return columnFromOverride(whole, override, where);
  const { gaps = [] } = override;
  const found = detectColumn(withoutTexts(whole, gaps));
  const saysGapsAlone = Object.keys(override).every((field) => field === "gaps");
  if (saysGapsAlone) return { ...found, gaps: [...gaps, ...found.gaps] };
  return columnFromOverride(whole, closedOverride(override, found.kind, where), where);
}

/** The column with the way its texts are written, where it is one of texts that are no levels. */
function withTexts(column: ColumnSchema, profile: Profile, choice: TextChoice): ColumnSchema {
  const isLeftOut = column.kind === "text" || (column.kind === "id" && column.first === undefined);
  if (!isLeftOut || choice === "leave-out" || profile.filled === 0) return column;
  const isOwn = choice === "sample" && column.kind === "text";
  const regenerate = shapesOf(profile) ?? (isOwn ? seenTexts(profile) : undefined);
  return regenerate === undefined ? column : { ...column, regenerate };
}

const groupsOrDecimals = ["commas that group thousands", "decimal commas"];

/** One sentence for each column that a model will not hold, or that may be meant otherwise, and how to change that. */
export function schemaNotices(schema: Schema): readonly string[] {
  return schema.columns.flatMap(({ name, reason, ...column }) => {
    const what = `column "${shorten(name)}"`;
    if (column.kind === "number" && reason.includes(doubt)) {
      const [taken, other] = column.format.thousands ? groupsOrDecimals : groupsOrDecimals.toReversed();
      const change = `"thousands": ${!column.format.thousands}`;
      return [`${what} is read with ${taken}, though ${other} would do too: ${change} in a schema changes it`];
    }
    if ("regenerate" in column && column.regenerate !== undefined) return [regenerationNotice(what, column.regenerate)];
    if (column.kind === "category" && (reason.includes(meantAsGaps) || reason.includes(inOneForm)))
      return [`${what} is taken for a category: ${reason}`];
    if (column.kind === "text") return [`${what} is left out as text: ${reason}`];
    if (column.kind !== "id") return [];
    const fate = "first" in column ? "is numbered anew" : "is left out";
    return [`${what} is taken for an id and ${fate}: ${reason}`];
  });
}

function regenerationNotice(what: string, found: Regeneration): string {
  if (found.kind === "seen")
    return `${what} is drawn from its own texts: the model file holds all ${found.texts.length} of them, and rows show them`;
  const shapes = found.shapes.slice(0, 3).map((shape) => JSON.stringify(shorten(spokenShape(shape))));
  const more = found.shapes.length > 3 ? ", …" : "";
  const what9 = "9 a digit, a and A a letter, * either";
  return `${what} is written anew in the shape ${shapes.join(", ")}${more} (${what9}): its texts say nothing of the row`;
}

function detectColumn(profile: Profile): ColumnSchema {
  const base = baseOf(profile);
  const { texts, filled } = profile;
  if (filled === 0) return { ...base, kind: "constant", text: "", reason: "no cell has a value" };
  const boolean = booleanOf(profile);
  if (boolean !== undefined) return boolean;
  if (texts.length === 1)
    return { ...base, kind: "constant", text: texts[0]!, reason: `the only value is "${shorten(texts[0]!)}"` };
  return detectAmount(profile, base) ?? detectNames(profile, base);
}

/** What a column's description has whatever the type. */
function baseOf({ column }: Profile): Omit<ColumnBase, "reason"> {
  return { name: column.name, origin: column.origin, gap: column.gap, gaps: [] };
}

const spellings: readonly (readonly [string, string])[] = [
  ["true", "false"],
  ["yes", "no"],
  ["t", "f"],
  ["y", "n"],
  ["on", "off"],
  ["1", "0"],
];

function booleanOf(profile: Profile): ColumnSchema | undefined {
  const { column, texts } = profile;
  const base = baseOf(profile);
  if (column.origin === "boolean")
    return { ...base, kind: "boolean", true: "true", false: "false", reason: "the source says so" };
  if (texts.length !== 2 || column.origin === "date") return undefined;
  for (const [yes, no] of spellings) {
    const [first, second] = [
      texts.find((text) => text.toLowerCase() === yes),
      texts.find((text) => text.toLowerCase() === no),
    ];
    if (first === undefined || second === undefined) continue;
    const reason = `all cells are "${first}" or "${second}"`;
    return { ...base, kind: "boolean", true: first, false: second, reason };
  }
  return undefined;
}

/** A column of texts: levels that come back, or names that do not. */
function detectNames(profile: Profile, base: Omit<ColumnBase, "reason">): ColumnSchema {
  const { texts, filled } = profile;
  const differing = `${texts.length} different texts in ${filled} cells`;
  const isCategory = texts.length <= mostLevels && (filled < fewRows || 2 * texts.length <= filled);
  const large = isCategory ? undefined : tooLarge(profile);
  if (large !== undefined)
    return {
      ...base,
      kind: "text",
      reason: `numbers such as ${shorten(large)} are too large: they may be up to ${largestNumber}`,
    };
  const hint = strayWords(profile) || strayDates(profile);
  if (filled >= fewRows && texts.length === filled) {
    if (texts.every((text) => /^[\w.:+/-]+$/.test(text) && /\d/.test(text)))
      return { ...base, kind: "id", reason: `no text comes twice in ${filled} cells${strayDates(profile)}` };
    return { ...base, kind: "text", reason: `no text comes twice in ${filled} cells${hint}` };
  }
  if (!isCategory) return { ...base, kind: "text", reason: `${differing}${hint}` };
  const levels = levelsOf(profile);
  return { ...base, kind: "category", levels, reason: `${differing}${hint}` };
}

/** A hint for a column that is nearly all numbers. */
function strayWords({ texts, counts, filled }: Profile): string {
  const isNumber = (place: number) => texts[place]!.trim() !== "" && Number.isFinite(Number(texts[place]));
  const words = [...texts.keys()].filter((place) => !isNumber(place) || !isHeld(Number(texts[place]), texts[place]!));
  const cells = words.reduce((total, place) => total + counts[place]!, 0);
  if (words.length === 0 || words.length > 5 || cells > 0.05 * filled) return "";
  const listed = words.map((place) => JSON.stringify(shorten(texts[place]!))).join(", ");
  const numbers = words.some(isNumber)
    ? `numbers that a model holds (exact in float64, up to ${largestNumber})`
    : "numbers";
  return `; all but ${cells} of them are ${numbers}, so give ${listed} as missing ${meantAsGaps}`;
}
