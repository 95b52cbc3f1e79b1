// distill: linear flows, whose maps have closed forms, are distilled by maps of one layer; the rest is order, files and signals.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../../src/data/safetensors.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { sampleDensity } from "../../../src/tasks/density.ts";
import { type DensityModel, decodeDensityModel } from "../../../src/tasks/density-model.ts";
import { type DistillReport, type DistillRequest, distillDensity } from "../../../src/tasks/distillation/distill.ts";
import { evaluateStudent, studentSamplers } from "../../../src/tasks/distillation/evaluate-student.ts";
import { fixedSteps } from "../../../src/tasks/distillation/solvers.ts";
import { type Student, sampleStudent } from "../../../src/tasks/distillation/student.ts";
import { decodeStudent, encodeStudent, isStudent, noDensity } from "../../../src/tasks/distillation/student-file.ts";
import { densityTeacher } from "../../../src/tasks/distillation/teacher.ts";
import { encodeSealed } from "../../../src/tasks/seal.ts";
import { floats } from "../../../src/tensor/array.ts";
import { affineModel, rotation } from "../../support/affine-model.ts";
import { attempt, damaged } from "../../support/damage.ts";
import { interrupting } from "../../support/interrupting.ts";
import { normals } from "../../support/repetition.ts";

const [mean, deviation] = [[50, -3] as const, [10, 0.1] as const];
const turn = affineModel({ matrix: rotation(1), mean, deviation });
const shear = affineModel({ matrix: [0, 0, 2, 0], mean, deviation });
/** On the data side a turn by one radian, on the noise side a shear, (x, y) to (x + 2 y, y): they do not commute. */
const model: DensityModel = {
  ...turn,
  record: {
    ...turn.record,
    configuration: {
      ...turn.record.configuration,
      blocks: [...turn.record.configuration.blocks, ...shear.record.configuration.blocks],
    },
  },
  chain: { dimension: 2, blocks: [...turn.chain.blocks, ...shear.chain.blocks] },
};

let engine: Engine;
let student: Student;
let report: DistillReport;
const quick = { teacherName: "t.safetensors", seed: 1, rows: 2048, iterations: 300, batchSize: 128, learningRate: 0.1 };
const distilled = (changes: Partial<DistillRequest> = {}) =>
  distillDensity(engine, model, { ...quick, evaluations: 2, ...changes });

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  ({ student, report } = await distilled());
});
afterAll(() => engine.close());

async function samplesOf(student: Student, rows: number, seed = 3): Promise<Float32Array> {
  const values: number[] = [];
  for await (const { points } of sampleStudent(engine, student, { rows, seed })) values.push(...points.data);
  return Float32Array.from(values);
}

async function teacherSamples(rows: number, seed = 3): Promise<Float32Array> {
  const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
  for await (const { points } of sampleDensity(engine, model, { rows, seed, integration })) return points.data;
  throw new Error("no samples");
}

function firstLayer({ maps }: Student, k: number) {
  const parameters = maps[k]?.parameters;
  return parameters && "layers" in parameters ? parameters.layers[0] : undefined;
}

const worst = (a: Float32Array, b: Float32Array) =>
  a.reduce((most, value, i) => Math.max(most, Math.abs(value - (b[i] ?? Number.NaN)) / (deviation[i % 2] ?? 1)), 0);

describe("distillation of a linear flow", () => {
  it("finds each block's map, and the teacher's samples from the same noise", async () => {
    expect(report.blocks.map(({ from, to }) => [from, to])).toEqual([
      [2, 1],
      [1, 0],
    ]);
    for (const { error, displacement } of report.blocks) expect(error).toBeLessThan(2e-3 * displacement);
    expect(report.distance.final).toBeLessThan(2e-3);
    expect(worst(await samplesOf(student, 500), await teacherSamples(500))).toBeLessThan(0.02);
  });

  it("composes backwards: first the shear is undone, then the turn", async () => {
    const { scale } = student.maps[0] ?? { scale: Number.NaN };
    const weight = firstLayer(student, 0)?.weight.data ?? [];
    // Rows of the weight: time, x, y. Undone, the shear takes 2 y from x and nothing else.
    const moved = Array.from(weight).map((value) => scale * value);
    expect(moved[2]).toBeCloseTo(0, 2);
    expect(moved[4]).toBeCloseTo(-2, 2);
    expect(moved[5]).toBeCloseTo(0, 2);
    const back = firstLayer(student, 1)?.weight.data ?? [];
    expect(1 + (student.maps[1]?.scale ?? 0) * (back[2] ?? 0)).toBeCloseTo(Math.cos(1), 2);
  });

  it("merges both blocks into one map, and cuts each into two", async () => {
    const [one, four] = [await distilled({ evaluations: 1 }), await distilled({ evaluations: 4 })];
    expect(one.student.maps).toHaveLength(1);
    expect(one.report.fineTuning).toBe(0);
    expect(four.student.maps).toHaveLength(4);
    for (const { report } of [one, four]) expect(report.distance.final).toBeLessThan(5e-3);
    expect(one.report.blocks[0]).toMatchObject({ from: 2, to: 0 });
  });

  it("learns with other hidden layers than the teacher's too", async () => {
    const { student, report } = await distilled({ hidden: [32], learningRate: 0.02, iterations: 600 });
    expect(student.maps).toMatchObject([{ network: { hidden: [32] } }, { network: { hidden: [32] } }]);
    // The identity would be at a distance above 1.
    expect(report.distance.final).toBeLessThan(0.15);
  });

  it("is much nearer than the teacher by even steps of euler, which comes in the report beside the chosen steps", () => {
    const of = (name: string) => report.fixedSteps.find(({ method }) => method === name);
    expect(of("euler")?.distance).toBeGreaterThan(100 * report.distance.final);
    expect(of("chosen")?.evaluations).toBeLessThanOrEqual(2);
    expect(report.fixedSteps.map(({ method }) => method)).not.toContain("heun");
  });

  it("is the same to the last byte from the same seed, and another from another", async () => {
    const bytes = encodeStudent(student);
    expect(encodeStudent((await distilled()).student)).toEqual(bytes);
    expect(encodeStudent((await distilled({ seed: 2 })).student)).not.toEqual(bytes);
  });

  it("ends in time, with a student", async () => {
    const { iterations: _, ...endless } = quick;
    const started = performance.now();
    const { student, report } = await distillDensity(engine, model, { ...endless, evaluations: 2, time: 1 });
    expect(performance.now() - started).toBeLessThan(10_000);
    expect(student.maps).toHaveLength(2);
    for (const { iterations } of report.blocks) expect(iterations).toBeGreaterThan(0);
  });

  it("stops at a signal wherever it is, and says so", async () => {
    const interrupted = expect.objectContaining({ code: "interrupted" });
    for (const runs of [1, 100, 400, 800]) {
      const stop = interrupting(engine);
      stop.stopAfter(runs);
      const work = distillDensity(stop.engine, model, { ...quick, evaluations: 2, signal: stop.signal });
      await expect(work).rejects.toThrow(interrupted);
    }
  });

  it.each([
    [{ evaluations: 0 }, /whole number from 1 to 128/],
    [{ rows: 0 }, /rows: expected a number above 0/],
    [{ iterations: 1.5 }, /iterations: expected/],
    [{ learningRate: Number.NaN }, /learningRate: expected/],
  ])("refuses %o", async (changes, message) => {
    await expect(distilled(changes)).rejects.toThrow(message);
  });
});

describe("samples of a student", () => {
  it("do not depend on how many are drawn, and count one evaluation for each map", async () => {
    const [few, many] = [await samplesOf(student, 7), await samplesOf(student, 3000)];
    expect(many.subarray(0, 14)).toEqual(few);
    for await (const { evaluations } of sampleStudent(engine, student, { rows: 10, seed: 1 }))
      expect(evaluations).toBe(20);
  });

  it("are measured against held-out rows, without a likelihood", async () => {
    const [samples, others] = [await samplesOf(student, 600), await teacherSamples(600, 9)];
    const [train, heldOut] = [samples, others].map((values) => floats(values, [600, 2]));
    if (!train || !heldOut) throw new Error("no rows");
    const found = await evaluateStudent(engine, student, { heldOut, train, seed: 1, samples: 500 });
    expect(found).toMatchObject({ rows: 600, comparedRows: 500, evaluations: 1000, parameters: 16 });
    expect(Object.keys(found.measures)).toEqual(["slicedWasserstein", "energyDistance", "mmdSquared"]);
    const { value, floor, standardError } = found.measures.slicedWasserstein;
    expect(Math.abs(value - (floor?.value ?? Number.NaN))).toBeLessThan(5 * standardError);
    expect(found.notes.join(" ")).toContain("t.safetensors");
  });

  it("stand on the curve of their own teacher only", async () => {
    const samplers = await studentSamplers(engine, densityTeacher(model), [student]);
    expect(samplers.map(({ sampler, evaluations }) => [sampler, evaluations])).toEqual([
      ["fixed steps", 2],
      ["student", 2],
    ]);
    const noise = floats(normals(200, "noise"), [100, 2]);
    for (const sampler of samplers) {
      const open = await sampler.open();
      const { points, evaluations } = await open.draw(noise);
      expect([points.shape, evaluations]).toEqual([[100, 2], 200]);
      await open.release();
    }
    await expect(studentSamplers(engine, densityTeacher(turn), [student])).rejects.toThrow(
      /expected a student of this model/,
    );
  });
});

describe("fixed steps chosen for a chain", () => {
  it("are no worse than even ones, and exact where the flow is: Euler on a shear", async () => {
    const results = await fixedSteps(engine, { chain: shear.chain }, 1);
    expect(results.map(({ method }) => method).sort()).toEqual(["chosen", "euler"]);
    for (const { distance } of results) expect(distance).toBeLessThan(1e-5);
  });

  it("leave the block with little to do fewer of them", async () => {
    const slow = affineModel({ matrix: rotation(0.01) });
    const fast = affineModel({ matrix: rotation(2) });
    const chain = { dimension: 2, blocks: [...slow.chain.blocks, ...fast.chain.blocks] };
    const results = await fixedSteps(engine, { chain }, 8);
    const [chosen] = results;
    expect(chosen?.method).toBe("chosen");
    // Noise to data: the fast block comes first.
    const counts = chosen?.steps.map((block) => (block ? block.times.length - 1 : 0)) ?? [];
    expect(counts[0]).toBeGreaterThan(counts[1] ?? 0);
    expect(results.map(({ distance }) => distance)).toEqual(
      [...results].map(({ distance }) => distance).sort((a, b) => a - b),
    );
  });
});

describe("the file of a student", () => {
  it("comes back as it was: the same samples, the same bytes", async () => {
    const bytes = encodeStudent(student);
    const read = decodeStudent(bytes, "s.safetensors");
    expect(encodeStudent(read)).toEqual(bytes);
    expect(await samplesOf(read, 50)).toEqual(await samplesOf(student, 50));
    expect(isStudent(bytes)).toBe(true);
  });

  it("is no density, and says whose student it is", () => {
    const bytes = encodeStudent(student);
    expect(() => decodeDensityModel(bytes, "s.safetensors")).toThrow(/^s\.safetensors, task: /);
    const { message } = noDensity(student, "s.safetensors");
    expect(message).toBe(
      "s.safetensors: expected a model with an exact density, got a student of 2 network evaluations, which has none: " +
        "it only draws samples; use its teacher, t.safetensors",
    );
  });

  it("is refused when it is damaged: never read as another, never another error", () => {
    const good = encodeStudent(student);
    fc.assert(
      fc.property(damaged(good), (bytes) => {
        const found = attempt(() => decodeStudent(bytes));
        if (found !== "refused") expect(encodeStudent(found)).toEqual(good);
      }),
      { numRuns: 300 },
    );
  });

  it.each([
    ["pieces of the way with a gap", '"to":1,', '"to":0.5,', /maps: .*pieces of the way/],
    ["a network that is too wide for its weights", '"hidden":[]', '"hidden":[3]', /maps\.0\.layers\.0\.weight/],
    ["a network that reads a context", '"hidden":[]', '"context":6,"hidden":[]', /networks that read another context/],
    ["a way that begins elsewhere than its teacher's", '"blocks":2', '"blocks":3', /maps: .*the teacher's noise/],
    ["another task", '"task":"student"', '"task":"density"', /task/],
    ["a newer version", '"version":1', '"version":9', /update localflow/],
  ])("is refused for %s, also with a seal", (_, before, after, message) => {
    const { tensors, metadata } = decodeSafetensors(encodeStudent(student), "s");
    const record = metadata["localflow"] ?? "";
    expect(record).toContain(before);
    const changed = encodeSealed(tensors, record.replace(before, after));
    expect(() => decodeStudent(changed, "s")).toThrow(message);
    expect(() => decodeStudent(changed, "s")).toThrow(expect.objectContaining({ code: "model" }));
  });
});
