// start: what the training of a block begins with: its weights and its share of the time.
import type { Block } from "../flow/chain.ts";
import { haveSameShapes, initialNetwork, type NetworkArrays, type VelocityNetwork } from "../nn/network.ts";
import { random, split } from "../random.ts";
import type { Configuration } from "./configuration.ts";

/** Fresh weights, or the previous block's where warm start is on and the shapes agree. */
export function startingWeights(
  { blocks, training, seed }: Configuration<VelocityNetwork>,
  n: number,
  dimension: number,
  finished: readonly Block[],
): NetworkArrays {
  const network = blocks[n]?.network ?? {
    hidden: [],
    activation: { kind: "relu" },
    timeInput: "first",
    initialization: "default",
  };
  const previous = finished[n - 1];
  if (training.warmStart && previous && haveSameShapes(previous.network, network, dimension))
    return previous.parameters;
  return initialNetwork(split(random(seed), "weights", n), network, dimension);
}

/** The part of its even share of a limited time that a network has in any case: one that never trained would spoil the model. */
const leastTimeShare = 0.1;

/** What one of some networks may train at least, in the units of the whole limit. */
export function leastTimeOf(networks: number, limit: number): number {
  return (leastTimeShare * limit) / networks;
}

/** The n-th network's share of the time left, in proportion to its iterations. */
export function timeFor(networks: readonly { readonly iterations: number }[], n: number, left: number): number {
  const iterations = networks.slice(n).map((network) => network.iterations);
  const total = iterations.reduce((a, b) => a + b, 0);
  return (Math.max(0, left) * (iterations[0] ?? 0)) / Math.max(1, total);
}
