// row-percentiles: where rows of a table stand among training rows, for rows whose density can be compared with theirs.
import { listNames } from "../../data/columns.ts";
import { dimensionStates } from "../../flow/masked.ts";
import { percentileOf } from "../quantiles.ts";
import { type ColumnSpan, cellKinds, type TablePoints } from "./points.ts";
import type { TableTraining } from "./table-model.ts";

/**
 * Percentiles of rows, where the model has them, and how many rows have none: with a cell left out the log-density is that of fewer
 * dimensions than the training rows have.
 */
export function rowPercentiles(
  { logDensityQuantiles }: TableTraining,
  logDensity: Float64Array,
  { states, rows }: TablePoints,
): { readonly percentiles?: Float64Array; readonly partialRows: number } {
  const d = states.length / Math.max(1, rows);
  const isPartial = (row: number) => states.subarray(row * d, (row + 1) * d).includes(dimensionStates.absent);
  const partial = Uint8Array.from(logDensity, (_, row) => Number(isPartial(row)));
  const partialRows = partial.reduce((total, value) => total + value, 0);
  if (logDensityQuantiles === undefined) return { partialRows };
  const percentiles = logDensity.map((value, row) =>
    partial[row] === 1 ? Number.NaN : percentileOf(logDensityQuantiles, value),
  );
  return { percentiles, partialRows };
}

/** A sentence where rows have gaps in numbers: a density of fewer numbers is in other units than that of the rows it stands among. */
export function percentileNotes(
  spans: readonly ColumnSpan[],
  { cells }: Pick<TablePoints, "cells">,
): readonly string[] {
  const names = spans.flatMap(({ column, hasGap }, place) => {
    const isNumber = hasGap && (column.kind === "number" || column.kind === "date");
    return isNumber && cells[place]?.includes(cellKinds.gap) ? [column.name] : [];
  });
  if (names.length === 0) return [];
  return [
    `rows have gaps in ${listNames(names)}: their densities are of fewer numbers, in other units, so their percentiles say more of the gaps than of the row; compare rows with the same gaps, and see with contributions which cell is odd`,
  ];
}
