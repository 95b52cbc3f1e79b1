// profile: the distinct texts of a column with their counts, from which its type is found.
import type { CellColumn } from "../../data/cell-table.ts";
import type { Level } from "./schema.ts";

export interface Profile {
  readonly column: CellColumn;
  readonly rows: number;
  /** The distinct texts, in the order of their first appearance, each with its count in `counts`. */
  readonly texts: readonly string[];
  readonly counts: Int32Array;
  /** Rows that have a text. */
  readonly filled: number;
}

/** Counts the texts of a column; texts that no row has are left out. */
export function profileOf(column: CellColumn): Profile {
  const all = new Int32Array(column.texts.size);
  let filled = 0;
  for (const code of column.codes) {
    if (code < 0) continue;
    all[code]!++;
    filled++;
  }
  const used = [...all.keys()].filter((code) => all[code]! > 0);
  return {
    column,
    rows: column.codes.length,
    texts: used.map((code) => column.texts.at(code)),
    counts: Int32Array.from(used, (code) => all[code]!),
    filled,
  };
}

/** The profile without some texts, which count as gaps. */
export function withoutTexts(profile: Profile, gaps: readonly string[]): Profile {
  if (gaps.length === 0) return profile;
  const dropped = new Set(gaps);
  const kept = [...profile.texts.keys()].filter((place) => !dropped.has(profile.texts[place]!));
  const counts = Int32Array.from(kept, (place) => profile.counts[place]!);
  return {
    ...profile,
    texts: kept.map((place) => profile.texts[place]!),
    counts,
    filled: counts.reduce((total, each) => total + each, 0),
  };
}

/** Texts with their counts, the commonest first, equal ones by their text. */
export function levelsOf({ texts, counts }: Profile): readonly Level[] {
  return texts
    .map((text, place) => ({ text, count: counts[place]! }))
    .sort((a, b) => b.count - a.count || (a.text < b.text ? -1 : 1));
}

/** Distinct values in ascending order, each with the count and the commonest spelling of its texts. */
export interface Values {
  readonly values: Float64Array;
  readonly counts: Float64Array;
  readonly texts: readonly string[];
}

/** The values that `parse` gives to the texts of a profile; texts without a value (NaN) are left out. */
export function valuesOf({ texts, counts }: Profile, parse: (text: string) => number): Values {
  const parsed = Float64Array.from(texts, (text) => parse(text) + 0);
  const values = distinct(parsed.filter((value) => !Number.isNaN(value)).sort());
  const totals = new Float64Array(values.length);
  const commonest = new Int32Array(values.length).fill(-1);
  parsed.forEach((value, place) => {
    if (Number.isNaN(value)) return;
    const at = placeIn(values, value);
    totals[at]! += counts[place]!;
    if (commonest[at]! < 0 || counts[place]! > counts[commonest[at]!]!) commonest[at] = place;
  });
  return { values, counts: totals, texts: Array.from(commonest, (place) => texts[place]!) };
}

function distinct(ascending: Float64Array): Float64Array {
  let kept = 0;
  for (const value of ascending) if (kept === 0 || value !== ascending[kept - 1]) ascending[kept++] = value;
  return ascending.slice(0, kept);
}

/** Where `value`, which is among them, stands in ascending values. */
function placeIn(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (values[middle]! <= value) low = middle;
    else high = middle;
  }
  return low;
}

/** The value below and at which the share of rows is at least `share`. */
export function quantile({ values, counts }: Values, share: number): number {
  const rows = counts.reduce((total, each) => total + each, 0);
  let seen = 0;
  for (let at = 0; at < values.length; at++) {
    seen += counts[at]!;
    if (seen >= share * rows) return values[at]!;
  }
  return values.at(-1) ?? 0;
}
