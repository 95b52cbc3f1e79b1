// column-coder: one column at work: the place of a text in each of its dimensions, and the text of a point.

import { amountsOf, mirrored, mirrorsOf } from "./amounts.ts";
import { clamped, farthestScore, gridMargin } from "./cell-margins.ts";
import { type ColumnCode, levelTexts, type ValueCode } from "./column-code.ts";
import { type LevelsCode, levelsCode } from "./levels-code.ts";
import { pileCells } from "./piles.ts";
import { quantileKnots, scaleThrough } from "./scale.ts";
import type { ColumnSchema, DateColumn, NumberColumn } from "./schema.ts";

/**
 * Where a cell lies in one dimension. "normal": the cell of N(0, 1) between two probabilities; "even": evenly between two
 * scores, or at the one score where they are equal; "absent": the cell has no value here. `volume` is the log of what the
 * density is to be multiplied by for the user's units (see `logVolumes`), without the part of N(0, 1).
 */
export interface Place {
  readonly kind: "normal" | "even" | "absent";
  readonly low: number;
  readonly high: number;
  readonly volume: number;
}

/** A text, or that there is none. */
export type Decoded = { readonly kind: "text"; readonly text: string } | { readonly kind: "gap" };

export interface ColumnCoder {
  /** Names of the dimensions: "gap", "value" or "digit 1", … */
  readonly parts: readonly string[];
  /** The places of a text, or of a gap (undefined), one for each part; a text the column does not know is absent. */
  places(text: string | undefined): readonly Place[];
  /** The cell of row `row` at `scores[at, at + parts)`. */
  decode(scores: ArrayLike<number>, at: number, row: number): Decoded;
}

/** The places and texts of the values alone. */
interface ValueCoder {
  readonly parts: readonly string[];
  places(text: string): readonly Place[];
  decode(scores: ArrayLike<number>, at: number): string;
}

const absent: Place = { kind: "absent", low: 0, high: 1, volume: 0 };
const gapLevel = 1;

/** The coder of a column that is in the model or rebuilt; undefined for one that is left out. Texts written anew are the encoder's matter. */
export function columnCoder(column: ColumnSchema, code: ColumnCode): ColumnCoder | undefined {
  if (column.kind === "text" || (column.kind === "id" && column.first === undefined))
    return column.regenerate && { parts: [], places: () => [], decode: () => ({ kind: "gap" }) };
  const values = valueCoder(column, code);
  const gapsOf = (text: string | undefined) => text === undefined || column.gaps.includes(text);
  const switchCode = code.gaps > 0 && code.filled > 0 ? levelsCode([code.filled, code.gaps], 2) : undefined;
  const lead = switchCode === undefined ? 0 : 1;
  const gapPlaces = values.parts.map(() => absent);
  const isAlwaysGap = code.filled === 0;
  return {
    parts: [...(switchCode === undefined ? [] : ["gap"]), ...values.parts],
    places(text) {
      const isGap = text === undefined || gapsOf(text);
      const rest = isGap ? gapPlaces : values.places(text);
      return switchCode === undefined ? rest : [...levelPlaces(switchCode, isGap ? gapLevel : 0), ...rest];
    },
    decode(scores, at, row) {
      if (column.kind === "id") return { kind: "text", text: String((column.first ?? 0) + row) };
      if (isAlwaysGap || switchCode?.decode(scores, at) === gapLevel) return { kind: "gap" };
      return { kind: "text", text: values.decode(scores, at + lead) };
    },
  };
}

function valueCoder(column: ColumnSchema, code: ColumnCode): ValueCoder {
  switch (column.kind) {
    case "number":
    case "date":
      return amountCoder(column, code);
    case "category":
    case "ordinal":
    case "boolean":
      return levelCoder(levelTexts(column), code);
    default: {
      const text = column.kind === "constant" ? column.text : "";
      return { parts: [], places: () => [], decode: () => text };
    }
  }
}

/** Cells of N(0, 1), a probability each: the density there is log P(level) - log φ(score) away. */
function levelPlaces(levels: LevelsCode, level: number, unit = 0): readonly Place[] {
  return Array.from({ length: levels.digits }, (_, digit) =>
    cellPlace(levels.cell(level, digit), digit === 0 ? unit : 0),
  );
}

function cellPlace({ low, high }: { readonly low: number; readonly high: number }, unit = 0): Place {
  return { kind: "normal", low, high, volume: Math.log(high - low) - unit };
}

/** The code of a column's levels, and the places in the schema of its cells from the lowest on. */
export function levelCells({
  counts,
  base,
  order = [...counts.keys()],
}: Extract<ValueCode, { readonly kind: "levels" }>): {
  readonly levels: LevelsCode;
  readonly order: readonly number[];
} {
  const ordered = order.map((place) => counts[place]!);
  return { levels: levelsCode(ordered, base), order };
}

function levelCoder(named: readonly string[], { value }: ColumnCode): ValueCoder {
  if (value.kind !== "levels") return { parts: [], places: () => [], decode: () => named[0] ?? "" };
  const { levels, order } = levelCells(value);
  const texts = order.map((place) => named[place]!);
  const parts = Array.from({ length: levels.digits }, (_, digit) =>
    levels.digits === 1 ? "value" : `digit ${digit + 1}`,
  );
  const placeOf = new Map(texts.map((text, level) => [text, level]));
  const unknown = parts.map(() => absent);
  return {
    parts,
    places(text) {
      const level = placeOf.get(text);
      return level === undefined ? unknown : levelPlaces(levels, level);
    },
    decode: (scores, at) => texts[levels.decode(scores, at)]!,
  };
}

function amountCoder(column: NumberColumn | DateColumn, { value }: ColumnCode): ValueCoder {
  const amounts = amountsOf(column);
  const { step } = column;
  const logUnit = Math.log(amounts.unit);
  if (value.kind === "scale") {
    const scale = scaleThrough(value);
    const mirrors = mirrorsOf(column, value.at.at(-1)! - value.at[0]!, value.mirrored);
    const piles = new Map(pileCells(value).map((cell) => [cell.value, cell]));
    const piled = new Map(value.piles?.map((pile) => [pile.piece, pile.value]));
    return {
      parts: ["value"],
      places(text) {
        const amount = amounts.parse(text);
        if (Number.isNaN(amount)) return [absent];
        const pile = piles.get(amount);
        return [pile === undefined ? amountPlace(amount, step) : cellPlace(pile)];
      },
      decode(scores, at) {
        const score = clamped(scores[at]!);
        const raw = piled.get(scale.pieceAt(score)) ?? mirrored(scale.inverse(score), mirrors);
        return amounts.format(amounts.allowed(raw));
      },
    };

    function amountPlace(amount: number, width: number | undefined): Place {
      const point = scale.forward(amount);
      const [low, high] =
        width === undefined ? [point, point] : [scale.forward(amount - width / 2), scale.forward(amount + width / 2)];
      const margin = gridMargin.share * (high - low) + gridMargin.rounding * Math.max(1, Math.abs(point));
      if (width === undefined || high - low <= 4 * margin || Math.abs(point) > farthestScore) {
        const score = clamped(point);
        return { kind: "even", low: score, high: score, volume: scale.logSlope(amount) + logUnit };
      }
      const volume = Math.log(high - low - 2 * margin) - Math.log(width) + logUnit;
      return { kind: "even", low: low + margin, high: high - margin, volume };
    }
  }
  if (value.kind !== "values") return { parts: [], places: () => [], decode: () => amounts.format(amounts.allowed(0)) };
  return observedCoder(value.texts, value.counts, amounts.parse, Math.log((step ?? 1) / amounts.unit), logUnit);
}

/** Values seen in training, each a cell of N(0, 1); others lie on the line through them. */
function observedCoder(
  texts: readonly string[],
  counts: readonly number[],
  parse: (text: string) => number,
  logStep: number,
  logUnit: number,
): ValueCoder {
  const values = Float64Array.from(texts, parse);
  const levels = levelsCode(counts, Math.max(2, counts.length));
  const scale = scaleThrough(quantileKnots({ values, counts: Float64Array.from(counts), texts }, true));
  const placeOf = new Map([...values].map((value, level) => [value, level]));
  return {
    parts: ["value"],
    places(text) {
      const value = parse(text);
      if (Number.isNaN(value)) return [absent];
      const level = placeOf.get(value);
      if (level !== undefined) return levelPlaces(levels, level, logStep);
      const score = clamped(scale.forward(value));
      return [{ kind: "even", low: score, high: score, volume: scale.logSlope(value) + logUnit }];
    },
    decode: (scores, at) => texts[levels.decode(scores, at)]!,
  };
}
