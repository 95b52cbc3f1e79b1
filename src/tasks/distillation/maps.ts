// maps: what a student is made of: one network evaluation for each piece of the way, x + scale · net(x).
import { invariant } from "../../errors.ts";
import { type Block, type Chain, perceptronOf } from "../../flow/chain.ts";
import { freeContext, onFree } from "../../flow/masked.ts";
import type { VelocityField } from "../../flow/matching.ts";
import { movingPart, type Part } from "../../flow/parts.ts";
import type { ImageNetwork } from "../../nn/image-network.ts";
import { cellCount } from "../../nn/level-context.ts";
import { initialMlp, layerSizes, type NetworkConfiguration } from "../../nn/mlp.ts";
import {
  applyNetwork,
  haveSameShapes,
  isImageNetwork,
  type NetworkArrays,
  type NetworkTensors,
  networkClasses,
  networkContext,
  type VelocityNetwork,
} from "../../nn/network.ts";
import type { Random } from "../../random.ts";
import { add, multiply } from "../../tensor/arithmetic.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";
import { stretch } from "../../tensor/layout.ts";
import { constant, type Tensor } from "../../tensor/tensor.ts";
import type { Segment } from "./segments.ts";

/** The map of a segment from its noise side to its data side. */
export interface StudentMap {
  readonly segment: Segment;
  readonly network: VelocityNetwork;
  /** The time that the network is told, always the same. */
  readonly clock: number;
  readonly scale: number;
  readonly parameters: NetworkArrays;
  /** Of a segment in which the teacher moves one part of rows alone: that part. */
  readonly part?: Part;
}

/** Values of each row that a map reads beside the point: a context of 3 d, or the shares of classes; 0 of one that reads none. */
export function mapContext({ network }: Pick<StudentMap, "network">): number {
  return isImageNetwork(network) ? networkClasses(network) : networkContext(network);
}

/**
 * What a map's network says at points [rows, d]: of one that reads contexts [rows, 3 d] what is free of them, by default everything; of
 * one that reads classes [rows, classes] by default without one.
 */
export function mapVelocity(
  { network, part }: Pick<StudentMap, "network" | "part">,
  parameters: NetworkTensors,
  context?: Tensor,
): VelocityField {
  const told =
    (own?: Tensor): VelocityField =>
    (x, t) =>
      applyNetwork(network, parameters, x, t, own);
  const width = networkContext(network);
  if (width === 0) return told(isImageNetwork(network) ? context : undefined);
  const all = context ?? freeContext(width / 3);
  return part ? movingPart(part, all, told) : onFree(told(all), all);
}

/** Points [rows, d] after the map, see `mapVelocity`. */
export function applyMap(
  map: Omit<StudentMap, "parameters" | "segment">,
  parameters: NetworkTensors,
  x: Tensor,
  context?: Tensor,
): Tensor {
  const time = stretch(constant(floats([map.clock], [1, 1])), [x.shape[0] ?? 1, 1], x);
  return add(x, multiply(map.scale, mapVelocity(map, parameters, context)(x, time)));
}

/**
 * A map to start the training from: the teacher's velocity at the middle of the segment, or at the middle of the block that
 * moves points farthest where it has several. With other hidden layers than the teacher's the network starts anew; those of images are
 * always the teacher's. A conditional map reads contexts, or classes, as the teacher does; so does one of a single part of rows, which
 * is told the other.
 */
export function startingMap(
  { blocks, dimension }: Chain,
  segment: Segment,
  distances: readonly number[],
  key: Random,
  hidden?: readonly number[],
  conditional = false,
): StudentMap {
  const inside = blocks.flatMap((_, n) => (n < segment.from - 1e-9 && n + 1 > segment.to + 1e-9 ? [n] : []));
  const n = inside.reduce(
    (best, each) => ((distances[each] ?? 0) > (distances[best] ?? 0) ? each : best),
    inside[0] ?? 0,
  );
  const block = blocks[n];
  invariant(block !== undefined, "every segment lies in a block");
  const [first, last] = [Math.max(segment.to, n) - n, Math.min(segment.from, n + 1) - n];
  const { start = 0, length = 1 } = block.timeWindow ?? {};
  const clock = start + (length * (first + last)) / 2;
  const { part } = block;
  const isOfPart = part !== undefined && inside.every((each) => blocks[each]?.part?.moves === part.moves);
  const common = { segment, clock, scale: -(last - first), ...(isOfPart && { part }) };
  if (isImageNetwork(block.network)) return { ...common, ...imageStart(block.network, block.parameters, conditional) };
  const own = conditional || isOfPart ? perceptronOf(block) : withEverythingFree(block, dimension);
  const network = hidden ? { ...own.network, hidden } : own.network;
  if (haveSameShapes(network, own.network, dimension)) return { ...common, network, parameters: own.parameters };
  const fresh: NetworkConfiguration = { ...network, initialization: "zero-last" };
  return { ...common, network: fresh, parameters: initialMlp(key, fresh, dimension) };
}

/** The teacher's network; unless the map reads classes, one that cannot be told a class: what the teacher's gives without. */
function imageStart(
  network: ImageNetwork,
  parameters: NetworkArrays,
  readsClasses: boolean,
): Pick<StudentMap, "network" | "parameters"> {
  if (readsClasses || network.classes === undefined || !("time" in parameters)) return { network, parameters };
  const { classes: _, ...plain } = network;
  const { first, second } = parameters.time;
  return { network: plain, parameters: { ...parameters, time: { first, second } } };
}

/**
 * A network that reads no context and gives what a masked one gives where everything is free: that context is always the same
 * (zeros, ones for the d free dimensions, then sines and cosines of zero where it is read so, and zeros for the cells of levels), so its
 * share of the first layer is part of the bias.
 */
function withEverythingFree(block: Block, d: number): ReturnType<typeof perceptronOf> {
  const { network, parameters } = perceptronOf(block);
  const { context = 0, levels = [], ...plain } = network;
  const [first, ...rest] = parameters.layers;
  if (context === 0 || first === undefined) return { network, parameters };
  const [[inputs, outputs] = [0, 0]] = layerSizes(plain, d);
  const bias = first.bias.data.slice();
  const [end, all] = [inputs + context, (first.weight.shape[0] ?? 0) - cellCount(levels)];
  const ones = (k: number) => (k < end ? k >= end - d : k >= (end + all) / 2);
  for (let k = end - d; k < all; k++)
    for (let n = 0; ones(k) && n < outputs; n++) bias[n] = (bias[n] ?? 0) + (first.weight.data[k * outputs + n] ?? 0);
  const weight: FloatArray = floats(first.weight.data.slice(0, inputs * outputs), [inputs, outputs]);
  return { network: plain, parameters: { layers: [{ weight, bias: floats(bias, first.bias.shape) }, ...rest] } };
}
