// table-score: `localflow score MODEL TABLE [-o OUT] [--contributions] [--classify]`, for models of tables.
import { numberCells, takenCells, withCells } from "../data/cell-rows.ts";
import type { CellTable } from "../data/cell-table.ts";
import { counted, listNames } from "../data/columns.ts";
import { listedTexts } from "../data/text-pool.ts";
import { failure } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import { summarize } from "../tasks/density.ts";
import { checkClasses, classifyTable, type TableClasses } from "../tasks/table/classify-table.ts";
import { scoreTable, type TableScoreRequest, type TableScores } from "../tasks/table/score-table.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import { withTablePath } from "./named-table.ts";
import type { ScoreOptions } from "./options.ts";
import { alignedTable, percent, reportBeside, short, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { refuse } from "./refusals.ts";
import { withEngine } from "./session.ts";
import { classColumns, classSummary, classText } from "./table-classes.ts";
import { checkTableOutput, readTableFile, writeTableFile } from "./table-data.ts";
import { settledTableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

type Divergence = { readonly kind: "exact" } | { readonly kind: "hutchinson"; readonly probes: number };

/** A table with the column to be found out; where it lacks one, a column of gaps. */
function withColumn(table: CellTable, name: string): CellTable {
  if (table.columns.some((column) => column.name === name)) return table;
  const codes = new Int32Array(table.rows).fill(-1);
  return withCells(table, [{ name, origin: "text", codes, texts: listedTexts([]), gap: "" }], name);
}

/** Scores of rows of a table; without `--seed` the seed is 0, so that the same rows have the same scores. */
export async function scoreTableFile(
  model: TableModel,
  data: string,
  options: ScoreOptions,
  divergence: Divergence,
  terminal: Terminal,
): Promise<void> {
  refuse(options, ["handOver"], "the model of a table");
  const { output, seed = 0, contributions = false, percentile = false, classify } = options;
  const smoothed = options.smoothing ?? options.smoothed ?? false;
  if (output !== undefined) await checkTableOutput(output, options);
  const cells =
    classify === undefined ? undefined : checkClasses(model, classify === true ? undefined : classify, "--classify");
  if (percentile && model.training.logDensityQuantiles === undefined)
    throw failure("model", {
      where: "--percentile",
      expected: "finite log-densities of the training rows",
      received: "others",
      remedy: "leave it out, or fit the table again",
    });
  const start = performance.now();
  const read = await readTableFile(data, options);
  const table = cells === undefined ? read : withColumn(read, cells.column);
  const view = progressView(terminal, options);
  const controls = { signal: terminal.signal, onProgress: view.show };
  const scored: Scored = await withEngine(options, async (engine) => {
    const probe = { samples: "logDensity" } as const;
    const { integration, tolerance } = await settledTableIntegration(engine, model, probe, { options, terminal, view });
    const how = { seed, ...(integration && { integration }), ...controls };
    const scores = await withTablePath(
      data,
      scoreTable(engine, model, table, { ...how, divergence, contributions, smoothed }),
    );
    const column = typeof classify === "string" ? { column: classify } : {};
    const classes =
      classify === undefined ? undefined : await classifyTable(engine, model, table, { ...how, ...column });
    const isExact = divergence.kind === "exact";
    return {
      scores,
      classes,
      tolerance,
      ...(!isExact && { probeError: await errorOf(engine, model, table, scores, how) }),
    };
  }).finally(view.clear);
  const { scores, classes } = scored;
  if (output !== undefined)
    await writeTableFile(
      output,
      withCells(scoreColumns(scores, percentile), classes ? classColumns(classes) : [], output),
      { columns: [] },
      options,
      terminal,
    );
  const seconds = (performance.now() - start) / 1000;
  const notes = toldNotes(scores, percentile, options, terminal);
  const { result, text } = summaryOf(scored, { rows: table.rows, percentile, seconds, seed });
  await reportBeside(terminal, options, { ...result, ...notes }, text);
}

interface Scored {
  readonly scores: TableScores;
  readonly classes: TableClasses | undefined;
  readonly probeError?: Awaited<ReturnType<typeof errorOf>>;
  readonly tolerance: number | undefined;
}

interface Scoring {
  readonly rows: number;
  readonly percentile: boolean;
  readonly seconds: number;
  readonly seed: number;
}

/** What is said of scores: as JSON and as text. */
function summaryOf(
  { scores, classes, probeError, tolerance }: Scored,
  { rows, percentile, seconds, seed }: Scoring,
): { readonly result: Readonly<Record<string, unknown>>; readonly text: string } {
  const { nll, standardError } = summarize(Array.from(scores.logDensity, (value) => -value));
  const { percentiles, evaluations } = scores;
  const parts = scores.contributions?.map(({ column, values }) => ({
    column,
    mean: values.every(Number.isNaN) ? null : meanOf(values),
  }));
  const rare = percentile && percentiles ? rareShares(percentiles) : undefined;
  const text = [
    `nll     ${withError(nll, standardError)} nats per row (${counted(rows, "row")})`,
    ...(scores.smoothed
      ? [
          `smoothed ${short(-meanOf(scores.smoothed))} nats per row, of rows and noise of ${spokenNoise(scores.smoothing)} together`,
        ]
      : []),
    ...rareText(rare),
    ...(probeError === undefined
      ? []
      : [
          `probes  off by ${short(probeError.value, 3)} nats in the root mean square (${probeError.rows} rows were scored exactly, too)`,
        ]),
    ...unplacedText(scores),
    `effort  ${spokenTime(seconds)}, ${evaluations + (classes?.evaluations ?? 0)} velocity evaluations`,
    ...(classes ? classText(classes) : []),
    ...(parts === undefined
      ? []
      : [
          "",
          alignedTable(
            ["column", "nats given the others"],
            parts.map(({ column, mean }) => [column, mean === null ? "no cell that the model knows" : short(mean)]),
          ),
        ]),
  ].join("\n");
  const result = {
    rows,
    nll,
    standardError,
    ...(rare && { percentiles: rare }),
    ...(scores.smoothed && { smoothedNll: -meanOf(scores.smoothed), smoothing: scores.smoothing }),
    ...(probeError && { probeError }),
    ...(parts && { contributions: parts }),
    ...(classes && { classes: classSummary(classes) }),
    ...(tolerance !== undefined && { tolerance }),
    ...unplacedFields(scores),
    seconds,
    evaluations: evaluations + (classes?.evaluations ?? 0),
    seed,
  };
  return { result, text };
}

function spokenNoise(deviations = 0): string {
  return deviations === 1 ? "1 deviation" : `${short(deviations, 3)} deviations`;
}

/** Rows that are scored exactly to tell how far off random probes are. */
const exactRows = 64;

/** The root mean square difference of estimated scores from exact ones, on the first rows. */
async function errorOf(
  engine: Engine,
  model: TableModel,
  table: CellTable,
  { logDensity }: TableScores,
  how: Omit<TableScoreRequest, "divergence" | "contributions" | "smoothed">,
): Promise<{ readonly value: number; readonly rows: number }> {
  const rows = Math.min(exactRows, table.rows);
  const exact = await scoreTable(
    engine,
    model,
    takenCells(
      table,
      Uint32Array.from({ length: rows }, (_, n) => n),
    ),
    how,
  );
  const squares = exact.logDensity.reduce((total, value, row) => total + (value - (logDensity[row] ?? 0)) ** 2, 0);
  return { value: Math.sqrt(squares / rows), rows };
}

/** The columns log_density, smoothed_log_density, standard_error (of probes), percentile and, by column, `log_density of NAME`. */
export function scoreColumns(
  scores: Pick<TableScores, "logDensity" | "smoothed" | "standardErrors" | "percentiles" | "contributions">,
  percentile: boolean,
): CellTable {
  const { logDensity, smoothed, standardErrors, percentiles, contributions = [] } = scores;
  const columns = [
    numberCells("log_density", logDensity, 9),
    ...(smoothed ? [numberCells("smoothed_log_density", smoothed, 9)] : []),
    ...(standardErrors ? [numberCells("standard_error", standardErrors, 4)] : []),
    ...(percentile && percentiles ? [numberCells("percentile", percentiles, 6)] : []),
    ...contributions.map(({ column, values }) => numberCells(`log_density of ${column}`, values, 9)),
  ];
  return { rows: logDensity.length, columns };
}

/** Says the notes of scores, those of percentiles where they were asked for, and gives them as a field for JSON. */
export function toldNotes(
  scores: Pick<TableScores, "notes" | "percentileNotes">,
  percentile: boolean,
  { quiet }: { readonly quiet?: boolean },
  terminal: Terminal,
): { readonly notes?: readonly string[] } {
  const notes = [...scores.notes, ...(percentile ? scores.percentileNotes : [])];
  if (!quiet) for (const note of notes) terminal.err(`localflow: note: ${note}\n`);
  return notes.length > 0 ? { notes } : {};
}

/** How many of the rows with a percentile stand low among the training rows; undefined where none has one. */
export function rareShares(percentiles: Float64Array) {
  const known = percentiles.filter((value) => !Number.isNaN(value));
  if (known.length === 0) return undefined;
  const below = (limit: number) => known.filter((value) => value < limit).length / known.length;
  const fewer = known.length < percentiles.length && { rows: known.length };
  return { mean: meanOf(known), below1: below(1), below5: below(5), ...fewer };
}

/** The line about rows that stand low, where it was asked for. */
export function rareText(rare: ReturnType<typeof rareShares> | undefined): readonly string[] {
  if (rare === undefined) return [];
  const of = rare.rows === undefined ? "the rows" : `the ${counted(rare.rows, "row")} with one`;
  return [`rare    ${percent(rare.below1, 2)} of ${of} below percentile 1, ${percent(rare.below5, 2)} below 5`];
}

type PlacedScores = Pick<TableScores, "unknownCells" | "partialRows" | "strayRows" | "strayColumns">;

/** Cells of which the model knows nothing, as JSON. */
export function unplacedFields({ unknownCells, partialRows, strayRows, strayColumns }: PlacedScores) {
  return { unknownCells, partialRows, ...(strayRows > 0 && { strayRows, strayColumns }) };
}

/** Lines about them, where there are some. */
export function unplacedText({ unknownCells, partialRows, strayRows, strayColumns }: PlacedScores): readonly string[] {
  const only = `another value of ${listNames(strayColumns)} than all training rows: scored as if they had that one`;
  return [
    ...(partialRows === 0
      ? []
      : [
          `partial ${counted(partialRows, "row")} with gaps or texts that no training row has: scored by the other cells, without percentile`,
        ]),
    ...(unknownCells === 0
      ? []
      : [`unknown ${counted(unknownCells, "cell")} that the model cannot place: counted for nothing`]),
    ...(strayRows === 0 ? [] : [`stray   ${counted(strayRows, "row")} with ${only}`]),
  ];
}

function meanOf(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((total, value) => total + value, 0) / known.length;
}
