// read-levels: models of small tables read a given level as its level, wherever its value lies in its cell.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { trainedBlocks } from "../../../src/flow/chain.ts";
import { dimensionStates } from "../../../src/flow/masked.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { sampleMasked } from "../../../src/tasks/masked.ts";
import { type FittedTable, fitTable } from "../../../src/tasks/table/fit-table.ts";
import { tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";
import { decodeTableModel, encodeTableModel, type TableModel } from "../../../src/tasks/table/table-model.ts";
import { smallTable } from "../../support/small-table.ts";

let engine: Engine;
let fitted: FittedTable;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const { blocks, ...rest } = tableConfiguration({ rows: 60 });
  const brief = blocks.map((block) => ({
    ...block,
    network: { ...block.network, hidden: [16] },
    iterations: 40,
  }));
  const configuration = { ...rest, blocks: brief };
  fitted = await fitTable(engine, { table: smallTable(60), seed: 3, label: "side", configuration });
}, 120_000);
afterAll(() => engine.close());

/** Rows drawn given a place of the label alone. */
async function drawnAt({ encoder, density }: TableModel, place: number): Promise<readonly number[]> {
  const [d, rows] = [encoder.dimensions.length, 4];
  const at = encoder.dimensions.findIndex(({ column }) => column === "side");
  const [given, state] = [new Float32Array(rows * d), new Uint8Array(rows * d)];
  for (let row = 0; row < rows; row++) {
    given[row * d + at] = place;
    state[row * d + at] = dimensionStates.given;
  }
  const found: number[] = [];
  for await (const { points } of sampleMasked(engine, density, { given, state, seed: 1 })) found.push(...points.data);
  return found.filter((_, k) => k % d !== at);
}

describe("a small table with a category", () => {
  it("has networks that know the edges between levels, and between gaps and values", () => {
    const { density, encoder } = fitted.model;
    const read = trainedBlocks(density.chain).map(
      ({ network }) => "levels" in network && network.levels?.map(({ at }) => Object.values(encoder.dimensions[at]!)),
    );
    const expected = [
      ["side", "value"],
      ["x", "gap"],
      ["vip", "value"],
    ];
    expect(read).toEqual([expected, expected]);
  });

  it("is drawn from the same wherever a given level lies in its cell, and otherwise from another level", async () => {
    const low = await drawnAt(fitted.model, -1.7);
    expect(await drawnAt(fitted.model, -0.6)).toEqual(low);
    expect(await drawnAt(fitted.model, 1)).not.toEqual(low);
  });

  it("comes back from its file, and is refused where edges do not ascend", async () => {
    const bytes = encodeTableModel(fitted.model);
    expect(await drawnAt(decodeTableModel(bytes), 0.9)).toEqual(await drawnAt(fitted.model, 0.9));
    const { record, ...density } = fitted.model.density;
    const blocks = record.configuration.blocks.map((block) => ({
      ...block,
      network: { ...block.network, levels: [{ at: 0, edges: [0.5, 0.2] }] },
    }));
    const bad = { ...density, record: { ...record, configuration: { ...record.configuration, blocks } } };
    expect(() => decodeTableModel(encodeTableModel({ ...fitted.model, density: bad }))).toThrow(/ascending/);
  });
});
