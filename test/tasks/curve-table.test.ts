// curve-table: a table's rows come nearer to the exact ones with more work, meet its constraints, and are held against real ones.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf } from "../../src/data/cell-table.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import type { CurveSampler } from "../../src/tasks/curve-samplers.ts";
import { type TableCurve, tableCurve, tableCurveMetrics, tableCurveSection } from "../../src/tasks/curve-table.ts";
import { untrainedTable } from "../support/untrained-table.ts";

/** A number, and one above it. */
function rowsOf(rows: number, seed: number) {
  const noise = new Float32Array(2 * rows);
  fillNormal(random(`curve table ${seed}`), noise);
  return cellTableOf(
    Array.from({ length: rows }, (_, n) => {
      const low = Number((noise[2 * n] ?? 0).toFixed(3));
      return { low, high: Number((low + Math.abs(noise[2 * n + 1] ?? 0)).toFixed(3)), kind: n % 3 === 0 ? "a" : "b" };
    }),
  );
}

const [train, heldOut] = [rowsOf(200, 1), rowsOf(120, 2)];
const model = untrainedTable(train, { constraints: ["low <= high"] });

let engine: Engine;
let curve: TableCurve;
const seen: number[] = [];
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  curve = await tableCurve(engine, model, {
    heldOut,
    train,
    seed: 1,
    onProgress: ({ fraction }) => seen.push(fraction),
  });
});
afterAll(() => engine.close());

const of = (method: string) => curve.points.filter((point) => point.method === method);

describe("the curve of a table's model", () => {
  it("has N, 2N, … 16N evaluations where the method has them, and dopri5 at four tolerances", () => {
    expect(of("euler").map(({ evaluations }) => evaluations)).toEqual([2, 4, 8, 16, 32]);
    expect(of("midpoint").map(({ evaluations }) => evaluations)).toEqual([4, 8, 16, 32]);
    expect(of("dopri5").map(({ tolerance }) => tolerance)).toEqual([1e-1, 1e-2, 1e-3, 1e-4]);
  });

  it("comes nearer to the exact rows as the order of the method says", () => {
    for (const [method, order] of [
      ["euler", 1],
      ["heun", 2],
    ] as const) {
      const [coarse = 0, fine = 0] = of(method)
        .slice(-2)
        .map(({ distanceToReference }) => distanceToReference);
      expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.4);
      expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.6);
    }
  });

  it("has every measure with its error at every point and at the floor, which is better than random weights", () => {
    for (const { measures } of [...curve.points, curve.floor])
      for (const name of tableCurveMetrics)
        expect(measures[name]).toMatchObject({ value: expect.any(Number), standardError: expect.any(Number) });
    expect(curve.floor.rows).toBe(120);
    const best = Math.max(...curve.points.map(({ measures }) => measures.quality?.value ?? 0));
    expect(curve.floor.measures.quality?.value).toBeGreaterThan(best);
  });

  it("reports progress that never goes back", () => {
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    expect(seen.at(-1)).toBeCloseTo(1, 12);
  });

  it("leaves rows out that break a constraint: none are left to measure where all do", async () => {
    const d = model.encoder.dimensions.length;
    const at = (column: string) => model.encoder.dimensions.findIndex((dimension) => dimension.column === column);
    const constant = (low: number, high: number): CurveSampler => ({
      sampler: "constant",
      method: `${low} ${high}`,
      evaluations: 0,
      open: async () => ({
        draw: async ({ data, shape }) => {
          const points = Float32Array.from(data, (_, i) =>
            i % d === at("low") ? low : i % d === at("high") ? high : 0,
          );
          return { points: { type: "float32", data: points, shape }, evaluations: 0 };
        },
        release: async () => {},
      }),
    });
    const samplers = [constant(-2, 2), constant(2, -2)];
    const { points } = await tableCurve(engine, model, { heldOut, seed: 1, rows: 40, samplers });
    const [right, wrong] = points.slice(-2);
    expect(right?.measures.quality).toBeDefined();
    expect(wrong?.measures).toEqual({});
  });

  it("is a section of the page: a linear axis of the classifier's area, and the floor", () => {
    const { table, figure } = tableCurveSection(curve.points, curve.floor);
    expect(table?.rows.at(-1)?.[0]).toBe("floor: 120 training rows");
    expect(table?.rows).toHaveLength(curve.points.length + 1);
    expect(figure?.panels[0]).toMatchObject({ y: { scale: "linear", label: "classifier two-sample test" } });
  });

  it("stops at a signal", async () => {
    const stopped = tableCurve(engine, model, { heldOut, seed: 1, signal: AbortSignal.abort() });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  });
});
