// table-sample: `localflow sample MODEL -n N [--where CONDITION]`, for models of tables.
import { numberCells, withCells } from "../data/cell-rows.ts";
import { type ConditionReport, sampleTable, type TableSample } from "../tasks/table/sample-table.ts";
import { scoreTable } from "../tasks/table/score-table.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import type { SampleOptions } from "./options.ts";
import { report, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, writeTableFile } from "./table-data.ts";
import { tableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

/** Draws rows of a table and writes them with the columns, types and spellings of the training table. */
export async function sampleTableFile(model: TableModel, options: SampleOptions, terminal: Terminal): Promise<void> {
  const { output, rows, where } = options;
  await checkTableOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const view = progressView(terminal, options);
  const integration = tableIntegration(options, model);
  const controls = { seed, ...integration, signal: terminal.signal, onProgress: view.show };
  const found = await withEngine(options, async (engine): Promise<TableSample> => {
    const sampled = await sampleTable(engine, model, { rows, ...(where !== undefined && { where }), ...controls });
    if (!options.logDensity || rows === 0) return sampled;
    const scores = await scoreTable(engine, model, sampled.table, controls);
    const table = withCells(sampled.table, [numberCells("log_density", scores.logDensity, 9)], "samples");
    return { ...sampled, table, evaluations: sampled.evaluations + scores.evaluations };
  }).finally(view.clear);
  await writeTableFile(output, found.table, model.encoder.schema, options, terminal);
  const seconds = (performance.now() - start) / 1000;
  const { evaluations, condition } = found;
  const text = [
    `${rows} rows in ${spokenTime(seconds)}, ${evaluations} velocity evaluations, seed ${seed}`,
    ...(condition === undefined ? [] : [conditionText(condition)]),
  ].join("; ");
  const result = { rows, seconds, evaluations, seed, ...(condition && { condition }) };
  if (output !== "-") await report(terminal, options, result, `${text}: ${output}`);
  else if (!options.quiet) terminal.err(`localflow: ${text}\n`);
}

function conditionText({ method, draws, acceptance, effectiveRows }: ConditionReport): string {
  if (method === "given") return "the condition's cells were given";
  const share = `${short(100 * acceptance, 3)} % of rows meet the condition`;
  if (method === "rejection") return `${share}, found among ${draws} draws`;
  return `about ${share}; weighted draws worth ${Math.round(effectiveRows)} independent rows`;
}
