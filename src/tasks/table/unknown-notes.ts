// unknown-notes: cells with texts that a model cannot place, in a sentence for each column that has some.
import { type CellTable, cellText } from "../../data/cell-table.ts";
import { shorten } from "../../data/columns.ts";
import { rowName } from "../../data/table-places.ts";
import { cellsOf } from "./linear.ts";
import { type ColumnSpan, cellKinds, type TablePoints } from "./points.ts";
import type { ColumnSchema } from "./schema.ts";

/** Says how many cells of a column are unknown, and of the first of them the text and the row. */
export function unknownNotes(
  spans: readonly ColumnSpan[],
  { cells }: Pick<TablePoints, "cells">,
  table: CellTable,
): readonly string[] {
  return spans.flatMap(({ column }, place) => {
    const { name } = column;
    const kinds = cells[place]?.subarray(0, table.rows) ?? new Uint8Array(0);
    const first = kinds.indexOf(cellKinds.unknown);
    if (first < 0) return [];
    const count = kinds.reduce((total, value) => total + Number(value === cellKinds.unknown), 0);
    const text = JSON.stringify(shorten(cellText(cellsOf(table, name), first) ?? ""));
    const problem = problemIn(column);
    const cellsWith = count === 1 ? "1 cell with a text" : `${count} cells with texts`;
    return [
      `column "${shorten(name)}" has ${cellsWith} that ${problem}, such as ${text} in ${rowName(first)}: not known to the model, so counted for nothing; where a gap is meant, leave the cell empty`,
    ];
  });
}

function problemIn(column: ColumnSchema): string {
  if (column.kind === "date") return `cannot be read as dates of the form ${column.format}`;
  return column.kind === "number" ? "cannot be read as numbers" : "the model has never seen";
}
