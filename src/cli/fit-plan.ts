// fit-plan: how long a fit trains where a time is given, and how an interrupted one goes on; the same for rows and tables.
import { failure, type LocalFlowError } from "../errors.ts";
import type { VelocityNetwork } from "../nn/network.ts";
import type { Progress } from "../tasks/progress.ts";
import type { Configuration } from "../train/configuration.ts";
import type { FitOptions } from "./options.ts";
import { interrupt } from "./usage.ts";

/** The defaults; with a time and no number of iterations, the time alone decides and blocks keep their shares of it. */
export function startingPoint<N extends VelocityNetwork>(
  options: FitOptions,
  base: Configuration<N>,
): Configuration<N> {
  if (!endsByTime(options)) return base;
  return { ...base, blocks: base.blocks.map((block) => ({ ...block, iterations: block.iterations * endless })) };
}

/** More iterations than any time budget holds. */
const endless = 100_000;

/** Whether the time alone decides how long training takes. */
export function endsByTime({ time, iterations }: FitOptions): boolean {
  return time !== undefined && iterations === undefined;
}

/** Iterations of training are counted towards no end. */
export function withoutTotal(progress: Progress): Progress {
  if (progress.stage !== "train") return progress;
  const { iterations: _, ...rest } = progress;
  return rest;
}

/** The error of a fit that was interrupted and can go on. */
export function howToResume(data: string, options: FitOptions, seed: number, cause: LocalFlowError): LocalFlowError {
  return failure(
    "interrupted",
    {
      where: `fit ${data}`,
      expected: "to finish",
      received: interrupt,
      remedy: `a checkpoint lies in ${options.output}.checkpoint: repeat the command with --seed ${seed} --resume to go on`,
    },
    cause,
  );
}
