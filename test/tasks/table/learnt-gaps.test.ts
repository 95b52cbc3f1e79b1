// learnt gaps: rows with gaps teach what goes with what as rows without do.
import { afterAll, beforeAll, expect, it } from "vitest";
import { cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { statesInParts } from "../../../src/flow/masked.ts";
import { fillNormal, fillUniform, random, split } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { scoreMasked } from "../../../src/tasks/masked.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { freeSums, pointsOf, presences, spansOf } from "../../../src/tasks/table/points.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";
import type { TableModel } from "../../../src/tasks/table/table-model.ts";

let engine: Engine;
afterAll(() => engine.close());

const rows = 500;
const columns = 8;

/** Columns of one number and noise of a fifth of it, and its sign; half of all cells are gaps. */
function halfEmpty() {
  const key = random("half empty");
  const [noise, gaps] = [new Float32Array(rows * (columns + 1)), new Float32Array(rows * (columns + 1))];
  fillNormal(split(key, "noise"), noise);
  fillUniform(split(key, "gaps"), gaps);
  return Array.from({ length: rows }, (_, row) => {
    const at = row * (columns + 1);
    const whole = noise[at]!;
    const cells = Array.from({ length: columns }, (_, k): [string, unknown] => [
      `x${k}`,
      (whole + 0.2 * noise[at + 1 + k]!).toFixed(3),
    ]);
    const all: [string, unknown][] = [...cells, ["sign", whole > 0 ? "plus" : "minus"]];
    return Object.fromEntries(all.map(([name, cell], k) => [name, gaps[at + k]! < 0.5 ? null : cell]));
  });
}

function correlation(pairs: readonly (readonly [number, number])[]): number {
  const mean = (of: (pair: readonly [number, number]) => number) =>
    pairs.reduce((total, pair) => total + of(pair), 0) / pairs.length;
  const [x, y] = [mean(([a]) => a), mean(([, b]) => b)];
  return mean(([a, b]) => (a - x) * (b - y)) / Math.sqrt(mean(([a]) => (a - x) ** 2) * mean(([, b]) => (b - y) ** 2));
}

const records = halfEmpty();
let model: TableModel;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const { blocks, ...rest } = tableConfiguration({ rows, columns: columns + 1 });
  const configuration = { ...rest, blocks: blocks.map((block) => ({ ...block, iterations: 700 })) };
  model = (await fitTable(engine, { table: cellTableOf(records), seed: 1, configuration })).model;
});

it("rows drawn from a table half of whose cells are gaps have its gaps, and depend as its rows do", async () => {
  const { table } = await sampleTable(engine, model, { rows: 2000, seed: 2 });
  const drawn = [...recordsOf(table)];
  for (const name of Object.keys(records[0]!)) {
    const share = drawn.filter((row) => row[name] === null).length / drawn.length;
    expect(Math.abs(share - 0.5)).toBeLessThan(0.08);
  }
  const [pairs, told] = [[] as [number, number][], { right: 0, asked: 0 }];
  for (const { x0, x1, sign } of drawn as Record<string, number | string | null>[]) {
    if (x0 === null || x1 === null) continue;
    pairs.push([Number(x0), Number(x1)]);
    if (sign === null || Math.abs(Number(x0) + Number(x1)) < 0.6) continue;
    told.asked++;
    told.right += Number(sign === (Number(x0) > 0 ? "plus" : "minus"));
  }
  expect(pairs.length).toBeGreaterThan(300);
  expect(correlation(pairs)).toBeGreaterThan(0.9);
  expect(told.right / told.asked).toBeGreaterThan(0.85);
});

it("a row's density is that of what is missing times that of its values given that", async () => {
  const chosen = cellTableOf(records.slice(0, 20));
  const { logDensity } = await scoreTable(engine, model, chosen);
  const { encoder, density } = model;
  const points = pointsOf(encoder, chosen, { key: split(random(0), "table", "score") });
  const volumes = encoder.logVolumes(chosen, points);
  const sums = new Float64Array(20);
  const d = encoder.dimensions.length;
  for (const state of statesInParts(points, presences(spansOf(encoder)), d)) {
    freeSums(volumes, state, 20).forEach((value, row) => {
      sums[row]! += value;
    });
    let row = 0;
    for await (const chunk of scoreMasked(engine, density, { given: points.values, state }))
      for (const value of chunk.logDensity) sums[row++]! += value;
  }
  expect(logDensity.every((value, row) => Math.abs(value - sums[row]!) < 0.05)).toBe(true);
});

it("a table half of whose cells are gaps is filled by what its rows have in common", async () => {
  const { table } = await imputeTable(engine, model, cellTableOf(records), { seed: 1, draws: 4, candidates: 1 });
  let [right, asked, squares, numbers] = [0, 0, 0, 0];
  [...recordsOf(table)].forEach((filled, place) => {
    const before: Record<string, unknown> = records[place % rows]!;
    const known = Object.entries(before).flatMap(([name, cell]) =>
      name === "sign" || cell === null ? [] : [Number(cell)],
    );
    if (known.length < 3) return;
    const mean = known.reduce((total, value) => total + value, 0) / known.length;
    if (before["sign"] === null && Math.abs(mean) > 0.3) {
      asked++;
      right += Number(filled["sign"] === (mean > 0 ? "plus" : "minus"));
    }
    for (const [name, cell] of Object.entries(before)) {
      if (name === "sign" || cell !== null) continue;
      numbers++;
      squares += (Number(filled[name]) - mean) ** 2;
    }
  });
  expect(asked).toBeGreaterThan(300);
  expect(right / asked).toBeGreaterThan(0.9);
  expect(Math.sqrt(squares / numbers)).toBeLessThan(0.4);
});
