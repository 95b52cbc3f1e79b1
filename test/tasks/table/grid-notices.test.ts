// grid-notices: what is said of rows off the grid of a schema.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import type { ColumnOverride } from "../../../src/tasks/table/column-overrides.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { gridNotices } from "../../../src/tasks/table/grid-notices.ts";

const columnOf = (values: readonly (number | string)[]) => cellTableOf(values.map((x) => ({ x: String(x) })));
const noticesOf = (
  values: readonly (number | string)[],
  said: Partial<ColumnOverride & { kind: "number" }>,
): readonly string[] => {
  const table = columnOf(values);
  return gridNotices(detectSchema(table, { x: { kind: "number", ...said } }), table);
};
const multiples = Array.from({ length: 30 }, (_, n) => 7 * n);

describe("rows off the grid of a schema", () => {
  it("are none where the grid is found, or all values are on it", () => {
    const table = columnOf([0.125, 3, 4.5, 1e14]);
    expect(gridNotices(detectSchema(table), table)).toEqual([]);
    expect(noticesOf(multiples, { step: 7 })).toEqual([]);
    expect(noticesOf(multiples, { step: 3.5 })).toEqual([]);
    expect(noticesOf([3, 10, 24], { step: 7 })).toEqual([]);
  });

  it("are none for what float64 rounds", () => {
    expect(
      noticesOf(
        Array.from({ length: 99 }, (_, n) => (0.1 * n).toFixed(1)),
        { step: 0.1 },
      ),
    ).toEqual([]);
    expect(noticesOf(["1000000000000.01", "1000000000000.37", "0.00"], { step: 0.01 })).toEqual([]);
  });

  it("are counted whatever the bounds, with the first of them and what becomes of drawn values", () => {
    const fate =
      'and drawn values become the nearest of the grid: without "step" in the schema it is found in the cells';
    expect(noticesOf([...multiples, 5, 8, 8], { step: 7, minimum: 7, maximum: 70 })).toEqual([
      `column "x" has 3 rows off its grid, such as 5 (steps of 7 from its smallest value 0 on): they are learnt as they are, ${fate}`,
    ]);
    expect(noticesOf([3, 10, 11], { step: 7 })).toEqual([
      `column "x" has 1 row off its grid, 11 (steps of 7 from its smallest value 3 on): it is learnt as it is, ${fate}`,
    ]);
  });

  it("are no cells that count as gaps", () => {
    expect(noticesOf([...multiples, 9], { step: 7, gaps: ["9"] })).toEqual([]);
  });

  it("are drawn too where a column writes observed values alone", () => {
    expect(noticesOf([0, 7, 9], { step: 7, values: "observed" })).toEqual([
      'column "x" has 1 row off its grid, 9 (steps of 7 from its smallest value 0 on): it is learnt and drawn as it is, since the column writes observed values alone: "values": "any" in the schema keeps drawn values on the grid',
    ]);
  });
});
