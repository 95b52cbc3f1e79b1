// tolerance: the chosen tolerance meets its rule and the next looser one does not; a straight flow needs none.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import type { DensityModel } from "../../src/tasks/density-model.ts";
import { chooseTolerance, convergence } from "../../src/tasks/tolerance.ts";
import { floats } from "../../src/tensor/array.ts";
import { affineModel, rotation } from "../support/affine-model.ts";
import { normals } from "../support/repetition.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const straight = affineModel({ matrix: [0, 0, 0, 0], offset: [2, -1], deviation: [100, 0.01] });
const turning = affineModel({ matrix: rotation(12), deviation: [100, 0.01] });
/** Stretches one column by exp(3) and shrinks the other: small errors of a point weigh much in its log-density. */
const stretching = affineModel({ matrix: [3, 0, 0, -3] });

const at = (tolerance: number) => ({ kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance }) as const;

async function logDensities(model: DensityModel, rows: Float32Array, tolerance: number): Promise<readonly number[]> {
  const values: number[] = [];
  const scored = scoreDensity(engine, model, floats(rows, [rows.length / 2, 2]), { integration: at(tolerance) });
  for await (const { logDensity } of scored) values.push(...logDensity);
  return values;
}

const meanDifference = (a: readonly number[], b: readonly number[]) =>
  a.reduce((sum, value, i) => sum + Math.abs(value - (b[i] ?? Number.NaN)), 0) / a.length;

describe("the choice of a tolerance", () => {
  it("is the loosest for a flow along straight lines", async () => {
    const rows = floats(normals(400, "straight"), [200, 2]);
    const { tolerance, integration, tried } = await chooseTolerance(engine, straight, { rows, samples: "logDensity" });
    expect({ tolerance, integration }).toEqual({ tolerance: 1e-2, integration: at(1e-2) });
    expect(tried).toHaveLength(1);
    // Rounding of float32 alone is left.
    expect(tried[0]?.samples).toBeLessThan(1e-5);
  });

  it("for scores is the loosest whose mean difference from 1e-6 is below 0.01 nats", async () => {
    // Fewer rows than the probe holds: all of them decide.
    const rows = normals(300, "stretching").map((value) => 0.5 * value);
    const exact = await logDensities(stretching, rows, 1e-6);
    const { tolerance, tried } = await chooseTolerance(engine, stretching, { rows: floats(rows, [150, 2]) });
    expect(tried.length).toBeGreaterThan(1);
    expect(tried.at(-1)?.tolerance).toBe(tolerance);
    for (const [n, each] of tried.entries()) {
      const own = meanDifference(await logDensities(stretching, rows, each.tolerance), exact);
      expect(each.logDensity).toBeCloseTo(own, 4);
      expect(own < convergence.logDensity).toBe(n === tried.length - 1);
      expect(each.samples).toBeUndefined();
    }
  });

  it("for samples is the loosest that moves them by less than 0.001 deviations, whatever the units", async () => {
    const { tolerance, tried } = await chooseTolerance(engine, turning, { samples: "points" });
    expect(tried.length).toBeGreaterThan(1);
    expect(tried.map((each) => (each.samples ?? 1) < convergence.samples)).toEqual(
      tried.map((_, n) => n === tried.length - 1),
    );
    const plain = { ...turning, standardization: affineModel({ matrix: rotation(12) }).standardization };
    expect((await chooseTolerance(engine, plain, { samples: "points" })).tolerance).toBe(tolerance);
    const unscaled: DensityModel = {
      ...plain,
      record: { ...plain.record, configuration: { ...plain.record.configuration, standardize: false } },
    };
    expect((await chooseTolerance(engine, unscaled, { samples: "points" })).tolerance).toBe(tolerance);
  });

  it("asks for both where both are asked for, and keeps the method", async () => {
    const rows = floats(normals(100, "both"), [50, 2]);
    const method = "bosh3";
    const [scores, samples, both] = [
      await chooseTolerance(engine, turning, { rows, method }),
      await chooseTolerance(engine, turning, { samples: "points", method }),
      await chooseTolerance(engine, turning, { rows, samples: "points", method }),
    ];
    expect(both.tolerance).toBe(Math.min(scores.tolerance, samples.tolerance));
    expect(both.integration).toMatchObject({ method, rtol: both.tolerance, atol: both.tolerance });
  });

  it("gives the tightest where no other is near it", async () => {
    // A hundred turns: what is within the tolerance of a step is far from it after all of them.
    const spinning = affineModel({ matrix: rotation(600) });
    const { tolerance, tried } = await chooseTolerance(engine, spinning, { samples: "points" });
    expect(tolerance).toBe(1e-6);
    expect(tried.map((each) => each.tolerance)).toEqual([1e-2, 1e-3, 1e-4, 1e-5]);
  });

  it("does not depend on how many samples are drawn afterwards, and those of the choice are the model's", async () => {
    const { integration, tried } = await chooseTolerance(engine, turning, { samples: "points" });
    const drawn = async (tolerance: number) => {
      for await (const { points } of sampleDensity(engine, turning, { rows: 256, seed: 0, integration: at(tolerance) }))
        return points.data;
      return new Float32Array();
    };
    const [chosen, exact] = [await drawn(tried.at(-1)?.tolerance ?? 0), await drawn(1e-6)];
    const squares = chosen.reduce((sum, value, i) => {
      return sum + ((value - (exact[i] ?? 0)) / (i % 2 === 0 ? 100 : 0.01)) ** 2;
    }, 0);
    expect(tried.at(-1)?.samples).toBeCloseTo(Math.sqrt(squares / 512), 6);
    expect(integration.kind).toBe("adaptive");
  });

  it("says that a row that gets stuck is one of the probe", async () => {
    const wild = affineModel({ matrix: [1e30, 0, 0, 1e30], blocks: 2 });
    await expect(chooseTolerance(engine, wild, { samples: "points" })).rejects.toThrow(
      /^choice of a tolerance, 1e-6, row \d+ at t = [\d.]+ of the probe: .*; give a tolerance as a number/,
    );
  });

  it("refuses to choose for nothing, rows that are not the model's, and stops at a signal", async () => {
    await expect(chooseTolerance(engine, turning, {})).rejects.toThrow(/expected rows, samples or both, got neither/);
    const rows = floats(new Float32Array(3), [1, 3]);
    await expect(chooseTolerance(engine, turning, { rows })).rejects.toThrow(/data to score: expected 2 columns/);
    const holed = normals(800, "holed");
    holed[701] = Number.NaN;
    await expect(chooseTolerance(engine, turning, { rows: floats(holed, [400, 2]) })).rejects.toThrow(
      /data to score row 351 column "b"/,
    );
    const signal = AbortSignal.abort();
    await expect(chooseTolerance(engine, turning, { samples: "points", signal })).rejects.toThrow(
      expect.objectContaining({ code: "interrupted" }),
    );
  });
});
