// table-fit: `localflow fit TABLE -o MODEL`, for tables of mixed columns.
import { rm } from "node:fs/promises";
import { writeFileAtomically } from "../data/files.ts";
import { LocalFlowError } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import type { ConstraintReport } from "../tasks/table/constraints.ts";
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
import { checkOrders, readSchema, readTableFile } from "./table-data.ts";
import { settledTableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";
import type { Surroundings } from "./tolerance.ts";

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
  const { columns: schema, constraints = [], label } = await readSchema(options);
  const table = await readTableFile(data, options);
  checkOrders(table, options.ordinal);
  const names = table.columns.map(({ name }) => name);
  const validation =
    options.validation === undefined
      ? undefined
      : await readTableFile(options.validation, { ...memoryLimit(options), columns: names });
  checkInterrupted(terminal.signal);
  const view = progressView(terminal, options);
  const size = { rows: table.rows, columns: table.columns.length };
  const fitted = await withEngine(options, async (engine) => {
    const found = await fitTable(engine, {
      table,
      schema,
      constraints,
      ...(options.text !== undefined && { texts: options.text }),
      ...(label !== undefined && { label }),
      seed,
      configuration: configurationFrom(options, startingPoint(options, tableConfiguration(size)), seed),
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
    });
    return settled(engine, found, { options, terminal, view });
  })
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted"
        ? howToResume(data, options, seed, error)
        : error;
    })
    .finally(view.clear);
  await writeFileAtomically(options.output, encodeTableModel(fitted.model), { force: options.force === true });
  await rm(path, { force: true });
  if (!options.quiet) for (const note of fitted.report.notes) terminal.err(`localflow: note: ${note}\n`);
  const { report: done, tolerance } = fitted;
  const result = { ...done, ...(tolerance !== undefined && { tolerance }), peakMemoryBytes: peakMemoryBytes() };
  await report(terminal, options, result, fitText(options.output, result));
}

/** The model, with `--tolerance auto` one that records what rows drawn from it and their likelihoods need. */
async function settled(
  engine: Engine,
  { model, report: found }: FittedTable,
  surroundings: Surroundings,
): Promise<FittedTable & { readonly tolerance?: number }> {
  if (surroundings.options.tolerance !== "auto") return { model, report: found };
  const probe = { samples: "logDensity" } as const;
  const { integration, tolerance } = await settledTableIntegration(engine, model, probe, surroundings);
  const { record } = model.density;
  const configuration = { ...record.configuration, ...(integration && { integration }) };
  const density = { ...model.density, record: { ...record, configuration } };
  return { model: { ...model, density }, report: found, ...(tolerance !== undefined && { tolerance }) };
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
    ...constraintLines(result.constraints ?? []),
    ...(result.label === undefined ? [] : [`label           ${result.label}`]),
    `seed            ${result.seed}`,
    `model           ${output}`,
  ].join("\n");
}

function constraintLines(constraints: readonly ConstraintReport[]): readonly string[] {
  return constraints.map(({ constraint, enforced, violations }, n) => {
    const how = { computed: "computed", nearest: "the nearest is taken", rejection: "by rejection" }[enforced];
    const met = violations === 0 ? "met by all rows" : `broken by ${violations} of the rows`;
    return `${(n === 0 ? "constraints" : "").padEnd(16)}${constraint} (${how}; ${met})`;
  });
}
