// defaults: the configuration that `fit` starts from when nothing is said.

import { geometricSteps } from "../flow/steps.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import type { Configuration } from "../train/configuration.ts";

/**
 * Four blocks of gamma = 0.15, 0.195, 0.2535 and free (the authors' schedule for POWER), networks of 128x3 silu, batches of
 * 1000, 2000 iterations a block. Smaller batches for few rows.
 */
export function defaultConfiguration({ rows }: { readonly rows: number; readonly columns: number }): Configuration {
  const network: NetworkConfiguration = {
    hidden: [128, 128, 128],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
  };
  const blocks = geometricSteps(4, 0.15, 1.3).map((step) => ({ step, network, iterations: 2000, learningRate: 2e-3 }));
  return {
    seed: 0,
    standardize: true,
    blocks,
    training: {
      batchSize: Math.max(1, Math.min(1000, rows)),
      interpolant: "linear",
      coupling: "dependent",
      timeDistribution: { kind: "uniform" },
      decay: { kind: "step", factor: 0.8, every: 200 },
      warmUp: 0,
      weightDecay: 0,
      clip: 1,
      movingAverage: 0,
      warmStart: true,
      earlyStopping: 0,
    },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 },
  };
}
