// step-memory.test: what training takes in memory is about what is measured, and a small budget changes no more than rounding.
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialImageNetwork } from "../../src/nn/image-network.ts";
import { isImageNetwork } from "../../src/nn/network.ts";
import { adamScales } from "../../src/optim/adam.ts";
import { random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultImageConfiguration } from "../../src/tasks/images/image-defaults.ts";
import { batches } from "../../src/train/batches.ts";
import { trainBlock } from "../../src/train/block.ts";
import { initialState } from "../../src/train/optimizer.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";
import { createTrainingStep, type StepWay } from "../../src/train/step.ts";
import { fittingPlan, stepPlans } from "../../src/train/step-memory.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** The first block of a recipe and its training on batches of so many images. */
function recipe(kind: "unet" | "patches", side: number, width: number, batchSize: number) {
  const { blocks, training } = defaultImageConfiguration({ channels: 3, height: side, width: side }, kind, width);
  const block = blocks[0]!;
  if (!isImageNetwork(block.network)) throw new Error("a network of images");
  const target = { step: block.step, network: block.network, dimension: 3 * side * side };
  return { block, target, training: { ...training, batchSize } };
}

const megabytes = (name: "VmHWM" | "VmRSS") =>
  Number(new RegExp(`${name}:\\s+(\\d+)`).exec(readFileSync("/proc/self/status", "utf8"))?.[1]) / 1024;

/** What two steps add to the memory of this process at their peak, in MiB. */
async function peakOf({ target, training }: ReturnType<typeof recipe>, way: StepWay): Promise<number> {
  const like = initialImageNetwork(random(1), target.network);
  const pool = new Float32Array(training.batchSize * target.dimension).fill(0.5);
  const draw = batches(borrowedRows(pool, target.dimension), random(2), {
    ...training,
    legs: [{ step: target.step, elapsed: 0, weight: 1 }],
  });
  writeFileSync("/proc/self/clear_refs", "5");
  const before = megabytes("VmRSS");
  const step = await createTrainingStep(engine, { ...target, like }, training, initialState(like, 0.9), way);
  for (const n of [1, 2]) await step.advance(draw(n), { ...adamScales(n, 1e-3), keep: 0.9 });
  const peak = megabytes("VmHWM") - before;
  await step.release();
  return peak;
}

describe("the memory of training", () => {
  it.runIf(existsSync("/proc/self/clear_refs"))("is estimated within a factor of what is measured", async () => {
    const made = recipe("patches", 32, 64, 48);
    const plans = stepPlans(made.target, made.training);
    const plan = plans.find(({ rowsAtOnce, recompute }) => rowsAtOnce <= 24 && !recompute)!;
    const measured = await peakOf(made, plan);
    expect(measured).toBeGreaterThan(100);
    expect(plan.bytes / 2 ** 20 / measured).toBeGreaterThan(0.7);
    expect(plan.bytes / 2 ** 20 / measured).toBeLessThan(2);
  });

  it("falls from plan to plan with the images at once, and once more where inner values are not kept", () => {
    for (const kind of ["unet", "patches"] as const) {
      const { target, training } = recipe(kind, 16, 16, 64);
      const plans = stepPlans(target, training);
      const kept = plans.filter(({ recompute }) => !recompute);
      const again = plans.filter(({ recompute }) => recompute);
      for (const list of [kept, again])
        list.slice(1).forEach(({ rowsAtOnce, bytes }, n) => {
          expect(rowsAtOnce).toBeLessThan(list[n]!.rowsAtOnce);
          expect(bytes).toBeLessThan(list[n]!.bytes);
        });
      expect(again.at(-1)?.rowsAtOnce).toBe(1);
      expect(again[0]!.bytes).toBeLessThan(0.8 * kept[0]!.bytes);
    }
  });

  it("is bounded by the first plan that fits, and too small a budget says what it would take", () => {
    const plans = [
      { rowsAtOnce: 8, recompute: false, bytes: 800 },
      { rowsAtOnce: 4, recompute: false, bytes: 400 },
      { rowsAtOnce: 8, recompute: true, bytes: 300 },
    ];
    expect([1000, 799, 399].map((budget) => fittingPlan(plans, budget))).toEqual(plans);
    expect(() => fittingPlan(plans, 299, 50)).toThrow(/^memory: expected at least 350 bytes .*, got 349; .*--images N/);
  });

  it.each(["unet", "patches"] as const)("of a small budget gives the losses of a large one: %s", async (kind) => {
    const { block: whole, training } = recipe(kind, 8, 8, 16);
    const { network: full } = whole;
    const network = full.kind === "unet" ? { ...full, multipliers: [1], attentionAt: [] } : full;
    if (!isImageNetwork(network)) throw new Error("a network of images");
    const block = { ...whole, network };
    const target = { step: block.step, network, dimension: 192 };
    const pool = borrowedRows(
      Float32Array.from({ length: 40 * 192 }, (_, n) => Math.sin(n * n)),
      192,
    );
    const train = async (memory: number) => {
      const losses: number[] = [];
      const task = { number: 1, block: { ...block, iterations: 3 }, training, pool, memory };
      const start = initialImageNetwork(random(1), target.network);
      const onIteration = (_: number, loss: number) => losses.push(loss);
      await trainBlock(engine, { ...task, start, random: random(3) }, { onIteration });
      return losses;
    };
    const least = stepPlans(target, training).at(-1)!;
    expect(least).toMatchObject({ rowsAtOnce: 1, recompute: true });
    const [thrifty, rich] = [await train(least.bytes), await train(Number.POSITIVE_INFINITY)];
    expect(new Set(rich).size).toBe(3);
    thrifty.forEach((loss, n) => expect(loss).toBeCloseTo(rich[n]!, 4));
    await expect(train(1000)).rejects.toMatchObject({ code: "option" });
  });
});
