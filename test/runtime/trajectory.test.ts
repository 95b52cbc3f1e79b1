// trajectory: states at even times, against the closed form of a linear flow and against the transport's end.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Block, Chain } from "../../src/flow/chain.ts";
import type { Integration } from "../../src/ode/integration.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { trajectory } from "../../src/runtime/trajectory.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { floats } from "../../src/tensor/array.ts";

const integration: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 };

/** dx/dt = a x + b t in one dimension: a network without hidden layers, whose first input is the time. */
function linear(a: number, b: number): Block {
  const network = { hidden: [], activation: { kind: "relu" }, timeInput: "first", initialization: "default" } as const;
  const layer = { weight: floats([b, a], [2, 1]), bias: floats([0], [1]) };
  return { step: { kind: "free" }, network, parameters: { layers: [layer] } };
}

/** x' = a x + b t from x at time 0. */
const closedForm = (a: number, b: number, x: number, t: number) =>
  x * Math.exp(a * t) + (b / a ** 2) * (Math.exp(a * t) - 1 - a * t);

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const chain: Chain = { dimension: 1, blocks: [linear(-1, 2), linear(0.5, -1)] };

describe("a trajectory", () => {
  it("meets the closed form at every even time of every block", async () => {
    const start = Float32Array.of(-1, 0.5, 2);
    const states = await trajectory(engine, chain, start, { direction: 1, integration, pieces: 5 });
    expect(states).toHaveLength(11);
    for (const [row, x] of start.entries()) {
      const middle = closedForm(-1, 2, x, 1);
      for (let k = 0; k <= 5; k++) {
        expect(states[k]![row]).toBeCloseTo(closedForm(-1, 2, x, k / 5), 4);
        expect(states[5 + k]![row]).toBeCloseTo(closedForm(0.5, -1, middle, k / 5), 4);
      }
    }
  });

  it("ends where the transport ends, in both directions", async () => {
    const start = Float32Array.of(0.3, -2);
    for (const direction of [1, -1] as const) {
      const states = await trajectory(engine, chain, start, { direction, integration, pieces: 3 });
      const transport = await createTransport(engine, chain, { direction, integration, divergence: { kind: "none" } });
      const { points } = await transport.run(start);
      await transport.release();
      for (const [row, value] of points.entries()) expect(states[6]![row]).toBeCloseTo(value, 4);
    }
  });

  it("stops between blocks when asked to", async () => {
    const options = { direction: 1, integration, pieces: 2, signal: AbortSignal.abort() } as const;
    await expect(trajectory(engine, chain, Float32Array.of(1), options)).rejects.toMatchObject({ code: "interrupted" });
  });
});
