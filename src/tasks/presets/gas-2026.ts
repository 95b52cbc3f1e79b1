// gas-2026: the authors' configuration of January 2026 for the table GAS.
import {
  authorsSeed,
  blocks,
  code2026,
  dopri5,
  eulerLikelihood,
  network,
  notes2026,
  type Preset,
  plainTraining,
} from "./preset.ts";

export const gas2026: Preset = {
  name: "gas-2026",
  source: code2026("config/gas_l.yaml"),
  dataset: "gas",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.05], {
      network: network(362, 5, { kind: "relu" }),
      iterations: 100_000,
      learningRate: 2e-3,
    }),
    training: {
      ...plainTraining,
      batchSize: 50_000,
      interpolant: "trigonometric",
      timeDistribution: { kind: "beta", alpha: 1, beta: 0.5 },
      decay: { kind: "step", factor: 0.99, every: 1000 },
    },
    integration: dopri5(1e-3),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: eulerLikelihood(dopri5(1e-3)),
    batch: 50_000,
    average: "rows",
  },
  notes: [...notes2026],
};
