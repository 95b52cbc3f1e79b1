// image-memory: what images take follows from how many are pushed and how they are held, and large pools are held as float16.
import { describe, expect, it } from "vitest";
import {
  defaultImageConfiguration,
  type ImageConfiguration,
  imagePreset,
} from "../../../src/tasks/images/image-defaults.ts";
import { memoryOfTraining, poolBytes, withPrecision } from "../../../src/tasks/images/image-memory.ts";

const shape = { channels: 3, height: 32, width: 32 } as const;
const d = 3072;
const [small, preset] = [defaultImageConfiguration(shape), imagePreset("imagenet32")];
const changed = (
  recipe: ImageConfiguration,
  training: Partial<ImageConfiguration["training"]>,
): ImageConfiguration => ({
  ...recipe,
  training: { ...recipe.training, ...training },
});
const gibibyte = 2 ** 30;

describe("what pushed images are held as", () => {
  const chosen = (recipe: ImageConfiguration, images: number, memory?: number) =>
    withPrecision(recipe, images, memory).training.pool;

  it("is float32 up to a GiB and half of a budget, float16 above, and as asked where something is asked", () => {
    const fitting = Math.floor(gibibyte / (4 * d));
    expect([fitting, fitting + 1].map((images) => chosen(preset, images))).toEqual([undefined, "float16"]);
    expect([0, 1].map((less) => chosen(preset, 1000, 8 * d * 1000 - less))).toEqual([undefined, "float16"]);
    expect(chosen(changed(preset, { pool: "float32" }), 1_281_167)).toBeUndefined();
    expect(chosen(changed(preset, { pool: "float16" }), 10)).toBe("float16");
  });

  it("follows from the images that later blocks look at, of which there are none without a push", () => {
    const short = { ...preset, blocks: preset.blocks.map((block) => ({ ...block, iterations: 100 })) };
    expect(chosen(short, 1_281_167)).toBeUndefined();
    const parallel = changed(preset, { parallelBlocks: true, warmStart: false });
    expect(chosen(parallel, 1_281_167)).toBeUndefined();
    expect(chosen(changed(parallel, { pool: "float16" }), 10)).toBeUndefined();
    expect(chosen({ ...preset, blocks: preset.blocks.slice(3) }, 1_281_167)).toBeUndefined();
  });
});

describe("what images take", () => {
  it("is a byte a level, and four bytes or two once they are pushed, not beside it", () => {
    expect(poolBytes(small, 10_000)).toBe(4 * d * 10_000);
    expect(poolBytes(withPrecision(preset, 1_281_167), 1_281_167)).toBe(2 * d * 1_281_167);
    expect(poolBytes(changed(small, { parallelBlocks: true, warmStart: false }), 10_000)).toBe(d * 10_000);
    expect(poolBytes({ ...small, blocks: small.blocks.slice(1) }, 100_000)).toBe(d * 100_000);
  });

  it("is taken from the budget before training", () => {
    const patches = defaultImageConfiguration({ channels: 1, height: 8, width: 8 }, "patches", 8);
    expect(memoryOfTraining({ device: "cpu" }, patches, 1000, 2 ** 28)).toBe(2 ** 28 - 4 * 64 * 1000);
    expect(memoryOfTraining({ device: "cuda" }, patches, 1000, 2 ** 28)).toBeUndefined();
    expect(() => memoryOfTraining({ device: "cuda" }, patches, 1000, 4 * 64 * 1000 - 1)).toThrow(
      /^memory: expected at least 256000 bytes for the images, got 255999; .*--images N/,
    );
  });
});
