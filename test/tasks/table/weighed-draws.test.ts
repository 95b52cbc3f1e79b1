// weighed-draws: draws follow both laws of a model, spread evenly, and give way where they may not stay; best guesses are their centres.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { dimensionStates } from "../../../src/flow/masked.ts";
import { random } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { createMaskedScoring } from "../../../src/tasks/masked.ts";
import { type FittedTable, fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable, type TableImputeRequest } from "../../../src/tasks/table/impute-table.ts";
import { pointsOf } from "../../../src/tasks/table/points.ts";
import {
  candidatesFor,
  candidatesNotes,
  checkCandidates,
  type MeetsTest,
  weighedRows,
} from "../../../src/tasks/table/weighed-draws.ts";
import { quickConfiguration, smallRows, smallTable } from "../../support/small-table.ts";
import { textsOf } from "./table-support.ts";

const { free, given } = dimensionStates;
let engine: Engine;
let fitted: FittedTable;
let d = 0;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  fitted = await fitTable(engine, { table: smallTable(300), seed: 3, configuration: quickConfiguration(100) });
  d = fitted.model.encoder.dimensions.length;
}, 120_000);
afterAll(() => engine.close());

const all: MeetsTest = async (_, places) => new Uint8Array(places.length).fill(1);
const xDimension = () =>
  fitted.model.encoder.dimensions.findIndex(({ column, part }) => column === "x" && part === "value");

/** The same row `draws` times, of which x is to be drawn. */
function copies(draws: number, candidates: number) {
  const row = { side: "right", x: 10.5, count: 23, vip: false, fixed: "same", never: null };
  const table = cellTableOf(Array.from({ length: draws }, () => row));
  const { values } = pointsOf(fitted.model.encoder, table, { key: random(1), middle: true });
  for (let n = 1; n < draws; n++) values.copyWithin(n * d, 0, d);
  const states = new Uint8Array(values.length).fill(given);
  for (let n = 0; n < draws; n++) states[n * d + xDimension()] = free;
  const places = { rows: new Uint32Array(draws), draws: Uint32Array.from({ length: draws }, (_, n) => n), candidates };
  return { points: { values, states }, places };
}

async function drawnX(draws: number, candidates: number, meets: MeetsTest = all) {
  const { points, places } = copies(draws, candidates);
  const values = new Float32Array(draws * d).fill(Number.NaN);
  const found = await weighedRows(engine, fitted.model, points, { places, meets, values }, { seed: 4 });
  return { ...found, x: Array.from({ length: draws }, (_, n) => values[n * d + xDimension()] ?? Number.NaN) };
}

const mean = (list: readonly number[]) => list.reduce((total, value) => total + value, 0) / list.length;

describe("weighed draws", () => {
  it("follow the geometric mean of the law given what is known and that of whole rows", async () => {
    const grid = Array.from({ length: 241 }, (_, n) => -6 + n / 20);
    const { points } = copies(grid.length, 2);
    grid.forEach((x, n) => {
      points.values[n * d + xDimension()] = x;
    });
    const scoring = await createMaskedScoring(engine, fitted.model.density);
    const logs = async (state: Uint8Array) => {
      const found: number[] = [];
      for await (const chunk of scoring.score({ given: points.values, state })) found.push(...chunk.logDensity);
      return found;
    };
    const [conditional, whole] = [await logs(points.states), await logs(new Uint8Array(points.states.length))];
    await scoring.release();
    const momentsOf = (log: (n: number) => number) => {
      const largest = Math.max(...grid.map((_, n) => log(n)));
      const weights = grid.map((_, n) => Math.exp(log(n) - largest));
      const total = weights.reduce((a, b) => a + b, 0);
      const centre = grid.reduce((sum, x, n) => sum + (x * weights[n]!) / total, 0);
      const square = grid.reduce((sum, x, n) => sum + ((x - centre) ** 2 * weights[n]!) / total, 0);
      return { centre, deviation: Math.sqrt(square) };
    };
    const both = momentsOf((n) => (conditional[n]! + whole[n]!) / 2);
    const alone = momentsOf((n) => conditional[n]!);
    const { x } = await drawnX(2000, 2000);
    const deviation = Math.sqrt(mean(x.map((value) => (value - mean(x)) ** 2)));
    const away = Math.abs(both.centre - alone.centre) + Math.abs(both.deviation - alone.deviation);
    expect(away).toBeGreaterThan(0.08);
    expect(Math.abs(mean(x) - both.centre)).toBeLessThan(0.03);
    expect(Math.abs(deviation - both.deviation)).toBeLessThan(0.03);
  });

  it("are the same for the first draws however many there are, and share candidates", async () => {
    const [few, many] = [await drawnX(3, 64), await drawnX(64, 64)];
    expect(many.x.slice(0, 3)).toEqual(few.x);
    expect(many.drawn).toBe(64);
    expect(new Set(many.x).size).toBeGreaterThan(20);
    expect((await drawnX(65, 64)).drawn).toBe(128);
  });

  it("give way to other candidates where they may not stay, and stay open where none may", async () => {
    const below: MeetsTest = async (drawn, places) =>
      Uint8Array.from(places, (place, n) => Number(place !== 5 && drawn[n * d + xDimension()]! < 0.4));
    const { x, open } = await drawnX(30, 64, below);
    expect(open).toEqual([5]);
    expect(x[5]).toBeNaN();
    expect(x.filter((value) => value < 0.4)).toHaveLength(29);
    expect((await drawnX(30, 64)).x.some((value) => value >= 0.4)).toBe(true);
  });
});

describe("imputation", () => {
  const holes = cellTableOf(
    smallRows(60, 9).map((row, n) => ({ ...row, ...(n % 2 === 0 ? { side: null, count: null } : { x: null }) })),
  );

  it("says of how many candidates draws are, fewer where gaps are many, one on demand", async () => {
    expect(await imputeTable(engine, fitted.model, holes, { seed: 2 })).toMatchObject({ candidates: 128, draws: 1 });
    const plain = await imputeTable(engine, fitted.model, holes, { seed: 2, candidates: 1 });
    expect(plain.candidates).toBe(1);
    expect([0, 1024, 4096, 2 ** 17, 2 ** 20].map(candidatesFor)).toEqual([128, 128, 32, 1, 1]);
    expect(plain.notes).toBeUndefined();
    expect([0, 2 ** 13].flatMap(candidatesNotes)).toEqual([]);
    expect(candidatesNotes(2 ** 15)[0]).toContain("only 4 candidates for each row: rows with gaps have 32768 values");
    expect(candidatesNotes(70_000)[0]).toMatch(
      /^draws are kept as they come, 1 candidate for each row: .* 70000 values together, .* at most 131072; --candidates C /,
    );
    for (const candidates of [0, 1.5, 1001])
      await expect(imputeTable(engine, fitted.model, holes, { seed: 2, candidates })).rejects.toThrow(
        `candidates: expected a whole number at least 1 and at most 1000, got ${candidates}`,
      );
  });

  it("guesses the mean of the draws on the column's grid, and the level that most of them have", async () => {
    const draws = 40;
    const table = cellTableOf([...new Map([...recordsOf(holes)].map((row) => [JSON.stringify(row), row])).values()]);
    const drawn = textsOf((await imputeTable(engine, fitted.model, table, { seed: 2, draws })).table);
    const guessed = await imputeTable(engine, fitted.model, table, { seed: 2, draws, best: true });
    expect(guessed).toMatchObject({ draws, unmet: 0, table: { rows: table.rows } });
    const { side = [], x = [], count = [], draw } = textsOf(guessed.table);
    expect(draw).toBeUndefined();
    const before = textsOf(table);
    for (let row = 0; row < table.rows; row++) {
      const own = (name: string) => Array.from({ length: draws }, (_, n) => drawn[name]?.[n * table.rows + row] ?? "");
      for (const [name, cells] of Object.entries({ side, x, count }))
        if (before[name]?.[row] !== undefined) expect(cells[row]).toBe(before[name]?.[row]);
      if (before["x"]?.[row] === undefined)
        expect(Math.abs(Number(x[row]) - mean(own("x").map(Number)))).toBeLessThan(0.000_51);
      if (before["count"]?.[row] !== undefined) continue;
      expect(Math.abs(Number(count[row]) - mean(own("count").map(Number)))).toBeLessThan(0.51);
      const rights = own("side").filter((text) => text === "right").length;
      if (rights !== draws / 2) expect(side[row]).toBe(rights > draws / 2 ? "right" : "left");
    }
  });

  it("guesses the same for rows that are equal, but draws each for itself", async () => {
    const row = { side: null, x: 9.5, count: null, vip: true, fixed: "same", never: null };
    const rows = cellTableOf([row, { ...row, x: 11 }, row, { ...row, side: "left" }, row]);
    const texts = async (wish: TableImputeRequest) =>
      textsOf((await imputeTable(engine, fitted.model, rows, wish)).table);
    const { side = [], count = [] } = await texts({ seed: 4, draws: 20, best: true });
    expect([side[2], side[4], count[2], count[4]]).toEqual([side[0], side[0], count[0], count[0]]);
    expect(count.every((text) => text !== undefined)).toBe(true);
    const drawn = await texts({ seed: 4, draws: 20 });
    const own = (n: number) => Array.from({ length: 20 }, (_, draw) => drawn["count"]?.[5 * draw + n]);
    expect(own(2)).not.toEqual(own(0));
  });

  it("refuses more candidates than can be held at once, and says how many can", () => {
    expect(() => checkCandidates(1000, 2 ** 17)).not.toThrow();
    expect(() => checkCandidates(1, 2 ** 30)).not.toThrow();
    expect(() => checkCandidates(1025, 2 ** 17)).toThrow(
      "candidates: expected at most 1024 for rows with gaps that have 131072 values together, got 1025",
    );
  });
});
