// dropout.test: training leaves out the values that each batch's masks say, in all parts of a batch, and sampling none.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { fullMasks } from "../../src/nn/dropout.ts";
import { initialUnet, type UnetArrays, type UnetConfiguration } from "../../src/nn/unet.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { elementCount, type FloatArray, floats } from "../../src/tensor/array.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { leaves, mapTree } from "../../src/tensor/tree.ts";
import { type Batch, batches } from "../../src/train/batches.ts";
import type { TrainingConfiguration } from "../../src/train/configuration.ts";
import { initialState } from "../../src/train/optimizer.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";
import { batchInputs, batchLoss, createTrainingStep, dropoutOf } from "../../src/train/step.ts";
import { plainTraining } from "../support/plain-training.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const network: UnetConfiguration = {
  kind: "unet",
  image: { channels: 1, height: 6, width: 5 },
  ...{ channels: 4, multipliers: [1, 2], residualBlocks: 1, attentionAt: [], headChannels: 4, dropout: 0.3 },
};
const d = 30;
const step = { kind: "diffuse", duration: 0.3 } as const;
const training: TrainingConfiguration = { ...plainTraining, batchSize: 20 };

function normal(shape: readonly number[], name: string): FloatArray {
  const array = floats(new Float32Array(elementCount(shape)), shape);
  fillNormal(split(random(5), name), array.data);
  return array;
}

/** Parameters with nothing at zero, so that the second convolutions matter. */
const like = mapTree<FloatArray, FloatArray, UnetArrays>(initialUnet(random(2), network), (array, path) => {
  const noise = normal(array.shape, path);
  return floats(
    array.data.map((value, i) => value + 0.1 * (noise.data[i] ?? 0)),
    array.shape,
  );
});

const pool = normal([40, d], "pool").data;
const legs = [{ step, elapsed: 0, weight: 1 }];
const batchesWith = (dropout: UnetConfiguration | undefined) =>
  batches(borrowedRows(pool, d), random(1), { ...training, legs, ...(dropout && { dropout }) });

/** The gradient that a step follows on its first batch: Adam's first moment after it, which lacks the factor 1 - beta (adam.ts). */
async function gradientOf(batch: Batch, batchSize: number): Promise<readonly FloatArray[]> {
  const target = { step, network, dimension: d, like };
  const made = await createTrainingStep(engine, target, { ...training, batchSize }, initialState(like, 0));
  await made.advance(batch, { rate: 0, epsilon: 1e-8, shrink: 1, keep: 0 });
  const { first } = made.state();
  await made.release();
  return first;
}

/** The loss of a batch with parameters moved along a direction. */
async function lossAlong(batch: Batch, direction: readonly FloatArray[], amounts: readonly number[]) {
  const parameters = mapTree<FloatArray, Tensor, UnetArrays>(like, ({ shape }) => placeholder(shape));
  const made = batchLoss({ step, network, dimension: d }, parameters, training, { dropout: true });
  const program = await compile(engine, { parameters, batch: made.batch }, { loss: made.loss });
  const losses: number[] = [];
  for (const amount of amounts) {
    let next = 0;
    const moved = mapTree<FloatArray, FloatArray, UnetArrays>(like, ({ data, shape }) => {
      const along = direction[next++]?.data ?? data;
      return floats(
        data.map((value, i) => value + amount * (along[i] ?? 0)),
        shape,
      );
    });
    losses.push(Number((await program.run({ parameters: moved, batch: batchInputs(batch) })).loss.data[0]));
  }
  await program.release();
  return losses;
}

const inner = (a: readonly FloatArray[], b: readonly FloatArray[]) =>
  a.reduce((sum, { data }, n) => sum + data.reduce((part, x, i) => part + x * (b[n]?.data[i] ?? 0), 0), 0);

describe("training with dropout", () => {
  it("follows the gradient of the loss whose values the masks of the batch leave out", async () => {
    const batch = batchesWith(network)(0);
    const found = await gradientOf(batch, 1);
    const length = Math.sqrt(inner(found, found));
    const direction = found.map(({ data, shape }) =>
      floats(
        data.map((value) => value / length),
        shape,
      ),
    );
    const [above = 0, below = 0] = await lossAlong(batch, direction, [5e-3, -5e-3]);
    expect(Math.abs((above - below) / 1e-2 / length - 1)).toBeLessThan(5e-3);
    const kept = await gradientOf({ ...batch, kept: fullMasks(network, 20) }, 1);
    expect(Math.abs(inner(kept, direction) / length - 1)).toBeGreaterThan(2e-2);
  });

  it("gives a batch in parts each row's own masks", async () => {
    const batch = batchesWith(network)(3);
    const [whole, parts] = [await gradientOf(batch, 1), await gradientOf(batch, 20)];
    const scale = Math.sqrt(inner(whole, whole));
    const difference = whole.map(({ data, shape }, n) =>
      floats(
        data.map((value, i) => value - (parts[n]?.data[i] ?? 0)),
        shape,
      ),
    );
    expect(Math.sqrt(inner(difference, difference))).toBeLessThan(1e-4 * scale);
  });

  it("draws masks anew in each iteration, and the same when it comes back to one", () => {
    const copied = (batch: Batch) => batch.kept?.map(({ data }) => data.slice());
    const draw = batchesWith(network);
    const [first, second] = [copied(draw(0)), copied(draw(1))];
    expect(second).not.toEqual(first);
    expect(copied(draw(0))).toEqual(first);
    expect(copied(batchesWith(network)(1))).toEqual(second);
  });

  it("has no masks where nothing is left out, and no part in what else a batch holds", () => {
    expect(dropoutOf({ ...network, dropout: 0 })).toBeUndefined();
    expect(dropoutOf(network)).toBe(network);
    const [plain, dropped] = [batchesWith(undefined)(2), batchesWith(network)(2)];
    expect(plain.kept).toBeUndefined();
    expect(dropped.left).toEqual(plain.left);
    expect([dropped.noise, dropped.time]).toEqual([plain.noise, plain.time]);
  });
});

describe("the loss", () => {
  it("asks for masks in training alone", () => {
    const parameters = mapTree<FloatArray, Tensor, UnetArrays>(like, ({ shape }) => placeholder(shape));
    const count = (dropout: boolean) =>
      leaves(batchLoss({ step, network, dimension: d }, parameters, training, { dropout }).batch.kept).length;
    expect([count(true), count(false)]).toEqual([8, 0]);
  });
});
