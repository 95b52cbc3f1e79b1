// table-compare: `localflow evaluate OLD NEW`: what changed between two tables.
import { basename } from "node:path";
import { counted } from "../data/columns.ts";
import { endingOf, writeFileAtomically } from "../data/files.ts";
import { cellTableEndings } from "../data/table-endings.ts";
import { failure } from "../errors.ts";
import { tableComparisonPage } from "../tasks/table/compare-page.ts";
import { compareTables, type TableComparison } from "../tasks/table/compare-tables.ts";
import { driftMetricNames } from "../tasks/table/evaluate-table-metrics.ts";
import { measureNeeds } from "../tasks/table/needed-measures.ts";
import { withDigits } from "./estimates.ts";
import { spokenPath } from "./named-table.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { integrationNames } from "./recipe.ts";
import { refuseGiven } from "./refusals.ts";
import { checkInterrupted, checkOutput, memoryLimit, seedFrom } from "./session.ts";
import { readTableFile } from "./table-data.ts";
import type { Terminal } from "./terminal.ts";
import { checkMeasures, missed } from "./thresholds.ts";

/** Whether an argument is a table and no model: by its ending, or standard input. */
export function isTablePath(path: string): boolean {
  return path === "-" || [...cellTableEndings, ".gz"].includes(endingOf(path));
}

/** Measures how far the second table is from the first one. */
export async function compareFiles(
  before: string,
  after: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  const start = performance.now();
  checkCompareOptions(options);
  if (before === "-" && after === "-")
    throw failure("option", { where: "evaluate", expected: "standard input once", received: "- twice" });
  if (options.report !== undefined) await checkOutput(options.report, options);
  const { failUnder = [] } = options;
  const seed = seedFrom(options);
  const tables = [await readTableFile(before, memoryLimit(options)), await readTableFile(after, memoryLimit(options))];
  checkInterrupted(terminal.signal);
  const found = await compareTables(tables[0]!, tables[1]!, {
    seed,
    needed: { names: failUnder.map(({ measure }) => measure), where: "--fail-under" },
    names: { before: spokenPath(before), after: spokenPath(after) },
    signal: terminal.signal,
    onStage: progressView(terminal, options).say,
  });
  if (options.report !== undefined) {
    const page = tableComparisonPage(found, basename(before), basename(after));
    await writeFileAtomically(options.report, new TextEncoder().encode(page), { force: options.force === true });
  }
  const seconds = (performance.now() - start) / 1000;
  await report(terminal, options, { ...found, seconds }, comparisonText(found, seconds));
  const failed = missed(failUnder, found.measures, measureNeeds);
  if (failed) throw failed;
}

/** What needs a model, by the names of its options. */
const modelOptions = [
  "train",
  "baselines",
  "plain",
  "target",
  "samples",
  "curve",
  "student",
  "rows",
  ...integrationNames,
] as const satisfies readonly (keyof EvaluateOptions)[];

function checkCompareOptions(options: EvaluateOptions): void {
  refuseGiven(options, modelOptions, {
    expected: "a model as the first argument",
    received: "two tables",
    remedy: "leave it out, or name a .safetensors file first",
  });
  checkMeasures(options.failUnder ?? [], driftMetricNames, "two tables");
}

/** Columns shown on a terminal; the report and the JSON have all. */
const shownColumns = 12;

function comparisonText(found: TableComparison, seconds: number): string {
  const { measures, columns, verdict, notes, rows, seed } = found;
  const lines = driftMetricNames.flatMap((name) => {
    const measure = measures[name];
    return measure ? [[name, measure.better, withDigits(measure), withDigits(measure.floor)]] : [];
  });
  const moves = columns
    .slice(0, shownColumns)
    .map((column) => [
      column.column,
      withDigits(column),
      short(column.chance, 2),
      `${percent(column.gaps.before)} → ${percent(column.gaps.after)}`,
      column.moved ? "moved" : "",
    ]);
  const rest = columns.length - moves.length;
  return [
    alignedTable(["", "better", "these files", "chance"], lines),
    "",
    alignedTable(["column", "distance", "chance", "gaps", ""], moves),
    ...(rest > 0 ? [`and ${counted(rest, "more column")}`] : []),
    "",
    ...verdict,
    ...notes.map((note) => `note: ${note}`),
    `${rows.before} and ${rows.after} rows, seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}

function percent(share: number): string {
  return `${short(100 * share, 3)} %`;
}
