// preset: what a named configuration of the paper's authors is, and how their two repositories write one down.
import { explicitSteps } from "../../flow/steps.ts";
import type { NetworkConfiguration } from "../../nn/mlp.ts";
import type { Integration } from "../../ode/integration.ts";
import type { BlockConfiguration, Configuration, TrainingConfiguration } from "../../train/configuration.ts";

/** A configuration of the authors, with what their code does that ours does not. */
export interface Preset {
  /** `<data set>-<year of the code>`. */
  readonly name: string;
  readonly source: PresetSource;
  readonly dataset: PresetDataset;
  readonly configuration: Configuration;
  readonly evaluation: EvaluationProtocol;
  /** Rows drawn for the pictures; absent for tables, which have their own. */
  readonly drawn?: { readonly train: number; readonly test: number };
  /** What differs between their run and ours with this configuration: sentences. */
  readonly notes: readonly string[];
}

export type PresetDataset = "tree" | "rose" | "power" | "gas" | "miniboone" | "bsds300";

export interface PresetSource {
  readonly repository: string;
  readonly file: string;
  /** The last commit of the repository that was read. */
  readonly date: string;
}

/** How the authors arrive at the figure that they print. */
export interface EvaluationProtocol {
  /** The rows that their code calls the test set. */
  readonly reportedRows: "test" | "validation";
  readonly likelihood: Likelihood;
  /** Rows that are integrated together, with one step size for all. */
  readonly batch: number | "all rows";
  /** Mean over rows, or over the means of batches of which the last is smaller. */
  readonly average: "rows" | "batches";
}

/**
 * joint: point and log-determinant are one state of one solver. separate: the log-determinant is summed by `logDeterminant`
 * along its own path, while the next block starts where `transport` leads; only the last block ends on its own path.
 */
export type Likelihood =
  | { readonly kind: "joint"; readonly integration: Integration }
  | { readonly kind: "separate"; readonly logDeterminant: Integration; readonly transport: Integration };

/** The repository of January 2026. */
export function code2026(file: string): PresetSource {
  return { repository: "github.com/xycheng/local-flow-matching", file, date: "2026-01-14" };
}

/** The earlier repository, whose code was published in November 2025. */
export function code2025(file: string): PresetSource {
  return { repository: "github.com/hamrel-cxu/LocalFlowMatching", file, date: "2025-11-10" };
}

/** dopri5 with one number for both tolerances. */
export function dopri5(tolerance: number): Integration {
  return { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance };
}

/** The tables' likelihood in both repositories: Euler on 150 points of [0, 1], so 149 steps. */
export function eulerLikelihood(transport: Integration): Likelihood {
  const logDeterminant: Integration = { kind: "fixed", method: "euler", evaluations: 149 };
  return { kind: "separate", logDeterminant, transport };
}

/** The networks: `depth` hidden layers of one width, raw time beside the point in the first layer, PyTorch's start. */
export function network(
  width: number,
  depth: number,
  activation: NetworkConfiguration["activation"],
): NetworkConfiguration {
  const hidden = new Array<number>(depth).fill(width);
  return { hidden, activation, timeInput: "first", initialization: "default" };
}

/** One block per duration and the free block, alike but for the step. */
export function blocks(
  durations: readonly number[],
  alike: Omit<BlockConfiguration, "step">,
): readonly BlockConfiguration[] {
  return explicitSteps(durations).map((step) => ({ step, ...alike }));
}

/** What all configurations of the authors share: Adam alone, dependent coupling, raw weights published. */
export const plainTraining: Omit<TrainingConfiguration, "batchSize" | "interpolant" | "decay"> = {
  coupling: "dependent",
  timeDistribution: { kind: "uniform" },
  warmUp: 0,
  weightDecay: 0,
  clip: Number.POSITIVE_INFINITY,
  movingAverage: 0,
  warmStart: true,
  earlyStopping: 0,
};

/** The default seed of both repositories; ours draws other numbers from it. */
export const authorsSeed = 1103;

/** Sentences that hold for every preset of January 2026. */
export const notes2026 = [
  "On a GPU the authors train in mixed float16 and float32 and allow TF32; ours is float32.",
  "Their solver takes one step size for a whole batch, ours one per row.",
];

/** Sentences that hold for every preset of November 2025. */
export const notes2025 = [
  "The authors draw the rows of a batch with replacement, ours come in shuffled epochs.",
  "Their solver takes one step size for a whole batch, ours one per row.",
];
