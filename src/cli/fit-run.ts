// fit-run: what every fit does around its training: the checkpoint it goes on from and leaves behind, progress, the model's file.
import { existsSync } from "node:fs";
import { readFile, rm } from "node:fs/promises";
import { explained, writeFileAtomically } from "../data/files.ts";
import { failure, LocalFlowError } from "../errors.ts";
import { checkpointSeed } from "../tasks/checkpoint.ts";
import type { FitRequest } from "../tasks/density.ts";
import { endsByTime, withoutTotal } from "./fit-plan.ts";
import type { FitOptions } from "./options.ts";
import { type ProgressView, progressView } from "./progress.ts";
import { saidOptions } from "./said-options.ts";
import { checkModelOutput, memoryLimit, seedFrom } from "./session.ts";
import type { Terminal } from "./terminal.ts";
import { interrupt } from "./usage.ts";

/** One fit of the command line. */
export interface FitRun {
  readonly data: string;
  readonly options: FitOptions;
  readonly terminal: Terminal;
  /** The checkpoint's, where one is resumed. */
  readonly seed: number;
  /** The file of the checkpoint, beside the output. */
  readonly checkpoint: string;
  /** What is gone on from. */
  readonly resume?: Uint8Array;
}

/** What is handed to a training, whatever it learns from. */
export interface Training {
  readonly view: ProgressView;
  /** Limits, signal, checkpoint and progress, as the fit of every task takes them. */
  readonly controls: Pick<FitRequest, "memory" | "time" | "signal" | "checkpoint" | "onProgress">;
}

/**
 * Prepares a fit. Throws before any data are read: "option" for an output or a seed that cannot be, "file" for a model that must not
 * be written or a checkpoint that is missing or in the way.
 */
export async function fitRun(data: string, options: FitOptions, terminal: Terminal): Promise<FitRun> {
  await checkModelOutput(options.output, "model", options);
  const checkpoint = `${options.output}.checkpoint`;
  const resume = await checkpointToResume(checkpoint, options);
  const seed = resume === undefined ? seedFrom(options) : checkpointSeed(resume, checkpoint);
  if (options.seed !== undefined && options.seed !== seed)
    throw failure("option", {
      where: "--seed",
      expected: `${seed}, the seed of the checkpoint ${checkpoint}`,
      received: String(options.seed),
      remedy: "leave it out, or start anew with --force and without --resume",
    });
  return { data, options, terminal, seed, checkpoint, ...(resume && { resume }) };
}

/** What `train` gives, with its progress shown. After Ctrl-C the error, of code "interrupted", says how to go on. */
export async function trained<T>(run: FitRun, train: (training: Training) => Promise<T>): Promise<T> {
  const { options, terminal, checkpoint, resume } = run;
  const view = progressView(terminal, options);
  const said = await saidOptions(options);
  const controls: Training["controls"] = {
    ...memoryLimit(options),
    ...(options.time !== undefined && { time: options.time }),
    signal: terminal.signal,
    checkpoint: {
      where: checkpoint,
      said,
      save: (bytes) => writeFileAtomically(checkpoint, bytes, { force: true }),
      ...(resume && { resume }),
    },
    onProgress: (progress) => view.show(endsByTime(options) ? withoutTotal(progress) : progress),
  };
  try {
    return await train({ view, controls });
  } catch (error) {
    throw error instanceof LocalFlowError && error.code === "interrupted" ? howToResume(run, error) : error;
  } finally {
    view.clear();
  }
}

/** Writes the trained model, removes the checkpoint, which nobody needs any more, and prints the notes of the fit. */
export async function keepModel(
  { options, terminal, checkpoint }: FitRun,
  model: Uint8Array,
  notes: readonly string[],
): Promise<void> {
  await writeFileAtomically(options.output, model, { force: options.force === true });
  await rm(checkpoint, { force: true });
  if (!options.quiet) for (const note of notes) terminal.err(`localflow: note: ${note}\n`);
}

/** The checkpoint's bytes with `--resume`; without it, one that is there must not be lost by accident. */
async function checkpointToResume(path: string, options: FitOptions): Promise<Uint8Array | undefined> {
  const bytes = existsSync(path) ? await explained(path, () => readFile(path)) : undefined;
  if (options.resume && bytes === undefined)
    throw failure("file", {
      where: path,
      expected: "a checkpoint to resume",
      received: "no such file",
      remedy: "leave out --resume",
    });
  if (!options.resume && !options.force && bytes !== undefined)
    throw failure("file", {
      where: path,
      expected: "no checkpoint of an earlier fit",
      received: "one",
      remedy: "add --resume to go on from it or --force to start anew",
    });
  return options.resume ? bytes : undefined;
}

function howToResume({ data, seed, checkpoint }: FitRun, cause: LocalFlowError): LocalFlowError {
  return failure(
    "interrupted",
    {
      where: `fit ${data}`,
      expected: "to finish",
      received: interrupt,
      remedy: `a checkpoint lies in ${checkpoint}: repeat the command with --seed ${seed} --resume to go on`,
    },
    cause,
  );
}
