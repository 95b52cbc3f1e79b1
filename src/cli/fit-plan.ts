// fit-plan: how long a fit trains where a time is given; the same for rows, tables and images.
import type { VelocityNetwork } from "../nn/network.ts";
import type { Progress } from "../tasks/progress.ts";
import type { Configuration } from "../train/configuration.ts";
import type { FitOptions } from "./options.ts";

/** The defaults; with a time and no number of iterations, the time alone decides and blocks keep their shares of it. */
export function startingPoint<N extends VelocityNetwork>(
  options: Pick<FitOptions, "time" | "iterations">,
  base: Configuration<N>,
): Configuration<N> {
  if (!endsByTime(options)) return base;
  return { ...base, blocks: base.blocks.map((block) => ({ ...block, iterations: block.iterations * endless })) };
}

/** More iterations than any time budget holds. */
const endless = 100_000;

/** Whether the time alone decides how long training takes. */
export function endsByTime({ time, iterations }: Pick<FitOptions, "time" | "iterations">): boolean {
  return time !== undefined && iterations === undefined;
}

/** Iterations of training are counted towards no end. */
export function withoutTotal(progress: Progress): Progress {
  if (progress.stage !== "train") return progress;
  const { iterations: _, ...rest } = progress;
  return rest;
}
