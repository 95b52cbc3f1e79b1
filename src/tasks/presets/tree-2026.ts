// tree-2026: the authors' configuration of January 2026 for the picture of a tree.
import { authorsSeed, blocks, code2026, dopri5, network, notes2026, type Preset, plainTraining } from "./preset.ts";

export const tree2026: Preset = {
  name: "tree-2026",
  source: code2026("config/tree_l.yaml"),
  dataset: "tree",
  configuration: {
    seed: authorsSeed,
    standardize: false,
    blocks: blocks([0.025, 0.031, 0.039, 0.049, 0.061], {
      network: network(256, 3, { kind: "softplus", beta: 20 }),
      iterations: 50_000,
      learningRate: 2e-4,
    }),
    training: {
      ...plainTraining,
      batchSize: 10_000,
      interpolant: "linear",
      decay: { kind: "step", factor: 0.99, every: 1000 },
    },
    integration: dopri5(1e-3),
  },
  evaluation: {
    reportedRows: "test",
    likelihood: { kind: "joint", integration: dopri5(1e-3) },
    batch: 10_000,
    average: "rows",
  },
  drawn: { train: 2_000_000, test: 100_000 },
  notes: [...notes2026, "Their file says Beta(1, 1) for the times, which is the uniform law."],
};
