// fit: `localflow fit DATA -o MODEL`.
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { explained, writeFileAtomically } from "../data/files.ts";
import type { Source } from "../data/sources.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { checkpointSeed } from "../tasks/checkpoint.ts";
import { defaultConfiguration } from "../tasks/defaults.ts";
import { type FitReport, type FitRequest, fitDensity, type Likelihood, summarize } from "../tasks/density.ts";
import { encodeDensityModel } from "../tasks/density-model.ts";
import { splitRows } from "../tasks/rows.ts";
import { rowsOf } from "../tensor/array.ts";
import { dataTask, withTableRemedy } from "./data-task.ts";
import { endsByTime, howToResume, startingPoint, withoutTotal } from "./fit-plan.ts";
import { outputFlags } from "./flags.ts";
import type { FitOptions } from "./options.ts";
import { alignedTable, report, short, spokenBytes, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, configurationFrom } from "./recipe.ts";
import {
  checkInterrupted,
  checkOutput,
  memoryLimit,
  peakMemoryBytes,
  readColumns,
  readData,
  seedFrom,
  withEngine,
} from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { settledModel } from "./tolerance.ts";

/** Trains a chain on the rows of `data` and writes the model; after Ctrl-C a checkpoint is left beside the output. */
export async function fit(data: string, options: FitOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  if (options.output === "-")
    throw failure("option", { where: outputFlags, expected: "a file name for the model", received: "-" });
  await checkOutput(options.output, options);
  const checkpoint = `${options.output}.checkpoint`;
  const resume = await checkpointToResume(checkpoint, options);
  const seed = resume === undefined ? seedFrom(options) : checkpointSeed(resume, checkpoint);
  if (options.seed !== undefined && options.seed !== seed)
    throw failure("option", {
      where: "--seed",
      expected: `${seed}, the seed of the checkpoint`,
      received: String(options.seed),
      remedy: "leave it out, or start anew with --force and without --resume",
    });
  const task = await dataTask(data, options);
  const place = { seed, path: checkpoint, ...(resume && { resume }) };
  if (task === "table") return (await import("./table-fit.ts")).fitTableFile(data, options, terminal, place);
  if (task === "images") return (await import("./images-fit.ts")).fitImageFile(data, options, terminal, place);
  const choice = { seed, ...(options.columns && { columns: options.columns }) };
  const source = await withTableRemedy(data, () => readData(data, options, choice));
  const request = await requestFrom(source, options, seed, terminal);
  const save = (bytes: Uint8Array) => writeFileAtomically(checkpoint, bytes, { force: true });
  const view = progressView(terminal, options);
  const fitted = await withEngine(options, async (engine) => {
    const trained = await fitDensity(engine, {
      ...request,
      signal: terminal.signal,
      checkpoint: { save, ...(resume === undefined ? {} : { resume }) },
      onProgress: (progress) => view.show(endsByTime(options) ? withoutTotal(progress) : progress),
    });
    return { ...trained, ...(await settledModel(engine, trained.model, request, { options, terminal, view })) };
  })
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted"
        ? howToResume(data, options, seed, error)
        : error;
    })
    .finally(view.clear);
  await writeFileAtomically(options.output, encodeDensityModel(fitted.model), { force: options.force === true });
  await rm(checkpoint, { force: true });
  if (!options.quiet) for (const note of fitted.report.notes) terminal.err(`localflow: note: ${note}\n`);
  const { validation } = fitted.report;
  const result = {
    ...fitted.report,
    ...(validation && { validation: withTruth(validation, source, request) }),
    ...(fitted.tolerance !== undefined && { tolerance: fitted.tolerance }),
    peakMemoryBytes: peakMemoryBytes(),
  };
  await report(terminal, options, result, fitText(options.output, result));
}

async function requestFrom(source: Source, options: FitOptions, seed: number, terminal: Terminal): Promise<FitRequest> {
  const reading = memoryLimit(options);
  const validation =
    options.validation === undefined
      ? undefined
      : await readColumns(options.validation, source.columns, { ...reading, seed });
  checkInterrupted(terminal.signal);
  const [rows = 0, columns = 0] = source.rows.shape;
  return {
    rows: source.rows,
    columns: source.columns,
    configuration: configurationFrom(options, startingPoint(options, defaultConfiguration({ rows, columns })), seed),
    ...reading,
    ...(validation === undefined ? {} : { validation }),
    ...(options.trainSplit === undefined ? {} : { trainSplit: options.trainSplit }),
    ...(options.time === undefined ? {} : { time: options.time }),
  };
}

/** Held-out likelihood, and that of the law itself where the rows were drawn from one that is known. */
type Held = Likelihood & { readonly trueNll?: number };

/** Adds the true law's likelihood of the same held-out rows: the report is about the first of them. */
function withTruth(validation: Likelihood, { trueLogDensity }: Source, request: FitRequest): Held {
  if (trueLogDensity === undefined) return validation;
  const { heldOut } = splitRows(request, request.configuration.seed);
  if (heldOut === undefined) return validation;
  const truth = trueLogDensity(rowsOf(heldOut, 0, validation.rows));
  return { ...validation, trueNll: summarize(Array.from(truth, (value) => -value)).nll };
}

/** The checkpoint's bytes with `--resume`; without it, one that is there must not be lost by accident. */
async function checkpointToResume(path: string, options: FitOptions): Promise<Uint8Array | undefined> {
  const bytes = existsSync(path) ? await explained(path, () => readFile(path)) : undefined;
  if (options.resume && bytes === undefined)
    throw failure("file", {
      where: path,
      expected: "a checkpoint to resume",
      received: "no such file",
      remedy: "leave out --resume",
    });
  if (!options.resume && !options.force && bytes !== undefined)
    throw failure("file", {
      where: path,
      expected: "no checkpoint of an earlier fit",
      received: "one",
      remedy: "add --resume to go on from it or --force to start anew",
    });
  return options.resume ? bytes : undefined;
}

function fitText(
  output: string,
  result: FitReport & { readonly validation?: Held; readonly peakMemoryBytes: number },
): string {
  const { blocks, train, validation } = result;
  const rows = blocks.map((block, n) => [
    String(n + 1),
    block.duration === null ? "free" : short(block.duration),
    String(block.iterations),
    short(block.loss),
    spokenTime(block.seconds),
    short(block.poolToNormal, 3),
    short(block.blockDistance, 3),
  ]);
  const truth = validation?.trueNll;
  return [
    alignedTable(["block", "duration", "iterations", "loss", "time", "to normal", "moved"], rows),
    "",
    `training nll    ${withError(train.nll, train.standardError)} nats (${train.rows} rows)`,
    ...(validation === undefined
      ? []
      : [`held-out nll    ${withError(validation.nll, validation.standardError)} nats (${validation.rows} rows)`]),
    ...(truth === undefined ? [] : [`true nll        ${truth.toFixed(4)} nats (of the same rows)`]),
    `parameters      ${result.parameters}`,
    `time, memory    ${spokenTime(result.seconds)}, ${spokenBytes(result.peakMemoryBytes)} at most`,
    `seed            ${result.seed}`,
    `model           ${output}`,
  ].join("\n");
}
