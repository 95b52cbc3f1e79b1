// convolution-forms: how onnxruntime is asked for the two adjoints of a convolution, which it has no good kernels for.
import { integers } from "./array.ts";
import { shapeVector } from "./layout.ts";
import type { Shape } from "./shape.ts";
import type { Emitter } from "./tensor.ts";

/** The sizes of a convolution of images [n, c, size] with kernels [o, c, kernel]: a result [n, o, places]. */
export interface ConvolutionSizes {
  readonly stride: number;
  readonly padding: number;
  readonly size: readonly [number, number];
  readonly kernel: readonly [number, number];
  readonly places: readonly [number, number];
}

/** Any number of leading axes become one. */
export function flattenImages(emitter: Emitter, images: string, shape: Shape): string {
  if (shape.length === 4) return images;
  return emitter.node("Reshape", [images, ints(emitter, -1, ...shape.slice(-3).map(Number))]);
}

/** The leading axes as they were: those of `like`. */
export function restoreImages(
  emitter: Emitter,
  images: string,
  shape: Shape,
  like: { readonly name: string; readonly shape: Shape },
): string {
  if (shape.length === 4) return images;
  return emitter.node("Reshape", [
    images,
    shapeVector(emitter, shape, (size) => ({ name: like.name, axis: like.shape.indexOf(size) })),
  ]);
}

/** Results of at most so many places are small: copying is cheap beside products, and turning kernels is not. */
const smallArea = 64;

/**
 * Weights of the result g [n, o, places] and kernels become images [n, c, size]. A stride of 1 is once more a convolution, with
 * turned kernels, which is faster than ConvTranspose unless the images are small.
 */
export function inputForm(emitter: Emitter, g: string, weight: string, sizes: ConvolutionSizes): string {
  const { stride, padding, size, kernel, places } = sizes;
  const [top = 0, left = 0] = kernel.map((k) => k - 1 - padding);
  if (stride === 1 && top >= 0 && left >= 0 && places[0] * places[1] > smallArea) {
    const swapped = emitter.node("Transpose", [turned(emitter, weight, kernel)], { perm: [1, 0, 2, 3] });
    return emitter.node("Conv", [g, swapped], { pads: [top, left, top, left] });
  }
  const rest = kernel.map((k, axis) => (size[axis] ?? 0) - ((places[axis] ?? 0) - 1) * stride + 2 * padding - k);
  return emitter.node("ConvTranspose", [g, weight], {
    strides: [stride, stride],
    pads: [padding, padding, padding, padding],
    output_padding: rest,
  });
}

/** Kernels upside down and back to front. */
function turned(emitter: Emitter, weight: string, kernel: readonly [number, number]): string {
  if (kernel[0] === 1 && kernel[1] === 1) return weight;
  const [back, past] = [ints(emitter, -1, -1), ints(emitter, -kernel[0] - 1, -kernel[1] - 1)];
  return emitter.node("Slice", [weight, back, past, ints(emitter, 2, 3), back]);
}

/** Which numbers of channels the kernel gradient is between. */
export interface WeightSizes extends ConvolutionSizes {
  readonly channels: number;
  readonly outputs: number;
}

/**
 * Images [n, c, size] and weights g [n, o, places] become kernels [o, c, kernel]. For each row of the kernel, the images shifted
 * by each of its places stand side by side, as the columns of one matrix product with g: fewer and wider products than one for
 * each place, and a third of the memory of one for all, which small images get. The products run image by image where images
 * are large, otherwise over all images at once, with the channels last. benchmarks/convolution.ts measures it.
 */
export function weightForm(emitter: Emitter, x: string, g: string, sizes: WeightSizes): string {
  const { kernel, places, padding, channels, outputs } = sizes;
  const area = places[0] * places[1];
  const order = area > 4 * outputs ? imagesApart : channelsLast;
  const edges = [padding, padding];
  const padded = padding === 0 ? x : emitter.node("Pad", [x, ints(emitter, 0, 0, ...edges, 0, 0, ...edges)]);
  const images = order.turn(emitter, padded);
  const shifts = range(kernel[1]).map((shift) => under(emitter, images, order.height + 1, 1, shift, sizes));
  const wide = joined(emitter, shifts, order.channel);
  const rows = range(kernel[0]).map((shift) => under(emitter, wide, order.height, 0, shift, sizes));
  const weights = order.weights(emitter, g, sizes);
  const groups = area > smallArea ? rows : [joined(emitter, rows, order.channel)];
  const width = (kernel[0] / groups.length) * kernel[1] * channels;
  const products = groups.map((columns) => order.product(emitter, weights, columns, { ...sizes, channels: width }));
  const flat = joined(emitter, products, 1);
  if (channels === 1) return emitter.node("Reshape", [flat, ints(emitter, outputs, channels, ...kernel)]);
  const shaped = emitter.node("Reshape", [flat, ints(emitter, outputs, ...kernel, channels)]);
  return emitter.node("Transpose", [shaped], { perm: [0, 3, 1, 2] });
}

/** How images and weights are laid out for the products, and one product [o, c]. */
interface Order {
  readonly channel: number;
  readonly height: number;
  turn(emitter: Emitter, images: string): string;
  weights(emitter: Emitter, g: string, sizes: WeightSizes): string;
  product(emitter: Emitter, weights: string, columns: string, sizes: WeightSizes): string;
}

const imagesApart: Order = {
  channel: 1,
  height: 2,
  turn: (_, images) => images,
  weights: (emitter, g, { outputs, places }) =>
    emitter.node("Reshape", [g, ints(emitter, -1, outputs, places[0] * places[1])]),
  product: (emitter, weights, columns, { channels, places }) => {
    const flat = emitter.node("Reshape", [columns, ints(emitter, -1, channels, places[0] * places[1])]);
    const products = emitter.node("MatMul", [weights, emitter.node("Transpose", [flat], { perm: [0, 2, 1] })]);
    return emitter.node("ReduceSum", [products, ints(emitter, 0)], { keepdims: 0 });
  },
};

const channelsLast: Order = {
  channel: 3,
  height: 1,
  turn: (emitter, images) => emitter.node("Transpose", [images], { perm: [0, 2, 3, 1] }),
  weights: (emitter, g, { outputs }) =>
    emitter.node("Reshape", [emitter.node("Transpose", [g], { perm: [0, 2, 3, 1] }), ints(emitter, -1, outputs)]),
  product: (emitter, weights, columns, { channels }) =>
    emitter.node("Gemm", [weights, emitter.node("Reshape", [columns, ints(emitter, -1, channels)])], { transA: 1 }),
};

/** The pixels that meet place `shift` of the kernel along height (`at` 0) or width (1). */
function under(
  emitter: Emitter,
  images: string,
  axis: number,
  at: 0 | 1,
  shift: number,
  { places, stride, padding, size }: ConvolutionSizes,
): string {
  const span = (places[at] - 1) * stride + 1;
  if (shift === 0 && stride === 1 && span === size[at] + 2 * padding) return images;
  const bounds = [shift, shift + span, axis, stride].map((bound) => ints(emitter, bound));
  return emitter.node("Slice", [images, ...bounds]);
}

function joined(emitter: Emitter, parts: readonly string[], axis: number): string {
  return parts.length === 1 ? (parts[0] ?? "") : emitter.node("Concat", parts, { axis });
}

function range(count: number): readonly number[] {
  return Array.from({ length: count }, (_, i) => i);
}

function ints(emitter: Emitter, ...numbers: readonly number[]): string {
  return emitter.constant(integers(numbers));
}
