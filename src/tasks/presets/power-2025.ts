// power-2025: the authors' configuration of November 2025 for the table POWER.
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

export const power2025: Preset = {
  name: "power-2025",
  source: code2025("config/tabular_LFM_power.yaml"),
  dataset: "power",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.15, 0.2, 0.26], {
      network: network(256, 4, { kind: "relu" }),
      iterations: 100_000,
      learningRate: 5e-3,
    }),
    training: {
      ...plainTraining,
      batchSize: 30_000,
      interpolant: "trigonometric",
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
  notes: [...notes2025, "What their code calls test rows are the validation rows (the split test set is never read)."],
};
