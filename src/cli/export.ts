// export: `localflow export MODEL -o FILE.onnx [--part …] [--check]`.
import { basename, extname } from "node:path";
import { writeFileAtomically } from "../data/files.ts";
import { failure } from "../errors.ts";
import { trainedBlocks } from "../flow/chain.ts";
import type { OnnxValue } from "../onnx/model.ts";
import type { Engine } from "../runtime/contract.ts";
import { noDensity } from "../tasks/distillation/student-file.ts";
import { exportDensity, exportIntegration } from "../tasks/export.ts";
import { checkExport, type ExportCheck, largestDifference } from "../tasks/export-check.ts";
import type { Exported } from "../tasks/export-file.ts";
import { exportImages } from "../tasks/export-images.ts";
import { checkImagesExport } from "../tasks/export-images-check.ts";
import { exportStudent } from "../tasks/export-student.ts";
import { exportTable, exportTableStudent } from "../tasks/export-table.ts";
import { checkTableExport, type TableCheck } from "../tasks/export-table-check.ts";
import { checkTableReader } from "../tasks/export-table-density-check.ts";
import { outputFlags } from "./flags.ts";
import { type AnyModel, readAnyModel } from "./model.ts";
import type { ExportOptions } from "./options.ts";
import { report, spokenBytes } from "./output.ts";
import { printable } from "./printable.ts";
import { checkOutput, seedFrom, withEngine } from "./session.ts";
import { checkBuiltIn, refuseForStudent } from "./student.ts";
import type { Terminal } from "./terminal.ts";
import { version } from "./version.ts";

/** Writes one part of a model as an ONNX file; with `--check`, holds the file against localflow's own numbers first. */
export async function exportModel(path: string, options: ExportOptions, terminal: Terminal): Promise<void> {
  const { output, part = "sampler" } = options;
  checkOptions(options);
  await checkOutput(output, options);
  const started = performance.now();
  const found = await readAnyModel(path);
  checkSamplerOptions(found, options);
  const exported = exportedFrom(found, path, options);
  const notes = notesOf(exported);
  if (!options.quiet) {
    noteWholeSteps(exported, options, terminal);
    for (const note of notes) terminal.err(`localflow: note: ${note}\n`);
  }
  const check = options.check ? await checked(found, path, options, terminal) : undefined;
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
      : { blocks: trainedBlocks(chainIn(found).chain).length }),
    ...(steps && { method: steps.integration.method, evaluations: steps.integration.evaluations, steps: steps.form }),
    ...(check && { check }),
    ...(notes.length > 0 && { notes }),
    seconds: (performance.now() - started) / 1000,
  };
  await report(terminal, options, result, summary(output, exported, check));
}

/** Says so where the evaluations asked for are no whole number of steps. */
function noteWholeSteps({ steps }: Exported, { evaluations }: ExportOptions, terminal: Terminal): void {
  if (steps === undefined || evaluations === undefined || steps.integration.evaluations === evaluations) return;
  const { method, evaluations: taken } = steps.integration;
  terminal.err(`localflow: --evaluations ${evaluations}: ${method} takes whole steps; using ${taken}\n`);
}

/** Which constraints the rows of the file need not meet, and which columns of texts it is without. */
function notesOf({ metadata }: Exported): readonly string[] {
  const constraints = metadata["localflow.constraints_not_applied"];
  const texts = metadata["localflow.texts_left_out"];
  return [
    ...(constraints === undefined
      ? []
      : [`a file neither draws rows again nor reads combinations: its rows need not meet ${constraints}`]),
    ...(texts === undefined ? [] : [`a file cannot write texts anew as sample does: it is without ${texts}`]),
  ];
}

type Teacher = Exclude<AnyModel, { readonly kind: "student" }>;

/** What stands in a model's file beside the task: its recipe and its blocks. */
function chainIn(found: Teacher) {
  return found.kind === "table" ? found.table.density : found.kind === "images" ? found.images : found.model;
}

function isOfTable(found: AnyModel): boolean {
  return found.kind === "table" || (found.kind === "student" && found.student.table !== undefined);
}

function exportedFrom(found: AnyModel, path: string, options: ExportOptions): Exported {
  const { part = "sampler", block, conditional = false, texts = true, noise, seed, guidance } = options;
  const ownNoise = noise === "seed" && { noise: seed === undefined ? {} : { seed } };
  const origin = { version: version(), source: basename(path), ...ownNoise };
  if (found.kind === "student") {
    const { student } = found;
    if (part !== "sampler") throw noDensity(student, path);
    refuseForStudent(options, ["method", "evaluations"], student);
    return student.table ? exportTableStudent(student, { ...origin, texts }) : exportStudent(student, origin);
  }
  const integration = exportIntegration(chainIn(found), part, options);
  const request = { part, integration, ...origin, ...(block !== undefined && { block }) };
  if (found.kind === "images")
    return exportImages(found.images, { ...request, ...(guidance !== undefined && { guidance }) });
  return found.kind === "table"
    ? exportTable(found.table, { ...request, conditional, texts })
    : exportDensity(found.model, request);
}

type AnyCheck = ExportCheck | TableCheck;

/**
 * Checks the file that is about to be written, or one like it that takes its noise from outside, or places of levels instead of
 * texts: one that fails is not written.
 */
async function checked(found: AnyModel, path: string, options: ExportOptions, { signal }: Terminal): Promise<AnyCheck> {
  const request = { seed: seedFrom(options), signal };
  const exported = exportedFrom(found, path, {
    ...options,
    noise: "input",
    texts: (options.part ?? "sampler") === "sampler" && options.texts !== false,
  });
  const check = await withEngine(options, (engine) => heldAgainst(engine, found, exported, request));
  const differing = "cells" in check ? check.differing : 0;
  if (check.maxDifference <= largestDifference && differing === 0) return check;
  throw failure("numeric", {
    where: `check of ${options.output}`,
    expected:
      differing > 0 ? "localflow's own cells, but for ties" : `outputs within ${largestDifference} of localflow's own`,
    received: `${differing > 0 ? `${differing} others` : check.maxDifference}; nothing was written`,
    remedy: "the velocity is so steep that rounding grows on the way: take more --evaluations, or fit it less long",
  });
}

function heldAgainst(
  engine: Engine,
  found: AnyModel,
  exported: Exported,
  request: { readonly seed: number; readonly signal: AbortSignal },
): Promise<AnyCheck> {
  if (found.kind === "images") return checkImagesExport(engine, found.images, exported, request);
  if (found.kind === "student" && found.student.image)
    return checkImagesExport(engine, found.student, exported, request);
  const table = found.kind === "table" ? found.table : found.kind === "student" ? found.student : undefined;
  if (exported.part === "sampler" && table !== undefined && isOfTable(found))
    return checkTableExport(engine, table, exported, request);
  if (found.kind === "table" && (exported.part === "density" || exported.part === "encoder"))
    return checkTableReader(engine, found.table, exported, request);
  const source = found.kind === "student" ? found.student : found.kind === "table" ? found.table.density : found.model;
  return checkExport(engine, source, exported, request);
}

const kinds: Readonly<Record<AnyModel["kind"], string>> = {
  density: "a model of numbers",
  table: "the model of a table",
  images: "a model of images",
  student: "a student",
};

/** Refuses what only the samplers of some models have. */
function checkSamplerOptions(found: AnyModel, { conditional = false, texts = true, guidance }: ExportOptions): void {
  const refuse = (where: string, expected: string) =>
    failure("option", { where, expected, received: kinds[found.kind] });
  if (conditional && found.kind !== "table") throw refuse("--conditional", "the model of a table");
  if (guidance !== undefined && found.kind === "student" && found.student.image)
    checkBuiltIn(found.student, { guidance }, []);
  if (guidance !== undefined && found.kind !== "images") throw refuse("--guidance", "a model of images with classes");
  if (!texts && !isOfTable(found)) throw refuse("--no-texts", "the model of a table or a student of one");
}

function checkOptions(options: ExportOptions): void {
  const { output, part = "sampler", block, method, evaluations, seed, check, noise } = options;
  const refuse = (where: string, expected: string, received: string) =>
    failure("option", { where, expected, received });
  if (extname(output).toLowerCase() !== ".onnx")
    throw refuse(outputFlags, "a name ending in .onnx", JSON.stringify(output));
  if (block !== undefined && part !== "velocity") throw refuse("--block", "--part velocity beside it", part);
  if (part === "velocity" && (method !== undefined || evaluations !== undefined))
    throw refuse("--part velocity", "no --method and no --evaluations: it takes no steps", "one");
  if (seed !== undefined && !check && noise !== "seed")
    throw refuse("--seed", "--check beside it, whose rows it draws, or --noise seed", "none");
}

function summary(output: string, { inputs, outputs, opset, bytes, steps }: Exported, check?: AnyCheck): string {
  const spoken = ({ name, type, shape }: OnnxValue) => `${printable(name)} ${type} [${shape.join(", ")}]`;
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

function checkText(check: AnyCheck): string {
  const { rows, seed, maxDifference } = check;
  if ("cells" in check) {
    const { cells, ties, fromAdaptive } = check;
    const steps =
      fromAdaptive === undefined ? "" : `; points from the adaptive solution: ${fromAdaptive.toExponential(1)}`;
    return `${rows} rows, seed ${seed}: ${cells} cells are localflow's own but for ${ties} ties, numbers within ${maxDifference.toExponential(1)}${steps}`;
  }
  const { outputs } = check;
  const costs = Object.entries(outputs).flatMap(([name, { fromAdaptive }]) =>
    fromAdaptive === undefined ? [] : [`${name} ${fromAdaptive.toExponential(1)}`],
  );
  const cost = costs.length > 0 ? `; from the adaptive solution: ${costs.join(", ")}` : "";
  return `${rows} rows, seed ${seed}: within ${maxDifference.toExponential(1)} of localflow's own${cost}`;
}
