// inspect: `localflow inspect FILE`, what a data file or a model holds.
import { createReadStream } from "node:fs";
import { counted, shorten } from "../data/columns.ts";
import { csvReader } from "../data/csv.ts";
import { endingOf, explained } from "../data/files.ts";
import { shellWord } from "../data/shell-word.ts";
import { isDensity } from "../data/sources.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import type { FloatArray } from "../tensor/array.ts";
import { checkConfiguration, parameterCount } from "../train/configuration.ts";
import { blockLines, blockTable } from "./block-table.ts";
import { dataTask, withTableRemedy } from "./data-task.ts";
import { imageFitNames } from "./images-options.ts";
import { isModelPath, readScoringModel } from "./model.ts";
import { fitAttributes, type InspectOptions } from "./options.ts";
import { fitOutlook, noOutlook, plannedFit } from "./outlook.ts";
import { alignedTable, report, say, short, spokenBytes } from "./output.ts";
import { printable } from "./printable.ts";
import { checkExclusive } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";
import { readRowsRequest } from "./rows-request.ts";
import { readData, seedFrom } from "./session.ts";
import { inspectStudent } from "./student.ts";
import { inspectTable, inspectTableModel } from "./table-inspect.ts";
import type { Terminal } from "./terminal.ts";

/** Describes a model (known by its ending or its content), a data file or a built-in density; of data also what a fit would take. */
export async function inspect(path: string, options: InspectOptions, terminal: Terminal): Promise<void> {
  if (!isDensity(path) && (await isModelPath(path))) {
    checkNothingToFit(options);
    const found = await readScoringModel(path);
    if (found.kind === "scorer") return (await import("./scorer.ts")).inspectScorer(found.scorer, options, terminal);
    if (found.kind === "student") return inspectStudent(found.student, options, terminal);
    if (found.kind === "images")
      return (await import("./images-inspect.ts")).inspectImageModel(found.images, options, terminal);
    if (found.kind === "table") return inspectTableModel(found.table, options, terminal);
    return inspectModel(found.model, options, terminal);
  }
  checkExclusive(options);
  const task = await dataTask(path, options);
  if (task === "table") return inspectTable(path, options, terminal);
  if (task === "images") return (await import("./images-inspect.ts")).inspectImages(path, options, terminal);
  return inspectRows(path, options, terminal);
}

/** Describes rows of numbers, in a file or drawn, and what a fit of them would take. */
async function inspectRows(path: string, options: InspectOptions, terminal: Terminal): Promise<void> {
  const chosen = options.columns ?? (await numericColumns(path));
  const seed = seedFrom(options);
  const choice = { seed, ...(chosen === undefined ? {} : { columns: chosen }) };
  const table = await withTableRemedy(path, () => readData(path, options, choice));
  const [rows = 0, width = 0] = table.rows.shape;
  const columns = columnSummaries(table.columns, table.rows);
  const memoryBytes = table.rows.data.byteLength;
  const request = await readRowsRequest(table, options, seed);
  checkConfiguration(request.configuration);
  const planned = plannedFit(request.configuration, options, {
    dimensions: width,
    judged: request.validation !== undefined || request.trainSplit !== 1,
  });
  const text = [
    `${counted(rows, "row")}, ${counted(width, "numeric column")}, ${spokenBytes(memoryBytes)} in memory`,
    ...(table.ignored.length === 0 ? [] : [`left out: ${names(table.ignored, ", ")}; ${neededColumns(table.columns)}`]),
    "",
    alignedTable(
      ["column", "min", "mean", "deviation", "max"],
      columns.map(({ name, min, mean, deviation, max }) => [
        name,
        ...[min, mean, deviation, max].map((value) => short(value)),
      ]),
    ),
    "",
    ...planned.text,
  ];
  await say(terminal, options, text);
  const outlook = options.estimate ? await fitOutlook(request, options, terminal) : noOutlook;
  await say(terminal, options, [...outlook.text, ...(table.drawn ? [`seed ${seed}`] : [])]);
  if (!options.json) return;
  const result = {
    kind: "data",
    rows,
    columns,
    ignored: table.ignored,
    memoryBytes,
    fit: { ...planned.fields, ...outlook.fields },
    ...(table.drawn && { seed }),
  };
  await terminal.out(`${JSON.stringify(result)}\n`);
}

/** What a fit of these columns alone takes on the command line. */
function neededColumns(columns: readonly string[]): string {
  const parted = columns.find((name) => name.includes(","));
  if (parted === undefined) return `fit needs --columns ${shellWord(names(columns, ","))}`;
  return `fit needs --columns, which parts names at commas: rename "${printable(shorten(parted))}"`;
}

function names(columns: readonly string[], separator: string): string {
  return columns.map(printable).join(separator);
}

/** A model is fitted already. */
function checkNothingToFit(options: InspectOptions): void {
  const ofData = new Set<string>([
    ...fitAttributes(),
    ...imageFitNames,
    "columns",
    "rows",
    "trainSplit",
    "validation",
    "time",
    "task",
    "schema",
    "label",
    "constraint",
    "ordinal",
    "text",
  ]);
  const given: Readonly<Record<string, unknown>> = { ...options };
  refuseGiven(
    given,
    Object.keys(given).filter((name) => ofData.has(name)),
    { expected: "data to fit or to choose from", received: "a model" },
  );
}

async function inspectModel({ record }: DensityModel, options: InspectOptions, terminal: Terminal): Promise<void> {
  const { version, task, columns, configuration, training } = record;
  const parameters = parameterCount(configuration, columns.length);
  const blocks = blockLines(configuration, training.blocks, ({ hidden, activation, dropout }) => ({
    hidden,
    activation,
    ...(dropout !== undefined && { dropout }),
  }));
  const text = [
    `${task} model, version ${version}, ${parameters} parameters, seed ${configuration.seed}`,
    `columns: ${names(columns, ", ")}`,
    "",
    blockTable(blocks, {
      hidden: ({ hidden, dropout }) => hidden.join(",") + (dropout === undefined ? "" : `, dropout ${dropout}`),
      activation: ({ activation }) =>
        activation.kind === "softplus" ? `softplus(${activation.beta})` : activation.kind,
    }),
    "",
    "training record:",
    ...Object.entries(training).flatMap(([name, value]) =>
      name === "blocks" || name === "logDensityQuantiles" ? [] : [`  ${name}: ${JSON.stringify(value)}`],
    ),
  ].join("\n");
  await report(
    terminal,
    options,
    { kind: "model", version, task, columns, blocks, parameters, configuration, training },
    text,
  );
}

/**
 * Names of the columns that hold numbers, of a CSV as far as its start shows; undefined when that is all of them or when
 * the format holds nothing else.
 */
async function numericColumns(path: string): Promise<readonly string[] | undefined> {
  const ending = endingOf(path);
  if (isDensity(path)) return undefined;
  if (ending === ".parquet") return (await import("../data/parquet.ts")).parquetNumericColumns(path);
  if (ending !== ".csv" && ending !== ".tsv") return undefined;
  const reader = csvReader({ where: path, ...(ending === ".tsv" && { separator: "\t" }) });
  const start = await explained(path, async () => {
    for await (const chunk of createReadStream(path, { end: 2 ** 16 })) return chunk as Uint8Array;
    return new Uint8Array();
  });
  const [header, ...body] = reader.push(start).map(({ cells }) => cells);
  if (header === undefined || body.length === 0) return undefined;
  const isNumber = (cell: string | undefined) =>
    cell === undefined || cell.trim() === "" || !Number.isNaN(Number(cell));
  const numeric = header
    .filter((_, column) => body.every((cells) => isNumber(cells[column])))
    .map((name) => name.trim());
  return numeric.length === 0 || numeric.length === header.length ? undefined : numeric;
}

interface ColumnSummary {
  readonly name: string;
  readonly min: number;
  readonly mean: number;
  readonly deviation: number;
  readonly max: number;
}

/** Extremes, mean and standard deviation (divisor rows - 1) of every column, in two passes. */
function columnSummaries(names: readonly string[], { shape, data }: FloatArray): readonly ColumnSummary[] {
  const [rows = 0, width = 0] = shape;
  return names.map((name, column) => {
    const at = (row: number) => data[row * width + column] ?? Number.NaN;
    let [min, max, sum, squares] = [Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 0, 0];
    for (let row = 0; row < rows; row++) {
      min = Math.min(min, at(row));
      max = Math.max(max, at(row));
      sum += at(row);
    }
    const mean = sum / rows;
    for (let row = 0; row < rows; row++) squares += (at(row) - mean) ** 2;
    return { name, min, mean, deviation: Math.sqrt(squares / Math.max(1, rows - 1)), max };
  });
}
