// impute: `localflow impute MODEL DATA -o OUT`, gaps of a table filled with draws.
import { imputeTable } from "../tasks/table/impute-table.ts";
import { readTableModel } from "./model.ts";
import type { ImputeOptions } from "./options.ts";
import { report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive } from "./recipe.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, readTableFile, writeTableFile } from "./table-data.ts";
import { tableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

/** Fills the gaps of a table given the other cells of their rows; everything that is known is written as it was read. */
export async function impute(path: string, data: string, options: ImputeOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  const { output, draws = 1 } = options;
  await checkTableOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const model = await readTableModel(path);
  const integration = tableIntegration(options, model);
  const table = await readTableFile(data, options);
  const view = progressView(terminal, options);
  const controls = { signal: terminal.signal, onProgress: view.show };
  const filled = await withEngine(options, (engine) =>
    imputeTable(engine, model, table, { seed, draws, ...integration, ...controls }),
  ).finally(view.clear);
  await writeTableFile(output, filled.table, model.encoder.schema, options, terminal);
  const seconds = (performance.now() - start) / 1000;
  const { cells, left } = filled;
  const text = [
    `${cells} gaps in ${table.rows} rows filled${draws > 1 ? ` ${draws} times` : ""} in ${spokenTime(seconds)}`,
    ...(left === 0 ? [] : [`${left} left in columns that the model does not hold`]),
    `seed ${seed}`,
  ].join(", ");
  if (output !== "-")
    await report(terminal, options, { rows: table.rows, cells, left, draws, seconds, seed }, `${text}: ${output}`);
  else if (!options.quiet) terminal.err(`localflow: ${text}\n`);
}
