// start: what the training of a block begins with: its weights and its share of the time.
import type { Block } from "../flow/chain.ts";
import { initialMlp, layerSizes, type MlpArrays } from "../nn/mlp.ts";
import { random, split } from "../random.ts";
import type { Configuration } from "./configuration.ts";

/** Fresh weights, or the previous block's where warm start is on and the shapes agree. */
export function startingWeights(
  { blocks, training, seed }: Configuration,
  n: number,
  dimension: number,
  finished: readonly Block[],
): MlpArrays {
  const network = blocks[n]?.network ?? {
    hidden: [],
    activation: { kind: "relu" },
    timeInput: "first",
    initialization: "default",
  };
  const previous = finished[n - 1];
  const sizes = (of: typeof network) => JSON.stringify(layerSizes(of, dimension));
  if (training.warmStart && previous && sizes(previous.network) === sizes(network)) return previous.parameters;
  return initialMlp(split(random(seed), "weights", n), network, dimension);
}

/** The n-th network's share of the time left, in proportion to its iterations. */
export function timeFor(networks: readonly { readonly iterations: number }[], n: number, left: number): number {
  const iterations = networks.slice(n).map((network) => network.iterations);
  const total = iterations.reduce((a, b) => a + b, 0);
  return (Math.max(0, left) * (iterations[0] ?? 0)) / Math.max(1, total);
}
