// sample: `localflow sample MODEL -n N [-o OUT]`.
import { counted } from "../data/columns.ts";
import { isDensity } from "../data/sources.ts";
import { sampleDensity } from "../tasks/density.ts";
import { type Student, sampleStudent } from "../tasks/distillation/student.ts";
import { parseCondition } from "../tasks/table/condition-text.ts";
import type { FloatArray } from "../tensor/array.ts";
import { checkSpelling, draw } from "./draw.ts";
import { refuseImageOptions } from "./images-checks.ts";
import { readAnyModel } from "./model.ts";
import type { SampleOptions } from "./options.ts";
import { reportMade, spokenTime } from "./output.ts";
import { progressView } from "./progress.ts";
import { checkExclusive, integrationFrom, integrationNames } from "./recipe.ts";
import { refuse } from "./refusals.ts";
import { checkRowsOutput, isRowsOutput, withColumn, writeRows } from "./rows.ts";
import { seedFrom, withEngine } from "./session.ts";
import { refuseForStudent, sampleStudentFile } from "./student.ts";
import { sampleTableFile } from "./table-sample.ts";
import type { Terminal } from "./terminal.ts";
import { settledIntegration } from "./tolerance.ts";

/** Draws rows from a model, or from a built-in density, and streams them to a file or to standard output. */
export async function sample(path: string, options: SampleOptions, terminal: Terminal): Promise<void> {
  if (isDensity(path)) {
    refuse(options, ["where", "balance", "chain", "class", "guidance"], "a built-in density");
    return draw(path, options, terminal);
  }
  await checkSpelling(path);
  checkExclusive(options);
  if (options.where !== undefined) parseCondition(options.where, "--where");
  const isForRows = isRowsOutput(options.output);
  if (options.where === undefined && options.balance === undefined && isForRows)
    await checkRowsOutput(options.output, options);
  const start = performance.now();
  const { output, rows, logDensity = false } = options;
  const found = await readAnyModel(path);
  if (found.kind === "images")
    return (await import("./images-sample.ts")).sampleImageFile(found.images, options, terminal);
  if (found.kind === "student" && found.student.image)
    return (await import("./images-student.ts")).sampleStudentImageFile(found.student, options, terminal);
  refuseImageOptions(options, "a model of rows");
  if (!isForRows) await checkRowsOutput(options.output, options);
  if (found.kind === "table") return sampleTableFile(found.table, options, terminal);
  if (found.kind === "student" && found.student.table)
    return sampleStudentFile(found.student, found.student.table, options, terminal);
  refuse(options, ["where", "balance"], "one of rows of numbers", "the model of a table");
  const seed = seedFrom(options);
  if (found.kind === "student") return sampleFast(found.student, options, seed, terminal);
  const { model } = found;
  const integration = integrationFrom(options, model.record.configuration.integration);
  const view = progressView(terminal, options);
  let evaluations = 0;
  const tolerance = await withEngine(options, async (engine) => {
    const request = { rows, seed, logDensity, signal: terminal.signal, onProgress: view.show };
    const probe = { samples: logDensity ? "logDensity" : "points" } as const;
    const settled = await settledIntegration(engine, model, integration, probe, { options, terminal, view });
    const chunks = sampleDensity(engine, model, { ...request, ...settled });
    async function* table(): AsyncGenerator<FloatArray> {
      for await (const chunk of chunks) {
        evaluations += chunk.evaluations;
        yield chunk.logDensity === undefined ? chunk.points : withColumn(chunk.points, chunk.logDensity);
      }
    }
    const columns = [...model.record.columns, ...(logDensity ? ["log_density"] : [])];
    await writeRows(output, { columns, rows, chunks: table() }, options, terminal);
    return settled.tolerance;
  }).finally(view.clear);
  const seconds = (performance.now() - start) / 1000;
  const text = `${counted(rows, "sample")} in ${spokenTime(seconds)}, ${evaluations} velocity evaluations, seed ${seed}`;
  const result = { rows, seconds, evaluations, seed, ...(tolerance !== undefined && { tolerance }) };
  await reportMade(terminal, options, result, text);
}

/** Draws from a student: no equation is solved, and there is no density. */
async function sampleFast(student: Student, options: SampleOptions, seed: number, terminal: Terminal): Promise<void> {
  refuseForStudent(options, ["logDensity", ...integrationNames], student);
  const start = performance.now();
  const { output, rows } = options;
  const view = progressView(terminal, options);
  let evaluations = 0;
  await withEngine(options, async (engine) => {
    const chunks = sampleStudent(engine, student, { rows, seed, signal: terminal.signal, onProgress: view.show });
    async function* table(): AsyncGenerator<FloatArray> {
      for await (const chunk of chunks) {
        evaluations += chunk.evaluations;
        yield chunk.points;
      }
    }
    await writeRows(output, { columns: student.record.columns, rows, chunks: table() }, options, terminal);
  }).finally(view.clear);
  const seconds = (performance.now() - start) / 1000;
  const text = `${counted(rows, "sample")} in ${spokenTime(seconds)}, ${evaluations} network evaluations, seed ${seed}`;
  await reportMade(terminal, options, { rows, seconds, evaluations, seed }, text);
}
