// evaluate-table-words: what all sentences on measures have in common: shares in words, and how far chance goes
import { meaninglessError, mostMissed } from "../../measure/area-under-curve.ts";
import { rounding } from "../../measure/estimate.ts";
import { testedRows } from "../../measure/two-sample-classifier.ts";
import type { Beside, TableEstimate, TableFindings } from "./evaluate-rows.ts";

export function percent({ value }: Pick<TableEstimate, "value">): string {
  return `${(100 * value).toFixed(1)} %`;
}

/** By how many standard errors a value is beyond its floor where chance does not explain it. */
const beyondChance = 3;

/** Beyond the floor by more than chance explains. */
export function isAbove(metric: Pick<Beside, "value" | "standardError" | "floor">): boolean {
  return metric.value - metric.floor.value > beyondChance * doubtOf(metric) + rounding;
}

/** The same to the other side. */
export function isBelow(metric: Pick<Beside, "value" | "standardError" | "floor">): boolean {
  return metric.floor.value - metric.value > beyondChance * doubtOf(metric) + rounding;
}

/** Beside shares that are off: whether chance explains as much, and what `floor` has. */
export function besideChance(metric: Pick<Beside, "value" | "standardError" | "floor">, floor: string): string {
  return `that is ${isAbove(metric) ? "more than chance explains" : "not more than chance explains"} (${floor} ${percent(metric.floor)})`;
}

/** The standard error of the difference between a value and its floor. */
export function doubtOf({ standardError, floor }: Pick<Beside, "standardError" | "floor">): number {
  return Math.hypot(standardError ?? 0, floor.standardError ?? 0);
}

/**
 * The standard error of a share of so many rows, of which none and all would show no error, with two rows more that are in it and two
 * that are not (A. Agresti and B. Coull, "Approximate is better than exact for interval estimation of binomial proportions", 1998).
 */
export function shareError(share: number, rows: number): number {
  const cautious = (share * rows + 2) / (rows + 4);
  return Math.sqrt((cautious * (1 - cautious)) / rows);
}

/** Whether trees tell even training rows from held-out ones: then they are not of one law, and say little of synthetic rows. */
export function areOfOtherLaws({ measures, rows }: Pick<TableFindings, "measures" | "rows">): boolean {
  const { c2st } = measures;
  if (c2st === undefined) return false;
  const { value, standardError } = c2st.floor;
  const doubt = Math.max(standardError ?? 0, meaninglessError(testedRows(Math.min(rows.heldOut, rows.compared))));
  return value > mostMissed && value - 0.5 > 3 * doubt;
}

/** Whether more than half of the held-out rows equal a training row: then they are not held out, or too coarse to tell copies. */
export function areSeen(floor: TableEstimate | undefined): boolean {
  return (floor?.value ?? 0) > 0.5;
}
