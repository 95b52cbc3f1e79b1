// scorer: what a scorer learns from a table's model, its file, and scoring that is compiled once.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { takenCells } from "../../../src/data/cell-rows.ts";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { distillScores, rankCorrelation } from "../../../src/tasks/table/distill-scores.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { createTableScoring, scoreTable } from "../../../src/tasks/table/score-table.ts";
import { createScorer, type TableScorer } from "../../../src/tasks/table/scorer.ts";
import { decodeScorer, encodeScorer } from "../../../src/tasks/table/scorer-file.ts";
import { encodeTableModel, type TableModel } from "../../../src/tasks/table/table-model.ts";
import { attempt, damaged } from "../../support/damage.ts";
import { quickConfiguration, smallRows, smallTable } from "../../support/small-table.ts";

let engine: Engine;
let model: TableModel;
let scorer: TableScorer;
const request = { teacherName: "m.safetensors", seed: 2, rows: 6000, iterations: 900 };
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  ({ model } = await fitTable(engine, { table: smallTable(1000), seed: 3, configuration: quickConfiguration(600) }));
  ({ scorer } = await distillScores(engine, model, { ...request, data: smallTable(500, 9) }));
}, 120_000);
afterAll(() => engine.close());

const approximate = async (
  of: TableScorer,
  ...table: Parameters<Awaited<ReturnType<typeof createScorer>>["score"]>
) => {
  const running = await createScorer(engine, of);
  try {
    return await running.score(...table);
  } finally {
    await running.release();
  }
};

describe("a scorer", () => {
  it("says what it measured: rows that it has not seen stand in nearly the order of their exact scores", async () => {
    const { drawn, data } = scorer.agreement;
    expect(drawn).toMatchObject({ rows: 4096 });
    expect(data).toMatchObject({ rows: 50 });
    expect(drawn.rankCorrelation).toBeGreaterThan(0.95);
    const table = smallTable(400, 21);
    const exact = await scoreTable(engine, model, table);
    const found = await approximate(scorer, table);
    expect(rankCorrelation(found.logDensity, exact.logDensity)).toBeGreaterThan(0.9);
    expect(found.percentiles).toHaveLength(400);
  });

  it("learns: without iterations it stands far behind", async () => {
    const { scorer: raw } = await distillScores(engine, model, { ...request, rows: 1000, iterations: 1 });
    expect(raw.agreement.drawn.rankCorrelation).toBeLessThan(scorer.agreement.drawn.rankCorrelation - 0.05);
    expect(raw.agreement.drawn.medianError).toBeGreaterThan(scorer.agreement.drawn.medianError);
  });

  it("finds a row that contradicts itself less probable, and does not fail on texts it has never seen", async () => {
    const [row] = smallRows(1);
    const rows = [
      { ...row, side: "right", x: 11.5, count: 27 },
      { ...row, side: "right", x: 11.5, count: 5 },
      { ...row, side: "above", x: 11.5, count: 27 },
    ];
    const { logDensity, unknownCells } = await approximate(scorer, cellTableOf(rows));
    expect(logDensity[1]).toBeLessThan((logDensity[0] ?? 0) - 3);
    expect(unknownCells).toBe(1);
    expect(logDensity.every(Number.isFinite)).toBe(true);
  });

  it("scores a row the same whatever rows are beside it", async () => {
    const table = smallTable(40, 5);
    const all = await approximate(scorer, table);
    const first = await approximate(scorer, takenCells(table, [0, 1, 2]));
    expect([...first.logDensity]).toEqual([...all.logDensity.subarray(0, 3)]);
  });

  it("comes back from its file, and is refused by a sentence when that is damaged or another", async () => {
    const good = encodeScorer(scorer);
    const read = decodeScorer(good, "s");
    expect(read.agreement).toEqual(scorer.agreement);
    const table = smallTable(20, 5);
    expect(await approximate(read, table)).toEqual(await approximate(scorer, table));
    expect(() => decodeScorer(encodeTableModel(model), "s")).toThrow(/^s/);
    fc.assert(
      fc.property(damaged(good), (bytes) => {
        const found = attempt(() => decodeScorer(bytes, "s"));
        if (found !== "refused") expect(found.agreement).toEqual(scorer.agreement);
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("refuses settings that cannot be", async () => {
    await expect(distillScores(engine, model, { ...request, rows: 0 })).rejects.toThrow(/^rows: expected/);
    await expect(distillScores(engine, model, { ...request, learningRate: -1 })).rejects.toThrow(/^learningRate/);
  });
});

describe("rank correlation", () => {
  it("is 1 for the same order, -1 for the reverse, and that of Spearman in between", () => {
    const a = Float64Array.of(1, 2, 3, 4, 5);
    expect(rankCorrelation(a, a.map(Math.exp))).toBe(1);
    expect(rankCorrelation(a, a.toReversed())).toBe(-1);
    // 1 - 6 Σ d² / (n (n² - 1)) with d = (1, -1, 0, 1, -1)
    expect(rankCorrelation(a, Float64Array.of(2, 1, 3, 5, 4))).toBeCloseTo(1 - (6 * 4) / (5 * 24), 12);
  });
});

describe("scoring that is compiled once", () => {
  it("gives what scoreTable gives, table after table", async () => {
    const scoring = await createTableScoring(engine, model);
    const table = smallTable(20, 5);
    const whole = await scoreTable(engine, model, table, { contributions: true });
    expect(await scoring.score(table, { contributions: true })).toEqual(whole);
    const one = await scoring.score(takenCells(table, [0]));
    // A row alone travels by itself: what rounding makes of its steps is within the tolerance.
    expect(one.logDensity[0]).toBeCloseTo(whole.logDensity[0] ?? Number.NaN, 2);
    expect(await scoring.score(takenCells(table, [0]))).toEqual(one);
    const other = await scoring.score(table, { seed: 4 });
    expect(other).toEqual(await scoreTable(engine, model, table, { seed: 4 }));
    await scoring.release();
  });
});
