// table-fit: `localflow fit TABLE -o MODEL`, for tables of mixed columns.
import { rm } from "node:fs/promises";
import { writeFileAtomically } from "../data/files.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { type FittedTable, fitTable, type TableFitReport } from "../tasks/table/fit-table.ts";
import { schemaSummary } from "../tasks/table/schema-summary.ts";
import { tableConfiguration } from "../tasks/table/table-configuration.ts";
import { encodeTableModel } from "../tasks/table/table-model.ts";
import { endsByTime, howToResume, startingPoint, withoutTotal } from "./fit-plan.ts";
import type { FitOptions } from "./options.ts";
import { alignedTable, report, short, spokenBytes, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { configurationFrom } from "./recipe.ts";
import { checkInterrupted, memoryLimit, peakMemoryBytes, withEngine } from "./session.ts";
import { readOverrides, readTableFile } from "./table-data.ts";
import type { Terminal } from "./terminal.ts";

/** Where a fit keeps what it needs to go on, and what it goes on from. */
export interface Checkpoint {
  readonly seed: number;
  readonly path: string;
  readonly resume?: Uint8Array;
}

/** Trains a model of the table in `data` and writes it; after Ctrl-C a checkpoint is left beside the output. */
export async function fitTableFile(
  data: string,
  options: FitOptions,
  terminal: Terminal,
  { seed, path, resume }: Checkpoint,
): Promise<void> {
  checkTableOptions(options);
  const schema = await readOverrides(options.schema);
  const table = await readTableFile(data, options);
  const names = table.columns.map(({ name }) => name);
  const validation =
    options.validation === undefined
      ? undefined
      : await readTableFile(options.validation, { ...memoryLimit(options), columns: names });
  checkInterrupted(terminal.signal);
  const view = progressView(terminal, options);
  const fitted: FittedTable = await withEngine(options, (engine) =>
    fitTable(engine, {
      table,
      schema,
      seed,
      configuration: configurationFrom(options, startingPoint(options, tableConfiguration({ rows: table.rows })), seed),
      ...memoryLimit(options),
      ...(validation && { validation }),
      ...(options.trainSplit !== undefined && { trainSplit: options.trainSplit }),
      ...(options.time !== undefined && { time: options.time }),
      signal: terminal.signal,
      checkpoint: {
        save: (bytes) => writeFileAtomically(path, bytes, { force: true }),
        ...(resume && { resume }),
      },
      onSchema: (found) => {
        if (!options.quiet) terminal.err(`localflow: ${schemaSummary(found)}\n`);
      },
      onProgress: (progress) => view.show(endsByTime(options) ? withoutTotal(progress) : progress),
    }),
  )
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted"
        ? howToResume(data, options, seed, error)
        : error;
    })
    .finally(view.clear);
  await writeFileAtomically(options.output, encodeTableModel(fitted.model), { force: options.force === true });
  await rm(path, { force: true });
  if (!options.quiet) for (const note of fitted.report.notes) terminal.err(`localflow: note: ${note}\n`);
  const result = { ...fitted.report, peakMemoryBytes: peakMemoryBytes() };
  await report(terminal, options, result, fitText(options.output, result));
}

function checkTableOptions({ tolerance }: FitOptions): void {
  if (tolerance !== "auto") return;
  throw failure("option", {
    where: "--tolerance",
    expected: "a number, for a table",
    received: "auto",
    remedy: "leave it out, or give a number such as 1e-3",
  });
}

function fitText(output: string, result: TableFitReport & { readonly peakMemoryBytes: number }): string {
  const { blocks, train, validation } = result;
  const rows = blocks.map((block, n) => [
    String(n + 1),
    block.duration === null ? "free" : short(block.duration),
    String(block.iterations),
    short(block.loss),
    spokenTime(block.seconds),
  ]);
  return [
    alignedTable(["block", "duration", "iterations", "loss", "time"], rows),
    "",
    `training nll    ${withError(train.nll, train.standardError)} nats (${train.rows} rows)`,
    ...(validation === undefined
      ? []
      : [`held-out nll    ${withError(validation.nll, validation.standardError)} nats (${validation.rows} rows)`]),
    `parameters      ${result.parameters} for ${result.dimensions} dimensions`,
    `time, memory    ${spokenTime(result.seconds)}, ${spokenBytes(result.peakMemoryBytes)} at most`,
    `seed            ${result.seed}`,
    `model           ${output}`,
  ].join("\n");
}
