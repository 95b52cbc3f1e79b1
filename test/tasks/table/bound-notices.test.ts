// bound-notices: what is said of rows beyond the bounds of a schema.
import { describe, expect, it } from "vitest";
import { readCellCsv } from "../../../src/data/cell-csv.ts";
import { boundNotices } from "../../../src/tasks/table/bound-notices.ts";
import type { ColumnOverride } from "../../../src/tasks/table/column-overrides.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";

const table = await readCellCsv(
  [new TextEncoder().encode(`x,y\n-9,1\n${Array.from({ length: 20 }, (_, n) => `${n},${n % 3}\n`).join("")}`)],
  { where: "t.csv" },
);
const noticesWith = (x: Partial<ColumnOverride & { kind: "number" }>) =>
  boundNotices(detectSchema(table, { x: { kind: "number", values: "any", ...x } }), table);

describe("rows beyond the bounds of a schema", () => {
  it("are none where bounds are found, open, or at the outer values", () => {
    expect(boundNotices(detectSchema(table), table)).toEqual([]);
    expect(noticesWith({ minimum: null, maximum: null })).toEqual([]);
    expect(noticesWith({ minimum: -9, maximum: 19 })).toEqual([]);
  });

  it("are counted on each side, with what becomes of drawn values", () => {
    const fate =
      "they are learnt as they are, and drawn values beyond become the nearest inside: those rows pile up there";
    expect(noticesWith({ minimum: 0, maximum: 17 })).toEqual([
      `column "x" has 1 row below its minimum 0 and 2 rows above its maximum 17: ${fate}`,
    ]);
    expect(noticesWith({ maximum: 10 })).toEqual([`column "x" has 9 rows above its maximum 10: ${fate}`]);
  });

  it("are no cells that count as gaps", () => {
    expect(noticesWith({ minimum: 0, gaps: ["-9"] })).toEqual([]);
  });

  it("are drawn too where a column writes observed values alone", () => {
    expect(noticesWith({ values: "observed", minimum: 0 })).toEqual([
      'column "x" has 1 row below its minimum 0: they are learnt and drawn as they are, since the column writes observed values alone: "values": "any" in the schema keeps drawn values inside',
    ]);
  });
});
