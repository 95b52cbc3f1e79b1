// The coupling flow is a normalised density, learns what a Gaussian cannot, and keeps to its budget.
import { afterAll, beforeAll, expect, test } from "vitest";
import type { DensityTable } from "../../../src/data/tables/table.ts";
import { baselineNll } from "../../../src/measure/baseline.ts";
import { meanOf } from "../../../src/measure/estimate.ts";
import { fitGaussian } from "../../../src/measure/gaussian.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { couplingWidth, trainCoupling } from "../../../src/tasks/reproduction/coupling-flow.ts";
import { floats } from "../../../src/tensor/array.ts";
import { normals } from "../../support/repetition.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** y = x² / 2 + noise: a crescent. */
function crescent(name: string, count: number) {
  const noise = normals(2 * count, name);
  return floats(
    noise.map((z, i) => (i % 2 === 0 ? z : 0.3 * z + noise[i - 1]! ** 2 / 2)),
    [count, 2],
  );
}

const table: DensityTable = {
  name: "crescent",
  columns: ["x", "y"],
  train: crescent("train", 2000),
  validation: crescent("validation", 500),
  test: crescent("test", 1000),
  notes: [],
};
const flow = { layers: 4, width: 24, batchSize: 200, iterations: 300, learningRates: [1e-9, 3e-3] };

test("it comes close to the law, far from a Gaussian, by the learning rate that the validation rows prefer", async () => {
  const truth = Math.log(2 * Math.PI * 0.3) + 1;
  const { choice, validation, ...trained } = await trainCoupling(engine, table, flow, { seed: 1 });
  const nll = meanOf(await trained.negativeLogDensities(table.test));
  await trained.release();
  expect(choice).toContain("learning rate 0.003");
  expect(Math.abs(validation - nll.value)).toBeLessThan(0.15);
  expect(nll.value).toBeGreaterThan(truth - 4 * nll.standardError);
  expect(nll.value).toBeLessThan(truth + 0.15);
  expect(nll.value).toBeLessThan(baselineNll(fitGaussian(table.train), table.test).value - 0.3);
});

test("its density sums to one over the plane", async () => {
  const [cells, half] = [120, 9];
  const side = (2 * half) / cells;
  const middle = (k: number) => -half + (k + 0.5) * side;
  const places = Float32Array.from({ length: 2 * cells * cells }, (_, i) =>
    i % 2 === 0 ? middle((i >> 1) % cells) : middle(Math.floor((i >> 1) / cells)),
  );
  const few = { ...flow, iterations: 60, learningRates: [3e-3] };
  const trained = await trainCoupling(engine, table, few, { seed: 1 });
  const values = await trained.negativeLogDensities(floats(places, [cells * cells, 2]));
  await trained.release();
  expect(values.reduce((mass, value) => mass + Math.exp(-value) * side * side, 0)).toBeCloseTo(1, 2);
});

test("says how far its learning rates are, all together", async () => {
  const told: { readonly iteration?: number; readonly fraction: number }[] = [];
  const few = { ...flow, iterations: 3, learningRates: [1e-3, 3e-3] };
  const trained = await trainCoupling(engine, table, few, { seed: 1, onProgress: (at) => told.push(at) });
  await trained.release();
  expect(told.map(({ iteration }) => iteration)).toEqual([1, 2, 3, 4, 5, 6]);
  expect(told.at(-1)?.fraction).toBe(1);
});

test("its width is the largest that keeps to a number of parameters", async () => {
  for (const [dimension, parameters] of [
    [2, 5000],
    [7, 200_000],
    [63, 1_000_000],
  ] as const) {
    const width = couplingWidth(dimension, 8, parameters);
    const [read, moved] = [Math.floor(dimension / 2), Math.ceil(dimension / 2)];
    const count = (w: number) => 8 * ((read + 1) * w + (w + 1) * w + (w + 1) * 2 * moved);
    expect(count(width)).toBeLessThanOrEqual(parameters);
    expect(count(width + 1)).toBeGreaterThan(parameters);
  }
});
