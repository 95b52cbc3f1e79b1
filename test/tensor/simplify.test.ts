// simplify: fewer operators, the same values.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  absolute,
  add,
  divide,
  hyperbolicTangent,
  multiply,
  negate,
  sigmoid,
  subtract,
} from "../../src/tensor/arithmetic.ts";
import { floats } from "../../src/tensor/array.ts";
import { square } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { topologicalOrder } from "../../src/tensor/graph.ts";
import { expandLike, sum, transpose } from "../../src/tensor/layout.ts";
import { matmul } from "../../src/tensor/matrix.ts";
import type { Shape } from "../../src/tensor/shape.ts";
import { simplify } from "../../src/tensor/simplify.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { constant, placeholder, scalarValue, type Tensor } from "../../src/tensor/tensor.ts";
import { evaluate, type Value } from "../support/reference.ts";
import { drawn } from "./operator-cases.ts";

const batch = 3;
const x = placeholder(["batch", 2]);
const row = placeholder([1, 2]);
const w = placeholder([2, 2]);
const feeds = new Map<Tensor, Value>([
  [x, drawn("x", [batch, 2], "any")],
  [row, drawn("row", [1, 2], "nonzero")],
  [w, drawn("w", [2, 2], "any")],
]);

function simplified(tensor: Tensor): Tensor {
  return simplify([tensor])[0] ?? tensor;
}

/** Every operator under the outputs, constants and inputs left out, in order. */
function operatorsIn(...outputs: readonly Tensor[]): readonly string[] {
  return topologicalOrder(outputs)
    .map((node) => node.operator.name)
    .filter((name) => name !== "input" && name !== "constant");
}

function valueOfGraph(tensor: Tensor, given: ReadonlyMap<Tensor, Value> = feeds): readonly number[] {
  return [...(evaluate([tensor], given)[0]?.data ?? [])];
}

function expectSame(actual: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  expect(actual.length).toBe(expected.length);
  actual.forEach((number, i) =>
    expect(Math.abs(number - (expected[i] ?? Number.NaN))).toBeLessThanOrEqual(
      tolerance * Math.max(1, Math.abs(number)),
    ),
  );
}

/** One step of growing a random graph: an operator and which earlier tensors it takes. */
interface Growth {
  readonly rule: number;
  readonly first: number;
  readonly second: number;
}
const scalars = [0, 1, -1, 2, 0.25, -3, 0.1];
const pairs = [add, subtract, multiply, (a: Tensor, b: Tensor) => divide(a, add(1.5, square(b)))];
const singles = [
  negate,
  hyperbolicTangent,
  absolute,
  (a: Tensor) => expandLike(a, x),
  (a: Tensor) => matmul(a, transpose(w, [1, 0])),
  (a: Tensor) => sum(a, [1], true),
  ...scalars.flatMap((s) => [(a: Tensor) => multiply(s, a), (a: Tensor) => add(a, s), (a: Tensor) => subtract(a, s)]),
  ...scalars.filter((s) => s !== 0).map((s) => (a: Tensor) => divide(a, s)),
];

function grow(steps: readonly Growth[]): Tensor {
  const made: Tensor[] = [x, row];
  const pick = (i: number) => made[i % made.length] ?? x;
  for (const { rule, first, second } of steps) {
    const [a, b] = [pick(first), pick(second)];
    const pair = pairs[rule % (pairs.length + singles.length)];
    const single = singles[(rule % (pairs.length + singles.length)) - pairs.length] ?? negate;
    const next = pair ? pair(a, b) : single(a);
    // Sums over columns leave [rows, 1], which is stretched again so that products with w stay possible.
    made.push(next.shape.at(-1) === 1 ? add(next, row) : next);
  }
  return made.at(-1) ?? x;
}

const growth = fc.record({ rule: fc.nat(200), first: fc.nat(30), second: fc.nat(30) });

describe("a simplified graph", () => {
  it("has the values, shapes and types of the graph, and never more operators", () => {
    fc.assert(
      fc.property(fc.array(growth, { minLength: 1, maxLength: 12 }), (steps) => {
        const graph = grow(steps);
        const better = simplified(graph);
        expect([better.shape, better.type]).toEqual([graph.shape, graph.type]);
        expect(operatorsIn(better).length).toBeLessThanOrEqual(operatorsIn(graph).length);
        expectSame(valueOfGraph(better), valueOfGraph(graph), 1e-5);
      }),
      { numRuns: 200 },
    );
  });

  it("has the gradients of the graph", () => {
    fc.assert(
      fc.property(fc.array(growth, { minLength: 1, maxLength: 6 }), (steps) => {
        const slopes = gradient(sum(hyperbolicTangent(grow(steps))), [x, row, w]);
        simplify(slopes).forEach((better, i) => {
          const plain = slopes[i] ?? better;
          expect(better.shape).toEqual(plain.shape);
          expectSame(valueOfGraph(better), valueOfGraph(plain), 1e-5);
        });
      }),
    );
  });

  it("does not change any more when simplified again", () => {
    fc.assert(
      fc.property(fc.array(growth, { minLength: 1, maxLength: 12 }), (steps) => {
        const once = simplified(grow(steps));
        expect(operatorsIn(simplified(once))).toEqual(operatorsIn(once));
      }),
    );
  });
});

describe("equal subexpressions", () => {
  it("become one node, within and between outputs", () => {
    const twice = () => hyperbolicTangent(multiply(2, sigmoid(x)));
    const [a, b] = simplify([add(twice(), twice()), negate(twice())]);
    if (!a || !b) throw new Error("two outputs");
    expect(operatorsIn(a, b)).toEqual(["sigmoid", "multiply", "hyperbolicTangent", "add", "negate"]);
    expect(a.inputs[0]).toBe(a.inputs[1]);
  });

  it("stay apart when attributes, order or constants differ", () => {
    const [a, b] = simplify([sum(w, [0]), sum(w, [1])]);
    expect(a).not.toBe(b);
    const [c, d] = simplify([subtract(x, row), subtract(row, x)]);
    expect(c).not.toBe(d);
    const array = () => constant(floats([1, 2]));
    const [e, f] = simplify([add(x, array()), add(x, array())]);
    expect(e).not.toBe(f);
    const [plus, minus] = simplify([divide(1, multiply(absolute(x), 0)), divide(1, multiply(absolute(x), -0))]);
    expect(valueOfGraph(plus ?? x)[0]).toBe(Number.POSITIVE_INFINITY);
    expect(valueOfGraph(minus ?? x)[0]).toBe(Number.NEGATIVE_INFINITY);
  });
});

const rules: readonly (readonly [string, Tensor, readonly string[]])[] = [
  ["0 + x is x", add(0, x), []],
  ["x - 0 is x", subtract(x, 0), []],
  ["1 x is x", multiply(x, 1), []],
  ["x / 1 is x", divide(x, 1), []],
  ["-(-x) is x", negate(negate(x)), []],
  ["-1 x is -x", multiply(x, -1), ["negate"]],
  ["x + (-y) is x - y", add(x, negate(row)), ["subtract"]],
  ["2 (3 x) is 6 x", multiply(2, multiply(x, 3)), ["multiply"]],
  ["x / 4 is x times 0.25", divide(x, 4), ["multiply"]],
  ["x / 3 stays, since 1/3 is not exact", divide(x, 3), ["divide"]],
  ["x / 2^127 stays, since 2^-127 is denormal", divide(x, 2 ** 127), ["divide"]],
  [
    "1e-30 (1e-30 x) stays, since the factor would vanish",
    multiply(1e-30, multiply(1e-30, x)),
    ["multiply", "multiply"],
  ],
  ["1e30 (1e30 x) stays, since the factor would overflow", multiply(1e30, multiply(1e30, x)), ["multiply", "multiply"]],
  ["an operator stretches its argument itself", add(x, expandLike(row, x)), ["add"]],
  ["an argument that alone brings the shape stays stretched", multiply(2, expandLike(row, x)), ["expand", "multiply"]],
  ["a transposed operand is a flag", matmul(x, transpose(w, [1, 0])), ["matmul"]],
  [
    "1 + x keeps its operator, 0 + row keeps the shape of x",
    add(1, add(expandLike(constant(0), x), row)),
    ["expand", "add", "add"],
  ],
];

describe("a rule", () => {
  it.each(rules)("%s", (_, graph, expected) => {
    const better = simplified(graph);
    expect(operatorsIn(better)).toEqual(expected);
    expectSame(valueOfGraph(better), valueOfGraph(graph));
  });

  it("computes with constants in 32 bits", () => {
    expect(scalarValue(simplified(multiply(add(0.1, 0.2), constant(3))))).toBe(
      Math.fround(3 * Math.fround(Math.fround(0.1) + Math.fround(0.2))),
    );
    expect(scalarValue(simplified(divide(constant(1), constant(0))))).toBe(Number.POSITIVE_INFINITY);
  });

  it("turns both flags of a product of transposed matrices", () => {
    const turned = matmul(transpose(w, [1, 0]), transpose(x, [1, 0]), { transposeLeft: true });
    const better = simplified(turned);
    expect(better.operator.attributes).toEqual({ transposeLeft: false, transposeRight: true });
    expectSame(valueOfGraph(better), valueOfGraph(turned));
  });
});

describe("the trace trick", () => {
  const inner = 4;
  const a = placeholder(["batch", 1, inner]);
  const weight = placeholder([inner, 2]);
  const turned = placeholder([2, inner]);
  const fixed = (shape: readonly number[]) => constant(floats([...drawn("c", shape, "any").data], shape));
  const given = new Map<Tensor, Value>([
    [a, drawn("a", [batch, 1, inner], "any")],
    [weight, drawn("weight", [inner, 2], "any")],
    [turned, drawn("turned", [2, inner], "any")],
  ]);
  /** Shapes of the products that involve the rows. */
  const rowProducts = (graph: Tensor): readonly Shape[] =>
    topologicalOrder([graph]).flatMap((node) =>
      node.operator.name === "matmul" && node.shape.includes("batch") ? [node.shape] : [],
    );

  it.each([
    ["A W", matmul(a, weight), [1, 3, 2]],
    ["A W^T", matmul(a, turned, { transposeRight: true }), [1, 1, 2]],
  ] as const)("replaces sum((%s) C) with constant C by a product that has no rows", (_, product, shape) => {
    for (const graph of [
      sum(multiply(product, fixed(shape)), [1, 2]),
      sum(multiply(fixed(shape), product), [-1], true),
    ]) {
      const better = simplified(graph);
      expect(rowProducts(graph)).toHaveLength(1);
      expect(rowProducts(better)).toEqual([]);
      expect(better.shape).toEqual(graph.shape);
      expectSame(valueOfGraph(better, given), valueOfGraph(graph, given));
    }
  });

  it.each([
    ["C stretches along the summed axis", sum(multiply(matmul(a, weight), fixed([1, 1, 1])), [2])],
    ["the last axis is not summed", sum(multiply(matmul(a, weight), fixed([1, 3, 2])), [1])],
    ["C has fewer axes", sum(multiply(matmul(a, weight), fixed([2])), [2])],
  ] as const)("leaves the product alone when %s", (_, graph) => {
    const better = simplified(graph);
    expect(rowProducts(better)).toHaveLength(1);
    expectSame(valueOfGraph(better, given), valueOfGraph(graph, given));
  });

  it("saves the last product of an exact divergence", () => {
    const [first, last] = [placeholder([2, inner]), placeholder([inner, 2])];
    const point = placeholder(["batch", 1, 2]);
    const basis = constant(floats([1, 0, 0, 1], [1, 2, 2]));
    const velocity = matmul(hyperbolicTangent(matmul(point, first)), last);
    const [moved = velocity] = tangent([velocity], [{ tensor: point, direction: basis }]);
    const divergence = sum(multiply(moved, basis), [1, 2]);
    // tanh' needs point · first; basis · first and basis · last^T have no rows.
    expect(rowProducts(divergence)).toHaveLength(2);
    expect(rowProducts(simplified(divergence))).toEqual([["batch", 1, inner]]);
    const numbers = new Map<Tensor, Value>([
      [point, drawn("p", [batch, 1, 2], "any")],
      [first, drawn("f", [2, inner], "any")],
      [last, drawn("l", [inner, 2], "any")],
    ]);
    expectSame(valueOfGraph(simplified(divergence), numbers), valueOfGraph(divergence, numbers));
  });
});

describe("a deep graph", () => {
  it("does not exhaust the stack", () => {
    let deep: Tensor = x;
    for (let i = 0; i < 20_000; i++) deep = add(i % 2 === 0 ? multiply(deep, 0.5) : deep, row);
    expect(operatorsIn(simplified(deep)).length).toBe(30_000);
  });
});
