// gas-2025: the authors' configuration of November 2025 for the table GAS.
import {
  authorsSeed,
  blocks,
  code2025,
  dopri5,
  eulerLikelihood,
  network,
  notes2025,
  type Preset,
  plainTraining,
} from "./preset.ts";

export const gas2025: Preset = {
  name: "gas-2025",
  source: code2025("config/tabular_LFM_gas.yaml"),
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
    integration: dopri5(1e-5),
  },
  evaluation: {
    reportedRows: "validation",
    likelihood: eulerLikelihood(dopri5(1e-5)),
    batch: 5000,
    average: "batches",
  },
  notes: [
    ...notes2025,
    "What their code calls test rows are the validation rows (the split test set is never read).",
    "They average the loss over 10 independent times for every pair of a batch; ours draws one.",
  ],
};
