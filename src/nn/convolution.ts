// convolution: a layer of square kernels over images, and how images grow and shrink between layers.
import { convolution, type Sliding } from "../tensor/convolution.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { type ParameterPlan, weighing } from "./parameters.ts";

/** Kernels [out, in, k, k] and bias [out]; as a type alias, so that it is a tree. */
export type ConvolutionParameters<L> = { readonly weight: L; readonly bias: L };

/** A layer's plan: `size` is that of the kernels. */
export function convolutionPlan(
  inputs: number,
  outputs: number,
  size: number,
  start: "default" | "zero" = "default",
): ConvolutionParameters<ParameterPlan> {
  const summed = inputs * size * size;
  return { weight: weighing([outputs, inputs, size, size], summed, start), bias: weighing([outputs], summed, start) };
}

/** Images [..., in, h, w] to [..., out, h, w]: with zeros around, so that an odd kernel keeps height and width. */
export function applyConvolution({ weight, bias }: ConvolutionParameters<Tensor>, x: Tensor): Tensor {
  return convolution(x, weight, around(weight, 1), bias);
}

/** Every second place of the same: half the height and width, rounded up. */
export function applyHalving({ weight, bias }: ConvolutionParameters<Tensor>, x: Tensor): Tensor {
  return convolution(x, weight, around(weight, 2), bias);
}

function around(weight: Tensor, stride: number): Sliding {
  return { stride, padding: (Number(weight.shape[2]) - 1) / 2 };
}
