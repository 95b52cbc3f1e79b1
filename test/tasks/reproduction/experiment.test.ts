// An experiment from end to end on rows whose law is known: figures agree with it, and an interrupted one goes on.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { DensityTable } from "../../../src/data/tables/table.ts";
import { regionsFigure } from "../../../src/pictures/regions.ts";
import { toSvg } from "../../../src/pictures/svg.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { defaultConfiguration } from "../../../src/tasks/defaults.ts";
import { sampleDensity } from "../../../src/tasks/density.ts";
import { type ExperimentRequest, runExperiment } from "../../../src/tasks/reproduction/experiment.ts";
import { reproductionPage } from "../../../src/tasks/reproduction/page.ts";
import { confidenceRegions } from "../../../src/tasks/reproduction/regions.ts";
import { type FloatArray, floats } from "../../../src/tensor/array.ts";
import type { Configuration } from "../../../src/train/configuration.ts";
import { affineModel } from "../../support/affine-model.ts";
import { memoryStore } from "../../support/memory-store.ts";
import { normals } from "../../support/repetition.ts";

/** Rows of N(0, 4 I) in the plane. */
const part = (name: string, count: number) =>
  floats(
    normals(2 * count, name).map((z) => 2 * z),
    [count, 2],
  );
const table: DensityTable = {
  name: "made",
  columns: ["x", "y"],
  train: part("train", 2000),
  validation: part("validation", 600),
  test: part("test", 600),
  notes: ["made rows"],
};
const truth = ({ data }: FloatArray) =>
  Float64Array.from({ length: data.length / 2 }, (_, row) => {
    const [x = 0, y = 0] = data.subarray(2 * row, 2 * row + 2);
    return -(x * x + y * y) / 8 - Math.log(8 * Math.PI);
  });

function configured(learningRate: number, durations: readonly number[]): Configuration {
  const base = defaultConfiguration({ rows: 2000, columns: 3 });
  const network = { ...base.blocks[0]!.network, hidden: [24] };
  const steps = [...durations.map((duration) => ({ kind: "diffuse" as const, duration })), { kind: "free" as const }];
  return {
    ...base,
    standardize: false,
    blocks: steps.map((step) => ({ step, network, iterations: 150, learningRate })),
    training: { ...base.training, batchSize: 200 },
  };
}

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const request: ExperimentRequest = {
  name: "made",
  table,
  contenders: [
    { method: "chain", description: "two blocks", alternatives: [configured(5e-3, [0.3])] },
    { method: "plain", description: "one block", alternatives: [configured(1e-9, []), configured(5e-3, [])] },
  ],
  seeds: [1, 2],
  likelihood: {
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 },
    authors: {
      kind: "separate",
      logDeterminant: { kind: "fixed", method: "euler", evaluations: 20 },
      transport: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
    },
  },
  truth,
};

describe("an experiment", () => {
  test("chooses by validation, measures in several ways that agree, and can be taken up again", async () => {
    const { store, files } = memoryStore();
    const stages: string[] = [];
    const { result } = await runExperiment(engine, { ...request, store, onStage: (text) => stages.push(text) });
    const [chain, plain] = result.contenders;
    expect(plain?.learningRate).toBe(5e-3);
    expect(plain?.learningRates.map(({ rate }) => rate)).toEqual([1e-9, 5e-3]);
    for (const { nll, runs } of [chain!, plain!]) {
      expect(nll.seeds).toBe(2);
      expect(nll.mean).toBeGreaterThan(result.truth! - 0.02);
      expect(nll.mean).toBeLessThan(result.truth! + 0.2);
      expect(nll.deviation).toBeGreaterThan(0);
      for (const { test } of runs) {
        expect(Math.abs(test.check.tighter.value)).toBeLessThan(2e-3);
        expect(Math.abs(test.check.fixed.value)).toBeLessThan(2e-3);
        expect(Math.abs(test.hutchinson.nll.value - test.nll.value)).toBeLessThan(
          (5 * test.hutchinson.rowError) / Math.sqrt(600) + 1e-3,
        );
        expect(test.authors!.nll.value + test.authors!.optimism.value).toBeCloseTo(test.nll.value, 6);
      }
    }
    const gaussian = result.densities.find(({ name }) => name === "gaussian");
    expect(gaussian!.nll.value).toBeLessThan(result.truth! + 0.02);
    expect([...files.keys()].filter((name) => name.endsWith(".safetensors"))).toHaveLength(5);
    expect([...files.keys()].filter((name) => name.endsWith(".checkpoint"))).toHaveLength(0);

    const again = await runExperiment(engine, { ...request, store });
    const figures = ({ contenders }: typeof result) => contenders.map(({ runs }) => runs.map(({ test }) => test.nll));
    expect(figures(again.result)).toEqual(figures(result));
    expect(again.result.contenders[0]?.runs[0]?.trainSeconds).toBe(chain?.runs[0]?.trainSeconds);
    const page = reproductionPage(
      { ...result, scale: 1, measured: chain!.nll, published: [], comparable: { yes: false, why: "it was made up" } },
      [],
    );
    expect(page).toContain("it was made up");
    expect(page).toContain("the law itself");
  });

  test("stored runs of another configuration or in pieces are not believed", async () => {
    const { store, files } = memoryStore();
    const one = { ...request, seeds: [1], contenders: request.contenders.slice(0, 1), store };
    await runExperiment(engine, one);
    const name = [...files.keys()].find((key) => key.endsWith(".json"))!;
    files.set(name, new TextEncoder().encode("{"));
    const { result } = await runExperiment(engine, one);
    expect(Number.isFinite(result.contenders[0]!.nll.mean)).toBe(true);
    expect(new TextDecoder().decode(files.get(name))).toContain("mark");
  });

  test("an interrupt leaves a checkpoint that the next one takes up", async () => {
    const { store, files } = memoryStore();
    const controller = new AbortController();
    const stopping = { ...request, store, signal: controller.signal, onProgress: () => controller.abort() };
    await expect(runExperiment(engine, stopping)).rejects.toMatchObject({ code: "interrupted" });
    expect([...files.keys()].some((name) => name.endsWith(".checkpoint"))).toBe(true);
  });
});

describe("confidence regions", () => {
  test("hold their share of the model's samples", async () => {
    const model = affineModel({ matrix: [0.4, 0.3, -0.2, 0.1], mean: [3, -1], deviation: [2, 0.5] });
    const { curves } = await confidenceRegions(engine, model, { shares: [0.9, 0.5] });
    const samples: number[] = [];
    for await (const { points } of sampleDensity(engine, model, { rows: 4000, seed: 3 })) samples.push(...points.data);
    for (const { share, points } of curves) {
      let inside = 0;
      for (let row = 0; row < 4000; row++) if (encloses(points, samples[2 * row]!, samples[2 * row + 1]!)) inside++;
      expect(Math.abs(inside / 4000 - share)).toBeLessThan(4 * Math.sqrt((share * (1 - share)) / 4000));
    }
    expect(toSvg(regionsFigure({ axes: ["a", "b"], curves }))).toContain("90 %");
  });
});

/** Even-odd rule on a closed curve [n · 2]. */
function encloses(curve: ArrayLike<number>, x: number, y: number): boolean {
  let inside = false;
  for (let k = 0; k + 3 < curve.length; k += 2) {
    const [x0, y0, x1, y1] = [curve[k]!, curve[k + 1]!, curve[k + 2]!, curve[k + 3]!];
    if (y0 > y !== y1 > y && x < x0 + ((y - y0) / (y1 - y0)) * (x1 - x0)) inside = !inside;
  }
  return inside;
}
