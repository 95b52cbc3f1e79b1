// chain: densities along a chain of flows: the reference's, the Jacobian's, the closed form's, and additive over blocks.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blockVelocity, type Chain, normalLogDensity, timeWindow } from "../../src/flow/chain.ts";
import { exactDivergence } from "../../src/flow/density.ts";
import type { VelocityField } from "../../src/flow/matching.ts";
import { initialMlp } from "../../src/nn/mlp.ts";
import type { Integration } from "../../src/ode/integration.ts";
import { rungeKuttaStep } from "../../src/ode/step.ts";
import { tableaus } from "../../src/ode/tableaus.ts";
import { fillNormal, random } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import type { Equation } from "../../src/runtime/equation.ts";
import { createIntegrator } from "../../src/runtime/integrate.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { createTransport, type TransportOptions } from "../../src/runtime/transport.ts";
import { add, divide, multiply, subtract } from "../../src/tensor/arithmetic.ts";
import { floats, type NDArray } from "../../src/tensor/array.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { placeholder } from "../../src/tensor/tensor.ts";
import { type DensityReference, largestDifference, numbers, reference, storedLayers } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const { blocks: storedBlocks, points: storedPoints, chain: expected } = reference<DensityReference>("density");
const chain: Chain = {
  dimension: 2,
  blocks: storedBlocks.map(({ activation, layers }) => ({
    step: { kind: "free" },
    network: { hidden: [8, 8], activation, timeInput: "first", initialization: "default" },
    parameters: storedLayers(layers),
  })),
};
const points = Float32Array.from(storedPoints.data);
const rk4: Integration = { kind: "fixed", method: "rk4", evaluations: 400 };
const fine: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-5, atol: 1e-5 };

async function transport(over: Chain, start: Float32Array, options: Partial<TransportOptions> = {}) {
  const moving = await createTransport(engine, over, {
    direction: 1,
    integration: rk4,
    divergence: { kind: "exact" },
    ...options,
  });
  try {
    return await moving.run(start);
  } finally {
    await moving.release();
  }
}

const logDensities = (logDeterminant: Float32Array, end: Float32Array, d: number) =>
  normalLogDensity(end, d).map((value, row) => value + (logDeterminant[row] ?? Number.NaN));

describe("the normal density", () => {
  it("is the closed form, and integrates to 1", () => {
    expect(normalLogDensity(Float32Array.of(0, 0, 1, 2), 2)[0]).toBeCloseTo(-Math.log(2 * Math.PI), 12);
    expect(normalLogDensity(Float32Array.of(0, 0, 1, 2), 2)[1]).toBeCloseTo(-2.5 - Math.log(2 * Math.PI), 12);
    const grid = Float32Array.from({ length: 2001 }, (_, i) => (i - 1000) / 100);
    expect(normalLogDensity(grid, 1).reduce((sum, value) => sum + Math.exp(value) / 100, 0)).toBeCloseTo(1, 6);
  });
});

describe("the log-density of a chain", () => {
  it("is the reference's: points, log-determinants and densities after every block", async () => {
    for (const n of [1, 2]) {
      const { points: end, logDeterminant } = await transport({ ...chain, blocks: chain.blocks.slice(0, n) }, points);
      expect(largestDifference(end, expected.after[n - 1]?.points.data ?? [])).toBeLessThan(1e-5);
      expect(largestDifference(logDeterminant, expected.after[n - 1]?.logDeterminant.data ?? [])).toBeLessThan(1e-4);
    }
    const whole = await transport(chain, points);
    expect(
      largestDifference(logDensities(whole.logDeterminant, whole.points, 2), expected.logDensity.data),
    ).toBeLessThan(1e-4);
    expect(whole.evaluations).toBe(2 * 5 * 400);
  });

  it("is met by adaptive steps to their tolerance", async () => {
    const whole = await transport(chain, points, { integration: fine });
    expect(
      largestDifference(logDensities(whole.logDeterminant, whole.points, 2), expected.logDensity.data),
    ).toBeLessThan(3e-4);
    expect(whole.evaluations).toBeLessThan(2 * 5 * 400);
  });

  it("is log N(z) + log |det J| of the map itself, J by forward mode through every step", async () => {
    const jacobian = await mapWithJacobian(chain, points, 100);
    const determinants = Array.from({ length: 5 }, (_, row) => {
      const [a = 0, b = 0, c = 0, d = 0] = jacobian.columns.slice(4 * row, 4 * row + 4);
      return Math.log(Math.abs(a * d - b * c));
    });
    const whole = await transport(chain, points);
    expect(largestDifference(whole.points, jacobian.points)).toBeLessThan(1e-5);
    expect(largestDifference(whole.logDeterminant, determinants)).toBeLessThan(2e-4);
    expect(Math.max(...determinants.map(Math.abs))).toBeGreaterThan(0.1);
  });

  it("is additive over blocks", async () => {
    const [first, second] = chain.blocks.map((block): Chain => ({ dimension: 2, blocks: [block] }));
    if (!first || !second) throw new Error("density.json has two blocks");
    const whole = await transport(chain, points);
    const one = await transport(first, points);
    const two = await transport(second, one.points);
    expect(largestDifference(whole.points, two.points)).toBe(0);
    const sum = one.logDeterminant.map((value, row) => value + (two.logDeterminant[row] ?? Number.NaN));
    expect(largestDifference(whole.logDeterminant, sum)).toBe(0);
  });

  it("changes its sign when the way is gone back, and toData(toNoise(x)) = x", async () => {
    for (const integration of [rk4, fine]) {
      const there = await transport(chain, points, { integration });
      const back = await transport(chain, there.points, { integration, direction: -1 });
      expect(largestDifference(there.points, points)).toBeGreaterThan(0.1);
      expect(largestDifference(back.points, points)).toBeLessThan(1e-4);
      expect(
        largestDifference(
          back.logDeterminant,
          there.logDeterminant.map((value) => -value),
        ),
      ).toBeLessThan(3e-4);
    }
  });

  it("does not depend on where the point that is handed over comes from, when both ways are accurate", async () => {
    const plain = await transport(chain, points);
    const handed = await transport(chain, points, { handOver: fine });
    expect(largestDifference(plain.logDeterminant, handed.logDeterminant)).toBeLessThan(3e-4);
    expect(largestDifference(plain.points, handed.points)).toBeLessThan(1e-4);
    expect(handed.evaluations).toBeGreaterThan(plain.evaluations);

    // Euler with few steps is far off; the point handed over is not, as the first block alone shows.
    const coarse: Integration = { kind: "fixed", method: "euler", evaluations: 5 };
    const [far, near] = [
      await transport(chain, points, { integration: coarse }),
      await transport(chain, points, { integration: coarse, handOver: fine }),
    ];
    const secondOnly: Chain = { dimension: 2, blocks: chain.blocks.slice(1) };
    const fromExact = await transport(secondOnly, Float32Array.from(expected.after[0]?.points.data ?? []), {
      integration: coarse,
    });
    expect(largestDifference(near.points, fromExact.points)).toBeLessThan(1e-4);
    expect(largestDifference(far.points, fromExact.points)).toBeGreaterThan(1e-2);
  });

  it("of a field that vanishes is the normal density: zero-last networks move nothing", async () => {
    const network = {
      hidden: [16],
      activation: { kind: "relu" },
      timeInput: "every",
      initialization: "zero-last",
    } as const;
    const still: Block = { step: { kind: "free" }, network, parameters: initialMlp(random(1), network, 3) };
    const start = new Float32Array(30);
    fillNormal(random(2), start);
    const { points: end, logDeterminant } = await transport({ dimension: 3, blocks: [still, still] }, start, {
      integration: fine,
    });
    expect(end).toEqual(start);
    expect(logDeterminant).toEqual(new Float32Array(10));
  });
});

describe("blocks that share a network", () => {
  const network = { hidden: [8], activation: { kind: "silu" }, timeInput: "every", initialization: "default" } as const;
  const parameters = initialMlp(random(21), network, 2);
  const whole: Block = { step: { kind: "free" }, network, parameters };
  const parts = [0, 1, 2].map((n): Block => ({ ...whole, timeWindow: timeWindow(n, 3) }));
  const start = new Float32Array(40);
  fillNormal(random(22), start);

  it("have at their own time t the network's velocity at tau = (n - 1 + t) / N", async () => {
    const [x, t] = [placeholder(["rows", 2]), placeholder(["rows", 1])];
    const velocities = [whole, ...parts].map((block) => blockVelocity(block)(x, t));
    const program = await compile(engine, { x, t }, { velocities });
    const at = async (time: number, n: number) => {
      const values = { x: floats(start, [20, 2]), t: floats(new Float32Array(20).fill(time), [20, 1]) };
      return numbers((await program.run(values)).velocities[n]!);
    };
    for (const [n] of parts.entries())
      for (const time of [0, 0.3, 1])
        expect(largestDifference(await at(time, n + 1), await at((n + time) / 3, 0))).toBeLessThan(1e-6);
    expect(largestDifference(await at(0.5, 1), await at(0.5, 2))).toBeGreaterThan(1e-3);
    await program.release();
  });

  it("move points as one flow of N times the velocity does, with the same log-determinant", async () => {
    const last = parameters.layers.length - 1;
    const scaled = (array: (typeof parameters.layers)[number]["weight"]) =>
      floats(
        array.data.map((value) => 3 * value),
        array.shape,
      );
    const layers = parameters.layers.map((layer, k) =>
      k < last ? layer : { weight: scaled(layer.weight), bias: scaled(layer.bias) },
    );
    const one = await transport({ dimension: 2, blocks: [{ ...whole, parameters: { layers } }] }, start);
    const three = await transport({ dimension: 2, blocks: parts }, start);
    expect(largestDifference(three.points, one.points)).toBeLessThan(1e-4);
    expect(largestDifference(three.logDeterminant, one.logDeterminant)).toBeLessThan(1e-4);
    expect(largestDifference(three.logDeterminant, new Float32Array(20))).toBeGreaterThan(0.01);
    const back = await transport({ dimension: 2, blocks: parts }, three.points, { direction: -1 });
    expect(largestDifference(back.points, start)).toBeLessThan(1e-4);
  });
});

/** The chain's map by rk4 with the derivatives of the end point by the start, pushed through one step after another. */
async function mapWithJacobian({ blocks, dimension: d }: Chain, start: Float32Array, steps: number) {
  const rows = start.length / d;
  let current: NDArray = floats(start, [rows, 1, d]);
  const identity = Array.from({ length: d * d }, (_, k) => (k % (d + 1) === 0 ? 1 : 0));
  let columns: NDArray = floats(Array.from({ length: rows }, () => identity).flat(), [rows, d, d]);
  for (const block of blocks) {
    const field = blockVelocity(block);
    const [x, directions, time] = [
      placeholder(["rows", 1, d]),
      placeholder(["rows", d, d]),
      placeholder(["rows", 1, 1]),
    ];
    const derivative = ([at]: readonly (typeof x)[], t: typeof x) => (at ? [field(at, t)] : []);
    const { state } = rungeKuttaStep(tableaus.rk4, derivative, {
      state: [x],
      time,
      size: multiply(1 / steps, add(1, multiply(0, time))),
    });
    const [end = x] = state;
    const [moved = x] = tangent([end], [{ tensor: x, direction: directions }]);
    const program = await compile(engine, { x, directions, time }, { end, moved });
    for (let k = 0; k < steps; k++) {
      const at = floats(new Float32Array(rows).fill(k / steps), [rows, 1, 1]);
      const result = await program.run({ x: current, directions: columns, time: at });
      [current, columns] = [result.end, result.moved];
    }
    await program.release();
  }
  return { points: numbers(current), columns: numbers(columns) };
}

describe("velocities between Gaussians that are known in closed form", () => {
  /** Means m(t) = m0 (1 - t) and deviations s(t) = s0 (1 - t) + t: the flow is x -> m(t) + s(t) (x - m0) / s0. */
  const [m0, s0] = [1.2, 0.4];
  const velocity: VelocityField = (x, t) => {
    const left = subtract(1, t);
    const deviation = add(multiply(s0, left), t);
    return add(-m0, multiply(divide(1 - s0, deviation), subtract(x, multiply(m0, left))));
  };
  const d = 3;
  const equation: Equation = {
    widths: [d, 1],
    context: [],
    derivative: ([x], t) => {
      if (!x) return [];
      const along = exactDivergence(velocity, x, t);
      return [along.velocity, along.divergence];
    },
  };

  it.each([rk4, fine])("satisfy the continuity equation: the density is N(m0, s0^2) with %o", async (integration) => {
    const rows = 50;
    const z = new Float32Array(rows * d);
    fillNormal(random(14), z);
    const start = z.map((value) => m0 + s0 * value);
    const integrator = await createIntegrator(engine, equation, { direction: 1, integration, slots: 64 });
    const { state } = await integrator.run([start, new Float32Array(rows)]);
    await integrator.release();
    const [end = z, logarithm = z] = state;
    expect(largestDifference(end, z)).toBeLessThan(1e-4);
    const closedForm = normalLogDensity(z, d).map((value) => value - d * Math.log(s0));
    expect(largestDifference(logDensities(logarithm, end, d), closedForm)).toBeLessThan(1e-4);
  });
});
