// profile: the distinct texts of a column with their counts, from which its type is found.
import { lastUpTo } from "../../data/ascending.ts";
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
  const texts: string[] = [];
  for (let code = 0; code < all.length; code++) if (all[code]! > 0) texts.push(column.texts.at(code));
  return { column, rows: column.codes.length, texts, counts: all.filter((count) => count > 0), filled };
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
export function valuesOf(profile: Profile, parse: (text: string) => number): Values {
  const parsed = new Float64Array(profile.texts.length);
  for (let place = 0; place < parsed.length; place++) parsed[place] = parse(profile.texts[place]!) + 0;
  return valuesFrom(profile, parsed);
}

/** The values of texts that were read already, one for each. */
export function valuesFrom({ texts, counts }: Profile, parsed: Float64Array): Values {
  const known = parsed.filter((value) => !Number.isNaN(value));
  const values = distinct(known.slice().sort());
  const isPlain = values.length === parsed.length && counts.every((count) => count === 1);
  return {
    values,
    counts: isPlain ? new Float64Array(values.length).fill(1) : totalsOf(values, parsed, counts),
    get texts() {
      return commonestTexts(values, parsed, counts).map((place) => texts[place]!);
    },
  };
}

/** How many cells have each value. */
function totalsOf(values: Float64Array, parsed: Float64Array, counts: Int32Array): Float64Array {
  const totals = new Float64Array(values.length);
  const placeOf = finder(values);
  for (let place = 0; place < parsed.length; place++)
    if (!Number.isNaN(parsed[place]!)) totals[placeOf(parsed[place]!)]! += counts[place]!;
  return totals;
}

/** For each value the place of its commonest text. */
function commonestTexts(values: Float64Array, parsed: Float64Array, counts: Int32Array): readonly number[] {
  const commonest = new Int32Array(values.length).fill(-1);
  const placeOf = finder(values);
  for (let place = 0; place < parsed.length; place++) {
    if (Number.isNaN(parsed[place]!)) continue;
    const at = placeOf(parsed[place]!);
    if (commonest[at]! < 0 || counts[place]! > counts[commonest[at]!]!) commonest[at] = place;
  }
  return [...commonest];
}

function distinct(ascending: Float64Array): Float64Array {
  let kept = 0;
  for (const value of ascending) if (kept === 0 || value !== ascending[kept - 1]) ascending[kept++] = value;
  return ascending.slice(0, kept);
}

/** Where a value, which is among them, stands in ascending values: looked for where evenly spread ones would have it first. */
function finder(values: Float64Array): (value: number) => number {
  const [first, last] = [values[0] ?? 0, values.at(-1) ?? 0];
  const buckets = Math.max(1, values.length);
  const bucketOf = (value: number) =>
    Math.min(buckets - 1, Math.floor(((value - first) / (last - first)) * buckets) || 0);
  const starts = new Int32Array(buckets + 1).fill(values.length);
  for (let at = values.length - 1; at >= 0; at--) starts[bucketOf(values[at]!)] = at;
  for (let bucket = buckets - 1; bucket >= 0; bucket--) starts[bucket] = Math.min(starts[bucket]!, starts[bucket + 1]!);
  return (value) => {
    const bucket = bucketOf(value);
    return lastUpTo(values, value, starts[bucket]!, starts[bucket + 1]!);
  };
}

/** Of the values those at some places. */
export function kept({ values, counts, texts }: Values, isKept: (place: number) => boolean): Values {
  const at = (_: unknown, place: number) => isKept(place);
  return { values: values.filter(at), counts: counts.filter(at), texts: texts.filter(at) };
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
