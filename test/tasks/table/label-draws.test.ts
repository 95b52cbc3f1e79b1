// label-draws: a model with a label draws it first, in the shares of the training rows.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf, cellText } from "../../../src/data/cell-table.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import type { TableModel } from "../../../src/tasks/table/table-model.ts";
import { untrainedTable } from "../../support/untrained-table.ts";

const shares = { rare: 0.05, some: 0.25, most: 0.7 };
const kindOf = (n: number) => (n % 20 === 0 ? "rare" : n % 4 === 1 ? "some" : "most");
const records = (gaps: boolean) =>
  Array.from({ length: 200 }, (_, n) => ({ x: Math.sin(n) * 10, kind: gaps && n % 10 === 3 ? null : kindOf(n) }));
const model: TableModel = { ...untrainedTable(cellTableOf(records(false))), label: "kind" };

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

async function kindsOf(from: TableModel, rows: number, seed: number): Promise<readonly (string | undefined)[]> {
  const { table } = await sampleTable(engine, from, { rows, seed });
  const column = table.columns.find(({ name }) => name === "kind")!;
  return Array.from({ length: rows }, (_, row) => cellText(column, row));
}

/** How far the shares of the levels are from those of training, in rows. */
function farthest(kinds: readonly (string | undefined)[]): number {
  const misses = Object.entries(shares).map(
    ([level, share]) => kinds.filter((kind) => kind === level).length - share * kinds.length,
  );
  return Math.max(...misses.map(Math.abs));
}

describe("rows of a model with a label", () => {
  it("have its levels as often as the training rows, to one row or two, however many are drawn", async () => {
    for (const rows of [20, 100, 777])
      for (const seed of [1, 2, 3]) expect(farthest(await kindsOf(model, rows, seed))).toBeLessThan(2.5);
  });

  it("stay the same when more are drawn, and differ from seed to seed", async () => {
    const few = await kindsOf(model, 40, 1);
    expect((await kindsOf(model, 100, 1)).slice(0, 40)).toEqual(few);
    expect(await kindsOf(model, 40, 2)).not.toEqual(few);
  });

  it("are drawn as a whole where the label may be a gap", async () => {
    const holes: TableModel = { ...untrainedTable(cellTableOf(records(true))), label: "kind" };
    expect(await kindsOf(holes, 40, 1)).toEqual(await kindsOf(untrainedTable(cellTableOf(records(true))), 40, 1));
  });
});
