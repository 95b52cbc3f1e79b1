// image-classes.test: a conditional model draws the class asked for; guidance of 1 and 0 are the class and no class; files and errors.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { ImageSet, PixelBlock } from "../../../src/data/images/image-set.ts";
import { imageSetOf } from "../../../src/data/images/memory-set.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/data/safetensors.ts";
import { imageParameterCount } from "../../../src/nn/image-network.ts";
import { fillBelow, random, split } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitImages } from "../../../src/tasks/images/fit-images.ts";
import {
  classAt,
  classNames,
  countedClasses,
  drawnClasses,
  labelsAs,
} from "../../../src/tasks/images/image-classes.ts";
import {
  conditionalConfiguration,
  defaultImageConfiguration,
  type ImageConfiguration,
} from "../../../src/tasks/images/image-defaults.ts";
import { decodeImageModel, encodeImageModel, type ImageModel } from "../../../src/tasks/images/image-model.ts";
import { modelSource } from "../../../src/tasks/images/image-source.ts";
import { drawImages, imageChains } from "../../../src/tasks/images/sample-images.ts";
import { type ImageScoreRequest, scoreImages } from "../../../src/tasks/images/score-images.ts";
import { interrupting } from "../../support/interrupting.ts";

const shape = { channels: 1, height: 6, width: 6 } as const;
const names = ["left", "right"] as const;

/** Images whose left or right half is bright: three on the left for two on the right. */
function halves(count: number, name: string): ImageSet {
  const labels = Int32Array.from({ length: count }, (_, n) => Number(n % 5 >= 3));
  const noise = new Uint32Array(count * 36);
  fillBelow(split(random("halves"), name), noise, 50);
  const levels = Uint8Array.from(noise, (value, at) => {
    const isRight = at % 6 >= 3;
    return value + (isRight === (labels[Math.floor(at / 36)] === 1) ? 180 : 20);
  });
  return { ...imageSetOf({ ...shape, count, levels }), labels, labelNames: names };
}

const images = halves(200, "train");

function recipe(kind: "unet" | "patches", iterations: number, classes = 2): ImageConfiguration {
  const base = defaultImageConfiguration(shape, kind, kind === "unet" ? 8 : 16);
  const small: ImageConfiguration = {
    ...base,
    seed: 5,
    blocks: base.blocks.map((block) => ({ ...block, iterations, learningRate: 5e-3 })),
    training: { ...base.training, batchSize: 32, warmUp: 0, movingAverage: 0.9 },
    integration: { kind: "fixed", method: "midpoint", evaluations: 8 },
  };
  return classes > 0 ? conditionalConfiguration(small, classes, 0.2) : small;
}

/** The class whose mean image is nearest: the brighter half. */
function seen({ levels, count }: PixelBlock): readonly number[] {
  return Array.from({ length: count }, (_, image) => {
    let balance = 0;
    for (let at = 0; at < 36; at++) balance += (at % 6 >= 3 ? 1 : -1) * levels[36 * image + at]!;
    return Number(balance > 0);
  });
}

/** Mean difference of the two halves in the direction of each image's class, in levels. */
function contrast({ levels, count }: PixelBlock, wanted: number): number {
  let balance = 0;
  for (let at = 0; at < levels.length; at++) balance += (at % 6 >= 3 ? 1 : -1) * levels[at]!;
  return ((wanted === 1 ? 1 : -1) * balance) / (18 * count);
}

let engine: Engine;
let model: ImageModel;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  ({ model } = await fitImages(engine, { images, configuration: recipe("patches", 150) }));
}, 60_000);
afterAll(() => engine.close());

describe("a model with classes", () => {
  it("draws the class asked for, in turns where there are several", async () => {
    for (const own of [0, 1]) {
      const { block } = await drawImages(engine, model, { images: 40, seed: 1, classes: [own] });
      const right = seen(block).filter((found) => found === own).length;
      expect(right).toBeGreaterThanOrEqual(36);
    }
    const { block, labels } = await drawImages(engine, model, { images: 40, seed: 1, classes: [0, 1, 1] });
    expect([...(labels ?? [])].slice(0, 4)).toEqual([0, 1, 1, 0]);
    expect(seen(block).filter((found, n) => found === labels?.[n]).length).toBeGreaterThanOrEqual(36);
  });

  it("draws classes as often as it was trained on them where none is asked for, image by image", async () => {
    const { labels, block } = await drawImages(engine, model, { images: 80, seed: 2 });
    const rights = labels?.reduce((a, b) => a + b, 0) ?? 0;
    expect(rights).toBeGreaterThan(20);
    expect(rights).toBeLessThan(45);
    expect(seen(block).filter((found, n) => found === labels?.[n]).length).toBeGreaterThanOrEqual(72);
    const five = await drawImages(engine, model, { images: 5, seed: 2 });
    expect(five.labels).toEqual(labels?.subarray(0, 5));
    expect(five.block.levels).toEqual(block.levels.subarray(0, 5 * 36));
  });

  it("is unconditional with guidance 0, whatever class is asked for, and has both kinds then", async () => {
    const left = await drawImages(engine, model, { images: 60, seed: 3, classes: [0], guidance: 0 });
    const right = await drawImages(engine, model, { images: 60, seed: 3, classes: [1], guidance: 0 });
    expect(left.block.levels).toEqual(right.block.levels);
    const rights = seen(left.block).reduce((a, b) => a + b, 0);
    expect(rights).toBeGreaterThan(3);
    expect(rights).toBeLessThan(57);
  });

  it("follows the class with guidance 1 at one velocity a point, and more with more guidance at two", async () => {
    const drawn = (guidance?: number) =>
      drawImages(engine, model, { images: 30, seed: 4, classes: [1], ...(guidance !== undefined && { guidance }) });
    const [plain, one, almost, three] = [await drawn(), await drawn(1), await drawn(1 + 1e-6), await drawn(3)];
    expect(one).toEqual(plain);
    expect(plain.evaluations).toBe(30 * 2 * 8);
    expect(three.evaluations).toBe(2 * plain.evaluations);
    almost.block.levels.forEach((level, at) => {
      expect(Math.abs(level - plain.block.levels[at]!)).toBeLessThanOrEqual(1);
    });
    const between = await drawn(1e-6);
    const none = await drawn(0);
    between.block.levels.forEach((level, at) => {
      expect(Math.abs(level - none.block.levels[at]!)).toBeLessThanOrEqual(1);
    });
    expect(contrast(three.block, 1)).toBeGreaterThan(contrast(plain.block, 1));
  });

  it("is a source that says how strongly classes are followed", () => {
    const { classes: _, ...record } = model.record;
    const guidances = [undefined, 0, 2].map(
      (guidance) => modelSource(engine, model, { ...(guidance !== undefined && { guidance }) }).guidance,
    );
    expect(guidances).toEqual([1, 0, 2]);
    expect(modelSource(engine, { ...model, record })).not.toHaveProperty("guidance");
  });

  it("is led away from the class asked for by guidance below 0", async () => {
    const drawn = (guidance: number) => drawImages(engine, model, { images: 30, seed: 4, classes: [1], guidance });
    const [away, none] = [await drawn(-1), await drawn(0)];
    expect(contrast(away.block, 1)).toBeLessThan(contrast(none.block, 1));
    expect(seen(away.block).filter((found) => found === 0).length).toBeGreaterThanOrEqual(27);
  });

  it("shows the way of the same images", async () => {
    const request = { images: 3, seed: 6, classes: [1], guidance: 2 };
    const { block } = await drawImages(engine, model, request);
    const chain = await imageChains(engine, model, request);
    for (let n = 0; n < 3; n++)
      expect(chain.block.levels.subarray((3 * n + 2) * 36, (3 * n + 3) * 36)).toEqual(
        block.levels.subarray(n * 36, (n + 1) * 36),
      );
  });

  it("finds images likelier given their own class than given the other or none", async () => {
    const mean = async (set: ImageSet, request: ImageScoreRequest = {}) => {
      const logs: number[] = [];
      for await (const { logDensity } of scoreImages(engine, model, set, { ...request, divergence: { kind: "exact" } }))
        logs.push(...logDensity);
      return logs.reduce((a, b) => a + b, 0) / logs.length;
    };
    const test = halves(12, "test");
    const swapped = { ...test, labels: (test.labels ?? new Int32Array()).map((label) => 1 - label) };
    const own = await mean(test);
    expect(own).toBeGreaterThan((await mean(swapped)) + 1);
    const marginal = await mean(test, { marginal: true });
    expect(own).toBeGreaterThan(marginal);
    const { labels: _, ...bare } = test;
    expect(await mean(bare)).toBe(marginal);
    const renamed = { ...test, labelNames: ["left", "top"] };
    await expect(mean(renamed)).rejects.toThrow(/images of the classes .*\(left, right\), got top/);
  });
});

describe("a fit with classes", () => {
  it("has the parameters of a fit without, and those of its classes", async () => {
    for (const [kind, width] of [
      ["unet", 32],
      ["patches", 16],
    ] as const) {
      const count = (classes: number) => imageParameterCount(recipe(kind, 1, classes).blocks[0]!.network);
      expect(count(7) - count(0)).toBe(7 * width);
    }
  });

  it("goes on from a checkpoint to the same bytes", async () => {
    const stopping = interrupting(engine);
    let checkpoint: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      checkpoint = bytes;
    };
    stopping.stopAfter(5);
    const request = { images, configuration: recipe("unet", 4) };
    const cut = fitImages(stopping.engine, { ...request, signal: stopping.signal, checkpoint: { save } });
    await expect(cut).rejects.toMatchObject({ code: "interrupted" });
    expect(checkpoint).toBeDefined();
    const resume = checkpoint ? { resume: checkpoint } : {};
    const on = await fitImages(engine, { ...request, checkpoint: { save, ...resume } });
    const whole = await fitImages(engine, request);
    expect(encodeImageModel(on.model)).toEqual(encodeImageModel(whole.model));
    const relabelled = { ...images, labels: (images.labels ?? new Int32Array()).map((label) => 1 - label) };
    const others = fitImages(engine, { ...request, images: relabelled, checkpoint: { save, ...resume } });
    await expect(others).rejects.toThrow(/the data and the options that the checkpoint was made with/);
  });

  it("trains from exact marginals too, and one network for all blocks", async () => {
    for (const more of [{ parallelBlocks: true }, { shareWeights: true }]) {
      const base = recipe("patches", 3);
      const training = { ...base.training, ...more, warmStart: false };
      const { model: fitted } = await fitImages(engine, { images, configuration: { ...base, training } });
      expect(decodeImageModel(encodeImageModel(fitted))).toEqual(fitted);
      expect((await drawImages(engine, fitted, { images: 2, seed: 1, guidance: 2 })).labels).toHaveLength(2);
    }
  });

  it("refuses what has no classes, other classes, and pairs of rows of different classes", async () => {
    const configuration = recipe("patches", 1);
    const { labels: _, ...bare } = images;
    await expect(fitImages(engine, { images: bare, configuration })).rejects.toThrow(
      /expected images with classes, got images without; put the file of labels beside/,
    );
    const three = { ...images, labelNames: [...names, "top"] };
    await expect(fitImages(engine, { images: three, configuration })).rejects.toThrow(
      /images of 2 classes, as the networks read them, got 3/,
    );
    const paired = { ...configuration, training: { ...configuration.training, coupling: "shuffled" } } as const;
    await expect(fitImages(engine, { images, configuration: paired })).rejects.toThrow(/coupling: expected dependent/);
    const never = conditionalConfiguration(recipe("patches", 1, 0), 2, 1);
    await expect(fitImages(engine, { images, configuration: never })).rejects.toThrow(/class dropout/);
  });
});

describe("the file of a model with classes", () => {
  it("gives back the model with the names and numbers of its classes", () => {
    expect(model.record.classes).toEqual([
      { name: "left", images: 120 },
      { name: "right", images: 80 },
    ]);
    expect(decodeImageModel(encodeImageModel(model))).toEqual(model);
  });

  it("is refused where classes and networks do not fit together", () => {
    const { tensors, metadata } = decodeSafetensors(encodeImageModel(model), "model");
    const record = JSON.parse(metadata["localflow"] ?? "");
    const changed = (edit: (copy: typeof record) => void) => {
      const copy = structuredClone(record);
      edit(copy);
      return () => decodeImageModel(encodeSafetensors(tensors, { localflow: JSON.stringify(copy) }));
    };
    expect(changed((copy) => copy.classes.pop())).toThrow(/networks that read other classes/);
    expect(changed((copy) => delete copy.classes)).toThrow(/networks that read other classes/);
    expect(changed((copy) => (copy.classes[1].name = "left"))).toThrow(/classes of one name/);
    expect(changed((copy) => (copy.classes[1].images = -1))).toThrow(/classes/);
    expect(changed((copy) => delete copy.configuration.training.classDropout)).toThrow(/other classes/);
    expect(changed((copy) => (copy.configuration.blocks[0].network.classes = 1e9))).toThrow(/./);
  });
});

describe("requests", () => {
  it("with classes or guidance are refused of a model without, and where they make no sense", async () => {
    const { model: plain } = await fitImages(engine, { images, configuration: recipe("patches", 1, 0) });
    const drawn = (of: ImageModel, more: object) => drawImages(engine, of, { images: 1, seed: 1, ...more });
    await expect(drawn(plain, { classes: [0] })).rejects.toThrow(/classes: expected a model .* with the classes/);
    await expect(drawn(plain, { guidance: 2 })).rejects.toThrow(/guidance: expected a model .* with the classes/);
    await expect(drawn(model, { classes: [2] })).rejects.toThrow(/2 classes .*, got 2/);
    await expect(drawn(model, { classes: [] })).rejects.toThrow(/got none/);
    await expect(drawn(model, { guidance: Number.NaN })).rejects.toThrow(/guidance: expected a finite number, got NaN/);
  });

  it("name a class or number it, and are told the nearest name otherwise", () => {
    const classes = [
      { name: "cat", images: 3 },
      { name: "0", images: 2 },
      { name: "dog", images: 0 },
    ];
    expect(classAt(classes, "cat", "--class")).toBe(0);
    expect(classAt(classes, "0", "--class")).toBe(1);
    expect(classAt(classes, "1", "--class")).toBe(1);
    expect(() => classAt(classes, "cta", "--class")).toThrow(/--class: .*got "cta"; did you mean "cat"\?/);
    expect(() => classAt(classes, "dog", "--class")).toThrow(/dog, of which there were no training images/);
    expect(() => classAt(classes, "7", "--class")).toThrow(/got "7"/);
  });
});

describe("classes of a set", () => {
  const bare = imageSetOf({ ...shape, count: 3, levels: new Uint8Array(3 * 36) });
  it("are named by number where they have no names, and counted", () => {
    const set = { ...bare, labels: Int32Array.of(2, 0, 2) };
    expect(classNames(set)).toEqual(["0", "1", "2"]);
    expect(countedClasses(classNames(set), set.labels).map(({ images }) => images)).toEqual([1, 0, 2]);
    expect(() => classNames({ ...set, labels: Int32Array.of(0, -1, 0) })).toThrow(/got -1/);
    expect(() => classNames({ ...set, labelNames: ["a", "b", "a"] })).toThrow(/got a twice/);
  });

  it("are a model's by their names, in whatever order", () => {
    const set = { ...bare, labels: Int32Array.of(0, 1, 1), labelNames: ["b", "a"] };
    const classes = [
      { name: "a", images: 1 },
      { name: "b", images: 1 },
    ];
    expect([...labelsAs(set, classes)]).toEqual([1, 0, 0]);
  });

  it("are drawn in proportion to their images, never one without", () => {
    const classes = [10, 0, 30].map((count, place) => ({ name: String(place), images: count }));
    const drawn = [...drawnClasses(classes, random(1), 0, 4000)];
    expect(drawn.filter((own) => own === 1)).toHaveLength(0);
    expect(drawn.filter((own) => own === 0).length / 4000).toBeCloseTo(0.25, 1);
    expect([...drawnClasses(classes, random(1), 100, 50)]).toEqual(drawn.slice(100, 150));
  });
});
