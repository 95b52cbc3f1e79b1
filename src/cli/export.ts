// export: `localflow export MODEL -o FILE.onnx [--part …] [--check]`.
import { basename, extname } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import type { OnnxValue } from "../onnx/model.ts";
import type { DensityModel } from "../tasks/density-model.ts";
import type { Student } from "../tasks/distillation/student.ts";
import { noDensity } from "../tasks/distillation/student-file.ts";
import { exportDensity, exportIntegration } from "../tasks/export.ts";
import { checkExport, type ExportCheck, largestDifference } from "../tasks/export-check.ts";
import type { Exported } from "../tasks/export-file.ts";
import { exportStudent } from "../tasks/export-student.ts";
import { outputFlags } from "./flags.ts";
import { type NumbersModel, readNumbersModel } from "./model.ts";
import type { ExportOptions } from "./options.ts";
import { report, spokenBytes } from "./output.ts";
import { checkOutput, seedFrom, withEngine } from "./session.ts";
import { refuseForStudent } from "./student.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Writes one part of a model as an ONNX file; with `--check`, holds the file against localflow's own numbers first. */
export async function exportModel(path: string, options: ExportOptions, terminal: Terminal): Promise<void> {
  const { output, part = "sampler" } = options;
  checkOptions(options);
  await checkOutput(output, options);
  const started = performance.now();
  const found = await readNumbersModel(path);
  const exported = exportedFrom(found, path, options);
  const check = options.check
    ? await checked(found.kind === "student" ? found.student : found.model, exported, options, terminal)
    : undefined;
  await writeFileAtomically(output, exported.bytes, { force: options.force === true });
  const { inputs, outputs, opset, bytes, steps } = exported;
  const result = {
    part,
    output,
    inputs,
    outputs,
    opset,
    bytes: bytes.length,
    ...(found.kind === "student"
      ? { evaluations: found.student.maps.length }
      : { blocks: found.model.chain.blocks.length }),
    ...(steps && { method: steps.integration.method, evaluations: steps.integration.evaluations, steps: steps.form }),
    ...(check && { check }),
    seconds: (performance.now() - started) / 1000,
  };
  await report(terminal, options, result, summary(output, exported, check));
}

function exportedFrom(found: NumbersModel, path: string, options: ExportOptions): Exported {
  const { part = "sampler", block } = options;
  const origin = { version: version(), source: basename(path) };
  if (found.kind === "student") {
    if (part !== "sampler") throw noDensity(found.student, path);
    refuseForStudent(options, ["method", "evaluations"], found.student);
    return exportStudent(found.student, origin);
  }
  const integration = exportIntegration(found.model, part, options);
  return exportDensity(found.model, { part, integration, ...origin, ...(block !== undefined && { block }) });
}

/** Checks the file that is about to be written: one that fails is not. */
async function checked(
  model: DensityModel | Student,
  exported: Exported,
  options: ExportOptions,
  { signal }: Terminal,
): Promise<ExportCheck> {
  const seed = seedFrom(options);
  const check = await withEngine(options, (engine) => checkExport(engine, model, exported, { seed, signal }));
  if (check.maxDifference <= largestDifference) return check;
  throw failure("numeric", {
    where: `check of ${options.output}`,
    expected: `outputs within ${largestDifference} of localflow's own`,
    received: `${check.maxDifference}; nothing was written`,
    remedy: "the velocity is so steep that rounding grows on the way: take more --evaluations, or fit it less long",
  });
}

function checkOptions({ output, part = "sampler", block, method, evaluations, seed, check }: ExportOptions): void {
  const refuse = (where: string, expected: string, received: string) =>
    failure("option", { where, expected, received });
  if (extname(output).toLowerCase() !== ".onnx")
    throw refuse(outputFlags, "a name ending in .onnx", JSON.stringify(output));
  if (block !== undefined && part !== "velocity") throw refuse("--block", "--part velocity beside it", part);
  if (part === "velocity" && (method !== undefined || evaluations !== undefined))
    throw refuse("--part velocity", "no --method and no --evaluations: it takes no steps", "one");
  if (seed !== undefined && !check) throw refuse("--seed", "--check beside it, whose rows it draws", "none");
}

function summary(output: string, { inputs, outputs, opset, bytes, steps }: Exported, check?: ExportCheck): string {
  const spoken = ({ name, type, shape }: OnnxValue) => `${name} ${type} [${shape.join(", ")}]`;
  const how = steps
    ? `${steps.integration.method}, ${steps.integration.evaluations} evaluations per block, ${steps.form}`
    : "no steps: networks alone";
  return [
    `file     ${output}, ${spokenBytes(bytes.length)}, opset ${opset}`,
    `inputs   ${inputs.map(spoken).join(", ")}`,
    `outputs  ${outputs.map(spoken).join(", ")}`,
    `method   ${how}`,
    ...(check ? [`check    ${checkText(check)}`] : []),
  ].join("\n");
}

function checkText({ rows, seed, maxDifference, outputs }: ExportCheck): string {
  const costs = Object.entries(outputs).flatMap(([name, { fromAdaptive }]) =>
    fromAdaptive === undefined ? [] : [`${name} ${fromAdaptive.toExponential(1)}`],
  );
  const cost = costs.length > 0 ? `; from the adaptive solution: ${costs.join(", ")}` : "";
  return `${rows} rows, seed ${seed}: within ${maxDifference.toExponential(1)} of localflow's own${cost}`;
}
