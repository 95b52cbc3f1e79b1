// block-time: a block of a limited time counts what compiling takes, but trains a little in any case.
import { afterAll, beforeAll, expect, it } from "vitest";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { type BlockControls, trainBlock } from "../../src/train/block.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const network: NetworkConfiguration = {
  hidden: [8],
  activation: { kind: "relu" },
  timeInput: "first",
  initialization: "default",
};
const { training } = defaultConfiguration({ rows: 100, columns: 3 });

async function iterationsIn(controls: BlockControls): Promise<number> {
  const { iterations } = await trainBlock(
    engine,
    {
      number: 1,
      block: { step: { kind: "free" }, network, iterations: 1e9, learningRate: 1e-3 },
      training: { ...training, batchSize: 16 },
      pool: borrowedRows(
        Float32Array.from({ length: 128 }, (_, n) => Math.sin(n)),
        2,
      ),
      start: initialMlp(random(1), network, 2),
      random: random(2),
    },
    controls,
  );
  return iterations;
}

it("ends untrained where its time is over before it is compiled", async () => {
  expect(await iterationsIn({ time: 0, until: performance.now() })).toBe(0);
});

it("trains for as long as it is to in any case, and until its time is over", async () => {
  expect(await iterationsIn({ time: 200, until: performance.now() })).toBeGreaterThan(0);
  expect(await iterationsIn({ time: 0, until: performance.now() + 4000 })).toBeGreaterThan(0);
  expect(await iterationsIn({ time: 200 })).toBeGreaterThan(0);
}, 60_000);
