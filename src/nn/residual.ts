// residual: x + f(x, t), the block that image networks are made of.
import { add } from "../tensor/arithmetic.ts";
import { silu } from "../tensor/functions.ts";
import { reshape } from "../tensor/layout.ts";
import { affine } from "../tensor/matrix.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyConvolution, type ConvolutionParameters, convolutionPlan } from "./convolution.ts";
import { type Dropout, withoutLeftOut } from "./dropout.ts";
import type { LinearParameters } from "./linear.ts";
import { type NormalizationParameters, normalizationPlan, normalizeGroups } from "./normalization.ts";
import { linearPlan, type ParameterPlan } from "./parameters.ts";

export type ResidualParameters<L> = {
  readonly firstNormalization: NormalizationParameters<L>;
  readonly firstConvolution: ConvolutionParameters<L>;
  readonly time: LinearParameters<L>;
  readonly secondNormalization: NormalizationParameters<L>;
  readonly secondConvolution: ConvolutionParameters<L>;
  /** There when the number of channels changes: a 1 x 1 convolution. */
  readonly skip?: ConvolutionParameters<L>;
};

/** The second convolution starts at zero: the block begins as the identity (or as its skip). */
export function residualPlan(inputs: number, outputs: number, timeWidth: number): ResidualParameters<ParameterPlan> {
  return {
    firstNormalization: normalizationPlan(inputs),
    firstConvolution: convolutionPlan(inputs, outputs, 3),
    time: linearPlan(timeWidth, outputs),
    secondNormalization: normalizationPlan(outputs),
    secondConvolution: convolutionPlan(outputs, outputs, 3, "zero"),
    ...(inputs !== outputs && { skip: convolutionPlan(inputs, outputs, 1) }),
  };
}

/** Images [..., in, h, w] and the embedded time [..., width] to images [..., out, h, w]. */
export function applyResidual(
  parameters: ResidualParameters<Tensor>,
  x: Tensor,
  time: Tensor,
  dropout?: Dropout,
): Tensor {
  const { firstNormalization, firstConvolution, secondNormalization, secondConvolution, skip } = parameters;
  const inner = applyConvolution(firstConvolution, silu(normalizeGroups(firstNormalization, x)));
  const moment = affine(time, parameters.time.weight, parameters.time.bias);
  const timed = add(inner, reshape(moment, [...moment.shape, 1, 1]));
  const hidden = silu(normalizeGroups(secondNormalization, timed));
  const kept = dropout ? withoutLeftOut(hidden, dropout) : hidden;
  return add(skip ? applyConvolution(skip, x) : x, applyConvolution(secondConvolution, kept));
}
