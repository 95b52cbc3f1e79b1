// miniboone-2025: the authors' configuration of November 2025 for the table MINIBOONE.
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

export const miniboone2025: Preset = {
  name: "miniboone-2025",
  source: code2025("config/tabular_LFM_miniboone.yaml"),
  dataset: "miniboone",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.35], {
      network: network(362, 4, { kind: "relu" }),
      iterations: 100_000,
      learningRate: 5e-3,
    }),
    training: {
      ...plainTraining,
      batchSize: 1000,
      interpolant: "trigonometric",
      decay: { kind: "step", factor: 0.9, every: 4000 },
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
    "They average the loss over 4 independent times for every pair of a batch; ours draws one.",
  ],
};
