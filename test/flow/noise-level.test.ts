// noise-level: at the place that is found the interpolant is, coefficient by coefficient, a share of the row and noise of that size.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type InterpolantName, interpolants } from "../../src/flow/interpolant.ts";
import { placeOfNoise, startNoise } from "../../src/flow/noise-level.ts";
import { explicitSteps, type Step, stepScales } from "../../src/flow/steps.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { floats } from "../../src/tensor/array.ts";
import { column, evaluate, numbers } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** What stands at a time of a block of the row, of the noise that it starts with, and of its own: rows [3]. */
async function coefficients(steps: readonly Step[], block: number, time: number, interpolant: InterpolantName) {
  const kept = steps.slice(0, block).reduce((product, step) => product * stepScales(step).keep, 1);
  const { keep, spread } = stepScales(steps[block]!);
  const left = [kept, Math.sqrt(1 - kept ** 2), 0];
  const right = [keep * left[0]!, keep * left[1]!, spread];
  const [l, r, t] = [column(3), column(3), column(1)];
  const { point } = interpolants[interpolant](l, r, t);
  const ends = { left: floats(left, [1, 3]), right: floats(right, [1, 3]), time: floats([time], [1, 1]) };
  return numbers((await evaluate(engine, { left: l, right: r, time: t }, { point }, ends)).point);
}

const steps = explicitSteps([0.15, 0.3]);
const dependent = (interpolant: InterpolantName) => ({ interpolant, coupling: "dependent" }) as const;

describe("the place of noise", () => {
  it.each(
    (["linear", "trigonometric"] as const).flatMap((interpolant) =>
      [0.01, 0.4, 0.6, 1.05, 1.3, 20].map((deviation) => [interpolant, deviation] as const),
    ),
  )("on %s ways, of %d deviations", async (interpolant, deviation) => {
    const { block, time, scale } = placeOfNoise(steps, deviation, dependent(interpolant));
    const [row = 0, before = 0, own = 0] = await coefficients(steps, block, time, interpolant);
    expect(row).toBeCloseTo(scale, 5);
    expect(Math.hypot(before, own) / row / deviation).toBeCloseTo(1, 4);
    expect(startNoise(steps, block)).toBeLessThanOrEqual(deviation);
  });

  it("is the start of a block where that has it", () => {
    const deviation = startNoise(steps, 2)!;
    expect(deviation).toBeCloseTo(Math.sqrt(Math.exp(0.9) - 1), 12);
    expect(placeOfNoise(steps, deviation, dependent("linear"))).toEqual({
      block: 2,
      time: 0,
      scale: expect.closeTo(Math.exp(-0.45), 12),
    });
    expect(startNoise(steps, 3)).toBeUndefined();
  });

  it("within a block needs rows beside their own noise", () => {
    const of = (coupling: "shuffled" | "optimal-transport", deviation: number) =>
      placeOfNoise(steps, deviation, { interpolant: "linear", coupling });
    expect(() => of("shuffled", 0.7)).toThrow(
      "smoothing: expected noise with which a block starts (0.591, 1.21 deviations), since blocks were trained with the coupling shuffled, got 0.7",
    );
    expect(of("shuffled", 2).block).toBe(2);
    expect(() => of("optimal-transport", 2)).toThrow("coupling optimal-transport");
    expect(of("optimal-transport", startNoise(steps, 1)!).time).toBe(0);
  });

  it.each([0, -1, 1e7, Number.NaN, Number.POSITIVE_INFINITY])("of %d deviations there is none", (deviation) => {
    expect(() => placeOfNoise(steps, deviation, dependent("linear"))).toThrow(
      `smoothing: expected a number above 0 and at most 1000000, got ${deviation}`,
    );
  });
});
