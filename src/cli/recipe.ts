// recipe: the options of `fit` and of integration, turned into a Configuration and an Integration.
import { failure } from "../errors.ts";
import type { Coupling } from "../flow/coupling.ts";
import type { InterpolantName } from "../flow/interpolant.ts";
import { diffusionSteps, geometricSteps, type Step } from "../flow/steps.ts";
import type { TimeDistribution } from "../flow/time.ts";
import type { Activation } from "../nn/activation.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import type { VelocityNetwork } from "../nn/network.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import type { BlockConfiguration, Configuration, TrainingConfiguration } from "../train/configuration.ts";
import { flag } from "./flags.ts";
import { adaptiveMethods, defaultTolerance } from "./parse.ts";

/** How an ODE is solved, as the options say it. */
export interface IntegrationOptions {
  readonly method?: MethodName;
  readonly tolerance?: number | "auto";
  readonly rtol?: number;
  readonly atol?: number;
  readonly evaluations?: number;
}

/** Their names, for what solves no equation. */
export const integrationNames = [
  "method",
  "tolerance",
  "rtol",
  "atol",
  "evaluations",
] as const satisfies readonly (keyof IntegrationOptions)[];

/** The options that change what a fit learns; everything left out keeps the task's default. */
export interface RecipeOptions extends IntegrationOptions {
  readonly steps?: readonly Step[] | "auto";
  readonly blocks?: number;
  readonly first?: number;
  readonly growth?: number;
  readonly schedule?: "cosine" | "linear";
  readonly interpolant?: InterpolantName;
  readonly coupling?: Coupling;
  readonly timeDistribution?: TimeDistribution;
  readonly hidden?: readonly (readonly number[])[];
  readonly activation?: readonly Activation[];
  readonly timeInput?: NetworkConfiguration["timeInput"];
  readonly init?: NetworkConfiguration["initialization"];
  readonly frequencies?: number;
  readonly dropout?: number;
  readonly batchSize?: number;
  readonly iterations?: readonly number[];
  readonly learningRate?: readonly number[];
  readonly decay?: TrainingConfiguration["decay"];
  readonly warmUp?: number;
  readonly weightDecay?: number;
  readonly clip?: number;
  readonly movingAverage?: number;
  readonly warmStart?: boolean;
  readonly earlyStopping?: number;
  readonly parallelBlocks?: boolean;
  readonly shareWeights?: boolean;
  readonly standardize?: boolean;
}

/** First duration and growth of `--blocks N` when the options leave them out (the authors' POWER schedule). */
export const geometricDefaults = { first: 0.15, growth: 1.3 } as const;

/** Throws code `option` when options that exclude each other come together; needs no data. */
export function checkExclusive(options: RecipeOptions): void {
  exclude(options, "steps", ["blocks", "first", "growth", "schedule"]);
  exclude(options, "schedule", ["first", "growth"]);
  exclude(options, "evaluations", ["tolerance", "rtol", "atol"]);
  exclude(options, "tolerance", ["rtol", "atol"]);
  if (options.warmStart)
    for (const name of ["parallelBlocks", "shareWeights"] as const) exclude(options, name, ["warmStart"]);
  integrationFrom(options);
}

/** The task's defaults with everything the options say laid over them. */
export function configurationFrom(options: RecipeOptions, base: Configuration, seed: number): Configuration {
  const recipe = recipeFrom(options, base, seed);
  return { ...recipe, blocks: withNetworks(options, recipe.blocks) };
}

/** The same for networks of any kind, which stay as they are. */
export function recipeFrom<N extends VelocityNetwork>(
  options: RecipeOptions,
  base: Configuration<N>,
  seed: number,
): Configuration<N> {
  const { training } = base;
  const parallelBlocks = options.parallelBlocks ?? training.parallelBlocks ?? false;
  const shareWeights = options.shareWeights ?? training.shareWeights ?? false;
  return {
    seed,
    standardize: options.standardize ?? base.standardize,
    blocks: blocksFrom(options, base.blocks),
    training: {
      batchSize: options.batchSize ?? training.batchSize,
      interpolant: options.interpolant ?? training.interpolant,
      coupling: options.coupling ?? training.coupling,
      timeDistribution: options.timeDistribution ?? training.timeDistribution,
      decay: options.decay ?? training.decay,
      warmUp: options.warmUp ?? training.warmUp,
      weightDecay: options.weightDecay ?? training.weightDecay,
      clip: options.clip ?? training.clip,
      movingAverage: options.movingAverage ?? training.movingAverage,
      warmStart: options.warmStart ?? (training.warmStart && !parallelBlocks && !shareWeights),
      earlyStopping: options.earlyStopping ?? training.earlyStopping,
      ...(parallelBlocks && { parallelBlocks }),
      ...(shareWeights && { shareWeights }),
      ...(training.mirror !== undefined && { mirror: training.mirror }),
      ...(training.dequantise && { dequantise: true }),
    },
    integration: integrationFrom(options, base.integration) ?? base.integration,
  };
}

/**
 * The integration the options ask for, or undefined when they say nothing. `base` gives the method and tolerances that
 * are left out; fixed steps without a method are Euler's. A tolerance that is still to be chosen stands as the default one.
 */
export function integrationFrom(options: IntegrationOptions, base?: Integration): Integration | undefined {
  const { method, rtol, atol, evaluations } = options;
  const tolerance = options.tolerance === "auto" ? defaultTolerance : options.tolerance;
  if (evaluations !== undefined) return { kind: "fixed", method: method ?? "euler", evaluations };
  if ([method, tolerance, rtol, atol].every((value) => value === undefined)) return undefined;
  const known =
    base?.kind === "adaptive" ? base : { method: "dopri5" as const, rtol: defaultTolerance, atol: defaultTolerance };
  const chosen = method ?? known.method;
  if (!adaptiveMethods.some((name) => name === chosen))
    throw failure("option", {
      where: "--method",
      expected: `an adaptive method (${adaptiveMethods.join(", ")}) or --evaluations`,
      received: chosen,
      remedy: "add --evaluations K for fixed steps",
    });
  return {
    kind: "adaptive",
    method: chosen,
    rtol: rtol ?? tolerance ?? known.rtol,
    atol: atol ?? tolerance ?? known.atol,
  };
}

function blocksFrom<N extends VelocityNetwork>(
  options: RecipeOptions,
  base: readonly BlockConfiguration<N>[],
): readonly BlockConfiguration<N>[] {
  const steps = stepsFrom(options, base);
  const iterations = spread("--iterations", options.iterations, steps.length);
  const learningRate = spread("--learning-rate", options.learningRate, steps.length);
  return steps.map((step, n) => {
    const like = base[Math.min(n, base.length - 1)];
    if (like === undefined)
      throw failure("option", { where: "blocks", expected: "at least one block", received: "none" });
    return {
      step,
      network: like.network,
      iterations: iterations[n] ?? like.iterations,
      learningRate: learningRate[n] ?? like.learningRate,
    };
  });
}

function withNetworks(options: RecipeOptions, blocks: readonly BlockConfiguration[]): readonly BlockConfiguration[] {
  const hidden = spread("--hidden", options.hidden, blocks.length);
  const activation = spread("--activation", options.activation, blocks.length);
  return blocks.map(({ network, ...block }, n) => {
    const frequencies = options.frequencies ?? network.frequencies ?? 0;
    const dropout = options.dropout ?? network.dropout ?? 0;
    return {
      ...block,
      network: {
        hidden: hidden[n] ?? network.hidden,
        activation: activation[n] ?? network.activation,
        timeInput: options.timeInput ?? network.timeInput,
        initialization: options.init ?? network.initialization,
        ...(frequencies > 0 && { frequencies }),
        ...(dropout > 0 && { dropout }),
      },
    };
  });
}

function stepsFrom(options: RecipeOptions, base: readonly { readonly step: Step }[]): readonly Step[] {
  const { steps, blocks, first, growth, schedule } = options;
  if (steps !== undefined && steps !== "auto") return steps;
  const count = blocks ?? base.length;
  if (schedule !== undefined) return diffusionSteps(count, schedule);
  if (blocks === undefined && first === undefined && growth === undefined) return base.map(({ step }) => step);
  return geometricSteps(count, first ?? geometricDefaults.first, growth ?? geometricDefaults.growth);
}

/** One value for all blocks, or exactly one per block. */
function spread<T>(where: string, values: readonly T[] | undefined, blocks: number): readonly (T | undefined)[] {
  if (values === undefined || values.length === blocks) return values ?? [];
  if (values.length === 1) return Array.from({ length: blocks }, () => values[0]);
  throw failure("option", { where, expected: `1 value or ${blocks}, one per block`, received: String(values.length) });
}

function exclude<O extends object>(options: O, one: keyof O & string, others: readonly (keyof O & string)[]): void {
  if (options[one] === undefined) return;
  const clash = others.find((other) => options[other] !== undefined);
  if (clash !== undefined)
    throw failure("option", {
      where: flag(one),
      expected: "to stand alone",
      received: `${flag(one)} and ${flag(clash)}`,
      remedy: "leave one of them out",
    });
}
