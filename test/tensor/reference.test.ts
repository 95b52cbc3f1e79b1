// reference: values and gradients that PyTorch computed in 64 bits (test/reference/operators.py).
import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import {
  absolute,
  add,
  cosine,
  divide,
  elu,
  errorFunction,
  exponential,
  hyperbolicTangent,
  logarithm,
  multiply,
  relu,
  sigmoid,
  sine,
  squareRoot,
  subtract,
} from "../../src/tensor/arithmetic.ts";
import { floats, integers } from "../../src/tensor/array.ts";
import { gelu, mean, silu, softplus } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { concatenate, slice, sum, transpose } from "../../src/tensor/layout.ts";
import { affine, gatherRows, matmul } from "../../src/tensor/matrix.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { erf, evaluate, toValue, type Value, valueFrom } from "../support/reference.ts";

interface Numbers {
  readonly type?: "int64";
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

interface ReferenceCase {
  readonly operator: string;
  readonly attributes: Readonly<Record<string, number | boolean | readonly number[]>>;
  readonly inputs: readonly Numbers[];
  readonly output: Numbers;
  readonly weights: Numbers;
  readonly gradients: readonly Numbers[];
}

const url = new URL("../reference/operators.json", import.meta.url);
const all: readonly ReferenceCase[] = JSON.parse(readFileSync(url, "utf8"));

type Build = (inputs: readonly Tensor[], attributes: ReferenceCase["attributes"]) => Tensor;

const one =
  (f: (x: Tensor) => Tensor): Build =>
  ([x]) =>
    f(present(x));
const two =
  (f: (a: Tensor, b: Tensor) => Tensor): Build =>
  ([a, b]) =>
    f(present(a), present(b));

/** Their names and ours. */
const builders: Readonly<Record<string, Build>> = {
  add: two(add),
  subtract: two(subtract),
  multiply: two(multiply),
  divide: two(divide),
  matmul: two((a, b) => matmul(a, b)),
  gather: two(gatherRows),
  linear: ([x, weight, bias]) => affine(present(x), present(weight), present(bias)),
  log: one(logarithm),
  sqrt: one(squareRoot),
  exp: one(exponential),
  abs: one(absolute),
  sin: one(sine),
  cos: one(cosine),
  tanh: one(hyperbolicTangent),
  sigmoid: one(sigmoid),
  relu: one(relu),
  erf: one(errorFunction),
  elu: one(elu),
  silu: one(silu),
  gelu: one(gelu),
  softplus: ([x], { beta }) => divide(softplus(multiply(Number(beta), present(x))), Number(beta)),
  sum: ([x], { axes, keep }) => sum(present(x), numbers(axes), keep === true),
  mean: ([x], { axes, keep }) => mean(present(x), numbers(axes), keep === true),
  concat: (inputs, { axis }) => concatenate(inputs, Number(axis)),
  slice: ([x], { axis, start, end }) => slice(present(x), Number(axis), Number(start), Number(end)),
  transpose: ([x], { permutation }) => transpose(present(x), numbers(permutation)),
};

function present<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an argument is missing");
  return value;
}

function numbers(attribute: ReferenceCase["attributes"][string] | undefined): readonly number[] {
  if (!Array.isArray(attribute)) throw new Error("a list attribute is missing");
  return attribute;
}

function graphOf({ operator, attributes, inputs: given }: ReferenceCase) {
  const inputs = given.map(({ shape, type }) => placeholder(shape, type ?? "float32"));
  const output = present(builders[operator])(inputs, attributes);
  const weights = placeholder(output.shape);
  const moving = inputs.filter((input) => input.type === "float32");
  return { inputs, weights, results: [output, ...gradient(sum(multiply(output, weights)), moving)] };
}

function expectNear(actual: Value, { shape, data }: Numbers, relative: number, absolute: number): void {
  expect(actual.shape).toEqual(shape);
  const far = data.filter(
    (x, i) => !(Math.abs((actual.data[i] ?? Number.NaN) - x) <= absolute + relative * Math.abs(x)),
  );
  expect(far).toEqual([]);
}

const known = all
  .filter(({ operator }) => Object.hasOwn(builders, operator))
  .map((reference, i) => [`${reference.operator} ${JSON.stringify(reference.attributes)} ${i}`, reference] as const);

describe("values and gradients from PyTorch", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  it("covers all of the file but the reduction `max`, which is not an operator here", () => {
    const missing = all.map(({ operator }) => operator).filter((name) => !Object.hasOwn(builders, name));
    expect([...new Set(missing)]).toEqual(["max"]);
    expect(known.length).toBeGreaterThan(60);
  });

  // The file holds 10 digits; a gradient goes through constants of the graph, which have 32 bits.
  it.each(known)("hold in 64 bits: %s", (_, reference) => {
    const { inputs, weights, results } = graphOf(reference);
    const values = new Map(inputs.map((input, i) => [input, dataOf(present(reference.inputs[i]))]));
    const [output, ...gradients] = evaluate(results, values.set(weights, dataOf(reference.weights)));
    expectNear(present(output), reference.output, 5e-10, 1e-12);
    reference.gradients.forEach((expected, i) => expectNear(present(gradients[i]), expected, 1e-7, 1e-12));
  });

  it.each(known)("hold on the engine: %s", async (_, reference) => {
    const { inputs, weights, results } = graphOf(reference);
    const program = await compile(engine, { inputs, weights }, { results });
    const array = ({ type, shape, data }: Numbers) => (type ? integers(data, shape) : floats(data, shape));
    const run = await program.run({ inputs: reference.inputs.map(array), weights: array(reference.weights) });
    const [output, ...gradients] = run.results.map(toValue);
    expectNear(present(output), reference.output, 5e-6, 1e-6);
    reference.gradients.forEach((expected, i) => expectNear(present(gradients[i]), expected, 1e-5, 2e-6));
    await program.release();
  });
});

function dataOf({ shape, data }: Numbers): Value {
  return valueFrom(data, shape);
}

describe("the reference error function", () => {
  // As the C library gives them (Python's math.erf).
  it.each([
    [0, 0],
    [0.5, 0.5204998778130465],
    [1, 0.8427007929497149],
    [2, 0.9953222650189527],
    [2.999, 0.9999777698314002],
    [3.5, 0.9999992569016276],
    [-1, -0.8427007929497149],
    [7, 1],
  ])("of %f is %f", (x, expected) => {
    expect(Math.abs(erf(x) - expected)).toBeLessThan(1e-15);
  });

  it("joins its two forms without a step", () => {
    const slope = (erf(3 + 1e-6) - erf(3 - 1e-6)) / 2e-6;
    expect(slope / ((2 / Math.sqrt(Math.PI)) * Math.exp(-9))).toBeCloseTo(1, 4);
  });
});
