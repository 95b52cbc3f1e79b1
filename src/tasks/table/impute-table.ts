// impute-table: gaps of a table filled with draws, each given the other cells of its row; what is known stays as it is.
import { numberCells, withCells } from "../../data/cell-rows.ts";
import type { CellColumn, CellTable } from "../../data/cell-table.ts";
import { checkRequest, type Rules, required, truth, whole } from "../../data/requests.ts";
import { failure } from "../../errors.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { turns } from "../../runtime/pause.ts";
import { bestGuesses } from "./best-guesses.ts";
import { drawnGaps, type GapDraws } from "./draw-gaps.ts";
import { checkColumns } from "./encoder.ts";
import type { FillControls } from "./fill-rounds.ts";
import { filledTypes } from "./filled-types.ts";
import { type GapCounts, gapCounts } from "./gap-counts.ts";
import { columnsNeeded, type GapsToFill, gapsToFill } from "./gaps-to-fill.ts";
import { checkGiven, controls, integration, seed } from "./request-rules.ts";
import { rowsToDraw } from "./rows-to-draw.ts";
import type { TableModel } from "./table-model.ts";
import { candidatesFor, candidatesNotes, checkCandidates } from "./weighed-draws.ts";

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

/** A table without gaps, or those of all draws one after the other: its counts are of all of them, but for `gaps` and `unknown`. */
export interface ImputedTable extends GapCounts {
  readonly table: CellTable;
  /** Cells of the table that was read with texts that the model cannot place: they stay, and count as not known. */
  readonly unknown: number;
  /**
   * Of rows with gaps whose known cells let no value stand there, and of those that break a constraint by themselves: how many, and
   * which; and whether there is next to nothing to choose draws from.
   */
  readonly notes?: readonly string[];
  readonly draws: number;
  /** Of each row, from which its draws were chosen. */
  readonly candidates: number;
  readonly evaluations: number;
}

const drawColumn = "draw";
const drawsOfGuess = 50;
const requestRules: Rules<TableImputeRequest> = {
  seed: required(seed),
  draws: whole({ atLeast: 1, atMost: 10_000 }),
  candidates: whole({ atLeast: 1, atMost: 1000 }),
  best: truth,
  integration,
  ...controls,
};

/**
 * Fills the gaps of a table that has the model's columns. Columns that the model does not hold (text, ids, columns that it has
 * never seen filled) keep theirs. Rows whose filled cells break a constraint are drawn again, and keep their gaps where nothing
 * meets it. The same seed gives the same draws; rows that are equal have equal best guesses, unless the model keeps something unique.
 */
export async function imputeTable(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  request: TableImputeRequest,
): Promise<ImputedTable> {
  checkGiven({ engine, model, table });
  checkRequest(request, requestRules, "imputeTable");
  const { best = false, draws = best ? drawsOfGuess : 1, candidates, ...how } = request;
  if (draws > 1 && !best && table.columns.some(({ name }) => name === drawColumn)) throw drawIsThere();
  checkColumns(table, columnsNeeded(model));
  const turn = turns(how.signal, "imputing");
  const gaps = await gapsToFill(model, table, { draws, key: split(random(how.seed), "table", "impute"), turn });
  const rows = await rowsToDraw(gaps, { shared: best, turn });
  const values = (rows.drawn.length * model.encoder.dimensions.length) / draws;
  const chosen = candidates ?? candidatesFor(values);
  checkCandidates(chosen, values);
  const drawn = await drawnGaps(engine, gaps, rows, { ...how, candidates: chosen, turn });
  const written = best ? guessedTable(gaps, drawn) : drawnTable(gaps, drawn, rows.lost);
  const notes = [...rows.notes, ...(candidates === undefined ? candidatesNotes(values) : [])];
  return {
    table: filledTypes(written.written, table, model.encoder.schema),
    ...gapCounts(model, table, written),
    ...(notes.length > 0 && { notes }),
    unknown: gaps.points.unknown / draws,
    draws,
    candidates: chosen,
    evaluations: drawn.evaluations,
  };
}

/** The tables of all draws, with the numbers of their draws where there are several. */
function drawnTable({ table: { rows }, draws }: GapsToFill, drawn: GapDraws, lost: number) {
  const numbers = Int32Array.from({ length: draws * rows }, (_, row) => 1 + Math.floor(row / rows));
  const column: CellColumn = numberCells(drawColumn, numbers, 15);
  const written = draws > 1 ? withCells(drawn.table, [column], "imputed table") : drawn.table;
  return { written, tables: draws, unmet: drawn.unmet + draws * lost };
}

/** The table with the centres of all draws. */
function guessedTable({ model, spans, table, points, draws, before, isUnknown }: GapsToFill, drawn: GapDraws) {
  const cells = points.cells.map((kinds) => kinds.subarray(0, table.rows));
  const guesses = bestGuesses(model, spans, { table, drawn: drawn.table, draws, cells, before, isUnknown });
  return { written: guesses.table, tables: 1, unmet: guesses.unmet };
}

function drawIsThere() {
  return failure("data", {
    where: "table",
    expected: `no column "${drawColumn}" beside those of several draws`,
    received: "one of this name",
    remedy: "rename it",
  });
}
