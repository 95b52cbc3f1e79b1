// fill-cells: a table with drawn cells in its gaps, constants and sums included.
import { joinedTexts } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { isGap } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { type ColumnSpan, cellKinds } from "./points.ts";
import { solvedSums } from "./sums.ts";
import type { TableModel } from "./table-model.ts";

/** Drawn cells: the rows of a table they belong to, and those rows as the model has drawn them. */
export interface DrawnCells {
  readonly rows: Uint32Array;
  readonly table: CellTable;
}

/** A column that training rows never filled has nothing to draw from, nor has one of a single value. */
export function canFill({ start, end, hasGap, filled }: ColumnSpan): boolean {
  return filled > 0 && end > start + Number(hasGap);
}

/** The table with its gaps filled; `cells` has for each span the kinds of the table's cells. Sums are solved for one gap. */
export function filledTable(
  model: TableModel,
  table: CellTable,
  spans: readonly ColumnSpan[],
  cells: readonly Uint8Array[],
  drawn: DrawnCells,
): CellTable {
  const { schema, toJSON } = model.encoder;
  const placeOf = new Map(spans.map((span, place) => [span.column.name, place]));
  const columns = table.columns.map((column) => {
    const constant = constantOf(model, column.name);
    if (constant !== undefined) return { ...column, ...onlyText(column, constant) };
    const place = placeOf.get(column.name) ?? -1;
    const found = drawn.table.columns.find(({ name }) => name === column.name);
    const span = spans[place];
    if (span === undefined || found === undefined || !canFill(span)) return column;
    return filledColumn(column, found, drawn.rows, cells[place]);
  });
  const described = columnsByName(schema.columns);
  const before = columnsByName(table.columns);
  const isOpen = ({ name }: CellColumn, row: number): boolean => {
    const [column, original] = [described.get(name), before.get(name)];
    const code = original?.codes[row] ?? -1;
    return code < 0 || (column !== undefined && isGap(column, original?.texts.at(code)));
  };
  return solvedSums({ ...table, columns }, toJSON().sums ?? [], schema, (members, row) => {
    const open = [...members.keys()].filter((n) => isOpen(members[n]!, row));
    return open[0] === 0 ? 0 : open.at(-1);
  });
}

/** The column with the drawn texts in its gaps. */
function filledColumn(
  column: CellColumn,
  drawn: CellColumn,
  rows: Uint32Array,
  cells: Uint8Array | undefined,
): CellColumn {
  const codes = column.codes.slice();
  rows.forEach((row, n) => {
    const code = drawn.codes[n] ?? -1;
    if (cells?.[row] === cellKinds.gap && code >= 0) codes[row] = column.texts.size + code;
  });
  return { ...column, codes, texts: joinedTexts(column.texts, drawn.texts) };
}

/** The text of a column that has only one. */
function constantOf({ encoder }: TableModel, name: string): string | undefined {
  const place = encoder.schema.columns.findIndex((column) => column.name === name);
  const column = encoder.schema.columns[place];
  const filled = encoder.toJSON().codes[place]?.filled ?? 0;
  return column?.kind === "constant" && filled > 0 ? column.text : undefined;
}

function onlyText({ codes, texts }: CellColumn, text: string): Pick<CellColumn, "codes" | "texts"> {
  return { codes: codes.map((code) => (code < 0 ? texts.size : code)), texts: joinedTexts(texts, listedTexts([text])) };
}
