// possible-gaps: whether drawn rows may have gaps in a column: of its own, or, where it is computed, because a part of its sum has one.
import type { ColumnCode } from "./column-code.ts";
import type { TableEncoder } from "./encoder.ts";
import type { Sum } from "./sums.ts";

/** What is known of the gaps of all rows. */
export interface GapFacts {
  readonly codes: ReadonlyMap<string, ColumnCode>;
  /** Columns that are computed. */
  readonly sums: readonly Sum[];
}

/** What an encoder knows of them. */
export function gapFactsOf({ schema, toJSON }: TableEncoder): GapFacts {
  const { codes, sums = [] } = toJSON();
  return {
    codes: new Map(schema.columns.flatMap(({ name }, n) => (codes[n] ? [[name, codes[n]] as const] : []))),
    sums,
  };
}

/** Whether the training rows have gaps in a column. */
export function hasGaps(name: string, { codes }: GapFacts): boolean {
  const code = codes.get(name);
  return code === undefined || code.gaps > 0 || code.filled === 0;
}

/** Whether a column is computed from parts that may have gaps. */
export function mayLackParts(name: string, facts: GapFacts): boolean {
  const sum = facts.sums.find(({ column }) => column === name);
  return sum?.terms.some(({ column }) => mayBeGap(column, facts)) ?? false;
}

/** Whether drawn rows may have a gap in a column. */
export function mayBeGap(name: string, facts: GapFacts): boolean {
  return hasGaps(name, facts) || mayLackParts(name, facts);
}
