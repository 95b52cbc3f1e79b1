// student-images: students of tiny models of images: near the teacher where they have many evaluations, alike from one seed.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeSafetensors } from "../../../src/data/safetensors.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import type { Distilled, DistillRequest } from "../../../src/tasks/distillation/distill.ts";
import { type Student, sampleStudent } from "../../../src/tasks/distillation/student.ts";
import { decodeStudent, encodeStudent } from "../../../src/tasks/distillation/student-file.ts";
import {
  distillImages,
  sampleStudentImages,
  studentImageChains,
  studentSource,
} from "../../../src/tasks/distillation/student-images.ts";
import type { ImageModel } from "../../../src/tasks/images/image-model.ts";
import { drawImages } from "../../../src/tasks/images/sample-images.ts";
import { encodeSealed } from "../../../src/tasks/seal.ts";
import { leaves } from "../../../src/tensor/tree.ts";
import { interrupting } from "../../support/interrupting.ts";
import { tinyImageModel, tinyShape } from "../../support/tiny-image-model.ts";

let engine: Engine;
let patches: ImageModel;
let made: Distilled;
const quick = { teacherName: "t.safetensors", seed: 1, rows: 64, iterations: 2, batchSize: 16, learningRate: 1e-4 };
const distilled = (changes: Partial<DistillRequest> = {}, model = patches) =>
  distillImages(engine, model, { ...quick, evaluations: 2, ...changes });

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  patches = tinyImageModel("patches");
  made = await distilled();
});
afterAll(() => engine.close());

async function imagesOf(student: Student, images: number, seed = 3): Promise<Uint8Array> {
  return (await studentSource(engine, student).draw({ images, seed })).block.levels;
}

describe("distillation of a model of images", () => {
  it("comes nearer to the teacher with more evaluations, and so do its images of the same noise", async () => {
    const barely = { iterations: 1, learningRate: 1e-9 };
    const [few, many] = [await distilled(barely), await distilled({ ...barely, evaluations: 6 })];
    expect(many.report.blocks).toHaveLength(6);
    // Where maps start, they are steps of first order along the teacher's velocity: a third of the length, a third of the error.
    expect(few.report.distance.final / many.report.distance.final).toBeGreaterThan(2);
    const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-5, atol: 1e-5 } as const;
    const teacher = (await drawImages(engine, patches, { images: 20, seed: 3, integration })).block.levels;
    const off = async ({ student }: Distilled) =>
      (await imagesOf(student, 20)).reduce((sum, level, i) => sum + Math.abs(level - (teacher[i] ?? 0)), 0);
    expect(await off(few)).toBeGreaterThan(2 * (await off(many)));
  });

  it("learns: a map ends nearer than where it starts", async () => {
    const start = await distilled({ evaluations: 1, iterations: 1, learningRate: 1e-9 });
    const { report } = await distilled({ evaluations: 1, iterations: 60, rows: 256, learningRate: 3e-3 });
    expect(report.distance.final).toBeLessThan(0.8 * start.report.distance.final);
    expect(report.blocks).toMatchObject([{ from: 2, to: 0, iterations: 60 }]);
  });

  it("takes a U-net too, whose student survives its file", async () => {
    const { student, report } = await distilled({ evaluations: 1, iterations: 1 }, tinyImageModel("unet"));
    expect(student.maps[0]?.network.kind).toBe("unet");
    // The identity would be as far away as the teacher moves images.
    expect(report.distance.final).toBeLessThan(0.8 * (report.blocks[0]?.displacement ?? 0));
    expect(decodeStudent(encodeStudent(student))).toEqual(student);
  });

  it("is the same to the last byte from the same seed, and another from another", async () => {
    const bytes = encodeStudent(made.student);
    expect(encodeStudent((await distilled()).student)).toEqual(bytes);
    expect(encodeStudent((await distilled({ seed: 2 })).student)).not.toEqual(bytes);
  });

  it("takes no more of a model with classes than what it draws without one", async () => {
    const { student } = await distilled({ iterations: 1 }, tinyImageModel("patches", { classes: 2 }));
    for (const { network, parameters } of student.maps) {
      expect(network).not.toHaveProperty("classes");
      expect(leaves(parameters).map(({ path }) => path)).not.toContain("time.classes");
    }
    expect(decodeStudent(encodeStudent(student))).toEqual(student);
  });

  it("ends in time with a student, and stops at a signal", async () => {
    const { iterations: _, ...endless } = quick;
    const { student } = await distillImages(engine, patches, { ...endless, evaluations: 2, time: 1 });
    expect(student.maps).toHaveLength(2);
    for (const runs of [1, 20]) {
      const stop = interrupting(engine);
      stop.stopAfter(runs);
      const work = distillImages(stop.engine, patches, { ...quick, evaluations: 2, signal: stop.signal });
      await expect(work).rejects.toMatchObject({ code: "interrupted" });
    }
  });

  it("reports what it is held against, and refuses hidden layers, which these networks have none of to choose", async () => {
    expect(made.report.fixedSteps.map(({ method }) => method).sort()).toEqual(["chosen", "euler"]);
    expect(made.report).toMatchObject({ rows: 64, evaluations: 2, fineTuning: expect.any(Number) });
    await expect(distilled({ hidden: [16] })).rejects.toThrow(
      /hidden: expected a model of rows .* got a model of images/,
    );
  });
});

describe("images of a student", () => {
  it("depend on the seed and their place alone, and take one evaluation for each map", async () => {
    const five = await studentSource(engine, made.student).draw({ images: 5, seed: 3 });
    expect(five).toMatchObject({ evaluations: 10, block: { count: 5, ...tinyShape } });
    const many = await imagesOf(made.student, 70);
    expect(many.subarray(0, five.block.levels.length)).toEqual(five.block.levels);
    expect(await imagesOf(made.student, 5, 4)).not.toEqual(five.block.levels);
  });

  it("end their chains of stages, which begin as noise", async () => {
    const { block, evaluations } = await studentImageChains(engine, made.student, { images: 3, seed: 3 });
    expect([block.count, evaluations]).toEqual([9, 6]);
    const own = await imagesOf(made.student, 3);
    const size = own.length / 3;
    for (let n = 0; n < 3; n++)
      expect(block.levels.subarray((3 * n + 2) * size, (3 * n + 3) * size)).toEqual(
        own.subarray(n * size, (n + 1) * size),
      );
    expect(block.levels.subarray(0, size)).not.toEqual(own.subarray(0, size));
  });

  it("are not drawn from a student of rows", async () => {
    const { image: _, ...rows } = made.student;
    const first = () => sampleStudentImages(engine, rows, { images: 1, seed: 1 }).next();
    await expect(first()).rejects.toThrow(/expected a student of a model of images/);
  });
});

describe("the file of a student of images", () => {
  it("comes back as it was, with the size of the images and the teacher's name", async () => {
    const bytes = encodeStudent(made.student);
    const read = decodeStudent(bytes, "s.safetensors");
    expect(read).toEqual(made.student);
    expect(read.image).toEqual(tinyShape);
    expect(read.record.columns).toEqual([]);
    expect(read.record.teacher).toMatchObject({ name: "t.safetensors", blocks: 2 });
    expect(await imagesOf(read, 3)).toEqual(await imagesOf(made.student, 3));
    for await (const { points } of sampleStudent(engine, read, { rows: 2, seed: 1 }))
      expect(points.shape).toEqual([2, 16]);
  });

  it("is refused where the size and the networks, or the columns, do not fit together", () => {
    const { tensors, metadata } = decodeSafetensors(encodeStudent(made.student), "s");
    const changed = (edit: (record: Record<string, unknown>) => void) => {
      const record = JSON.parse(metadata["localflow"] ?? "");
      edit(record);
      return () => decodeStudent(encodeSealed(tensors, JSON.stringify(record)), "s");
    };
    expect(changed(() => {})()).toEqual(made.student);
    const small = { channels: 1, height: 2, width: 4 };
    expect(changed((record) => Object.assign(record, { image: small }))).toThrow(/networks of other samples/);
    expect(changed((record) => delete record["image"])).toThrow(/neither columns nor a size/);
    expect(changed((record) => Object.assign(record, { columns: ["a"] }))).toThrow(/neither columns nor a size/);
    const heads = changed((record) => {
      for (const { network } of record["maps"] as { network: { headChannels: number } }[]) network.headChannels = 3;
    });
    expect(heads).toThrow(expect.objectContaining({ code: "model" }));
  });
});
