// table-evaluate: `localflow evaluate MODEL HELD_OUT`, for models of tables.
import { basename } from "node:path";
import { shorten } from "../data/columns.ts";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { flowBaselines } from "../measure/names.ts";
import { type TableCurve, tableCurve, tableCurveMetrics, tableCurveSection } from "../tasks/curve-table.ts";
import { studentSamplers } from "../tasks/distillation/evaluate-student.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { densityTeacher } from "../tasks/distillation/teacher.ts";
import type { TableEstimate, TableMetric } from "../tasks/table/evaluate-rows.ts";
import {
  checkTableColumns,
  checkTarget,
  evaluateTable,
  type TableModelEvaluation,
} from "../tasks/table/evaluate-table.ts";
import { privacyMetricNames, type TableMetricName, tableMetricNames } from "../tasks/table/evaluate-table-metrics.ts";
import { shownBaselines, tableEvaluationPage } from "../tasks/table/evaluate-table-page.ts";
import { checkRealRows } from "../tasks/table/evaluate-table-rows.ts";
import { type TextMetricName, textMetricNames, textMetrics } from "../tasks/table/evaluate-texts.ts";
import { signsText, textLines, textsSections } from "../tasks/table/evaluate-texts-page.ts";
import { measureNeeds } from "../tasks/table/needed-measures.ts";
import type { Schema } from "../tasks/table/schema.ts";
import type { TableModel } from "../tasks/table/table-model.ts";
import { curveTable } from "./curve-text.ts";
import { withDigits } from "./estimates.ts";
import { readStudent } from "./model.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { refuse } from "./refusals.ts";
import { checkInterrupted, memoryLimit, withEngine } from "./session.ts";
import { readTableFile } from "./table-data.ts";
import { settledTableIntegration } from "./table-options.ts";
import type { Terminal } from "./terminal.ts";
import { askedBaselines, checkMeasures, missed, worstTexts } from "./thresholds.ts";

interface Evaluated {
  readonly path: string;
  readonly data: string;
  readonly seed: number;
}

/** An evaluation, with the curve where it was asked for, and the tolerance where it was chosen. */
type CurvedEvaluation = TableModelEvaluation & {
  readonly tolerance?: number;
  readonly curve?: TableCurve["points"];
  readonly curveFloor?: TableCurve["floor"];
};

/** Draws rows from a table's model and measures them against held-out rows; the report file was checked before. */
export async function evaluateTableFile(
  model: TableModel,
  { path, data, seed }: Evaluated,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  const { train: trainFile, target = model.label, rows, failUnder = [] } = options;
  const { schema } = model.encoder;
  checkTableOptions(options, target, schema);
  checkTarget(target, schema, "--target");
  const students: Student[] = [];
  for (const file of options.student ?? []) students.push(await readStudent(file));
  const heldOut = await readTableFile(data, memoryLimit(options));
  checkTableColumns(heldOut, schema, data);
  const train = trainFile === undefined ? undefined : await readTableFile(trainFile, memoryLimit(options));
  if (train !== undefined && trainFile !== undefined) checkTableColumns(train, schema, trainFile);
  checkRealRows({ heldOut, ...(train && { train }) }, { heldOut: data, train: trainFile ?? "--train" });
  checkInterrupted(terminal.signal);
  const view = progressView(terminal, options);
  const request = {
    ...{ heldOut, seed, signal: terminal.signal, onProgress: view.show },
    ...(train && { train }),
    ...(rows !== undefined && { rows }),
  };
  const evaluation = await withEngine(options, async (engine): Promise<CurvedEvaluation> => {
    const probe = { samples: "points" } as const;
    const { integration, ...chosen } = await settledTableIntegration(engine, model, probe, { options, terminal, view });
    const found = await evaluateTable(engine, model, {
      ...request,
      flows: flowBaselines.filter((name) => askedBaselines(options).includes(name)),
      needed: { names: failUnder.map(({ measure }) => measure), where: "--fail-under" },
      onStage: view.say,
      ...(target !== undefined && { target }),
      ...(integration && { integration }),
    });
    if (!options.curve) return { ...found, ...chosen };
    view.say("the curve of quality against evaluations");
    const samplers = await studentSamplers(engine, densityTeacher(model.density), students, terminal.signal);
    const { points, floor, notes } = await tableCurve(engine, model, { ...request, samplers });
    return { ...found, ...chosen, notes: [...found.notes, ...notes], curve: points, curveFloor: floor };
  }).finally(view.clear);
  if (options.report !== undefined) {
    const { curve, curveFloor } = evaluation;
    const curves = curve && curveFloor ? [tableCurveSection(curve, curveFloor)] : [];
    const page = tableEvaluationPage(evaluation, basename(path), [...curves, ...textsSections(evaluation.texts)]);
    await writeFileAtomically(options.report, new TextEncoder().encode(page), { force: options.force === true });
  }
  await report(terminal, options, { ...evaluation }, evaluationText(evaluation));
  const failed = missed(failUnder, { ...evaluation.measures, ...worstTexts(evaluation.texts ?? []) }, measureNeeds);
  if (failed) throw failed;
}

/** Rows that have shapes and pairs at all. */
const fewestDrawn = 2;

/** Throws "option" for what has no meaning here, before anything is read. */
function checkTableOptions(options: EvaluateOptions, target: string | undefined, { columns }: Schema): void {
  refuse(options, ["samples"], "the model of a table");
  const { train, failUnder = [], baselines = [], rows } = options;
  if (rows !== undefined && rows < fewestDrawn)
    throw failure("option", {
      where: "-n, --rows",
      expected: `at least ${fewestDrawn} rows`,
      received: String(rows),
      remedy: "draw more rows",
    });
  const other = baselines.find((name) => !flowBaselines.some((known) => known === name));
  if (other !== undefined)
    throw failure("option", {
      where: "--baselines",
      expected: `${flowBaselines.join(" or ")}, for the model of a table`,
      received: other,
      remedy: "independent columns and a Gaussian copula always stand beside it",
    });
  checkMeasures(failUnder, [...tableMetricNames, ...textMetricNames], "the model of a table");
  const asked = failUnder.map(({ measure }) => measure);
  const ofTexts = textMetricNames.find((name) => asked.includes(name));
  const isAnew = columns.some((column) => (column.kind === "text" || column.kind === "id") && column.regenerate);
  if (ofTexts !== undefined && !isAnew)
    throw failure("option", {
      where: `--fail-under ${ofTexts}`,
      expected: "a model that writes texts or ids anew (fit --text)",
      received: "one that leaves them out",
    });
  const secret = [...privacyMetricNames, "identical" as const].find((name) => asked.includes(name));
  if (secret !== undefined && train === undefined) throw lacks(secret, "--train FILE");
  if (asked.includes("utility") && target === undefined) throw lacks("utility", "--target COLUMN");
}

function lacks(measure: TableMetricName | TextMetricName, expected: string) {
  return failure("option", { where: `--fail-under ${measure}`, expected: `${expected} beside it`, received: "none" });
}

const headings: Readonly<Record<string, string>> = { independent: "independent", copula: "Gaussian copula" };

function evaluationText(evaluation: CurvedEvaluation): string {
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
    ...textsText(evaluation),
    ...curveText(evaluation),
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

/** The texts that are written anew as a table of their own, where there are some. */
function textsText({ texts = [] }: CurvedEvaluation): readonly string[] {
  if (texts.length === 0) return [];
  const lines = textLines(texts, ({ column }, name, measure) => [
    shorten(column),
    name,
    textMetrics[name].better,
    withDigits(measure),
    withDigits(measure.floor),
    measure.chance === undefined ? "" : short(measure.chance, 3),
  ]);
  const heads = ["texts written anew", "", "better", "this model", "floor", "chance"];
  return ["", alignedTable(heads, lines), "", signsText(texts)];
}

/** The curve as a table of its own, where there is one. */
function curveText({ curve, curveFloor }: CurvedEvaluation): readonly string[] {
  if (curve === undefined || curveFloor === undefined) return [];
  const meaning = `Of ${curveFloor.rows} rows each. Evaluations of the whole chain per row; distance to the rows of dopri5 at 1e-5 from the same noise, in deviations of the encoder's dimensions.`;
  return curveTable({
    drawn: "rows",
    names: tableCurveMetrics,
    points: curve,
    floor: { name: "training rows", measures: curveFloor.measures },
    meaning,
  });
}
