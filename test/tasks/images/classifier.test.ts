// classifier.test: the small classifier learns, looks at images, and survives its file; broken files do not.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/data/safetensors.ts";
import { fillBelow, random, split } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import {
  decodeClassifier,
  encodeClassifier,
  type ImageClassifier,
  openClassifier,
  softmax,
} from "../../../src/tasks/images/classifier.ts";
import { crossEntropy } from "../../../src/tasks/images/classifier-network.ts";
import { type LabelledImages, shifted, trainClassifier } from "../../../src/tasks/images/train-classifier.ts";
import { type FloatArray, floats } from "../../../src/tensor/array.ts";
import { constant } from "../../../src/tensor/tensor.ts";
import { evaluate } from "../../support/reference.ts";

/** Stripes of 6 x 6: across for class 0, down for class 1, none for class 2; with noise. */
function stripes(count: number, name: string): LabelledImages {
  const noise = new Uint32Array(count * 36);
  fillBelow(split(random(5), name), noise, 120);
  const labels = Int32Array.from({ length: count }, (_, image) => image % 3);
  const levels = Uint8Array.from(noise, (value, at) => {
    const [kind, y, x] = [labels[Math.floor(at / 36)], Math.floor((at % 36) / 6), at % 6];
    const bright = kind === 0 ? y % 2 === 0 : kind === 1 ? x % 2 === 0 : false;
    return value + (bright ? 90 : 0);
  });
  return { images: { count, channels: 1, height: 6, width: 6, levels }, labels };
}

let engine: Engine;
let classifier: ImageClassifier;
const test = stripes(300, "test");
const options = { hidden: [16, 8], epochs: 20, learningRate: 1e-2, test, seed: 3, data: "stripes" } as const;

beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  classifier = await trainClassifier(engine, stripes(1500, "train"), options);
});
afterAll(() => engine.close());

describe("the classifier of images", () => {
  it("finds the classes of images that it has not seen", async () => {
    expect(classifier.training.accuracy).toMatchObject({ images: 300 });
    expect(classifier.training.accuracy?.value).toBeGreaterThan(0.95);
    const network = await openClassifier(engine, classifier);
    expect(network.description).toMatch(
      /1 x 6 x 6 .* trained on stripes, 8 features, \d+\.\d % of 300 test images right/,
    );
    const { features, probabilities } = await network.read(test.images);
    expect(features.shape).toEqual([300, 8]);
    expect(Math.min(...features.data)).toBe(0);
    const { data } = probabilities ?? floats([]);
    const sums = Array.from({ length: 300 }, (_, row) =>
      data.subarray(3 * row, 3 * row + 3).reduce((a, b) => a + b, 0),
    );
    for (const sum of sums) expect(sum).toBeCloseTo(1, 5);
    await network.release();
  });

  it("is the same for the same seed, and another one for another", async () => {
    const again = await trainClassifier(engine, stripes(1500, "train"), options);
    expect(encodeClassifier(again)).toEqual(encodeClassifier(classifier));
    const other = await trainClassifier(engine, stripes(1500, "train"), { ...options, seed: 4, epochs: 1 });
    expect(other.parameters.layers[0]?.weight.data).not.toEqual(classifier.parameters.layers[0]?.weight.data);
  });

  it("refuses images of another size, too few images and labels that do not fit", async () => {
    const network = await openClassifier(engine, classifier);
    const wide: PixelBlock = { count: 1, channels: 1, height: 6, width: 7, levels: new Uint8Array(42) };
    await expect(network.read(wide)).rejects.toThrow(/images of 1 x 6 x 6/);
    await network.release();
    await expect(trainClassifier(engine, stripes(100, "few"))).rejects.toThrow(/at least 256 images/);
    const { images } = stripes(300, "torn");
    await expect(trainClassifier(engine, { images, labels: new Int32Array(299) })).rejects.toThrow(/299 labels/);
  });

  it("stops at a signal", async () => {
    const signal = AbortSignal.abort();
    await expect(trainClassifier(engine, stripes(300, "train"), { ...options, signal })).rejects.toThrow(
      /signal to stop/,
    );
  });
});

describe("the classifier's file", () => {
  it("reads back as it was written", () => {
    const bytes = encodeClassifier(classifier);
    const read = decodeClassifier(bytes);
    expect(read).toEqual(classifier);
    expect(encodeClassifier(read)).toEqual(bytes);
  });

  const broken = (change: (tensors: Record<string, FloatArray>, record: Record<string, unknown>) => void) => {
    const { tensors, metadata } = decodeSafetensors(encodeClassifier(classifier), "classifier");
    const record = JSON.parse(metadata["localflow.classifier"] ?? "");
    const copied = { ...tensors } as Record<string, FloatArray>;
    change(copied, record);
    return () => decodeClassifier(encodeSafetensors(copied, { "localflow.classifier": JSON.stringify(record) }), "c");
  };

  it("is refused when it is another file or version, or lacks or bends something", () => {
    expect(() => decodeClassifier(encodeSafetensors({ x: floats([1]) }), "c")).toThrow(
      /c: expected a classifier's record/,
    );
    expect(broken((_, record) => Object.assign(record, { version: 2 }))).toThrow(/version 1/);
    expect(broken((_, record) => Object.assign(record["configuration"] as object, { hidden: [16, -8] }))).toThrow(
      /shape, stem/,
    );
    expect(broken((_, record) => Object.assign(record["configuration"] as object, { hidden: [16, 9] }))).toThrow(
      /float32 \[16, 9\]/,
    );
    expect(
      broken((_, record) => Object.assign(record["training"] as object, { accuracy: { value: 2, images: 1 } })),
    ).toThrow(/accuracy/);
    expect(
      broken((tensors) => {
        delete tensors["layers.1.bias"];
      }),
    ).toThrow(/layers\.1\.bias.*got none/);
    expect(
      broken((tensors) => {
        tensors["layers.2.bias"] = floats([1, Number.NaN, 0]);
      }),
    ).toThrow(/finite/);
  });
});

describe("what the classifier is made of", () => {
  it("has cross-entropy without overflow: -log of the true class's softmax, averaged", () => {
    const logits = [1, 2, 3, 1000, 0, -1000];
    const loss = crossEntropy(constant(floats(logits, [2, 3])), constant(floats([0, 1, 0, 0, 1, 0], [2, 3])));
    const [found] = evaluate([loss], new Map());
    const first = Math.log(Math.exp(-1) + 1 + Math.exp(1));
    expect(found?.data[0]).toBeCloseTo((first + 1000) / 2, 6);
    expect([...softmax(Float32Array.from(logits), 3)][3]).toBe(1);
  });

  it("moves images without losing their inside, and fills up with the darkest level", () => {
    const levels = Uint8Array.of(9, 8, 7, 6, 5, 4, 3, 2, 1);
    const images: PixelBlock = { count: 1, channels: 1, height: 3, width: 3, levels };
    expect(shifted(images, Uint32Array.of(0, 0), 0, random(1)).levels).toEqual(Uint8Array.of(...levels, ...levels));
    const moved = shifted(images, new Uint32Array(200), 1, random(1)).levels;
    const seen = new Set(Array.from({ length: 200 }, (_, i) => moved.subarray(9 * i, 9 * i + 9).join()));
    expect(seen.size).toBe(9);
    expect(seen).toContain("9,8,7,6,5,4,3,2,1");
    expect(seen).toContain("1,9,8,1,6,5,1,3,2");
    expect(seen).toContain("5,4,1,2,1,1,1,1,1");
  });
});
