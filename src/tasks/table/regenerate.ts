// regenerate: new texts in the shapes of a column's own, learnt and drawn without keeping any of them, or, if asked for, its own texts.
import * as z from "zod";
import { placeOfShare } from "../../data/shares.ts";
import { fillBelow, fillUniform, philox, type Random, split } from "../../random.ts";
import type { Profile } from "./profile.ts";

/** Texts of one length with the same separators: each place is a character that all share, or one of a set. */
export interface TextShape {
  /** Of each place: `{is}` the character, or `{of}` the name of a set in `characterSets`. */
  readonly places: readonly ({ readonly is: string } | { readonly of: CharacterSet })[];
  readonly count: number;
}

/** How a column of texts or ids is written. Plain JSON. */
export type Regeneration =
  | {
      readonly kind: "shapes";
      readonly shapes: readonly TextShape[];
      /** Whether no text came twice: none does among those written then. */
      readonly unique: boolean;
      readonly filled: number;
      readonly gaps: number;
    }
  | {
      readonly kind: "seen";
      readonly texts: readonly string[];
      readonly counts: readonly number[];
      readonly filled: number;
      readonly gaps: number;
    };

const [digits, lower, upper] = ["0123456789", "abcdefghijklmnopqrstuvwxyz", "ABCDEFGHIJKLMNOPQRSTUVWXYZ"];
/** From the smallest on. */
const characterSets = {
  digit19: digits.slice(1),
  digit: digits,
  lower,
  upper,
  hex: `${digits}abcdef`,
  HEX: `${digits}ABCDEF`,
  lowerDigit: lower + digits,
  upperDigit: upper + digits,
  letter: lower + upper,
  any: lower + upper + digits,
} as const;
type CharacterSet = keyof typeof characterSets;
const setNames = Object.keys(characterSets) as readonly CharacterSet[];

/** A shape of fewer texts than this is none: what its texts share would be told of few rows. */
const fewestTexts = 10;
/** Shapes of a column, at most, and the share of its texts that has to have one. */
const [mostShapes, leastShare] = [32, 0.9];
const longest = 200;
/** Texts of a column that are drawn from, at most. */
const mostTexts = 65_536;

/**
 * The shapes of a column's texts; undefined where they have too many. Letters and digits are learnt as sets (0-9, a-z, …), and as
 * themselves only where all texts of a shape, ten at least, have the same one there.
 */
export function shapesOf({ texts, counts, filled, rows }: Profile): Regeneration | undefined {
  const groups = new Map<string, string[]>();
  for (const text of texts) {
    const outline = outlineOfText(text);
    if (text.length > longest || /[^\x20-\x7e]/.test(text)) continue;
    const group = groups.get(outline);
    if (group === undefined) groups.set(outline, [text]);
    else group.push(text);
  }
  const kept = [...groups.values()].filter((group) => group.length >= fewestTexts);
  const covered = kept.reduce((total, group) => total + group.length, 0);
  if (kept.length === 0 || kept.length > mostShapes || covered < leastShare * texts.length) return undefined;
  const unique = counts.every((count) => count === 1);
  return { kind: "shapes", shapes: kept.map(shapeOf), unique, filled, gaps: rows - filled };
}

/** The texts of a column with how often they came; undefined for too many. */
export function seenTexts({ texts, counts, filled, rows }: Profile): Regeneration | undefined {
  if (texts.length > mostTexts) return undefined;
  return { kind: "seen", texts, counts: [...counts], filled, gaps: rows - filled };
}

function shapeOf(texts: readonly string[]): TextShape {
  const length = texts[0]?.length ?? 0;
  const places = Array.from({ length }, (_, at) => {
    const seen = new Set(texts.map((text) => text[at]!));
    const [first = ""] = seen;
    if (seen.size === 1) return { is: first };
    return { of: setNames.find((name) => [...seen].every((each) => characterSets[name].includes(each))) ?? "any" };
  });
  return { places, count: texts.length };
}

/** A shape for people: 9 is a digit, a and A are letters, * is one or the other. */
export function spokenShape({ places }: TextShape): string {
  const sign = (set: CharacterSet) => {
    if (set === "digit" || set === "digit19") return "9";
    return set === "lower" ? "a" : set === "upper" ? "A" : "*";
  };
  return places.map((place) => ("is" in place ? place.is : sign(place.of))).join("");
}

/** The text of row `row`, undefined for a gap: a function of the key and the row alone. */
export function regenerator(found: Regeneration, key: Random): (row: number) => string | undefined {
  const gapShare = found.filled + found.gaps === 0 ? 1 : found.gaps / (found.filled + found.gaps);
  const uniform = new Float32Array(2);
  const write =
    found.kind === "seen" ? undefined : found.shapes.map((shape, n) => shapeWriter(shape, found.unique, split(key, n)));
  const weights = found.kind === "seen" ? found.counts : found.shapes.map(({ count }) => count);
  return (row) => {
    fillUniform(key, uniform, { offset: 2 * row });
    if (uniform[0]! < gapShare) return undefined;
    const place = placeOfShare(weights, uniform[1]!);
    if (found.kind === "seen") return found.texts[place];
    return write?.[placeWithRoom(found.shapes, place, found.unique ? row : 0)]?.(row);
  };
}

/** Row numbers differ, so texts do while a shape has more of them than the number of the row; then the largest shape has to do. */
function placeWithRoom(shapes: readonly TextShape[], place: number, row: number): number {
  if (row < roomOf(shapes[place]!)) return place;
  return shapes.reduce((best, shape, n) => (roomOf(shape) > roomOf(shapes[best]!) ? n : best), place);
}

/** How many texts a shape has. */
function roomOf({ places }: TextShape): number {
  return places.reduce((room, place) => room * ("is" in place ? 1 : characterSets[place.of].length), 1);
}

/** The share of texts that is one of `known`, distinct texts of the column, on average; 1 where they are drawn from its own. */
export function chanceOfKnown(found: Regeneration, known: Iterable<string>): number {
  if (found.kind === "seen") return 1;
  const byOutline = new Map(found.shapes.map((shape) => [outlineOf(shape.places), { shape, held: 0 }]));
  for (const text of known) {
    const group = byOutline.get(outlineOfText(text));
    if (group !== undefined && hasShape(text, group.shape)) group.held++;
  }
  const total = found.shapes.reduce((sum, { count }) => sum + count, 0);
  return [...byOutline.values()].reduce(
    (sum, { shape, held }) => sum + ((shape.count / total) * held) / roomOf(shape),
    0,
  );
}

function hasShape(text: string, { places }: TextShape): boolean {
  return places.every((place, at) => {
    const sign = text[at] ?? "";
    return "is" in place ? place.is === sign : characterSets[place.of].includes(sign);
  });
}

/** Letters and digits as x: no two shapes of a column have the same outline. */
function outlineOfText(text: string): string {
  return text.replace(/[A-Za-z0-9]/g, "x");
}

function outlineOf(places: TextShape["places"]): string {
  return outlineOfText(places.map((place) => ("is" in place ? place.is : "x")).join(""));
}

/** Places whose characters together tell row numbers apart: so many combinations at most, so that they are whole numbers. */
const mostNumbered = 2 ** 40;

/**
 * Texts of a shape. Unique ones have the row's number, in a secret order of all numbers, as the digits of the last places, and
 * characters at random before.
 */
function shapeWriter({ places }: TextShape, unique: boolean, key: Random): (row: number) => string {
  const sets = places.map((place) => ("is" in place ? place.is : characterSets[place.of]));
  let [from, room] = [sets.length, 1];
  while (unique && from > 0 && room * sets[from - 1]!.length <= mostNumbered) room *= sets[--from]!.length;
  const draws = new Uint32Array(sets.length);
  return (row) => {
    fillBelow(key, draws, 2 ** 31, { offset: row * sets.length });
    const characters = sets.map((set, at) => set[draws[at]! % set.length]!);
    let number = unique ? shuffled(row % room, room, key) : 0;
    for (let at = sets.length - 1; unique && at >= from; at--) {
      const set = sets[at]!;
      characters[at] = set[number % set.length]!;
      number = Math.floor(number / set.length);
    }
    return characters.join("");
  };
}

/** A secret order of 0 … room - 1: four rounds of a Feistel network on the next even number of bits, as often as it takes to be inside. */
function shuffled(number: number, room: number, key: Random): number {
  const half = Math.max(1, Math.ceil(Math.log2(Math.max(2, room)) / 2));
  const size = 2 ** half;
  const block = new Uint32Array(4);
  let value = number;
  do {
    let [left, right] = [Math.floor(value / size), value % size];
    for (let round = 0; round < 4; round++) {
      philox(key, right, round, 0, 0, block, 0, 1);
      [left, right] = [right, (left ^ (block[0]! % size)) >>> 0];
    }
    value = left * size + right;
  } while (value >= room);
  return value;
}

const count = z.int().nonnegative();

/** A regeneration as JSON. */
export const regenerationJson = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("shapes"),
    shapes: z
      .array(
        z.strictObject({
          places: z
            .array(
              z.union([
                z.strictObject({ is: z.string().regex(/^[\x20-\x7e]$/) }),
                z.strictObject({ of: z.enum(setNames) }),
              ]),
            )
            .min(1)
            .max(longest),
          count: z.int().positive(),
        }),
      )
      .min(1)
      .max(mostShapes),
    unique: z.boolean(),
    filled: count,
    gaps: count,
  }),
  z
    .strictObject({
      kind: z.literal("seen"),
      texts: z
        .array(z.string().max(2 ** 20))
        .min(1)
        .max(mostTexts),
      counts: z.array(z.int().positive()).min(1).max(mostTexts),
      filled: count,
      gaps: count,
    })
    .refine(({ texts, counts }) => texts.length === counts.length, "as many counts as texts"),
]);
