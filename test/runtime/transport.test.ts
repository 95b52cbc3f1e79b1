// transport: it stops inside a run when asked to, and says whether a row or the network is to blame for getting stuck.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Block, Chain } from "../../src/flow/chain.ts";
import type { Integration } from "../../src/ode/integration.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { trajectory } from "../../src/runtime/trajectory.ts";
import { createTransport, type TransportOptions, type TransportRun } from "../../src/runtime/transport.ts";
import { floats } from "../../src/tensor/array.ts";
import { interrupting } from "../support/interrupting.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const adaptive: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 };
const fixed: Integration = { kind: "fixed", method: "rk4", evaluations: 400 };

/** dx/dt = factor · x in one dimension: a network without hidden layers. */
function linear(factor: number): Block {
  const network = { hidden: [], activation: { kind: "relu" }, timeInput: "first", initialization: "default" } as const;
  const layer = { weight: floats([0, factor], [2, 1]), bias: floats([0], [1]) };
  return { step: { kind: "free" }, network, parameters: { layers: [layer] } };
}

const chainOf = (...factors: readonly number[]): Chain => ({ dimension: 1, blocks: factors.map(linear) });

async function moved(
  chain: Chain,
  points: Float32Array,
  { on = engine, signal, ...options }: Partial<TransportOptions> & Pick<TransportRun, "signal"> & { on?: Engine } = {},
) {
  const transport = await createTransport(on, chain, {
    direction: 1,
    integration: adaptive,
    divergence: { kind: "none" },
    ...options,
  });
  try {
    return await transport.run(points, signal ? { signal } : {});
  } finally {
    await transport.release();
  }
}

const noise = new Float32Array(1500);
fillNormal(random(1), noise);

describe("a run", () => {
  it.each([
    ["before the first steps", adaptive, 1],
    ["among adaptive steps", adaptive, 9],
    ["among fixed steps", fixed, 9],
    ["in the second block", fixed, 150],
  ])("interrupted %s computes nothing more", async (_, integration, runs) => {
    const { engine: on, signal, stopAfter, late } = interrupting(engine);
    stopAfter(runs);
    await expect(moved(chainOf(-3, -2), noise, { on, signal, integration })).rejects.toMatchObject({
      code: "interrupted",
    });
    expect(late()).toBe(0);
  });

  it("is interrupted among the pieces of a trajectory too", async () => {
    const { engine: on, signal, stopAfter, late } = interrupting(engine);
    stopAfter(5);
    const options = { direction: 1, integration: fixed, pieces: 3, signal } as const;
    await expect(trajectory(on, chainOf(-3), noise, options)).rejects.toMatchObject({ code: "interrupted" });
    expect(late()).toBe(0);
  });

  it.each([adaptive, fixed])(
    "with a signal that never fires gives the same bytes as without ($kind)",
    async (integration) => {
      const options = { integration, divergence: { kind: "exact" } } as const;
      const { signal } = new AbortController();
      expect(await moved(chainOf(-3, 1), noise, { ...options, signal })).toEqual(
        await moved(chainOf(-3, 1), noise, options),
      );
    },
  );
});

describe("a row that gets stuck", () => {
  const rows = Float32Array.of(0.5, -1, 2e38, 0.1);

  it("is to blame when it is extreme and ordinary rows pass", async () => {
    for (const integration of [adaptive, fixed]) {
      const stuck = moved(chainOf(1, 3), rows, { integration });
      await expect(stuck).rejects.toMatchObject({ code: "numeric" });
      await expect(stuck).rejects.toThrow(/^row 3\b.*; check the row for extreme values \(up to 2e\+38 deviations/);
      await expect(stuck).rejects.not.toThrow(/diverged/);
    }
  });

  it("is not to blame when ordinary rows get stuck too: training diverged, in whichever block", async () => {
    for (const integration of [adaptive, fixed])
      for (const factors of [[1e6], [-0.5, 1e6], [60, 60]])
        for (const points of [rows.subarray(0, 2), factors[0] === 1e6 ? rows : rows.subarray(3)]) {
          const stuck = moved(chainOf(...factors), points, { integration });
          await expect(stuck).rejects.toThrow(
            /^row \d.*; ordinary rows get stuck too, so training diverged: .*lower learning rate \(--learning-rate\)/,
          );
          await expect(stuck).rejects.not.toThrow(/extreme/);
        }
  });

  it("though of ordinary size, among rows that pass, leaves two causes, and both remedies are named", async () => {
    const few: Integration = { kind: "fixed", method: "rk4", evaluations: 100 };
    const stuck = moved(chainOf(-3000), rows.subarray(0, 2), { integration: few });
    await expect(stuck).rejects.toThrow(
      /^row 1: .*the row is of ordinary size.*: use more evaluations.*if training diverged.*lower learning rate/,
    );
  });

  it("leaves other errors as they are", async () => {
    const options = { divergence: { kind: "hutchinson", probes: 1 } } as const;
    await expect(moved(chainOf(1), rows, options)).rejects.toMatchObject({ code: "option" });
  });
});
