// evaluate: the measures of a model on held-out rows agree with scoring and with closed forms, beside honest baselines.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { gaussianNll } from "../../src/measure/gaussian.ts";
import { twoSampleNames } from "../../src/measure/names.ts";
import { mlpParameterCount, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { fitDensity, scoreDensity } from "../../src/tasks/density.ts";
import type { DensityModel } from "../../src/tasks/density-model.ts";
import { type EvaluateRequest, type Evaluation, evaluateDensity } from "../../src/tasks/evaluate.ts";
import { parametersOf, plainFlow, widened } from "../../src/tasks/plain-flow.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { normals } from "../support/repetition.ts";

/** Correlated normal rows, x in tens. */
function rows(count: number, name: string): FloatArray {
  const noise = normals(2 * count, name);
  return floats(
    noise.map((z, i) => (i % 2 === 0 ? 50 + 10 * z : z + (noise[i - 1] ?? 0))),
    [count, 2],
  );
}

const [train, heldOut] = [rows(1500, "train"), rows(400, "held out")];
const network: NetworkConfiguration = {
  hidden: [24, 12],
  activation: { kind: "tanh" },
  timeInput: "first",
  initialization: "default",
};
let engine: Engine;
let model: DensityModel;

async function fitted(standardize: boolean, iterations: readonly number[]): Promise<DensityModel> {
  const base = defaultConfiguration({ rows: 1500, columns: 2 });
  const blocks = iterations.map((count, n) => ({
    step: n < iterations.length - 1 ? ({ kind: "diffuse", duration: 0.3 } as const) : ({ kind: "free" } as const),
    network,
    iterations: count,
    learningRate: 1e-2,
  }));
  const training = { ...base.training, batchSize: 200 };
  const configuration = { ...base, seed: 7, standardize, blocks, training };
  return (await fitDensity(engine, { rows: train, columns: ["x", "y"], configuration, trainSplit: 1 })).model;
}

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  model = await fitted(true, [150, 150]);
});
afterAll(() => engine.close());

const evaluated = (changes: Partial<EvaluateRequest> = {}) =>
  evaluateDensity(engine, model, { heldOut, seed: 1, samples: 500, ...changes });

describe("the evaluation of a density", () => {
  let evaluation: Evaluation;
  beforeAll(async () => {
    evaluation = await evaluated({ train, flows: ["flow-wide", "flow-long"] });
  });

  it("has the likelihood of the scores, in the user's units and in standardised ones", async () => {
    const values: number[] = [];
    for await (const { logDensity } of scoreDensity(engine, model, heldOut)) values.push(...logDensity);
    const { nll, nllStandardized } = evaluation.measures;
    expect(nll.value).toBeCloseTo(-values.reduce((a, b) => a + b, 0) / 400, 10);
    const [sx = 1, sy = 1] = model.standardization.deviation.data;
    expect(nllStandardized?.value).toBeCloseTo(nll.value - Math.log(sx) - Math.log(sy), 5);
    expect(nllStandardized?.standardError).toBe(nll.standardError);
  });

  it("holds the model beside every baseline, the Gaussian among them as computed by itself", () => {
    const { nll } = evaluation.measures;
    expect(Object.keys(nll.baselines)).toEqual(["gaussian", "mixture", "kernel", "flow-wide", "flow-long"]);
    const alone = gaussianNll(train, heldOut);
    expect(nll.baselines["gaussian"]).toEqual({ value: alone.nll, standardError: alone.standardError });
    for (const { value, standardError } of [nll, ...Object.values(nll.baselines)]) {
      // The law is a Gaussian: nothing is below its entropy by more than chance, and all of these come near it.
      expect(value - (Math.log(2 * Math.PI * Math.E) + Math.log(10))).toBeGreaterThan(-4 * standardError);
      expect(value - alone.nll).toBeLessThan(0.3);
    }
  });

  it("measures samples with a floor, and both the model and the baselines come near it", () => {
    expect(evaluation).toMatchObject({ rows: 400, comparedRows: 400, seed: 1, notes: [] });
    for (const name of twoSampleNames) {
      const measured = evaluation.measures[name];
      const floor = measured?.floor ?? { value: Number.NaN, standardError: Number.NaN };
      for (const { value, standardError } of [measured, measured?.baselines["gaussian"]].flatMap((x) => x ?? []))
        expect(value - floor.value).toBeLessThan(5 * Math.hypot(standardError, floor.standardError) + 0.05);
    }
  });

  it("trains plain Flow Matching on equal budgets", () => {
    const { parameters, gradientSteps, baselines } = evaluation;
    expect(gradientSteps).toBe(300);
    expect(baselines["flow-wide"]?.gradientSteps).toBe(300);
    expect(Math.abs((baselines["flow-wide"]?.parameters ?? 0) / parameters - 1)).toBeLessThan(0.02);
    expect(baselines["flow-long"]).toMatchObject({ gradientSteps: 300, parameters: parameters / 2 });
    expect(baselines["gaussian"]).toMatchObject({ gradientSteps: 0, parameters: 5 });
  });

  it("repeats with the seed, and says what it needs when there are no training rows", async () => {
    const [first, second] = [await evaluated(), await evaluated()];
    expect(first.measures).toEqual(second.measures);
    expect(first.measures.nll.baselines).toEqual({});
    expect(first.measures.slicedWasserstein?.floor).toBeUndefined();
    expect(first.notes).toEqual([expect.stringContaining("--train FILE")]);
    const other = await evaluated({ seed: 2 });
    expect(other.measures.nll).toEqual(first.measures.nll);
    expect(other.measures.energyDistance).not.toEqual(first.measures.energyDistance);
  });
});

describe("evaluation at its edges", () => {
  it("leaves out baselines that the training rows do not allow, and says so", async () => {
    const line = floats(
      train.data.map((x, i, all) => (i % 2 === 0 ? x : (all[i - 1] ?? 0) / 10)),
      [1500, 2],
    );
    const { measures, notes } = await evaluated({ train: line });
    expect(Object.keys(measures.nll.baselines)).toEqual(["mixture", "kernel"]);
    expect(notes).toEqual([expect.stringMatching(/^gaussian is left out: column 2: .*linear combinations/)]);
  });

  it("has one likelihood for a model that does not standardise, and scales by the rows it has", async () => {
    const plain = await fitted(false, [5]);
    const { measures } = await evaluateDensity(engine, plain, { heldOut, seed: 1, samples: 100 });
    expect(Object.keys(measures)).toEqual(["nll", ...twoSampleNames]);
  });

  it("refuses too few rows, wrong columns and numbers that are not finite, and stops at a signal", async () => {
    await expect(evaluated({ heldOut: rows(5, "few") })).rejects.toThrow(/held-out rows: expected 8 rows/);
    await expect(evaluated({ train: floats(new Float32Array(30), [10, 3]) })).rejects.toThrow(
      /training data: expected 2 columns \(x, y\), got 3/,
    );
    const hole = floats(
      train.data.map((x, i) => (i === 5 ? Number.NaN : x)),
      [1500, 2],
    );
    await expect(evaluated({ train: hole })).rejects.toThrow(
      /training data row 3 column "y": expected a finite number/,
    );
    const signal = AbortSignal.abort();
    await expect(evaluated({ train, signal })).rejects.toThrow(expect.objectContaining({ code: "interrupted" }));
  });

  it("stops while the kernel density scores many rows", async () => {
    const stop = new AbortController();
    // The kernel density is the last baseline: nothing that comes after it looks at the signal.
    const onStage = (text: string) => text.endsWith("kernel") && setTimeout(() => stop.abort(), 50);
    const many = { train: rows(4000, "centres"), heldOut: rows(12_000, "many") };
    await expect(evaluated({ ...many, samples: 100, onStage, signal: stop.signal })).rejects.toThrow(
      expect.objectContaining({ code: "interrupted" }),
    );
  });
});

describe("plain Flow Matching on the budget of a chain", () => {
  it.each([
    [[128, 128, 128], 6, 4],
    [[64], 2, 10],
    [[16, 48], 3, 3],
    [[256, 256], 63, 2],
    [[100, 100], 8, 1],
  ])("widens %j in %i dimensions to the parameters of %i networks within 2 %%", (hidden, d, copies) => {
    const pattern = { ...network, hidden };
    const target = copies * mlpParameterCount(pattern, d);
    const wide = widened(pattern, d, target);
    expect(Math.abs(mlpParameterCount(wide, d) / target - 1)).toBeLessThan(0.02);
    expect(wide.hidden).toHaveLength(hidden.length);
    if (copies === 1) expect(wide).toEqual(pattern);
  });

  it("keeps the model's recipe and lets the learning rate fall as far as it did over the last block", () => {
    const { training } = model.record.configuration;
    const wide = plainFlow(model, "flow-wide", 9);
    expect(wide.blocks).toEqual([
      expect.objectContaining({ step: { kind: "free" }, iterations: 300, learningRate: 1e-2 }),
    ]);
    expect(wide.seed).toBe(9);
    if (training.decay.kind !== "step") throw new Error("the default decay is by steps");
    expect(wide.training).toEqual({ ...training, decay: { ...training.decay, every: 2 * training.decay.every } });
    expect(parametersOf(model)).toBe(2 * mlpParameterCount(network, 2));
  });
});
