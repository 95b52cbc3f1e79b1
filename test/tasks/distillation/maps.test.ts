// maps: a map starts as the teacher's velocity, of a masked teacher with everything free.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { freeContext } from "../../../src/flow/masked.ts";
import { applyMlp, initialMlp, type MlpArrays, type NetworkConfiguration } from "../../../src/nn/mlp.ts";
import { fillNormal, random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { applyMap, startingMap } from "../../../src/tasks/distillation/maps.ts";
import { add, multiply } from "../../../src/tensor/arithmetic.ts";
import { type FloatArray, floats } from "../../../src/tensor/array.ts";
import { constant, type Tensor } from "../../../src/tensor/tensor.ts";
import { mapTree } from "../../../src/tensor/tree.ts";
import { column, evaluate, largestDifference, moments, numbers } from "../../support/evaluate.ts";

const [d, rows] = [3, 16];
const plain: NetworkConfiguration = {
  hidden: [10, 8],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
  context: 3 * d,
};

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe("the start of a student's map", () => {
  it.each([
    plain,
    { ...plain, frequencies: 2 },
    { ...plain, frequencies: 2, detailed: [] },
    { ...plain, frequencies: 2, detailed: [2, 0] },
    { ...plain, frequencies: 2, detailed: [2, 0], levels: [{ at: 2, edges: [-0.5, 0.8] }] },
  ])(
    "is the velocity in the middle of a masked block: $frequencies frequencies of $detailed, levels $levels",
    async (network) => {
      const parameters = initialMlp(random(4), network, d);
      const chain = { dimension: d, blocks: [{ step: { kind: "free" } as const, network, parameters }] };
      const map = startingMap(chain, { from: 1, to: 0 }, [1], random(5));
      const values = new Float32Array(rows * d);
      fillNormal(random(6), values);
      const placed = { point: column(d), time: column(1) };
      const fixed = { point: floats(values, [rows, d]), time: floats(new Float32Array(rows).fill(0.5), [rows, 1]) };
      const constants = (arrays: MlpArrays) =>
        mapTree<FloatArray, Tensor, MlpArrays>(arrays, (array) => constant(array));
      const velocity = applyMlp(network, constants(parameters), placed.point, placed.time, freeContext(d));
      if (!("layers" in map.parameters)) throw new Error("a perceptron");
      const wanted = {
        map: applyMap(map, constants(map.parameters), placed.point),
        expected: add(placed.point, multiply(map.scale, velocity)),
        velocity,
      };
      const found = await evaluate(engine, placed, wanted, fixed);
      expect(largestDifference(numbers(found.map), numbers(found.expected))).toBeLessThan(1e-6);
      expect(moments(numbers(found.velocity)).variance).toBeGreaterThan(1e-3);
    },
  );
});
