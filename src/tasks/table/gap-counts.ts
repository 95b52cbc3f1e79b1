// gap-counts: how many gaps of a table were filled, how many are left, and how many of those no model of its kind could fill.
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { columnsByName } from "./conditions.ts";
import { canFill } from "./fill-cells.ts";
import { spansOf } from "./points.ts";
import type { ColumnSchema } from "./schema.ts";
import type { TableModel } from "./table-model.ts";
import { unsolvedGaps } from "./unsolved-gaps.ts";

/** Cells of a table that was read and of what was written; without a word on it, of all tables that were written. */
export interface GapCounts {
  /** Gaps of the table that was read. */
  readonly gaps: number;
  /** Gaps that were filled. */
  readonly cells: number;
  /** Gaps that are left, `unheld`, `unsolved` and those of rows that are `unmet`: with `cells` those of every table. */
  readonly left: number;
  /** Of these, those in columns that the model cannot fill, and in sums with a gap there. */
  readonly unheld: number;
  /** Of these, those that follow from a sum of which another cell has a text that cannot be read. */
  readonly unsolved: number;
  /** Rows that keep their gaps: nothing that was drawn for them meets the constraints of the model. */
  readonly unmet: number;
}

/** The counts of a table and of `tables` that follow each other in `written`, in which `unmet` rows keep their gaps. */
export function gapCounts(
  { encoder }: Pick<TableModel, "encoder">,
  read: CellTable,
  { written, tables, unmet }: { readonly written: CellTable; readonly tables: number; readonly unmet: number },
): GapCounts {
  const { schema, toJSON } = encoder;
  const described = columnsByName(schema.columns);
  const gapsOf = (columns: readonly CellColumn[]) =>
    columns.reduce((total, column) => total + gapCells(column, described.get(column.name)), 0);
  const { sums = [] } = toJSON();
  const filled = spansOf(encoder).flatMap((span) => (canFill(span) ? [span.column.name] : []));
  const held = new Set([...filled, ...sums.map(({ column }) => column)]);
  const gaps = gapsOf(read.columns);
  const left = gapsOf(written.columns);
  const unsolved = unsolvedGaps(written, { sums, schema, held });
  const unheld = unsolved.unheld + gapsOf(written.columns.filter(({ name }) => !held.has(name)));
  return { gaps, cells: tables * gaps - left, left, unheld, unsolved: unsolved.unknown, unmet };
}

/** Cells without a text, and those with one that the schema takes for none. */
export function gapCells({ codes, texts }: CellColumn, { gaps }: Pick<ColumnSchema, "gaps"> = { gaps: [] }): number {
  const known = Uint8Array.from({ length: texts.size }, (_, code) => Number(gaps.includes(texts.at(code))));
  return codes.reduce((total, code) => total + (code < 0 ? 1 : known[code]!), 0);
}
