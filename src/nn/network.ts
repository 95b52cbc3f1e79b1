// network: the velocity network of a block, whichever kind it is.
import type { Random } from "../random.ts";
import { elementCount, type FloatArray } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leaves } from "../tensor/tree.ts";
import type { DropoutPlan } from "./dropout.ts";
import {
  applyImageNetwork,
  type ImageNetwork,
  type ImageParameters,
  imageNetworkPlan,
  initialImageNetwork,
} from "./image-network.ts";
import { applyMlp, initialMlp, layerSizes, type MlpArrays, type MlpTensors, type NetworkConfiguration } from "./mlp.ts";
import { type ImageOptions, unetMaskShapes } from "./unet.ts";

/** A multilayer perceptron where no kind is said. */
export type VelocityNetwork = (NetworkConfiguration & { readonly kind?: never }) | ImageNetwork;
export type NetworkArrays = MlpArrays | ImageParameters<FloatArray>;
export type NetworkTensors = MlpTensors | ImageParameters<Tensor>;

/** Whether the points of a network are images. */
export function isImageNetwork(network: VelocityNetwork): network is ImageNetwork {
  return network.kind !== undefined;
}

/** Draws a network's parameters. */
export function initialNetwork(random: Random, network: VelocityNetwork, dimension: number): NetworkArrays {
  return isImageNetwork(network) ? initialImageNetwork(random, network) : initialMlp(random, network, dimension);
}

/**
 * v(x, t): points [..., d] and times [..., 1] to velocities [..., d]; with a context [rows, …] where the network reads one, or
 * what a row's class is [rows, classes]. `masks` of the options are as `dropoutPlan` says; the others are for networks of images.
 */
export function applyNetwork(
  network: VelocityNetwork,
  parameters: NetworkTensors,
  x: Tensor,
  t: Tensor,
  context?: Tensor,
  options?: Omit<ImageOptions, "classes">,
): Tensor {
  return isImageNetwork(network)
    ? applyImageNetwork(network, parameters as ImageParameters<Tensor>, x, t, {
        ...options,
        ...(context && { classes: context }),
      })
    : applyMlp(network, parameters as MlpTensors, x, t, context, options?.masks);
}

/** What training leaves out of the network, if anything. */
export function dropoutPlan(network: VelocityNetwork): DropoutPlan | undefined {
  if (network.kind !== undefined && network.kind !== "unet") return undefined;
  const share = network.dropout ?? 0;
  if (share === 0) return undefined;
  return { share, shapes: network.kind === "unet" ? unetMaskShapes(network) : network.hidden.map((width) => [width]) };
}

/** A tree like the network's parameters whose leaves have their shapes. */
export function networkShapes(network: VelocityNetwork, dimension: number): object {
  if (isImageNetwork(network)) return imageNetworkPlan(network);
  return {
    layers: layerSizes(network, dimension).map(([inputs, outputs]) => ({
      weight: { shape: [inputs, outputs] },
      bias: { shape: [outputs] },
    })),
  };
}

/** Numbers that are trained, for points of `dimension` values. */
export function networkParameterCount(network: VelocityNetwork, dimension: number): number {
  return shapesOf(network, dimension).reduce((total, shape) => total + elementCount(shape), 0);
}

/** Whether two networks between points of `dimension` values have parameters of the same shapes in the same order. */
export function haveSameShapes(a: VelocityNetwork, b: VelocityNetwork, dimension: number): boolean {
  return JSON.stringify(shapesOf(a, dimension)) === JSON.stringify(shapesOf(b, dimension));
}

/** Classes of images that the network can be told; without one it is unconditional. */
export function networkClasses(network: VelocityNetwork): number {
  return isImageNetwork(network) ? (network.classes ?? 0) : 0;
}

/** Values that stay with a row along its way, which a perceptron reads beside the point. */
export function networkContext(network: VelocityNetwork): number {
  return isImageNetwork(network) ? 0 : (network.context ?? 0);
}

/** Numbers of one row's widest intermediate array. */
export function widestArray(network: VelocityNetwork, dimension: number): number {
  if (!isImageNetwork(network)) return Math.max(...network.hidden, dimension);
  const { height, width } = network.image;
  if (network.kind === "unet") return 2 * network.channels * (network.multipliers[0] ?? 1) * height * width;
  const places = (height * width) / network.patch ** 2;
  return places * Math.max(network.width * Math.max(network.expansion, 3), places);
}

function shapesOf(network: VelocityNetwork, dimension: number): readonly (readonly number[])[] {
  return leaves<{ readonly shape: readonly number[] }>(networkShapes(network, dimension)).map(
    ({ value }) => value.shape,
  );
}
