// attention: every place of an image looks at every other, head by head.
import { add, multiply } from "../tensor/arithmetic.ts";
import { softmax } from "../tensor/functions.ts";
import { reshape, slice } from "../tensor/layout.ts";
import { matmul } from "../tensor/matrix.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { applyConvolution, type ConvolutionParameters, convolutionPlan } from "./convolution.ts";
import { type NormalizationParameters, normalizationPlan, normalizeGroups } from "./normalization.ts";
import type { ParameterPlan } from "./parameters.ts";

export type AttentionParameters<L> = {
  readonly normalization: NormalizationParameters<L>;
  /** Queries, keys and values of every head, as channels: head by head, q then k then v. */
  readonly input: ConvolutionParameters<L>;
  readonly output: ConvolutionParameters<L>;
};

/** The output starts at zero: attention begins as the identity. */
export function attentionPlan(channels: number): AttentionParameters<ParameterPlan> {
  return {
    normalization: normalizationPlan(channels),
    input: convolutionPlan(channels, 3 * channels, 1),
    output: convolutionPlan(channels, channels, 1, "zero"),
  };
}

/** x + output(attention(normalised x)) of images [..., c, h, w], in c / headChannels heads. */
export function applyAttention(parameters: AttentionParameters<Tensor>, x: Tensor, headChannels: number): Tensor {
  const front = x.shape.slice(0, -3);
  const [channels = 1, h = 1, w = 1] = x.shape.slice(-3).map(Number);
  const heads = channels / headChannels;
  const input = applyConvolution(parameters.input, normalizeGroups(parameters.normalization, x));
  const parts = reshape(input, [...front, heads, 3, headChannels, h * w]);
  const part = (k: number) => reshape(slice(parts, -3, k, k + 1), [...front, heads, headChannels, h * w]);
  const attended = attendPlaces(part(0), part(1), part(2));
  return add(x, applyConvolution(parameters.output, reshape(attended, x.shape)));
}

/** Queries, keys and values [..., c, places], one place a column: softmax over k of (q · k / sqrt(c)), then the mean of v. */
export function attendPlaces(q: Tensor, k: Tensor, v: Tensor): Tensor {
  const scaled = multiply(1 / Math.sqrt(Number(q.shape.at(-2))), q);
  return matmul(v, softmax(matmul(scaled, k, { transposeLeft: true })), { transposeRight: true });
}
