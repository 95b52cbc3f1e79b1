// table-evaluate: `localflow evaluate MODEL HELD_OUT`, for models of tables.
import { basename } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { flowBaselines } from "../measure/names.ts";
import type { TableEstimate, TableMetric } from "../tasks/table/evaluate-table.ts";
import { privacyMetricNames, type TableMetricName, tableMetricNames } from "../tasks/table/evaluate-table-metrics.ts";
import {
  checkTableColumns,
  checkTarget,
  evaluateTableModel,
  type TableModelEvaluation,
} from "../tasks/table/evaluate-table-model.ts";
import { shownBaselines, tableEvaluationPage } from "../tasks/table/evaluate-table-page.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import { withDigits } from "./estimates.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkInterrupted, memoryLimit, withEngine } from "./session.ts";
import { readTableFile } from "./table-data.ts";
import { refuse, tableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";
import { askedBaselines, checkMeasures, missed } from "./thresholds.ts";

interface Evaluated {
  readonly path: string;
  readonly data: string;
  readonly seed: number;
}

/** Draws rows from a table's model and measures them against held-out rows; the report file was checked before. */
export async function evaluateTableFile(
  model: TableModel,
  { path, data, seed }: Evaluated,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  const { train: trainFile, target = model.label, rows, failUnder = [], quiet } = options;
  checkTableOptions(options, target);
  const { schema } = model.encoder;
  checkTarget(target, schema, "--target");
  const integration = tableIntegration(options, model);
  const heldOut = await readTableFile(data, memoryLimit(options));
  checkTableColumns(heldOut, schema, data);
  const train = trainFile === undefined ? undefined : await readTableFile(trainFile, memoryLimit(options));
  if (train !== undefined && trainFile !== undefined) checkTableColumns(train, schema, trainFile);
  checkInterrupted(terminal.signal);
  const view = progressView(terminal, options);
  const evaluation = await withEngine(options, (engine) =>
    evaluateTableModel(engine, model, {
      heldOut,
      seed,
      flows: flowBaselines.filter((name) => askedBaselines(options).includes(name)),
      signal: terminal.signal,
      onProgress: view.show,
      onStage: (text) => {
        view.clear();
        if (!quiet) terminal.err(`localflow: ${text} …\n`);
      },
      ...(train && { train }),
      ...(rows !== undefined && { rows }),
      ...(target !== undefined && { target }),
      ...integration,
    }),
  ).finally(view.clear);
  if (options.report !== undefined) {
    const page = tableEvaluationPage(evaluation, basename(path));
    await writeFileAtomically(options.report, new TextEncoder().encode(page), { force: options.force === true });
  }
  await report(terminal, options, { ...evaluation }, evaluationText(evaluation));
  const failed = missed(failUnder, evaluation.measures);
  if (failed) throw failed;
}

/** Throws "option" for what has no meaning here, before anything is read. */
function checkTableOptions(options: EvaluateOptions, target: string | undefined): void {
  refuse(options, ["samples", "curve", "student"], "the model of a table");
  const { train, failUnder = [], baselines = [] } = options;
  const other = baselines.find((name) => !flowBaselines.some((known) => known === name));
  if (other !== undefined)
    throw failure("option", {
      where: "--baselines",
      expected: `${flowBaselines.join(" or ")}, for the model of a table`,
      received: other,
      remedy: "independent columns and a Gaussian copula always stand beside it",
    });
  checkMeasures(failUnder, tableMetricNames, "the model of a table");
  const asked = failUnder.map(({ measure }) => measure);
  const secret = privacyMetricNames.find((name) => asked.includes(name));
  if (secret !== undefined && train === undefined) throw lacks(secret, "--train FILE");
  if (asked.includes("utility") && target === undefined) throw lacks("utility", "--target COLUMN");
}

function lacks(measure: TableMetricName, expected: string) {
  return failure("option", { where: `--fail-under ${measure}`, expected: `${expected} beside it`, received: "none" });
}

const headings: Readonly<Record<string, string>> = { independent: "independent", copula: "Gaussian copula" };

function evaluationText(evaluation: TableModelEvaluation): string {
  const { measures, rows, verdict, notes, seed, seconds, baselines } = evaluation;
  const names = shownBaselines(evaluation);
  const lines = tableMetricNames.flatMap((name) => {
    const measure = measures[name];
    if (measure === undefined) return [];
    const sides = [measure, ...names.map((baseline) => measure.baselines[baseline])];
    const best = bestOf(measure, sides);
    const cell = (side: (typeof sides)[number]) =>
      side === undefined ? "" : `${withDigits(side)}${side.value === best ? "*" : " "}`;
    const [own, ...others] = sides.map(cell);
    return [[name, measure.better, own ?? "", `${withDigits(measure.floor)} `, ...others]];
  });
  const flows = Object.entries(baselines).map(
    ([name, { parameters, gradientSteps, seconds: spent }]) =>
      `${name}: plain Flow Matching, ${parameters} parameters (the model has ${evaluation.parameters}), ${gradientSteps} steps, ${spokenTime(spent)}`,
  );
  return [
    alignedTable(["", "better", "this model ", "floor ", ...names.map((name) => `${headings[name] ?? name} `)], lines),
    "",
    "± standard error; the floor is what real rows get, * marks the best of the others (docs/measures.md says what each is).",
    `${rows.compared} rows of each were measured against ${rows.heldOut} held-out rows; ${rows.train} training rows.`,
    ...flows,
    "",
    ...verdict,
    ...notes.map((note) => `note: ${note}`),
    `seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}

/** The best of several values that differ. Of privacy nothing is best: rows that are far from all others leak least. */
function bestOf({ better, group }: TableMetric, sides: readonly (TableEstimate | undefined)[]): number {
  const known = sides.flatMap((side) => (side === undefined ? [] : [side.value]));
  if (group === "privacy" || new Set(known).size < 2) return Number.NaN;
  return better === "higher" ? Math.max(...known) : Math.min(...known);
}
