// image-layers: the layers of image networks, and a small whole one, give PyTorch's values and gradients (reference/images.py).
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { applyAttention } from "../../src/nn/attention.ts";
import {
  applyImageNetwork,
  type ImageNetwork,
  type ImageParameters,
  imageNetworkPlan,
} from "../../src/nn/image-network.ts";
import { normalizeGroups, normalizeLast } from "../../src/nn/normalization.ts";
import type { ParameterPlan } from "../../src/nn/parameters.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { multiply } from "../../src/tensor/arithmetic.ts";
import { floats } from "../../src/tensor/array.ts";
import { convolution } from "../../src/tensor/convolution.ts";
import { softmax } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { sum } from "../../src/tensor/layout.ts";
import { upsample } from "../../src/tensor/resampling.ts";
import type { Size } from "../../src/tensor/shape.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { leaves, mapTree } from "../../src/tensor/tree.ts";
import { reference, type Stored } from "../support/evaluate.ts";
import { evaluate, toValue, type Value, valueFrom } from "../support/reference.ts";

interface LayerCase {
  readonly layer: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly inputs: readonly Stored[];
  readonly output: Stored;
  readonly weights: Stored;
  readonly gradients: readonly Stored[];
}

interface NetworkCase {
  readonly configuration: ImageNetwork;
  readonly x: Stored;
  readonly t: Stored;
  readonly parameters: Readonly<Record<string, Stored>>;
  readonly output: Stored;
  readonly weights: Stored;
  readonly gradients: Readonly<Record<string, Stored>>;
  readonly inputGradient: Stored;
}

const file = reference<{
  readonly layers: readonly LayerCase[];
  readonly unet: NetworkCase;
  readonly patches: NetworkCase;
}>("images");

type Build = (inputs: readonly Tensor[], attributes: LayerCase["attributes"]) => Tensor;

const builders: Readonly<Record<string, Build>> = {
  convolution: ([x, weight, bias], { stride, padding }) =>
    convolution(given(x), given(weight), { stride: Number(stride), padding: Number(padding) }, bias),
  groups: ([x, scale, shift], { groups }) =>
    normalizeGroups({ scale: given(scale), shift: given(shift) }, given(x), Number(groups)),
  last: ([x]) => normalizeLast(given(x)),
  double: ([x]) => upsample(given(x)),
  softmax: ([x]) => softmax(given(x)),
  attention: ([x, ...parameters], { headChannels, names }) => {
    const at = (name: string) => given(parameters[(names as readonly string[]).indexOf(name)]);
    const pair = (name: string) => ({ weight: at(`${name}.weight`), bias: at(`${name}.bias`) });
    const normalization = { scale: at("normalization.weight"), shift: at("normalization.bias") };
    const tree = { normalization, input: pair("input"), output: pair("output") };
    return applyAttention(tree, given(x), Number(headChannels));
  },
};

function given<T>(value: T | undefined): T {
  if (value === undefined) throw new Error("an argument is missing");
  return value;
}

/** What a case feeds, what it asks for and what PyTorch says, in one order. */
interface Study {
  readonly inputs: readonly Tensor[];
  readonly values: readonly Stored[];
  readonly results: readonly Tensor[];
  readonly expected: readonly Stored[];
}

const withBatch = (shape: readonly number[]): readonly Size[] => ["batch", ...shape.slice(1)];

/** The first input has a batch axis, which stays open in the program. */
function layerStudy(one: LayerCase): Study {
  const inputs = one.inputs.map(({ shape }, i) => placeholder(i === 0 ? withBatch(shape) : shape));
  const weights = placeholder(withBatch(one.weights.shape));
  const output = given(builders[one.layer])(inputs, one.attributes);
  return {
    inputs: [...inputs, weights],
    values: [...one.inputs, one.weights],
    results: [output, ...gradient(sum(multiply(output, weights)), inputs)],
    expected: [one.output, ...one.gradients],
  };
}

function networkStudy(one: NetworkCase): Study {
  const network = one.configuration;
  const plan = imageNetworkPlan(network);
  const parameters: ImageParameters<Tensor> = mapTree<ParameterPlan, Tensor, ImageParameters<ParameterPlan>>(
    plan,
    ({ shape }) => placeholder(shape),
  );
  const flat = leaves<Tensor>(parameters);
  const [x, t, weights] = [one.x, one.t, one.weights].map(({ shape }) => placeholder(withBatch(shape)));
  const output = applyImageNetwork(network, parameters, given(x), given(t));
  const loss = sum(multiply(output, given(weights)));
  return {
    inputs: [given(x), given(t), given(weights), ...flat.map(({ value }) => value)],
    values: [one.x, one.t, one.weights, ...flat.map(({ path }) => given(one.parameters[path]))],
    results: [output, ...gradient(loss, [given(x), ...flat.map(({ value }) => value)])],
    expected: [one.output, one.inputGradient, ...flat.map(({ path }) => given(one.gradients[path]))],
  };
}

function expectNear(actual: Value, { shape, data }: Stored, relative: number): void {
  expect(actual.shape).toEqual(shape);
  const largest = data.reduce((most, x) => Math.max(most, Math.abs(x)), 0);
  const worst = data.reduce((most, x, i) => Math.max(most, Math.abs((actual.data[i] ?? Number.NaN) - x)), 0);
  expect(worst).toBeLessThan(relative * Math.max(1, largest));
}

const studies = [
  ...file.layers.map(
    (one, i) => [`${one.layer} ${JSON.stringify(one.attributes)} ${i}`, () => layerStudy(one)] as const,
  ),
  ["a whole U-net", () => networkStudy(file.unet)] as const,
  ["a whole network of patches", () => networkStudy(file.patches)] as const,
];

describe("values and gradients from PyTorch", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  // Constants of the graph have 32 bits.
  it.each(studies)("hold in 64 bits: %s", (_, make) => {
    const { inputs, values, results, expected } = make();
    const feeds = new Map(inputs.map((input, i) => [input, toFloat64(given(values[i]))]));
    evaluate(results, feeds).forEach((value, i) => expectNear(value, given(expected[i]), 2e-6));
  });

  it.each(studies)("hold on the engine: %s", async (_, make) => {
    const { inputs, values, results, expected } = make();
    const program = await compile(engine, { inputs }, { results });
    const run = await program.run({ inputs: values.map(({ shape, data }) => floats(data, shape)) });
    expect(run.results.length).toBe(expected.length);
    run.results.forEach((result, i) => expectNear(toValue(result), given(expected[i]), 2e-5));
    await program.release();
  });

  it.each([file.unet, file.patches])(
    "has the parameters of the network $configuration.kind under the same names",
    (one) => {
      const plan = leaves<ParameterPlan>(imageNetworkPlan(one.configuration));
      expect(plan.map(({ path }) => path).sort()).toEqual(Object.keys(one.parameters).sort());
    },
  );
});

function toFloat64({ shape, data }: Stored): Value {
  return valueFrom(data, shape);
}
