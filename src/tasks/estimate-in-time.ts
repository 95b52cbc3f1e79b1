// estimate-in-time: what a limited time leaves of the work of a fit, as the fit itself shares it out.
import { pushShare } from "../train/pool.ts";
import { trainingShare } from "./density.ts";

/** The work of a fit without a limit. */
export interface WholeWork {
  readonly iterations: number;
  /** What comes before the first iteration of each block. */
  readonly setupSeconds: number;
  readonly iterationSeconds: number;
  readonly pushSeconds: number;
  readonly scoreSeconds: number;
}

/** What is done of it. */
export interface DoneWork {
  readonly iterations: number;
  readonly trainingSeconds: number;
  readonly pushSeconds: number;
  readonly scoreSeconds: number;
}

/** Training is cut where the time for it ends, pushing to a share of the training, likelihoods to what is left. */
export function inTime(
  { iterations, setupSeconds, iterationSeconds, pushSeconds, scoreSeconds }: WholeWork,
  time = Number.POSITIVE_INFINITY,
): DoneWork {
  const budget = trainingShare * time;
  const whole = setupSeconds + iterationSeconds;
  const training = Math.min(whole, Math.max(budget - pushSeconds, budget / (1 + pushShare)));
  const push = Math.min(pushSeconds, budget - training);
  const share = Math.max(0, training - setupSeconds) / iterationSeconds;
  return {
    iterations: training === whole ? iterations : Math.floor(iterations * share),
    trainingSeconds: training,
    pushSeconds: push,
    scoreSeconds: Math.min(scoreSeconds, Math.max(0, time - training - push)),
  };
}
