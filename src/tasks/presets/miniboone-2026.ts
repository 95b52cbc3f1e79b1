// miniboone-2026: the authors' configuration of January 2026 for the table MINIBOONE.
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

export const miniboone2026: Preset = {
  name: "miniboone-2026",
  source: code2026("config/miniboone_l.yaml"),
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
    integration: dopri5(1e-3),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: eulerLikelihood(dopri5(1e-3)),
    batch: 2000,
    average: "rows",
  },
  notes: [...notes2026, "Their file says Beta(1, 1) for the times, which is the uniform law."],
};
