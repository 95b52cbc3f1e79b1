// unet: the velocity network of images: residual blocks down to small images and back, with skips across (guided diffusion's).
import { failure } from "../errors.ts";
import type { Random } from "../random.ts";
import type { FloatArray } from "../tensor/array.ts";
import { silu } from "../tensor/functions.ts";
import { concatenate, reshape, slice } from "../tensor/layout.ts";
import { recomputed } from "../tensor/recompute.ts";
import { upsample } from "../tensor/resampling.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leafList } from "../tensor/tree.ts";
import { type AttentionParameters, applyAttention, attentionPlan } from "./attention.ts";
import { applyConvolution, applyHalving, type ConvolutionParameters, convolutionPlan } from "./convolution.ts";
import { applyTime, type TimeParameters, timePlan } from "./embedding.ts";
import { type NormalizationParameters, normalizationPlan, normalizeGroups } from "./normalization.ts";
import { drawParameters, type ParameterPlan } from "./parameters.ts";
import { applyResidual, type ResidualParameters, residualPlan } from "./residual.ts";

/** Rows are images: channel by channel, and in each row by row. */
export interface ImageSize {
  readonly channels: number;
  readonly height: number;
  readonly width: number;
}

export interface UnetConfiguration {
  readonly kind: "unet";
  readonly image: ImageSize;
  /** Channels at full size; the embedding of the time is four times as wide. */
  readonly channels: number;
  /** Channels of each level in multiples of `channels`; every level halves height and width, rounded up. */
  readonly multipliers: readonly number[];
  /** Residual blocks of a level on the way down; there is one more on the way up. */
  readonly residualBlocks: number;
  /** Heights of images at which attention follows each residual block; between the ways it always does. */
  readonly attentionAt: readonly number[];
  readonly headChannels: number;
  /** The share of values that training leaves out in each residual block; see `unetMaskShapes`. */
  readonly dropout: number;
  /** Classes that the network can be told, which are embedded as the time is; default 0. */
  readonly classes?: number;
}

type Stage<L> = { readonly residual: ResidualParameters<L>; readonly attention?: AttentionParameters<L> };
type Level<L> = { readonly stages: readonly Stage<L>[]; readonly resize?: ConvolutionParameters<L> };

/** In the order of execution: `down` from full size, `up` from the smallest. */
export type UnetParameters<L> = {
  readonly time: TimeParameters<L>;
  readonly entry: ConvolutionParameters<L>;
  readonly down: readonly Level<L>[];
  readonly middle: Level<L>;
  readonly up: readonly Level<L>[];
  readonly exit: { readonly normalization: NormalizationParameters<L>; readonly convolution: ConvolutionParameters<L> };
};

export type UnetArrays = UnetParameters<FloatArray>;
export type UnetTensors = UnetParameters<Tensor>;

/** Shapes of all parameters and how they start. Throws LocalFlowError("option") where the numbers do not fit together. */
export function unetPlan(network: UnetConfiguration): UnetParameters<ParameterPlan> {
  const { image, channels } = checkedUnet(network);
  const timeWidth = 4 * channels;
  const widths = levelWidths(network);
  const [first = 1, deepest = 1] = [widths[0], widths.at(-1)];
  const levels = widths.map((_, level) => levelPlan(network, level));
  const between = { residual: residualPlan(deepest, deepest, timeWidth) };
  return {
    time: timePlan(channels, timeWidth, network.classes),
    entry: convolutionPlan(image.channels, first, 3),
    down: levels.map(({ down }) => down),
    middle: { stages: [{ ...between, attention: attentionPlan(deepest) }, between] },
    up: levels.map(({ up }) => up).toReversed(),
    exit: { normalization: normalizationPlan(first), convolution: convolutionPlan(first, image.channels, 3, "zero") },
  };
}

/**
 * One level on both ways. On the way up each residual block also reads what the way down left, last first: the outputs of
 * this level's blocks, then what this level started from.
 */
function levelPlan(network: UnetConfiguration, level: number) {
  const { channels, residualBlocks, attentionAt } = network;
  const widths = levelWidths(network);
  const width = widths[level] ?? 1;
  const [above, below] = [widths[level - 1] ?? width, widths[level + 1] ?? width];
  const attends = attentionAt.includes(levelSizes(network)[level]?.height ?? 0);
  const stage = (inputs: number): Stage<ParameterPlan> => ({
    residual: residualPlan(inputs, width, 4 * channels),
    ...(attends && { attention: attentionPlan(width) }),
  });
  const resized = (exists: boolean) => (exists ? { resize: convolutionPlan(width, width, 3) } : {});
  const down = Array.from({ length: residualBlocks }, (_, i) => stage(i === 0 ? above : width));
  const up = Array.from({ length: residualBlocks + 1 }, (_, i) =>
    stage((i === 0 ? below : width) + (i < residualBlocks ? width : above)),
  );
  return {
    down: { stages: down, ...resized(level < widths.length - 1) },
    up: { stages: up, ...resized(level > 0) },
  };
}

/** Whether a network can have so many classes; none is what it has by default. */
export function isClassCount(classes: number | undefined): boolean {
  return classes === undefined || (Number.isSafeInteger(classes) && classes >= 1);
}

/** Draws a network's parameters: PyTorch's defaults, and zeros where the authors start with the identity. */
export function initialUnet(random: Random, network: UnetConfiguration): UnetArrays {
  return drawParameters(random, unetPlan(network));
}

/** What training may ask of an image network. */
export interface ImageOptions {
  /** For each residual block 1 where a value is kept and 0 where it is left out, [..., c, h, w], as `unetMaskShapes` says. */
  readonly masks?: readonly Tensor[];
  /** Keeps only what goes from block to block for the gradient, and makes the rest once more: less memory, one more forward pass. */
  readonly recompute?: boolean;
  /** Of networks with classes, how much of each a row is, [rows, classes]; default: of none. */
  readonly classes?: Tensor;
}

/** v(x, t): images as rows [..., c · h · w] and times [..., 1] to velocities of the shape of x. */
export function applyUnet(
  network: UnetConfiguration,
  parameters: UnetTensors,
  x: Tensor,
  t: Tensor,
  options: ImageOptions = {},
): Tensor {
  const { channels, height, width } = network.image;
  const through = stages(network, applyTime(parameters.time, t, options.classes), options);
  let h = applyConvolution(parameters.entry, reshape(x, [...x.shape.slice(0, -1), channels, height, width]));
  const skips = [h];
  const keep = (next: Tensor) => {
    h = next;
    skips.push(h);
  };
  for (const { stages, resize } of parameters.down) {
    for (const stage of stages) keep(through(stage, h));
    if (resize) keep(applyHalving(resize, h));
  }
  for (const stage of parameters.middle.stages) h = through(stage, h);
  for (const { stages, resize } of parameters.up) {
    for (const stage of stages) h = through(stage, h, ...skips.splice(-1));
    const next = skips.at(-1);
    if (resize && next) h = applyConvolution(resize, cropped(upsample(h), next));
  }
  const last = silu(normalizeGroups(parameters.exit.normalization, h));
  return reshape(applyConvolution(parameters.exit.convolution, last), x.shape);
}

/** A residual block, and attention where it follows, on images whose channels stand one after another. */
function stages(
  { headChannels, dropout }: UnetConfiguration,
  time: Tensor,
  { masks = [], recompute = false }: ImageOptions,
) {
  let block = 0;
  return ({ residual, attention }: Stage<Tensor>, ...images: readonly Tensor[]): Tensor => {
    const mask = masks[block++];
    const made = ([moment = time, ...parts]: readonly Tensor[]) => {
      const next = applyResidual(residual, concatenate(parts, -3), moment, mask && { mask, share: dropout });
      return attention ? applyAttention(attention, next, headChannels) : next;
    };
    const inputs = [time, ...images];
    return recompute
      ? recomputed(made, inputs, tensorsOf({ residual, ...(attention && { attention }) }))
      : made(inputs);
  };
}

function tensorsOf(tree: object): readonly Tensor[] {
  return leafList<Tensor>(tree);
}

/** Without the last row or column, where halving had rounded up. */
function cropped(x: Tensor, like: Tensor): Tensor {
  const [height, width] = like.shape.slice(-2).map(Number);
  return slice(slice(x, -2, 0, height ?? 0), -1, 0, width ?? 0);
}

/** Shapes [c, h, w] of the dropout masks of one row, residual block after residual block. */
export function unetMaskShapes(network: UnetConfiguration): readonly (readonly number[])[] {
  const widths = levelWidths(network);
  const shapes = levelSizes(network).map(({ height, width }, level) => [widths[level] ?? 0, height, width]);
  const repeated = (count: number) => (shape: readonly number[]) => Array.from({ length: count }, () => shape);
  const blocks = network.residualBlocks;
  return [
    ...shapes.flatMap(repeated(blocks)),
    ...shapes.slice(-1).flatMap(repeated(2)),
    ...shapes.toReversed().flatMap(repeated(blocks + 1)),
  ];
}

function levelWidths({ channels, multipliers }: UnetConfiguration): readonly number[] {
  return multipliers.map((multiplier) => channels * multiplier);
}

function levelSizes({ image, multipliers }: UnetConfiguration) {
  return multipliers.map((_, level) => ({
    height: Math.ceil(image.height / 2 ** level),
    width: Math.ceil(image.width / 2 ** level),
  }));
}

function checkedUnet(network: UnetConfiguration): UnetConfiguration {
  const { image, channels, multipliers, residualBlocks, attentionAt, headChannels, dropout } = network;
  const sizes = Object.entries(image).map(([name, size]) => [`image.${name}`, size] as const);
  const counts = [...sizes, ...Object.entries({ channels, residualBlocks, headChannels })];
  const refuse = (where: string, expected: string, received: unknown) =>
    failure("option", { where: `unet ${where}`, expected, received: JSON.stringify(received) });
  for (const [name, count] of counts)
    if (!Number.isSafeInteger(count) || count < 1) throw refuse(name, "a whole number of at least 1", count);
  if (multipliers.length === 0 || !multipliers.every((m) => Number.isSafeInteger(m) && m >= 1))
    throw refuse("multipliers", "whole numbers of at least 1, one for each level", multipliers);
  if (!(dropout >= 0 && dropout < 1)) throw refuse("dropout", "at least 0 and below 1", dropout);
  if (!isClassCount(network.classes)) throw refuse("classes", "a whole number of at least 1", network.classes);
  const heights = levelSizes(network).map(({ height }) => height);
  const attending = multipliers.filter((_, k) => attentionAt.includes(heights[k] ?? 0) || k === multipliers.length - 1);
  const undivided = attending.map((m) => m * channels).find((width) => width % headChannels !== 0);
  if (undivided !== undefined) throw refuse("headChannels", `a divisor of the ${undivided} channels`, headChannels);
  const strange = attentionAt.find((size) => !heights.includes(size));
  if (strange !== undefined) throw refuse("attentionAt", `heights among ${heights.join(", ")}`, strange);
  return network;
}
