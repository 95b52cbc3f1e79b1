// row-percentiles: where rows of a table stand among training rows, for rows whose density can be compared with theirs.
import { listNames } from "../../data/columns.ts";
import { dimensionStates } from "../../flow/masked.ts";
import { percentileOf } from "../quantiles.ts";
import type { TableEncoder } from "./encoder.ts";
import { fewestAlike, gapsKey, type NumberGaps, numberGaps } from "./gap-quantiles.ts";
import type { TablePoints } from "./points.ts";
import type { TableTraining } from "./table-model.ts";
import { countedRows } from "./told-rows.ts";

export interface RowPercentiles {
  /** NaN for rows that have none: with a cell left out the log-density is that of fewer dimensions than the training rows have. */
  readonly percentiles?: Float64Array;
  /** How many rows have none. */
  readonly partialRows: number;
  /** A sentence where rows stand among training rows whose densities are in other units. */
  readonly percentileNotes: readonly string[];
}

/**
 * Percentiles of rows, where the model has them: among the training rows that lack the same numbers and dates, or among all where these
 * were too few.
 */
export function rowPercentiles(
  { encoder, training }: { readonly encoder: TableEncoder; readonly training: TableTraining },
  logDensity: Float64Array,
  points: TablePoints,
): RowPercentiles {
  const { logDensityQuantiles: all, quantilesByGaps } = training;
  const { states, rows } = points;
  const d = states.length / Math.max(1, rows);
  const isPartial = (row: number) => states.subarray(row * d, (row + 1) * d).includes(dimensionStates.absent);
  const whole = Array.from(logDensity.keys()).filter((row) => !isPartial(row));
  const partialRows = logDensity.length - whole.length;
  if (all === undefined) return { partialRows, percentileNotes: [] };
  const gapsOf = numberGaps(encoder, points) ?? (() => []);
  const alike = new Map(quantilesByGaps?.map((each) => [gapsKey(each.gaps), each.logDensityQuantiles]));
  const percentiles = new Float64Array(logDensity.length).fill(Number.NaN);
  const others: number[] = [];
  for (const row of whole) {
    const quantiles = alike.get(gapsKey(gapsOf(row)));
    if (quantiles === undefined) others.push(row);
    percentiles[row] = percentileOf(quantiles ?? all, logDensity[row]!);
  }
  const names = encoder.schema.columns.map(({ name }) => name);
  return { percentiles, partialRows, percentileNotes: notesOn(others, { gapsOf, names, training }) };
}

interface NotedGaps {
  readonly gapsOf: NumberGaps;
  /** Of the schema's columns. */
  readonly names: readonly string[];
  readonly training: TableTraining;
}

/** Of rows that stand among all training rows: rows without gaps are told only where others are known to stand apart from them. */
function notesOn(rows: readonly number[], { gapsOf, names, training }: NotedGaps): readonly string[] {
  const { quantilesByGaps } = training;
  const lacking = rows.filter((row) => gapsOf(row).length > 0);
  const complete = quantilesByGaps === undefined ? 0 : rows.length - lacking.length;
  const places = new Set(lacking.flatMap(gapsOf));
  const told = [
    ...(lacking.length > 0
      ? [`${countedRows(lacking.length)} with gaps among ${listNames(names.filter((_, place) => places.has(place)))}`]
      : []),
    ...(complete > 0 ? [`${countedRows(complete)} without gaps in numbers`] : []),
  ];
  if (told.length === 0) return [];
  const why =
    quantilesByGaps === undefined
      ? "the model was fitted by an earlier release, which kept no percentiles by gaps"
      : `fewer than ${fewestAlike} of the training rows that were scored have the same gaps`;
  return [
    `${told.join(" and ")} ${lacking.length + complete === 1 ? "stands" : "stand"} among all training rows, since ${why}: densities of other numbers are in other units, so such a percentile also says which gaps the training rows have; the model's contributions show which cell is odd`,
  ];
}
