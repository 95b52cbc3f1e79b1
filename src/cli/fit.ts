// fit: `localflow fit DATA -o MODEL`.
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { explained, readTable, writeFileAtomically } from "../data/files.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { defaultConfiguration } from "../tasks/defaults.ts";
import { type FitReport, type FitRequest, fitDensity } from "../tasks/density.ts";
import { encodeDensityModel } from "../tasks/density-model.ts";
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
  seedFrom,
  withEngine,
} from "./session.ts";
import type { Terminal } from "./terminal.ts";

/** Trains a chain on the rows of `data` and writes the model; after Ctrl-C a checkpoint is left beside the output. */
export async function fit(data: string, options: FitOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  if (options.output === "-")
    throw failure("option", { where: "--output", expected: "a file name for the model", received: "-" });
  await checkOutput(options.output, options);
  const checkpoint = `${options.output}.checkpoint`;
  const resume = await checkpointToResume(checkpoint, options);
  const seed = seedFrom(options);
  const request = await requestFrom(data, options, seed, terminal);
  const save = (bytes: Uint8Array) => writeFileAtomically(checkpoint, bytes, { force: true });
  const view = progressView(terminal, options);
  const fitted = await withEngine(options, (engine) =>
    fitDensity(engine, {
      ...request,
      signal: terminal.signal,
      checkpoint: { save, ...(resume === undefined ? {} : { resume }) },
      onProgress: view.show,
    }),
  )
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted"
        ? howToResume(data, options, seed, error)
        : error;
    })
    .finally(view.clear);
  await writeFileAtomically(options.output, encodeDensityModel(fitted.model), { force: options.force === true });
  await rm(checkpoint, { force: true });
  const result = { ...fitted.report, peakMemoryBytes: peakMemoryBytes() };
  await report(terminal, options, result, fitText(options.output, result));
}

async function requestFrom(data: string, options: FitOptions, seed: number, terminal: Terminal): Promise<FitRequest> {
  const reading = memoryLimit(options);
  const table = await readTable(data, {
    ...reading,
    ...(options.columns === undefined ? {} : { columns: options.columns }),
  });
  const validation =
    options.validation === undefined ? undefined : await readColumns(options.validation, table.columns, reading);
  checkInterrupted(terminal.signal);
  const [rows = 0, columns = 0] = table.rows.shape;
  return {
    rows: table.rows,
    columns: table.columns,
    configuration: configurationFrom(options, defaultConfiguration({ rows, columns }), seed),
    ...reading,
    ...(validation === undefined ? {} : { validation }),
    ...(options.trainSplit === undefined ? {} : { trainSplit: options.trainSplit }),
    ...(options.time === undefined ? {} : { time: options.time }),
  };
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

function howToResume(data: string, options: FitOptions, seed: number, cause: LocalFlowError): LocalFlowError {
  return failure(
    "interrupted",
    {
      where: `fit ${data}`,
      expected: "to finish",
      received: "an interrupt",
      remedy: `a checkpoint lies in ${options.output}.checkpoint: repeat the command with --seed ${seed} --resume to go on`,
    },
    cause,
  );
}

function fitText(output: string, result: FitReport & { readonly peakMemoryBytes: number }): string {
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
  return [
    alignedTable(["block", "duration", "iterations", "loss", "time", "to normal", "moved"], rows),
    "",
    `training nll    ${withError(train.nll, train.standardError)} nats (${train.rows} rows)`,
    ...(validation === undefined
      ? []
      : [`held-out nll    ${withError(validation.nll, validation.standardError)} nats (${validation.rows} rows)`]),
    `parameters      ${result.parameters}`,
    `time, memory    ${spokenTime(result.seconds)}, ${spokenBytes(result.peakMemoryBytes)} at most`,
    `seed            ${result.seed}`,
    `model           ${output}`,
  ].join("\n");
}
