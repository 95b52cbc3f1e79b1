// columns-table: a table as the measures see it, column by column, with its gaps marked

/**
 * One column: numbers, where NaN marks a gap, or category codes into `levels`, where -1 marks a gap.
 */
export type MeasuredColumn =
  | { readonly name: string; readonly kind: "numeric"; readonly values: Float64Array }
  | {
      readonly name: string;
      readonly kind: "category";
      readonly codes: Int32Array;
      readonly levels: readonly string[];
    };

/**
 * Columns of equal length.
 */
export interface MeasuredTable {
  readonly rows: number;
  readonly columns: readonly MeasuredColumn[];
}
