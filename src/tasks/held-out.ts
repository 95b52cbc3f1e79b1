// held-out: held-out rows made ready to be compared with samples of a model, in the same way wherever that is done.
import { columnScale } from "../measure/baseline.ts";
import { type Comparison, comparedRows, comparison } from "../measure/compare.ts";
import { random, split } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";
import { checkRows } from "./rows.ts";
import type { Standardization } from "./standardization.ts";

/** What is asked of a model whose samples are compared: a density's or a student's. */
export interface ColumnModel {
  readonly record: { readonly columns: readonly string[]; readonly configuration: { readonly standardize: boolean } };
  readonly standardization: Standardization;
}

/** What samples are held against. */
export interface HeldOutRequest {
  /** Rows [n, d] that the model has not seen, in the user's units. */
  readonly heldOut: FloatArray;
  /** The rows the model was trained on: with them comes the floor. */
  readonly train?: FloatArray;
  readonly seed: number;
  /** Samples drawn from each density; default and most 4096. */
  readonly samples?: number;
}

/**
 * The comparison of samples with the held-out rows, on columns divided by the training deviations; of each side as many rows
 * as the smallest has. Equal requests look at the same rows in the same directions. Throws "data" for fewer than 8 rows on
 * a side, and for training rows that are not the model's or not finite.
 */
export function heldOutComparison(model: ColumnModel, request: HeldOutRequest): Comparison {
  const { heldOut, train, seed } = request;
  if (train) checkRows(train, model.record.columns, "training data");
  const sizes = [heldOut, ...(train ? [train] : [])].map(({ shape }) => shape[0] ?? 0);
  const rows = Math.min(sampleCount(request), ...sizes);
  return comparison(heldOut, {
    deviation: deviationOf(model, train ?? heldOut),
    rows,
    random: split(random(seed), "evaluate"),
  });
}

/** Samples that are drawn to be compared. */
export function sampleCount({ samples = comparedRows }: { readonly samples?: number }): number {
  return Math.min(samples, comparedRows);
}

/** The model's own training deviations; of a model that does not standardise, those of `rows`. */
export function deviationOf({ record, standardization }: ColumnModel, rows: FloatArray): ArrayLike<number> {
  return record.configuration.standardize ? standardization.deviation.data : columnScale(rows).deviation;
}
