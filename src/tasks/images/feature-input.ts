// feature-input: images as a feature network of others wants them: its size, its order of axes, its range of values.

import { type ValueRange, valueRanges } from "../../data/images/array-images.ts";
import type { PixelBlock } from "../../data/images/image-set.ts";
import { failure } from "../../errors.ts";
import { type FloatArray, floats } from "../../tensor/array.ts";

/**
 * How images grow or shrink: `bilinear` mixes the two nearest pixels, their centres half a pixel inside (pytorch-fid); `corner` is the
 * same with pixels at their corners (torch-fidelity, the first TensorFlow Inception); `bicubic` is Pillow's, which also
 * smooths what shrinks (clean-fid).
 */
export type Resizing = "bilinear" | "corner" | "bicubic";

/** What black and white are for the network; `imagenet` subtracts the colours' means and divides by their deviations. */
export type FeatureRange = ValueRange | "imagenet";

export interface FeatureInput {
  readonly layout: "NCHW" | "NHWC";
  readonly channels: 1 | 3;
  readonly height: number;
  readonly width: number;
  readonly resizing: Resizing;
  readonly range: FeatureRange;
}

/** torchvision's means and deviations of red, green and blue. */
const imagenet = { mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225] } as const;

/** Images [n, channels, height, width] or [n, height, width, channels]; gray ones are repeated where colours are wanted. */
export function featureInput(images: PixelBlock, wanted: FeatureInput): FloatArray {
  const { layout, channels, height, width } = wanted;
  if (images.channels > channels)
    throw failure("data", {
      where: "feature network",
      expected: "gray images",
      received: "images in colour",
      remedy: "use a network made for colour",
    });
  const plane = height * width;
  const values = new Float32Array(images.count * channels * plane);
  const resize = planeResizer(images, wanted);
  const own = images.height * images.width;
  for (let image = 0; image < images.count; image++)
    for (let channel = 0; channel < channels; channel++) {
      const source = Math.min(channel, images.channels - 1);
      const at = (image * images.channels + source) * own;
      const resized = resize(images.levels.subarray(at, at + own));
      const { scale, offset } = valuesOf(wanted.range, channel);
      const to = (image * channels + channel) * plane;
      for (let i = 0; i < plane; i++) values[to + i] = resized[i]! * scale + offset;
    }
  const ordered = layout === "NHWC" ? interleaved(values, channels, plane) : values;
  const shape = layout === "NHWC" ? [height, width, channels] : [channels, height, width];
  return floats(ordered, [images.count, ...shape]);
}

/** Values are level · scale + offset. */
function valuesOf(range: FeatureRange, channel: number): { readonly scale: number; readonly offset: number } {
  if (range === "imagenet") {
    const [mean, deviation] = [imagenet.mean[channel]!, imagenet.deviation[channel]!];
    return { scale: 1 / (255 * deviation), offset: -mean / deviation };
  }
  const [black, white] = valueRanges[range];
  return { scale: (white - black) / 255, offset: black };
}

function interleaved(values: Float32Array, channels: number, plane: number): Float32Array {
  if (channels === 1) return values;
  const out = new Float32Array(values.length);
  for (let i = 0; i < values.length; i++) {
    const [image, channel, pixel] = [Math.floor(i / (channels * plane)), Math.floor(i / plane) % channels, i % plane];
    out[(image * plane + pixel) * channels + channel] = values[i]!;
  }
  return out;
}

/** Which source pixels make up each target pixel of one axis, and how much of each. */
type AxisWeights = readonly (readonly { readonly at: number; readonly weight: number }[])[];

/** Levels of one plane to the wanted size: the rows first, then the columns. */
function planeResizer(from: PixelBlock, to: FeatureInput): (levels: Uint8Array) => ArrayLike<number> {
  if (from.height === to.height && from.width === to.width) return (levels) => levels;
  const columns = axisWeights(from.width, to.width, to.resizing);
  const rows = axisWeights(from.height, to.height, to.resizing);
  return (levels) => {
    const wide = new Float64Array(from.height * to.width);
    for (let y = 0; y < from.height; y++)
      columns.forEach((parts, x) => {
        for (const { at, weight } of parts) wide[y * to.width + x]! += weight * levels[y * from.width + at]!;
      });
    const out = new Float64Array(to.height * to.width);
    rows.forEach((parts, y) => {
      for (const { at, weight } of parts)
        for (let x = 0; x < to.width; x++) out[y * to.width + x]! += weight * wide[at * to.width + x]!;
    });
    return out;
  };
}

/** The weights of an axis of `from` pixels made `to` pixels long. */
export function axisWeights(from: number, to: number, resizing: Resizing): AxisWeights {
  const scale = from / to;
  return Array.from({ length: to }, (_, target) => {
    if (resizing === "bicubic") return cubicWeights((target + 0.5) * scale, Math.max(scale, 1), from);
    const place = resizing === "corner" ? target * scale : Math.max(0, (target + 0.5) * scale - 0.5);
    const first = Math.min(from - 1, Math.floor(place));
    const rest = place - first;
    const next = Math.min(from - 1, first + 1);
    return [
      { at: first, weight: 1 - rest },
      { at: next, weight: rest },
    ];
  });
}

/** Keys' cubic with a = -1/2, stretched by `wide` where pixels are merged, weights of sum 1. */
function cubicWeights(centre: number, wide: number, from: number): AxisWeights[number] {
  const first = Math.max(0, Math.floor(centre - 2 * wide + 0.5));
  const end = Math.min(from, Math.floor(centre + 2 * wide + 0.5));
  const parts = Array.from({ length: end - first }, (_, i) => {
    const x = Math.abs((first + i - centre + 0.5) / wide);
    const near = (1.5 * x - 2.5) * x * x + 1;
    const far = -0.5 * (((x - 5) * x + 8) * x - 4);
    return { at: first + i, weight: x < 1 ? near : x < 2 ? far : 0 };
  });
  const total = parts.reduce((sum, { weight }) => sum + weight, 0);
  return parts.map(({ at, weight }) => ({ at, weight: weight / total }));
}
