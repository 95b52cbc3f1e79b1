// estimate: what a fit would take: its parts, what they grow with, and how near the truth they are.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { createEngine } from "#runtime";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { fitDensity } from "../../src/tasks/density.ts";
import { estimateFit } from "../../src/tasks/estimate.ts";
import { estimateRows, pushedRows } from "../../src/tasks/estimate-rows.ts";
import { preparedTable, tableFindings, tablePlan } from "../../src/tasks/table/prepare-table.ts";
import { floats } from "../../src/tensor/array.ts";
import type { Configuration } from "../../src/train/configuration.ts";
import { quickConfiguration, smallTable } from "../support/small-table.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const columns = ["a", "b", "c"];
const numbers = new Float32Array(3 * 2000);
fillNormal(random(1), numbers);
const rows = floats(numbers, [2000, 3]);

function configured(iterations: number, change: Partial<Configuration["training"]> = {}): Configuration {
  const base = defaultConfiguration({ rows: 2000, columns: 3 });
  const network = {
    hidden: [64, 64],
    activation: { kind: "silu" },
    timeInput: "first",
    initialization: "default",
  } as const;
  const blocks = base.blocks.map((block) => ({ ...block, network, iterations }));
  return { ...base, blocks, training: { ...base.training, ...change } };
}

const estimate = (configuration: Configuration, seconds = 0.5) =>
  estimateFit(engine, { rows, columns, configuration, seconds });

describe("the estimate of a fit", () => {
  it("is the sum of its parts, and training grows with the iterations", async () => {
    const { seconds, trainingSeconds, pushSeconds, scoreSeconds } = await estimate(configured(1000));
    expect(seconds).toBeCloseTo(trainingSeconds + pushSeconds + scoreSeconds, 9);
    for (const part of [trainingSeconds, pushSeconds, scoreSeconds]) expect(part).toBeGreaterThan(0);
    const longer = await estimate(configured(100_000));
    expect(longer.trainingSeconds).toBeGreaterThan(20 * trainingSeconds);
  });

  it("is near what the fit then takes", async () => {
    const configuration = configured(600);
    const guess = await estimate(configuration, 1);
    const { report } = await fitDensity(engine, { rows, columns, configuration });
    // Other programs on the machine come and go between the two: a factor that only a wrong count exceeds.
    expect(guess.seconds).toBeGreaterThan(report.seconds / 4);
    expect(guess.seconds).toBeLessThan(report.seconds * 4);
  });

  it("measures no more networks than it has time for, and scales what it knows to the others", async () => {
    const base = configured(1000);
    const blocks = Array.from({ length: 12 }, (_, n) => ({
      ...base.blocks[0]!,
      step: n < 11 ? ({ kind: "diffuse", duration: 0.05 } as const) : ({ kind: "free" } as const),
      network: { ...base.blocks[0]!.network, hidden: [60 + n] },
    }));
    let opened = 0;
    const counting: Engine = {
      ...engine,
      open: (model) => {
        opened++;
        return engine.open(model);
      },
    };
    const request = { rows, columns, configuration: { ...base, blocks } };
    const hasty = await estimateFit(counting, { ...request, seconds: 0.01 });
    const few = opened;
    const patient = await estimateFit(counting, { ...request, seconds: 4 });
    expect(few).toBeLessThan((opened - few) / 2);
    expect(hasty.trainingSeconds).toBeGreaterThan(patient.trainingSeconds / 5);
    expect(hasty.trainingSeconds).toBeLessThan(patient.trainingSeconds * 10);
  });

  it("counts no pushing where blocks are trained from exact marginals", async () => {
    const { pushSeconds, trainingSeconds } = await estimate(
      configured(100, { parallelBlocks: true, warmStart: false }),
    );
    expect(pushSeconds).toBe(0);
    expect(trainingSeconds).toBeGreaterThan(0);
  });

  it("counts memory that grows with the rows and the batch", async () => {
    const small = await estimate(configured(2, { batchSize: 100 }), 0.01);
    const large = await estimate(configured(2, { batchSize: 2000 }), 0.01);
    expect(small.memoryBytes).toBeGreaterThan(4 * rows.data.byteLength);
    expect(large.memoryBytes - small.memoryBytes).toBeGreaterThan(1900 * 4 * 2 * (64 + 64));
  });

  it("refuses what a fit refuses, and stops when it is told to", async () => {
    const constant = floats(
      numbers.map((value, i) => (i % 3 === 1 ? 7 : value)),
      [2000, 3],
    );
    const request = { rows: constant, columns, configuration: configured(10) };
    await expect(estimateFit(engine, request)).rejects.toThrow(/column b: expected at least two different values/);
    const signal = AbortSignal.abort();
    await expect(estimateFit(engine, { ...request, rows, signal })).rejects.toMatchObject({ code: "interrupted" });
    const contradictory = configured(10, { shareWeights: true, warmStart: true });
    await expect(estimate(contradictory)).rejects.toMatchObject({ code: "option" });
  });
});

describe("the estimate of a masked fit", () => {
  const preparedFor = (configuration: Configuration, count = 300) => {
    const request = { table: smallTable(count), seed: 3, configuration };
    const prepared = preparedTable(tablePlan(request, tableFindings(request))).request;
    const values = prepared.rows.data.map((value, k) => (k % 11 === 3 ? Number.NaN : value));
    return { ...prepared, rows: floats(values, prepared.rows.shape) };
  };
  const short = { ...quickConfiguration(150), integration: configured(1).integration };
  const fresh = { ...short, training: { ...short.training, parallelBlocks: true } };

  it("takes gaps, and is near what the fit then takes", async () => {
    const request = preparedFor(short);
    const guess = await estimateFit(engine, request);
    const { report } = await fitDensity(engine, request);
    expect(guess.seconds).toBeGreaterThan(report.seconds / 4);
    expect(guess.seconds).toBeLessThan(report.seconds * 4);
    for (const part of ["trainingSeconds", "pushSeconds", "scoreSeconds"] as const)
      expect(guess[part]).toBeGreaterThan(0);
  });

  it("pushes as many rows of the pool as later blocks look at, and the held-out rows where they are judged", () => {
    const request = preparedFor({ ...short, training: { ...short.training, earlyStopping: 4 } });
    const rows = estimateRows(request, request.configuration);
    const [train, heldOut] = [270 * 75, 30 * 75];
    expect(rows).toMatchObject({ trainingRows: train, poolRows: 5 * train, heldOutRows: heldOut });
    expect(rows.pool.states).toHaveLength(rows.pool.points.length);
    const pushed = (configuration: Configuration, number: number) => pushedRows(configuration, rows, number);
    expect(pushed(request.configuration, 1)).toBe(50_000 + heldOut);
    expect(pushed(request.configuration, 2)).toBe(4096);
    const { blocks, training, ...others } = request.configuration;
    const longer = { ...others, training, blocks: blocks.map((block) => ({ ...block, iterations: 10_000 })) };
    expect(pushed(longer, 1)).toBe(5 * train + heldOut);
    expect(pushed({ ...longer, training: { ...training, earlyStopping: 0 } }, 1)).toBe(5 * train);
    expect(pushed({ ...longer, training: { ...training, parallelBlocks: true } }, 1)).toBe(0);
  });

  it("pushes nothing where blocks are trained from exact marginals with new masks", async () => {
    const guess = await estimateFit(engine, { ...preparedFor(fresh), seconds: 0.2 });
    expect(guess.pushSeconds).toBe(0);
    expect(guess.trainingSeconds).toBeGreaterThan(0);
  });

  it("scores both parts of rows with gaps, which the fit does, and pushes them as one", async () => {
    const { blocks, ...others } = short;
    const request = preparedFor({ ...others, blocks: blocks.slice(-1) });
    const { masks, ...training } = request.configuration.training;
    if (masks?.presence === undefined) throw new Error("a table with gaps");
    const { parts: _, ...presence } = masks.presence;
    const openedFor = async (law: typeof masks) => {
      let opened = 0;
      const open: Engine["open"] = (model) => {
        opened++;
        return engine.open(model);
      };
      const configuration = { ...request.configuration, training: { ...training, masks: law } };
      await estimateFit({ ...engine, open }, { ...request, configuration, seconds: 0.2 });
      return opened;
    };
    const programsOfBlock = 2;
    expect(await openedFor(masks)).toBe((await openedFor({ ...masks, presence })) + programsOfBlock);
  });

  it("counts the memory of the pool's copies with their states", async () => {
    const bytesOf = async (configuration: Configuration) =>
      (await estimateFit(engine, { ...preparedFor(configuration), seconds: 0.01 })).memoryBytes;
    const [pushed, marginals] = [await bytesOf(short), await bytesOf(fresh)];
    expect(pushed - marginals).toBeGreaterThan(5 * 5 * 75_000);
  });

  it("refuses what a fit refuses: a budget that is too small, networks without a context, gaps without masks", async () => {
    const request = preparedFor(short);
    const { blocks, training, ...rest } = request.configuration;
    await expect(estimateFit(engine, { ...request, memory: 1e6 })).rejects.toThrow(/^memory: expected at least/);
    await expect(fitDensity(engine, { ...request, memory: 1e6 })).rejects.toThrow(/^memory: expected at least/);
    const { context: _, ...network } = blocks[0]!.network;
    const without = { ...rest, training, blocks: blocks.map((block) => ({ ...block, network })) };
    await expect(estimateFit(engine, { ...request, configuration: without })).rejects.toThrow(/^masks: expected/);
    const { masks: __, ...plain } = training;
    const unmasked = { ...request, configuration: { ...without, training: plain } };
    await expect(estimateFit(engine, unmasked)).rejects.toThrow(/column .*: expected a finite number, got NaN/);
  });
});
