// fit-report: what a fit says beside its model, what the model remembers of its training rows, and that it can be stopped anywhere.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { checkpointSeed, decodeCheckpoint } from "../../src/tasks/checkpoint.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { type FitRequest, fitDensity, sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import type { Progress } from "../../src/tasks/progress.ts";
import { percentGrid, percentileOf } from "../../src/tasks/quantiles.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import type { Configuration } from "../../src/train/configuration.ts";
import { interrupting } from "../support/interrupting.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

function normalRows(count: number, seed = 1): FloatArray {
  const values = new Float32Array(count * 2);
  fillNormal(random(seed), values);
  return floats(values, [count, 2]);
}

function configuration(learningRate = 1e-2, iterations = 20, kind: "silu" | "tanh" = "silu"): Configuration {
  const base = defaultConfiguration({ rows: 1000, columns: 2 });
  const network = {
    hidden: [16, 16],
    activation: { kind },
    timeInput: "first",
    initialization: "default",
  } as const;
  const blocks = explicitSteps([0.3]).map((step) => ({ step, network, iterations, learningRate }));
  return { ...base, seed: 7, blocks, training: { ...base.training, batchSize: 100 } };
}

const fitted = (changes: Partial<FitRequest> = {}, on = engine) =>
  fitDensity(on, {
    rows: normalRows(600),
    columns: ["x", "y"],
    configuration: configuration(),
    trainSplit: 1,
    ...changes,
  });

async function scores(model: DensityModel, rows: FloatArray): Promise<readonly number[]> {
  const values: number[] = [];
  for await (const { logDensity } of scoreDensity(engine, model, rows)) values.push(...logDensity);
  return values;
}

describe("the quantiles of the training rows' log-densities", () => {
  it("make their percentiles uniform, and put a far row at the bottom", async () => {
    const { model } = await fitted();
    const quantiles = model.record.training.logDensityQuantiles ?? [];
    expect(quantiles).toHaveLength(percentGrid.length);
    const percentiles = (await scores(model, normalRows(600))).map((value) => percentileOf(quantiles, value));
    for (const percent of [1, 10, 50, 90])
      expect(Math.abs(percentiles.filter((value) => value < percent).length / 6 - percent)).toBeLessThan(0.5);
    const [typical = 0, far = 100] = (await scores(model, floats([0, 0, 6, -6], [2, 2]))).map((value) =>
      percentileOf(quantiles, value),
    );
    expect(typical).toBeGreaterThan(50);
    expect(far).toBe(0);
  });

  it("are those of the whole table, also where it is sorted and only a part of it is scored", async () => {
    const { data } = normalRows(20_000);
    const sorted = Array.from({ length: 20_000 }, (_, row) => data.subarray(2 * row, 2 * row + 2)).sort(
      ([a = 0], [b = 0]) => a - b,
    );
    const request = {
      rows: floats(
        sorted.flatMap((row) => [...row]),
        [20_000, 2],
      ),
      configuration: configuration(1e-2, 5),
    };
    const { model, report } = await fitted(request);
    expect(report.train.rows).toBe(10_000);
    const quantiles = model.record.training.logDensityQuantiles ?? [];
    const others = (await scores(model, normalRows(4000, 2))).map((value) => percentileOf(quantiles, value));
    expect(Math.abs(others.reduce((a, b) => a + b, 0) / 4000 - 50)).toBeLessThan(2);
  });

  it("come back from a model file; a file of an earlier release has none and is read", async () => {
    const { model } = await fitted();
    const bytes = encodeDensityModel(model);
    expect(decodeDensityModel(bytes).record.training).toEqual(model.record.training);
    const { logDensityQuantiles: _, ...training } = model.record.training;
    const older = encodeSafetensors(decodeSafetensors(bytes, "m").tensors, {
      localflow: JSON.stringify({ ...model.record, training }),
    });
    const read = decodeDensityModel(older);
    expect(read.record.training.logDensityQuantiles).toBeUndefined();
    expect(await scores(read, normalRows(5))).toEqual(await scores(model, normalRows(5)));
    const descending = { ...training, logDensityQuantiles: percentGrid.map((percent) => -percent) };
    expect(() =>
      decodeDensityModel(encodeDensityModel({ ...model, record: { ...model.record, training: descending } })),
    ).toThrow(/training\.logDensityQuantiles: .*not ascending/);
  });
});

describe("a damaged file", () => {
  const flipped = (bytes: Uint8Array, fromEnd: number) => {
    const result = bytes.slice();
    const at = result.length - fromEnd;
    result[at] = (result[at] ?? 0) ^ 1;
    return result;
  };

  it("is refused when the last bit of one mantissa is flipped, in a model and in a checkpoint", async () => {
    let saved = new Uint8Array();
    const save = async (bytes: Uint8Array) => {
      saved = bytes.slice();
    };
    const { model } = await fitted({ checkpoint: { save } });
    const bytes = encodeDensityModel(model);
    expect(() => decodeDensityModel(bytes, "m.safetensors")).not.toThrow();
    for (const fromEnd of [4, 8, 4 * 100])
      expect(() => decodeDensityModel(flipped(bytes, fromEnd), "m.safetensors")).toThrow(
        /^m\.safetensors: expected contents with the fingerprint .*the file is damaged/,
      );
    expect(checkpointSeed(saved)).toBe(7);
    const origin = { configuration: model.record.configuration, fingerprint: "" };
    expect(() => decodeCheckpoint(flipped(saved, 4), origin, 2)).toThrow(/file is damaged/);
  });
});

describe("notes", () => {
  it("are none for enough rows, and one for few", async () => {
    expect((await fitted()).report.notes).toEqual([]);
    const { notes } = (await fitted({ rows: normalRows(12) })).report;
    expect(notes).toEqual([
      expect.stringMatching(/^12 training rows of 2 columns can hardly show a density: .*50 or more to train on$/),
    ]);
  });

  it("or an error say that training diverged and which option to lower", async () => {
    const integration = { kind: "fixed", method: "rk4", evaluations: 40 } as const;
    const { report } = await fitted({ configuration: { ...configuration(100, 20, "tanh"), integration } });
    expect(report.notes).toEqual([expect.stringMatching(/training probably diverged.*--learning-rate/)]);
    await expect(fitted({ configuration: configuration(1e4) })).rejects.toMatchObject({
      code: "numeric",
      message: expect.stringMatching(/ordinary rows get stuck too, so training diverged.*--learning-rate/),
    });
  });
});

describe("a signal in the middle of one chunk of rows", () => {
  it("stops the push of a fit, which saves a checkpoint and goes on to the same bytes", async () => {
    const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
    const recipe = { configuration: { ...configuration(), integration } };
    const whole = await fitted(recipe);
    const { engine: on, signal, stopAfter, late } = interrupting(engine);
    const stages: Progress["stage"][] = [];
    let saved: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      saved = bytes;
    };
    const onProgress = ({ stage, iteration }: Progress) => {
      stages.push(stage);
      if (stage === "train" && iteration === 20) stopAfter(2);
    };
    const stopped = fitted({ ...recipe, signal, checkpoint: { save }, onProgress }, on);
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    expect(stages).not.toContain("push");
    expect(late()).toBe(0);
    if (!saved) throw new Error("no checkpoint was saved");
    const resumed = await fitted({ ...recipe, checkpoint: { save, resume: saved } });
    expect(encodeDensityModel(resumed.model)).toEqual(encodeDensityModel(whole.model));
  });

  it("stops sampling and scoring", async () => {
    const { model } = await fitted();
    const works = [
      (on: Engine, signal: AbortSignal) => sampleDensity(on, model, { rows: 5000, seed: 1, signal }),
      (on: Engine, signal: AbortSignal) => scoreDensity(on, model, normalRows(5000), { signal }),
    ];
    for (const work of works) {
      const { engine: on, signal, stopAfter, late } = interrupting(engine);
      stopAfter(4);
      await expect(work(on, signal).next()).rejects.toMatchObject({ code: "interrupted" });
      expect(late()).toBe(0);
    }
  });
});
