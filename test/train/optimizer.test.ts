// The optimizer goes through large batches a part at a time and takes the same steps as with all rows at once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { adamScales } from "../../src/optim/adam.ts";
import { fillNormal, fillUniform, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { zeros } from "../../src/tensor/array.ts";
import type { TrainingConfiguration } from "../../src/train/configuration.ts";
import { initialState, rowsAtOnce } from "../../src/train/optimizer.ts";
import { createTrainingStep } from "../../src/train/step.ts";
import { plainTraining } from "../support/plain-training.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const width = 512;
const network: NetworkConfiguration = {
  hidden: [width, width],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
};

const training: TrainingConfiguration = { ...plainTraining, weightDecay: 0.01, clip: 0.5, movingAverage: 0.9 };

function batchOf(rows: number) {
  const [left, noise, time] = [zeros([rows, 3]), zeros([rows, 3]), zeros([rows, 1])];
  fillNormal(split(random(3), "left"), left.data);
  fillNormal(split(random(3), "noise"), noise.data);
  fillUniform(split(random(3), "time"), time.data);
  return { left, source: left, noise, time };
}

/** Losses and state after three steps of a step program that was made for batches of `batchSize` rows. */
async function threeSteps(batchSize: number, rows: number) {
  const like = initialMlp(random(1), network, 3);
  const target = { step: { kind: "diffuse", duration: 0.2 }, network, dimension: 3, like } as const;
  const step = await createTrainingStep(engine, target, { ...training, batchSize }, initialState(like, 0.9));
  const losses: number[] = [];
  for (const count of [1, 2, 3])
    losses.push(await step.advance(batchOf(rows), { ...adamScales(count, 1e-3), keep: 0.9 }));
  const state = step.state();
  await step.release();
  return { losses, state };
}

describe("an optimizer for batches beyond the cache", () => {
  it.each([rowsAtOnce(width) + 1, 1300])("takes the steps of all %i rows at once", async (rows) => {
    expect(rows).toBeGreaterThan(rowsAtOnce(width));
    const [whole, parts] = [await threeSteps(1, rows), await threeSteps(rows, rows)];
    parts.losses.forEach((loss, n) => {
      expect(loss).toBeCloseTo(whole.losses[n] ?? Number.NaN, 5);
    });
    for (const name of ["first", "average"] as const)
      parts.state[name].forEach(({ data }, k) => {
        const other = whole.state[name][k]?.data ?? new Float32Array();
        const scale = other.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
        const worst = data.reduce((most, value, n) => Math.max(most, Math.abs(value - (other[n] ?? Number.NaN))), 0);
        expect(worst).toBeLessThan(2e-3 * scale);
      });
  });
});
