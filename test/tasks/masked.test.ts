// masked: one model of a correlated Gaussian with gaps knows its conditionals and marginals, and keeps what it is given.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { explicitSteps } from "../../src/flow/steps.ts";
import { fillNormal, fillUniform, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { fitDensity, sampleDensity, scoreDensity } from "../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import { type MaskedSampleRequest, sampleMasked, scoreMasked } from "../../src/tasks/masked.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { type Configuration, maskedConfiguration } from "../../src/train/configuration.ts";
import { largestDifference, moments } from "../support/evaluate.ts";

const d = 3;
const columns = ["x", "y", "z"];
/** x = a, y = 10 + 2 (0.8 a + 0.6 b), z = 0.02 a - 0.36 b + 0.5 c for independent normal a, b, c. */
const center = [0, 10, 0];
const factor = [
  [1, 0, 0],
  [1.6, 1.2, 0],
  [0.02, -0.36, 0.5],
];
const covariance = factor.map((a) => factor.map((b) => a.reduce((sum, value, k) => sum + value * (b[k] ?? 0), 0)));

function gaussianRows(count: number, seed: number): Float32Array {
  const noise = new Float32Array(count * d);
  fillNormal(random(seed), noise);
  return noise.map((_, i) => {
    const [row, k] = [i - (i % d), i % d];
    return (factor[k] ?? []).reduce((sum, value, j) => sum + value * (noise[row + j] ?? 0), center[k] ?? 0);
  });
}

/** log N of some coordinates of a row, by Cholesky's factor of their covariance. */
function logNormal(row: ArrayLike<number>, at: readonly number[]): number {
  const lower: number[][] = [];
  let total = -0.5 * at.length * Math.log(2 * Math.PI);
  const solved: number[] = [];
  at.forEach((k, i) => {
    const line: number[] = [];
    for (let j = 0; j <= i; j++) {
      const inner = line.reduce((sum, value, m) => sum + value * (lower[j]?.[m] ?? value), 0);
      const rest = (covariance[k]?.[at[j] ?? 0] ?? 0) - inner;
      line.push(j === i ? Math.sqrt(rest) : rest / (lower[j]?.[j] ?? 1));
    }
    lower.push(line);
    const residual = solved.reduce((sum, value, m) => sum - value * (line[m] ?? 0), (row[k] ?? 0) - (center[k] ?? 0));
    solved.push(residual / (line[i] ?? 1));
    total -= Math.log(line[i] ?? 1) + 0.5 * (solved[i] ?? 0) ** 2;
  });
  return total;
}

/** A fifth of the values at random is missing. */
function withGaps(rows: Float32Array): Float32Array {
  const draws = new Float32Array(rows.length);
  fillUniform(random("gaps"), draws);
  return rows.map((value, k) => ((draws[k] ?? 0) < 0.2 ? Number.NaN : value));
}

const masks = { groups: [0, 1, 2].map((start) => ({ start, end: start + 1 })), unconditional: 0.2, dropped: 0.3 };
const network = {
  hidden: [48, 48],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
} as const;

function recipe(iterations: number, options: { readonly freshMasks?: boolean } = {}): Configuration {
  const base = defaultConfiguration({ rows: 4000, columns: d });
  const blocks = explicitSteps([0.3, 0.7]).map((step) => ({ step, network, iterations, learningRate: 5e-3 }));
  const training = { ...base.training, batchSize: 256, warmStart: true, decay: { kind: "cosine" } } as const;
  return maskedConfiguration({ ...base, seed: 7, standardize: true, blocks, training }, d, masks, options);
}

let engine: Engine;
let model: DensityModel;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const rows = floats(withGaps(gaussianRows(4000, 1)), [4000, d]);
  model = (await fitDensity(engine, { rows, columns, configuration: recipe(1000), trainSplit: 1 })).model;
}, 120_000);
afterAll(() => engine.close());

const repeated = (pattern: readonly number[], rows: number) =>
  Uint8Array.from({ length: rows * d }, (_, k) => pattern[k % d] ?? 0);

async function scores(values: Float32Array, pattern: readonly number[], of = model): Promise<readonly number[]> {
  const found: number[] = [];
  const request = { given: values, state: repeated(pattern, values.length / d) };
  for await (const { logDensity } of scoreMasked(engine, of, request)) found.push(...logDensity);
  return found;
}

async function draws(request: Omit<MaskedSampleRequest, "seed">): Promise<readonly FloatArray[]> {
  const chunks: FloatArray[] = [];
  for await (const { points } of sampleMasked(engine, model, { seed: 5, ...request })) chunks.push(points);
  return chunks;
}

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const places = (pattern: readonly number[], state: number) => [0, 1, 2].filter((k) => pattern[k] === state);

describe("log p(free | given) of a model fitted to rows with gaps", () => {
  const test = gaussianRows(300, 77);
  it.each([
    { name: "the joint density", pattern: [0, 0, 0] },
    { name: "two given one", pattern: [1, 0, 0] },
    { name: "one given two", pattern: [1, 1, 0] },
    { name: "one given two, in the middle", pattern: [1, 0, 1] },
    { name: "the marginal of two", pattern: [0, 0, 2] },
    { name: "the marginal of two that stand apart", pattern: [0, 2, 0] },
    { name: "the marginal of one", pattern: [2, 0, 2] },
    { name: "one given one, without the third", pattern: [0, 1, 2] },
  ])("is the closed form up to 0.1 nats in the mean: $name", async ({ pattern }) => {
    const found = await scores(test, pattern);
    const given = places(pattern, 1);
    const known = [0, 1, 2].filter((k) => pattern[k] !== 2);
    const losses = found.map((value, i) => {
      const row = test.subarray(i * d, (i + 1) * d);
      return logNormal(row, known) - logNormal(row, given) - value;
    });
    expect(Math.abs(mean(losses))).toBeLessThan(0.1);
  });

  it("obeys the chain rule log p(a, b) = log p(a) + log p(b | a) in the mean, and row by row to a few tenths", async () => {
    const [joint, first, rest] = [
      await scores(test, [0, 0, 0]),
      await scores(test, [0, 0, 2]),
      await scores(test, [1, 1, 0]),
    ];
    const differences = joint.map((value, i) => value - (first[i] ?? 0) - (rest[i] ?? 0));
    expect(Math.abs(mean(differences))).toBeLessThan(0.1);
    expect(Math.sqrt(mean(differences.map((value) => value ** 2)))).toBeLessThan(0.6);
    // Without the condition on what is given the rule would be missed by far.
    const alone = await scores(test, [2, 2, 0]);
    expect(mean(joint.map((value, i) => value - (first[i] ?? 0) - (alone[i] ?? 0)))).toBeGreaterThan(0.15);
  });

  it("of rows with NaN is that of what is there, and 0 where nothing is free", async () => {
    const values: number[] = [];
    const rows = floats([0.5, 11, Number.NaN], [1, 3]);
    for await (const { logDensity } of scoreDensity(engine, model, rows)) values.push(...logDensity);
    expect(values).toEqual(await scores(Float32Array.of(0.5, 11, 0), [0, 0, 2]));
    expect(await scores(Float32Array.of(0.5, 11, 3), [1, 2, 1])).toEqual([0]);
  });
});

describe("samples given some columns", () => {
  it("have the mean of the conditional law to a quarter of its deviation, and the deviation to 15 %", async () => {
    const rows = 2000;
    const given = Float32Array.from({ length: rows * d }, (_, k) => [1, 0, Number.NaN][k % d] ?? 0);
    // y | x = 1: 10 + 1.6, 1.2^2. z | x = 1: 0.02, 0.36^2 + 0.5^2.
    const points = (await draws({ given, state: repeated([1, 0, 0], rows) })).flatMap(({ data }) => Array.from(data));
    const of = (k: number) => moments(points.filter((_, i) => i % d === k));
    expect(Math.abs(of(1).mean - 11.6)).toBeLessThan(0.25 * 1.2);
    expect(Math.abs(Math.sqrt(of(1).variance) / 1.2 - 1)).toBeLessThan(0.15);
    expect(Math.abs(of(2).mean - 0.02)).toBeLessThan(0.25 * 0.616);
    expect(Math.abs(Math.sqrt(of(2).variance / 0.3796) - 1)).toBeLessThan(0.15);
  });

  it("keep the given values bit for bit, have NaN where a column is absent, and are as likely as they score", async () => {
    const rows = gaussianRows(40, 3);
    const state = repeated([0, 1, 2], 40);
    const samples = sampleMasked(engine, model, { given: rows, state, seed: 2, logDensity: true });
    for await (const { points, logDensity } of samples) {
      points.data.forEach((value, k) => {
        if (k % d === 1) expect(value).toBe(rows[k]);
        if (k % d === 2) expect(value).toBeNaN();
        if (k % d === 0) expect(value).not.toBe(rows[k]);
      });
      const again = await scores(points.data, [0, 1, 2]);
      expect(largestDifference(logDensity ?? [], again)).toBeLessThan(0.01);
    }
  });

  it("depend on the row's number and what is known of the row, not on its company", async () => {
    const given = gaussianRows(50, 4);
    const state = Uint8Array.from({ length: 50 * d }, (_, k) => [0, 1, 0, 0, 0, 2, 1, 1, 0][k % 9] ?? 0);
    const [whole] = await draws({ given, state });
    const [alone] = await draws({ given: given.subarray(51, 60), state: state.subarray(51, 60), firstRow: 17 });
    const expected = whole?.data.subarray(51, 60) ?? [];
    expect(Array.from(alone?.data ?? [])).toEqual(Array.from(expected));
  });

  it("of everything are the model's samples", async () => {
    const [points] = await draws({ given: new Float32Array(60), state: new Uint8Array(60) });
    for await (const plain of sampleDensity(engine, model, { rows: 20, seed: 5 })) expect(plain.points).toEqual(points);
  });

  it("need finite given values, states that are known, and a model with masks", async () => {
    const given = Float32Array.of(1, Number.NaN, 2);
    await expect(draws({ given, state: Uint8Array.of(1, 1, 0) })).rejects.toThrow(
      /row 1 column "y": expected a finite/,
    );
    await expect(draws({ given, state: Uint8Array.of(1, 3, 0) })).rejects.toThrow(/expected the state 0/);
    await expect(draws({ given, state: new Uint8Array(2) })).rejects.toThrow(/two arrays/);
    const { masks: _, ...training } = model.record.configuration.training;
    const configuration = { ...model.record.configuration, training };
    const plain = { ...model, record: { ...model.record, configuration } };
    await expect(scores(Float32Array.of(1, 2, 3), [0, 0, 0], plain)).rejects.toThrow(/trained with masks/);
  });
});

describe("the file and the fit of a masked model", () => {
  it("come back with their weights, and are refused when networks and masks do not belong together", async () => {
    const back = decodeDensityModel(encodeDensityModel(model));
    const row = gaussianRows(5, 6);
    expect(await scores(row, [1, 0, 0], back)).toEqual(await scores(row, [1, 0, 0]));
    const { masks: _, ...training } = model.record.configuration.training;
    const record = { ...model.record, configuration: { ...model.record.configuration, training } };
    expect(() => decodeDensityModel(encodeDensityModel({ ...model, record }))).toThrow(/a context of 0 values/);
  });

  it("go on byte for byte after an interruption, with rows that keep their masks and with new masks at every draw", async () => {
    const rows = floats(withGaps(gaussianRows(300, 2)), [300, d]);
    for (const freshMasks of [true, false]) {
      const configuration = {
        ...recipe(20, { freshMasks }),
        integration: { kind: "fixed", method: "heun", evaluations: 4 },
      } as const;
      const request = { rows, columns, configuration };
      const controller = new AbortController();
      let saved: Uint8Array | undefined;
      const save = async (bytes: Uint8Array) => {
        saved = bytes;
      };
      const onProgress = ({ block = 0, stage }: { readonly block?: number; readonly stage: string }) => {
        if (block === 2 && stage === "train") controller.abort();
      };
      const stopped = fitDensity(engine, { ...request, signal: controller.signal, onProgress, checkpoint: { save } });
      await expect(stopped).rejects.toMatchObject({ code: "interrupted" });
      if (!saved) throw new Error("a checkpoint");
      const resumed = await fitDensity(engine, { ...request, checkpoint: { save, resume: saved } });
      const whole = await fitDensity(engine, request);
      expect(encodeDensityModel(resumed.model)).toEqual(encodeDensityModel(whole.model));
      expect(whole.report.validation?.nll).toBeGreaterThan(0);
    }
  }, 60_000);

  it("refuses gaps without masks, and a coupling that would pair rows of different given values", async () => {
    const rows = floats(withGaps(gaussianRows(100, 2)), [100, d]);
    const plain = defaultConfiguration({ rows: 100, columns: d });
    await expect(fitDensity(engine, { rows, columns, configuration: plain })).rejects.toThrow(
      /expected a finite number/,
    );
    const masked = recipe(1);
    const training = { ...masked.training, coupling: "independent" as const };
    const request = { rows, columns, configuration: { ...masked, training } };
    await expect(fitDensity(engine, request)).rejects.toThrow(/coupling: expected dependent/);
  });
});
