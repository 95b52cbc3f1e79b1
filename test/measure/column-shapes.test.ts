// column-shapes: distances of columns are those of closed forms, ignore what should not matter, and know their own error.
import { describe, expect, it } from "vitest";
import { columnShapes } from "../../src/measure/column-shapes.ts";
import { takenRows } from "../../src/measure/columns-rows.ts";
import type { MeasuredColumn } from "../../src/measure/columns-table.ts";
import { permutation, random } from "../../src/random.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals, repeated } from "../support/repetition.ts";

const shapeOf = (real: MeasuredColumn, other: MeasuredColumn) => {
  const [shape] = columnShapes(tableOf(real), tableOf(other)).columns;
  if (shape === undefined) throw new Error("there is a column");
  return shape;
};
const numbers = (real: readonly number[], other: readonly number[]) =>
  shapeOf(numeric("x", real), numeric("x", other)).error.value;
const letters = (text: string) =>
  category(
    "c",
    [...text].map((letter) => (letter === "." ? null : letter)),
  );

describe("the shape error of a column of numbers", () => {
  it("is the largest difference of the cumulative shares, ties and all", () => {
    expect(numbers([1, 2, 3, 4], [3, 4, 5, 6])).toBe(0.5);
    expect(numbers([0, 0, 0, 1], [0, 1, 1, 1])).toBe(0.5);
    expect(numbers([1, 2, 3], [1, 1, 2, 2, 3, 3])).toBe(0);
    expect(numbers([1, 2], [3, 4, 5])).toBe(1);
    expect(numbers([2, 2, 2, 2, 2], [1, 2, 2, 3, 3])).toBeCloseTo(0.4, 12);
  });

  it("does not look at gaps, whose rates stand beside it with the error of a difference of shares", () => {
    const [gap, one, two] = [Number.NaN, 1, 2];
    const { error, gaps } = shapeOf(numeric("x", [gap, one, gap, two, gap]), numeric("x", [two, one, one, two, gap]));
    expect(error.value).toBe(0);
    expect([gaps.real, gaps.other]).toEqual([0.6, expect.closeTo(0.2, 12)]);
    expect(gaps.difference.value).toBeCloseTo(0.4, 12);
    expect(gaps.difference.standardError).toBeCloseTo(Math.sqrt((0.6 * 0.4 + 0.2 * 0.8) / 4), 12);
  });

  it("is 1 where one table alone has no value, and 0 where both have none", () => {
    const [gap, known] = [
      [Number.NaN, Number.NaN],
      [1, 2],
    ];
    expect([numbers(gap, known), numbers(known, gap), numbers(gap, gap)]).toEqual([1, 1, 0]);
  });
});

describe("the shape error of a column of categories", () => {
  it("is half the summed differences of the shares of known values, by level and not by code", () => {
    expect(shapeOf(letters("aaaaaabbbc"), letters("ddddaaabbb")).error.value).toBeCloseTo(0.4, 12);
    expect(shapeOf(letters("ab.."), letters("aabb")).error.value).toBe(0);
    expect(shapeOf(category("c", ["a", "b"], ["a", "b"]), category("c", ["b", "a"], ["z", "b", "a"])).error.value).toBe(
      0,
    );
    expect(shapeOf(letters("ab"), letters("cd")).error.value).toBe(1);
  });
});

describe("column shapes", () => {
  it("do not depend on the order of rows or columns, on names of categories or on units", () => {
    const [real, other] = [mixedTable(300, "a"), mixedTable(200, "b", 0.4)];
    const { mean, gaps } = columnShapes(real, other);
    const turned = takenRows({ ...other, columns: other.columns.toReversed() }, permutation(random(1), 200));
    const renamed = (table: typeof real) => ({
      ...table,
      columns: table.columns.map((column) =>
        column.kind === "category"
          ? { ...column, levels: column.levels.map((level) => `${level}!`) }
          : { ...column, values: column.values.map((value) => Math.exp(value / 3)) },
      ),
    });
    for (const [a, b] of [
      [real, turned],
      [renamed(real), renamed(other)],
      [other, real],
    ] as const) {
      const found = columnShapes(a, b);
      expect(found.mean.value).toBeCloseTo(mean.value, 12);
      expect(found.mean.standardError).toBeCloseTo(mean.standardError, 12);
      expect(found.gaps.value).toBeCloseTo(gaps.value, 12);
    }
  });

  it("are 0 between equal tables", () => {
    const table = mixedTable(100, "a");
    expect(columnShapes(table, table).mean.value).toBe(0);
  });

  it("report errors that are the scatter where laws differ, of a column and of the mean of dependent ones", () => {
    for (const shift of [0.5, 1]) {
      const { honesty } = repeated(
        80,
        (n) => columnShapes(mixedTable(200, `a${n}`), mixedTable(150, `b${n}`, shift)).mean,
      );
      expect(honesty).toBeGreaterThan(0.75);
      expect(honesty).toBeLessThan(1.4);
    }
    const twice = tableOf(numeric("x", normals(100, "x")), numeric("y", normals(100, "x")));
    const moved = tableOf(numeric("x", normals(100, "z")), numeric("y", normals(100, "z")));
    const { columns, mean } = columnShapes(twice, moved);
    expect(mean.standardError).toBeCloseTo(columns[0]?.error.standardError ?? 0, 12);
  });

  it("say what chance gives: the mean error of two samples of one law", () => {
    const text = (part: string) =>
      category(
        "c",
        Array.from(normals(200, part), (x) => (x > 1 ? "a" : x > 0 ? "b" : "c")),
      );
    const draw = (make: (part: string) => MeasuredColumn) =>
      Array.from({ length: 100 }, (_, n) => shapeOf(make(`a${n}`), make(`b${n}`)));
    for (const shapes of [draw((part) => numeric("x", normals(200, part))), draw(text)]) {
      const mean = shapes.reduce((sum, { error }) => sum + error.value / 100, 0);
      expect(mean / (shapes[0]?.chance ?? 0)).toBeGreaterThan(0.85);
      expect(mean / (shapes[0]?.chance ?? 0)).toBeLessThan(1.12);
    }
  });

  it("refuse tables that do not match and tables of one row", () => {
    const table = mixedTable(10, "a");
    expect(() => columnShapes(table, tableOf(numeric("x", [1, 2])))).toThrow(
      /column "y": expected a column of this name/,
    );
    expect(() => columnShapes(tableOf(letters("ab")), tableOf(numeric("c", [1, 2])))).toThrow(/expected categories/);
    expect(() => columnShapes(table, takenRows(table, [0]))).toThrow(/at least 2 rows of each table, got 10 and 1/);
  });
});
