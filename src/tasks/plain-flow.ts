// plain-flow: plain Flow Matching (one free block) on the budget of a chain: the recipe that a chain has to beat.
import type { FlowBaseline } from "../measure/names.ts";
import { mlpParameterCount, type NetworkConfiguration } from "../nn/mlp.ts";
import { type Configuration, parameterCount } from "../train/configuration.ts";
import type { DensityModel } from "./density-model.ts";

/** Weights and biases of all blocks; a network that they share counts once. */
export function parametersOf({ record, chain }: DensityModel): number {
  return parameterCount(record.configuration, chain.dimension);
}

/** Gradient steps that all blocks together took. */
export function gradientStepsOf({ record }: DensityModel): number {
  return record.training.blocks.reduce((total, { iterations }) => total + iterations, 0);
}

/** `plainConfiguration` on the gradient steps that the model's blocks really took. */
export function plainFlow(model: DensityModel, kind: FlowBaseline, seed: number): Configuration {
  const { configuration, training } = model.record;
  const blocks = configuration.blocks.map((block, n) => ({
    ...block,
    iterations: training.blocks[n]?.iterations ?? block.iterations,
  }));
  return { ...plainConfiguration({ ...configuration, blocks }, model.chain.dimension, kind), seed };
}

/**
 * One free block that takes as many gradient steps as the blocks together, otherwise with their own recipe: `flow-wide` has
 * the network of the last block widened until it holds as many parameters as all blocks together, `flow-long` has that
 * network as it is. The learning rate decays over the longer training as far as it did over the last block: `every` is
 * stretched.
 */
export function plainConfiguration(configuration: Configuration, dimension: number, kind: FlowBaseline): Configuration {
  const pattern = configuration.blocks.at(-1);
  if (pattern === undefined) return configuration;
  const sum = (values: readonly number[]) => values.reduce((a, b) => a + b, 0);
  const total = sum(configuration.blocks.map(({ iterations }) => iterations));
  const parameters = sum(configuration.blocks.map(({ network }) => mlpParameterCount(network, dimension)));
  const { decay } = configuration.training;
  const stretched =
    decay.kind === "step"
      ? { ...decay, every: Math.max(1, Math.round((decay.every * total) / Math.max(1, pattern.iterations))) }
      : decay;
  const network = kind === "flow-wide" ? widened(pattern.network, dimension, parameters) : pattern.network;
  return {
    ...configuration,
    blocks: [{ ...pattern, step: { kind: "free" }, network, iterations: total }],
    training: { ...configuration.training, decay: stretched },
  };
}

/**
 * The network with its hidden widths in the same proportions and about `parameters` parameters: the largest such network
 * that has no more, then single layers one wider while that brings the count closer. A network without hidden layers has
 * only one size.
 */
export function widened(network: NetworkConfiguration, d: number, parameters: number): NetworkConfiguration {
  const scaled = (factor: number) => network.hidden.map((width) => Math.max(1, Math.floor(width * factor)));
  const miss = (hidden: readonly number[]) => Math.abs(mlpParameterCount({ ...network, hidden }, d) - parameters);
  const fits = (factor: number) => mlpParameterCount({ ...network, hidden: scaled(factor) }, d) <= parameters;
  if (network.hidden.length === 0) return network;
  let [low, high] = [0, 1];
  while (fits(high)) high *= 2;
  for (let halving = 0; halving < 50; halving++) {
    const middle = (low + high) / 2;
    if (fits(middle)) low = middle;
    else high = middle;
  }
  let hidden: readonly number[] = scaled(low);
  for (const layer of hidden.keys()) {
    const wider = hidden.map((width, k) => (k === layer ? width + 1 : width));
    if (miss(wider) < miss(hidden)) hidden = wider;
  }
  return { ...network, hidden };
}
