// shipped-model.test: the model that the package brings along draws what it was trained on.
import { readFile } from "node:fs/promises";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { decodeImageModel } from "../../../src/tasks/images/image-model.ts";
import { drawImages } from "../../../src/tasks/images/sample-images.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

test("the shipped model is small, names no folder, and draws clothes: dark around, bright inside, each another", async () => {
  const bytes = await readFile(new URL("../../../demo/fashion.safetensors", import.meta.url));
  expect(bytes.length).toBeLessThan(5e6);
  const model = decodeImageModel(bytes, "fashion.safetensors");
  expect(model.record.training.source).not.toMatch(/[/\\]/);
  const count = 24;
  const { block } = await drawImages(engine, model, { images: count, seed: 1 });
  const { levels, width } = block;
  const meanOver = (isChosen: (row: number, column: number) => boolean) => {
    const chosen = levels.filter((_, at) => isChosen(Math.floor((at % width ** 2) / width), at % width));
    return chosen.reduce((total, level) => total + level, 0) / chosen.length;
  };
  const isEdge = (k: number) => k === 0 || k === width - 1;
  expect(meanOver((row, column) => isEdge(row) && isEdge(column))).toBeLessThan(40);
  expect(meanOver((row, column) => Math.abs(row - 6.5) < 3 && Math.abs(column - 6.5) < 3)).toBeGreaterThan(90);
  const texts = Array.from({ length: count }, (_, n) => levels.slice(n * width ** 2, (n + 1) * width ** 2).join());
  expect(new Set(texts).size).toBe(count);
});
