// chain: a model is a chain of short flows. Block n carries p_(n-1) to p_n, the last block lands on N(0, I) (paper, section 3).
import { failure } from "../errors.ts";
import type { MlpArrays, NetworkConfiguration } from "../nn/mlp.ts";
import {
  applyNetwork,
  type NetworkArrays,
  networkClasses,
  networkContext,
  type VelocityNetwork,
} from "../nn/network.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree } from "../tensor/tree.ts";
import { freeContext, type MaskLaw } from "./masked.ts";
import type { VelocityField } from "./matching.ts";
import { movingPart, type Part } from "./parts.ts";
import type { Step } from "./steps.ts";

/** One trained block: its target, its network and the network's weights. */
export interface Block {
  readonly step: Step;
  readonly network: VelocityNetwork;
  readonly parameters: NetworkArrays;
  /** The part of the network's time that this block is: where all blocks share one network, or it is the rest of a block. */
  readonly timeWindow?: TimeWindow;
  /** Set where it moves one part of a row alone: see `chainOf`. */
  readonly part?: Part;
}

/** The network of a block that must be a multilayer perceptron. Throws code `model` where it is another one. */
export function perceptronOf({ network, parameters }: Pick<Block, "network" | "parameters">): {
  readonly network: NetworkConfiguration;
  readonly parameters: MlpArrays;
} {
  if (network.kind === undefined) return { network, parameters: parameters as MlpArrays };
  const remedy = "this is not made for images yet";
  throw failure("model", { where: "network", expected: "a multilayer perceptron", received: network.kind, remedy });
}

/** Whether the block reads which dimensions are given, free and absent (masked.ts). */
export function isMasked({ network }: Pick<Block, "network">): boolean {
  return networkContext(network) > 0;
}

/** Whether the block reads the classes of rows (classes.ts). */
export function readsClasses({ network }: Pick<Block, "network">): boolean {
  return networkClasses(network) > 0;
}

/** At the block's own time t in [0, 1] the network is asked at start + length · t. */
export interface TimeWindow {
  readonly start: number;
  readonly length: number;
}

/** Block n of N, counted from 0, when all share a network: tau = (n + t) / N. */
export function timeWindow(n: number, blocks: number): TimeWindow {
  return { start: n / blocks, length: 1 / blocks };
}

/** What a block does from its own time `time` on, as a block: v(x, time + (1 - time) t) · (1 - time). Throws "model" for images. */
export function restOfBlock(block: Block, time: number): Block {
  const { layers } = perceptronOf(block).parameters;
  const { start, length } = block.timeWindow ?? { start: 0, length: 1 };
  const shortened = (array: FloatArray) =>
    floats(
      array.data.map((value) => (1 - time) * value),
      array.shape,
    );
  return {
    ...block,
    timeWindow: { start: start + length * time, length: length * (1 - time) },
    parameters: {
      layers: layers.map(({ weight, bias }, k) =>
        k < layers.length - 1 ? { weight, bias } : { weight: shortened(weight), bias: shortened(bias) },
      ),
    },
  };
}

/**
 * Blocks in the order data → noise: block n carries p_(n-1) to p_n (paper, section 3). Sampling runs them backwards.
 */
export interface Chain {
  /** Numbers of a point. */
  readonly dimension: number;
  readonly blocks: readonly Block[];
}

/**
 * The chain of trained blocks. Where they learnt what is missing first and values given it, rows go through all of them twice: on the
 * way to data what says which values are missing moves before the values do, which are told it.
 */
export function chainOf(dimension: number, blocks: readonly Block[], masks?: MaskLaw): Chain {
  if (masks?.presence?.parts === undefined) return { dimension, blocks };
  const { of: presence } = masks.presence;
  const moving = (moves: Part["moves"]) => blocks.map((block): Block => ({ ...block, part: { presence, moves } }));
  return { dimension, blocks: [...moving("values"), ...moving("presence")] };
}

/** The blocks that were trained, as `chainOf` takes them. */
export function trainedBlocks({ blocks }: Pick<Chain, "blocks">): readonly Block[] {
  return blocks.flatMap(({ part, ...block }) => (part?.moves === "presence" ? [] : [block]));
}

/**
 * The block's velocity with its weights as constants of the program; of a masked block where everything is free, of one that reads
 * classes without a class.
 */
export function blockVelocity(block: Block): VelocityField {
  const { weights, velocityOf } = blockWeights(block);
  return velocityOf(weights.map((array) => constant(array)));
}

/**
 * What a block's velocity is made of as a list (its weights, then its time window), and the velocity as a function of them:
 * blocks of equal networks share their programs. A masked block takes its rows' context too (by default everything is free),
 * and its velocity is then right in the free dimensions alone: see `onFree`. One that reads classes takes the shares of `classShares`
 * (by default no class).
 */
export function blockWeights({ network, parameters, timeWindow, part }: Block) {
  const own = leaves<FloatArray>(parameters).map((leaf) => leaf.value);
  const window = timeWindow ? [floats([timeWindow.start], []), floats([timeWindow.length], [])] : [];
  const weights = [...own, ...window];
  const everythingFree = isMasked({ network }) ? freeContext(networkContext(network) / 3) : undefined;
  const velocityOf = (given: readonly Tensor[], context = everythingFree): VelocityField => {
    let next = 0;
    const take = (array: FloatArray) => given[next++] ?? constant(array);
    const tensors = mapTree<FloatArray, Tensor, NetworkArrays>(parameters, take);
    const [start, length] = window.map(take);
    const told =
      (context?: Tensor): VelocityField =>
      (x, t) =>
        applyNetwork(network, tensors, x, start && length ? add(start, multiply(length, t)) : t, context);
    return part && context ? movingPart(part, context, told) : told(context);
  };
  return { weights, velocityOf };
}

/** log N(z; 0, I) of each row, in nats. */
export function normalLogDensity(points: Float32Array, dimension: number): Float64Array {
  const constantTerm = -0.5 * dimension * Math.log(2 * Math.PI);
  return Float64Array.from({ length: points.length / dimension }, (_, row) => {
    let squares = 0;
    for (let k = row * dimension; k < (row + 1) * dimension; k++) squares += (points[k] ?? 0) ** 2;
    return constantTerm - 0.5 * squares;
  });
}
