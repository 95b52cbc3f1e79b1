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
 * Images [n, c, size] and weights g [n, o, places] become kernels [o, c, kernel], by a matrix product of the images, shifted to each
 * place along the kernel's width, with g, moved down to each place along its height: all pairs of a shift and a move are the
 * kernel's places, and this copies fewer numbers than the images shifted to every place. With a stride, and for small images, these are
 * what is copied. The products run image by image where images are large, otherwise over all images at once, with the
 * channels last. benchmarks/convolution.ts measures it.
 */
export function weightForm(emitter: Emitter, x: string, g: string, sizes: WeightSizes): string {
  const { kernel, places, padding, stride, channels, outputs } = sizes;
  const area = places[0] * places[1];
  const order = area > 4 * outputs ? imagesApart : channelsLast;
  const weights = order.turn(emitter, g);
  if (stride === 1 && area > smallArea) {
    const moved = order.moved(emitter, weights, kernel[0]);
    const product = { left: kernel[0] * outputs, right: channels, area: area + (kernel[0] - 1) * places[1] };
    const images = order.turn(emitter, x);
    const products = range(kernel[1]).map((shift) => {
      const [left, right] = [padding - shift, padding - (kernel[1] - 1 - shift)];
      const edges = { height: [padding, padding], width: [left, right] } as const;
      return order.product(emitter, moved, padded(emitter, images, order, edges), product);
    });
    const left = order.movedFirst ? [kernel[0], outputs] : [outputs, kernel[0]];
    const shape = ints(emitter, ...left, kernel[1], channels);
    const shaped = emitter.node("Reshape", [joined(emitter, products, 1), shape]);
    return emitter.node("Transpose", [shaped], { perm: order.movedFirst ? [1, 3, 0, 2] : [0, 3, 1, 2] });
  }
  const edges = { height: [padding, padding], width: [padding, padding] } as const;
  const images = padded(emitter, order.turn(emitter, x), order, edges);
  const shifts = range(kernel[1]).map((shift) => under(emitter, images, order.height + 1, 1, shift, sizes));
  const wide = joined(emitter, shifts, order.channel);
  const rows = range(kernel[0]).map((shift) => under(emitter, wide, order.height, 0, shift, sizes));
  const product = { left: outputs, right: kernel[0] * kernel[1] * channels, area };
  const flat = order.product(emitter, weights, joined(emitter, rows, order.channel), product);
  const shaped = emitter.node("Reshape", [flat, ints(emitter, outputs, ...kernel, channels)]);
  return emitter.node("Transpose", [shaped], { perm: [0, 3, 1, 2] });
}

/** A product [left, right] of two arrays with so many channels, summed over all images and their `area` places. */
interface ProductSizes {
  readonly left: number;
  readonly right: number;
  readonly area: number;
}

/** How arrays [n, channels, height, width] are laid out for the products. */
interface Order {
  readonly channel: number;
  readonly height: number;
  turn(emitter: Emitter, images: string): string;
  /** Arrays moved down by each of a kernel's `count` rows, with zeros where it is not over them, as more channels. */
  moved(emitter: Emitter, images: string, count: number): string;
  /** Whether these are first by move, then by channel, or the other way round. */
  readonly movedFirst: boolean;
  product(emitter: Emitter, a: string, b: string, sizes: ProductSizes): string;
}

const imagesApart: Order = {
  channel: 1,
  height: 2,
  turn: (_, images) => images,
  movedFirst: false,
  // One below the other, g with `count` rows of zeros between: cut into pieces of equal height, these are the moves.
  moved: (emitter, images, count) => {
    if (count === 1) return images;
    const spaced = padded(emitter, images, imagesApart, { height: [0, count], width: [0, 0] });
    return joined(emitter, [...range(count - 1).map(() => spaced), images], 2);
  },
  product: (emitter, a, b, { left, right, area }) => {
    const [flat, other] = [
      emitter.node("Reshape", [a, ints(emitter, -1, left, area)]),
      emitter.node("Reshape", [b, ints(emitter, -1, right, area)]),
    ];
    const products = emitter.node("MatMul", [flat, emitter.node("Transpose", [other], { perm: [0, 2, 1] })]);
    return emitter.node("ReduceSum", [products, ints(emitter, 0)], { keepdims: 0 });
  },
};

const channelsLast: Order = {
  channel: 3,
  height: 1,
  turn: (emitter, images) => emitter.node("Transpose", [images], { perm: [0, 2, 3, 1] }),
  movedFirst: true,
  moved: (emitter, images, count) => {
    if (count === 1) return images;
    const moves = range(count).map((move) =>
      padded(emitter, images, channelsLast, { height: [move, count - 1 - move], width: [0, 0] }),
    );
    return joined(emitter, moves, 3);
  },
  product: (emitter, a, b, { left, right }) =>
    emitter.node(
      "Gemm",
      [emitter.node("Reshape", [a, ints(emitter, -1, left)]), emitter.node("Reshape", [b, ints(emitter, -1, right)])],
      { transA: 1 },
    ),
};

/** Rows and columns of zeros before and after; negative numbers cut so many off. */
interface Edges {
  readonly height: readonly [number, number];
  readonly width: readonly [number, number];
}

function padded(emitter: Emitter, images: string, { height: axis }: Order, { height, width }: Edges): string {
  if ([...height, ...width].every((count) => count === 0)) return images;
  const at = (end: 0 | 1) => [0, 0, 0, 0].map((_, k) => (k === axis ? height[end] : k === axis + 1 ? width[end] : 0));
  return emitter.node("Pad", [images, ints(emitter, ...at(0), ...at(1))]);
}

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
