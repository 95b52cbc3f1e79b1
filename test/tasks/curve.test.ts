// curve: samples come nearer to the exact flow as the order of the method says, and cost what they are said to.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { type CurveRequest, type EvaluationCurve, evaluationCurve } from "../../src/tasks/curve.ts";
import type { CurveSampler } from "../../src/tasks/curve-samplers.ts";
import { sampleDensity } from "../../src/tasks/density.ts";
import { evaluateDensity } from "../../src/tasks/evaluate.ts";
import { evaluationReport } from "../../src/tasks/evaluation-report.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { affineModel, rotation } from "../support/affine-model.ts";
import { normals } from "../support/repetition.ts";

const [mean, deviation] = [[50, -3] as const, [10, 0.1] as const];
/** Turns by 2 radians in each of two blocks: N(0, I) stays what it is, and samples are turned noise. */
const model = affineModel({ matrix: rotation(2), blocks: 2, mean, deviation });

const inUnits = (values: Float32Array): FloatArray =>
  floats(
    values.map((z, i) => (mean[i % 2] ?? 0) + (deviation[i % 2] ?? 1) * z),
    [values.length / 2, 2],
  );
const [train, heldOut] = [inUnits(normals(1200, "train")), inUnits(normals(1000, "held out"))];

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const curveOf = (changes: Partial<CurveRequest> = {}) =>
  evaluationCurve(engine, model, { heldOut, seed: 1, samples: 400, ...changes });

describe("the curve of a chain", () => {
  const fractions: number[] = [];
  let curve: EvaluationCurve;
  let wallSeconds: number;
  const distances = (method: string) =>
    curve.points.filter((point) => point.method === method).map(({ distanceToReference }) => distanceToReference);

  /** The flow in closed form: back through two blocks, 4 radians the other way. */
  const exact: CurveSampler = {
    sampler: "closed form",
    method: "rotation",
    evaluations: 1,
    open: async () => ({
      draw: async ({ data }) => {
        const [cos, sin] = [Math.cos(4), Math.sin(4)];
        const turned = data.map((_, i) => {
          const [x = 0, y = 0] = data.subarray(i - (i % 2), i - (i % 2) + 2);
          return i % 2 === 0 ? cos * x - sin * y : sin * x + cos * y;
        });
        return { points: inUnits(turned), evaluations: data.length / 2 };
      },
      release: async () => {},
    }),
  };

  beforeAll(async () => {
    const onProgress = ({ fraction }: { readonly fraction: number }) => fractions.push(fraction);
    const started = performance.now();
    curve = await curveOf({ train, samplers: [exact], onProgress });
    wallSeconds = (performance.now() - started) / 1000;
  });

  it("has N, 2N, …, 32N evaluations where the method has them, and counts those of adaptive steps", () => {
    const evaluations = (method: string) =>
      curve.points.filter((point) => point.method === method).map((point) => point.evaluations);
    expect(evaluations("euler")).toEqual([2, 4, 8, 16, 32, 64]);
    expect(evaluations("midpoint")).toEqual([4, 8, 16, 32, 64]);
    expect(evaluations("heun")).toEqual([4, 8, 16, 32, 64]);
    expect(evaluations("rk4")).toEqual([8, 16, 32, 64]);
    const adaptive = evaluations("dopri5");
    expect(adaptive).toHaveLength(4);
    expect(adaptive).toEqual([...adaptive].sort((a, b) => a - b));
  });

  it("has the seconds of 1000 samples", () => {
    expect(curve.points.every(({ seconds }) => seconds > 0)).toBe(true);
    // One batch of 400 samples each.
    const drawing = curve.points.reduce((sum, { seconds }) => sum + 0.4 * seconds, 0);
    expect(drawing).toBeLessThan(wallSeconds);
    expect(drawing).toBeGreaterThan(wallSeconds / 200);
  });

  it.each([
    ["euler", 1],
    ["midpoint", 2],
    ["heun", 2],
    ["rk4", 4],
  ])("has errors of %s that fall with order %i", (method, order) => {
    const [coarse = 0, fine = 0] = distances(method).slice(-2);
    // With tightening steps the ratio of the errors tends to 2^order.
    expect(Math.log2(coarse / fine)).toBeGreaterThan(order - 0.35);
    expect(Math.log2(coarse / fine)).toBeLessThan(order + 0.5);
  });

  it("has distances in deviations of the columns, as the closed form of one Euler step says", () => {
    // On the plane as complex numbers: a block back is 1 - 2i for Euler and exp(-2i) in truth; noise has mean square 1.
    const [real, imaginary] = [-3 - Math.cos(4), -4 + Math.sin(4)];
    const expected = Math.hypot(real, imaginary);
    expect(Math.abs((distances("euler")[0] ?? 0) / expected - 1)).toBeLessThan(0.1);
  });

  it("ranks the methods by their order at equal evaluations, and tolerances by their size", () => {
    const [euler = 0, midpoint = 0, rk4 = 0] = ["euler", "midpoint", "rk4"].map((method) => distances(method).at(-1));
    expect(euler).toBeGreaterThan(5 * midpoint);
    expect(midpoint).toBeGreaterThan(5 * rk4);
    const adaptive = distances("dopri5");
    expect(adaptive).toEqual([...adaptive].sort((a, b) => b - a));
  });

  it("takes other samplers on the same noise; the closed form is at the reference, and the reference at it", () => {
    const last = curve.points.at(-1);
    expect(last).toMatchObject({ sampler: "closed form", method: "rotation", evaluations: 1 });
    expect(last?.distanceToReference).toBeLessThan(2e-5);
    expect(last?.slicedWasserstein).toBeCloseTo(curve.points.at(-2)?.slicedWasserstein ?? 0, 3);
  });

  it("has distances to the held-out rows that end at the floor, coarse steps far from it", () => {
    const [coarse, fine] = [curve.points[0], curve.points.at(-2)];
    const floor = curve.floor?.value ?? Number.NaN;
    expect(coarse?.slicedWasserstein).toBeGreaterThan(5 * floor);
    const doubt = Math.hypot(fine?.standardError ?? 0, curve.floor?.standardError ?? 0);
    expect(Math.abs((fine?.slicedWasserstein ?? 0) - floor)).toBeLessThan(5 * doubt);
  });

  it("reports progress that never goes back and ends at 1", () => {
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions.at(-1)).toBeCloseTo(1, 12);
  });

  it("draws what sampleDensity draws, and measures it as evaluateDensity does", async () => {
    const integration = { kind: "fixed", method: "midpoint", evaluations: 4 } as const;
    const evaluation = await evaluateDensity(engine, model, {
      heldOut,
      seed: 1,
      samples: 400,
      integration,
      curve: true,
    });
    const point = evaluation.curve?.find(({ method, evaluations }) => method === "midpoint" && evaluations === 8);
    expect(point?.slicedWasserstein).toBeCloseTo(evaluation.measures.slicedWasserstein?.value ?? 0, 6);
    expect(point?.standardError).toBeCloseTo(evaluation.measures.slicedWasserstein?.standardError ?? 0, 6);
    const page = evaluationReport(evaluation, "m.safetensors", []);
    expect(page).toContain("Quality against evaluations");
    expect(page.match(/<figure>/g)).toHaveLength(2);
  });
});

describe("the curve at its edges", () => {
  it("leaves out samplers that leave the finite numbers, with a note", async () => {
    const { points, notes } = await curveOf({
      samples: 20,
      samplers: [
        {
          sampler: "wild",
          method: "leap",
          evaluations: 3,
          open: async () => {
            const wild = affineModel({ matrix: [1e30, 0, 0, 1e30], blocks: 2, mean, deviation });
            return {
              draw: async () => {
                const integration = { kind: "fixed", method: "euler", evaluations: 1 } as const;
                const drawn = sampleDensity(engine, wild, { rows: 20, seed: 1, integration });
                for await (const { points, evaluations } of drawn) return { points, evaluations };
                throw new Error("no samples");
              },
              release: async () => {},
            };
          },
        },
      ],
    });
    expect(points).toHaveLength(24);
    expect(notes).toEqual([expect.stringMatching(/^the curve lacks wild leap with 3 evaluations: /)]);
  });

  it("stops at a signal, also on its way", async () => {
    const interrupted = expect.objectContaining({ code: "interrupted" });
    await expect(curveOf({ signal: AbortSignal.abort() })).rejects.toThrow(interrupted);
    const stop = new AbortController();
    let reports = 0;
    const onProgress = () => {
      reports += 1;
      if (reports === 5) stop.abort();
    };
    await expect(curveOf({ signal: stop.signal, onProgress })).rejects.toThrow(interrupted);
    expect(reports).toBe(5);
  });
});
