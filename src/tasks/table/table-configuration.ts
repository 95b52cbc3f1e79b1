// table-configuration: what the fit of a table starts from when nothing is said, chosen by measurement (docs/table.md).
import { geometricSteps } from "../../flow/steps.ts";
import type { NetworkConfiguration } from "../../nn/mlp.ts";
import type { Configuration } from "../../train/configuration.ts";

/** By how many rows there are at least: the more, the finer the detail that a network may read, and the longer it trains. */
const sizes = [
  { rows: 20_000, frequencies: 5, iterations: 10_000 },
  { rows: 2000, frequencies: 3, iterations: 5000 },
  { rows: 0, frequencies: 0, iterations: 2500 },
] as const;

/** Where the fit of a table starts: the seed is 0 and is meant to be replaced; masks are laid over it by the fit. */
export function tableConfiguration({ rows }: { readonly rows: number }): Configuration {
  const { frequencies, iterations } = sizes.find((size) => rows >= size.rows) ?? sizes[2];
  const network: NetworkConfiguration = {
    hidden: [256, 256, 256],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
    ...(frequencies > 0 && { frequencies }),
  };
  return {
    seed: 0,
    standardize: false,
    blocks: geometricSteps(2, 0.15, 1.3).map((step) => ({ step, network, iterations, learningRate: 2e-3 })),
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
      earlyStopping: 0,
    },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
  };
}
