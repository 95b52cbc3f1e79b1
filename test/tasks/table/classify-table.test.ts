// classify-table: the classes of rows come near those of their law, and their probabilities are probabilities.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CellTable, cellTableOf } from "../../../src/data/cell-table.ts";
import { fillNormal, fillUniform, random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { checkClasses, classifyTable } from "../../../src/tasks/table/classify-table.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { type FittedTable, fitTable } from "../../../src/tasks/table/fit-table.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import { quickConfiguration } from "../../support/small-table.ts";

const shares = [0.5, 0.3, 0.2];
const centers = [
  [0, 0],
  [3, 1],
  [0, 4],
] as const;
const names = ["red", "green", "blue"];

interface Row {
  readonly color: string;
  readonly x: number;
  readonly y: number;
  readonly parity: string;
}

/** Normal clouds around three centers; `parity` depends on nothing. */
function rowsOf(count: number, seed: string): readonly Row[] {
  const [noise, draws] = [new Float32Array(2 * count), new Float32Array(2 * count)];
  fillNormal(random(`${seed} noise`), noise);
  fillUniform(random(`${seed} draws`), draws);
  return Array.from({ length: count }, (_, n) => {
    const draw = draws[2 * n]!;
    const k = draw < 0.5 ? 0 : draw < 0.8 ? 1 : 2;
    const [x, y] = centers[k]!;
    const parity = draws[2 * n + 1]! < 0.5 ? "odd" : "even";
    return { color: names[k]!, x: x + noise[2 * n]!, y: y + noise[2 * n + 1]!, parity };
  });
}

/** P(class | x, y) by Bayes' rule. */
function truth({ x, y }: Row): readonly number[] {
  const weights = centers.map(([a, b], k) => shares[k]! * Math.exp(-((x - a) ** 2 + (y - b) ** 2) / 2));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  return weights.map((weight) => weight / total);
}

/** The free block alone, small. */
function quick(iterations: number) {
  const { blocks, ...rest } = quickConfiguration(iterations);
  return {
    ...rest,
    blocks: blocks.slice(-1).map((block) => ({ ...block, network: { ...block.network, hidden: [64, 64] } })),
  };
}

let engine: Engine;
let fitted: FittedTable;
const held = rowsOf(400, "held out");
const table: CellTable = cellTableOf(held);
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const training = rowsOf(1200, "training").map((row, n) => ({ ...row, parity: n % 10 === 0 ? null : row.parity }));
  fitted = await fitTable(engine, {
    table: cellTableOf(training),
    seed: 3,
    label: "color",
    configuration: quick(1500),
  });
}, 60_000);
afterAll(() => engine.close());

describe("the classes of rows", () => {
  it("are right much more often than the commonest class is, with probabilities near those of the law that sum to 1", async () => {
    const { column, levels, probabilities, predicted, judged } = await classifyTable(engine, fitted.model, table);
    expect({ column, levels: [...levels].sort() }).toEqual({ column: "color", levels: [...names].sort() });
    const own = (row: number) => names.map((name) => probabilities[row * 3 + levels.indexOf(name)]!);
    const best = held.filter((row) => names[truth(row).indexOf(Math.max(...truth(row)))] === row.color).length / 400;
    expect(judged?.rows).toBe(400);
    expect(judged?.commonest).toBeLessThan(0.6);
    expect(best).toBeGreaterThan(0.9);
    expect(judged?.accuracy).toBeGreaterThan(0.82);
    let difference = 0;
    held.forEach((row, n) => {
      const p = own(n);
      expect(p.reduce((a, b) => a + b, 0)).toBeCloseTo(1, 12);
      expect(Math.min(...p)).toBeGreaterThanOrEqual(0);
      expect(probabilities[n * 3 + predicted[n]!]).toBe(Math.max(...p));
      difference += truth(row).reduce((sum, share, k) => sum + Math.abs(share - p[k]!) / 2, 0) / 400;
    });
    expect(difference).toBeLessThan(0.3);
  });

  it("do not depend on what a row says of its class, nor on the rows beside it; the same seed gives the same", async () => {
    const some = held.slice(0, 20);
    const whole = await classifyTable(engine, fitted.model, cellTableOf(some), { draws: 2 });
    const lies = cellTableOf(some.map((row) => ({ ...row, color: "blue" })));
    expect((await classifyTable(engine, fitted.model, lies, { draws: 2 })).probabilities).toEqual(whole.probabilities);
    const without = cellTableOf(some.map(({ x, y, parity }) => ({ x, y, parity })));
    const blind = await classifyTable(engine, fitted.model, without, { draws: 2 });
    expect(blind.probabilities).toEqual(whole.probabilities);
    expect(blind.judged).toBeUndefined();
  });

  it("are those of any column of levels, one with gaps too; what says nothing of it leaves its shares", async () => {
    const { levels, probabilities, judged } = await classifyTable(engine, fitted.model, table, {
      column: "parity",
      draws: 2,
    });
    expect([...levels].sort()).toEqual(["even", "odd"]);
    const mean = probabilities.reduce((sum, p, n) => sum + (n % 2 === 0 ? p / 400 : 0), 0);
    expect(Math.abs(mean - 0.5)).toBeLessThan(0.1);
    expect(judged?.logLoss).toBeLessThan(0.85);
  });

  it("are about what scores of copies of a row say, one copy for each level, which public names can ask for", async () => {
    const some = held.slice(0, 60);
    const { levels, probabilities } = await classifyTable(engine, fitted.model, cellTableOf(some));
    const copies = some.flatMap((row) => levels.map((color) => ({ ...row, color })));
    const { logDensity } = await scoreTable(engine, fitted.model, cellTableOf(copies), { seed: 1 });
    let difference = 0;
    some.forEach((_, n) => {
      const own = levels.map((_, level) => logDensity[n * levels.length + level]!);
      const weights = own.map((value) => Math.exp(value - Math.max(...own)));
      const total = weights.reduce((a, b) => a + b, 0);
      levels.forEach((_, level) => {
        difference += Math.abs(weights[level]! / total - probabilities[n * levels.length + level]!) / 2 / some.length;
      });
    });
    expect(difference).toBeLessThan(0.15);
  });

  it("are refused without a column, for columns without levels and for too many of them", async () => {
    const { label: _, ...unlabelled } = fitted.model;
    await expect(classifyTable(engine, unlabelled, table)).rejects.toThrow(
      /classify: expected the name of a column, for a model without a label/,
    );
    await expect(classifyTable(engine, fitted.model, table, { column: "x" })).rejects.toThrow(
      /expected a category: one of color.*got "x"/,
    );
    const many = cellTableOf(Array.from({ length: 90 }, (_, n) => ({ code: `c${n % 30}`, x: n / 8 })));
    const encoder = tableEncoder(detectSchema(many), many);
    expect(() => checkClasses({ ...fitted.model, encoder }, "code", "classify")).toThrow(
      /expected the label or an ordinal, of at most 100 levels, or a category of at most 16, got "code" with 30/,
    );
  });
});
