// power-2026: the authors' configuration of January 2026 for the table POWER.
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

export const power2026: Preset = {
  name: "power-2026",
  source: code2026("config/power_l.yaml"),
  dataset: "power",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.15, 0.195, 0.2535], {
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
    integration: dopri5(1e-3),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: eulerLikelihood(dopri5(1e-3)),
    batch: 30_000,
    average: "rows",
  },
  notes: [...notes2026],
};
