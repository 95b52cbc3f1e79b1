// convolutions: the three gradients of <g, w * x> in 64 bits, straight from the sum that defines it.
import type { Value } from "./reference.ts";

interface Sizes {
  readonly stride: number;
  readonly padding: number;
}

/** Calls `visit` for every product g · w · x of the sum, with the places of the three factors in their arrays. */
function eachProduct(
  images: readonly number[],
  kernels: readonly number[],
  weights: readonly number[],
  { stride, padding }: Sizes,
  visit: (x: number, w: number, g: number) => void,
): void {
  const [c = 0, height = 0, width = 0] = images.slice(-3);
  const [o = 0, , kh = 0, kw = 0] = kernels;
  const [, rows = 0, columns = 0] = weights.slice(-3);
  const count = images.slice(0, -3).reduce((a, b) => a * b, 1);
  const places = [count, o, rows, columns, c, kh, kw];
  const total = places.reduce((a, b) => a * b, 1);
  for (let i = 0; i < total; i++) {
    let rest = i;
    const index = places.map(() => 0);
    for (let axis = places.length - 1; axis >= 0; axis--) {
      index[axis] = rest % (places[axis] ?? 1);
      rest = Math.floor(rest / (places[axis] ?? 1));
    }
    const [image = 0, out = 0, row = 0, column = 0, channel = 0, ky = 0, kx = 0] = index;
    const [y, x] = [row * stride + ky - padding, column * stride + kx - padding];
    if (y < 0 || y >= height || x < 0 || x >= width) continue;
    visit(
      ((image * c + channel) * height + y) * width + x,
      ((out * c + channel) * kh + ky) * kw + kx,
      ((image * o + out) * rows + row) * columns + column,
    );
  }
}

const zerosOf = (shape: readonly number[]) => new Float64Array(shape.reduce((a, b) => a * b, 1));

/** The convolution itself, with a bias when there is one. */
export function convolved(x: Value, weight: Value, bias: Value | undefined, sizes: Sizes): Value {
  const places = x.shape.slice(-2).map((size, axis) => {
    const room = size + 2 * sizes.padding - (weight.shape[2 + axis] ?? 0);
    return Math.floor(room / sizes.stride) + 1;
  });
  const shape = [...x.shape.slice(0, -3), weight.shape[0] ?? 0, ...places];
  const area = places.reduce((a, b) => a * b, 1);
  const data = zerosOf(shape).map((_, i) => bias?.data[Math.floor(i / area) % (weight.shape[0] ?? 1)] ?? 0);
  eachProduct(x.shape, weight.shape, shape, sizes, (i, j, k) => {
    data[k] = (data[k] ?? 0) + (x.data[i] ?? 0) * (weight.data[j] ?? 0);
  });
  return { shape, data };
}

/** The gradient in x, for images of a height and width. */
export function spread(g: Value, weight: Value, size: readonly number[], sizes: Sizes): Value {
  const shape = [...g.shape.slice(0, -3), weight.shape[1] ?? 0, ...size];
  const data = zerosOf(shape);
  eachProduct(shape, weight.shape, g.shape, sizes, (i, j, k) => {
    data[i] = (data[i] ?? 0) + (g.data[k] ?? 0) * (weight.data[j] ?? 0);
  });
  return { shape, data };
}

/** The gradient in the kernels, which have a height and width. */
export function correlated(x: Value, g: Value, kernel: readonly number[], sizes: Sizes): Value {
  const shape = [g.shape.at(-3) ?? 0, x.shape.at(-3) ?? 0, ...kernel];
  const data = zerosOf(shape);
  eachProduct(x.shape, shape, g.shape, sizes, (i, j, k) => {
    data[j] = (data[j] ?? 0) + (x.data[i] ?? 0) * (g.data[k] ?? 0);
  });
  return { shape, data };
}

/** Each pixel as a square of four; the adjoint is had by the same loop, the other way. */
export function upsampled(x: Value): Value {
  const [height = 0, width = 0] = x.shape.slice(-2);
  const shape = [...x.shape.slice(0, -2), 2 * height, 2 * width];
  const data = zerosOf(shape);
  eachPixel(shape, (large, small) => {
    data[large] = x.data[small] ?? Number.NaN;
  });
  return { shape, data };
}

/** Sums of squares of four pixels. */
export function downsampled(x: Value): Value {
  const shape = [...x.shape.slice(0, -2), ...x.shape.slice(-2).map((size) => size / 2)];
  const data = zerosOf(shape);
  eachPixel(x.shape, (large, small) => {
    data[small] = (data[small] ?? Number.NaN) + (x.data[large] ?? Number.NaN);
  });
  return { shape, data };
}

/** The place of every pixel of large images, and of the pixel of the small ones that it belongs to. */
function eachPixel(shape: readonly number[], visit: (large: number, small: number) => void): void {
  const [height = 0, width = 0] = shape.slice(-2);
  zerosOf(shape).forEach((_, i) => {
    const [plane, row, column] = [Math.floor(i / (height * width)), Math.floor(i / width) % height, i % width];
    visit(i, (plane * (height / 2) + Math.floor(row / 2)) * (width / 2) + Math.floor(column / 2));
  });
}
