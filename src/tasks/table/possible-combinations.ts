// possible-combinations: whether some combination that was seen has the cells that are wanted, and which ones are nearest to them.
import { shorten } from "../../data/columns.ts";
import { amountsOf } from "./amounts.ts";
import type { CellTest } from "./comparisons.ts";
import type { SeenCombinations } from "./constraint-tests.ts";
import type { ColumnSchema } from "./schema.ts";

/** What the cell of a column has to be. A cell that is not known and one that may be anything are left out. */
export type WantedCell =
  | { readonly kind: "cell"; readonly text: string | undefined }
  /** `words` follow the name of the column: which cells these are. */
  | { readonly kind: "test"; readonly test: CellTest; readonly words: string };

export interface Combinations {
  readonly columns: readonly ColumnSchema[];
  readonly seen: SeenCombinations;
}

/** Wanted cells that no combination has, in words: `city "Rome", country "NO"`, and the combinations that come nearest. */
export interface Misfit {
  readonly columns: readonly string[];
  readonly wanted: string;
  readonly nearest: string;
}

/** Nearest combinations that are named. */
const shownNearest = 3;

/** Undefined where a combination has all cells that `wantedOf` wants of its columns, or none are wanted. */
export function misfitOf(
  { columns, seen }: Combinations,
  wantedOf: (column: string) => WantedCell | undefined,
): Misfit | undefined {
  const members = membersOf({ columns, seen }, wantedOf);
  if (members.length === 0) return undefined;
  const width = columns.length;
  const kept = (at: number) => members.filter(({ fits, place }) => fits(seen.rows[at + place]!));
  let most = -1;
  let candidates: Candidate[] = [];
  for (let at = 0; at < seen.rows.length; at += width) {
    const same = kept(at);
    if (same.length === members.length) return undefined;
    if (same.length < most) continue;
    if (same.length > most) candidates = [];
    most = same.length;
    const distance = members.reduce((total, { distanceTo, place }) => total + distanceTo(seen.rows[at + place]!), 0);
    const texts = members.map(({ column, place }) => spoken(column.name, textAt(seen, place, seen.rows[at + place]!)));
    candidates.push({ distance, keeps: same.map(({ place }) => place).join(" "), words: texts.join(", ") });
  }
  return {
    columns: members.map(({ column }) => column.name),
    wanted: members.map(({ words }) => words).join(", "),
    nearest: nearestWords(candidates),
  };
}

/** The texts of each column in the combinations that have all wanted cells; undefined among them is a gap. */
export function textsLeft(
  { columns, seen }: Combinations,
  wantedOf: (column: string) => WantedCell | undefined,
): ReadonlyMap<string, ReadonlySet<string | undefined>> {
  const members = membersOf({ columns, seen }, wantedOf);
  const codes = columns.map(() => new Set<number>());
  for (let at = 0; at < seen.rows.length; at += columns.length)
    if (members.every(({ fits, place }) => fits(seen.rows[at + place]!)))
      codes.forEach((set, place) => {
        set.add(seen.rows[at + place]!);
      });
  return new Map(
    columns.map(({ name }, place) => [name, new Set([...codes[place]!].map((code) => textAt(seen, place, code)))]),
  );
}

function membersOf(
  { columns, seen }: Combinations,
  wantedOf: (column: string) => WantedCell | undefined,
): readonly Member[] {
  return columns.flatMap((column, place): Member[] => {
    const wanted = wantedOf(column.name);
    return wanted === undefined ? [] : [memberOf(column, place, wanted, seen)];
  });
}

interface Member {
  readonly column: ColumnSchema;
  readonly place: number;
  readonly words: string;
  fits(code: number): boolean;
  /** 0 where it fits, 1 for another level, the share of the column's range for another number. */
  distanceTo(code: number): number;
}

interface Candidate {
  readonly distance: number;
  /** Which of the wanted cells it has. */
  readonly keeps: string;
  readonly words: string;
}

function memberOf(column: ColumnSchema, place: number, wanted: WantedCell, seen: SeenCombinations): Member {
  const texts = seen.texts[place] ?? [];
  if (wanted.kind === "test") {
    const passing = [...texts, undefined].map((text) => wanted.test(text));
    const fits = (code: number) => passing[code < 0 ? texts.length : code] === true;
    const words = `${shorten(column.name)} ${wanted.words}`;
    return { column, place, words, fits, distanceTo: (code) => Number(!fits(code)) };
  }
  const own = wanted.text === undefined ? -1 : texts.indexOf(wanted.text);
  const isSeen = wanted.text === undefined || own >= 0;
  const fits = (code: number) => isSeen && code === own;
  const gaps = gapsBetween(column, wanted.text, texts);
  const distanceTo = (code: number) => (fits(code) ? 0 : code < 0 ? 1 : (gaps[code] ?? 1));
  return { column, place, words: spoken(column.name, wanted.text), fits, distanceTo };
}

/** How far the value of a text is from those of others, as shares of their range; nothing for levels. */
function gapsBetween(column: ColumnSchema, text: string | undefined, texts: readonly string[]): readonly number[] {
  if (text === undefined || (column.kind !== "number" && column.kind !== "date")) return [];
  const { parse } = amountsOf(column);
  const [own, values] = [parse(text), texts.map(parse)];
  const [low, high] = values.reduce(([a, b], value) => [Math.min(a, value), Math.max(b, value)], [own, own]);
  return values.map((value) => (high > low ? Math.abs(value - own) / (high - low) : 0));
}

/** For each choice of wanted cells that are kept the nearest one first, then the next ones; none has more of them. */
function nearestWords(candidates: readonly Candidate[]): string {
  const sorted = candidates.toSorted((a, b) => a.distance - b.distance);
  const choices = new Set<string>();
  const firsts = sorted.filter(({ keeps }) => !choices.has(keeps) && choices.add(keeps));
  const words = [...new Set([...firsts, ...sorted].map((candidate) => candidate.words))];
  const rest = words.length - shownNearest;
  const others = rest === 1 ? ", or 1 other" : `, or one of ${rest} others`;
  return words.slice(0, shownNearest).join(" or ") + (rest > 0 ? others : "");
}

function textAt({ texts }: SeenCombinations, place: number, code: number): string | undefined {
  return code < 0 ? undefined : texts[place]?.[code];
}

/** A cell in words. */
export function spoken(column: string, text: string | undefined): string {
  return `${shorten(column)} ${text === undefined ? "null" : JSON.stringify(shorten(text))}`;
}
