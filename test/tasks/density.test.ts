// density: what the front door promises: known answers, the same bytes again, resuming, saving, clear refusals.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { gaussianNll } from "../../src/measure/gaussian.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import {
  type FitRequest,
  fitDensity,
  type SampleRequest,
  type ScoreRequest,
  sampleDensity,
  scoreDensity,
  summarize,
} from "../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import type { Progress } from "../../src/tasks/progress.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import type { Configuration } from "../../src/train/configuration.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 2 });
});
afterAll(() => engine.close());

/** Correlated Gaussian rows: x = 3 + 2 a, y = -1 + a + 0.5 b. */
function gaussianRows(count: number, seed: number): FloatArray {
  const noise = new Float32Array(count * 2);
  fillNormal(random(seed), noise);
  return floats(
    noise.map((_, i) => {
      const [a, b] = [noise[i - (i % 2)] ?? 0, noise[i - (i % 2) + 1] ?? 0];
      return i % 2 === 0 ? 3 + 2 * a : -1 + a + 0.5 * b;
    }),
    [count, 2],
  );
}

/** log density of gaussianRows: |det| of the map from (a, b) is 1. */
function gaussianLogDensity(x: number, y: number): number {
  const a = (x - 3) / 2;
  const b = (y + 1 - a) / 0.5;
  return -Math.log(2 * Math.PI) - (a * a + b * b) / 2;
}

function configuration(changes: Partial<Configuration> = {}, iterations = 30): Configuration {
  const base = defaultConfiguration({ rows: 1000, columns: 2 });
  const network = {
    hidden: [16, 16],
    activation: { kind: "tanh" },
    timeInput: "first",
    initialization: "default",
  } as const;
  const blocks = explicitSteps([0.3]).map((step) => ({ step, network, iterations, learningRate: 1e-2 }));
  return { ...base, seed: 7, blocks, training: { ...base.training, batchSize: 200 }, ...changes };
}

const columns = ["x", "y"];
const fitted = (changes: Partial<FitRequest> = {}) =>
  fitDensity(engine, { rows: gaussianRows(600, 1), columns, configuration: configuration(), ...changes });

async function scores(model: DensityModel, rows: FloatArray, request: ScoreRequest = {}): Promise<number[]> {
  const values: number[] = [];
  for await (const chunk of scoreDensity(engine, model, rows, request)) values.push(...chunk.logDensity);
  return values;
}

async function samples(model: DensityModel, request: SampleRequest) {
  const [points, densities]: [number[], number[]] = [[], []];
  for await (const chunk of sampleDensity(engine, model, request)) {
    points.push(...chunk.points.data);
    densities.push(...(chunk.logDensity ?? []));
  }
  return { points, densities };
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

describe("a learnt Gaussian", () => {
  let model: DensityModel;
  const test = gaussianRows(2000, 99);

  beforeAll(async () => {
    const network = {
      hidden: [32, 32],
      activation: { kind: "silu" },
      timeInput: "first",
      initialization: "default",
    } as const;
    const blocks = explicitSteps([0.4]).map((step) => ({ step, network, iterations: 1500, learningRate: 5e-3 }));
    const base = configuration();
    const training = {
      ...base.training,
      batchSize: 1000,
      decay: { kind: "step", factor: 0.7, every: 200 } as const,
      movingAverage: 0.99,
    };
    const recipe = configuration({ blocks, training });
    model = (await fitted({ rows: gaussianRows(20_000, 1), configuration: recipe, trainSplit: 1 })).model;
  });

  it("has the negative log-likelihood of the closed form within 0.01 nats, in the user's units", async () => {
    const learnt = mean(await scores(model, test));
    const exact = mean(
      Array.from({ length: 2000 }, (_, i) => gaussianLogDensity(test.data[2 * i] ?? 0, test.data[2 * i + 1] ?? 0)),
    );
    expect(Math.abs(learnt - exact)).toBeLessThan(0.01);
    expect(Math.abs(-gaussianNll(gaussianRows(20_000, 1), test).nll - exact)).toBeLessThan(0.01);
  });

  it("integrates to 1 within 0.01 on a grid", async () => {
    const cells = 90;
    const [width, height] = [24 / cells, 16 / cells];
    const grid = Array.from({ length: cells * cells }, (_, i) => [
      -9 + width * ((i % cells) + 0.5),
      -9 + height * (Math.floor(i / cells) + 0.5),
    ]);
    const densities = await scores(model, floats(grid.flat(), [cells * cells, 2]), {
      integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
    });
    const mass = densities.reduce((total, value) => total + Math.exp(value) * width * height, 0);
    expect(Math.abs(mass - 1)).toBeLessThan(0.01);
  });

  it("samples with its mean and spread, and gives each sample the log-density that scoring gives", async () => {
    const { points, densities } = await samples(model, { rows: 4000, seed: 3, logDensity: true });
    const xs = points.filter((_, i) => i % 2 === 0);
    expect(Math.abs(mean(xs) - 3)).toBeLessThan(0.15);
    expect(Math.abs(mean(xs.map((x) => (x - 3) ** 2)) - 4)).toBeLessThan(0.3);
    const again = await scores(model, floats(points, [4000, 2]));
    const gap = Math.max(...again.map((value, i) => Math.abs(value - (densities[i] ?? 0))));
    expect(gap).toBeLessThan(0.02);
  });

  it("estimates densities with Hutchinson's probes without bias", async () => {
    const exact = mean(await scores(model, test));
    const estimated = mean(await scores(model, test, { divergence: { kind: "hutchinson", probes: 4 }, seed: 5 }));
    expect(Math.abs(estimated - exact)).toBeLessThan(0.02);
    expect(estimated).not.toBe(exact);
  });
});

describe("the same seed", () => {
  it("gives the same model bytes and the same samples, another seed gives others", async () => {
    const [first, second, other] = [
      await fitted(),
      await fitted(),
      await fitted({ configuration: configuration({ seed: 8 }) }),
    ];
    expect(encodeDensityModel(second.model)).toEqual(encodeDensityModel(first.model));
    expect(encodeDensityModel(other.model)).not.toEqual(encodeDensityModel(first.model));
    const draw = (seed: number) => samples(first.model, { rows: 50, seed });
    expect(await draw(1)).toEqual(await draw(1));
    expect((await draw(2)).points).not.toEqual((await draw(1)).points);
  });

  it("gives row i the same sample however many rows are drawn, up to the last bits", async () => {
    const { model } = await fitted();
    const [few, many] = [await samples(model, { rows: 10, seed: 1 }), await samples(model, { rows: 3000, seed: 1 })];
    few.points.forEach((value, i) => {
      expect(Math.abs(value - (many.points[i] ?? 0))).toBeLessThan(1e-4);
    });
  });
});

describe("resuming", () => {
  it.each([1, 250, 430, 700])(
    "after an interruption at step %i gives the bytes of an uninterrupted fit",
    async (stopAt) => {
      const recipe = configuration(
        { training: { ...configuration().training, movingAverage: 0.9, earlyStopping: 50 } },
        450,
      );
      const whole = await fitted({ configuration: recipe });
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
      await expect(
        fitted({ configuration: recipe, signal: controller.signal, checkpoint: { save }, onProgress }),
      ).rejects.toMatchObject({ code: "interrupted" });
      if (!saved) throw new Error("no checkpoint was saved");
      const resumed = await fitted({ configuration: { ...recipe, seed: 12345 }, checkpoint: { save, resume: saved } });
      expect(encodeDensityModel(resumed.model)).toEqual(encodeDensityModel(whole.model));
    },
  );

  it("after an interruption while the pool is pushed gives the bytes of an uninterrupted fit", async () => {
    const request = { rows: gaussianRows(40_000, 1), trainSplit: 1, configuration: configuration({}, 5) };
    const whole = await fitted(request);
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      saved = bytes;
    };
    const onProgress = ({ stage }: Progress) => {
      if (stage === "push") controller.abort();
    };
    const stopped = fitted({ ...request, signal: controller.signal, checkpoint: { save }, onProgress });
    await expect(stopped).rejects.toThrow(/block 1, iteration 5/);
    if (!saved) throw new Error("no checkpoint was saved");
    const resumed = await fitted({ ...request, checkpoint: { save, resume: saved } });
    expect(encodeDensityModel(resumed.model)).toEqual(encodeDensityModel(whole.model));
  });

  it("after an interruption of the report, with training done, gives the bytes of an uninterrupted fit", async () => {
    const whole = await fitted();
    const controller = new AbortController();
    let saved: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      saved = bytes;
    };
    const onProgress = ({ stage }: Progress) => {
      if (stage === "score") controller.abort();
    };
    const stopped = fitted({ signal: controller.signal, checkpoint: { save }, onProgress });
    await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
    if (!saved) throw new Error("no checkpoint was saved");
    const trained: Progress["stage"][] = [];
    const resume = { checkpoint: { save, resume: saved }, onProgress: ({ stage }: Progress) => trained.push(stage) };
    expect(encodeDensityModel((await fitted(resume)).model)).toEqual(encodeDensityModel(whole.model));
    expect(trained).not.toContain("train");
  });

  it("refuses the checkpoint of other data", async () => {
    const controller = new AbortController();
    controller.abort();
    let saved: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      saved = bytes;
    };
    await expect(fitted({ signal: controller.signal, checkpoint: { save } })).rejects.toBeInstanceOf(LocalFlowError);
    if (!saved) throw new Error("no checkpoint was saved");
    const other = fitted({ rows: gaussianRows(600, 2), checkpoint: { save, resume: saved } });
    await expect(other).rejects.toThrow(/data and the options that the checkpoint was made with/);
  });
});

describe("a model file", () => {
  it("gives back the model: the same scores, the same bytes", async () => {
    const { model } = await fitted();
    const bytes = encodeDensityModel(model);
    const loaded = decodeDensityModel(bytes);
    expect(encodeDensityModel(loaded)).toEqual(bytes);
    const rows = gaussianRows(20, 4);
    expect(await scores(loaded, rows)).toEqual(await scores(model, rows));
  });

  it("keeps an endless clip norm", async () => {
    const base = configuration();
    const { model } = await fitted({
      configuration: { ...base, training: { ...base.training, clip: Number.POSITIVE_INFINITY } },
    });
    expect(decodeDensityModel(encodeDensityModel(model)).record.configuration.training.clip).toBe(
      Number.POSITIVE_INFINITY,
    );
  });

  it("is refused when truncated, at every length", async () => {
    const bytes = encodeDensityModel((await fitted()).model);
    for (let length = 0; length < bytes.length; length += 97)
      expect(() => decodeDensityModel(bytes.subarray(0, length))).toThrow(LocalFlowError);
  });

  it("is refused when its weights do not fit its record", async () => {
    const { model } = await fitted();
    const network = { ...model.record.configuration.blocks[0]!.network, hidden: [16, 8] };
    const blocks = model.record.configuration.blocks.map((block) => ({ ...block, network }));
    const lying = { ...model, record: { ...model.record, configuration: { ...model.record.configuration, blocks } } };
    expect(() => decodeDensityModel(encodeDensityModel(lying))).toThrow(
      /blocks\.0\.layers\.1\.weight: expected float32 \[16, 8\]/,
    );
  });
});

describe("training", () => {
  it("lets every block have its own size, activation, iterations and rate", async () => {
    const network = {
      hidden: [8],
      activation: { kind: "softplus", beta: 20 },
      timeInput: "every",
      initialization: "zero-last",
    } as const;
    const other = {
      hidden: [16, 4],
      activation: { kind: "elu" },
      timeInput: "first",
      initialization: "orthogonal",
    } as const;
    const [first, second] = explicitSteps([0.2]);
    const blocks = [
      { step: first!, network, iterations: 10, learningRate: 1e-3 },
      { step: second!, network: other, iterations: 20, learningRate: 1e-2 },
    ];
    const { report } = await fitted({ configuration: configuration({ blocks }) });
    expect(report.blocks.map(({ iterations, duration }) => ({ iterations, duration }))).toEqual([
      { iterations: 10, duration: 0.2 },
      { iterations: 20, duration: null },
    ]);
    expect(report.parameters).toBe(3 * 8 + 8 + 9 * 2 + 2 + (3 * 16 + 16 + 16 * 4 + 4 + 4 * 2 + 2));
  });

  it("stops early when the held-out loss no longer improves, and publishes the best weights", async () => {
    const base = configuration({}, 5000);
    const training = { ...base.training, earlyStopping: 2 };
    const blocks = base.blocks.map((block) => ({ ...block, learningRate: 0.05 }));
    const { report } = await fitted({ rows: gaussianRows(60, 1), configuration: { ...base, blocks, training } });
    for (const block of report.blocks) expect(block.iterations).toBeLessThan(5000);
  });

  it("recovers from a loss that is not finite by going back with a smaller step, and otherwise says where it failed", async () => {
    const rows = gaussianRows(600, 1);
    const wild = configuration({ training: { ...configuration().training, clip: Number.POSITIVE_INFINITY } });
    const blocks = wild.blocks.map((block) => ({ ...block, learningRate: 1e38 }));
    const failing = fitted({ rows, configuration: { ...wild, blocks } });
    await expect(failing).rejects.toMatchObject({ code: "numeric" });
    await expect(failing).rejects.toThrow(/block 1, iteration \d+: expected a finite loss/);
  });

  it("ends within its time with a usable model", async () => {
    const started = performance.now();
    const shares: number[] = [];
    const onProgress = ({ fraction }: Progress) => shares.push(fraction);
    const { model, report } = await fitted({ configuration: configuration({}, 10_000_000), time: 1, onProgress });
    expect(shares.filter((share) => share > 0.3 && share < 0.7)).not.toEqual([]);
    expect(performance.now() - started).toBeLessThan(20_000);
    for (const block of report.blocks) expect(block.iterations).toBeGreaterThan(0);
    expect((await scores(model, gaussianRows(5, 1))).every(Number.isFinite)).toBe(true);
  });

  it.each(["shuffled", "independent", "optimal-transport"] as const)("learns under %s coupling", async (coupling) => {
    const base = configuration();
    const { report } = await fitted({
      configuration: { ...base, training: { ...base.training, coupling, batchSize: 100 } },
    });
    expect(Number.isFinite(report.train.nll)).toBe(true);
  });
});

describe("bad input", () => {
  const rows = gaussianRows(50, 1);
  const spoilt = (value: number) =>
    floats(
      rows.data.map((x, i) => (i === 7 ? value : x)),
      [50, 2],
    );

  it.each<[string, Partial<FitRequest>, RegExp]>([
    ["not a number", { rows: spoilt(Number.NaN) }, /training data row 4 column "y": expected a finite number, got NaN/],
    [
      "an infinity",
      { rows: spoilt(Number.POSITIVE_INFINITY) },
      /row 4 column "y": expected a finite number, got Infinity/,
    ],
    ["no rows", { rows: floats([], [0, 2]) }, /at least one row/],
    [
      "a constant column",
      {
        rows: floats(
          rows.data.map((x, i) => (i % 2 ? 4 : x)),
          [50, 2],
        ),
      },
      /column y: expected at least two different values/,
    ],
    ["too few columns", { columns: ["x"] }, /expected 1 columns \(x\), got 2/],
    ["a small memory budget", { memory: 100 }, /memory: expected at least 1600 bytes/],
    ["a train split of 0", { trainSplit: 0 }, /train split/],
  ])("refuses %s", async (_, changes, message) => {
    await expect(fitted({ rows, ...changes })).rejects.toThrow(message);
    await expect(fitted({ rows, ...changes })).rejects.toBeInstanceOf(LocalFlowError);
  });

  it("refuses to score rows of another width", async () => {
    const { model } = await fitted();
    await expect(scores(model, floats([1, 2, 3], [1, 3]))).rejects.toThrow(/expected 2 columns/);
  });
});

it("a likelihood has the standard error of the mean, and none of a single row", () => {
  const { nll, standardError, rows } = summarize([1, 2, 3, 6]);
  expect({ nll, rows }).toEqual({ nll: 3, rows: 4 });
  expect(standardError).toBeCloseTo(Math.sqrt(14 / 3 / 4), 12);
  expect(summarize([2, 2])).toEqual({ nll: 2, standardError: 0, rows: 2 });
  expect(summarize([5])).toEqual({ nll: 5, standardError: null, rows: 1 });
});
