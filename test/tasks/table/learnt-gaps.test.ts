// learnt gaps: rows with gaps teach what goes with what as rows without do.
import { afterAll, beforeAll, expect, it } from "vitest";
import { cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { fillNormal, fillUniform, random, split } from "../../../src/random.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
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

it("a table half of whose cells are gaps is filled by what its rows have in common", async () => {
  const records = halfEmpty();
  const { blocks, ...rest } = tableConfiguration({ rows, columns: columns + 1 });
  const configuration = { ...rest, blocks: blocks.map((block) => ({ ...block, iterations: 700 })) };
  const { model, report } = await fitTable(engine, { table: cellTableOf(records), seed: 1, configuration });
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
  expect(report.notes).toContainEqual(expect.stringMatching(/^about 100 % of the rows have gaps/));
  expect(asked).toBeGreaterThan(300);
  expect(right / asked).toBeGreaterThan(0.9);
  expect(Math.sqrt(squares / numbers)).toBeLessThan(0.4);
});
