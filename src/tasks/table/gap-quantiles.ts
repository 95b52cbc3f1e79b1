// gap-quantiles: how the log-densities of training rows are spread by which numbers the rows lack: those of other numbers are in other units.
import { quantilesOf } from "../quantiles.ts";
import type { TableEncoder } from "./encoder.ts";
import { cellKinds, spansOf, type TablePoints } from "./points.ts";

/** Of training rows that lack the same numbers and dates. */
export interface GapQuantiles {
  /** Places in the schema of the columns in which they have gaps, ascending. */
  readonly gaps: readonly number[];
  /** Of their log-densities, at `percentGrid`. */
  readonly logDensityQuantiles: readonly number[];
}

/** Fewer different rows than this tell little of what is unusual among rows with their gaps. */
export const fewestAlike = 100;

/** The numbers and dates, of those that training rows lack at times, in which a row of the points has gaps: places in the schema, ascending. */
export type NumberGaps = (row: number) => readonly number[];

/** The reader of them; undefined where no number and no date has gaps in training. */
export function numberGaps(encoder: TableEncoder, { cells }: Pick<TablePoints, "cells">): NumberGaps | undefined {
  const { columns } = encoder.schema;
  const withGaps = spansOf(encoder).flatMap(({ column, hasGap }, n) =>
    hasGap && (column.kind === "number" || column.kind === "date")
      ? [{ place: columns.indexOf(column), kinds: cells[n] }]
      : [],
  );
  if (withGaps.length === 0) return undefined;
  return (row) => withGaps.flatMap(({ place, kinds }) => (kinds?.[row] === cellKinds.gap ? [place] : []));
}

/** A set of gaps as one text. */
export function gapsKey(gaps: readonly number[]): string {
  return gaps.join(",");
}

/** The log-density of a row of the points, and which row of the table that is: of a small table there are several points. */
export interface ScoredRow {
  readonly point: number;
  readonly row: number;
  readonly logDensity: number;
}

/** Quantiles for each set of gaps that enough different rows have, the smallest set first. */
export function quantilesByGaps(gapsOf: NumberGaps, scored: readonly ScoredRow[]): readonly GapQuantiles[] {
  const groups = new Map<string, { gaps: readonly number[]; rows: Set<number>; values: number[] }>();
  for (const { point, row, logDensity } of scored) {
    const gaps = gapsOf(point);
    const key = gapsKey(gaps);
    const group = groups.get(key) ?? { gaps, rows: new Set(), values: [] };
    group.rows.add(row);
    group.values.push(logDensity);
    groups.set(key, group);
  }
  return [...groups.values()]
    .filter(({ rows }) => rows.size >= fewestAlike)
    .toSorted((a, b) => a.gaps.length - b.gaps.length || (gapsKey(a.gaps) < gapsKey(b.gaps) ? -1 : 1))
    .map(({ gaps, values }) => ({ gaps, logDensityQuantiles: quantilesOf(values) }));
}
