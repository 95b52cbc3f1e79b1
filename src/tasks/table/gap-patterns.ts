// gap-patterns: columns whose gaps hang together without an exception: known in the same rows, never in one, or never missing in one.
import type { CellTable } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { shellWord } from "../../data/shell-word.ts";
import { nameText } from "./condition-tokens.ts";
import { columnsByName } from "./conditions.ts";
import { gapTest } from "./points.ts";
import type { Schema } from "./schema.ts";

/** Two columns, and what no row has. */
export interface GapPattern {
  readonly columns: readonly [string, string];
  /** Of both columns: known in one row, missing in one, or the first missing where the second is not. */
  readonly never: "known" | "missing" | "first missing alone" | "second missing alone" | "missing alone";
}

/** Of rows whose gaps were independent, so many would have what no row has: by chance that is next to impossible. */
const leastExpected = 12;
/** Pairs of columns are first looked at in so many rows. */
const firstLook = 4096;

/** Pairs of columns with gaps in which something never occurs that independent gaps would have often. Text and ids do not count. */
export function gapPatterns({ columns }: Schema, table: CellTable): readonly GapPattern[] {
  const described = columnsByName(columns);
  const withGaps = table.columns.flatMap((cells) => {
    const column = described.get(cells.name);
    if (column === undefined || column.kind === "text" || column.kind === "id") return [];
    const isGap = gapTest(column, cells);
    const missing = Uint8Array.from({ length: table.rows }, (_, row) => Number(isGap(row)));
    const gaps = missing.reduce((total, each) => total + each, 0);
    return gaps === 0 || gaps === table.rows ? [] : [{ name: cells.name, missing, gaps }];
  });
  return withGaps.flatMap((first, place) =>
    withGaps.slice(place + 1).flatMap((second) => {
      const never = neverIn(first, second, table.rows);
      return never === undefined ? [] : [{ columns: [first.name, second.name] as const, never }];
    }),
  );
}

interface Missing {
  readonly missing: Uint8Array;
  readonly gaps: number;
}

function neverIn(a: Missing, b: Missing, rows: number): GapPattern["never"] | undefined {
  const [knownA, knownB] = [rows - a.gaps, rows - b.gaps];
  const expected = [knownA * knownB, knownA * b.gaps, a.gaps * knownB, a.gaps * b.gaps].map((count) => count / rows);
  const isTelling = (pattern: number) => (expected[pattern] ?? 0) >= leastExpected;
  const seen = [false, false, false, false];
  for (let row = 0; row < rows; row++) {
    seen[2 * a.missing[row]! + b.missing[row]!] = true;
    if (row % firstLook === 0 && !seen.some((each, pattern) => !each && isTelling(pattern))) return undefined;
  }
  const isNever = (pattern: number) => !seen[pattern] && isTelling(pattern);
  if (isNever(1) && isNever(2)) return "missing alone";
  if (isNever(0)) return "known";
  if (isNever(3)) return "missing";
  if (isNever(2)) return "first missing alone";
  return isNever(1) ? "second missing alone" : undefined;
}

/** Pairs of columns that are said one by one. */
const mostSaid = 3;

/**
 * What becomes of such columns, in a sentence for each of a few pairs, and a number of the others; those that a constraint of `given` already
 * keeps, written as it would be proposed, are left out.
 */
export function gapPatternNotices(
  patterns: readonly GapPattern[],
  given: readonly { readonly constraint: string }[] = [],
): readonly string[] {
  const kept = new Set(given.map(({ constraint }) => compact(constraint)));
  const said = patterns
    .filter((pattern) => !kept.has(compact(constraintOf(pattern))))
    .toSorted((a, b) => Number(b.never === "known") - Number(a.never === "known"));
  const others = said.length - mostSaid;
  return [
    ...said.slice(0, mostSaid).map(patternNotice),
    ...(others > 0
      ? [`${others} more ${others === 1 ? "pair" : "pairs"} of columns have gaps that depend so without an exception`]
      : []),
  ];
}

function compact(constraint: string): string {
  return constraint.replaceAll(" ", "");
}

/** The constraint that all rows of a pattern meet. */
function constraintOf({ columns, never }: GapPattern): string {
  const [a, b] = columns.map(nameText);
  switch (never) {
    case "known":
      return `${a} == null || ${b} == null`;
    case "missing":
      return `${a} != null || ${b} != null`;
    case "missing alone":
      return `${a} == null && ${b} == null || ${a} != null && ${b} != null`;
    case "first missing alone":
      return `${a} != null || ${b} == null`;
    case "second missing alone":
      return `${b} != null || ${a} == null`;
  }
}

function patternNotice(pattern: GapPattern): string {
  const [first, second] = pattern.columns.map((name) => JSON.stringify(shorten(name)));
  const withConstraint = `with --constraint ${shellWord(constraintOf(pattern))}`;
  const most = `most drawn rows keep to it, and ${withConstraint} all of them`;
  switch (pattern.never) {
    case "known":
      return `no row has both ${first} and ${second}, so what they have in common cannot be learnt: where one is known, impute fills the other without it; few drawn rows have both, and ${withConstraint} none`;
    case "missing":
      return `no row lacks both ${first} and ${second}: ${most}`;
    case "missing alone":
      return `${first} and ${second} are missing in the same rows: ${most}`;
    case "first missing alone":
      return `where ${first} is missing, ${second} is, too: ${most}`;
    case "second missing alone":
      return `where ${second} is missing, ${first} is, too: ${most}`;
  }
}
