// mlp: the velocity network computes the plain formula, starts as it says, and has the published sizes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Activation } from "../../src/nn/activation.ts";
import type { LinearArrays } from "../../src/nn/linear.ts";
import {
  applyMlp,
  initialMlp,
  layerSizes,
  type MlpArrays,
  mlpParameterCount,
  type NetworkConfiguration,
} from "../../src/nn/mlp.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { constant, type Tensor } from "../../src/tensor/tensor.ts";
import { leaves, mapTree } from "../../src/tensor/tree.ts";
import { column, evaluate, largestDifference, moments, numbers, plainMlp } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const network = (options: Partial<NetworkConfiguration> = {}): NetworkConfiguration => ({
  hidden: [12, 9],
  activation: { kind: "tanh" },
  timeInput: "first",
  initialization: "default",
  ...options,
});

async function apply(configuration: NetworkConfiguration, parameters: MlpArrays, x: FloatArray, t: FloatArray) {
  const [point, time] = [column(x.shape[1] ?? 0), column(1)];
  const weights = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => constant(array));
  const { velocity } = await evaluate(
    engine,
    { point, time },
    { velocity: applyMlp(configuration, weights, point, time) },
    { point: x, time: t },
  );
  return numbers(velocity);
}

function inputs(rows: number, d: number, scale = 1) {
  const values = new Float32Array(rows * d);
  fillNormal(random(31), values);
  return {
    x: floats(
      values.map((value) => scale * value),
      [rows, d],
    ),
    t: floats(
      Float32Array.from({ length: rows }, (_, i) => i / rows),
      [rows, 1],
    ),
  };
}

describe("the sizes of a network", () => {
  it("give the time a column in the first layer, or in every one", () => {
    expect(layerSizes(network(), 3)).toEqual([
      [4, 12],
      [12, 9],
      [9, 3],
    ]);
    expect(layerSizes(network({ timeInput: "every" }), 3)).toEqual([
      [4, 12],
      [13, 9],
      [10, 3],
    ]);
    expect(layerSizes(network({ hidden: [] }), 5)).toEqual([[6, 5]]);
  });

  it.each([
    { set: "tree", d: 2, hidden: [256, 256, 256], parameters: 133_122 },
    { set: "POWER", d: 6, hidden: [256, 256, 256, 256], parameters: 200_966 },
    { set: "GAS", d: 8, hidden: [362, 362, 362, 362, 362], parameters: 532_148 },
    { set: "MINIBOONE", d: 43, hidden: [362, 362, 362, 362], parameters: 426_117 },
    { set: "BSDS300", d: 63, hidden: [512, 512, 512, 512], parameters: 853_567 },
  ])("are the published ones: $set has $parameters parameters", ({ d, hidden, parameters }) => {
    const counts = leaves<FloatArray>(initialMlp(random(1), network({ hidden }), d)).map(
      ({ value }) => value.data.length,
    );
    expect(counts.reduce((a, b) => a + b, 0)).toBe(parameters);
    expect(mlpParameterCount(network({ hidden }), d)).toBe(parameters);
  });
});

describe("the velocity of a network", () => {
  const activations: readonly Activation[] = [
    ...(["relu", "elu", "silu", "gelu", "tanh"] as const).map((kind) => ({ kind })),
    { kind: "softplus", beta: 1 },
    { kind: "softplus", beta: 20 },
  ];
  const cases = activations.flatMap((activation) =>
    (["first", "every"] as const).map((timeInput) => ({ activation, timeInput })),
  );

  it.each(cases)(
    "is the plain formula, scales folded or not: $activation.kind $activation.beta, time in $timeInput",
    async (options) => {
      for (const hidden of [[12, 9], [7], []]) {
        const configuration = network({ ...options, hidden, initialization: "default" });
        const parameters = initialMlp(random(2), configuration, 3);
        const { x, t } = inputs(20, 3);
        const expected = Array.from({ length: 20 }, (_, i) =>
          plainMlp(configuration, parameters, numbers(x).slice(3 * i, 3 * i + 3), t.data[i] ?? 0),
        ).flat();
        const computed = await apply(configuration, parameters, x, t);
        expect(largestDifference(computed, expected)).toBeLessThan(2e-6);
        expect(moments(computed).variance).toBeGreaterThan(1e-3);
      }
    },
  );

  it("reads Fourier features beside the point when it has frequencies", async () => {
    const configuration = network({ frequencies: 4 });
    expect(layerSizes(configuration, 3)[0]).toEqual([3 * 9 + 1, 12]);
    const parameters = initialMlp(random(2), configuration, 3);
    const { x, t } = inputs(20, 3);
    const expected = Array.from({ length: 20 }, (_, i) =>
      plainMlp(configuration, parameters, numbers(x).slice(3 * i, 3 * i + 3), t.data[i] ?? 0),
    ).flat();
    expect(largestDifference(await apply(configuration, parameters, x, t), expected)).toBeLessThan(3e-6);
  });

  it("reads Fourier features of the named coordinates alone, of the point and of what its context gives", async () => {
    const [d, rows] = [3, 20];
    const configuration = network({ frequencies: 2, detailed: [2, 0], context: 3 * d });
    expect(layerSizes(configuration, d)[0]).toEqual([1 + (d + 8) + (3 * d + 8), 12]);
    expect(layerSizes(network({ frequencies: 2, detailed: [], context: 3 * d }), d)[0]).toEqual([1 + d + 3 * d, 12]);
    const parameters = initialMlp(random(2), configuration, d);
    const { x, t } = inputs(rows, d);
    const context = floats(new Float32Array(rows * 3 * d), [rows, 3 * d]);
    fillNormal(random(32), context.data);
    const placed = { point: column(d), time: column(1), context: column(3 * d) };
    const weights = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => constant(array));
    const velocity = applyMlp(configuration, weights, placed.point, placed.time, placed.context);
    const computed = await evaluate(engine, placed, { velocity }, { point: x, time: t, context });
    const read = (values: readonly number[]) => {
      const phases = [1, 2].flatMap((scale) => [2, 0].map((k) => scale * (values[k] ?? 0)));
      return [...values, ...phases.map(Math.sin), ...phases.map(Math.cos)];
    };
    const expected = Array.from({ length: rows }, (_, i) => {
      const known = numbers(context).slice(3 * d * i, 3 * d * (i + 1));
      const all = [...read(numbers(x).slice(d * i, d * (i + 1))), ...known, ...read(known.slice(0, d)).slice(d)];
      return plainMlp(network(), parameters, all, t.data[i] ?? 0);
    }).flat();
    expect(largestDifference(numbers(computed.velocity), expected)).toBeLessThan(3e-6);
  });

  it("reads given levels as the cells they lie in, beside the frequencies of other given coordinates", async () => {
    const [d, levels] = [3, [{ at: 2, edges: [-0.5, 0.8] }]];
    const configuration = network({ frequencies: 1, detailed: [0, 2], context: 3 * d, levels });
    expect(layerSizes(configuration, d)[0]).toEqual([1 + (d + 4) + (3 * d + 2 + 3), 12]);
    const parameters = initialMlp(random(2), configuration, d);
    const { x, t } = inputs(4, d);
    const given = [-0.51, 0.79, 0.81, 0];
    const known = given.map((value, n) => [0.3, 0, value, 1, 0, Number(n < 3), 0, 1, Number(n === 3)]);
    const context = floats(known.flat(), [4, 3 * d]);
    const placed = { point: column(d), time: column(1), context: column(3 * d) };
    const weights = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => constant(array));
    const velocity = applyMlp(configuration, weights, placed.point, placed.time, placed.context);
    const computed = await evaluate(engine, placed, { velocity }, { point: x, time: t, context });
    const waves = (values: readonly number[]) => [...values.map(Math.sin), ...values.map(Math.cos)];
    const expected = known.flatMap((row, i) => {
      const point = numbers(x).slice(d * i, d * (i + 1));
      const cells = [0, 1, 2].map((cell) => Number(cell === i));
      const told = [...row.map((value, k) => (k === 2 ? 0 : value)), ...waves([0.3]), ...cells];
      return plainMlp(network(), parameters, [...point, ...waves([point[0]!, point[2]!]), ...told], t.data[i] ?? 0);
    });
    expect(largestDifference(numbers(computed.velocity), expected)).toBeLessThan(3e-6);
  });

  it("of softplus(20) stays finite and exact where e^(20 x) overflows", async () => {
    const configuration = network({ activation: { kind: "softplus", beta: 20 } });
    const parameters = initialMlp(random(2), configuration, 3);
    const { x, t } = inputs(20, 3, 1000);
    const expected = Array.from({ length: 20 }, (_, i) =>
      plainMlp(configuration, parameters, numbers(x).slice(3 * i, 3 * i + 3), t.data[i] ?? 0),
    ).flat();
    expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(50);
    expect(largestDifference(await apply(configuration, parameters, x, t), expected)).toBeLessThan(1e-3);
  });
});

describe("the start of a network", () => {
  const layer = (options: Partial<NetworkConfiguration>, k: number, d = 4): LinearArrays => {
    const found = initialMlp(random(5), network({ hidden: [100, 80], ...options }), d).layers[k];
    if (!found) throw new Error(`layer ${k} exists`);
    return found;
  };

  it("by default is uniform within 1 / sqrt(inputs), weights and biases", () => {
    for (const [k, inputs] of [5, 100, 80].entries()) {
      const bound = 1 / Math.sqrt(inputs);
      const { weight, bias } = layer({}, k);
      const all = [...weight.data, ...bias.data];
      expect(Math.max(...all.map(Math.abs))).toBeLessThanOrEqual(bound);
      expect(Math.max(...all.map(Math.abs))).toBeGreaterThan(0.98 * bound);
      const { mean, variance } = moments(weight.data);
      const count = weight.data.length;
      expect(Math.abs(mean)).toBeLessThan((5 * bound) / Math.sqrt(3 * count));
      // Var(u^2) = 4/45 of the fourth power of the bound.
      expect(Math.abs(variance - bound ** 2 / 3)).toBeLessThan(5 * bound ** 2 * Math.sqrt(4 / 45 / count));
    }
  });

  it("by orthogonal matrices has orthonormal rows or columns, whichever are fewer, and no bias", () => {
    for (const k of [0, 1, 2])
      for (const timeInput of ["first", "every"] as const) {
        const { weight, bias } = layer({ initialization: "orthogonal", timeInput }, k);
        const [rows = 0, columns = 0] = weight.shape;
        const vector = (i: number) =>
          Array.from(
            { length: Math.max(rows, columns) },
            (_, j) => weight.data[rows < columns ? i * columns + j : j * columns + i] ?? 0,
          );
        const vectors = Array.from({ length: Math.min(rows, columns) }, (_, i) => vector(i));
        const products = vectors.flatMap((a, i) =>
          vectors.map((b, j) => a.reduce((sum, value, l) => sum + value * (b[l] ?? 0), i === j ? -1 : 0)),
        );
        expect(Math.max(...products.map(Math.abs))).toBeLessThan(1e-6);
        expect(bias.data.every((value) => value === 0)).toBe(true);
      }
  });

  it("by zero-last gives no velocity anywhere, and default layers before", async () => {
    const configuration = network({ initialization: "zero-last", timeInput: "every" });
    const { x, t } = inputs(10, 4);
    const parameters = initialMlp(random(5), configuration, 4);
    expect(await apply(configuration, parameters, x, t)).toEqual(new Array(40).fill(0));
    expect(parameters.layers.slice(0, 2)).toEqual(
      initialMlp(random(5), network({ timeInput: "every" }), 4).layers.slice(0, 2),
    );
  });

  it("is fixed by the seed and different in every layer", () => {
    const configuration = network({ hidden: [9, 9, 9] });
    expect(initialMlp(random(5), configuration, 4)).toEqual(initialMlp(random(5), configuration, 4));
    const { layers } = initialMlp(random(5), configuration, 4);
    expect(layers[1]?.weight.data).not.toEqual(layers[2]?.weight.data);
    expect(initialMlp(random(6), configuration, 4).layers[1]).not.toEqual(layers[1]);
  });
});
