// mlp: the velocity network v(x, t) of one block, a multilayer perceptron that reads the time beside the point.
import { type Random, split } from "../random.ts";
import { add, cosine, multiply, sine } from "../tensor/arithmetic.ts";
import { zeros } from "../tensor/array.ts";
import { reshape, slice } from "../tensor/layout.ts";
import { affine, beside, matmul } from "../tensor/matrix.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { type Activation, scaledActivation } from "./activation.ts";
import { withoutLeftOut } from "./dropout.ts";
import { cellCount, type LevelCells, levelFeatures, withoutPlaces } from "./level-context.ts";
import { initialLinear, type LinearArrays, type LinearTensors } from "./linear.ts";

/** The velocity network of one block. */
export interface NetworkConfiguration {
  readonly hidden: readonly number[];
  readonly activation: Activation;
  /** Time enters the first layer only, or every layer. */
  readonly timeInput: "first" | "every";
  readonly initialization: "default" | "orthogonal" | "zero-last";
  /** The first layer also reads sin and cos of 2^k x for k < frequencies, coordinate by coordinate; default 0. */
  readonly frequencies?: number;
  /**
   * The coordinates that are read so; default: all. Where they are named, the context, of which the first values are those
   * that are given of the point's coordinates, is read so too.
   */
  readonly detailed?: readonly number[];
  /** Values that stay with a row along its way, which the first layer reads after the point; default 0. */
  readonly context?: number;
  /** The share of values that training leaves out after each hidden layer, so that few rows are not learnt by heart; default 0. */
  readonly dropout?: number;
  /** Coordinates whose given values are read as the cell that they lie in, not as a place in it; default: none. */
  readonly levels?: readonly LevelCells[];
}

/** The layers' parameters, first to last. */
export type MlpArrays = { readonly layers: readonly LinearArrays[] };
export type MlpTensors = { readonly layers: readonly LinearTensors[] };

/** [in, out] of every layer of a network between points of `dimension` values. */
export function layerSizes(network: NetworkConfiguration, dimension: number): readonly (readonly [number, number])[] {
  const features = 2 * (network.frequencies ?? 0) * (network.detailed?.length ?? dimension);
  const widths = [dimension + features, ...network.hidden, dimension];
  const context = (network.context ?? 0) + fineWidth(network) + cellCount(network.levels ?? []);
  return widths.slice(1).map((out, k) => {
    const timed = k === 0 || network.timeInput === "every";
    return [(widths[k] ?? 0) + (timed ? 1 : 0) + (k === 0 ? context : 0), out] as const;
  });
}

/** Draws a network's parameters. */
export function initialMlp(random: Random, network: NetworkConfiguration, dimension: number): MlpArrays {
  const sizes = layerSizes(network, dimension);
  const start = (k: number) => {
    if (network.initialization === "zero-last") return k === sizes.length - 1 ? "zero" : "default";
    return network.initialization;
  };
  return { layers: sizes.map(([inputs, outputs], k) => initialLinear(split(random, k), inputs, outputs, start(k))) };
}

/**
 * v(x, t): points x [..., d] and times t [..., 1] to velocities [..., d]. The time is the first input column. The scales
 * of the activation are folded into the weights before and after it. A network with a context reads it [rows, context] (or
 * [1, context]); its share of the first layer is a product of its own, so that derivatives along x do not pass it. `masks` say for
 * each hidden layer [rows, width] what a step of training keeps.
 */
export function applyMlp(
  network: NetworkConfiguration,
  parameters: MlpTensors,
  x: Tensor,
  t: Tensor,
  context?: Tensor,
  masks: readonly Tensor[] = [],
): Tensor {
  const { scaleIn, scaleOut, f } = scaledActivation(network.activation);
  const last = parameters.layers.length - 1;
  const read = context && contextRead(network, context, x);
  return parameters.layers.reduce(
    (h, { weight, bias }, k) => {
      const timed = k === 0 || network.timeInput === "every";
      const after = k < last ? scaleIn : 1;
      const before = k > 0 ? scaleOut : 1;
      // With time in every layer the time column must not be scaled with the activations: scale them, not the weights.
      const input = timed ? beside(t, multiply(before, h)) : h;
      const weights = multiply((timed ? 1 : before) * after, weight);
      const biases = multiply(after, bias);
      const scaled = k === 0 && read ? besideContext(input, read, weights, biases) : affine(input, weights, biases);
      if (k === last) return scaled;
      const mask = masks[k];
      return mask ? withoutLeftOut(f(scaled), { mask, share: network.dropout ?? 0 }) : f(scaled);
    },
    fourierFeatures(x, network),
  );
}

/** (input, context) W + b, the context's part without the axes of size 1 that the input may have. */
function besideContext(input: Tensor, context: Tensor, weight: Tensor, bias: Tensor): Tensor {
  const [own, width] = [Number(input.shape.at(-1)), Number(context.shape[1])];
  const lifted = reshape(context, [context.shape[0] ?? 1, ...input.shape.slice(1, -1).map(() => 1), width]);
  return add(affine(input, slice(weight, 0, 0, own), bias), matmul(lifted, slice(weight, 0, own, own + width)));
}

/** Of the coordinates that are read finely those that are so, too, where they are given: all but levels that are read as such. */
function finelyGiven({ context = 0, frequencies = 0, detailed = [], levels = [] }: NetworkConfiguration) {
  return context > 0 && frequencies > 0 ? detailed.filter((k) => !levels.some(({ at }) => at === k)) : [];
}

/** Columns that stand beside a context for what is given of detailed coordinates: sines, then as many cosines. */
function fineWidth(network: NetworkConfiguration): number {
  return 2 * (network.frequencies ?? 0) * finelyGiven(network).length;
}

/** The context, beside the sines and cosines of what is given of detailed coordinates, beside the cells of given levels. */
function contextRead(network: NetworkConfiguration, context: Tensor, x: Tensor): Tensor {
  const { levels = [] } = network;
  const detailed = finelyGiven(network);
  const d = Number(x.shape.at(-1));
  const parts = [withoutPlaces(context, levels)];
  if (detailed.length > 0) {
    const read = fourierFeatures(slice(context, 1, 0, d), { ...network, detailed });
    parts.push(slice(read, 1, d, Number(read.shape[1])));
  }
  if (levels.length > 0) parts.push(levelFeatures(context, levels));
  return parts.length === 1 ? context : beside(...parts);
}

/** x beside sin(2^k x) and cos(2^k x): fine detail in few dimensions, which plain networks learn slowly. */
function fourierFeatures(x: Tensor, { frequencies = 0, detailed }: NetworkConfiguration): Tensor {
  const d = Number(x.shape.at(-1));
  const coordinates = detailed ?? Array.from({ length: d }, (_, i) => i);
  const count = coordinates.length;
  if (frequencies === 0 || count === 0) return x;
  const scales = zeros([d, count * frequencies]);
  for (const [n, i] of coordinates.entries())
    for (let k = 0; k < frequencies; k++) scales.data[i * count * frequencies + k * count + n] = 2 ** k;
  const phases = matmul(x, constant(scales));
  return beside(x, sine(phases), cosine(phases));
}

/** Weights and biases of a network between points of `dimension` values. */
export function mlpParameterCount(network: NetworkConfiguration, dimension: number): number {
  return layerSizes(network, dimension).reduce((total, [inputs, outputs]) => total + (inputs + 1) * outputs, 0);
}
