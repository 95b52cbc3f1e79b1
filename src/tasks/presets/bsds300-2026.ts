// bsds300-2026: the authors' configuration of January 2026 for the table BSDS300.
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

export const bsds2026: Preset = {
  name: "bsds300-2026",
  source: code2026("config/bsds300_l.yaml"),
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
      batchSize: 1000,
      interpolant: "trigonometric",
      decay: { kind: "step", factor: 0.8, every: 4000 },
      clip: 1,
      warmStart: false,
    },
    integration: dopri5(1e-3),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: eulerLikelihood(dopri5(1e-3)),
    batch: 2000,
    average: "rows",
  },
  notes: [...notes2026, "A step with a gradient that is not finite is skipped there; ours goes back to a snapshot."],
};
