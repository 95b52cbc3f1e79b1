// tangent: directions side by side, directions alike for many elements, and those that would go astray.
import { describe, expect, it } from "vitest";
import { add, maximum, minimum, multiply, relu } from "../../src/tensor/arithmetic.ts";
import { floats } from "../../src/tensor/array.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { topologicalOrder } from "../../src/tensor/graph.ts";
import { concatenate, expandLike, reshape, slice, sum, transpose } from "../../src/tensor/layout.ts";
import { affine, gatherRows, matmul } from "../../src/tensor/matrix.ts";
import { operators } from "../../src/tensor/operators.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { apply, constant, placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { evaluate, type Value, valueFrom } from "../support/reference.ts";
import { drawn } from "./operator-cases.ts";

const identity = constant(floats([1, 0, 0, 1], [1, 2, 2]));

function along(output: Tensor, tensor: Tensor, direction: Tensor): Tensor {
  return tangent([output], [{ tensor, direction }])[0] ?? output;
}

describe("tangents", () => {
  it("of a linear field along a fixed basis are as wide as its rows", () => {
    const [point, matrix] = [placeholder(["batch", 1, 2]), placeholder([2, 2])];
    const derivative = along(matmul(point, matrix), point, identity);
    expect(derivative.shape).toEqual(["batch", 2, 2]);
    const feeds = new Map<Tensor, Value>([
      [point, drawn("p", [3, 1, 2], "any")],
      [matrix, valueFrom([1, 2, 3, 4], [2, 2])],
    ]);
    const [value] = evaluate([sum(multiply(derivative, identity), [1, 2])], feeds);
    expect([...(value?.data ?? [])]).toEqual([5, 5, 5]);
  });

  const x = placeholder(["batch", 3]);
  const s = placeholder([]);
  const shifted = add(x, s);
  const table = add(placeholder([4, 3]), s);
  const index = placeholder(["batch"], "int64");
  const weight = placeholder([3, 2]);
  const passages: readonly (readonly [string, Tensor])[] = [
    ["sum", sum(shifted, [1])],
    ["transpose", transpose(shifted, [1, 0])],
    ["reshape", reshape(shifted, ["batch", 1, 3])],
    ["slice", slice(shifted, 1, 1, 3)],
    ["concatenate", concatenate([x, shifted], 1)],
    ["matmul", matmul(shifted, weight)],
    ["affine", affine(x, add(weight, s), placeholder([2]))],
    ["gather", gatherRows(table, index)],
    ["scatter", apply(operators.scatter, [placeholder([4, 3]), index, shifted])],
    ["expand", expandLike(s, x)],
  ];
  it.each(passages)("of one number that moves a whole array pass through %s", (_, output) => {
    const derivative = along(output, s, constant(1));
    expect(derivative.shape).toEqual(output.shape);
    const placeholders = topologicalOrder([output, derivative]).filter((node) => node.operator.name === "input");
    const feeds = new Map<Tensor, Value>();
    for (const one of placeholders) {
      const shape = one.shape.map((size) => (typeof size === "number" ? size : 2));
      feeds.set(one, drawn("narrow", shape, one.type === "int64" ? "rows" : "any"));
    }
    const nudged = (by: number) => {
      const { data } = feeds.get(s) ?? valueFrom([]);
      return evaluate([output], new Map(feeds).set(s, valueFrom([(data[0] ?? 0) + by], [])))[0]?.data ?? [];
    };
    const [up, down] = [nudged(1e-4), nudged(-1e-4)];
    const values = evaluate([derivative], feeds)[0]?.data ?? new Float64Array();
    expect(values.length).toBeGreaterThan(0);
    values.forEach((value, i) => expect(value).toBeCloseTo(((up[i] ?? 0) - (down[i] ?? 0)) / 2e-4, 6));
  });

  it("of what does not matter are zeros of the output's shape", () => {
    const derivative = along(relu(x), s, constant(1));
    expect(derivative.shape).toEqual(["batch", 3]);
    expect([...(evaluate([derivative], new Map([[x, drawn("x", [2, 3], "any")]]))[0]?.data ?? [])]).toEqual([
      0, 0, 0, 0, 0, 0,
    ]);
  });
});

describe("several directions", () => {
  const point = placeholder(["batch", 1, 2]);
  const other = placeholder(["batch", 3, 2]);
  const three = placeholder([1, 3, 2]);
  const astray: readonly (readonly [string, () => Tensor])[] = [
    ["add", () => add(point, other)],
    ["maximum", () => maximum(other, point)],
    ["expand", () => expandLike(point, other)],
    ["sum", () => sum(point, [1])],
    ["reshape", () => reshape(point, ["batch", 2])],
    ["concatenate", () => concatenate([point, other], 1)],
    ["slice", () => slice(point, 1, 0, 0)],
    ["matmul", () => matmul(transpose(point, [0, 2, 1]), placeholder([1, 4]))],
  ];
  it.each(astray)("are refused by %s along an axis that it fills or uses up", (name, build) => {
    expect(() => along(build(), point, three)).toThrow(
      new RegExp(
        `^tangent of ${name}: expected one direction for .*, or several along an axis .*, got .*; send directions through one by one$`,
      ),
    );
  });

  it("are refused by gatherRows along the rows it picks from", () => {
    const table = placeholder([1, 2]);
    expect(() => along(gatherRows(table, placeholder([3], "int64")), table, placeholder([3, 2]))).toThrow(
      "tangent of gatherRows",
    );
  });
});

describe("at a tie", () => {
  const [a, b] = [placeholder([3]), placeholder([3])];
  const feeds = new Map<Tensor, Value>([
    [a, valueFrom([1, 2, 3])],
    [b, valueFrom([2, 2, 2])],
  ]);
  const slopes = (output: Tensor) => evaluate(gradient(sum(output), [a, b]), feeds).map(({ data }) => [...data]);

  it("the gradient of maximum and minimum goes to the first argument, and never to both or neither", () => {
    expect(slopes(maximum(a, b))).toEqual([
      [0, 1, 1],
      [1, 0, 0],
    ]);
    expect(slopes(minimum(a, b))).toEqual([
      [1, 1, 0],
      [0, 0, 1],
    ]);
    const derivative = (output: Tensor) => [
      ...(evaluate([along(output, a, constant(floats([1, 1, 1])))], feeds)[0]?.data ?? []),
    ];
    expect(derivative(maximum(a, b))).toEqual([0, 1, 1]);
    expect(derivative(minimum(a, b))).toEqual([1, 1, 0]);
  });

  it("relu has slope 0 at 0, as in PyTorch", () => {
    const x = placeholder([3]);
    const [slope] = gradient(sum(relu(x)), [x]);
    expect([...(evaluate([slope ?? x], new Map([[x, valueFrom([-1, 0, 1])]]))[0]?.data ?? [])]).toEqual([0, 0, 1]);
  });
});
