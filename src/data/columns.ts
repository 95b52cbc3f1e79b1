// columns: choosing columns of a table by name.
import { failure } from "../errors.ts";

export interface ColumnChoice {
  /** Names in the order asked for, or all names. */
  readonly columns: readonly string[];
  /** Their places in the file. */
  readonly places: readonly number[];
  /** Names in the file that were not chosen. */
  readonly ignored: readonly string[];
}

/** Which columns are wanted of a table. */
export interface ColumnOptions {
  /** The columns to read, in this order; default: all. */
  readonly columns?: readonly string[];
  /** `columns` also names the columns of a table that has no names, which must be as many; default: they are c1, c2, … */
  readonly inOrder?: boolean;
}

/** Names for columns that came without: c1, c2, … */
export function numberedColumns(count: number): string[] {
  return Array.from({ length: count }, (_, place) => `c${place + 1}`);
}

/** Refuses names that occur twice. */
export function checkDistinct(names: readonly string[], where: string): void {
  const seen = new Map<string, number>();
  names.forEach((name, place) => {
    const before = seen.get(name);
    if (before !== undefined) {
      throw failure("data", {
        where,
        expected: "a different name for every column",
        received: `"${name}" for columns ${before + 1} and ${place + 1}`,
        remedy: "rename one of them",
      });
    }
    seen.set(name, place);
  });
}

/** All columns, or the `wanted` ones; an unknown name is an error that lists the names there are. */
export function chooseColumns(
  names: readonly string[],
  wanted: readonly string[] | undefined,
  where: string,
): ColumnChoice {
  if (wanted === undefined) return { columns: names, places: names.map((_, place) => place), ignored: [] };
  if (wanted.length === 0)
    throw failure("option", { where: "--columns", expected: "at least one name", received: "none" });
  checkDistinct(wanted, "--columns");
  const placeOf = new Map(names.map((name, place) => [name, place]));
  const places = wanted.map((name) => {
    const place = placeOf.get(name);
    if (place !== undefined) return place;
    throw failure("option", {
      where: `${where} --columns`,
      expected: `names among ${listNames(names)}`,
      received: `"${shorten(name)}"`,
      ...didYouMean(name, names),
    });
  });
  const chosen = new Set(wanted);
  return { columns: wanted, places, ignored: names.filter((name) => !chosen.has(name)) };
}

/** The columns of a table without names: c1, c2, …, or with `inOrder` the wanted names one after the other. */
export function chooseUnnamed(width: number, { columns, inOrder }: ColumnOptions, where: string): ColumnChoice {
  if (!inOrder || columns === undefined) return chooseColumns(numberedColumns(width), columns, where);
  if (columns.length === width) return { columns, places: columns.map((_, place) => place), ignored: [] };
  throw failure("data", {
    where,
    expected: `${columns.length} columns (${listNames(columns)})`,
    received: String(width),
  });
}

/** A list of names for a message, cut after the first twenty. */
export function listNames(names: readonly string[]): string {
  const rest = names.length - 20;
  return names.slice(0, 20).map(shorten).join(", ") + (rest > 0 ? ` and ${rest} more` : "");
}

/** `1 column`, `2 columns`. */
export function counted(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? "" : "s"}`;
}

/** Text from a file, cut to a length that fits a message. */
export function shorten(text: string): string {
  return text.length <= 60 ? text : `${text.slice(0, 57)}…`;
}

/** What an error advises where a name is unknown: the one that was probably meant, if any is near. */
export function didYouMean(name: string, names: readonly string[]): { readonly remedy?: string } {
  const nearest = nearestName(name, names);
  return nearest === undefined ? {} : { remedy: `did you mean "${shorten(nearest)}"?` };
}

/** Columns that a table lacks for which others are looked for. */
const mostRenamed = 3;

/**
 * What an error advises where a table lacks columns: the nearest of its other columns for each of the first ones, as they may be misspelt
 * there; `otherwise` where none is near.
 */
export function mayBeRenamed(lacking: readonly string[], others: readonly string[], otherwise: string): string {
  const left = new Set(others);
  const pairs = lacking.slice(0, mostRenamed).flatMap((name) => {
    const nearest = nearestName(name, [...left]);
    if (nearest === undefined) return [];
    left.delete(nearest);
    return [`"${shorten(name)}" by "${shorten(nearest)}"`];
  });
  return pairs.length === 0 ? otherwise : `did you mean ${pairs.join(" and ")}? Rename the columns`;
}

/** Changed letters that a misspelt name may have, as a share of the longer name, and letters that may stand for a longer name. */
const [mostChanged, fewestBegun] = [0.4, 3];

/**
 * The name with the fewest changed letters, upper or lower case, among those that are near: of five letters two may be changed, of
 * three one, of two none, or `name` is how it begins. None where none is near.
 */
export function nearestName(name: string, names: readonly string[]): string | undefined {
  const wanted = shorten(name.toLowerCase());
  let [nearest, least]: [string | undefined, number] = [undefined, Number.POSITIVE_INFINITY];
  for (const other of names.slice(0, 1000)) {
    const known = shorten(other.toLowerCase());
    const distance = editDistance(wanted, known);
    const isBegun = wanted.length >= fewestBegun && known.startsWith(wanted);
    const isNear = isBegun || distance <= Math.floor(mostChanged * Math.max(wanted.length, known.length));
    if (isNear && distance < least) [nearest, least] = [other, distance];
  }
  return nearest;
}

/** Letters changed, added, left out, or swapped with their neighbour (optimal string alignment), a row of the table at a time. */
function editDistance(a: string, b: string): number {
  let before: readonly number[] = [];
  let row = Array.from({ length: b.length + 1 }, (_, j) => j);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = row[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1);
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1];
      const swap = isSwapped ? before[j - 2]! + 1 : Number.POSITIVE_INFINITY;
      next.push(Math.min(change, swap, row[j]! + 1, next[j - 1]! + 1));
    }
    [before, row] = [row, next];
  }
  return row[b.length]!;
}
