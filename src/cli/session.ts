// session: what the commands that compute share: an engine that is always closed, a seed, memory use, files in the way.
import { randomInt } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createEngine } from "#runtime";
import { checkWritable, endingOf } from "../data/files.ts";
import { safetensorsEnding } from "../data/safetensors.ts";
import { readSource, type Source, type SourceOptions } from "../data/sources.ts";
import { failure, LocalFlowError } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import { outputFlags } from "./flags.ts";
import type { CommonOptions } from "./options.ts";
import { interrupt } from "./usage.ts";

/** Opens the engine the options ask for, lends it to `use`, and closes it however `use` ends. */
export async function withEngine<T>(
  { device, threads }: CommonOptions,
  use: (engine: Engine) => Promise<T>,
): Promise<T> {
  const engine = await createEngine({
    ...(device === undefined ? {} : { device }),
    ...(threads === undefined ? {} : { threads }),
  });
  try {
    return await use(engine);
  } finally {
    await engine.close();
  }
}

/** The seed asked for, or a fresh one that fits an unsigned 32-bit number. */
export function seedFrom({ seed }: { readonly seed?: number }): number {
  return seed ?? randomInt(2 ** 32);
}

/** Largest resident memory of this process so far. */
export function peakMemoryBytes(): number {
  return process.resourceUsage().maxRSS * 1024;
}

/** Throws code `file` before the work when `path` could not be written after it. */
export async function checkOutput(path: string, { force }: { readonly force?: boolean }): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const place = found ?? (await stat(dirname(path)).catch(() => undefined));
  if (place === undefined || (found === undefined && !place.isDirectory()))
    throw failure("file", {
      where: path,
      expected: "a folder to write into",
      received: "none",
      remedy: "create it first",
    });
  if (found?.isDirectory() || path.endsWith("/"))
    throw failure("file", { where: path, expected: "a file name", received: "a folder" });
  if (found?.isFile() && !force)
    throw failure("file", {
      where: path,
      expected: "no file of this name",
      received: "one",
      remedy: "add --force to overwrite it",
    });
  await checkWritable(path);
}

/** The same of a model's file, whose name says what it is; throws code `option` for another name, but of a device or a pipe. */
export async function checkModelOutput(
  path: string,
  what: "model" | "student" | "scorer",
  options: { readonly force?: boolean },
): Promise<void> {
  const found = await stat(path).catch(() => undefined);
  const isNoFile = found !== undefined && !found.isFile();
  if (path === "-" || !(isNoFile || endingOf(path) === safetensorsEnding))
    throw failure("option", {
      where: outputFlags,
      expected: path === "-" ? `a file name for the ${what}` : `a name ending in ${safetensorsEnding}`,
      received: path === "-" ? path : JSON.stringify(path),
    });
  await checkOutput(path, options);
}

/** The same where `-` stands for standard output; throws code `option` where the JSON result would go there too. */
export async function checkOutputOrStream(
  output: string,
  options: { readonly force?: boolean; readonly json?: boolean },
): Promise<void> {
  if (output !== "-") return checkOutput(output, options);
  if (options.json)
    throw failure("option", {
      where: "--json",
      expected: "standard output for itself",
      received: "data on standard output too",
      remedy: "write the data to a file with -o",
    });
}

/** What a command's data is read with. */
export interface DataOptions {
  /** Points to draw from a built-in density. */
  readonly rows?: number;
  readonly memory?: number;
}

type SourceChoice = Pick<SourceOptions, "seed" | "purpose" | "columns" | "inOrder">;

/** The rows that a command's argument stands for; those drawn for one `purpose` are independent of the others. */
export async function readData(spec: string, { rows, memory }: DataOptions, choice: SourceChoice): Promise<Source> {
  const limits = { ...(rows !== undefined && { rows }), ...(memory !== undefined && { memory }) };
  try {
    return await readSource(spec, { ...choice, ...limits });
  } catch (error) {
    throw choice.inOrder && choice.columns && isMissingColumn(error)
      ? otherColumns(spec, choice.columns, error)
      : error;
  }
}

/** Rows in a model's columns; those of data without names (arrays, built-in densities) are taken in order. */
export async function readColumns(
  spec: string,
  columns: readonly string[],
  { seed = 0, ...options }: DataOptions & { readonly seed?: number },
): Promise<FloatArray> {
  return (await readData(spec, options, { seed, purpose: "test", columns, inOrder: true })).rows;
}

/** The model's columns were looked for as if they had been chosen by `--columns`. */
function isMissingColumn(error: unknown): error is LocalFlowError {
  return error instanceof LocalFlowError && error.code === "option" && error.problem.where.endsWith("--columns");
}

function otherColumns(spec: string, columns: readonly string[], cause: LocalFlowError): LocalFlowError {
  const shown = columns.length > 8 ? `${columns.slice(0, 8).join(", ")}, …` : columns.join(", ");
  const received = `a table without ${cause.problem.received ?? "some of them"}`;
  return failure(
    "data",
    {
      where: spec,
      expected: `the model's columns ${shown}`,
      received,
      remedy: "rename the columns or add the missing ones",
    },
    cause,
  );
}

/** The `memory` option as `readTable` takes it. */
export function memoryLimit({ memory }: { readonly memory?: number }): { readonly memory?: number } {
  return memory === undefined ? {} : { memory };
}

/** Throws code `interrupted` after Ctrl-C. */
export function checkInterrupted(signal: AbortSignal): void {
  if (signal.aborted) throw failure("interrupted", { where: "localflow", expected: "to finish", received: interrupt });
}
