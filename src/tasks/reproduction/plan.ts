// plan: what `reproduce NAME` is to do: the table, the contenders, how likelihoods are integrated, what may be compared.
import type { SmallTableName } from "../../data/tables/small-tables.ts";
import type { DensityTable } from "../../data/tables/table.ts";
import type { FlowBaseline } from "../../measure/names.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { type Configuration, iterationsOf, parameterCount } from "../../train/configuration.ts";
import { defaultConfiguration } from "../defaults.ts";
import type { Likelihood, Preset } from "../presets/preset.ts";
import { type PublishedFigure, publishedFor } from "../presets/published.ts";
import { chainLengths, publishedContenders } from "./contenders.ts";
import { type CouplingFlow, couplingWidth } from "./coupling-flow.ts";
import type { Contender, ExperimentRequest } from "./experiment.ts";
import type { Reproduction } from "./page.ts";
import { scaledConfiguration, scaledTable } from "./scale.ts";

/** The rows of an experiment, and the log-density of their law where it is known. */
export interface ExperimentData {
  readonly table: DensityTable;
  readonly truth?: (rows: FloatArray) => Float64Array;
}

/** What a small table, for which nobody has published anything, is called in a plan. */
export interface SmallExperiment {
  readonly dataset: SmallTableName;
}

export interface PlanOptions {
  /** Share of the rows and budgets; 1 is the experiment itself. */
  readonly scale: number;
  /** Plain Flow Matching beside a preset. */
  readonly rivals: readonly FlowBaseline[];
  /** Tolerance of the likelihoods. */
  readonly tolerance: number;
}

export interface Plan
  extends Pick<ExperimentRequest, "name" | "table" | "contenders" | "likelihood" | "truth" | "coupling">,
    Pick<Reproduction, "published" | "comparable" | "preset" | "scale"> {}

/** Block counts that are held beside each other on a small table. */
const lengths = [1, 2, 4, 8] as const;

/** One of the authors' experiments. */
export function presetPlan(preset: Preset, data: ExperimentData, options: PlanOptions): Plan {
  const { scale, rivals } = options;
  const configuration = scaledConfiguration(preset.configuration, scale);
  const dimension = data.table.columns.length;
  const notes = [...data.table.notes, ...preset.notes, ...splitNote(preset)];
  return {
    ...shared(preset.dataset, data, publishedContenders(configuration, dimension, rivals), options, notes),
    preset: preset.name,
    published: publishedFor(preset.dataset),
    comparable: comparability(scale, data.table.incomparable),
    likelihood: likelihoodOf(options, preset.evaluation.likelihood),
  };
}

function comparability(scale: number, incomparable: string | undefined): Plan["comparable"] {
  if (scale !== 1) return { yes: false, why: `rows and budgets are ${scale} of it` };
  return incomparable === undefined ? { yes: true } : { yes: false, why: incomparable };
}

/** Chains of 1, 2, 4 and 8 blocks with one budget on a table nobody has published on. */
export function smallPlan({ dataset }: SmallExperiment, data: ExperimentData, options: PlanOptions): Plan {
  const dimension = data.table.columns.length;
  const configuration = scaledConfiguration(smallConfiguration(data.table), options.scale);
  return {
    ...shared(dataset, data, chainLengths(configuration, dimension, lengths), options, data.table.notes),
    published: [] as readonly PublishedFigure[],
    comparable: { yes: false, why: "no figures are published for this table as it is prepared here" },
    likelihood: likelihoodOf(options),
  };
}

function shared(
  name: string,
  { table, truth }: ExperimentData,
  contenders: readonly Contender[],
  { scale }: PlanOptions,
  notes: readonly string[],
) {
  const [first] = contenders.flatMap(({ alternatives }) => alternatives);
  return {
    name,
    scale,
    table: { ...scaledTable(table, scale), notes },
    contenders,
    ...(first && table.columns.length > 1 && { coupling: couplingLike(first, table.columns.length) }),
    ...(truth && { truth }),
  };
}

/** Coupling layers on the budget of a configuration: as many parameters, gradient steps and rows in a batch. */
function couplingLike(configuration: Configuration, dimension: number): CouplingFlow {
  const layers = 8;
  return {
    layers,
    width: couplingWidth(dimension, layers, parameterCount(configuration, dimension)),
    batchSize: configuration.training.batchSize,
    iterations: iterationsOf(configuration).reduce((a, b) => a + b, 0),
    learningRates: [3e-4, 1e-3, 3e-3],
  };
}

function likelihoodOf({ tolerance }: PlanOptions, authors?: Likelihood): Plan["likelihood"] {
  return {
    integration: { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance },
    ...(authors && { authors }),
  };
}

function splitNote({ evaluation }: Preset): readonly string[] {
  if (evaluation.reportedRows === "test") return [];
  return ["Their code calls the validation rows the test set; here the test rows are scored."];
}

/** One free block on the budget of letter's reference run: 8000 steps of batch 1000, 256x4. */
function smallConfiguration(table: DensityTable): Configuration {
  const base = defaultConfiguration({ rows: table.train.shape[0] ?? 0, columns: Math.max(3, table.columns.length) });
  const network = {
    hidden: [256, 256, 256, 256],
    activation: { kind: "silu" as const },
    timeInput: "first" as const,
    initialization: "default" as const,
  };
  return {
    ...base,
    standardize: false,
    blocks: [{ step: { kind: "free" }, network, iterations: 8000, learningRate: 1e-3 }],
    training: { ...base.training, decay: { kind: "step", factor: 0.8, every: 800 }, earlyStopping: 10 },
  };
}
