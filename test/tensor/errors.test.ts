// errors: a mistake in a graph is named where it is made, with what was expected and what came.
import { describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { add, exponential, greater, where } from "../../src/tensor/arithmetic.ts";
import { floats, integers } from "../../src/tensor/array.ts";
import { convolution, convolutionInput, convolutionWeight } from "../../src/tensor/convolution.ts";
import { softmax } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { concatenate, reshape, sizeOf, slice, sum, transpose } from "../../src/tensor/layout.ts";
import { affine, contract, gatherRows, matmul } from "../../src/tensor/matrix.ts";
import { operators } from "../../src/tensor/operators.ts";
import { downsample, upsample } from "../../src/tensor/resampling.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { apply, placeholder } from "../../src/tensor/tensor.ts";

const x = placeholder(["batch", 3]);
const images = placeholder(["batch", 2, 4, 4]);
const index = placeholder([4], "int64");
const flag = greater(x, 0);

const mistakes: readonly (readonly [string, () => unknown])[] = [
  [
    "add: expected shapes that broadcast (equal sizes or 1, aligned at the right), got [batch, 3] and [4]",
    () => add(x, placeholder([4])),
  ],
  [
    "add: expected shapes that broadcast (equal sizes or 1, aligned at the right), got [batch, 3] and [rows, 3]",
    () => add(x, placeholder(["rows", 3])),
  ],
  ["exponential: expected float32, got bool [batch, 3]", () => exponential(flag)],
  ["greater: expected float32, got int64 [4]", () => greater(1, index)],
  ["where: expected a bool condition, got float32 [batch, 3]", () => where(x, 1, 0)],
  ["where: expected choices of one type, got int64 and float32", () => where(placeholder([4], "bool"), index, 1)],
  ["matmul: expected matrices whose inner sizes agree, got [batch, 3] and [batch, 3]", () => matmul(x, x)],
  [
    "matmul: expected matrices whose inner sizes agree, got [batch, 3] transposed and [3, 2]",
    () => matmul(x, placeholder([3, 2]), { transposeLeft: true }),
  ],
  [
    "matmul: expected matrices whose inner sizes agree, got [3] and [3, 2]",
    () => matmul(placeholder([3]), placeholder([3, 2])),
  ],
  ["matmul: expected shapes that broadcast", () => matmul(placeholder([2, 3, 3]), placeholder([4, 3, 3]))],
  [
    "affine: expected x [n, k], weight [k, m] and bias [m], got [batch, 3], [3, 2], [3]",
    () => affine(x, placeholder([3, 2]), placeholder([3])),
  ],
  [
    "gatherRows: expected a table [n, d] and an int64 index [m], got [batch, 3] and float32 [batch, 3]",
    () => gatherRows(x, x),
  ],
  [
    "scatter: expected a table [n, d], an int64 index [m] and rows [m, d], got float32 [batch, 3], int64 [4], float32 [4, 2]",
    () => apply(operators.scatter, [x, index, placeholder([4, 2])]),
  ],
  [
    "contract: expected rows [..., k] and [..., m] with equal leading axes, got [2, 3, 1] and [3, 2, 1]",
    () => contract(placeholder([2, 3, 1]), placeholder([3, 2, 1])),
  ],
  ["softmax: expected an axis to sum over, got a scalar", () => softmax(placeholder([]))],
  [
    "convolution: expected images [..., c, h, w] no smaller than the kernels [o, c, kh, kw], bias [o], got [batch, 2, 4, 4], [3, 1, 3, 3]",
    () => convolution(images, placeholder([3, 1, 3, 3])),
  ],
  ["convolution: expected images", () => convolution(images, placeholder([3, 2, 5, 5]))],
  ["convolution: expected images", () => convolution(x, placeholder([3, 2, 3, 3]))],
  [
    "convolutionInput: expected weights of the result for images of 4 x 4, and kernels, got [batch, 2, 4, 4], [2, 1, 3, 3]",
    () => convolutionInput(images, placeholder([2, 1, 3, 3]), [4, 4]),
  ],
  [
    "convolutionWeight: expected images, and weights of their result under 3 x 3, got [batch, 2, 4, 4], [batch, 2, 4, 4]",
    () => convolutionWeight(images, images, [3, 3]),
  ],
  [
    "downsample: expected images [..., c, h, w] of even height and width, got [batch, 2, 3, 4]",
    () => downsample(placeholder(["batch", 2, 3, 4])),
  ],
  ["upsample: expected images [..., c, h, w], got [batch, 3]", () => upsample(x)],
  ["reshape: expected a shape with as many elements as [batch, 3], got [batch, 4]", () => reshape(x, ["batch", 4])],
  ["reshape: expected a shape with as many elements as [batch, 3], got [rows, 3]", () => reshape(x, ["rows", 3])],
  ["reshape: expected a shape with as many elements as [6], got [-1, -6]", () => reshape(placeholder([6]), [-1, -6])],
  ["transpose: expected a permutation of the 2 axes of [batch, 3], got [0, 0]", () => transpose(x, [0, 0])],
  ["transpose: expected a permutation of the 2 axes of [batch, 3], got [0]", () => transpose(x, [0])],
  ["sum: expected an axis between -2 and 1, got 2", () => sum(x, [2])],
  ["sum: expected each axis once, got [1, -1]", () => sum(x, [1, -1])],
  ["sum: expected float32, got int64 [4]", () => sum(index)],
  ["sizeOf: expected an axis between -2 and 1, got -3", () => sizeOf(x, -3)],
  [
    "concatenate: expected tensors of one type that differ along axis 1 only, got float32 [batch, 3], float32 [2, 3]",
    () => concatenate([x, placeholder([2, 3])], 1),
  ],
  [
    "concatenate: expected tensors of one type that differ along axis 0 only, got float32 [4], int64 [4]",
    () => concatenate([placeholder([4]), index], 0),
  ],
  ["concatenate: expected known sizes along axis 0, got [batch, batch]", () => concatenate([x, x], 0)],
  ["slice: expected 0 <= start <= end <= size along axis 1 of [batch, 3], got 2 to 4", () => slice(x, 1, 2, 4)],
  ["slice: expected 0 <= start <= end <= size along axis 1 of [batch, 3], got 0 to 1.5", () => slice(x, 1, 0, 1.5)],
  ["slice: expected 0 <= start <= end <= size along axis 0 of [batch, 3], got 0 to 1", () => slice(x, 0, 0, 1)],
  ["gradient: expected a scalar to differentiate, got [batch, 3]", () => gradient(x, { x })],
  [
    "tangent: expected a float32 direction for [batch, 3], wider only where that has size 1, got float32 [2, 3]",
    () => tangent([x], [{ tensor: x, direction: placeholder([2, 3]) }]),
  ],
  [
    "tangent: expected a float32 direction for [batch, 3], wider only where that has size 1, got float32 [1, 1, 3]",
    () => tangent([x], [{ tensor: x, direction: placeholder([1, 1, 3]) }]),
  ],
  ["array: expected 6 values for shape [2, 3], got 5", () => floats([1, 2, 3, 4, 5], [2, 3])],
  ["array: expected 1 values for shape [], got 2", () => integers([1, 2], [])],
];

describe("a mistake in a graph", () => {
  it.each(mistakes)("%s", (message, make) => {
    expect(make).toThrow(LocalFlowError);
    expect(make).toThrow(message);
    try {
      make();
    } catch (error) {
      expect(error).toMatchObject({ code: "shape" });
    }
  });
});
