// evaluate: `localflow evaluate MODEL DATA`.
import { basename } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { isDensity } from "../data/sources.ts";
import { failure } from "../errors.ts";
import type { Estimate } from "../measure/estimate.ts";
import { flowBaselines, type MeasureName, measureNames } from "../measure/names.ts";
import { evaluateStudent, studentSamplers } from "../tasks/distillation/evaluate-student.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { densityTeacher } from "../tasks/distillation/teacher.ts";
import { type Evaluation, evaluateDensity } from "../tasks/evaluate.ts";
import { evaluationReport } from "../tasks/evaluation-report.ts";
import { densityReportSections } from "../tasks/report.ts";
import { curveTable } from "./curve-text.ts";
import { withDigits } from "./estimates.ts";
import { refuseImageOptions } from "./images-checks.ts";
import { readAnyModel, readStudent } from "./model.ts";
import type { EvaluateOptions } from "./options.ts";
import { alignedTable, report, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, integrationFrom, integrationNames } from "./recipe.ts";
import { refuse } from "./refusals.ts";
import { checkInterrupted, checkOutput, memoryLimit, readData, seedFrom, withEngine } from "./session.ts";
import { refuseForStudent, refuseTableStudent, studentText } from "./student.ts";
import { compareFiles, isTablePath } from "./table-compare.ts";
import { evaluateTableFile } from "./table-evaluate.ts";
import type { Terminal } from "./terminal.ts";
import { askedBaselines, checkMeasures, missed } from "./thresholds.ts";
import { settledIntegration } from "./tolerance.ts";

/** Measures a model against held-out rows and, with training rows, against baselines fitted to them. */
export async function evaluate(
  path: string,
  data: string,
  options: EvaluateOptions,
  terminal: Terminal,
): Promise<void> {
  if (isTablePath(path)) refuseImageOptions(options, "a table");
  if (isTablePath(path)) return compareFiles(path, data, options, terminal);
  checkExclusive(options);
  checkTrain(data, options);
  if (options.report !== undefined) await checkOutput(options.report, options);
  if (options.student !== undefined && !options.curve)
    throw failure("option", { where: "--student", expected: "--curve beside it", received: "none" });
  const { samples, failUnder = [] } = options;
  const seed = seedFrom(options);
  const found = await readAnyModel(path);
  if (found.kind === "images" || (found.kind === "student" && found.student.image))
    return (await import("./images-evaluate.ts")).evaluateImageFile(found, { path, data, seed }, options, terminal);
  refuseImageOptions(options, "a model of rows");
  if (found.kind === "table") return evaluateTableFile(found.table, { path, data, seed }, options, terminal);
  refuse(options, ["target"], "one of rows of numbers", "the model of a table");
  checkMeasures(failUnder, measureNames, "a model of rows of numbers");
  if (found.kind === "student") refuseTableStudent(found.student, path);
  if (found.kind === "student") return evaluateFast(found.student, data, options, seed, terminal);
  const { model } = found;
  const students: Student[] = [];
  for (const file of options.student ?? []) students.push(await readStudent(file));
  const { columns, configuration } = model.record;
  if (!configuration.standardize && failUnder.some(({ measure }) => measure === "nllStandardized"))
    throw failure("option", {
      where: "--fail-under",
      expected: "nll, as the model does not standardise",
      received: "nllStandardized",
    });
  const { heldOut, train } = await readRows(data, columns, seed, options);
  checkInterrupted(terminal.signal);
  const integration = integrationFrom(options, configuration.integration);
  const view = progressView(terminal, options);
  const { evaluation, page, tolerance } = await withEngine(options, async (engine) => {
    const probe = { rows: heldOut, samples: "points" } as const;
    const settled = await settledIntegration(engine, model, integration, probe, { options, terminal, view });
    const evaluation = await evaluateDensity(engine, model, {
      heldOut,
      seed,
      flows: flowBaselines.filter((name) => askedBaselines(options).includes(name)),
      signal: terminal.signal,
      onProgress: view.show,
      onStage: view.say,
      ...(train && { train }),
      ...(samples !== undefined && { samples }),
      ...(options.curve && { curve: true }),
      ...(students.length > 0 && {
        samplers: await studentSamplers(engine, densityTeacher(model), students, terminal.signal),
      }),
      ...settled,
    });
    const { tolerance } = settled;
    if (options.report === undefined) return { evaluation, tolerance };
    view.say("drawing the report");
    const controls = { seed, signal: terminal.signal, onProgress: view.show };
    const pictures = await densityReportSections(engine, model, heldOut, undefined, controls);
    return { evaluation, tolerance, page: evaluationReport(evaluation, basename(path), pictures) };
  }).finally(view.clear);
  if (options.report !== undefined && page !== undefined)
    await writeFileAtomically(options.report, new TextEncoder().encode(page), { force: options.force === true });
  const result = { ...evaluation, ...(tolerance !== undefined && { tolerance }) };
  await report(terminal, options, result, evaluationText(evaluation));
  const failed = missed(failUnder, evaluation.measures);
  if (failed) throw failed;
}

/** Measures a student: its samples alone. */
async function evaluateFast(
  student: Student,
  data: string,
  options: EvaluateOptions,
  seed: number,
  terminal: Terminal,
): Promise<void> {
  refuseForStudent(options, ["baselines", "plain", "report", "curve", "student", ...integrationNames], student);
  const { samples, failUnder = [] } = options;
  if (failUnder.some(({ measure }) => measure === "nll" || measure === "nllStandardized"))
    throw failure("option", {
      where: "--fail-under",
      expected: "a measure of samples, as a student has no density",
      received: "nll",
      remedy: `leave it out, or use the teacher, ${student.record.teacher.name}`,
    });
  const { heldOut, train } = await readRows(data, student.record.columns, seed, options);
  checkInterrupted(terminal.signal);
  const view = progressView(terminal, options);
  const evaluation = await withEngine(options, (engine) =>
    evaluateStudent(engine, student, {
      heldOut,
      seed,
      signal: terminal.signal,
      onProgress: view.show,
      ...(train && { train }),
      ...(samples !== undefined && { samples }),
    }),
  ).finally(view.clear);
  await report(terminal, options, { ...evaluation }, studentText(evaluation));
  const failed = missed(failUnder, evaluation.measures);
  if (failed) throw failed;
}

/** Held-out rows and training rows; where both are drawn from one built-in density, they are independent draws. */
async function readRows(data: string, columns: readonly string[], seed: number, options: EvaluateOptions) {
  const { train } = options;
  const anyDrawn = isDensity(data) || (train !== undefined && isDensity(train));
  const read = async (spec: string, purpose: "test" | "fit") => {
    const rows = isDensity(spec) || !anyDrawn ? options.rows : undefined;
    const reading = { ...memoryLimit(options), ...(rows !== undefined && { rows }) };
    return (await readData(spec, reading, { seed, purpose, columns, inOrder: true })).rows;
  };
  return { heldOut: await read(data, "test"), ...(train !== undefined && { train: await read(train, "fit") }) };
}

function checkTrain(data: string, { train, baselines, plain }: EvaluateOptions): void {
  if (train === undefined && (baselines !== undefined || plain))
    throw failure("option", {
      where: baselines !== undefined ? "--baselines" : "--plain",
      expected: "--train FILE beside it",
      received: "none",
      remedy: "baselines are fitted to the training rows: name their file",
    });
  if (train === "-" && data === "-")
    throw failure("option", { where: "--train", expected: "a file, as DATA is standard input", received: "-" });
}

const headings: Readonly<Record<MeasureName, string>> = {
  nll: "nll",
  nllStandardized: "standardised",
  slicedWasserstein: "sliced Wasserstein",
  energyDistance: "energy distance",
  mmdSquared: "MMD^2",
};

function evaluationText(evaluation: Evaluation): string {
  const { measures, baselines, rows, comparedRows, seed, seconds, parameters, gradientSteps, notes } = evaluation;
  const shown = measureNames.filter((name) => measures[name] !== undefined);
  const of = (pick: (name: MeasureName) => Estimate | undefined) => (name: MeasureName) => {
    const estimate = pick(name);
    const best = estimate !== undefined && estimate.value === bestValue(evaluation, name);
    return estimate ? `${withDigits(estimate)}${best ? "*" : " "}` : " ";
  };
  const line = (
    label: string,
    pick: (name: MeasureName) => Estimate | undefined,
    size: readonly string[] = ["", "", ""],
  ) => [label, ...shown.map(of(pick)), ...size];
  const withFloor = shown.some((name) => measures[name]?.floor);
  const table = [
    line("this model", (name) => measures[name], [String(parameters), String(gradientSteps), ""]),
    ...Object.entries(baselines).map(([label, summary]) =>
      line(label, (name) => measures[name]?.baselines[label], [
        String(summary.parameters),
        summary.gradientSteps === 0 ? "" : String(summary.gradientSteps),
        spokenTime(summary.seconds),
      ]),
    ),
    ...(withFloor ? [line("floor: training rows", (name) => measures[name]?.floor)] : []),
  ];
  const choices = Object.entries(baselines).map(([name, { choice }]) => `${name}: ${choice}`);
  return [
    alignedTable(["", ...shown.map((name) => `${headings[name]} `), "parameters", "steps", "time"], table),
    "",
    "± standard error; lower is better everywhere, * marks the lowest. nll in nats per row, in the units of the data" +
      `${measures.nllStandardized ? " and of the standardised columns" : ""}.`,
    `Distances are on columns divided by the training deviations, ${comparedRows} rows a side; nll is of ${rows} rows.`,
    ...(choices.length > 0 ? [choices.join("; ")] : []),
    ...curveText(evaluation),
    ...notes.map((note) => `note: ${note}`),
    `seed ${seed}, ${spokenTime(seconds)}`,
  ].join("\n");
}

/** The curve as a table of its own, where there is one. */
function curveText({ curve, measures }: Evaluation): readonly string[] {
  if (curve === undefined) return [];
  const name = "sliced Wasserstein";
  const floor = measures.slicedWasserstein?.floor;
  return curveTable({
    drawn: "samples",
    names: [name],
    points: curve.map(({ slicedWasserstein, standardError, ...place }) => ({
      ...place,
      measures: { [name]: { value: slicedWasserstein, standardError } },
    })),
    floor: { name: "training rows", measures: { ...(floor && { [name]: floor }) } },
    meaning:
      "Evaluations of the whole chain per sample; distance to the samples of dopri5 at 1e-6 from the same noise, in deviations.",
  });
}

/** The least value of the model and the baselines; the floor does not compete. Nothing is best alone. */
function bestValue({ measures, baselines }: Evaluation, name: MeasureName): number {
  const measured = measures[name];
  if (measured === undefined || Object.keys(baselines).length === 0) return Number.NaN;
  return Math.min(measured.value, ...Object.values(measured.baselines).map(({ value }) => value));
}
