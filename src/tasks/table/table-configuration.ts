// table-configuration: what the fit of a table starts from when nothing is said, chosen by measurement (docs/table.md).
import { geometricSteps } from "../../flow/steps.ts";
import type { NetworkConfiguration } from "../../nn/mlp.ts";
import type { Configuration } from "../../train/configuration.ts";

/**
 * By how many rows there are at least: the more, the finer the detail that a network may read, the larger it is, and the longer
 * it trains. Training ends before a small table is learnt by heart: after so many checks of held-out rows without a better one.
 */
const sizes = [
  { rows: 20_000, hidden: [256, 256, 256], frequencies: 5, iterations: 10_000, learningRate: 2e-3, earlyStopping: 0 },
  { rows: 2000, hidden: [256, 256, 256], frequencies: 3, iterations: 5000, learningRate: 2e-3, earlyStopping: 5 },
  { rows: 0, hidden: [128, 128], frequencies: 0, iterations: 2000, learningRate: 1e-3, earlyStopping: 3 },
] as const;

/** Where the fit of a table starts: the seed is 0 and is meant to be replaced; masks are laid over it by the fit. */
export function tableConfiguration({ rows }: { readonly rows: number }): Configuration {
  const size = sizes.find((each) => rows >= each.rows) ?? sizes[2];
  const { hidden, frequencies, iterations, learningRate, earlyStopping } = size;
  const network: NetworkConfiguration = {
    hidden,
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
    ...(frequencies > 0 && { frequencies }),
  };
  return {
    seed: 0,
    standardize: false,
    blocks: geometricSteps(2, 0.15, 1.3).map((step) => ({ step, network, iterations, learningRate })),
    training: {
      batchSize: Math.max(128, Math.min(512, rows)),
      interpolant: "linear",
      coupling: "dependent",
      timeDistribution: { kind: "uniform" },
      decay: { kind: "cosine" },
      warmUp: 0,
      weightDecay: 0,
      clip: 1,
      movingAverage: 0.999,
      warmStart: true,
      earlyStopping,
    },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
  };
}
