// fit-images.test: a model of images is decided by its seed, goes on where it stopped, and survives its file; samples stand alone.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { imageSetOf } from "../../../src/data/images/memory-set.ts";
import { rowsOfLevels } from "../../../src/data/images/rows.ts";
import { decodeSafetensors, encodeSafetensors } from "../../../src/data/safetensors.ts";
import { imageParameterCount } from "../../../src/nn/image-network.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitImages } from "../../../src/tasks/images/fit-images.ts";
import {
  defaultImageConfiguration,
  type ImageConfiguration,
  imagePreset,
  imagePresets,
} from "../../../src/tasks/images/image-defaults.ts";
import { decodeImageModel, encodeImageModel, type ImageModel } from "../../../src/tasks/images/image-model.ts";
import { drawImages, imageChains, sampleImages } from "../../../src/tasks/images/sample-images.ts";
import { scoreImages } from "../../../src/tasks/images/score-images.ts";
import type { TrainingPicture } from "../../../src/tasks/images/training-pictures.ts";
import { attempt, damaged } from "../../support/damage.ts";
import { interrupting } from "../../support/interrupting.ts";
import { smallImages } from "../../support/small-images.ts";

const shape = { channels: 1, height: 8, width: 8 } as const;
const { images } = smallImages(60, "train");

function small(kind: "unet" | "patches" = "patches", iterations = 4): ImageConfiguration {
  const base = defaultImageConfiguration(shape, kind, 8);
  return {
    ...base,
    seed: 7,
    blocks: base.blocks.map((block) => ({ ...block, iterations })),
    training: { ...base.training, batchSize: 16, warmUp: 0, movingAverage: 0 },
    integration: { kind: "fixed", method: "midpoint", evaluations: 2 },
  };
}

let engine: Engine;
let model: ImageModel;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  ({ model } = await fitImages(engine, { images, configuration: small() }));
});
afterAll(() => engine.close());

describe("a fit of images", () => {
  it("is decided by the seed, to the byte, whether images are a set or in memory", async () => {
    const again = await fitImages(engine, {
      images: imageSetOf(images),
      configuration: small(),
    });
    const bytes = encodeImageModel(model);
    expect(encodeImageModel(again.model)).toEqual(bytes);
    const other = await fitImages(engine, { images, configuration: { ...small(), seed: 8 } });
    expect(encodeImageModel(other.model)).not.toEqual(bytes);
  });

  it("reports what it trained", async () => {
    const { model: fitted, report } = await fitImages(engine, { images, configuration: small(), most: 20 });
    expect(report).toMatchObject({ seed: 7, task: "images", images: 20, notes: [] });
    expect(report.blocks.map(({ duration, iterations }) => [duration, iterations])).toEqual([
      [0.5, 4],
      [null, 4],
    ]);
    const each = imageParameterCount(small().blocks[0]!.network);
    expect(report.parameters).toBe(2 * each);
    expect(fitted.record.training.images).toBe(20);
  });

  it("learns: plain Flow Matching of three pictures comes well below the loss of standing still", async () => {
    const base = small("patches", 400);
    const blocks = base.blocks.slice(1).map((block) => ({ ...block, learningRate: 1e-2 }));
    const { report } = await fitImages(engine, { images, configuration: { ...base, blocks } });
    const pool = await imageSetOf(images).read(Uint32Array.from({ length: images.count }, (_, n) => n));
    const squares = rowsOfLevels(pool).data.reduce((total, value) => total + value ** 2, 0) / images.count;
    // E|x_1 - x_0|^2 = E|x_0|^2 + D of noise that knows nothing of the data, per value.
    const still = (squares + 64) / 64;
    expect(report.blocks[0]!.loss).toBeLessThan(0.5 * still);
  });

  it("says so when no time was left for a block", async () => {
    const { report } = await fitImages(engine, { images, configuration: small(), time: 1e-9 });
    expect(report.blocks.map(({ iterations }) => iterations)).toEqual([0, 0]);
    expect(report.notes).toEqual([
      expect.stringMatching(/^there was hardly time to train blocks 1, 2 \(iterations: .*\): give more \(--time\)/),
    ]);
  });

  it("trains a unet too, whose model survives its file", async () => {
    const { model: unet, report } = await fitImages(engine, { images, configuration: small("unet", 2) });
    expect(report.parameters).toBe(2 * imageParameterCount(small("unet").blocks[0]!.network));
    expect(decodeImageModel(encodeImageModel(unet))).toEqual(unet);
    expect((await drawImages(engine, unet, { images: 2, seed: 3 })).block.count).toBe(2);
  });

  it("goes on from a checkpoint to the same bytes", async () => {
    const stopping = interrupting(engine);
    let checkpoint: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      checkpoint = bytes;
    };
    stopping.stopAfter(7);
    const request = { images, configuration: small() };
    const cut = fitImages(stopping.engine, { ...request, signal: stopping.signal, checkpoint: { save } });
    await expect(cut).rejects.toMatchObject({ code: "interrupted" });
    expect(checkpoint).toBeDefined();
    const on = await fitImages(engine, { ...request, checkpoint: { save, ...(checkpoint && { resume: checkpoint }) } });
    expect(encodeImageModel(on.model)).toEqual(encodeImageModel(model));
  });

  it("holds pushed images as float16 where asked, says so, and goes on from a checkpoint to the same bytes", async () => {
    const base = small();
    const held = (pool: "float32" | "float16"): ImageConfiguration => {
      return { ...base, training: { ...base.training, dequantise: true, pool } };
    };
    const request = { images, configuration: held("float16") };
    const whole = await fitImages(engine, request);
    expect(whole.model.record.configuration.training.pool).toBe("float16");
    expect(decodeImageModel(encodeImageModel(whole.model))).toEqual(whole.model);
    const full = await fitImages(engine, { images, configuration: held("float32") });
    expect(full.model.record.configuration.training).not.toHaveProperty("pool");
    const [ours, theirs] = [whole, full].map((fitted) => fitted.model.chain.blocks.map((block) => block.parameters));
    expect(ours![0]).toEqual(theirs![0]);
    expect(ours![1]).not.toEqual(theirs![1]);
    expect(whole.report.blocks[1]!.loss).toBeCloseTo(full.report.blocks[1]!.loss, 3);
    const stopping = interrupting(engine);
    let checkpoint: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      checkpoint = bytes;
    };
    stopping.stopAfter(7);
    const cut = fitImages(stopping.engine, { ...request, signal: stopping.signal, checkpoint: { save } });
    await expect(cut).rejects.toMatchObject({ code: "interrupted" });
    const resume = checkpoint && { resume: checkpoint };
    const other = fitImages(engine, { images, configuration: held("float32"), checkpoint: { save, ...resume } });
    await expect(other).rejects.toMatchObject({ code: "option" });
    await expect(other).rejects.toThrow(/^pool: expected float16, as .* held .*, got float32; use --pool float16 to/);
    const longer = { ...held("float32"), blocks: small("patches", 9).blocks };
    const resuming = { save, ...resume, where: "m.checkpoint" };
    const another = fitImages(engine, { images, configuration: longer, checkpoint: resuming });
    await expect(another).rejects.toThrow(
      /^m\.checkpoint: expected .* the checkpoint was made with \(--iterations \d+, --pool float16\), got --iterations 9, --pool none;/,
    );
    const on = await fitImages(engine, { ...request, checkpoint: { save, ...resume } });
    expect(encodeImageModel(on.model)).toEqual(encodeImageModel(whole.model));
  });

  it("chooses float16 where float32 would take more than half of the budget, and says so", async () => {
    const configuration = {
      ...small("patches", 0),
      integration: { kind: "fixed", method: "euler", evaluations: 1 },
    } as const;
    const many = smallImages(30_000, "many").images;
    const memory = 2 * 4 * 64 * 30_000 - 1;
    const { model: halved, report } = await fitImages(engine, { images: many, configuration, memory });
    expect(halved.record.configuration.training.pool).toBe("float16");
    expect(report.notes).toEqual([
      "pushed images were held as float16, as they would have taken 8 MiB as float32 (--pool float32)",
    ]);
  });

  it("leaves out values in training, as the seed says, and goes on from a checkpoint to the same bytes", async () => {
    const thinned = (dropout: number): ImageConfiguration => {
      const sizes = { channels: 4, multipliers: [1], residualBlocks: 1, attentionAt: [], headChannels: 4 };
      const network = { kind: "unet", image: shape, ...sizes, dropout } as const;
      const base = small("unet", 4);
      return { ...base, blocks: base.blocks.slice(1).map((block) => ({ ...block, network })) };
    };
    const whole = await fitImages(engine, { images, configuration: thinned(0.5) });
    expect(whole.report.notes).toEqual([]);
    const stopping = interrupting(engine);
    let checkpoint: Uint8Array | undefined;
    const save = async (bytes: Uint8Array) => {
      checkpoint = bytes;
    };
    stopping.stopAfter(3);
    const request = { images, configuration: thinned(0.5) };
    const cut = fitImages(stopping.engine, { ...request, signal: stopping.signal, checkpoint: { save } });
    await expect(cut).rejects.toMatchObject({ code: "interrupted" });
    const on = await fitImages(engine, { ...request, checkpoint: { save, ...(checkpoint && { resume: checkpoint }) } });
    expect(encodeImageModel(on.model)).toEqual(encodeImageModel(whole.model));
    const kept = await fitImages(engine, { images, configuration: thinned(0) });
    expect(kept.report.blocks[0]!.loss).not.toBe(whole.report.blocks[0]!.loss);
  });

  it("pushes dequantised levels on: where a block moves nothing, they have moved within their cells", async () => {
    const moved = async (dequantise: boolean) => {
      const base = small("patches", 0);
      const configuration = { ...base, training: { ...base.training, dequantise } };
      const { report } = await fitImages(engine, { images, configuration });
      return report.blocks.map(({ blockDistance }) => blockDistance);
    };
    expect(await moved(false)).toEqual([0, 0]);
    const [first = 0, second] = await moved(true);
    expect(first).toBeGreaterThan(0);
    expect(first).toBeLessThan(1 / 128);
    expect(second).toBe(0);
  });

  it("shows on its way what is trained so far, always from the same beginnings, and trains the same model", async () => {
    const shown = async (training: Partial<ImageConfiguration["training"]>) => {
      const base = small();
      const configuration = { ...base, training: { ...base.training, ...training } };
      const all: TrainingPicture[] = [];
      const save = async (picture: TrainingPicture) => {
        all.push(picture);
      };
      const fitted = await fitImages(engine, { images, configuration, pictures: { every: 0, save } });
      return { all, ...fitted };
    };
    const { all, model: fitted } = await shown({});
    expect(encodeImageModel(fitted)).toEqual(encodeImageModel(model));
    const ends = all.filter(({ iteration }) => iteration === 4);
    expect([...new Set(ends.map(({ block }) => block))]).toEqual([1, 2]);
    expect(all[0]).toMatchObject({ block: 1, iteration: 1, images: { count: 36, ...shape } });
    const apart = (a: PixelBlock, b: PixelBlock) =>
      a.levels.reduce((sum, level, n) => sum + Math.abs(level - b.levels[n]!), 0) / a.levels.length;
    const [first, last] = [ends[0]!.images, ends.at(-1)!.images];
    const begun = smallImages(60, "train").images;
    const places = Array.from({ length: 36 }, (_, n) => Math.floor((n * 60) / 36));
    const sources = {
      ...begun,
      count: 36,
      levels: Uint8Array.from(places.flatMap((p) => [...begun.levels.subarray(64 * p, 64 * p + 64)])),
    };
    expect(apart(first, sources)).toBeLessThan(0.7 * apart(last, sources));
    const again = (await shown({})).all.filter(({ iteration }) => iteration === 4);
    expect(again.at(-1)).toEqual(ends.at(-1));
    const together = await shown({ warmStart: false, shareWeights: true });
    expect(together.all.at(-1)).toMatchObject({ block: 1, iteration: 8, images: { count: 36 } });
  });

  it("refuses a checkpoint of other images, images of another size, and a budget that they do not fit into", async () => {
    let checkpoint = new Uint8Array();
    const save = async (bytes: Uint8Array) => {
      checkpoint = bytes.slice();
    };
    const configuration = small();
    await fitImages(engine, { images, configuration, checkpoint: { save } });
    const others = fitImages(engine, {
      images: smallImages(60, "others").images,
      configuration,
      checkpoint: { save, resume: checkpoint },
    });
    await expect(others).rejects.toThrow(/expected the data and the options that the checkpoint was made with/);
    const tall = { ...images, count: 30, height: 16 };
    await expect(fitImages(engine, { images: tall, configuration })).rejects.toThrow(
      /images in memory: expected images of 1 x 8 x 8 .* got 1 x 16 x 8 .*--size/,
    );
    await expect(fitImages(engine, { images, configuration, memory: 1000 })).rejects.toThrow(
      /memory: expected at least \d+ bytes to train this network on these images, got 1000; .*--images N/,
    );
    await expect(fitImages(engine, { images, configuration, most: 0 })).rejects.toMatchObject({ code: "option" });
  });
});

describe("recipes of images", () => {
  it("have the authors' schedules, and networks that fit together", () => {
    for (const name of imagePresets) {
      const { blocks } = imagePreset(name);
      expect(blocks.map(({ step }) => step.kind)).toEqual(["diffuse", "diffuse", "diffuse", "free"]);
      expect(imageParameterCount(blocks[0]!.network)).toBeGreaterThan(1e6);
    }
    const durations = (name: "cifar10" | "flowers") =>
      imagePreset(name).blocks.flatMap(({ step }) => (step.kind === "free" ? [] : [step.duration]));
    expect(durations("cifar10")).toEqual([0.1, 0.15, 0.225].map((value) => expect.closeTo(value, 12)));
    expect(durations("flowers")).toEqual([0.5, 0.75, 1.125]);
  });

  it("exist for every size of image by default", () => {
    for (const height of [1, 2, 5, 7, 8, 14, 15, 28, 33])
      for (const kind of ["unet", "patches"] as const) {
        const { blocks } = defaultImageConfiguration({ channels: 3, height, width: height + 1 }, kind);
        expect(imageParameterCount(blocks[0]!.network)).toBeGreaterThan(0);
      }
  });
});

describe("samples", () => {
  it("depend on the seed and their place alone, not on how many are drawn", async () => {
    const five = await drawImages(engine, model, { images: 5, seed: 3 });
    const many = await drawImages(engine, model, { images: 70, seed: 3 });
    expect(many.block.levels.subarray(0, five.block.levels.length)).toEqual(five.block.levels);
    expect(many.block).toMatchObject({ count: 70, ...shape });
    expect(five.evaluations).toBe(5 * 2 * 2);
    const other = await drawImages(engine, model, { images: 5, seed: 4 });
    expect(other.block.levels).not.toEqual(five.block.levels);
  });

  it("come in parts, in order", async () => {
    const counts: number[] = [];
    for await (const { block } of sampleImages(engine, model, { images: 70, seed: 3 })) counts.push(block.count);
    expect(counts).toEqual([64, 6]);
  });

  it("end their chains of stages: the last stage is the sample, the first one is noise", async () => {
    const { block } = await drawImages(engine, model, { images: 3, seed: 3 });
    const chain = await imageChains(engine, model, { images: 3, seed: 3 });
    expect(chain.block.count).toBe(9);
    expect(chain.evaluations).toBe(3 * 2 * 2);
    const stage = (image: number, place: number) =>
      chain.block.levels.subarray((3 * image + place) * 64, (3 * image + place + 1) * 64);
    for (let n = 0; n < 3; n++) expect(stage(n, 2)).toEqual(block.levels.subarray(n * 64, (n + 1) * 64));
    expect(stage(0, 0)).not.toEqual(stage(0, 2));
  });
});

describe("scores of images", () => {
  const bitsOf = async (options: Parameters<typeof scoreImages>[3]) => {
    const bits: number[] = [];
    for await (const chunk of scoreImages(engine, model, imageSetOf(images), options)) bits.push(...chunk.bits);
    return bits;
  };

  it("by probes are those by the exact divergence on average, and depend on the seed alone", async () => {
    const exact = await bitsOf({ divergence: { kind: "exact" }, most: 10, seed: 1 });
    const probed = await bitsOf({ divergence: { kind: "hutchinson", probes: 64 }, most: 10, seed: 1 });
    expect(exact).toHaveLength(10);
    probed.forEach((value, n) => {
      expect(value).toBeCloseTo(exact[n]!, 1);
    });
    expect(await bitsOf({ divergence: { kind: "hutchinson", probes: 64 }, most: 10, seed: 1 })).toEqual(probed);
  });
});

describe("a model of dequantised images", () => {
  it("says so in its file, draws levels, and its bits per dimension are no fewer than the data have", async () => {
    const base = small("patches", 300);
    const blocks = base.blocks.slice(1).map((block) => ({ ...block, learningRate: 1e-2 }));
    const configuration = { ...base, blocks, training: { ...base.training, dequantise: true } };
    const fitted = await fitImages(engine, { images, configuration });
    const read = decodeImageModel(encodeImageModel(fitted.model));
    expect(read).toEqual(fitted.model);
    expect(read.record.configuration.training.dequantise).toBe(true);
    const bits: number[] = [];
    const others = imageSetOf(smallImages(40, "others").images);
    for await (const chunk of scoreImages(engine, read, others, { seed: 1 })) bits.push(...chunk.bits);
    const mean = bits.reduce((a, b) => a + b, 0) / bits.length;
    // Each value is one of 60 levels with equal probability, once the kind of picture is known.
    expect(mean).toBeGreaterThan(Math.log2(60));
    expect(mean).toBeLessThan(9);
    expect((await drawImages(engine, read, { images: 3, seed: 1 })).block.levels).toHaveLength(3 * 64);
  });
});

describe("the file of a model of images", () => {
  it("gives back the same model", () => {
    const read = decodeImageModel(encodeImageModel(model));
    expect(read).toEqual(model);
  });

  it("is refused where a bit changed, or where record and weights do not fit together", () => {
    const bytes = encodeImageModel(model);
    const { tensors, metadata } = decodeSafetensors(bytes, "model");
    const record = JSON.parse(metadata["localflow"] ?? "");
    const changed = (edit: (copy: typeof record) => void) => {
      const copy = structuredClone(record);
      edit(copy);
      return () => decodeImageModel(encodeSafetensors(tensors, { localflow: JSON.stringify(copy) }));
    };
    expect(changed(() => {})()).toEqual(model);
    const flipped = bytes.slice();
    flipped[flipped.length - 1]! ^= 1;
    expect(() => decodeImageModel(flipped)).toThrow(/fingerprint/);
    expect(changed((copy) => (copy.image.height = 9))).toThrow(/networks for images of another size/);
    expect(changed((copy) => (copy.configuration.blocks[0].network.width = 16))).toThrow(/tensor blocks.0/);
    expect(changed((copy) => (copy.configuration.blocks[0].network.headChannels = 3))).toThrow(/do not fit together/);
    expect(changed((copy) => (copy.task = "density"))).toThrow(/task/);
    expect(changed((copy) => (copy.version = 99))).toThrow(/update localflow/);
    for (const edit of [
      (copy: typeof record) => (copy.image.channels = 2),
      (copy: typeof record) => (copy.image.height = 1e9),
      (copy: typeof record) => (copy.configuration.blocks = []),
    ])
      expect(changed(edit)).toThrow(expect.objectContaining({ code: "model" }));
  });

  it("is read or refused, whatever happens to its bytes", () => {
    const bytes = encodeImageModel(model);
    fc.assert(
      fc.property(damaged(bytes.slice(0, 4000)), (start) => {
        const broken = new Uint8Array(start.length + bytes.length - 4000);
        broken.set(start);
        broken.set(bytes.subarray(4000), start.length);
        attempt(() => decodeImageModel(broken));
      }),
      { numRuns: 60 },
    );
  });
});
