// Log-densities of rows and noise together: a law that integrates to 1 and, of N(0, I), is the wider normal law.
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import type { Chain } from "../../../src/flow/chain.ts";
import type { NetworkArrays } from "../../../src/nn/network.ts";
import { normalScore } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import { smoothedScores } from "../../../src/tasks/table/smoothed-scores.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";
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
const schema = { a: { kind: "number", minimum: null, maximum: null, scale: "robust" } } as const;
const model = untrainedTable(numbers(Array.from({ length: 300 }, (_, n) => 1 + 3e-9 * Math.sin(n * n))), { schema });

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

/** A value of the column and its point, and what one of the model's deviations is in the user's units. */
function straightMap({ encoder }: TableModel) {
  const value = encoder.toJSON().codes[0]?.value;
  if (value?.kind !== "scale") throw new Error("a map was expected");
  const [low = 0, high = 0] = value.at;
  const [from = 0, to = 0] = value.scores;
  return { low, from, spread: (high - low) / (to - from) };
}

/** The points of a grid in the model's space, as rows, and how far apart they are in the user's units. */
function gridOf(points: readonly number[]) {
  const { low, from, spread } = straightMap(model);
  return { rows: numbers(points.map((x) => low + (x - from) * spread)), spread };
}

const meanOf = (values: readonly number[]) => values.reduce((total, value) => total + value, 0) / values.length;
const normalAt = (x: number, deviation: number) =>
  Math.exp(-0.5 * (x / deviation) ** 2) / (Math.sqrt(2 * Math.PI) * deviation);

describe("the law of rows and noise together", () => {
  test.each([undefined, 0.3, 1.7])("integrates to 1, with %s deviations of noise", async (smoothing) => {
    const [count, reach] = [2001, 20];
    const run = (2 * reach) / (count - 1);
    const { rows, spread } = gridOf(Array.from({ length: count }, (_, n) => n * run - reach));
    const { logDensity } = await smoothedScores(engine, model, rows, { ...(smoothing !== undefined && { smoothing }) });
    const mass = logDensity.reduce((total, value) => total + Math.exp(value) * run * spread, 0);
    expect(mass).toBeCloseTo(1, 2);
  });

  test("of N(0, I) is N(0, exp(2 gamma) I)", async () => {
    const points = [-2.5, -0.3, 0, 1.1, 4];
    const { rows, spread } = gridOf(points);
    const { logDensity, smoothed } = await scoreTable(engine, still(model), rows, { smoothed: true });
    const normal = (x: number, deviation: number) => Math.log(normalAt(x, deviation) / spread);
    points.forEach((x, row) => {
      expect(logDensity[row]).toBeCloseTo(normal(x, 1), 4);
      expect(smoothed?.[row]).toBeCloseTo(normal(x, Math.exp(duration)), 4);
    });
  });

  test("takes the noise of the second block where none is said", async () => {
    const { rows } = gridOf([-1, 0, 2]);
    const own = await scoreTable(engine, model, rows, { smoothed: true });
    expect(own.smoothing).toBe(Math.sqrt(Math.expm1(2 * duration)));
    const said = await scoreTable(engine, model, rows, { smoothed: own.smoothing! });
    expect(said.smoothed).toEqual(own.smoothed);
  });

  test("of a trained model is that of its rows with as much noise", async () => {
    const sides = [-1.4, 1];
    const points = sides.flatMap((side) =>
      Array.from({ length: 200 }, (_, n) => side + 0.3 * normalScore((n + 0.5) / 200 - 0.5)),
    );
    const table = numbers(points);
    const { blocks, ...rest } = tableConfiguration({ rows: table.rows, columns: 1 });
    const configuration = { ...rest, blocks: blocks.map((block) => ({ ...block, iterations: 1200 })) };
    const fitted = await fitTable(engine, { table, seed: 1, schema, configuration });
    const { spread } = straightMap(fitted.model);
    const places = [-3, -1.4, -0.5, 0, 1, 2];
    for (const smoothing of [0.3, 0.591, 1, 2]) {
      const { smoothed } = await scoreTable(engine, fitted.model, numbers(places), { smoothed: smoothing });
      const noise = smoothing * spread;
      const exact = places.map((place) => Math.log(meanOf(points.map((point) => normalAt(place - point, noise)))));
      const error = meanOf(exact.map((value, k) => Math.abs(value - smoothed![k]!)));
      expect(error, `with noise of ${smoothing}`).toBeLessThan(smoothing < 0.5 ? 0.25 : 0.1);
    }
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

  test.each([null, "1", 0, -1, 1e7])("refuses %j for the noise", async (noise) => {
    const asked = scoreTable(engine, model, numbers([1]), { smoothed: noise as number });
    await expect(asked).rejects.toThrow(
      /^(smoothed: expected true, false or a number|smoothing: expected a number above 0 and at most 1000000), got /,
    );
  });

  test("needs a first step of the diffusion", async () => {
    const short = withChain(model, (chain) => ({ ...chain, blocks: chain.blocks.slice(1) }));
    await expect(smoothedScores(engine, short, numbers([1]))).rejects.toThrow(
      /^smoothed: expected a model of two blocks or more, unless it is said how much noise, got a model of 1; say it \(--smoothing 1\), leave it out, or fit with more --blocks$/,
    );
  });
});
