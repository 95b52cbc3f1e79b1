// resampling: images of twice the height and width, each pixel four times, and the adjoint: sums of four pixels.
import { failure } from "../errors.ts";
import { floats } from "./array.ts";
import { flattenImages, restoreImages } from "./convolution-forms.ts";
import { stretchOver } from "./layout.ts";
import { formatShape } from "./shape.ts";
import { apply, type Emitter, expectFloats, type Operator, type Tensor } from "./tensor.ts";

/** Every pixel as a square of four, [..., c, h, w] -> [..., c, 2 h, 2 w]. */
export function upsample(x: Tensor): Tensor {
  return apply(upsampleOperator, [x]);
}

/** The sum of every square of four pixels, [..., c, 2 h, 2 w] -> [..., c, h, w]. */
export function downsample(x: Tensor): Tensor {
  return apply(downsampleOperator, [x]);
}

export const upsampleOperator = resampling("upsample", 2, {
  adjoint: downsample,
  again: upsample,
  form: (emitter, x) =>
    emitter.node("Resize", [x, emitter.constant(floats([])), emitter.constant(floats([1, 1, 2, 2]))], {
      mode: "nearest",
      nearest_mode: "floor",
      coordinate_transformation_mode: "asymmetric",
    }),
});

export const downsampleOperator = resampling("downsample", 0.5, {
  adjoint: upsample,
  again: downsample,
  form: (emitter, x) => {
    const means = emitter.node("AveragePool", [x], { kernel_shape: [2, 2], strides: [2, 2] });
    return emitter.node("Mul", [means, emitter.constant(floats([4], []))]);
  },
});

interface Resampling {
  readonly adjoint: (g: Tensor) => Tensor;
  readonly again: (x: Tensor) => Tensor;
  readonly form: (emitter: Emitter, images: string) => string;
}

function resampling(name: string, factor: number, { adjoint, again, form }: Resampling): Operator {
  return {
    name,
    attributes: {},
    shape: (inputs) => {
      expectFloats(name, inputs);
      const from = inputs[0]?.shape ?? [];
      const size = from.slice(-2).map((n) => Number(n) * factor);
      if (from.length > 3 && size.every((n) => Number.isSafeInteger(n) && n > 0))
        return { shape: [...from.slice(0, -2), ...size], type: "float32" };
      const even = factor < 1 ? " of even height and width" : "";
      throw failure("shape", { where: name, expected: `images [..., c, h, w]${even}`, received: formatShape(from) });
    },
    reverse: ({ gradient }) => [adjoint(gradient)],
    forward: ({ tangents: [tangent], inputs: [x] }) =>
      tangent &&
      x &&
      again(
        stretchOver(
          tangent,
          x,
          [-3, -2, -1].map((axis) => axis + x.shape.length),
          name,
        ),
      ),
    onnx: (emitter, [x = ""], { inputs, shape }) => {
      const from = inputs[0]?.shape ?? [];
      return restoreImages(emitter, form(emitter, flattenImages(emitter, x, from)), shape, { name: x, shape: from });
    },
  };
}
