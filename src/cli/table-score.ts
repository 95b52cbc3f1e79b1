// table-score: `localflow score MODEL TABLE [-o OUT] [--contributions]`, for models of tables.
import { numberCells } from "../data/cell-rows.ts";
import type { CellTable } from "../data/cell-table.ts";
import { failure } from "../errors.ts";
import { summarize } from "../tasks/density.ts";
import { scoreTable, type TableScores } from "../tasks/table/score-table.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import type { ScoreOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime, withError } from "./output.ts";
import { progressView } from "./progress.ts";
import { withEngine } from "./session.ts";
import { checkTableOutput, readTableFile, writeTableFile } from "./table-data.ts";
import { refuse, tableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";

type Divergence = { readonly kind: "exact" } | { readonly kind: "hutchinson"; readonly probes: number };

/** Scores of rows of a table; without `--seed` the seed is 0, so that the same rows have the same scores. */
export async function scoreTableFile(
  model: TableModel,
  data: string,
  options: ScoreOptions,
  divergence: Divergence,
  terminal: Terminal,
): Promise<void> {
  refuse(options, ["handOver"], "the model of a table");
  const { output, seed = 0, contributions = false, percentile = false } = options;
  if (output !== undefined) await checkTableOutput(output, options);
  if (percentile && model.training.logDensityQuantiles === undefined)
    throw failure("model", {
      where: "--percentile",
      expected: "finite log-densities of the training rows",
      received: "others",
      remedy: "leave it out, or fit the table again",
    });
  const start = performance.now();
  const integration = tableIntegration(options, model);
  const table = await readTableFile(data, options);
  const view = progressView(terminal, options);
  const controls = { signal: terminal.signal, onProgress: view.show };
  const scores = await withEngine(options, (engine) =>
    scoreTable(engine, model, table, { seed, divergence, contributions, ...integration, ...controls }),
  ).finally(view.clear);
  if (output !== undefined)
    await writeTableFile(output, scoreColumns(scores, percentile), { columns: [] }, options, terminal);
  const { nll, standardError } = summarize(Array.from(scores.logDensity, (value) => -value));
  const { percentiles, unknownCells, evaluations } = scores;
  const parts = scores.contributions?.map(({ column, values }) => ({ column, mean: meanOf(values) }));
  const seconds = (performance.now() - start) / 1000;
  const rare = percentile && percentiles ? rareShares(percentiles) : undefined;
  const text = [
    `nll     ${withError(nll, standardError)} nats per row (${table.rows} rows)`,
    ...(rare === undefined
      ? []
      : [`rare    ${percent(rare.below1)} of the rows below percentile 1, ${percent(rare.below5)} below 5`]),
    ...(unknownCells === 0 ? [] : [`unknown ${unknownCells} cells that the model cannot place count for nothing`]),
    `effort  ${spokenTime(seconds)}, ${evaluations} velocity evaluations`,
    ...(parts === undefined
      ? []
      : [
          "",
          alignedTable(
            ["column", "nats given the others"],
            parts.map(({ column, mean }) => [column, short(mean)]),
          ),
        ]),
  ].join("\n");
  const result = {
    rows: table.rows,
    nll,
    standardError,
    ...(rare && { percentiles: rare }),
    ...(parts && { contributions: parts }),
    unknownCells,
    seconds,
    evaluations,
    seed,
  };
  if (output !== "-") await report(terminal, options, result, text);
  else if (!options.quiet) terminal.err(`${text}\n`);
}

/** The columns log_density, percentile and, by column, `log_density given others: NAME`. */
function scoreColumns({ logDensity, percentiles, contributions = [] }: TableScores, percentile: boolean): CellTable {
  const columns = [
    numberCells("log_density", logDensity, 9),
    ...(percentile && percentiles ? [numberCells("percentile", percentiles, 6)] : []),
    ...contributions.map(({ column, values }) => numberCells(`log_density of ${column}`, values, 9)),
  ];
  return { rows: logDensity.length, columns };
}

function rareShares(percentiles: Float64Array) {
  const below = (limit: number) => percentiles.filter((value) => value < limit).length / percentiles.length;
  return { mean: meanOf(percentiles), below1: below(1), below5: below(5) };
}

function meanOf(values: Float64Array): number {
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((total, value) => total + value, 0) / known.length;
}

function percent(share: number): string {
  return `${(100 * share).toFixed(2)} %`;
}
