// What `reproduce` trains on images: the authors' recipe, rivals on equal budgets, and experiments that shrink in proportion.
import { describe, expect, test } from "vitest";
import { networkParameterCount } from "../../../src/nn/network.ts";
import { imagePreset, imagePresets } from "../../../src/tasks/images/image-defaults.ts";
import { type ImagePlanOptions, imagePlan } from "../../../src/tasks/reproduction/image-plan.ts";
import { iterationsOf, parameterCount } from "../../../src/train/configuration.ts";

const whole: ImagePlanOptions = { scale: 1, rivals: ["flow-wide", "flow-long"], hasFeatures: true, gaps: [] };
const steps = (configuration: Parameters<typeof iterationsOf>[0]) =>
  iterationsOf(configuration).reduce((total, count) => total + count, 0);

describe("the plan of an image experiment", () => {
  test.each([
    // The authors' totals, and those of one network as large, counted from their code.
    ["cifar10", 50_000, 142_985_228, 142_861_315],
    ["imagenet32", 50_000, 196_251_148, 196_069_123],
    ["flowers", 5000, 85_697_292, 85_602_691],
  ] as const)("%s is the authors' recipe beside rivals of equal steps", (name, samples, total, one) => {
    const plan = imagePlan(name, whole);
    const [lfm, wide, long] = plan.contenders.map(({ configuration }) => configuration);
    const dimension = 3 * (name === "flowers" ? 128 : 32) ** 2;
    expect(lfm).toEqual(imagePreset(name));
    expect(plan.samples).toBe(samples);
    expect(parameterCount(lfm!, dimension)).toBe(total);
    expect(parameterCount(wide!, dimension)).toBe(one);
    expect(parameterCount(long!, dimension)).toBe(total / 4);
    for (const rival of [wide!, long!]) {
      expect(steps(rival)).toBe(steps(lfm!));
      expect(rival.blocks.map(({ step }) => step.kind)).toEqual(["free"]);
    }
    expect(plan.comparable).toEqual({ yes: true });
  });

  test.each(imagePresets)("%s shrinks in proportion, down to networks that can still be made", (name) => {
    const full = imagePlan(name, whole);
    const dimension = 3 * (name === "flowers" ? 128 : 32) ** 2;
    for (const scale of [0.5, 0.25, 0.1, 0.01, 1e-5]) {
      const plan = imagePlan(name, { ...whole, scale });
      for (const { configuration } of plan.contenders)
        for (const { network } of configuration.blocks)
          expect(networkParameterCount(network, dimension)).toBeGreaterThan(0);
      const [small] = plan.contenders;
      const [large] = full.contenders;
      expect(steps(small!.configuration)).toBe(scale === 1e-5 ? 32 : Math.round(scale * steps(large!.configuration)));
      expect(plan.comparable).toMatchObject({ yes: false, why: expect.stringContaining(`are ${scale} of it`) });
    }
    const half = imagePlan(name, { ...whole, scale: 0.25 }).contenders[0]!.configuration;
    const share = parameterCount(half, dimension) / parameterCount(full.contenders[0]!.configuration, dimension);
    expect(share).toBeGreaterThan(0.24);
    expect(share).toBeLessThan(0.27);
    // A quarter of the steps under an average of the fourth power: the start is forgotten as far.
    const memory = (training: { readonly movingAverage: number }, count: number) => training.movingAverage ** count;
    expect(memory(half.training, 1000)).toBeCloseTo(memory(imagePreset(name).training, 4000), 9);
  });

  test("says why its figures are not comparable", () => {
    const why = imagePlan("cifar10", {
      ...whole,
      hasFeatures: false,
      gaps: ["10 images of part train instead of 50000"],
    });
    expect(why.comparable.why).toMatch(/features of our own.*; there are 10 images of part train/);
  });

  test("prints the published figures of its set alone", () => {
    const figures = imagePlan("cifar10", whole).published.map(({ frechet }) => frechet);
    expect(figures).toEqual([8.45, 8.55, 12.3, 10.27]);
    expect(imagePlan("flowers", whole).published.map(({ frechet }) => frechet)).toEqual([59.7, 55.7, 70.8]);
  });
});
