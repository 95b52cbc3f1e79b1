// variants: blocks trained from the exact marginals, apart or with one network; and the loss curves that a model keeps.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explicitSteps } from "../../src/flow/steps.ts";
import { mlpParameterCount } from "../../src/nn/mlp.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { type FitRequest, fitDensity, scoreDensity } from "../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import { picture } from "../../src/tasks/pictures.ts";
import { parametersOf } from "../../src/tasks/plain-flow.ts";
import type { Progress } from "../../src/tasks/progress.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { leaves } from "../../src/tensor/tree.ts";
import type { Configuration, TrainingConfiguration } from "../../src/train/configuration.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Correlated Gaussian rows: x = a, y = 0.8 a + 0.6 b, whose covariance has determinant 0.36. */
function gaussianRows(count: number, seed: number): FloatArray {
  const noise = new Float32Array(count * 2);
  fillNormal(random(seed), noise);
  const row = (i: number) => [noise[2 * i] ?? 0, 0.8 * (noise[2 * i] ?? 0) + 0.6 * (noise[2 * i + 1] ?? 0)];
  return floats(Array.from({ length: count }, (_, i) => row(i)).flat(), [count, 2]);
}

const network = {
  hidden: [16, 16],
  activation: { kind: "tanh" },
  timeInput: "first",
  initialization: "default",
} as const;
const shared = { parallelBlocks: true, shareWeights: true, warmStart: false } as const;
const parallel = { parallelBlocks: true, warmStart: false } as const;
const columns = ["x", "y"];

function configuration(training: Partial<TrainingConfiguration> = {}, iterations = 30): Configuration {
  const base = defaultConfiguration({ rows: 1000, columns: 2 });
  const blocks = explicitSteps([0.2, 0.4]).map((step) => ({ step, network, iterations, learningRate: 1e-2 }));
  return { ...base, seed: 7, blocks, training: { ...base.training, batchSize: 200, ...training } };
}

const fitted = (changes: Partial<FitRequest> = {}) =>
  fitDensity(engine, { rows: gaussianRows(600, 1), columns, configuration: configuration(), ...changes });

async function nllOf(model: DensityModel, rows: FloatArray): Promise<number> {
  let total = 0;
  for await (const { logDensity } of scoreDensity(engine, model, rows)) for (const value of logDensity) total -= value;
  return total / (rows.shape[0] ?? 1);
}

const weightsOf = ({ chain }: DensityModel, n: number) =>
  leaves<FloatArray>(chain.blocks[n]?.parameters ?? {}).map(({ value }) => Array.from(value.data));

/** The model of a fit that is interrupted at its `stopAt`-th report of progress and then resumed. */
async function resumed(recipe: Configuration, stopAt: number): Promise<DensityModel> {
  const controller = new AbortController();
  let saved: Uint8Array | undefined;
  let steps = 0;
  const save = async (bytes: Uint8Array) => {
    saved = bytes;
  };
  const onProgress = () => {
    steps += 1;
    if (steps === stopAt) controller.abort();
  };
  const stopped = fitted({ configuration: recipe, signal: controller.signal, checkpoint: { save }, onProgress });
  await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
  if (!saved) throw new Error("no checkpoint was saved");
  return (await fitted({ configuration: { ...recipe, seed: 1 }, checkpoint: { save, resume: saved } })).model;
}

describe("a Gaussian learnt", () => {
  const test = gaussianRows(4000, 99);
  /** Mean of -log p over the test rows, from the closed form. */
  const exact =
    Math.log(2 * Math.PI * 0.6) +
    Array.from({ length: 4000 }, (_, i) => {
      const [a, y] = [test.data[2 * i] ?? 0, test.data[2 * i + 1] ?? 0];
      return (a * a + ((y - 0.8 * a) / 0.6) ** 2) / 2;
    }).reduce((sum, value) => sum + value / 4000, 0);

  it.each<[string, Partial<TrainingConfiguration>]>([
    ["block after block", {}],
    ["from the exact marginals", parallel],
    ["with one network", shared],
  ])("%s has the likelihood of the closed form within 0.015 nats", async (_, variant) => {
    const recipe = configuration(
      { ...variant, batchSize: 1000, movingAverage: 0.99, decay: { kind: "step", factor: 0.7, every: 100 } },
      700,
    );
    const { model } = await fitted({ rows: gaussianRows(20_000, 1), trainSplit: 1, configuration: recipe });
    expect(Math.abs((await nllOf(model, test)) - exact)).toBeLessThan(0.015);
  });
});

describe("blocks trained from the exact marginals", () => {
  it("do not depend on each other: another first block leaves the others' bytes as they are", async () => {
    const recipe = configuration(parallel);
    const [first, ...others] = recipe.blocks;
    if (!first) throw new Error("there are blocks");
    const changed = { ...first, network: { ...network, hidden: [5] }, iterations: 60, learningRate: 1e-3 };
    const [one, other] = [
      await fitted({ configuration: recipe }),
      await fitted({ configuration: { ...recipe, blocks: [changed, ...others] } }),
    ];
    for (const n of [1, 2]) expect(weightsOf(other.model, n)).toEqual(weightsOf(one.model, n));
    expect(weightsOf(other.model, 0)).not.toEqual(weightsOf(one.model, 0));
    const sequential = await fitted({ configuration: configuration({ warmStart: false }) });
    expect(weightsOf(sequential.model, 0)).toEqual(weightsOf(one.model, 0));
    expect(weightsOf(sequential.model, 1)).not.toEqual(weightsOf(one.model, 1));
  });

  it("have on record how far the exact marginals are from normal and from each other", async () => {
    const { report } = await fitted({ rows: gaussianRows(5000, 1), configuration: configuration(parallel, 1) });
    const [first, second, last] = report.blocks;
    expect(first?.poolToNormal).toBeGreaterThan(1.2 * (second?.poolToNormal ?? 1));
    expect(last?.poolToNormal).toBeLessThan(0.05);
    for (const block of report.blocks) {
      expect(block.pushSeconds).toBe(0);
      expect(block.blockDistance).toBeGreaterThan(0.01);
    }
  });

  it("are refused with a warm start", async () => {
    for (const variant of [parallel, shared])
      await expect(fitted({ configuration: configuration({ ...variant, warmStart: true }) })).rejects.toMatchObject({
        code: "option",
        message: expect.stringMatching(/warm start: expected false/),
      });
  });
});

describe("one network for all blocks", () => {
  it("is stored once, counts once, and comes back from its file", async () => {
    const { model, report } = await fitted({ configuration: configuration(shared) });
    expect(report.parameters).toBe(mlpParameterCount(network, 2));
    expect(parametersOf(model)).toBe(report.parameters);
    const bytes = encodeDensityModel(model);
    const apart = encodeDensityModel((await fitted({ configuration: configuration(parallel) })).model);
    expect(apart.length - bytes.length).toBeGreaterThan(2 * 4 * report.parameters);
    const loaded = decodeDensityModel(bytes);
    expect(encodeDensityModel(loaded)).toEqual(bytes);
    expect(loaded.chain.blocks.map(({ timeWindow }) => timeWindow?.start)).toEqual([0, 1 / 3, 2 / 3]);
    expect(await nllOf(loaded, gaussianRows(20, 4))).toBe(await nllOf(model, gaussianRows(20, 4)));
  });

  it("takes the iterations of all blocks together, and says so block by block", async () => {
    const stages: Progress[] = [];
    const recipe = configuration(shared);
    const blocks = recipe.blocks.map((block, n) => ({ ...block, iterations: [20, 50, 31][n] ?? 0 }));
    const { model, report } = await fitted({
      configuration: { ...recipe, blocks },
      onProgress: (progress) => stages.push(progress),
    });
    expect(report.blocks.map(({ iterations }) => iterations)).toEqual([20, 50, 31]);
    const training = stages.filter(({ stage }) => stage === "train");
    expect(training.map(({ iteration }) => iteration)).toEqual(Array.from({ length: 101 }, (_, k) => k + 1));
    expect(training.at(-1)).toMatchObject({ block: 1, blocks: 1, iterations: 101, fraction: 1 });
    expect(model.record.training.blocks.map(({ curve }) => curve?.iterations)).toEqual([[101], undefined, undefined]);
  });

  it("is refused for blocks whose networks or rates differ, in a fit and in a file", async () => {
    const recipe = configuration(shared);
    const blocks = recipe.blocks.map((block, n) => ({ ...block, network: { ...network, hidden: [16, 16 + n] } }));
    const rates = recipe.blocks.map((block, n) => ({ ...block, learningRate: 1e-3 * (n + 1) }));
    for (const unlike of [blocks, rates])
      await expect(fitted({ configuration: { ...recipe, blocks: unlike } })).rejects.toThrow(
        /shared weights: expected one network and one learning rate for all blocks/,
      );
    const { model } = await fitted({ configuration: recipe });
    const lying = { ...model, record: { ...model.record, configuration: { ...recipe, blocks } } };
    expect(() => decodeDensityModel(encodeDensityModel(lying))).toThrow(/share weights and have different networks/);
  });
});

describe.each<[string, Partial<TrainingConfiguration>]>([
  ["block after block", {}],
  ["from the exact marginals", parallel],
  ["with one network", shared],
])("a fit %s", (_, variant) => {
  it("resumes to the bytes of an uninterrupted one", async () => {
    const recipe = configuration({ ...variant, movingAverage: 0.9, earlyStopping: 50 }, 250);
    const whole = encodeDensityModel((await fitted({ configuration: recipe })).model);
    for (const stopAt of [1, 230, 430, 700]) expect(encodeDensityModel(await resumed(recipe, stopAt))).toEqual(whole);
  });

  it("learns under every coupling", async () => {
    for (const coupling of ["shuffled", "independent", "optimal-transport"] as const) {
      const { report } = await fitted({ configuration: configuration({ ...variant, coupling, batchSize: 60 }, 5) });
      expect(Number.isFinite(report.train.nll)).toBe(true);
    }
  });

  it("ends within its time with a usable model", async () => {
    const { model, report } = await fitted({ configuration: configuration(variant, 10_000_000), time: 1 });
    for (const block of report.blocks) expect(block.iterations).toBeGreaterThan(0);
    expect(Number.isFinite(await nllOf(model, gaussianRows(5, 1)))).toBe(true);
  });
});

describe("loss curves", () => {
  it("are kept with the model: mean losses that fall, beside the held-out loss that stopped the training", async () => {
    const { model } = await fitted({ configuration: configuration({ earlyStopping: 2 }, 3000) });
    const { blocks } = decodeDensityModel(encodeDensityModel(model)).record.training;
    for (const { curve, iterations } of blocks) {
      expect(curve?.iterations.at(-1)).toBe(iterations);
      expect(curve?.heldOut).toHaveLength(curve?.iterations.length ?? -1);
    }
    const [first] = blocks;
    expect(first?.curve?.losses[0]).toBeGreaterThan(first?.curve?.losses.at(-1) ?? 0);
    const heldOut = first?.curve?.heldOut ?? [];
    const best = heldOut.indexOf(Math.min(...heldOut));
    if ((first?.iterations ?? 0) < 3000) expect(heldOut.length - 1 - best).toBe(2);
    const figure = await picture(engine, model, { kind: "loss" });
    expect(figure.panels[0]?.x.domain).toEqual([0, blocks.reduce((sum, { iterations }) => sum + iterations, 0)]);
    expect(figure.legend?.map(({ label }) => label)).toContain("held out");
  });

  it("are missing from models of earlier releases, which load and are refused a picture", async () => {
    const { model } = await fitted();
    const blocks = model.record.training.blocks.map(({ curve: _, ...record }) => record);
    const old = { ...model, record: { ...model.record, training: { ...model.record.training, blocks } } };
    const loaded = decodeDensityModel(encodeDensityModel(old));
    await expect(picture(engine, loaded, { kind: "loss" })).rejects.toThrow(/picture loss: expected a model whose/);
    const lying = blocks.map((block) => ({ ...block, curve: { iterations: [1, 2], losses: [1] } }));
    const damaged = { ...model, record: { ...model.record, training: { ...model.record.training, blocks: lying } } };
    expect(() => decodeDensityModel(encodeDensityModel(damaged))).toThrow(/parts differ in length/);
  });
});
