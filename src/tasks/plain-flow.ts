// plain-flow: plain Flow Matching (one free block) on the budget of a chain: the recipe that a chain has to beat.
import type { FlowBaseline } from "../measure/names.ts";
import { mlpParameterCount, type NetworkConfiguration } from "../nn/mlp.ts";
import type { Configuration } from "../train/configuration.ts";
import type { DensityModel } from "./density-model.ts";

/** Weights and biases of all blocks. */
export function parametersOf({ record, chain }: DensityModel): number {
  return record.configuration.blocks.reduce(
    (total, { network }) => total + mlpParameterCount(network, chain.dimension),
    0,
  );
}

/** Gradient steps that all blocks together took. */
export function gradientStepsOf({ record }: DensityModel): number {
  return record.training.blocks.reduce((total, { iterations }) => total + iterations, 0);
}

/**
 * One free block that takes as many gradient steps as the model's blocks together, otherwise with the model's own recipe:
 * `flow-wide` has the network of the model's last block widened until it holds as many parameters as all blocks together,
 * `flow-long` has that network as it is. The learning rate decays over the longer training as far as it did over the last
 * block: `every` is stretched.
 */
export function plainFlow(model: DensityModel, kind: FlowBaseline, seed: number): Configuration {
  const { configuration, training } = model.record;
  const [pattern = configuration.blocks[0]] = configuration.blocks.slice(-1);
  if (pattern === undefined) return { ...configuration, seed };
  const total = gradientStepsOf(model);
  const last = training.blocks.at(-1)?.iterations ?? total;
  const { decay } = configuration.training;
  const stretched =
    decay.kind === "step"
      ? { ...decay, every: Math.max(1, Math.round((decay.every * total) / Math.max(1, last))) }
      : decay;
  const network =
    kind === "flow-wide" ? widened(pattern.network, model.chain.dimension, parametersOf(model)) : pattern.network;
  return {
    ...configuration,
    seed,
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
