// density: the exact divergence is the trace of the Jacobian for every network, and Hutchinson's estimate is unbiased.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blockVelocity, perceptronOf } from "../../src/flow/chain.ts";
import { exactDivergence, hutchinsonDivergence } from "../../src/flow/density.ts";
import type { Activation } from "../../src/nn/activation.ts";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { floats } from "../../src/tensor/array.ts";
import {
  column,
  type DensityReference,
  evaluate,
  largestDifference,
  moments,
  numbers,
  plainJacobian,
  plainMlp,
  reference,
  stored,
  storedLayers,
} from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const activations: readonly Activation[] = [
  { kind: "relu" },
  { kind: "elu" },
  { kind: "silu" },
  { kind: "gelu" },
  { kind: "tanh" },
  { kind: "softplus", beta: 1 },
  { kind: "softplus", beta: 20 },
];
const networks = activations.flatMap((activation) =>
  (["first", "every"] as const).map(
    (timeInput): NetworkConfiguration => ({ hidden: [11, 7], activation, timeInput, initialization: "orthogonal" }),
  ),
);
const fourier: NetworkConfiguration = { ...networks[0]!, activation: { kind: "silu" }, frequencies: 3 };
const named = [...networks, fourier].map((network) => ({
  network,
  name: `${JSON.stringify(network.activation)}, time in ${network.timeInput}, ${network.frequencies ?? 0} frequencies`,
}));

const block = (network: NetworkConfiguration, d: number): Block => ({
  step: { kind: "free" },
  network,
  parameters: initialMlp(random(3), network, d),
});

function points(rows: number, d: number) {
  const values = new Float32Array(rows * d);
  fillNormal(random(12), values);
  return floats(values, [rows, d]);
}
const times = (rows: number) =>
  floats(
    Float32Array.from({ length: rows }, (_, i) => (i + 0.5) / rows),
    [rows, 1],
  );

/** The Jacobians at the rows, in float64 from the plain formulas. */
function jacobians(block: Block, x: readonly number[], d: number): readonly (readonly number[])[][] {
  const { network, parameters } = perceptronOf(block);
  const rows = x.length / d;
  return Array.from({ length: rows }, (_, i) =>
    plainJacobian(
      (at) => plainMlp(network, parameters, at, Math.fround((i + 0.5) / rows)),
      x.slice(i * d, (i + 1) * d),
    ),
  );
}
const trace = (matrix: readonly (readonly number[])[]) => matrix.reduce((sum, row, i) => sum + (row[i] ?? 0), 0);

describe("the exact divergence", () => {
  it("and Hutchinson's estimate are the reference's", async () => {
    const { blocks, points, divergence } = reference<DensityReference>("density");
    const first = blocks[0];
    if (!first) throw new Error("density.json has blocks");
    const network = {
      hidden: [8, 8],
      activation: first.activation,
      timeInput: "first",
      initialization: "default",
    } as const;
    const field = blockVelocity({ step: { kind: "free" }, network, parameters: storedLayers(first.layers) });
    const [x, t, probes] = [column(2), column(1), column(2)];
    const outputs = { exact: exactDivergence(field, x, t), estimate: hutchinsonDivergence(field, x, t, probes) };
    const time = floats(new Float32Array(5).fill(divergence.t), [5, 1]);
    const result = await evaluate(engine, { x, t, probes }, outputs, {
      x: stored(points),
      t: time,
      probes: stored(divergence.probes),
    });
    for (const { velocity } of [result.exact, result.estimate])
      expect(largestDifference(numbers(velocity), divergence.velocity.data)).toBeLessThan(2e-6);
    expect(largestDifference(numbers(result.exact.divergence), divergence.exact.data)).toBeLessThan(5e-6);
    expect(largestDifference(numbers(result.estimate.divergence), divergence.hutchinson.data)).toBeLessThan(5e-6);
  });

  it.each(named)("is the trace of the Jacobian, in groups of directions too: $name", async ({ network }) => {
    for (const d of [1, 3, 5]) {
      const made = block(network, d);
      const field = blockVelocity(made);
      const [x, t] = [column(d), column(1)];
      const grouped = [1, 2, 3, 4, 5, 100].map((group) => exactDivergence(field, x, t, group));
      const start = points(6, d);
      const outputs = { whole: exactDivergence(field, x, t), grouped, plain: field(x, t) };
      const result = await evaluate(engine, { x, t }, outputs, { x: start, t: times(6) });
      const expected = jacobians(made, numbers(start), d).map(trace);
      expect(largestDifference(numbers(result.whole.divergence), expected)).toBeLessThan(2e-5);
      expect(Math.max(...expected.map(Math.abs))).toBeGreaterThan(0.02);
      for (const { velocity, divergence } of [result.whole, ...result.grouped]) {
        expect(largestDifference(numbers(divergence), expected)).toBeLessThan(2e-5);
        expect(velocity.shape).toEqual([6, d]);
        expect(divergence.shape).toEqual([6, 1]);
        expect(largestDifference(numbers(velocity), numbers(result.plain))).toBeLessThan(2e-6);
      }
    }
  });

  it("is the sum over the dimensions that a field moves, as far as they are free", async () => {
    const d = 5;
    const [moved, isFree] = [
      [1, 2, 4],
      [1, 1, 0, 1, 1],
    ];
    const made = block(named[0]!.network, d);
    const field = blockVelocity(made);
    const [x, t, free] = [column(d), column(1), column(d)];
    const outputs = [1, 2, 100].flatMap((group) => [
      { along: exactDivergence(field, x, t, group, undefined, moved).divergence, all: moved },
      { along: exactDivergence(field, x, t, group, free, moved).divergence, all: moved.filter((k) => isFree[k] === 1) },
    ]);
    const start = points(6, d);
    const mask = floats(
      Float32Array.from({ length: 6 * d }, (_, k) => isFree[k % d] ?? 0),
      [6, d],
    );
    const result = await evaluate(
      engine,
      { x, t, free },
      outputs.map(({ along }) => along),
      {
        x: start,
        t: times(6),
        free: mask,
      },
    );
    const all = jacobians(made, numbers(start), d);
    outputs.forEach(({ all: counted }, n) => {
      const expected = all.map((jacobian) => counted.reduce((total, k) => total + (jacobian[k]?.[k] ?? 0), 0));
      expect(largestDifference(numbers(result[n]!), expected)).toBeLessThan(2e-5);
    });
  });
});

describe("Hutchinson's estimate", () => {
  const d = 4;
  /** All 16 vectors of signs: their mean is the expectation. */
  const signs = Array.from({ length: 2 ** d }, (_, n) => Array.from({ length: d }, (_, k) => ((n >> k) & 1 ? 1 : -1)));

  it.each(named)("is unbiased with variance sum_(i<j) (J_ij + J_ji)^2: $name", async ({ network }) => {
    const made = block(network, d);
    const [x, t, probes] = [column(d), column(1), column(d * signs.length)];
    const start = points(5, d);
    const all = floats(Array.from({ length: 5 }, () => signs.flat()).flat(), [5, d * signs.length]);
    const { estimate } = await evaluate(
      engine,
      { x, t, probes },
      { estimate: hutchinsonDivergence(blockVelocity(made), x, t, probes) },
      { x: start, t: times(5), probes: all },
    );
    expect(estimate.divergence.shape).toEqual([5, signs.length]);
    jacobians(made, numbers(start), d).forEach((jacobian, row) => {
      const values = numbers(estimate.divergence).slice(row * signs.length, (row + 1) * signs.length);
      const { mean, variance } = moments(values);
      const expected = jacobian.flatMap((line, i) =>
        line.slice(0, i).map((value, j) => (value + (jacobian[j]?.[i] ?? 0)) ** 2),
      );
      expect(mean).toBeCloseTo(trace(jacobian), 4);
      expect((variance * (signs.length - 1)) / signs.length).toBeCloseTo(
        expected.reduce((a, b) => a + b, 0),
        3,
      );
    });
  });

  it("along a path agrees with the exact integral to its own standard error, keyed by the row's number", async () => {
    const network: NetworkConfiguration = {
      hidden: [16, 16],
      activation: { kind: "tanh" },
      timeInput: "first",
      initialization: "orthogonal",
    };
    const chain = { dimension: d, blocks: [block(network, d)] };
    const [rows, probes] = [40, 64];
    const start = points(rows, d).data;
    const common = { direction: 1, integration: { kind: "fixed", method: "rk4", evaluations: 40 } } as const;
    const exact = await createTransport(engine, chain, { ...common, divergence: { kind: "exact" } });
    const estimate = await createTransport(engine, chain, { ...common, divergence: { kind: "hutchinson", probes } });
    const expected = (await exact.run(start)).logDeterminant;
    const drawn = (await estimate.run(start, { random: random(21) })).logDeterminant;
    const scores = Array.from(expected, (value, row) => {
      const { mean, variance } = moments(drawn.slice(row * probes, (row + 1) * probes));
      return (mean - value) / Math.sqrt(variance / probes);
    });
    // Scores are nearly standard normal: all small, and their mean square near 1.
    expect(Math.max(...scores.map(Math.abs))).toBeLessThan(4.5);
    const meanSquare = moments(scores.map((score) => score ** 2)).mean;
    expect(meanSquare).toBeGreaterThan(1 - 5 * Math.sqrt(2 / rows));
    expect(meanSquare).toBeLessThan(1 + 5 * Math.sqrt(2 / rows));

    const tail = (await estimate.run(start.slice(25 * d), { random: random(21), firstRow: 25 })).logDeterminant;
    expect(largestDifference(tail, drawn.slice(25 * probes))).toBeLessThan(1e-6);
    const other = (await estimate.run(start, { random: random(22) })).logDeterminant;
    expect(largestDifference(other, drawn)).toBeGreaterThan(0.01);
    await expect(estimate.run(start)).rejects.toMatchObject({ code: "option" });
    await exact.release();
    await estimate.release();
  });
});
