// pair-findings: which pairs of columns are off by themselves, and whether that is their dependence or the columns alone
import type { MeasuredTable } from "../../measure/columns-table.ts";
import { movedBelow } from "../../measure/drift.ts";
import { type DependenceChange, dependenceSteps } from "../../measure/pair-dependence.ts";
import type { PairTrend } from "../../measure/pair-trends.ts";
import { inTurns } from "../../measure/steps.ts";
import { normalBelow } from "../../measure/tails.ts";
import { normalScore } from "../../random.ts";
import type { TableEstimate } from "./evaluate-rows.ts";
import { doubtOf } from "./evaluate-table-words.ts";

/** A pair of columns beside its floor. */
export interface FoundPair extends TableEstimate, Pick<PairTrend, "columns" | "kind" | "rows"> {
  readonly floor: TableEstimate;
  /** Of a joint table that is off: what of it the shares of each column alone do not explain. */
  readonly dependence?: DependenceChange;
}

/** Fewest rows of each table with which a pair of columns may count as off: with fewer its standard error is too rough. */
const fewestPairRows = 20;

/** Whether a pair has the rows to count as off. */
export function isPairJudged({ rows }: Pick<FoundPair, "rows">): boolean {
  return rows >= fewestPairRows;
}

/** Standard errors beyond the floor, at least. */
const leastErrors = 3;

/**
 * Whether one of so many pairs of columns is beyond its floor: by three standard errors of the difference, more where there are many pairs
 * (Bonferroni's correction of 5 % of a normal law), and never where few rows tell of it.
 */
export function isPairOff(pair: Omit<FoundPair, "columns" | "kind">, pairs: number): boolean {
  const errors = Math.max(leastErrors, normalScore(0.5 - movedBelow / Math.max(1, pairs)));
  return isPairJudged(pair) && pair.value - pair.floor.value > errors * doubtOf(pair);
}

/** Whether the dependence of such a pair is off: of a joint table by as small a probability that the columns alone explain it. */
export function isDependenceOff(pair: FoundPair, pairs: number): boolean {
  if (!isPairOff(pair, pairs)) return false;
  return pair.kind === "correlation" || (pair.dependence !== undefined && isImprobable(pair.dependence.pValue, pairs));
}

/** Whether the probability of one of so many pairs is that of three standard errors at most, and Bonferroni's share of 5 %. */
export function isImprobable(pValue: number, pairs: number): boolean {
  return pValue <= Math.min(normalBelow(-leastErrors), movedBelow / Math.max(1, pairs));
}

/** In a few words what of such a pair is off; nothing where nothing is. */
export function whatIsOff(pair: FoundPair, pairs: number): string {
  if (isDependenceOff(pair, pairs)) return "dependence";
  return isPairOff(pair, pairs) ? "columns alone" : "";
}

/** The pairs, those whose joint tables are off with their `dependence`. */
export async function withDependence<P extends FoundPair>(
  pairs: readonly P[],
  tables: { readonly real: MeasuredTable; readonly other: MeasuredTable },
  turn: () => Promise<void>,
): Promise<readonly (P & Pick<FoundPair, "dependence">)[]> {
  const off = pairs.filter((pair) => pair.kind === "contingency" && isPairOff(pair, pairs.length));
  const names = off.map(({ columns }) => columns);
  const found = await inTurns(dependenceSteps(tables.real, tables.other, names), turn);
  const changes = new Map(off.map((pair, k) => [pair, found[k]]));
  return pairs.map((pair) => {
    const dependence = changes.get(pair);
    return dependence === undefined ? pair : { ...pair, dependence };
  });
}
