// pool: what is left out of a push was never to be looked at, or would have broken the time.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { trainChain } from "../../src/train/chain.ts";
import { evenRows, rowsInTime, rowsInUse } from "../../src/train/pool.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";
import { normals } from "../support/repetition.ts";

const base = defaultConfiguration({ rows: 1000, columns: 3 });
const [pattern] = base.blocks;
const configured = (iterations: readonly number[], batchSize: number) => ({
  ...base,
  blocks: iterations.map((count, n) => ({
    ...pattern!,
    network: { ...pattern!.network, hidden: [8] },
    iterations: count,
    step: n < iterations.length - 1 ? ({ kind: "diffuse", duration: 0.2 } as const) : ({ kind: "free" } as const),
  })),
  training: { ...base.training, batchSize },
});

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

test("rows in use are those that the longest later block can draw, and never few", () => {
  expect(rowsInUse(configured([5000, 300, 200], 1000), 1)).toBe(300_000);
  expect(rowsInUse(configured([5000, 300, 200], 1000), 2)).toBe(200_000);
  expect(rowsInUse(configured([5000, 300, 200], 1000), 3)).toBe(4096);
  expect(rowsInUse(configured([10, 10], 100), 1)).toBe(50_000);
});

test("rows in time take a quarter of the block's own time, and a twentieth where only distances are measured", () => {
  const perceptron = configured([1], 1).blocks[0]!.network;
  expect(rowsInTime(100, 0.1, { network: perceptron, isLast: false })).toBe(250_000);
  expect(rowsInTime(1, 1, { network: perceptron, isLast: false })).toBe(8192);
  const image = { channels: 1, height: 4, width: 4 };
  const patches = { kind: "patches", image, patch: 2, width: 8, blocks: 1, headChannels: 8, expansion: 2 } as const;
  expect(rowsInTime(100, 10, { network: patches, isLast: false })).toBe(2500);
  expect(rowsInTime(1, 1, { network: patches, isLast: false })).toBe(512);
  expect(rowsInTime(100, 10, { network: patches, isLast: true })).toBe(500);
  expect(rowsInTime(1, 1, { network: patches, isLast: true })).toBe(256);
});

test("even rows keep order, ends and columns, and all rows when there is room", () => {
  const rows = Float32Array.from({ length: 20 }, (_, i) => i);
  expect([...evenRows(rows, 2, 3)]).toEqual([0, 1, 6, 7, 12, 13]);
  expect(evenRows(rows, 2, 10)).toBe(rows);
  expect(evenRows(Uint8Array.from([1, 2, 3]), 1, 1)).toEqual(Uint8Array.from([1]));
});

test("a chain on many rows pushes only what later blocks use, and the caller's rows stay as they are", async () => {
  const rows = normals(2 * 120_000, "many rows");
  const before = rows.slice();
  const pushed: number[] = [];
  const configuration = configured([20, 20], 100);
  await trainChain(
    engine,
    { pool: borrowedRows(rows, 2), configuration },
    { onProgress: ({ stage, pushed: share }) => stage === "push" && share !== undefined && pushed.push(share) },
  );
  expect(rows).toEqual(before);
  expect(pushed.filter((share) => share === 1)).toHaveLength(2);
  expect(pushed).toHaveLength(Math.ceil(50_000 / 16_384) + 1);
});
