// plain-training: Flow Matching without anything beside it, for tests of single steps.
import type { TrainingConfiguration } from "../../src/train/configuration.ts";

export const plainTraining: TrainingConfiguration = {
  batchSize: 1,
  interpolant: "linear",
  coupling: "dependent",
  timeDistribution: { kind: "uniform" },
  decay: { kind: "step", factor: 1, every: 1 },
  warmUp: 0,
  weightDecay: 0,
  clip: Number.POSITIVE_INFINITY,
  movingAverage: 0,
  warmStart: false,
  earlyStopping: 0,
};
