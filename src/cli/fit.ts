// fit: `localflow fit DATA -o MODEL`.
import type { Source } from "../data/sources.ts";
import { type FitRequest, fitDensity, type Likelihood, summarize } from "../tasks/density.ts";
import { encodeDensityModel } from "../tasks/density-model.ts";
import { splitRows } from "../tasks/rows.ts";
import { rowsOf } from "../tensor/array.ts";
import { dataTask, withTableRemedy } from "./data-task.ts";
import { type FitRun, fitRun, keepModel, trained } from "./fit-run.ts";
import { fitText, likelihoodLines } from "./fit-text.ts";
import type { FitOptions } from "./options.ts";
import { report } from "./output.ts";
import { checkExclusive } from "./recipe.ts";
import { readRowsRequest } from "./rows-request.ts";
import { checkInterrupted, peakMemoryBytes, readData, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { settledModel } from "./tolerance.ts";

/** Trains a model of `data` and writes it; after Ctrl-C a checkpoint is left beside the output. */
export async function fit(data: string, options: FitOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  const run = await fitRun(data, options, terminal);
  const task = await dataTask(data, options);
  if (task === "table") return (await import("./table-fit.ts")).fitTableFile(run);
  if (task === "images") return (await import("./images-fit.ts")).fitImageFile(run);
  return fitRows(run);
}

/** Trains a chain on rows of numbers. */
async function fitRows(run: FitRun): Promise<void> {
  const { data, options, terminal, seed } = run;
  const choice = { seed, ...(options.columns && { columns: options.columns }) };
  const source = await withTableRemedy(data, () => readData(data, options, choice));
  const request = await readRowsRequest(source, options, seed);
  checkInterrupted(terminal.signal);
  const fitted = await trained(run, ({ view, controls }) =>
    withEngine(options, async (engine) => {
      const found = await fitDensity(engine, { ...request, ...controls });
      return { ...found, ...(await settledModel(engine, found.model, request, { options, terminal, view })) };
    }),
  );
  await keepModel(run, encodeDensityModel(fitted.model), fitted.report.notes);
  const { validation } = fitted.report;
  const held = validation && withTruth(validation, source, request);
  const result = {
    ...fitted.report,
    ...(held && { validation: held }),
    ...(fitted.tolerance !== undefined && { tolerance: fitted.tolerance }),
    peakMemoryBytes: peakMemoryBytes(),
  };
  const truth = held?.trueNll;
  const findings = [
    ...likelihoodLines(result),
    ...(truth === undefined ? [] : [`true nll        ${truth.toFixed(4)} nats (of the same rows)`]),
  ];
  await report(terminal, options, result, fitText(options.output, result, { findings }));
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
