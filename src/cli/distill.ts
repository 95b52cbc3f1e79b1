// distill: `localflow distill MODEL -o STUDENT --evaluations K`.
import { basename } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure, LocalFlowError } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import { type DistillReport, distillDensity } from "../tasks/distillation/distill.ts";
import { encodeStudent } from "../tasks/distillation/student-file.ts";
import { distillImages } from "../tasks/distillation/student-images.ts";
import { distillTable } from "../tasks/distillation/student-table.ts";
import { checkGuided, refuseImageOptions } from "./images-checks.ts";
import { type AnyModel, readAnyModel, readModel } from "./model.ts";
import type { DistillOptions } from "./options.ts";
import { alignedTable, report, short, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkModelOutput, seedFrom, withEngine } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { interrupt } from "./usage.ts";

/** Trains a student of few evaluations on what the model does with noise, and writes its file. */
export async function distill(
  path: string,
  data: string | undefined,
  options: DistillOptions,
  terminal: Terminal,
): Promise<void> {
  const { output, force = false, evaluations, guidance } = options;
  await checkModelOutput(output, options.scores ? "scorer" : "student", options);
  if (options.scores) return (await import("./scorer.ts")).distillToScorer(path, data, options, terminal);
  if (evaluations === undefined || data !== undefined)
    throw failure("option", {
      where: evaluations === undefined ? "distill" : (data ?? ""),
      expected:
        evaluations === undefined ? "--evaluations (a sampler), or --scores (a scorer)" : "--scores beside data",
      received: evaluations === undefined ? "neither" : "--evaluations",
    });
  const found = await readAnyModel(path);
  const teacher = found.kind === "table" || found.kind === "images" ? found : await densityFrom(path);
  if (options.conditional && teacher.kind !== "table")
    throw failure("option", {
      where: "--conditional",
      expected: "the model of a table",
      received: teacher.kind === "images" ? "a model of images" : "a model of rows of numbers",
      remedy: "leave it out",
    });
  checkGuidance(teacher, options);
  const view = progressView(terminal, options);
  const request = {
    ...settings(options),
    evaluations,
    teacherName: basename(path),
    seed: seedFrom(options),
    signal: terminal.signal,
    onProgress: view.show,
    onStage: view.say,
  };
  const distilled = (engine: Engine) => {
    if (teacher.kind === "table") return distillTable(engine, teacher.table, request);
    if (teacher.kind === "images")
      return distillImages(engine, teacher.images, { ...request, ...(guidance !== undefined && { guidance }) });
    return distillDensity(engine, teacher.model, request);
  };
  const { student, report: result } = await withEngine(options, distilled)
    .catch((error: unknown) => {
      throw error instanceof LocalFlowError && error.code === "interrupted" ? stopped(path, error) : error;
    })
    .finally(view.clear);
  await writeFileAtomically(output, encodeStudent(student), { force });
  await report(terminal, options, { ...result }, distillText(output, basename(path), result));
}

/** The density of rows of numbers in the file; a student is refused by a sentence. */
async function densityFrom(path: string) {
  return { kind: "density", model: await readModel(path) } as const;
}

/** Throws where the teacher has no classes that it could follow more or less. */
function checkGuidance(teacher: Exclude<AnyModel, { readonly kind: "student" }>, options: DistillOptions): void {
  const { guidance } = options;
  if (teacher.kind === "images") checkGuided(teacher.images.record.classes !== undefined, "guidance", options);
  else refuseImageOptions({ guidance }, teacher.kind === "table" ? "the model of a table" : "a model of rows");
}

function settings(options: DistillOptions) {
  const { rows, hidden, iterations, batchSize, learningRate, time, objective, conditional } = options;
  return {
    ...(objective !== undefined && { objective }),
    ...(conditional !== undefined && { conditional }),
    ...(rows !== undefined && { rows }),
    ...(hidden !== undefined && { hidden }),
    ...(iterations !== undefined && { iterations }),
    ...(batchSize !== undefined && { batchSize }),
    ...(learningRate !== undefined && { learningRate }),
    ...(time !== undefined && { time }),
  };
}

function stopped(path: string, cause: LocalFlowError): LocalFlowError {
  const remedy = "no student was written; for a usable one after a given time, use --time";
  return failure(
    "interrupted",
    { where: `distill ${path}`, expected: "to finish", received: interrupt, remedy },
    cause,
  );
}

function distillText(output: string, teacher: string, result: DistillReport): string {
  const rows = result.blocks.map(({ from, to, iterations, displacement, error }, k) => [
    String(k + 1),
    `${short(from, 4)} to ${short(to, 4)}`,
    String(iterations),
    short(displacement, 3),
    short(error, 3),
  ]);
  const nearest = result.fixedSteps.map(
    ({ method, distance, evaluations }) => `${method} ${short(distance, 3)} (${evaluations})`,
  );
  const { separate, final } = result.distance;
  const { classes } = result;
  return [
    alignedTable(["network", "blocks", "iterations", "moves", "error"], rows),
    "",
    "Root mean square distances in the model's own units (deviations, if it standardises), on noise that was not learnt from.",
    `samples         ${short(final, 3)} from those of ${teacher}` +
      (result.fineTuning > 0 ? `, ${short(separate, 3)} before ${result.fineTuning} iterations of all in a row` : ""),
    ...(result.conditional
      ? [`given cells     ${short(result.conditional.distance, 3)} from those of ${teacher} of the same cells`]
      : []),
    ...(classes?.without
      ? [`no class        ${short(classes.without.distance, 3)} from those of ${teacher} without classes`]
      : []),
    `by fixed steps  ${nearest.join(", ") || "none"}: the teacher with at most as many evaluations`,
    ...(classes ? [`guidance        ${classes.guidance}, built in`] : []),
    `evaluations     ${result.evaluations} for a sample`,
    `parameters      ${result.parameters}`,
    `time            ${spokenTime(result.seconds)}, ${result.rows} rows of the teacher`,
    `seed            ${result.seed}`,
    `student         ${output}: draws samples; for densities use ${teacher}`,
  ].join("\n");
}
