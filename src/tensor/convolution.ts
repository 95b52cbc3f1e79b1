// convolution: <g, w * x> is linear in the images x, the kernels w and the result's weights g; here are its three gradients.
import { failure } from "../errors.ts";
import { add } from "./arithmetic.ts";
import { flattenImages, inputForm, restoreImages, weightForm } from "./convolution-forms.ts";
import { reshape, stretchOver, sum } from "./layout.ts";
import { formatShape, type Shape, type Size, sameShape } from "./shape.ts";
import { apply, expectFloats, type Operator, type Tensor } from "./tensor.ts";

/** How kernels are laid over images: the step between places, and the zeros around each image. */
export interface Sliding {
  readonly stride: number;
  readonly padding: number;
}

const plain: Sliding = { stride: 1, padding: 0 };

/**
 * Images x [..., c, h, w] under kernels [o, c, kh, kw] (a cross-correlation, as in networks), with a bias [o] when given:
 * [..., o, h', w'] where h' = floor((h + 2 padding - kh) / stride) + 1.
 */
export function convolution(x: Tensor, weight: Tensor, sliding: Sliding = plain, bias?: Tensor): Tensor {
  return apply(
    convolutionOperator(sliding.stride, sliding.padding),
    bias === undefined ? [x, weight] : [x, weight, bias],
  );
}

/** The adjoint in x: weights g [..., o, h', w'] of the result become images [..., c, h, w] of the given height and width. */
export function convolutionInput(
  g: Tensor,
  weight: Tensor,
  size: readonly [number, number],
  sliding: Sliding = plain,
): Tensor {
  return apply(convolutionInputOperator(sliding.stride, sliding.padding, size), [g, weight]);
}

/** The adjoint in the kernels: images x and weights g of their result become [o, c, kh, kw], summed over all images. */
export function convolutionWeight(
  x: Tensor,
  g: Tensor,
  kernel: readonly [number, number],
  sliding: Sliding = plain,
): Tensor {
  return apply(convolutionWeightOperator(sliding.stride, sliding.padding, kernel), [x, g]);
}

export const convolutionOperator = (stride: number, padding: number): Operator => ({
  name: "convolution",
  attributes: { stride, padding },
  shape: (inputs) => {
    expectFloats("convolution", inputs);
    const [x = [], weight = [], bias] = inputs.map((input) => input.shape);
    const [o = 0, c, kh = 0, kw = 0] = weight;
    const [channels, h = 0, w = 0] = x.slice(-3);
    const size = [places(h, kh, stride, padding), places(w, kw, stride, padding)];
    const fits = x.length > 3 && weight.length === 4 && channels === c && Number.isSafeInteger(c);
    if (!fits || size.includes(0) || (bias && !sameShape(bias, [o])))
      throw misfit("convolution", "images [..., c, h, w] no smaller than the kernels [o, c, kh, kw], bias [o]", inputs);
    return { shape: [...x.slice(0, -3), o, ...size], type: "float32" };
  },
  reverse: ({ gradient: g, inputs: [x, weight], needed }) =>
    x && weight
      ? [
          needed[0] ? convolutionInput(g, weight, lastTwo(x.shape), { stride, padding }) : undefined,
          needed[1] ? convolutionWeight(x, g, lastTwo(weight.shape), { stride, padding }) : undefined,
          needed[2] ? sumImages(g) : undefined,
        ]
      : [],
  forward: ({ tangents: [dx, dWeight, dBias], inputs: [x, weight, bias] }) => {
    if (!x || !weight) return undefined;
    const sliding = { stride, padding };
    return total([
      dx && convolution(whole(dx, x, leading(x)), weight, sliding),
      dWeight && convolution(x, whole(dWeight, weight, [0]), sliding),
      dBias && bias && reshape(dBias, [...leading(x).map(() => 1), dBias.shape[0] ?? 1, 1, 1]),
    ]);
  },
  onnx: (emitter, [x = "", ...others], { inputs, shape }) => {
    const from = inputs[0]?.shape ?? [];
    const pads = [padding, padding, padding, padding];
    const flat = flattenImages(emitter, x, from);
    const y = emitter.node("Conv", [flat, ...others], { strides: [stride, stride], pads });
    return restoreImages(emitter, y, shape, { name: x, shape: from });
  },
});

export const convolutionInputOperator = (
  stride: number,
  padding: number,
  size: readonly [number, number],
): Operator => ({
  name: "convolutionInput",
  attributes: { stride, padding, size },
  shape: (inputs) => {
    expectFloats("convolutionInput", inputs);
    const [g = [], weight = []] = inputs.map((input) => input.shape);
    const [o, c = 0, kh = 0, kw = 0] = weight;
    const expected = [o, places(size[0], kh, stride, padding), places(size[1], kw, stride, padding)];
    const fits = g.length > 3 && weight.length === 4 && expected.every((n, i) => n === g[g.length - 3 + i]);
    if (!fits || expected.includes(0))
      throw misfit("convolutionInput", `weights of the result for images of ${size.join(" x ")}, and kernels`, inputs);
    return { shape: [...g.slice(0, -3), c, ...size], type: "float32" };
  },
  reverse: ({ gradient: u, inputs: [g, weight], needed }) =>
    g && weight
      ? [
          needed[0] ? convolution(u, weight, { stride, padding }) : undefined,
          needed[1] ? convolutionWeight(u, g, lastTwo(weight.shape), { stride, padding }) : undefined,
        ]
      : [],
  forward: ({ tangents: [dg, dWeight], inputs: [g, weight] }) => {
    if (!g || !weight) return undefined;
    const sliding = { stride, padding };
    return total([
      dg && convolutionInput(whole(dg, g, leading(g)), weight, size, sliding),
      dWeight && convolutionInput(g, whole(dWeight, weight, [1]), size, sliding),
    ]);
  },
  onnx: (emitter, [g = "", weight = ""], { inputs, shape }) => {
    const [from = [], kernels = []] = inputs.map((input) => input.shape);
    const flat = flattenImages(emitter, g, from);
    const y = inputForm(emitter, flat, weight, {
      ...{ stride, padding, size },
      kernel: lastTwo(kernels),
      places: lastTwo(from),
    });
    return restoreImages(emitter, y, shape, { name: g, shape: from });
  },
});

export const convolutionWeightOperator = (
  stride: number,
  padding: number,
  kernel: readonly [number, number],
): Operator => ({
  name: "convolutionWeight",
  attributes: { stride, padding, kernel },
  shape: (inputs) => {
    expectFloats("convolutionWeight", inputs);
    const [x = [], g = []] = inputs.map((input) => input.shape);
    const [c = 0, h = 0, w = 0] = x.slice(-3);
    const [o = 0, ...size] = g.slice(-3);
    const expected = [places(h, kernel[0], stride, padding), places(w, kernel[1], stride, padding)];
    const fits = x.length > 3 && sameShape(x.slice(0, -3), g.slice(0, -3)) && sameShape(size, expected);
    if (!fits || expected.includes(0))
      throw misfit("convolutionWeight", `images, and weights of their result under ${kernel.join(" x ")}`, inputs);
    return { shape: [o, c, ...kernel], type: "float32" };
  },
  reverse: ({ gradient: u, inputs: [x, g], needed }) =>
    x && g
      ? [
          needed[0] ? convolutionInput(g, u, lastTwo(x.shape), { stride, padding }) : undefined,
          needed[1] ? convolution(x, u, { stride, padding }) : undefined,
        ]
      : [],
  forward: ({ tangents: [dx, dg], inputs: [x, g] }) => {
    if (!x || !g) return undefined;
    const sliding = { stride, padding };
    return total([
      dx && convolutionWeight(whole(dx, x, [x.shape.length - 3]), g, kernel, sliding),
      dg && convolutionWeight(x, whole(dg, g, [g.shape.length - 3]), kernel, sliding),
    ]);
  },
  onnx: (emitter, [x = "", g = ""], { inputs, shape: [o, c] }) => {
    const [images = [], weights = []] = inputs.map((input) => input.shape);
    return weightForm(emitter, flattenImages(emitter, x, images), flattenImages(emitter, g, weights), {
      ...{ stride, padding, kernel, size: lastTwo(images), places: lastTwo(weights) },
      channels: Number(c),
      outputs: Number(o),
    });
  },
});

/** How often a kernel fits along an axis; 0 when it does not. */
function places(size: Size, kernel: Size, stride: number, padding: number): number {
  const whole = [size, kernel, stride, padding].every((n) => Number.isSafeInteger(n) && Number(n) >= 0);
  const room = Number(size) + 2 * padding - Number(kernel);
  return whole && stride > 0 && Number(kernel) > 0 && Number(size) > 0 && room >= 0 ? Math.floor(room / stride) + 1 : 0;
}

/** The last two sizes, which the shape rules hold to be numbers. */
function lastTwo(shape: Shape): readonly [number, number] {
  return [Number(shape.at(-2)), Number(shape.at(-1))];
}

/** The axes before channels, height and width: one image for each of their places. */
function leading(images: Tensor): readonly number[] {
  return images.shape.slice(0, -3).map((_, axis) => axis);
}

/** A tangent with every element of its value, but for the axes along which directions may travel. */
function whole(tangent: Tensor, value: Tensor, free: readonly number[]): Tensor {
  const axes = value.shape.map((_, axis) => axis).filter((axis) => !free.includes(axis));
  return stretchOver(tangent, value, axes, "convolution");
}

/** The sum over everything but channels: [..., o, h, w] -> [o]. */
function sumImages(images: Tensor): Tensor {
  const channel = images.shape.length - 3;
  return sum(
    images,
    images.shape.map((_, axis) => axis).filter((axis) => axis !== channel),
  );
}

function total(parts: readonly (Tensor | undefined)[]): Tensor | undefined {
  return parts.reduce((sofar, part) => (sofar && part ? add(sofar, part) : (sofar ?? part)), undefined);
}

function misfit(where: string, expected: string, inputs: readonly Tensor[]) {
  return failure("shape", { where, expected, received: inputs.map(({ shape }) => formatShape(shape)).join(", ") });
}
