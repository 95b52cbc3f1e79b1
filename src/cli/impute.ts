// impute: `localflow impute MODEL DATA -o OUT`, gaps of a table filled with draws.
import { counted } from "../data/columns.ts";
import { type ImputedTable, imputeTable } from "../tasks/table/impute-table.ts";
import { readTableModel } from "./model.ts";
import { withTablePath } from "./named-table.ts";
import type { ImputeOptions } from "./options.ts";
import { reportMade, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive } from "./recipe.ts";
import { seedFrom, withEngine } from "./session.ts";
import { checkTableOutput, readTableFile, writeTableFile } from "./table-data.ts";
import { settledTableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

/** Fills the gaps of a table given the other cells of their rows; everything that is known is written as it was read. */
export async function impute(path: string, data: string, options: ImputeOptions, terminal: Terminal): Promise<void> {
  checkExclusive(options);
  const { output, draws, best = false, candidates } = options;
  await checkTableOutput(output, options);
  const start = performance.now();
  const seed = seedFrom(options);
  const model = await readTableModel(path);
  const table = await readTableFile(data, options);
  const view = progressView(terminal, options);
  const { filled, tolerance } = await withEngine(options, async (engine) => {
    const probe = { samples: "points" } as const;
    const { integration, tolerance } = await settledTableIntegration(engine, model, probe, { options, terminal, view });
    const how = {
      ...(integration && { integration }),
      ...(draws !== undefined && { draws }),
      ...(candidates !== undefined && { candidates }),
      signal: terminal.signal,
      onProgress: view.show,
    };
    return { filled: await withTablePath(data, imputeTable(engine, model, table, { seed, best, ...how })), tolerance };
  }).finally(view.clear);
  await writeTableFile(output, filled.table, model.encoder.schema, options, terminal);
  const seconds = (performance.now() - start) / 1000;
  const { gaps, cells, left, unheld, unsolved, unmet, unknown, notes = [] } = filled;
  if (!options.quiet) for (const note of notes) terminal.err(`localflow: note: ${note}\n`);
  const text = [
    `${filledText(filled, table.rows, best)} in ${spokenTime(seconds)}`,
    ...leftText(filled, best),
    ...unknownText(filled, best),
    `seed ${seed}`,
  ].join(", ");
  const result = {
    rows: table.rows,
    gaps,
    cells,
    left,
    unheld,
    unsolved,
    unmet,
    unknown,
    draws: filled.draws,
    candidates: filled.candidates,
    ...(best && { best }),
    seconds,
    seed,
    ...(notes.length > 0 && { notes }),
    ...(tolerance !== undefined && { tolerance }),
  };
  await reportMade(terminal, options, result, text);
}

/** Counts are of all that is written: of the one table, or of the tables of all draws together. */
function filledText({ cells, left, draws }: ImputedTable, rows: number, best: boolean): string {
  const where = `${draws > 1 && !best ? `${draws} draws of ` : ""}${counted(rows, "row")}`;
  const how = best ? ` with the best guesses of ${counted(draws, "draw")}` : "";
  return `${cells} of ${counted(cells + left, "gap")} in ${where} filled${how}`;
}

function leftText({ left, unheld, unsolved, unmet, draws }: ImputedTable, best: boolean): readonly string[] {
  const all = draws > 1 && !best ? " of all draws" : "";
  const others = left - unheld - unsolved;
  return [
    ...(others > 0 ? [`${others} left in ${counted(unmet, "row")}${all} in which nothing meets the constraints`] : []),
    ...(unsolved > 0 ? [`${unsolved} left${all} in sums with unknown texts`] : []),
    ...(unheld > 0 ? [`${unheld} left in columns${all} that the model does not hold`] : []),
  ];
}

function unknownText({ unknown, draws }: ImputedTable, best: boolean): readonly string[] {
  if (unknown === 0) return [];
  const each = draws > 1 && !best ? " of each draw" : "";
  return [`${counted(unknown, "cell")}${each} with unknown texts kept, which count for nothing`];
}
