// table-configuration: where fits of tables start by their size, and which coordinates networks read in detail.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { type TableEncoder, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { detailedConfiguration, maskShares, tableConfiguration } from "../../../src/tasks/table/table-configuration.ts";

function encoderOf(records: readonly Readonly<Record<string, unknown>>[]): TableEncoder {
  const table = cellTableOf(records);
  return tableEncoder(detectSchema(table), table);
}

/** Sizes are drawn out over many values; a fifth of them are gaps, a third of the debts are zero. */
const mixed = encoderOf(
  Array.from({ length: 60 }, (_, n) => ({
    size: n % 5 === 0 ? null : 1 + n * n * 0.37,
    color: ["red", "green", "blue"][n % 3],
    debt: n % 3 > 0 ? 0 : 1.5 + n * 0.71,
    paid: n % 7 < 3,
  })),
);
const numbersAlone = encoderOf(Array.from({ length: 60 }, (_, n) => ({ x: n * 1.37, y: Math.cos(n) })));
const detailedOf = (encoder: TableEncoder, rows: number) =>
  detailedConfiguration(tableConfiguration({ rows }), encoder, rows).blocks.map(({ network }) => network.detailed);

describe("the recipe of a small table", () => {
  it("reads frequencies of levels, gaps and numbers of which most are classes of their own, and of no others", () => {
    const found = detailedOf(mixed, 60).map((places) => places?.map((k) => mixed.dimensions[k]));
    const expected = mixed.dimensions.filter(({ column, part }) => part !== "value" || /color|debt|paid/.test(column));
    expect(expected.map(({ part }) => part)).toEqual(["gap", "value", "value", "value"]);
    expect(found).toEqual([expected, expected]);
    expect(detailedOf(numbersAlone, 60)).toEqual([[], []]);
  });

  it("reads a given level as its cell, where its levels lie in one dimension", () => {
    const levelsOf = (encoder: TableEncoder, rows: number) =>
      detailedConfiguration(tableConfiguration({ rows }), encoder, rows).blocks.map(({ network }) => network.levels);
    const [levels, second] = levelsOf(mixed, 60);
    expect(second).toEqual(levels);
    const gap = { column: "size", part: "gap" };
    expect(levels?.map(({ at }) => mixed.dimensions[at])).toEqual([
      gap,
      { column: "color", part: "value" },
      { column: "paid", part: "value" },
    ]);
    const color = levels?.[1]?.edges ?? [];
    expect(color).toHaveLength(2);
    expect(color[0]).toBeCloseTo(-0.4307, 3);
    expect(color[1]).toBeCloseTo(0.4307, 3);
    expect(levelsOf(numbersAlone, 60)).toEqual([undefined, undefined]);
    const [large] = levelsOf(mixed, 2000);
    expect(large?.map(({ at }) => mixed.dimensions[at])).toEqual([gap]);
    expect(levelsOf(numbersAlone, 2000)).toEqual([undefined, undefined]);
  });

  it("reads them of every coordinate from 2000 rows on", () => {
    expect(detailedOf(mixed, 1999)).not.toEqual([undefined, undefined]);
    expect(detailedOf(mixed, 2000)).toEqual([undefined, undefined]);
  });

  it("ends by held-out rows, and leaves values out where there are fewer than 32 rows for each column", () => {
    const [enough, scarce] = [
      tableConfiguration({ rows: 640, columns: 20 }),
      tableConfiguration({ rows: 639, columns: 20 }),
    ];
    for (const { training } of [enough, scarce]) expect(training.earlyStopping).toBe(8);
    expect(enough.blocks.map(({ network }) => network.dropout)).toEqual([undefined, undefined]);
    expect(scarce.blocks.map(({ network }) => network.dropout)).toEqual([0.1, 0.1]);
    expect(tableConfiguration({ rows: 640 })).toEqual(enough);
  });

  it("gives columns in more of the rows of a batch where a table has few rows", () => {
    expect([1999, 2000].map((rows) => maskShares(rows).unconditional)).toEqual([0.3, 0.5]);
  });

  it("leaves alone networks that read no frequencies, or name their coordinates", () => {
    const { blocks, ...rest } = tableConfiguration({ rows: 60 });
    const without = blocks.map(({ network: { frequencies: _, ...network }, ...block }) => ({ ...block, network }));
    expect(detailedConfiguration({ ...rest, blocks: without }, mixed, 60).blocks).toEqual(without);
    const named = blocks.map((block) => ({ ...block, network: { ...block.network, detailed: [0] } }));
    expect(detailedConfiguration({ ...rest, blocks: named }, mixed, 60).blocks).toEqual(named);
  });
});
