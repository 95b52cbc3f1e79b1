// impute-table: gaps of a table filled with draws, each given the other cells of its row; what is known stays as it is.
import { joinedTexts, numberCells, repeatedCells, withCells } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { listedTexts } from "../../data/text-pool.ts";
import { failure } from "../../errors.ts";
import { dimensionStates } from "../../flow/masked.ts";
import type { Integration } from "../../ode/integration.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../density.ts";
import { sampleMasked } from "../masked.ts";
import { type ColumnSpan, cellKinds, filledScores, pointsOf, spansOf, type TablePoints } from "./points.ts";
import type { TableModel } from "./table-model.ts";

export interface TableImputeRequest {
  readonly seed: number;
  /** Draws of every gap; with more than one the tables of all draws follow each other, told apart by the column `draw`. */
  readonly draws?: number;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface ImputedTable {
  readonly table: CellTable;
  /** Gaps that were filled in each draw. */
  readonly cells: number;
  /** Gaps that are left, in columns that the model cannot fill. */
  readonly left: number;
  readonly evaluations: number;
}

const { free, given, absent } = dimensionStates;
const drawColumn = "draw";

/**
 * Fills the gaps of a table that has the model's columns. Columns that the model does not hold (text, ids, columns that it has
 * never seen filled) keep theirs. The same seed gives the same draws.
 */
export async function imputeTable(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  { seed, draws = 1, ...request }: TableImputeRequest,
): Promise<ImputedTable> {
  if (!(Number.isSafeInteger(draws) && draws >= 1))
    throw failure("option", { where: "draws", expected: "a whole number of at least 1", received: String(draws) });
  const { encoder, density } = model;
  const d = encoder.dimensions.length;
  const whole = repeatedCells(table, draws);
  const spans = spansOf(encoder);
  const key = split(random(seed), "table", "impute");
  const points = pointsOf(encoder, whole, { key });
  const task = holes(points, spans, d);
  spans.forEach((span, place) => {
    if (span.hasGap) openGaps(points, span, place, filledScores(span, split(key, span.column.name), whole.rows), d);
  });
  const values = new Float32Array(task.rows.length * d);
  const states = new Uint8Array(values.length);
  task.rows.forEach((row, n) => {
    values.set(points.values.subarray(row * d, (row + 1) * d), n * d);
    states.set(task.states.subarray(row * d, (row + 1) * d), n * d);
  });
  let [at, evaluations] = [0, 0];
  if (task.rows.length > 0)
    for await (const chunk of sampleMasked(engine, density, { given: values, state: states, seed, ...request })) {
      chunk.points.data.forEach((value, k) => {
        if (states[at + k] === free) values[at + k] = value;
      });
      at += chunk.points.data.length;
      evaluations += chunk.evaluations;
    }
  const decoded = encoder.decode(values, task.rows.length);
  const filled = new Map(spans.map((span, place) => [span.column.name, { span, place }]));
  const columns = whole.columns.map((column) => {
    const found = filled.get(column.name);
    const drawn = decoded.columns.find(({ name }) => name === column.name);
    const constant = constantOf(model, column.name);
    if (constant !== undefined) return { ...column, ...onlyText(column, constant) };
    if (found === undefined || drawn === undefined || !canFill(found.span)) return column;
    return filledColumn(column, drawn, task.rows, points.cells[found.place]);
  });
  const draw = numberCells(
    drawColumn,
    Int32Array.from({ length: whole.rows }, (_, row) => 1 + Math.floor(row / table.rows)),
    15,
  );
  const completed: CellTable = { rows: whole.rows, columns };
  return {
    table: draws > 1 ? withCells(completed, [draw], "imputed table") : completed,
    cells: (gapsOf(whole.columns) - gapsOf(columns)) / draws,
    left: gapsOf(columns) / draws,
    evaluations,
  };
}

/** A column that training rows never filled has nothing to draw from, nor has one of a single value. */
function canFill({ start, end, hasGap, filled }: ColumnSpan): boolean {
  return filled > 0 && end > start + Number(hasGap);
}

/** The rows with gaps to fill, and the states of all rows: gaps free, known cells given. */
function holes({ states, cells, rows }: TablePoints, spans: readonly ColumnSpan[], d: number) {
  const out = states.map((state) => (state === free ? given : absent));
  const open = new Uint8Array(rows);
  spans.forEach((span, place) => {
    if (!canFill(span)) return;
    cells[place]?.forEach((kind, row) => {
      if (kind !== cellKinds.gap) return;
      open[row] = 1;
      out.fill(free, row * d + span.start + Number(span.hasGap), row * d + span.end);
    });
  });
  return { states: out, rows: Uint32Array.from(open.keys()).filter((row) => open[row] === 1) };
}

/** Where a gap is to be filled, "gap or not" is told to be "not". */
function openGaps(
  { values, cells }: TablePoints,
  span: ColumnSpan,
  place: number,
  scores: Float32Array,
  d: number,
): void {
  if (!canFill(span)) return;
  cells[place]?.forEach((kind, row) => {
    if (kind === cellKinds.gap) values[row * d + span.start] = scores[row] ?? 0;
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

function gapsOf(columns: readonly CellColumn[]): number {
  return columns.reduce((total, { codes }) => total + codes.reduce((sum, code) => sum + Number(code < 0), 0), 0);
}
