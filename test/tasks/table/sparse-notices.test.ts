// sparse-notices: what is said of columns that hardly have a value.
import { describe, expect, it } from "vitest";
import { columnNotices } from "../../../src/tasks/table/column-notices.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { sparseNotices } from "../../../src/tasks/table/sparse-notices.ts";
import { columnsTable, scattered } from "./table-support.ts";

/** A column "x" with a value in the first so many of some rows, and a gap, spelled so, in the others. */
async function noticesOf(values: number, rows: number, gap = "") {
  const x = scattered(rows, 9000).map((value, row) => (row < values ? String(value / 7) : gap));
  const table = await columnsTable({ x, y: scattered(rows, 500, 2).map(String) });
  return sparseNotices(detectSchema(table), table);
}

describe("columns with few values beside more gaps", () => {
  it("are told with how many rows have a value", async () => {
    expect(await noticesOf(37, 1000)).toEqual([
      'column "x" has a value in 37 of 1000 rows, too few to learn from: what is drawn and imputed there is hardly better than a guess; give more rows with a value, or leave the column out',
    ]);
    expect(await noticesOf(37, 1000, "?")).toHaveLength(1);
    expect(await noticesOf(49, 200)).toHaveLength(1);
  });

  it("are none with fifty values, in small tables with few gaps, and where nothing is learnt", async () => {
    expect(await noticesOf(50, 1000)).toEqual([]);
    expect(await noticesOf(30, 50)).toEqual([]);
    expect(await noticesOf(0, 200)).toEqual([]);
  });

  it("are among the notices of inspect and fit", async () => {
    const table = await columnsTable({ x: scattered(200, 900).map((value, row) => (row < 20 ? `${value}` : "")) });
    const schema = detectSchema(table);
    expect(columnNotices({ schema, sums: [], reports: [] }, { table })).toEqual(sparseNotices(schema, table));
    expect(sparseNotices(schema, table)).toHaveLength(1);
  });
});
