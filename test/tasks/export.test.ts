// export: the files compute what localflow computes and what closed forms say, and tell what they are.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { perceptronOf } from "../../src/flow/chain.ts";
import type { NetworkConfiguration } from "../../src/nn/mlp.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { encodeDensityModel } from "../../src/tasks/density-model.ts";
import type { Student } from "../../src/tasks/distillation/student.ts";
import { exportDensity, exportIntegration } from "../../src/tasks/export.ts";
import { checkExport, largestDifference } from "../../src/tasks/export-check.ts";
import { exportParts } from "../../src/tasks/export-parts.ts";
import { exportStudent } from "../../src/tasks/export-student.ts";
import { floats } from "../../src/tensor/array.ts";
import { affineModel } from "../support/affine-model.ts";
import { interrupting } from "../support/interrupting.ts";
import { smallModel, smallNetwork } from "../support/small-model.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

async function run(bytes: Uint8Array, feeds: Parameters<Awaited<ReturnType<Engine["open"]>>["run"]>[0]) {
  const session = await engine.open(bytes);
  return session.run(feeds).finally(() => session.release());
}

const fixed = (method: "euler" | "midpoint" | "rk4" | "dopri5", evaluations: number) =>
  ({ kind: "fixed", method, evaluations }) as const;

describe("an exported part", () => {
  const networks: readonly NetworkConfiguration[] = [
    smallNetwork,
    { ...smallNetwork, activation: { kind: "softplus", beta: 20 }, timeInput: "every" },
    { ...smallNetwork, activation: { kind: "gelu" }, frequencies: 3 },
    { ...smallNetwork, activation: { kind: "elu" }, hidden: [] },
    { ...smallNetwork, activation: { kind: "tanh" }, hidden: [8] },
    { ...smallNetwork, activation: { kind: "relu" }, context: 9 },
  ];
  it.each(networks)("computes what localflow computes: %o", async (network) => {
    const model = smallModel({ network });
    for (const part of exportParts)
      for (const integration of [fixed("midpoint", 4), fixed("rk4", 64)]) {
        const check = await checkExport(engine, model, exportDensity(model, { part, integration }), { rows: 32 });
        expect(check.maxDifference, part).toBeLessThan(largestDifference);
      }
  });

  it("computes it with one network for all blocks too, which is then stored once", async () => {
    const network = { ...smallNetwork, hidden: [64, 64] };
    const model = smallModel({ network, blocks: 6, shareWeights: true });
    const own = smallModel({ network, blocks: 6 });
    const exported = exportDensity(model, { part: "sampler", integration: fixed("rk4", 64) });
    expect((await checkExport(engine, model, exported, { rows: 32 })).maxDifference).toBeLessThan(largestDifference);
    const weights = encodeDensityModel(model).length;
    expect(exported.bytes.length).toBeLessThan(weights + 30_000);
    const separate = exportDensity(own, { part: "sampler", integration: fixed("rk4", 64) });
    expect(separate.bytes.length).toBeGreaterThan(exported.bytes.length + 4 * 4 * 64 * 64);
  });

  it("is written out while that is short, else in loops, with the same results", async () => {
    const model = smallModel();
    const few = exportDensity(model, { part: "encoder", integration: fixed("euler", 8) });
    const many = exportDensity(model, { part: "encoder", integration: fixed("euler", 512) });
    expect([few.steps?.form, many.steps?.form]).toEqual(["unrolled", "looped"]);
    const operators = (bytes: Uint8Array) => decodeModel(bytes).graph.nodes.map((node) => node.operator);
    expect(operators(few.bytes)).not.toContain("Loop");
    expect(operators(many.bytes).filter((operator) => operator === "Loop")).toHaveLength(3);
    expect(many.bytes.length).toBeLessThan(2 * few.bytes.length);
  });

  it("takes any number of rows, none too", async () => {
    const { bytes } = exportDensity(smallModel(), { part: "density" });
    for (const rows of [0, 1, 7]) {
      const { log_density, noise } = await run(bytes, { data: floats(new Float32Array(3 * rows), [rows, 3]) });
      expect([log_density?.shape, noise?.shape]).toEqual([[rows], [rows, 3]]);
    }
  });

  it("has the closed form's log-density and noise where the velocity is linear", async () => {
    // z = y exp(2 W) over two blocks, y = (x - mean) / deviation; det = exp(2 tr W).
    const [a, b] = [0.3, -0.2];
    const model = affineModel({ matrix: [a, 0, 0, b], blocks: 2, mean: [1, -3], deviation: [2, 0.5] });
    const { bytes } = exportDensity(model, { part: "density", integration: fixed("rk4", 64) });
    const rows = [1, -3, 4, -2.25, -0.5, -3.5];
    const { log_density, noise } = await run(bytes, { data: floats(rows, [3, 2]) });
    for (let row = 0; row < 3; row++) {
      const z = [0, 1].map((k) => {
        const y = ((rows[2 * row + k] ?? 0) - [1, -3][k]!) / [2, 0.5][k]!;
        return y * Math.exp(2 * [a, b][k]!);
      });
      const squares = z.reduce((total, value) => total + value ** 2, 0);
      const expected = -Math.log(2 * Math.PI) - squares / 2 + 2 * (a + b) - Math.log(2 * 0.5);
      expect(Number(log_density?.data[row])).toBeCloseTo(expected, 5);
      z.forEach((value, k) => expect(Number(noise?.data[2 * row + k])).toBeCloseTo(value, 5));
    }
  });

  it("turns the encoder's noise back into the data", async () => {
    const model = smallModel();
    const data = floats([5.5, -2.01, 31_000, 3, -1.98, 52_000], [2, 3]);
    const { noise } = await run(exportDensity(model, { part: "encoder" }).bytes, { data });
    const { samples } = await run(exportDensity(model, { part: "sampler" }).bytes, { noise: noise ?? data });
    const deviation = model.standardization.deviation.data;
    data.data.forEach((value, i) => {
      expect(Math.abs(Number(samples?.data[i]) - value) / (deviation[i % 3] ?? 1)).toBeLessThan(1e-4);
    });
  });

  it("is the velocity of every block, or of one", async () => {
    const model = affineModel({ matrix: [1, 2, 3, 4], offset: [10, 20], blocks: 2 });
    const feeds = { x: floats([1, 1], [1, 2]), t: floats([0.5], [1, 1]) };
    const all = await run(exportDensity(model, { part: "velocity" }).bytes, feeds);
    expect(Object.keys(all)).toEqual(["velocity_1", "velocity_2"]);
    const one = await run(exportDensity(model, { part: "velocity", block: 2 }).bytes, feeds);
    expect(Array.from(one["velocity"]?.data ?? [], Number)).toEqual([14, 26]);
    expect(() => exportDensity(model, { part: "velocity", block: 3 })).toThrow(/block: expected 1 to 2, got 3/);
  });

  it("says what it is, in what units, and where it comes from", () => {
    const model = smallModel({ seed: 7 });
    const exported = exportDensity(model, { part: "sampler", version: "1.2.3", source: "m.safetensors" });
    const { graph, opset, metadata, documentation } = decodeModel(exported.bytes);
    expect(opset).toBe(17);
    expect(graph.inputs).toMatchObject([{ name: "noise", type: "float32", shape: ["rows", 3] }]);
    expect(graph.outputs).toMatchObject([{ name: "samples", type: "float32", shape: ["rows", 3] }]);
    expect(graph.outputs[0]?.documentation).toContain("width, height, price in the units of the training data");
    expect(documentation).toContain("rk4 with 16 velocity evaluations per block");
    expect(metadata).toMatchObject({
      "localflow.version": "1.2.3",
      "localflow.part": "sampler",
      "localflow.model": "m.safetensors",
      "localflow.columns": '["width","height","price"]',
      "localflow.mean": "[5,-2,40000]",
      "localflow.method": "rk4",
      "localflow.evaluations_per_block": "16",
      "localflow.seed": "7",
    });
    expect(exportDensity(model, { part: "sampler" }).bytes).toEqual(exportDensity(model, { part: "sampler" }).bytes);
  });
});

describe("an exported student", () => {
  const { record, standardization, chain } = smallModel();
  const student: Student = {
    record: {
      version: 1,
      task: "student",
      columns: record.columns,
      configuration: { seed: 3, standardize: true },
      teacher: { name: "teacher.safetensors", fingerprint: "1-2-3", blocks: 3, parameters: 900 },
      training: {
        rows: 64,
        batchSize: 8,
        learningRate: 1e-3,
        maps: [],
        fineTuning: 0,
        distance: { separate: 0, final: 0 },
      },
    },
    standardization,
    maps: chain.blocks.map((block, n) => {
      const { network, parameters } = perceptronOf(block);
      return { segment: { from: 3 - n, to: 2 - n }, network, clock: 0.5, scale: -1, parameters };
    }),
  };

  it("draws the student's samples and names its teacher", async () => {
    const exported = exportStudent(student);
    expect(exported.steps).toBeUndefined();
    const check = await checkExport(engine, student, exported, { rows: 40 });
    expect(Object.keys(check.outputs)).toEqual(["samples"]);
    expect(check.maxDifference).toBeLessThan(largestDifference);
    expect(exported.metadata).toMatchObject({
      "localflow.evaluations": "3",
      "localflow.teacher": "teacher.safetensors",
    });
    const shorter = exportStudent({ ...student, maps: student.maps.slice(1) });
    expect((await checkExport(engine, student, shorter, { rows: 40 })).maxDifference).toBeGreaterThan(0.01);
  });
});

describe("the steps of a file", () => {
  it("are rk4's, more to score than to sample, or what the model or the request says, in whole steps", () => {
    const model = smallModel();
    expect(exportIntegration(model, "sampler")).toEqual(fixed("rk4", 16));
    expect(exportIntegration(model, "density")).toEqual(fixed("rk4", 64));
    expect(exportIntegration(model, "sampler", { method: "dopri5" })).toEqual(fixed("dopri5", 12));
    expect(exportIntegration(model, "sampler", { evaluations: 7 })).toEqual(fixed("rk4", 4));
    const { record } = model;
    const configuration = { ...record.configuration, integration: fixed("euler", 30) };
    const own = { ...model, record: { ...record, configuration } };
    expect(exportIntegration(own, "density")).toEqual(fixed("euler", 30));
    expect(() => exportIntegration(model, "encoder", { evaluations: 3 })).toThrow(/evaluations: expected at least 4/);
  });
});

describe("the check of a file", () => {
  it("notices another model, and counts differences in deviations", async () => {
    const model = smallModel();
    const { standardization } = model;
    const shifted = { ...standardization, mean: floats([5 + 2 * 0.25, -2, 40_000]) };
    const exported = exportDensity({ ...model, standardization: shifted }, { part: "sampler" });
    const { maxDifference } = await checkExport(engine, model, exported, { rows: 16 });
    expect(maxDifference).toBeCloseTo(0.25, 5);
  });

  it("runs a costly file on some rows at a time, and begins no more of it after a signal", async () => {
    const model = smallModel({ network: { ...smallNetwork, hidden: [256, 256] } });
    const exported = exportDensity(model, { part: "sampler", integration: fixed("rk4", 512) });
    const check = await checkExport(engine, model, exported, { seed: 2 });
    expect(check.maxDifference).toBeLessThan(largestDifference);
    const { engine: on, signal, stopAfter, late } = interrupting(engine);
    const seen: number[] = [];
    const watched: Engine = {
      ...on,
      open: async (bytes) => {
        const session = await on.open(bytes);
        return {
          ...session,
          run: (feeds, into) => {
            seen.push(feeds["noise"]?.shape[0] ?? 0);
            return session.run(feeds, into);
          },
        };
      },
    };
    stopAfter(2);
    await expect(checkExport(watched, model, exported, { signal })).rejects.toThrow(
      expect.objectContaining({ code: "interrupted" }),
    );
    expect(seen).toHaveLength(2);
    expect(seen.every((count) => count >= 16 && count < 128)).toBe(true);
    expect(late()).toBe(0);
  });

  it("tells what fixed steps cost, less for more of them", async () => {
    const model = smallModel({ network: { ...smallNetwork, initialization: "orthogonal" } });
    const cost = async (evaluations: number) => {
      const exported = exportDensity(model, { part: "density", integration: fixed("euler", evaluations) });
      const { outputs } = await checkExport(engine, model, exported, { rows: 64 });
      return outputs["log_density"]?.fromAdaptive ?? Number.NaN;
    };
    const [coarse, fine] = [await cost(4), await cost(32)];
    expect(coarse).toBeGreaterThan(4 * fine);
    expect(fine).toBeGreaterThan(0);
  });

  it("fails a file with a value that is no number", async () => {
    const model = affineModel({ matrix: [0, 0, 0, 0] });
    const broken = affineModel({ matrix: [1e30, 0, 0, 1e30] });
    const { maxDifference } = await checkExport(engine, model, exportDensity(broken, { part: "encoder" }), { rows: 4 });
    expect(maxDifference <= largestDifference).toBe(false);
  });
});
