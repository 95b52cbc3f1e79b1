// best-guesses: a table whose gaps are filled with one guess each, made of many draws.
import { takenCells } from "../../data/cell-rows.ts";
import { type CellColumn, type CellTable, cellText } from "../../data/cell-table.ts";
import { amountsOf } from "./amounts.ts";
import { centreOfDraws } from "./centre-of-draws.ts";
import { fillJudge } from "./constraint-judges.ts";
import { canFill, filledTable } from "./fill-cells.ts";
import { type ColumnSpan, cellKinds } from "./points.ts";
import type { ColumnSchema } from "./schema.ts";
import type { TableModel } from "./table-model.ts";

/** A table with gaps, and the tables of all its draws one after the other. */
export interface DrawnGaps {
  readonly table: CellTable;
  readonly drawn: CellTable;
  readonly draws: number;
  /** For each span the kinds of the table's cells. */
  readonly cells: readonly Uint8Array[];
  /** The table with what known cells fix by themselves in its gaps. */
  readonly before: CellTable;
  readonly isUnknown: (column: string, row: number) => boolean;
}

export interface GuessedTable {
  readonly table: CellTable;
  /** Rows that keep their gaps, since no draw of them may stay. */
  readonly unmet: number;
}

/**
 * Fills each gap with the centre of its draws. Where a row of such guesses breaks a constraint of the model it gets the one draw that
 * is nearest to them, which meets it.
 */
export function bestGuesses(model: TableModel, spans: readonly ColumnSpan[], gaps: DrawnGaps): GuessedTable {
  const { table, drawn, cells, before, isUnknown } = gaps;
  const { encoder, constraints = [] } = model;
  const open = openColumns(spans, model, gaps);
  const asked = Uint32Array.from({ length: table.rows }, (_, row) => row).filter((row) =>
    open.some((each) => each.isOpen(row)),
  );
  const drawnRows = asked.filter((row) => wholeDraws(row, open, gaps).length > 0);
  const filled = (centred: Uint32Array, taken: Uint32Array): CellTable => {
    const centres = { rows: centred.length, columns: open.map(({ centresOf }) => centresOf(centred)) };
    const settled = filledTable(model, table, spans, cells, { rows: centred, table: centres });
    const nearest = takenCells(
      drawn,
      Array.from(taken, (row) => nearestDraw(row, open, gaps)),
    );
    return filledTable(model, settled, spans, cells, { rows: taken, table: nearest });
  };
  const staying = (whole: CellTable): readonly [Uint32Array, Uint32Array] => {
    const judge = fillJudge(constraints, encoder.schema, { before, copies: 1, isUnknown });
    const met = judge(takenCells(whole, drawnRows), drawnRows);
    return [drawnRows.filter((_, n) => met[n] === 1), drawnRows.filter((_, n) => met[n] !== 1)];
  };
  const guessed = filled(drawnRows, new Uint32Array(0));
  if (constraints.length === 0) return { table: guessed, unmet: asked.length - drawnRows.length };
  const [good, others] = staying(guessed);
  const whole = filled(good, others);
  const lost = new Set(staying(whole)[1]);
  const stays = (row: number) => !lost.has(row);
  return {
    table: lost.size === 0 ? whole : filled(good.filter(stays), others.filter(stays)),
    unmet: asked.length - drawnRows.length + lost.size,
  };
}

/** A column with gaps that were drawn. */
interface OpenColumn {
  readonly drawn: CellColumn;
  isOpen(row: number): boolean;
  /** The centres of the draws of some rows. */
  centresOf(rows: Uint32Array): CellColumn;
  /** How far two texts are from each other: numbers as they are, levels 0 or 1. */
  difference(a: string, b: string): number;
}

function openColumns(
  spans: readonly ColumnSpan[],
  model: TableModel,
  { drawn, draws, cells }: DrawnGaps,
): readonly OpenColumn[] {
  const { schema, toJSON } = model.encoder;
  const { codes } = toJSON();
  return spans.flatMap((span, place) => {
    const { column } = span;
    const found = drawn.columns.find(({ name }) => name === column.name);
    const code = codes[schema.columns.findIndex(({ name }) => name === column.name)];
    if (!canFill(span) || found === undefined || code === undefined) return [];
    return [
      {
        drawn: found,
        isOpen: (row: number) => cells[place]?.[row] === cellKinds.gap,
        centresOf: (rows: Uint32Array) => centreOfDraws(column, code, { cells: found, draws }, rows),
        difference: differenceIn(column),
      },
    ];
  });
}

function differenceIn(column: ColumnSchema): (a: string, b: string) => number {
  if (column.kind !== "number" && column.kind !== "date") return (a, b) => Number(a !== b);
  const { parse } = amountsOf(column);
  return (a, b) => parse(a) - parse(b);
}

/** The places among all draws of those of a row that fill its gaps. */
function wholeDraws(row: number, open: readonly OpenColumn[], { table, draws }: DrawnGaps): readonly number[] {
  const columns = open.filter(({ isOpen }) => isOpen(row));
  const places = Array.from({ length: draws }, (_, draw) => draw * table.rows + row);
  return places.filter((place) => columns.every(({ drawn }) => (drawn.codes[place] ?? -1) >= 0));
}

/** The one of them that is nearest to the centres of the row's gaps, differences being counted in their root mean squares. */
function nearestDraw(row: number, open: readonly OpenColumn[], gaps: DrawnGaps): number {
  const places = wholeDraws(row, open, gaps);
  const distances = new Float64Array(places.length);
  for (const { drawn, difference, centresOf } of open.filter(({ isOpen }) => isOpen(row))) {
    const centre = cellText(centresOf(Uint32Array.of(row)), 0) ?? "";
    const squares = places.map((place) => difference(cellText(drawn, place) ?? "", centre) ** 2);
    const mean = squares.reduce((total, square) => total + square, 0) / squares.length;
    squares.forEach((square, n) => {
      if (mean > 0) distances[n]! += square / mean;
    });
  }
  return places[distances.indexOf(Math.min(...distances))] ?? row;
}
