// names: what measures and baselines are called, in results, options and thresholds alike.

/** How far samples are from held-out rows. */
export const twoSampleNames = ["slicedWasserstein", "energyDistance", "mmdSquared"] as const;
export type TwoSampleName = (typeof twoSampleNames)[number];

/** Everything `evaluate` measures. Of each, lower is better. */
export const measureNames = ["nll", "nllStandardized", ...twoSampleNames] as const;
export type MeasureName = (typeof measureNames)[number];

/** Baselines that take seconds, and those that are a training run of their own. */
export const quickBaselines = ["gaussian", "mixture", "kernel"] as const;
export const flowBaselines = ["flow-wide", "flow-long"] as const;
export type FlowBaseline = (typeof flowBaselines)[number];
export type BaselineName = (typeof quickBaselines)[number] | FlowBaseline;
