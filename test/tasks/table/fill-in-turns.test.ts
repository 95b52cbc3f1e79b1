// fill in turns: rows are filled like all rows that tell of a column, not like complete rows, nor by columns never known beside it.
import { afterAll, beforeAll, expect, it } from "vitest";
import { cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { fillNormal, fillUniform, random, split } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";
import { decodeTableModel, encodeTableModel, type TableModel } from "../../../src/tasks/table/table-model.ts";

let engine: Engine;
afterAll(() => engine.close());

const rows = 500;
type Row = Record<string, number | null>;

/** `up` follows x and `down` is against it, one of which is there; `late` follows x too, and is there for two thirds, most for small x. */
function made(): readonly Row[] {
  const [noise, coins] = [new Float32Array(2 * rows), new Float32Array(2 * rows)];
  fillNormal(split(random("turns"), "noise"), noise);
  fillUniform(split(random("turns"), "coins"), coins);
  return Array.from({ length: rows }, (_, row) => {
    const x = Math.round(1000 * noise[2 * row]!) / 1000;
    const near = (value: number) => Math.round(1000 * (value + 0.1 * noise[2 * row + 1]!)) / 1000;
    const isUp = coins[2 * row]! < 0.5;
    const isLate = coins[2 * row + 1]! < 1 / (1 + Math.exp(3 * x - 1));
    return { x, up: isUp ? near(x) : null, down: isUp ? null : near(-x), late: isLate ? near(x) : null };
  });
}

const records = made();
const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
let model: TableModel;
let notes: readonly string[];
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const { blocks, ...rest } = tableConfiguration({ rows, columns: 4 });
  const configuration = { ...rest, blocks: blocks.map((block) => ({ ...block, iterations: 900 })) };
  const fitted = await fitTable(engine, { table: cellTableOf(records), seed: 1, configuration });
  model = fitted.model;
  notes = fitted.report.notes;
}, 180_000);

async function filled(rowsToFill: readonly Row[], draws = 1): Promise<readonly Row[]> {
  const request = { seed: 3, draws, candidates: 16 };
  return [...recordsOf((await imputeTable(engine, model, cellTableOf(rowsToFill), request)).table)] as readonly Row[];
}

it("columns that no row knew both of are said, kept in the file, and filled without each other", async () => {
  expect(notes.join()).toContain('no row has both "up" and "down"');
  const read = decodeTableModel(encodeTableModel(model));
  expect(read.neverTogether).toEqual([["up", "down"]]);
  const bytes = encodeTableModel({ ...model, neverTogether: [["up", "x"]] });
  expect(() => decodeTableModel(bytes)).toThrow("pairs of columns with gaps");
  const asked = records.slice(0, 120).filter(({ late }) => late !== null);
  const errors = (await filled(asked)).flatMap(({ x, up, down }) => [Number(up) - Number(x), Number(down) + Number(x)]);
  expect(Math.sqrt(mean(errors.map((error) => error ** 2)))).toBeLessThan(0.35);
});

it("both of them are filled where both are missing", async () => {
  const asked = records.slice(0, 60).map((row): Row => ({ ...row, up: null, down: null }));
  const errors = (await filled(asked)).flatMap(({ x, up, down }) => [Number(up) - Number(x), Number(down) + Number(x)]);
  expect(errors.every(Number.isFinite)).toBe(true);
  expect(Math.sqrt(mean(errors.map((error) => error ** 2)))).toBeLessThan(0.35);
});

it("a column that every row knew is filled as it is in all rows, not in complete ones, and otherwise in each draw", async () => {
  const all = mean(records.map(({ x }) => Number(x)));
  const complete = mean(records.filter(({ late }) => late !== null).map(({ x }) => Number(x)));
  expect(all - complete).toBeGreaterThan(0.3);
  const empty = Array.from({ length: 200 }, (): Row => ({ x: null, up: null, down: null, late: null }));
  const found = await filled(empty, 2);
  expect(found).toHaveLength(400);
  expect(Math.abs(mean(found.map(({ x }) => Number(x))) - all)).toBeLessThan(0.5 * (all - complete));
  const same = found.slice(0, 200).filter(({ x }, row) => x === found[200 + row]?.x);
  expect(same.length).toBeLessThan(20);
});
