// An experiment with small images from end to end: what it measures, what it keeps, and that an interrupted one ends the same.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { PixelBlock } from "../../../src/data/images/image-set.ts";
import { imageSetOf } from "../../../src/data/images/memory-set.ts";
import type { RawImages } from "../../../src/data/images/raw-sets.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { defaultImageConfiguration } from "../../../src/tasks/images/image-defaults.ts";
import {
  type ImageExperimentRequest,
  type ImageExperimentResult,
  runImageExperiment,
} from "../../../src/tasks/reproduction/image-experiment.ts";
import { cellColours } from "../../../src/tasks/reproduction/image-features.ts";
import { imageReproductionPage } from "../../../src/tasks/reproduction/image-page.ts";
import { type ImagePlan, imageContenders } from "../../../src/tasks/reproduction/image-plan.ts";
import { floats } from "../../../src/tensor/array.ts";
import { memoryStore } from "../../support/memory-store.ts";
import { side, smallImages } from "../../support/small-images.ts";

const shape = { channels: 1, height: side, width: side } as const;
const base = defaultImageConfiguration(shape, "patches", 16);
const configuration = {
  ...base,
  blocks: base.blocks.map((block) => ({
    ...block,
    network: { ...block.network, blocks: 1, headChannels: 8 },
    iterations: 60,
    learningRate: 5e-3,
  })),
  training: { ...base.training, batchSize: 32, warmUp: 10, movingAverage: 0.9 },
  integration: { kind: "fixed", method: "midpoint", evaluations: 4 } as const,
};

const [train, test_] = [smallImages(300, "train"), smallImages(100, "test")];
const trainSet = { ...imageSetOf(train.images, "made"), labels: train.labels };
const images: RawImages = {
  title: "made",
  train: trainSet,
  reference: trainSet,
  others: imageSetOf(test_.images, "made too"),
  gaps: [],
  close: async () => {},
};
const plan: ImagePlan = {
  name: "cifar10",
  scale: 0.5,
  contenders: imageContenders(configuration, ["flow-long"]),
  samples: 1100,
  share: (count) => Math.min(count, 280),
  published: [],
  comparable: { yes: false, why: "it was made up" },
  notes: ["made images"],
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const request: ImageExperimentRequest = { plan, images, seeds: [1] };
const distances = ({ contenders }: ImageExperimentResult) => contenders.map(({ frechet }) => frechet.mean);

describe("an experiment with images", () => {
  test("measures samples and real images, keeps what it made, and ends the same after two interrupts", async () => {
    const { store, files } = memoryStore();
    const { result, pictures } = await runImageExperiment(engine, { ...request, store });
    expect(result.contenders.map(({ method }) => method)).toEqual(["lfm", "flow-long"]);
    expect(result.images).toEqual({ train: 280, samples: 1100, reference: 280 });
    expect(result.reference).toBe("280 of 300 images, a random choice: made");
    expect(result.floor).toMatchObject({ images: 100, of: "all 100 images: made too" });
    for (const distance of distances(result)) expect(distance).toBeGreaterThan(result.floor!.frechet);
    const [lfm] = result.contenders;
    expect(lfm?.runs[0]).toMatchObject({ seed: 1, gradientSteps: 120, evaluationsPerImage: 8 });
    expect(result.features).toContain("classifier");
    expect(pictures.samples.map(({ images: drawn }) => drawn.block.count)).toEqual([64, 64]);
    expect(pictures.chain?.columns).toBe(3);
    const kept = [...files.keys()];
    expect(kept.filter((name) => name.endsWith(".npy"))).toHaveLength(4);
    expect(kept.filter((name) => name.endsWith(".checkpoint"))).toHaveLength(0);

    const page = imageReproductionPage(
      { ...result, preset: "cifar10", scale: 0.5, measured: lfm!.frechet, published: [], comparable: plan.comparable },
      pictures,
    );
    expect(page).toContain("This is no reproduction of a published figure: it was made up.");
    expect(page.split("<img ").length - 1).toBe(3);

    const second = memoryStore();
    for (const stage of [/lfm, seed 1: training/, /flow-long, seed 1: drawing/]) {
      const controller = new AbortController();
      let isThere = false;
      const stopping = {
        ...{ ...request, store: second.store, signal: controller.signal },
        onStage: (text: string) => {
          isThere = stage.test(text);
        },
        onProgress: () => {
          if (isThere) controller.abort();
        },
      };
      await expect(runImageExperiment(engine, stopping)).rejects.toMatchObject({ code: "interrupted" });
    }
    expect([...second.files.keys()]).toContain("flow-long-seed-1.safetensors");
    expect([...second.files.keys()].some((name) => name.startsWith("flow-long-seed-1-samples"))).toBe(false);
    const { result: resumed } = await runImageExperiment(engine, { ...request, store: second.store });
    expect(distances(resumed)).toEqual(distances(result));
  }, 180_000);

  test("an interrupt while a model is trained leaves a checkpoint; kept files in pieces are made anew", async () => {
    const { store, files } = memoryStore();
    const short = { ...request, store, plan: { ...plan, samples: 40, contenders: plan.contenders.slice(0, 1) } };
    const controller = new AbortController();
    let isTraining = false;
    const stopping = {
      ...{ ...short, signal: controller.signal },
      onStage: (text: string) => {
        isTraining = text.endsWith(": training");
      },
      onProgress: () => {
        if (isTraining) controller.abort();
      },
    };
    await expect(runImageExperiment(engine, stopping)).rejects.toMatchObject({ code: "interrupted" });
    expect([...files.keys()].filter((name) => name.endsWith(".checkpoint"))).toHaveLength(1);
    const { result } = await runImageExperiment(engine, short);
    for (const name of files.keys()) files.set(name, files.get(name)!.subarray(0, 20));
    const { result: anew } = await runImageExperiment(engine, short);
    expect(distances(anew)).toEqual(distances(result));
  }, 180_000);

  test("sets without classes are measured by the colours of their cells", async () => {
    const { labels: _, ...unlabelled } = trainSet;
    const { others: __, ...rest } = images;
    const sets = { ...rest, train: unlabelled, reference: unlabelled };
    const short = { ...plan, samples: 40, contenders: plan.contenders.slice(1) };
    const { result } = await runImageExperiment(engine, { ...request, plan: short, images: sets });
    expect(result.features).toBe("mean colours of 8 x 8 cells of the image (no network)");
    expect(result.floor).toBeUndefined();
  });

  test("a network that is named is asked instead, and stays open; other networks' statistics are not taken for its own", async () => {
    const { store } = memoryStore();
    const short = { ...request, store, plan: { ...plan, samples: 40, contenders: plan.contenders.slice(1) } };
    let released = 0;
    const bright = (factor: number) => ({
      mark: `brightness times ${factor}`,
      reader: {
        description: "brightness",
        read: async (block: PixelBlock) => {
          const { features } = await cellColours.reader.read(block);
          return {
            features: floats(
              features.data.map((value) => factor * value),
              features.shape,
            ),
          };
        },
        release: async () => {
          released += 1;
        },
      },
    });
    const one = await runImageExperiment(engine, { ...short, features: bright(1) });
    const two = await runImageExperiment(engine, { ...short, features: bright(2) });
    expect([one.result.features, released]).toEqual(["brightness", 0]);
    const [[small], [large]] = [distances(one.result), distances(two.result)];
    expect(large! / small!).toBeCloseTo(4, 4);
  });
});

test("the colours of cells are means of levels, in every channel", async () => {
  const levels = Uint8Array.from({ length: 3 * 16 * 16 }, (_, at) => {
    const [channel, y, x] = [Math.floor(at / 256), Math.floor(at / 16) % 16, at % 16];
    return channel === 1 ? 10 * Math.floor(y / 2) + Math.floor(x / 2) : 100 * (x % 2);
  });
  const block = { count: 1, channels: 3, height: 16, width: 16, levels } as const;
  const { features } = await cellColours.reader.read(block);
  expect(features.shape).toEqual([1, 192]);
  for (let cell = 0; cell < 64; cell++) {
    expect(features.data[cell]).toBeCloseTo(50.5 / 128 - 1, 6);
    expect(features.data[64 + cell]).toBeCloseTo((10 * Math.floor(cell / 8) + (cell % 8) + 0.5) / 128 - 1, 6);
  }
});
