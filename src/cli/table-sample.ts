// table-sample: `localflow sample MODEL -n N [--where CONDITION] [--balance [COLUMN]]`, for models of tables.

import { numberCells, withCells } from "../data/cell-rows.ts";
import { counted } from "../data/columns.ts";
import type { ConditionReport } from "../tasks/table/row-kinds.ts";
import { sampleTable, type TableSample } from "../tasks/table/sample-table.ts";
import { scoreTable } from "../tasks/table/score-table.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import type { SampleOptions } from "./options.ts";
import { reportMade, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, csvParts, writeTableFile } from "./table-data.ts";
import { settledTableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

/** Draws rows of a table and writes them with the columns, types and spellings of the training table. */
export async function sampleTableFile(model: TableModel, options: SampleOptions, terminal: Terminal): Promise<void> {
  const { output, rows, where, balance, logDensity = false } = options;
  await checkTableOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const view = progressView(terminal, options);
  const isStreamed = output === "-" && !logDensity;
  const writePart = csvParts(terminal);
  const wishes = { rows, ...(where !== undefined && { where }), ...(balance !== undefined && { balance }) };
  const { sampled: found, tolerance } = await withEngine(options, async (engine) => {
    const probe = { samples: logDensity ? "logDensity" : "points" } as const;
    const { integration, tolerance } = await settledTableIntegration(engine, model, probe, { options, terminal, view });
    const how = { seed, ...(integration && { integration }), signal: terminal.signal, onProgress: view.show };
    const sampled: TableSample = await sampleTable(engine, model, {
      ...wishes,
      ...how,
      ...(isStreamed && { onRows: writePart }),
    });
    if (!logDensity || rows === 0) return { sampled, tolerance };
    const scores = await scoreTable(engine, model, sampled.table, how);
    const table = withCells(sampled.table, [numberCells("log_density", scores.logDensity, 9)], "samples");
    return { sampled: { ...sampled, table, evaluations: sampled.evaluations + scores.evaluations }, tolerance };
  }).finally(view.clear);
  if (isStreamed) await writePart(found.table);
  else await writeTableFile(output, found.table, model.encoder.schema, options, terminal);
  const { notes = [] } = found;
  if (!options.quiet) for (const note of notes) terminal.err(`localflow: note: ${note}\n`);
  const seconds = (performance.now() - start) / 1000;
  await reportRows({ ...found, tolerance, rows, seconds, seed, evaluated: "velocity" }, options, terminal);
}

/** What was drawn of a table, and by what: "velocity" evaluations of a model, "network" evaluations of a student. */
export interface DrawnRows
  extends Pick<TableSample, "condition" | "constraints" | "balance" | "evaluations" | "notes"> {
  readonly rows: number;
  readonly seconds: number;
  readonly seed: number;
  readonly evaluated: "velocity" | "network";
  readonly tolerance?: number | undefined;
}

/** Says what was drawn: on standard output as a report, on standard error where the rows themselves went there. */
export async function reportRows(drawn: DrawnRows, options: SampleOptions, terminal: Terminal): Promise<void> {
  const { rows, seconds, seed, evaluations, evaluated, condition, constraints, balance, notes = [], tolerance } = drawn;
  const text = [
    `${counted(rows, "row")} in ${spokenTime(seconds)}, ${evaluations} ${evaluated} evaluations, seed ${seed}`,
    ...(condition === undefined ? [] : [conditionText(condition)]),
    ...(constraints === undefined ? [] : [constraintText(constraints)]),
    ...(balance === undefined ? [] : [balanceText(balance)]),
  ].join("; ");
  const result = {
    rows,
    seconds,
    evaluations,
    seed,
    ...(condition && { condition }),
    ...(constraints && { constraints }),
    ...(balance && { balance }),
    ...(notes.length > 0 && { notes }),
    ...(tolerance !== undefined && { tolerance }),
  };
  await reportMade(terminal, options, result, text);
}

function constraintText({ acceptance, draws }: NonNullable<TableSample["constraints"]>): string {
  return `${short(100 * acceptance, 3)} % of ${draws} draws meet the constraints`;
}

function balanceText({ column, rows }: NonNullable<TableSample["balance"]>): string {
  const counts = Object.values(rows);
  const [fewest, most] = [Math.min(...counts), Math.max(...counts)];
  const each = fewest === most ? counted(most, "row") : `${fewest} or ${counted(most, "row")}`;
  return `${each} for each of ${counts.length} levels of ${column}`;
}

/** How rows under a condition were found, in words. */
function conditionText({ method, draws, acceptance, effectiveRows }: ConditionReport): string {
  if (method === "given") return "the condition's cells were given";
  const share = `${short(100 * acceptance, 3)} % of rows meet the condition`;
  if (method === "rejection") return `${share}, found among ${draws} draws`;
  return `about ${share}; weighted draws worth ${Math.round(effectiveRows)} independent rows`;
}
