// Log-densities of rows and noise together: a law that integrates to 1 and, of N(0, I), is the wider normal law.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import type { Chain } from "../../../src/flow/chain.ts";
import type { NetworkArrays } from "../../../src/nn/network.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import { smoothedScores } from "../../../src/tasks/table/smoothed-scores.ts";
import type { TableModel } from "../../../src/tasks/table/table-model.ts";
import { type FloatArray, zeros } from "../../../src/tensor/array.ts";
import { mapTree } from "../../../src/tensor/tree.ts";
import { smallTable } from "../../support/small-table.ts";
import { untrainedTable } from "../../support/untrained-table.ts";

/** The first step of `untrainedTable`. */
const duration = 0.2;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const numbers = (values: readonly number[]) => cellTableOf(values.map((a) => ({ a })));
/** One column on a straight map, without a grid: a = center + spread x. */
const model = untrainedTable(numbers(Array.from({ length: 300 }, (_, n) => 1 + 3e-9 * Math.sin(n * n))), {
  schema: { a: { kind: "number", minimum: null, maximum: null, scale: "robust" } },
});

function withChain(whole: TableModel, change: (chain: Chain) => Chain): TableModel {
  return { ...whole, density: { ...whole.density, chain: change(whole.density.chain) } };
}

/** The model without any velocity, of which every p_n is N(0, I). */
function still(whole: TableModel): TableModel {
  const zeroed = (parameters: NetworkArrays) =>
    mapTree<FloatArray, FloatArray, NetworkArrays>(parameters, ({ shape }) => zeros(shape));
  const blocks = ({ blocks }: Chain) => blocks.map((block) => ({ ...block, parameters: zeroed(block.parameters) }));
  return withChain(whole, (chain) => ({ ...chain, blocks: blocks(chain) }));
}

/** The points of a grid in the model's space, as rows, and how far apart they are in the user's units. */
function gridOf(points: readonly number[]) {
  const value = model.encoder.toJSON().codes[0]?.value;
  if (value?.kind !== "scale") throw new Error("a map was expected");
  const [low = 0, high = 0] = value.at;
  const [from = 0, to = 0] = value.scores;
  const spread = (high - low) / (to - from);
  return { rows: numbers(points.map((x) => low + (x - from) * spread)), spread };
}

describe("the law of rows and noise together", () => {
  test("integrates to 1", async () => {
    const [count, reach] = [2001, 20];
    const run = (2 * reach) / (count - 1);
    const { rows, spread } = gridOf(Array.from({ length: count }, (_, n) => n * run - reach));
    const { logDensity } = await smoothedScores(engine, model, rows);
    const mass = logDensity.reduce((total, value) => total + Math.exp(value) * run * spread, 0);
    expect(mass).toBeCloseTo(1, 2);
  });

  test("of N(0, I) is N(0, exp(2 gamma) I)", async () => {
    const points = [-2.5, -0.3, 0, 1.1, 4];
    const { rows, spread } = gridOf(points);
    const { logDensity, smoothed } = await scoreTable(engine, still(model), rows, { smoothed: true });
    const normal = (x: number, deviation: number) =>
      -0.5 * (x / deviation) ** 2 - 0.5 * Math.log(2 * Math.PI) - Math.log(deviation * spread);
    points.forEach((x, row) => {
      expect(logDensity[row]).toBeCloseTo(normal(x, 1), 4);
      expect(smoothed?.[row]).toBeCloseTo(normal(x, Math.exp(duration)), 4);
    });
  });

  test("is there for rows of every kind, without changing their log-densities", async () => {
    const table = smallTable(80);
    const whole = untrainedTable(table);
    const plain = await scoreTable(engine, whole, table);
    const both = await scoreTable(engine, whole, table, { smoothed: true });
    expect(plain.smoothed).toBeUndefined();
    expect(both.logDensity).toEqual(plain.logDensity);
    expect(both.smoothed?.every(Number.isFinite)).toBe(true);
    expect(both.smoothed).not.toEqual(plain.logDensity);
    expect(both.evaluations).toBeGreaterThan(plain.evaluations);
  });

  test("needs a first step of the diffusion", async () => {
    const short = withChain(model, (chain) => ({ ...chain, blocks: chain.blocks.slice(1) }));
    await expect(smoothedScores(engine, short, numbers([1]))).rejects.toThrow(
      /^smoothed: expected a model of two blocks or more, .*, got a model of 1; leave it out, or fit with more --blocks$/,
    );
  });
});
