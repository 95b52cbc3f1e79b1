// patches: a velocity network of images from matrix products alone, for weak machines: patches that look at each other.
import { failure } from "../errors.ts";
import type { Random } from "../random.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import type { FloatArray } from "../tensor/array.ts";
import { gelu } from "../tensor/functions.ts";
import { reshape, slice, transpose } from "../tensor/layout.ts";
import { affine } from "../tensor/matrix.ts";
import { recomputed } from "../tensor/recompute.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { leafList } from "../tensor/tree.ts";
import { attendPlaces } from "./attention.ts";
import { applyTime, type TimeParameters, timePlan } from "./embedding.ts";
import type { LinearParameters } from "./linear.ts";
import { normalizeLast } from "./normalization.ts";
import { drawParameters, linearPlan, type ParameterPlan } from "./parameters.ts";
import { type ImageOptions, type ImageSize, isClassCount } from "./unet.ts";

/** A transformer whose blocks read their shifts, scales and gates from the time (Peebles and Xie, arXiv 2212.09748). */
export interface PatchesConfiguration {
  readonly kind: "patches";
  readonly image: ImageSize;
  /** Height and width of a patch; both divide those of the image. */
  readonly patch: number;
  /** Numbers that stand for a patch, and for the time. */
  readonly width: number;
  readonly blocks: number;
  readonly headChannels: number;
  /** Width of the hidden layer of a block, in multiples of `width`. */
  readonly expansion: number;
  /** Classes that the network can be told, which are embedded as the time is; default 0. */
  readonly classes?: number;
}

/** A block: attention, then a hidden layer; `modulation` makes shift, scale and gate of both from the time. */
type BlockParameters<L> = {
  readonly modulation: LinearParameters<L>;
  readonly input: LinearParameters<L>;
  readonly output: LinearParameters<L>;
  readonly hidden: LinearParameters<L>;
  readonly back: LinearParameters<L>;
};

export type PatchesParameters<L> = {
  readonly time: TimeParameters<L>;
  readonly entry: LinearParameters<L>;
  /** What a patch is told about where it is. */
  readonly places: L;
  readonly blocks: readonly BlockParameters<L>[];
  readonly exit: { readonly modulation: LinearParameters<L>; readonly output: LinearParameters<L> };
};

export type PatchesArrays = PatchesParameters<FloatArray>;
export type PatchesTensors = PatchesParameters<Tensor>;

/** Shapes of all parameters and how they start: gates and the last layer at zero, so that the velocity does too. */
export function patchesPlan(network: PatchesConfiguration): PatchesParameters<ParameterPlan> {
  const { image, patch, width, blocks, expansion } = checkedPatches(network);
  const values = image.channels * patch ** 2;
  const count = (image.height / patch) * (image.width / patch);
  const block = {
    modulation: linearPlan(width, 6 * width, "zero"),
    input: linearPlan(width, 3 * width),
    output: linearPlan(width, width),
    hidden: linearPlan(width, expansion * width),
    back: linearPlan(expansion * width, width),
  };
  return {
    time: timePlan(width, width, network.classes),
    entry: linearPlan(values, width),
    places: { shape: [count, width], start: { kind: "normal", deviation: 0.02 } },
    blocks: Array.from({ length: blocks }, () => block),
    exit: { modulation: linearPlan(width, 2 * width, "zero"), output: linearPlan(width, values, "zero") },
  };
}

export function initialPatches(random: Random, network: PatchesConfiguration): PatchesArrays {
  return drawParameters(random, patchesPlan(network));
}

/** v(x, t): images as rows [..., c · h · w] and times [..., 1] to velocities of the shape of x. */
export function applyPatches(
  network: PatchesConfiguration,
  { time, entry, places, blocks, exit }: PatchesTensors,
  x: Tensor,
  t: Tensor,
  { recompute = false, classes }: Pick<ImageOptions, "recompute" | "classes"> = {},
): Tensor {
  const moment = applyTime(time, t, classes);
  const entered = add(linear(entry, cutPatches(network, x)), places);
  const left = blocks.reduce((h, block) => {
    const made = ([x = h, at = moment]: readonly Tensor[]) => applyBlock(network, block, x, at);
    const weights = leafList<Tensor>(block);
    return recompute ? recomputed(made, [h, moment], weights) : made([h, moment]);
  }, entered);
  const [shift, scale] = modulations(exit.modulation, moment, 2);
  return joinPatches(network, linear(exit.output, modulated(left, shift, scale)), x);
}

function applyBlock(
  { headChannels }: PatchesConfiguration,
  { modulation, input, output, hidden, back }: BlockParameters<Tensor>,
  x: Tensor,
  moment: Tensor,
): Tensor {
  const [shift, scale, gate, secondShift, secondScale, secondGate] = modulations(modulation, moment, 6);
  const attended = attendPatches(linear(input, modulated(x, shift, scale)), headChannels);
  const h = add(x, gated(linear(output, attended), gate));
  return add(h, gated(linear(back, gelu(linear(hidden, modulated(h, secondShift, secondScale)))), secondGate));
}

/** Queries, keys and values [..., patches, 3 width], head by head, to what the patches find [..., patches, width]. */
function attendPatches(input: Tensor, headChannels: number): Tensor {
  const front = input.shape.slice(0, -2);
  const [count = 1, triple = 3] = input.shape.slice(-2).map(Number);
  const heads = triple / 3 / headChannels;
  const apart = transpose(reshape(input, [...front, count, heads, 3 * headChannels]), behind(front.length, [1, 2, 0]));
  const part = (k: number) => slice(apart, -2, k * headChannels, (k + 1) * headChannels);
  const found = transpose(attendPlaces(part(0), part(1), part(2)), behind(front.length, [2, 0, 1]));
  return reshape(found, [...front, count, triple / 3]);
}

/** The time's numbers [..., 1, width] for each use, to stand beside patches [..., patches, width]. */
function modulations(layer: LinearParameters<Tensor>, moment: Tensor, count: number): readonly Tensor[] {
  const all = linear(layer, moment);
  const width = Number(all.shape.at(-1)) / count;
  const lifted = reshape(all, [...all.shape.slice(0, -1), 1, count * width]);
  return Array.from({ length: count }, (_, k) => slice(lifted, -1, k * width, (k + 1) * width));
}

function modulated(x: Tensor, shift: Tensor | undefined, scale: Tensor | undefined): Tensor {
  return add(multiply(normalizeLast(x), add(1, scale ?? 0)), shift ?? 0);
}

function gated(x: Tensor, gate: Tensor | undefined): Tensor {
  return multiply(x, gate ?? 1);
}

function linear({ weight, bias }: LinearParameters<Tensor>, x: Tensor): Tensor {
  return affine(x, weight, bias);
}

/** Rows [..., c · h · w] as patches [..., count, c · p · p]. */
function cutPatches({ image, patch }: PatchesConfiguration, x: Tensor): Tensor {
  const front = x.shape.slice(0, -1);
  const [rows, columns] = [image.height / patch, image.width / patch];
  const cut = reshape(x, [...front, image.channels, rows, patch, columns, patch]);
  const turned = transpose(cut, behind(front.length, [1, 3, 0, 2, 4]));
  return reshape(turned, [...front, rows * columns, image.channels * patch ** 2]);
}

/** The inverse of `cutPatches`; `like` is what was cut. */
function joinPatches({ image, patch }: PatchesConfiguration, patches: Tensor, like: Tensor): Tensor {
  const front = like.shape.slice(0, -1);
  const [rows, columns] = [image.height / patch, image.width / patch];
  const cut = reshape(patches, [...front, rows, columns, image.channels, patch, patch]);
  return reshape(transpose(cut, behind(front.length, [2, 0, 3, 1, 4])), like.shape);
}

/** A permutation of the axes behind the first ones. */
function behind(first: number, permutation: readonly number[]): readonly number[] {
  return [...Array.from({ length: first }, (_, axis) => axis), ...permutation.map((axis) => first + axis)];
}

function checkedPatches(network: PatchesConfiguration): PatchesConfiguration {
  const { image, patch, width, blocks, headChannels, expansion } = network;
  const refuse = (where: string, expected: string, received: number | undefined) =>
    failure("option", { where: `patches ${where}`, expected, received: String(received) });
  const sizes = Object.entries(image).map(([name, size]) => [`image.${name}`, size] as const);
  for (const [name, count] of [...sizes, ...Object.entries({ patch, width, blocks, headChannels, expansion })])
    if (!Number.isSafeInteger(count) || count < 1) throw refuse(name, "a whole number of at least 1", count);
  if (image.height % patch !== 0 || image.width % patch !== 0)
    throw refuse("patch", `a divisor of height ${image.height} and width ${image.width}`, patch);
  if (!isClassCount(network.classes)) throw refuse("classes", "a whole number of at least 1", network.classes);
  if (width % headChannels !== 0) throw refuse("headChannels", `a divisor of the width ${width}`, headChannels);
  return network;
}
