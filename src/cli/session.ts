// session: what the commands that compute share: an engine that is always closed, a seed, memory use, files in the way.
import { randomInt } from "node:crypto";
import { stat } from "node:fs/promises";
import { dirname } from "node:path";
import { createEngine } from "#runtime";
import { readTable } from "../data/files.ts";
import { failure } from "../errors.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import type { CommonOptions } from "./options.ts";

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
  if (found?.isDirectory()) throw failure("file", { where: path, expected: "a file name", received: "a folder" });
  if (found?.isFile() && !force)
    throw failure("file", {
      where: path,
      expected: "no file of this name",
      received: "one",
      remedy: "add --force to overwrite it",
    });
}

/** Rows of `path` in the given columns; a .npy file has no names, so its columns are taken in order. */
export async function readColumns(
  path: string,
  columns: readonly string[],
  memory: { readonly memory?: number },
): Promise<FloatArray> {
  if (!path.toLowerCase().endsWith(".npy")) return (await readTable(path, { ...memory, columns })).rows;
  const table = await readTable(path, memory);
  if (table.columns.length === columns.length) return table.rows;
  throw failure("data", {
    where: path,
    expected: `${columns.length} columns (${columns.join(", ")})`,
    received: String(table.columns.length),
  });
}

/** The `memory` option as `readTable` takes it. */
export function memoryLimit({ memory }: { readonly memory?: number }): { readonly memory?: number } {
  return memory === undefined ? {} : { memory };
}

/** Throws code `interrupted` after Ctrl-C. */
export function checkInterrupted(signal: AbortSignal): void {
  if (signal.aborted)
    throw failure("interrupted", { where: "localflow", expected: "to finish", received: "an interrupt" });
}
