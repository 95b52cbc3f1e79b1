// contenders: what an experiment trains: the chain as configured, plain Flow Matching on the same budget, chains of other
// lengths.
import { geometricSteps } from "../../flow/steps.ts";
import type { FlowBaseline } from "../../measure/names.ts";
import { mlpParameterCount } from "../../nn/mlp.ts";
import type { Configuration } from "../../train/configuration.ts";
import { plainConfiguration, widened } from "../plain-flow.ts";
import type { Contender } from "./experiment.ts";

/** Multiples of the chain's learning rate that its rivals may choose from. */
const rivalRates = [1 / 3, 1, 3] as const;

/**
 * The authors' chain at the authors' learning rate, and plain Flow Matching of both kinds, which chooses its learning rate on
 * the validation rows: the comparison is not to be won by a badly tuned rival.
 */
export function publishedContenders(
  configuration: Configuration,
  dimension: number,
  rivals: readonly FlowBaseline[],
): readonly Contender[] {
  const description: Readonly<Record<FlowBaseline, string>> = {
    "flow-wide": "plain Flow Matching, one network of equal total parameters, equal gradient steps",
    "flow-long": "plain Flow Matching, one block's network, equal gradient steps",
  };
  return [
    {
      method: "lfm",
      description: `Local Flow Matching, ${configuration.blocks.length} blocks`,
      alternatives: [configuration],
    },
    ...rivals.map((kind) => ({
      method: kind,
      description: description[kind],
      alternatives: rivalRates.map((factor) => atRate(plainConfiguration(configuration, dimension, kind), factor)),
    })),
  ];
}

/** The same configuration with its learning rates times `factor`. */
function atRate(configuration: Configuration, factor: number): Configuration {
  const blocks = configuration.blocks.map((block) => ({ ...block, learningRate: block.learningRate * factor }));
  return { ...configuration, blocks };
}

/** OU time before the free block: what all chains of `chainLengths` share. */
const diffusedTime = 0.6;
const growth = 1.3;

/**
 * Chains of 1, 2, 4, … blocks with one budget: as many parameters (within rounding) and gradient steps in all as `base`, a
 * configuration of one block, has. Each chooses among the same learning rates.
 */
export function chainLengths(base: Configuration, dimension: number, lengths: readonly number[]): readonly Contender[] {
  const [pattern] = base.blocks;
  if (!pattern) return [];
  const parameters = mlpParameterCount(pattern.network, dimension);
  return lengths.map((length) => {
    const network = length === 1 ? pattern.network : widened(pattern.network, dimension, parameters / length);
    const iterations = Math.round(pattern.iterations / length);
    const { decay } = base.training;
    const configuration: Configuration = {
      ...base,
      blocks: stepsOf(length).map((step) => ({ ...pattern, step, network, iterations })),
      training: {
        ...base.training,
        decay: decay.kind === "step" ? { ...decay, every: Math.max(1, Math.round(decay.every / length)) } : decay,
      },
    };
    return {
      method: `lfm-${length}`,
      description: length === 1 ? "plain Flow Matching (N = 1)" : `Local Flow Matching, N = ${length}`,
      alternatives: rivalRates.map((factor) => atRate(configuration, factor)),
    };
  });
}

/** gamma_n = c · growth^(n-1) with gamma_1 + … + gamma_(N-1) = `diffusedTime`. */
function stepsOf(length: number) {
  const shares = Array.from({ length: length - 1 }, (_, n) => growth ** n).reduce((a, b) => a + b, 0);
  return geometricSteps(length, shares === 0 ? diffusedTime : diffusedTime / shares, growth);
}
