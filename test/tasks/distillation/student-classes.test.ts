// student-classes: students of a model of dark and bright images draw the class asked for, as strongly as they were taught.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSet, PixelBlock } from "../../../src/data/images/image-set.ts";
import { imageSetOf } from "../../../src/data/images/memory-set.ts";
import { decodeSafetensors } from "../../../src/data/safetensors.ts";
import { classShares, noClass } from "../../../src/flow/classes.ts";
import { fillBelow, random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { createTransport } from "../../../src/runtime/transport.ts";
import type { Distilled } from "../../../src/tasks/distillation/distill.ts";
import { studentSamplers } from "../../../src/tasks/distillation/evaluate-student.ts";
import { blockDistances, drawnShares, grownPool, readingOf } from "../../../src/tasks/distillation/lessons.ts";
import { createCarrier, distance, noiseRows } from "../../../src/tasks/distillation/pool.ts";
import { segmentsOf } from "../../../src/tasks/distillation/segments.ts";
import { fixedSteps } from "../../../src/tasks/distillation/solvers.ts";
import { type Student, sampleStudent } from "../../../src/tasks/distillation/student.ts";
import { decodeStudent, encodeStudent } from "../../../src/tasks/distillation/student-file.ts";
import {
  type DistillImagesRequest,
  distillImages,
  imageTeacher,
  studentImageChains,
  studentSource,
} from "../../../src/tasks/distillation/student-images.ts";
import { fitImages } from "../../../src/tasks/images/fit-images.ts";
import { conditionalConfiguration, defaultImageConfiguration } from "../../../src/tasks/images/image-defaults.ts";
import type { ImageModel } from "../../../src/tasks/images/image-model.ts";
import { drawImages } from "../../../src/tasks/images/sample-images.ts";
import { encodeSealed } from "../../../src/tasks/seal.ts";
import { untrainedImages } from "../../support/untrained-images.ts";

const shape = { channels: 1, height: 4, width: 4 } as const;
const size = 16;

/** Three dark images for two bright ones, of many levels each. */
function lamps(count: number): ImageSet {
  const labels = Int32Array.from({ length: count }, (_, n) => Number(n % 5 >= 3));
  const [noise, light] = [new Uint32Array(count * size), new Uint32Array(count)];
  fillBelow(random("lamps"), noise, 30);
  fillBelow(random("light"), light, 90);
  const levels = Uint8Array.from(noise, (value, at) => {
    const image = Math.floor(at / size);
    return value + light[image]! + (labels[image] === 1 ? 120 : 10);
  });
  return { ...imageSetOf({ ...shape, count, levels }), labels, labelNames: ["dark", "bright"] };
}

/** Mean level of each image. */
function levelsOf({ levels, count }: PixelBlock): readonly number[] {
  return Array.from({ length: count }, (_, n) => {
    const own = levels.subarray(n * size, (n + 1) * size);
    return own.reduce((sum, level) => sum + level, 0) / size;
  });
}

const seen = (block: PixelBlock) => levelsOf(block).map((level) => Number(level > 128));
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;

let engine: Engine;
let teacher: ImageModel;
let made: Distilled;
let strong: Distilled;
const quick = { teacherName: "lamps.safetensors", seed: 1, rows: 512, batchSize: 64, evaluations: 2 } as const;
const distilled = (changes: Partial<DistillImagesRequest> = {}, model = teacher) =>
  distillImages(engine, model, { ...quick, iterations: 60, learningRate: 2e-3, ...changes });

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const base = defaultImageConfiguration(shape, "patches", 16);
  const recipe = {
    ...base,
    seed: 5,
    blocks: base.blocks.map((block) => ({ ...block, iterations: 150, learningRate: 5e-3 })),
    training: { ...base.training, batchSize: 32, warmUp: 0, movingAverage: 0.9 },
  };
  const configuration = conditionalConfiguration(recipe, 2, 0.2);
  ({ model: teacher } = await fitImages(engine, { images: lamps(200), configuration }));
  made = await distilled();
  strong = await distilled({ guidance: 3 });
}, 120_000);
afterAll(() => engine.close());

const draw = (student: Student, request: { images: number; classes?: readonly number[] }) =>
  studentSource(engine, student).draw({ seed: 4, ...request });

describe("the lessons of a teacher with classes", () => {
  const classes = ["ring", "bar", "cross"].map((name, n) => ({ name, images: 5 * n }));
  const model = untrainedImages("patches", classes);
  const { chain } = model;

  it.each([1, 3])("are where guidance %d takes each row, of its class or none", async (guidance) => {
    const labels = Int32Array.from([1, 2, noClass, 1, 2]);
    const noise = noiseRows(random("rows"), labels.length, chain.dimension);
    const carrier = await createCarrier(engine, chain, readingOf({ known: classes, guidance }));
    const contexts = classShares(labels, 3).data;
    const pool = await carrier.carry(noise, segmentsOf([1, 1], 4), { contexts }).finally(() => carrier.release());
    const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
    const ended = async (strength: number) => {
      const how = { direction: -1, integration, divergence: { kind: "none" }, guidance: strength } as const;
      const transport = await createTransport(engine, chain, how);
      return (await transport.run(noise, { classes: labels }).finally(() => transport.release())).points;
    };
    expect(distance(pool.at(-1)!, await ended(guidance))).toBeLessThan(3e-3);
    expect(distance(pool.at(-1)!, await ended(guidance + 1))).toBeGreaterThan(3e-2);
  });

  it("have classes as often as they were trained on, and the teacher's share has none", async () => {
    const known = { known: classes, guidance: 1 };
    const shares = drawnShares(known, random("law"), 3000, 0.25);
    const [without = 0, ...counts] = [-1, 0, 1, 2].map(
      (place) =>
        Array.from({ length: 3000 }, (_, row) => shares.subarray(3 * row, 3 * row + 3).indexOf(1)).filter(
          (own) => own === place,
        ).length / 3000,
    );
    expect(without).toBeCloseTo(0.25, 1);
    expect(counts[0]).toBe(0);
    expect((counts[2] ?? 0) / (counts[1] ?? 1)).toBeGreaterThan(1.7);
    expect((counts[2] ?? 0) / (counts[1] ?? 1)).toBeLessThan(2.3);
    const own = imageTeacher(model, 3);
    expect(own).toMatchObject({ classes: { known: classes, guidance: 3 }, classDropout: 0.1 });
    const carrier = await createCarrier(engine, chain, readingOf(own.classes));
    const workshop = { engine, teacher: own, carrier, request: { seed: 1 }, started: 0 };
    try {
      const { pool, contexts = new Float32Array() } = await grownPool(workshop, segmentsOf([1, 1], 2), 200);
      expect([pool.length, contexts.length]).toEqual([3, 600]);
      const told = contexts.reduce((sum, value) => sum + value, 0);
      expect(told).toBeGreaterThan(150);
      expect(told).toBeLessThan(200);
      expect(await blockDistances(workshop)).toHaveLength(2);
    } finally {
      await carrier.release();
    }
  });

  it("count two velocities for each point that guidance compares: fixed steps have half as many", async () => {
    const evaluations = async (guidance: number, budget: number) =>
      (await fixedSteps(engine, imageTeacher(model, guidance), budget)).map((found) => found.evaluations);
    expect(await evaluations(3, 4)).toEqual([4, 4]);
    expect(await evaluations(3, 1)).toEqual([]);
    expect(Math.max(...(await evaluations(1, 4)))).toBe(4);
  });
});

describe("a student with classes", () => {
  it("draws the class asked for, in one evaluation of each network", async () => {
    const drawn = await draw(made.student, { images: 40, classes: [0, 1, 1] });
    expect(drawn.evaluations).toBe(80);
    expect([...(drawn.labels ?? [])].slice(0, 4)).toEqual([0, 1, 1, 0]);
    expect(seen(drawn.block).filter((own, n) => own === drawn.labels?.[n]).length).toBeGreaterThanOrEqual(36);
  });

  it("draws the classes, and nearly the images, that its teacher draws with the same seed", async () => {
    const own = await draw(made.student, { images: 100 });
    const theirs = await drawImages(engine, teacher, { images: 100, seed: 4 });
    expect(own.labels).toEqual(theirs.labels);
    const off = own.block.levels.reduce((sum, level, n) => sum + Math.abs(level - theirs.block.levels[n]!), 0);
    expect(off / own.block.levels.length).toBeLessThan(10);
  });

  it("draws both without a class, as often as its teacher does", async () => {
    const { report } = made;
    expect(report.classes).toMatchObject({ guidance: 1, dropout: 0.2 });
    expect(report.classes?.without?.distance).toBeLessThan(0.25);
    const { block } = await studentSource(engine, made.student, { guidance: 0 }).draw({ images: 200, seed: 4 });
    const theirs = await drawImages(engine, teacher, { images: 200, seed: 4, guidance: 0 });
    expect(Math.abs(mean(seen(block)) - mean(seen(theirs.block)))).toBeLessThan(0.06);
    const told = (await draw(made.student, { images: 200, classes: [1] })).block;
    expect(mean(seen(told))).toBeGreaterThan(mean(seen(block)) + 0.3);
  });

  it("has its teacher's guidance built in: one evaluation stands for two", async () => {
    expect(strong.student.record.training.classes).toMatchObject({ guidance: 3, dropout: 0.2 });
    const [weak, own] = [made, strong].map(({ student }) => draw(student, { images: 60, classes: [1] }));
    const theirs = async (guidance: number) =>
      mean(levelsOf((await drawImages(engine, teacher, { images: 60, seed: 4, classes: [1], guidance })).block));
    const [plain, guided] = [await theirs(1), await theirs(3)];
    expect(guided - plain).toBeGreaterThan(5);
    expect(Math.abs(mean(levelsOf((await own!).block)) - guided)).toBeLessThan(0.4 * (guided - plain));
    expect(Math.abs(mean(levelsOf((await weak!).block)) - plain)).toBeLessThan(0.4 * (guided - plain));
    expect((await own!).evaluations).toBe(120);
  });

  it("shows chains that end in the images of their classes", async () => {
    const request = { images: 4, seed: 4, classes: [0, 1] };
    const { block, labels } = await studentImageChains(engine, made.student, request);
    expect([...(labels ?? [])]).toEqual([0, 1, 0, 1]);
    const ends = Array.from({ length: 4 }, (_, n) => block.levels.slice((3 * n + 2) * size, (3 * n + 3) * size));
    const { block: own } = await draw(made.student, request);
    expect(Uint8Array.from(ends.flatMap((end) => [...end]))).toEqual(own.levels);
  });

  it("takes none by a guidance of 0: networks that cannot be told a class", async () => {
    const { student, report } = await distilled({ guidance: 0, iterations: 1 });
    expect(report.classes).toBeUndefined();
    expect(student).not.toHaveProperty("classes");
    for (const { network } of student.maps) expect(network).not.toHaveProperty("classes");
    await expect(draw(student, { images: 1, classes: [1] })).rejects.toThrow(
      /classes: expected a model that was trained/,
    );
  });

  it.each(["progressive", "consistency"] as const)(
    "is made by the objective %s too",
    async (objective) => {
      const { student } = await distilled({ objective, iterations: 24, rows: 128, batchSize: 32, evaluations: 1 });
      const { block, labels } = await draw(student, { images: 40, classes: [0, 1] });
      expect(mean(seen(block).map((own, n) => Number(own === labels?.[n])))).toBeGreaterThan(0.7);
    },
    120_000,
  );

  it("refuses classes that it was not taught, and guidance of a model without", async () => {
    await expect(draw(made.student, { images: 2, classes: [2] })).rejects.toThrow(
      /places of the model's 2 classes .* got 2/,
    );
    const few = sampleStudent(engine, made.student, { rows: 2, seed: 1, labels: Int32Array.of(1) });
    await expect(few.next()).rejects.toThrow(/labels: expected one for each of 2 rows, got 1/);
    await expect(distilled({ guidance: Number.NaN })).rejects.toThrow(/guidance: expected a finite number/);
    await expect(distilled({ guidance: 2 }, untrainedImages("patches"))).rejects.toThrow(
      /guidance: expected a model that was trained with the classes of images, got one without/,
    );
  });
});

describe("the curve of a teacher with classes", () => {
  it("takes students that follow classes as it does, and any where it follows none", async () => {
    const samplers = (guidance: number, { student }: Distilled) =>
      studentSamplers(engine, imageTeacher(teacher, guidance), [student]);
    await expect(samplers(1, strong)).rejects.toThrow(
      /expected one of guidance 1, .* got one of guidance 3; leave it out, or draw the curve with --guidance 3/,
    );
    expect((await samplers(0, strong)).map(({ method }) => method)).toEqual(["chosen", "maps"]);
    const [chosen, maps] = await samplers(3, strong);
    expect(chosen?.evaluations).toBe(2);
    const opened = await maps!.open();
    const noise = { data: noiseRows(random("n"), 2, size), shape: [2, size], type: "float32" } as const;
    const bright = await opened.draw(noise, undefined, Int32Array.of(1, 1));
    const dark = await opened.draw(noise, undefined, Int32Array.of(0, 0));
    await opened.release();
    expect(mean([...bright.points.data])).toBeGreaterThan(mean([...dark.points.data]) + 0.5);
  });
});

describe("the file of a student with classes", () => {
  it("comes back as it was, with the classes and the guidance", () => {
    const read = decodeStudent(encodeStudent(strong.student), "s");
    expect(read).toEqual(strong.student);
    expect(read.classes?.map(({ name, images }) => [name, images])).toEqual([
      ["dark", 120],
      ["bright", 80],
    ]);
  });

  it("is refused where its networks read other classes than it says", () => {
    const { tensors, metadata } = decodeSafetensors(encodeStudent(strong.student), "s");
    const changed = (edit: (record: Record<string, unknown>) => void) => {
      const record = JSON.parse(metadata["localflow"] ?? "");
      edit(record);
      return () => decodeStudent(encodeSealed(tensors, JSON.stringify(record)), "s");
    };
    expect(changed(() => {})()).toEqual(strong.student);
    expect(changed((record) => delete record["classes"])).toThrow(/networks that read other classes/);
    expect(changed((record) => Object.assign(record, { classes: [{ name: "dark", images: 1 }] }))).toThrow(
      /networks that read other classes/,
    );
    expect(changed((record) => delete (record["training"] as Record<string, unknown>)["classes"])).toThrow(
      /networks that read other classes/,
    );
  });
});
