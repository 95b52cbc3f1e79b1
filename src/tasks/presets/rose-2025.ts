// rose-2025: the authors' configuration of November 2025 for the picture of a rose.
import { authorsSeed, blocks, code2025, dopri5, network, notes2025, type Preset, plainTraining } from "./preset.ts";

export const rose2025: Preset = {
  name: "rose-2025",
  source: code2025("config/2d_LFM_rose.yaml"),
  dataset: "rose",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.025, 0.031, 0.039, 0.049, 0.061, 0.076, 0.095, 0.119], {
      network: network(256, 3, { kind: "softplus", beta: 20 }),
      iterations: 50_000,
      learningRate: 2e-4,
    }),
    training: {
      ...plainTraining,
      batchSize: 10_000,
      interpolant: "trigonometric",
      decay: { kind: "step", factor: 0.99, every: 1000 },
    },
    integration: dopri5(1e-5),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: { kind: "joint", integration: dopri5(1e-5) },
    batch: "all rows",
    average: "rows",
  },
  drawn: { train: 2_000_000, test: 100_000 },
  notes: [...notes2025, "Their 2D script sets no seed at all."],
};
