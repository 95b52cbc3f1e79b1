// progress: how far a fit is, as one share of the whole.
import type { VelocityNetwork } from "../nn/network.ts";
import type { ChainProgress } from "../train/chain.ts";
import { type Configuration, iterationsOf } from "../train/configuration.ts";

/** Where a long piece of work stands. `fraction` is the share of the whole job that is done, in [0, 1]. */
export interface Progress {
  readonly stage: "read" | "train" | "push" | "score" | "sample";
  readonly block?: number;
  readonly blocks?: number;
  readonly iteration?: number;
  readonly iterations?: number;
  readonly loss?: number;
  readonly fraction: number;
}

/** What stops a long piece of work, and what is told where it stands. */
export interface Controls {
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** These of a request that has more, for work that is part of it. */
export function controlsOf({ signal, onProgress }: Controls): Controls {
  return { ...(signal && { signal }), ...(onProgress && { onProgress }) };
}

/** The share of the job that is done is that of its iterations or of its time, whichever is larger. */
export function overallProgress(
  { stage, block, iteration, loss, pushed }: ChainProgress,
  configuration: Configuration<VelocityNetwork>,
  timeShare: number,
): Progress {
  const iterations = iterationsOf(configuration);
  const total = iterations.reduce((a, b) => a + b, 0);
  const before = iterations.slice(0, block - 1).reduce((a, b) => a + b, 0);
  const current = stage === "train" ? iteration : (iterations[block - 1] ?? 0);
  return {
    stage,
    block,
    blocks: iterations.length,
    iteration: stage === "train" ? iteration : Math.round((pushed ?? 0) * 100),
    iterations: stage === "train" ? (iterations[block - 1] ?? 0) : 100,
    ...(loss !== undefined && { loss }),
    fraction: Math.min(1, Math.max(timeShare, (before + current) / Math.max(1, total))),
  };
}
