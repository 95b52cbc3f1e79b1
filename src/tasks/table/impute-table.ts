// impute-table: gaps of a table filled with draws, each given the other cells of its row; what is known stays as it is.
import { numberCells, repeatedCells, stackedCells, takenCells, withCells } from "../../data/cell-rows.ts";
import { type CellColumn, type CellTable, cellText } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { dimensionStates } from "../../flow/masked.ts";
import { type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { bestGuesses } from "./best-guesses.ts";
import { bound } from "./bound-constraints.ts";
import { brokenNotes } from "./broken-rows.ts";
import { isGap as isGapText } from "./comparisons.ts";
import { columnsByName } from "./conditions.ts";
import { fillJudge } from "./constraint-judges.ts";
import { type CombinedCells, checkColumns, type TableEncoder } from "./encoder.ts";
import { firstOfEqual } from "./equal-rows.ts";
import { canFill, filledTable } from "./fill-cells.ts";
import { type FillControls, filledRows } from "./fill-rounds.ts";
import { hopelessRows } from "./hopeless-rows.ts";
import { cellsOf } from "./linear.ts";
import { combinationReader } from "./nearest-combinations.ts";
import { type ColumnSpan, cellKinds, filledScore, gathered, pointsOf, spansOf, type TablePoints } from "./points.ts";
import type { TableModel } from "./table-model.ts";
import { unfillableRows } from "./unfillable-rows.ts";
import { candidatesFor, checkCandidates } from "./weighed-draws.ts";

export interface TableImputeRequest extends FillControls {
  /**
   * Draws of every gap, default 1; with more than one the tables of all draws follow each other, told apart by the column `draw`. Of
   * best guesses those that they are made of, default 50.
   */
  readonly draws?: number;
  /**
   * Draws of a row from which those that are kept are chosen (`weighedRows`); 1 keeps draws as they come. Default: 128, or as many
   * as come to 2^17 values in all.
   */
  readonly candidates?: number;
  /** One guess for every gap, the centre of its draws: the mean of numbers, the most frequent level. Default: draws. */
  readonly best?: boolean;
}

export interface ImputedTable {
  readonly table: CellTable;
  /** Gaps that were filled in each draw. */
  readonly cells: number;
  /** Gaps that are left, in columns that the model cannot fill and in rows that are `unmet`. */
  readonly left: number;
  /** Of these, those in columns that the model cannot fill. */
  readonly unheld: number;
  /** Rows, of all draws or of the guesses, that keep their gaps: nothing that was drawn for them meets the constraints of the model. */
  readonly unmet: number;
  /** Cells with texts that the model cannot place: they stay, and count as not known. */
  readonly unknown: number;
  /** Of rows with gaps whose known cells let no value stand there, and of those that break a constraint by themselves: how many, and which. */
  readonly notes?: readonly string[];
  readonly draws: number;
  /** Of each row, from which its draws were chosen. */
  readonly candidates: number;
  readonly evaluations: number;
}

const { free, given, absent } = dimensionStates;
const drawColumn = "draw";
const drawsOfGuess = 50;
const nothingDrawn = { rows: new Uint32Array(0), table: { rows: 0, columns: [] } };
/** Rows that are read or written between two looks at the signal. */
const rowsAtOnce = 8192;

/**
 * Fills the gaps of a table that has the model's columns. Columns that the model does not hold (text, ids, columns that it has
 * never seen filled) keep theirs. Rows whose filled cells break a constraint are drawn again, and keep their gaps where nothing
 * meets it. The same seed gives the same draws; rows that are equal have equal best guesses, unless the model keeps something unique.
 */
export async function imputeTable(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  { best = false, draws = best ? drawsOfGuess : 1, candidates, ...controls }: TableImputeRequest,
): Promise<ImputedTable> {
  for (const [where, count = 1] of Object.entries({ draws, candidates }))
    if (!(Number.isSafeInteger(count) && count >= 1))
      throw failure("option", { where, expected: "a whole number of at least 1", received: String(count) });
  if (draws > 1 && !best && table.columns.some(({ name }) => name === drawColumn)) throw drawIsThere();
  const { encoder, constraints = [] } = model;
  checkColumns(table, columnsNeeded(model));
  const d = encoder.dimensions.length;
  const whole = repeatedCells(table, draws);
  const spans = spansOf(encoder);
  const key = split(random(controls.seed), "table", "impute");
  const turn = turns(controls.signal, "imputing");
  const points = await repeatedPoints(encoder, table, { draws, key, turn });
  const open = holes(points, spans, d);
  const asked = open.rows.filter((row) => row < table.rows);
  const spanPlaces = new Map(spans.map(({ column }, place) => [column.name, place]));
  const isOfKind = (kind: number) => (column: string, row: number) =>
    points.cells[spanPlaces.get(column) ?? -1]?.[row] === kind;
  const [isGap, isUnknown] = [isOfKind(cellKinds.gap), isOfKind(cellKinds.unknown)];
  const unfillable = await unfillableRows(constraints, encoder, table, { asked, isUnknown, turn });
  const before = filledTable(model, table, spans, points.cells, nothingDrawn);
  const hopeless = hopelessRows(constraints, encoder, before, asked);
  const told = { asked: rowsWithGaps(table, model), isUnknown, turn };
  const notes = [...unfillable.notes, ...hopeless.notes, ...(await brokenNotes(constraints, encoder, before, told))];
  const left = new Set([...unfillable.rows, ...hopeless.rows]);
  const fillable = open.rows.filter((row) => !left.has(row % table.rows));
  const first = best && !keepsUnique(model) ? firstOfEqual(table, columnsNeeded(model), asked) : undefined;
  /** The row of the same draw whose draws it shares. */
  const leaderOf = (row: number) => row - (row % table.rows) + (first?.get(row % table.rows) ?? row % table.rows);
  const task = { ...open, rows: fillable.filter((row) => leaderOf(row) === row) };
  for (const [place, span] of spans.entries()) {
    if (span.hasGap) openGaps(points, span, place, filledScore(span), d);
    await turn();
  }
  const combine = combinationReader(constraints, encoder);
  /** Combinations of cells, those of row `rowOf(n)` of the whole that are no gaps staying as they are. */
  const combinedAt = (rowOf: (n: number) => number) => (part: CellTable, drawn: Float32Array) =>
    combine(
      part,
      drawn,
      (column, n) => spanPlaces.has(column) && !isGap(column, rowOf(n)),
      (column, n) => isUnknown(column, rowOf(n)),
    );
  const judge =
    constraints.length === 0 ? undefined : fillJudge(constraints, encoder.schema, { before, copies: draws, isUnknown });
  const meets = async (drawn: Float32Array, places: readonly number[]): Promise<Uint8Array> => {
    const met = new Uint8Array(places.length).fill(1);
    for (let start = 0; judge !== undefined && start < places.length; start += rowsAtOnce) {
      const rows = Uint32Array.from(places.slice(start, start + rowsAtOnce), (place) => task.rows[place]!);
      const cells = points.cells.map((kinds) => Uint8Array.from(rows, (row) => kinds[row]!));
      const part = drawn.subarray(start * d, (start + rows.length) * d);
      const combined = combinedAt((n) => rows[n] ?? 0);
      const found = { rows: Uint32Array.from(rows.keys()), table: encoder.decode(part, rows.length, { combined }) };
      met.set(judge(filledTable(model, takenCells(whole, rows), spans, cells, found), rows), start);
      await turn();
    }
    return met;
  };
  const size = task.rows.length * d;
  const known = {
    values: gathered(points.values, new Float32Array(size), task.rows, d),
    states: gathered(task.states, new Uint8Array(size), task.rows, d),
  };
  const chosen = candidates ?? candidatesFor(size / draws);
  checkCandidates(chosen, size / draws);
  const filling = {
    meets,
    places: {
      rows: task.rows.map((row) => row % table.rows),
      draws: task.rows.map((row) => Math.floor(row / table.rows)),
      candidates: chosen,
    },
  };
  const { values, unmet, evaluations } = await filledRows(engine, model, known, filling, controls);
  const placeOf = new Int32Array(whole.rows).fill(-1);
  for (const [place, row] of task.rows.entries()) if (!unmet.has(place)) placeOf[row] = place;
  const rows = fillable.filter((row) => placeOf[leaderOf(row)]! >= 0);
  const places = rows.map((row) => placeOf[leaderOf(row)]!);
  const settled = gathered(values, new Float32Array(places.length * d), places, d);
  const completed = filledTable(model, whole, spans, points.cells, {
    rows,
    table: await decodedInParts(encoder, settled, (start) => combinedAt((n) => rows[start + n] ?? 0), turn),
  });
  await turn();
  const others = {
    ...(notes.length > 0 && { notes }),
    unknown: points.unknown / draws,
    draws,
    candidates: chosen,
    evaluations,
  };
  if (best) {
    const cells = points.cells.map((kinds) => kinds.subarray(0, table.rows));
    const guessed = bestGuesses(model, spans, { table, drawn: completed, draws, cells, before, isUnknown });
    const gaps = gapsOf(guessed.table.columns);
    return {
      ...guessed,
      cells: gapsOf(table.columns) - gaps,
      ...leftIn(model, guessed.table, guessed.unmet),
      ...others,
    };
  }
  const rowsUnmet = unmet.size + draws * left.size;
  const remaining = leftIn(model, completed, rowsUnmet);
  return {
    table: draws > 1 ? withCells(completed, [numbered(draws, table.rows)], "imputed table") : completed,
    cells: (gapsOf(whole.columns) - gapsOf(completed.columns)) / draws,
    left: remaining.left / draws,
    unheld: remaining.unheld / draws,
    unmet: rowsUnmet,
    ...others,
  };
}

type Turn = () => Promise<void>;

/** The points of a table that is repeated, as if it were one, draw by draw. */
async function repeatedPoints(
  encoder: TableEncoder,
  table: CellTable,
  { draws, key, turn }: { readonly draws: number; readonly key: Random; readonly turn: Turn },
): Promise<TablePoints> {
  const [rows, size] = [draws * table.rows, draws * table.rows * encoder.dimensions.length];
  const whole = { values: new Float32Array(size), absent: new Uint8Array(size), states: new Uint8Array(size) };
  let cells: readonly Uint8Array[] = [];
  let unknown = 0;
  for (let draw = 0; draw < draws; draw++) {
    const firstRow = draw * table.rows;
    const part = pointsOf(encoder, table, { key, firstRow, middle: true });
    const at = draw * part.values.length;
    whole.values.set(part.values, at);
    whole.absent.set(part.absent, at);
    whole.states.set(part.states, at);
    if (draw === 0) cells = part.cells.map(() => new Uint8Array(rows));
    part.cells.forEach((kinds, place) => {
      cells[place]?.set(kinds, firstRow);
    });
    unknown += part.unknown;
    await turn();
  }
  return { ...whole, rows, cells, unknown };
}

/** The rows of points, some thousand at a time. */
async function decodedInParts(
  encoder: TableEncoder,
  points: Float32Array,
  combinedFrom: (start: number) => CombinedCells,
  turn: Turn,
): Promise<CellTable> {
  const d = encoder.dimensions.length;
  const parts: CellTable[] = [];
  for (let start = 0; start === 0 || start < points.length; start += rowsAtOnce * d) {
    const part = points.subarray(start, start + rowsAtOnce * d);
    const firstRow = start / d;
    parts.push(encoder.decode(part, part.length / d, { firstRow, combined: combinedFrom(firstRow) }));
    await turn();
  }
  return stackedCells(parts);
}

/** The columns that the model draws and those that its constraints are about. */
function columnsNeeded({ encoder, constraints = [] }: TableModel): readonly string[] {
  const about = new Set(constraints.flatMap((constraint) => bound(constraint, encoder.schema).about));
  for (const { column } of encoder.dimensions) about.add(column);
  return encoder.schema.columns.flatMap(({ name }) => (about.has(name) ? [name] : []));
}

function drawIsThere() {
  return failure("data", {
    where: "table",
    expected: `no column "${drawColumn}" beside those of several draws`,
    received: "one of this name",
    remedy: "rename it",
  });
}

/** The column that tells draws apart, from 1 on. */
function numbered(draws: number, rows: number): CellColumn {
  const numbers = Int32Array.from({ length: draws * rows }, (_, row) => 1 + Math.floor(row / rows));
  return numberCells(drawColumn, numbers, 15);
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
function openGaps({ values, cells }: TablePoints, span: ColumnSpan, place: number, score: number, d: number): void {
  if (!canFill(span)) return;
  cells[place]?.forEach((kind, row) => {
    if (kind === cellKinds.gap) values[row * d + span.start] = score;
  });
}

/** Gaps that are left, and those of them that stand in columns that the model cannot fill: all of them where no row is unmet. */
function leftIn({ encoder }: TableModel, { columns }: CellTable, unmet: number) {
  const sums = (encoder.toJSON().sums ?? []).map(({ column }) => column);
  const held = new Set([...spansOf(encoder).flatMap((span) => (canFill(span) ? [span.column.name] : [])), ...sums]);
  const left = gapsOf(columns);
  return { left, unheld: unmet === 0 ? left : gapsOf(columns.filter(({ name }) => !held.has(name))) };
}

function keepsUnique({ encoder, constraints = [] }: TableModel): boolean {
  return constraints.some((constraint) => bound(constraint, encoder.schema).kind === "unique");
}

function rowsWithGaps(table: CellTable, model: TableModel): Uint32Array {
  const cells = columnsNeeded(model).map((name) => cellsOf(table, name));
  const described = columnsByName(model.encoder.schema.columns);
  const hasGap = (row: number) =>
    cells.some((column) => {
      const schema = described.get(column.name);
      return schema !== undefined && isGapText(schema, cellText(column, row));
    });
  return Uint32Array.from({ length: table.rows }, (_, row) => row).filter(hasGap);
}

function gapsOf(columns: readonly CellColumn[]): number {
  return columns.reduce((total, { codes }) => total + codes.reduce((sum, code) => sum + Number(code < 0), 0), 0);
}
