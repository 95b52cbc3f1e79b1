// dropout.test: training leaves out the values that each batch's masks say, in all parts of a batch, and sampling none.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { drawMasks, fullMasks } from "../../src/nn/dropout.ts";
import type { NetworkConfiguration } from "../../src/nn/mlp.ts";
import {
  applyNetwork,
  dropoutPlan,
  initialNetwork,
  type NetworkArrays,
  type NetworkTensors,
  type VelocityNetwork,
} from "../../src/nn/network.ts";
import type { UnetConfiguration } from "../../src/nn/unet.ts";
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
import { batchInputs, batchLoss, createTrainingStep } from "../../src/train/step.ts";
import { moments } from "../support/evaluate.ts";
import { plainTraining } from "../support/plain-training.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const unet: UnetConfiguration = {
  kind: "unet",
  image: { channels: 1, height: 6, width: 5 },
  ...{ channels: 4, multipliers: [1, 2], residualBlocks: 1, attentionAt: [], headChannels: 4, dropout: 0.3 },
};
const perceptron: NetworkConfiguration = {
  hidden: [24, 16],
  activation: { kind: "softplus", beta: 2 },
  timeInput: "every",
  initialization: "default",
  dropout: 0.3,
};
const d = 30;
const step = { kind: "diffuse", duration: 0.3 } as const;
const training: TrainingConfiguration = { ...plainTraining, batchSize: 20 };

function normal(shape: readonly number[], name: string): FloatArray {
  const array = floats(new Float32Array(elementCount(shape)), shape);
  fillNormal(split(random(5), name), array.data);
  return array;
}

/** Parameters with nothing at zero, so that all layers matter. */
function stirred(network: VelocityNetwork): NetworkArrays {
  return mapTree<FloatArray, FloatArray, NetworkArrays>(initialNetwork(random(2), network, d), (array, path) => {
    const noise = normal(array.shape, path);
    return floats(
      array.data.map((value, i) => value + 0.1 * (noise.data[i] ?? 0)),
      array.shape,
    );
  });
}

const pool = normal([40, d], "pool").data;
const legs = [{ step, elapsed: 0, weight: 1 }];
function batchesWith(network: VelocityNetwork) {
  const dropout = dropoutPlan(network);
  return batches(borrowedRows(pool, d), random(1), { ...training, legs, ...(dropout && { dropout }) });
}

/** The gradient that a step follows on its first batch: Adam's first moment after it, which lacks the factor 1 - beta (adam.ts). */
async function gradientOf(network: VelocityNetwork, batch: Batch, batchSize: number): Promise<readonly FloatArray[]> {
  const like = stirred(network);
  const target = { step, network, dimension: d, like };
  const made = await createTrainingStep(engine, target, { ...training, batchSize }, initialState(like, 0));
  await made.advance(batch, { rate: 0, epsilon: 1e-8, shrink: 1, keep: 0 });
  const { first } = made.state();
  await made.release();
  return first;
}

/** The loss of a batch with parameters moved along a direction. */
async function lossAlong(
  network: VelocityNetwork,
  batch: Batch,
  direction: readonly FloatArray[],
  amounts: readonly number[],
) {
  const like = stirred(network);
  const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(like, ({ shape }) => placeholder(shape));
  const made = batchLoss({ step, network, dimension: d }, parameters, training, { dropout: true });
  const program = await compile(engine, { parameters, batch: made.batch }, { loss: made.loss });
  const losses: number[] = [];
  for (const amount of amounts) {
    let next = 0;
    const moved = mapTree<FloatArray, FloatArray, NetworkArrays>(like, ({ data, shape }) => {
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

describe.each<[string, UnetConfiguration | NetworkConfiguration]>([
  ["a U-net", unet],
  ["a perceptron", perceptron],
])("training %s with dropout", (_, network) => {
  it("follows the gradient of the loss whose values the masks of the batch leave out", async () => {
    const batch = batchesWith(network)(0);
    const found = await gradientOf(network, batch, 1);
    const length = Math.sqrt(inner(found, found));
    const direction = found.map(({ data, shape }) =>
      floats(
        data.map((value) => value / length),
        shape,
      ),
    );
    const [above = 0, below = 0] = await lossAlong(network, batch, direction, [5e-3, -5e-3]);
    expect(Math.abs((above - below) / 1e-2 / length - 1)).toBeLessThan(5e-3);
    const kept = await gradientOf(network, { ...batch, kept: fullMasks(dropoutPlan(network)!, 20) }, 1);
    expect(Math.abs(inner(kept, direction) / length - 1)).toBeGreaterThan(2e-2);
  });

  it("gives a batch in parts each row's own masks", async () => {
    const batch = batchesWith(network)(3);
    const [whole, parts] = [await gradientOf(network, batch, 1), await gradientOf(network, batch, 20)];
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
    const whole: VelocityNetwork = { ...network, dropout: 0 };
    expect(dropoutPlan(whole)).toBeUndefined();
    expect(dropoutPlan(network)?.share).toBe(0.3);
    const [plain, dropped] = [batchesWith(whole)(2), batchesWith(network)(2)];
    expect(plain.kept).toBeUndefined();
    expect(dropped.left).toEqual(plain.left);
    expect([dropped.noise, dropped.time]).toEqual([plain.noise, plain.time]);
  });

  it("asks for masks in training alone", () => {
    const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(stirred(network), ({ shape }) => placeholder(shape));
    const count = (dropout: boolean) =>
      leaves(batchLoss({ step, network, dimension: d }, parameters, training, { dropout }).batch.kept).length;
    expect([count(true), count(false)]).toEqual(["kind" in network ? 8 : 2, 0]);
  });
});

describe("a perceptron", () => {
  it("is at its masks' mean what it is without them, where its hidden layers are linear in them", async () => {
    const single: NetworkConfiguration = { ...perceptron, hidden: [24] };
    const like = stirred(single);
    const parameters = mapTree<FloatArray, Tensor, NetworkArrays>(like, ({ shape }) =>
      placeholder(shape),
    ) as NetworkTensors;
    const [x, t, mask] = [placeholder(["rows", d]), placeholder(["rows", 1]), placeholder(["rows", 24], "bool")];
    const velocity = applyNetwork(single, parameters, x, t, undefined, { masks: [mask] });
    const whole = applyNetwork(single, parameters, x, t);
    const program = await compile(engine, { parameters, x, t, mask }, { velocity, whole });
    const rows = 20_000;
    const [row, times] = [normal([1, d], "x"), floats(new Float32Array(rows).fill(0.4), [rows, 1])];
    const points = floats(new Float32Array(rows * d), [rows, d]);
    for (let n = 0; n < rows; n++) points.data.set(row.data, n * d);
    const [masks] = drawMasks(random(3), dropoutPlan(single)!, rows);
    const found = await program.run({ parameters: like, x: points, t: times, mask: masks! });
    await program.release();
    for (let k = 0; k < d; k++) {
      const column = Array.from({ length: rows }, (_, n) => found.velocity.data[n * d + k] ?? 0);
      const { mean, variance } = moments(Float64Array.from(column));
      expect(variance).toBeGreaterThan(0);
      expect(Math.abs(mean - Number(found.whole.data[k]))).toBeLessThan(5 * Math.sqrt(variance / rows));
    }
  });
});
