// defaults: the configuration that `fit` starts from when nothing is said, chosen by measurement (docs/accuracy.md).
import { explicitSteps, geometricSteps } from "../flow/steps.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import type { Configuration } from "../train/configuration.ts";

export interface DataSize {
  readonly rows: number;
  readonly columns: number;
}

/** Rows from which one or two columns are worth a network that reads fine detail. */
const manyRows = 50_000;

/**
 * Where a fit of so many rows and columns starts: four blocks of gamma = 0.15, 0.195, 0.2535 and free; for one or two
 * columns and 50 000 rows or more two blocks, 0.05 and free, of larger networks that read fine detail. The seed is 0
 * and is meant to be replaced.
 */
export function defaultConfiguration(size: DataSize): Configuration {
  return size.columns <= 2 && size.rows >= manyRows ? fineConfiguration() : tableConfiguration(size);
}

/** Four blocks of gamma = 0.15, 0.195, 0.2535 and free (the authors' schedule for POWER), networks of 128x3 silu. */
function tableConfiguration({ rows }: DataSize): Configuration {
  const network = networkOf([128, 128, 128]);
  return {
    seed: 0,
    standardize: true,
    blocks: geometricSteps(4, 0.15, 1.3).map((step) => ({ step, network, iterations: 2000, learningRate: 2e-3 })),
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

/** A short block and a long free one, networks of 256x4 silu that also read seven Fourier frequencies of each column. */
function fineConfiguration(): Configuration {
  const base = tableConfiguration({ rows: manyRows, columns: 2 });
  const network = { ...networkOf([256, 256, 256, 256]), frequencies: 7 };
  const iterations = [1500, 6000];
  return {
    ...base,
    blocks: explicitSteps([0.05]).map((step, n) => ({
      step,
      network,
      iterations: iterations[n] ?? 0,
      learningRate: 2e-3,
    })),
    training: { ...base.training, decay: { kind: "cosine" }, movingAverage: 0.999 },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
  };
}

function networkOf(hidden: readonly number[]): NetworkConfiguration {
  return { hidden, activation: { kind: "silu" }, timeInput: "first", initialization: "default" };
}
