// pair-trends: dependence between columns is compared by closed forms, and seen where columns alone are right.
import { describe, expect, it } from "vitest";
import { columnShapes } from "../../src/measure/column-shapes.ts";
import { takenRows } from "../../src/measure/columns-rows.ts";
import { independentColumns } from "../../src/measure/copula.ts";
import { pairTrendSteps } from "../../src/measure/pair-trends.ts";
import { permutation, random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals, repeated } from "../support/repetition.ts";

const pairTrends = atOnce(pairTrendSteps);

describe("the trend of a pair", () => {
  it("is half the difference of the correlations of two numbers, over rows where both are known", () => {
    const line = (y: readonly number[]) => tableOf(numeric("x", [1, 2, 3, Number.NaN]), numeric("y", y));
    const [up, down, flat] = [line([2, 4, 6, 0]), line([3, 2, 1, 99]), line([7, 7, 7, 8])];
    expect(pairTrends(up, down).pairs).toEqual([
      {
        columns: ["x", "y"],
        kind: "correlation",
        rows: 3,
        error: { value: expect.closeTo(1, 12), standardError: expect.closeTo(0, 6) },
      },
    ]);
    expect(pairTrends(up, flat).mean.value).toBeCloseTo(0.5, 12);
    expect(pairTrends(flat, flat).mean.value).toBe(0);
  });

  it("is the total variation of the joint table of two numbers, gaps being a cell, where no rows know both", () => {
    const none = Number.NaN;
    const line = (x: readonly number[], y: readonly number[]) => tableOf(numeric("x", x), numeric("y", y));
    const apart = line([1, 2, none, none], [none, none, 1, 2]);
    const [same, together] = [
      line([2, 1, none, none], [none, none, 2, 1]),
      line([1, 2, none, none], [1, 2, none, none]),
    ];
    expect(pairTrends(apart, same).pairs).toEqual([
      { columns: ["x", "y"], kind: "contingency", rows: 4, error: { value: 0, standardError: expect.any(Number) } },
    ]);
    expect(pairTrends(apart, together).mean.value).toBe(1);
    expect(pairTrends(together, apart).pairs[0]?.kind).toBe("correlation");
  });

  it("is, of gaps alone, the total variation of which of two columns are gaps, over pairs that have some", () => {
    const none = Number.NaN;
    const table = (x: readonly number[], y: readonly number[]) =>
      tableOf(numeric("x", x), numeric("y", y), category("z", ["l", "r", "l", "r"]));
    const together = table([1, 2, none, none], [3, 4, none, none]);
    const otherwise = table([1, 2, none, none], [3, none, 4, none]);
    expect(pairTrends(together, otherwise).gaps?.value).toBe(0.5);
    expect(pairTrends(together, together).gaps?.value).toBe(0);
    expect(columnShapes(together, otherwise).gaps.value).toBe(0);
    const whole = table([1, 2, 3, 4], [1, 2, 3, 4]);
    expect(pairTrends(whole, whole).gaps).toBeUndefined();
    expect(pairTrends(whole, together).gaps?.value).toBe(0.5);
  });

  it("is the total variation of the joint table of categories, gaps being a cell", () => {
    const pair = (rows: readonly (readonly [string | null, string | null])[]) =>
      tableOf(
        category(
          "a",
          rows.map(([a]) => a),
        ),
        category(
          "b",
          rows.map(([, b]) => b),
        ),
      );
    const real = pair([
      ["l", "l"],
      ["l", "l"],
      ["r", "r"],
      ["r", "r"],
    ]);
    const mixed = pair([
      ["l", "l"],
      ["l", "r"],
      ["r", "l"],
      ["r", "r"],
    ]);
    expect(pairTrends(real, mixed).mean.value).toBe(0.5);
    expect(columnShapes(real, mixed).mean.value).toBe(0);
    const gaps = pair([
      ["l", null],
      ["l", null],
      ["r", "r"],
      ["r", "r"],
    ]);
    expect(pairTrends(real, gaps).mean.value).toBe(0.5);
  });

  it("cuts numbers beside categories into cells of equally many real rows", () => {
    const values = Array.from({ length: 20 }, (_, i) => i);
    const side = (test: (value: number) => boolean) =>
      tableOf(
        numeric("x", values),
        category(
          "c",
          values.map((value) => (test(value) ? "yes" : "no")),
        ),
      );
    const [low, high] = [side((value) => value < 4), side((value) => value >= 4)];
    expect(pairTrends(low, high, { bins: 5 }).mean.value).toBeCloseTo(1, 12);
    // One cell tells nothing of the number: what is left is the shares 0.2 and 0.8 of "yes".
    expect(pairTrends(low, high, { bins: 1 }).mean.value).toBeCloseTo(0.6, 12);
    // With two cells 0 … 9 and 10 … 19, "yes" has 4 and 0 of 20 on one side, 6 and 10 on the other.
    expect(pairTrends(low, high, { bins: 2 }).mean.value).toBeCloseTo((2 / 20 + 10 / 20 + 2 / 20 + 10 / 20) / 2, 12);
  });
});

describe("pair trends", () => {
  it("see independent columns that column shapes do not see", () => {
    const [train, heldOut] = [mixedTable(2000, "train"), mixedTable(2000, "held-out")];
    const shuffled = independentColumns(train).sample(random(1), 2000);
    const shapes = { own: columnShapes(heldOut, shuffled).mean, floor: columnShapes(heldOut, train).mean };
    expect(shapes.own.value - shapes.floor.value).toBeLessThan(2 * shapes.own.standardError);
    const trends = { own: pairTrends(heldOut, shuffled).mean, floor: pairTrends(heldOut, train).mean };
    expect(trends.own.value - trends.floor.value).toBeGreaterThan(20 * trends.own.standardError);
  });

  it("do not depend on the order of rows or columns, on names of categories or on units", () => {
    const [real, other] = [mixedTable(300, "a"), mixedTable(200, "b", 0.4)];
    const { mean, pairs } = pairTrends(real, other);
    expect(pairs.map(({ kind }) => kind)).toEqual(["correlation", "contingency", "contingency"]);
    const turned = (table: typeof real) => ({
      ...table,
      columns: table.columns
        .toReversed()
        .map((column) =>
          column.kind === "category"
            ? { ...column, levels: column.levels.map((level) => `${level}!`) }
            : { ...column, values: column.values.map((value) => 5 - 3 * value) },
        ),
    });
    const [a, b] = [turned(real), takenRows(turned(other), permutation(random(1), 200))];
    // Cells are closed above, so that turning a number round moves values on their borders.
    const again = pairTrends(a, b);
    expect(again.pairs.find(({ kind }) => kind === "correlation")?.error.value).toBeCloseTo(
      pairs[0]?.error.value ?? 0,
      10,
    );
    expect(Math.abs(again.mean.value - mean.value)).toBeLessThan(0.02);
    const sameUnits = { ...other, columns: other.columns.toReversed() };
    expect(pairTrends(real, sameUnits).mean).toEqual(mean);
    expect(pairTrends(real, real).mean.value).toBe(0);
  });

  it("report errors that are the scatter where dependence differs", () => {
    const correlated = (rows: number, part: string, share: number) => {
      const [x, noise] = [normals(rows, part, "x"), normals(rows, part, "noise")];
      const y = x.map((value, i) => share * value + Math.sqrt(1 - share ** 2) * (noise[i] ?? 0));
      const sign = category(
        "s",
        Array.from(y, (value) => (value > 0 ? "+" : "-")),
      );
      return tableOf(numeric("x", x), numeric("y", y), sign);
    };
    const { honesty } = repeated(
      80,
      (n) => pairTrends(correlated(300, `a${n}`, 0.8), correlated(200, `b${n}`, 0.1)).mean,
    );
    expect(honesty).toBeGreaterThan(0.75);
    expect(honesty).toBeLessThan(1.4);
  });

  it("look at no more pairs than asked, and say how many there are", () => {
    const [real, other] = [mixedTable(50, "a"), mixedTable(50, "b")];
    const all = pairTrends(real, other);
    const some = pairTrends(real, other, { pairs: 2, seed: 3 });
    expect([some.pairs.length, some.total]).toEqual([2, 3]);
    for (const pair of some.pairs) expect(all.pairs).toContainEqual(pair);
    expect(pairTrends(tableOf(numeric("x", [1, 2])), tableOf(numeric("x", [1, 2]))).mean.value).toBe(0);
    expect(() => pairTrends(real, other, { bins: 0 })).toThrow(
      /pair trends: bins: expected a whole number from 1, got 0/,
    );
  });
});
