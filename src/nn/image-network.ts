// image-network: either velocity network of images under one name, as blocks of a chain hold it.
import { failure } from "../errors.ts";
import type { Random } from "../random.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { countParameters, type ParameterPlan } from "./parameters.ts";
import {
  applyPatches,
  initialPatches,
  type PatchesConfiguration,
  type PatchesParameters,
  patchesPlan,
} from "./patches.ts";
import {
  applyUnet,
  type ImageOptions,
  initialUnet,
  type UnetConfiguration,
  type UnetParameters,
  unetPlan,
} from "./unet.ts";

export type ImageNetwork = UnetConfiguration | PatchesConfiguration;

export type ImageParameters<L> = UnetParameters<L> | PatchesParameters<L>;

/** Shapes of all parameters and how they start. Throws LocalFlowError("option") where the numbers do not fit together. */
export function imageNetworkPlan(network: ImageNetwork): ImageParameters<ParameterPlan> {
  return network.kind === "unet" ? unetPlan(network) : patchesPlan(network);
}

export function initialImageNetwork(random: Random, network: ImageNetwork) {
  return network.kind === "unet" ? initialUnet(random, network) : initialPatches(random, network);
}

/** v(x, t): images as rows [..., c · h · w] and times [..., 1] to velocities of the shape of x. */
export function applyImageNetwork(
  network: ImageNetwork,
  parameters: ImageParameters<Tensor>,
  x: Tensor,
  t: Tensor,
  options?: ImageOptions,
): Tensor {
  if (network.kind === "unet" && "down" in parameters) return applyUnet(network, parameters, x, t, options);
  if (network.kind === "patches" && "blocks" in parameters) return applyPatches(network, parameters, x, t, options);
  throw failure("model", { where: "image network", expected: `the parameters of ${network.kind}`, received: "others" });
}

export function imageParameterCount(network: ImageNetwork): number {
  return countParameters(imageNetworkPlan(network));
}
