// export-images: files of image models compute what localflow computes, on bytes, and tell what they are.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { levelsOfRows, rowsOfLevels } from "../../src/data/images/rows.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import type { Student } from "../../src/tasks/distillation/student.ts";
import { largestDifference } from "../../src/tasks/export-check.ts";
import { exportImages } from "../../src/tasks/export-images.ts";
import { checkImagesExport } from "../../src/tasks/export-images-check.ts";
import { withIntegers } from "../../src/tasks/export-levels.ts";
import { exportParts } from "../../src/tasks/export-parts.ts";
import { exportStudent } from "../../src/tasks/export-student.ts";
import { encodeImageModel } from "../../src/tasks/images/image-model.ts";
import { drawImages } from "../../src/tasks/images/sample-images.ts";
import { identityStandardization } from "../../src/tasks/standardization.ts";
import { type FloatArray, floats, type NDArray } from "../../src/tensor/array.ts";
import { smallShape, untrainedImages } from "../support/untrained-images.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const { channels, height, width } = smallShape;
const size = channels * height * width;
const fixed = (method: "euler" | "midpoint" | "rk4", evaluations: number) =>
  ({ kind: "fixed", method, evaluations }) as const;

async function run(bytes: Uint8Array, feeds: Readonly<Record<string, NDArray>>) {
  const session = await engine.open(encodeModel(withIntegers(decodeModel(bytes))));
  return session.run(feeds).finally(() => session.release());
}

describe.each(["unet", "patches"] as const)("an exported part of a model of images by a network of %s", (kind) => {
  const model = untrainedImages(kind);

  it.each(exportParts)("computes what localflow computes: %s", async (part) => {
    const exported = exportImages(model, { part, integration: fixed("euler", part === "sampler" ? 20 : 2) });
    const { maxDifference, outputs } = await checkImagesExport(engine, model, exported, { rows: 6 });
    expect(maxDifference).toBeLessThan(largestDifference);
    expect(Object.keys(outputs)).toEqual(exported.outputs.map(({ name }) => name));
  });

  it("draws the images of localflow's own seed, as bytes with the channels last", async () => {
    const integration = fixed("rk4", 8);
    const noise = floats(new Float32Array(5 * size), [5, channels, height, width]);
    fillNormal(split(random(4), "sample"), noise.data);
    const { bytes } = exportImages(model, { part: "sampler", integration });
    const results = await run(bytes, { noise });
    const images = results["images as int32"];
    expect(images?.shape).toEqual([5, height, width, channels]);
    const { block } = await drawImages(engine, model, { images: 5, seed: 4, integration });
    let others = 0;
    block.levels.forEach((level, at) => {
      const [image, channel, pixel] = [
        Math.floor(at / size),
        Math.floor((at % size) / (height * width)),
        at % (height * width),
      ];
      const theirs = Number(images?.data[image * size + pixel * channels + channel]);
      // Values that float32 rounds to another side of an edge between two levels.
      if (theirs !== level) others++;
      expect(Math.abs(theirs - level)).toBeLessThanOrEqual(1);
    });
    expect(others).toBeLessThan(3);
  });

  it("stores weights once, in loops over steps and written out", () => {
    const weights = encodeImageModel(model).length;
    const few = exportImages(model, { part: "sampler", integration: fixed("euler", 1) });
    const many = exportImages(model, { part: "sampler", integration: fixed("euler", 200) });
    expect(many.steps?.form).toBe("looped");
    expect(decodeModel(many.bytes).graph.nodes.filter(({ operator }) => operator === "Loop")).toHaveLength(2);
    for (const { bytes } of [few, many]) {
      const { constants } = decodeModel(bytes).graph;
      const large = constants.filter(({ value }) => value.data.length > 64);
      const texts = large.map(({ value }) => value.data.join(" "));
      expect(new Set(texts).size).toBe(texts.length);
      expect(constants.reduce((total, { value }) => total + value.data.byteLength, 0)).toBeLessThan(1.1 * weights);
    }
  });
});

describe("the exported density of a model of images", () => {
  const model = untrainedImages("patches");
  const bytes = exportImages(model, { part: "density", integration: fixed("euler", 2) }).bytes;

  it("does not depend on the sign of a probe, in which its estimate is quadratic, and says the same in bits", async () => {
    const levels = new Uint8Array(size).map((_, i) => (37 * i) % 256);
    const images = { type: "int32", shape: [1, height, width, channels], data: Int32Array.from(levels) } as const;
    const places = floats(new Float32Array(size).fill(0.5), [1, height, width, channels]);
    const signs = Float32Array.from({ length: size }, (_, i) => (i % 3 === 0 ? 1 : -1));
    const scored = async (probes: Float32Array) => {
      const session = await engine.open(encodeModel(withIntegers(decodeModel(bytes))));
      const feeds = { "images as int32": images, places, probes: floats(probes, [1, channels, height, width]) };
      return session.run(feeds).finally(() => session.release());
    };
    const [a, b] = [await scored(signs), await scored(signs.map((sign) => -sign))];
    expect(a["log_density"]?.data[0]).toBeCloseTo(Number(b["log_density"]?.data[0]), 2);
    const others = await scored(signs.map((sign, i) => (i % 2 === 0 ? sign : -sign)));
    expect(Math.abs(Number(others["log_density"]?.data[0]) - Number(a["log_density"]?.data[0]))).toBeGreaterThan(0.02);
    const bits = -Number(a["log_density"]?.data[0]) / (size * Math.LN2) + 7;
    expect(a["bits"]?.data[0]).toBeCloseTo(bits, 4);
  });

  it("is undone by the sampler", async () => {
    const integration = fixed("rk4", 32);
    const levels = new Uint8Array(2 * size).map((_, i) => (61 * i) % 256);
    const shape = [2, height, width, channels];
    const places = floats(new Float32Array(2 * size).fill(0.5), shape);
    const encoder = await engine.open(
      encodeModel(withIntegers(decodeModel(exportImages(model, { part: "encoder", integration }).bytes))),
    );
    const { noise } = await encoder
      .run({ "images as int32": { type: "int32", shape, data: Int32Array.from(levels) }, places })
      .finally(() => encoder.release());
    const back = await run(exportImages(model, { part: "sampler", integration }).bytes, { noise: noise as FloatArray });
    expect(Array.from(back["images as int32"]?.data ?? [], Number)).toEqual([...levels]);
    const values = back["values"] as FloatArray;
    const block = levelsOfRows(floats(values.data, [2, size]), smallShape);
    const again = rowsOfLevels(block).data;
    values.data.forEach((value, i) => expect(Math.abs(value - (again[i] ?? Number.NaN))).toBeLessThan(1e-3));
  });
});

describe.each(["unet", "patches"] as const)("an exported part of a model with classes, by a network of %s", (kind) => {
  const classes = ["ring", "bar", "cross"].map((name) => ({ name, images: 5 }));
  const model = untrainedImages(kind, classes);

  it.each(exportParts)("follows the classes of rows as localflow does: %s", async (part) => {
    const exported = exportImages(model, { part, integration: fixed("euler", 2) });
    expect(exported.inputs.find(({ name }) => name === "classes")).toMatchObject({ type: "int64", shape: ["rows"] });
    const { maxDifference } = await checkImagesExport(engine, model, exported, { rows: 5 });
    expect(maxDifference).toBeLessThan(largestDifference);
    expect(exported.metadata["localflow.classes"]).toBe('["ring","bar","cross"]');
  });

  it("draws the images that localflow draws with guidance, and others without", async () => {
    const integration = fixed("euler", 2);
    const noise = floats(new Float32Array(4 * size), [4, channels, height, width]);
    fillNormal(split(random(4), "sample"), noise.data);
    const drawn = async (guidance: number, chosen: readonly number[]) => {
      const { bytes } = exportImages(model, { part: "sampler", integration, guidance });
      const own = { type: "int64", shape: [4], data: BigInt64Array.from(chosen, BigInt) } as const;
      return Array.from((await run(bytes, { noise, classes: own }))["images as int32"]?.data ?? [], Number);
    };
    const request = { images: 4, seed: 4, integration, classes: [2, 0], guidance: 2 };
    const { block } = await drawImages(engine, model, request);
    const theirs = await drawn(2, [2, 0, 2, 0]);
    const mean = (levels: ArrayLike<number>) => Array.from(levels).reduce((a, b) => a + b, 0) / levels.length;
    expect(mean(theirs)).toBeCloseTo(mean(block.levels), 1);
    expect([...theirs].sort()).not.toEqual([...(await drawn(1, [2, 0, 2, 0]))].sort());
    expect(theirs).not.toEqual(await drawn(2, [1, 0, 2, 0]));
    const check = await checkImagesExport(
      engine,
      model,
      exportImages(model, { part: "sampler", integration, guidance: 2 }),
      { rows: 5 },
    );
    expect(check.maxDifference).toBeLessThan(largestDifference);
    expect(() => exportImages(model, { part: "density", guidance: 2 })).toThrow(/guidance: expected the part sampler/);
  });
});

describe("an exported student of images", () => {
  it("draws the student's images, from noise given or its own", async () => {
    const model = untrainedImages("unet");
    const maps = [0, 1].map((n) => {
      const { network, parameters } = model.chain.blocks[1 - n]!;
      return { segment: { from: 2 - n, to: 1 - n }, network, clock: 0.5, scale: -1, parameters };
    });
    const zero = { iterations: 0, displacement: 0, error: 0 };
    const student: Student = {
      record: {
        version: 1,
        task: "student",
        columns: [],
        configuration: { seed: 2, standardize: false },
        teacher: { name: "digits.safetensors", fingerprint: "0".repeat(16), blocks: 2, parameters: 1 },
        training: {
          rows: 1,
          batchSize: 1,
          learningRate: 1e-3,
          maps: [zero, zero],
          fineTuning: 0,
          distance: { separate: 0, final: 0 },
        },
      },
      standardization: identityStandardization(size),
      maps,
      image: smallShape,
    };
    const exported = exportStudent(student, { source: "few.safetensors" });
    expect(exported.outputs.map(({ name, type }) => [name, type])).toEqual([
      ["images", "uint8"],
      ["values", "float32"],
    ]);
    expect(exported.metadata).toMatchObject({
      "localflow.evaluations": "2",
      "localflow.teacher": "digits.safetensors",
      "localflow.image": '{"channels":3,"height":6,"width":4}',
    });
    const check = await checkImagesExport(engine, student, exported, { rows: 5, seed: 3 });
    expect(check.maxDifference).toBeLessThan(largestDifference);
    const own = exportStudent(student, { noise: { seed: 1 } });
    expect(own.inputs.map(({ name }) => name)).toEqual(["rows"]);
  });
});

describe("an exported file of a model of images", () => {
  const model = untrainedImages("patches");

  it("says what goes in and comes out, in which units, and where it is from", () => {
    const exported = exportImages(model, { part: "density", version: "1.2.3", source: "digits.safetensors" });
    expect(exported.inputs.map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ["images", "uint8", ["rows", 6, 4, 3]],
      ["places", "float32", ["rows", 6, 4, 3]],
      ["probes", "float32", ["rows", 3, 6, 4]],
    ]);
    expect(exported.outputs.map(({ name, type, shape }) => [name, type, shape])).toEqual([
      ["log_density", "float32", ["rows"]],
      ["bits", "float32", ["rows"]],
      ["noise", "float32", ["rows", 3, 6, 4]],
    ]);
    const read = decodeModel(exported.bytes);
    for (const port of [...read.graph.inputs, ...read.graph.outputs])
      expect(port.documentation).toMatch(/^(uint8|float32) \[/);
    expect(read.metadata).toMatchObject({
      "localflow.part": "density",
      "localflow.version": "1.2.3",
      "localflow.model": "digits.safetensors",
      "localflow.image": '{"channels":3,"height":6,"width":4}',
      "localflow.network": "patches",
      "localflow.blocks": "2",
      "localflow.seed": "3",
      "localflow.training_images": "10",
      "localflow.evaluations_per_block": "64",
    });
  });

  it("draws its own noise where that is asked for, and takes the number of images", async () => {
    const { bytes, inputs } = exportImages(model, {
      part: "sampler",
      integration: fixed("euler", 2),
      noise: { seed: 5 },
    });
    expect(inputs.map(({ name, type, shape }) => [name, type, shape])).toEqual([["rows", "int64", []]]);
    const session = await engine.open(encodeModel(withIntegers(decodeModel(bytes))));
    const rows = { type: "int64", shape: [], data: BigInt64Array.of(3n) } as const;
    const { values } = await session.run({ rows }).finally(() => session.release());
    expect(values?.shape).toEqual([3, channels, height, width]);
    expect(new Set((values as FloatArray).data).size).toBeGreaterThan(100);
  });

  it("has equal bytes for equal models, and refuses what there is not", () => {
    const request = { part: "sampler", integration: fixed("euler", 2) } as const;
    expect(exportImages(model, request).bytes).toEqual(exportImages(model, request).bytes);
    expect(() => exportImages(model, { part: "velocity", block: 3 })).toThrow(/block: expected 1 to 2, got 3/);
    expect(() => exportImages(model, { part: "encoder", noise: {} })).toThrow(/noise: expected the part sampler/);
  });
});
