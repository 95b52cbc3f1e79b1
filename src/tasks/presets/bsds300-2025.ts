// bsds300-2025: the authors' configuration of November 2025 for the table BSDS300.
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

export const bsds2025: Preset = {
  name: "bsds300-2025",
  source: code2025("config/tabular_LFM_bsds300.yaml"),
  dataset: "bsds300",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.25, 0.25, 0.25], {
      network: network(512, 4, { kind: "elu" }),
      iterations: 30_000,
      learningRate: 2e-3,
    }),
    training: {
      ...plainTraining,
      batchSize: 500,
      interpolant: "trigonometric",
      decay: { kind: "step", factor: 0.8, every: 4000 },
      warmStart: false,
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
