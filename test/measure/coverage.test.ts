// coverage: ranges, categories and neighbourhoods that a table reaches, by closed forms and by what must hold.
import { describe, expect, it } from "vitest";
import { takenRows } from "../../src/measure/columns-rows.ts";
import { coverageSteps } from "../../src/measure/coverage.ts";
import { permutation, random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";

const tableCoverage = atOnce(coverageSteps);

describe("coverage", () => {
  it("of ranges is what is not missing at both ends", () => {
    const range = (real: readonly number[], other: readonly number[]) =>
      tableCoverage(tableOf(numeric("x", real)), tableOf(numeric("x", other))).ranges.mean.value;
    expect(range([0, 10, 5], [2, 7])).toBeCloseTo(0.5, 12);
    expect(range([0, 10], [-5, 20])).toBe(1);
    expect(range([0, 10], [11, 12])).toBe(0);
    expect(range([0, 10], [Number.NaN, 4])).toBe(0);
    expect([range([3, 3], [2, 4]), range([3, 3], [4, 5])]).toEqual([1, 0]);
  });

  it("of categories is the share of the real levels that occur, whatever their codes and further levels", () => {
    const real = tableOf(
      category("c", ["a", "b", "c", "c"], ["unused", "a", "b", "c"]),
      category("d", ["x", "x", null, "x"]),
    );
    const other = tableOf(category("d", ["x", "y"]), category("c", ["c", "a"], ["b", "c", "a"]));
    const { columns, mean } = tableCoverage(real, other).categories;
    expect(columns).toEqual([
      { column: "c", share: 2 / 3 },
      { column: "d", share: 1 },
    ]);
    expect(mean.value).toBeCloseTo(5 / 6, 12);
    // Three levels that occur once, each missing from fresh rows with probability 1/e.
    const one = Math.exp(-1) * (1 - Math.exp(-1));
    expect(mean.standardError).toBeCloseTo(Math.sqrt((2 * one) / 9 + one) / 2, 12);
  });

  it("is complete for a table of the same rows in another order", () => {
    const table = mixedTable(200, "a");
    const { ranges, categories, neighbourhoods } = tableCoverage(table, takenRows(table, permutation(random(1), 200)));
    expect([ranges.mean.value, categories.mean.value]).toEqual([1, 1]);
    const { precision, recall, coverage, density } = neighbourhoods;
    expect([precision.value, recall.value, coverage.value]).toEqual([1, 1, 1]);
    // Every row lies in its own neighbourhood, and in five others on average.
    expect(density.value).toBeCloseTo(1.2, 1);
  });

  it("of neighbourhoods is that of the literature for two samples of one law", () => {
    const { precision, recall, density, coverage, rows } = tableCoverage(
      mixedTable(1500, "a"),
      mixedTable(1200, "b"),
    ).neighbourhoods;
    expect(rows).toBe(1200);
    expect(Math.abs(density.value - 1)).toBeLessThan(0.08);
    // The chance that the nearest of n other rows is nearer than the fifth of n own ones: 1 - 2^-5.
    expect(Math.abs(coverage.value - (1 - 2 ** -5))).toBeLessThan(4 * coverage.standardError);
    for (const share of [precision, recall]) expect(share.value).toBeGreaterThan(0.95);
  });

  it("tells implausible rows by precision and missing kinds of rows by recall", () => {
    const real = mixedTable(600, "real");
    const far = tableCoverage(real, mixedTable(600, "far", 40)).neighbourhoods;
    expect(far.coverage.value).toBeLessThan(0.05);
    const other = mixedTable(2000, "other");
    const [x] = other.columns;
    const middle = Array.from({ length: 2000 }, (_, row) => row).filter(
      (row) => x?.kind === "numeric" && Math.abs(x.values[row] ?? 9) < 0.3,
    );
    const narrow = tableCoverage(
      takenRows(
        real,
        Array.from({ length: middle.length }, (_, i) => i),
      ),
      takenRows(other, middle),
    );
    expect(narrow.neighbourhoods.precision.value).toBeGreaterThan(0.9);
    expect(narrow.neighbourhoods.recall.value).toBeLessThan(0.6);
    expect(narrow.ranges.mean.value).toBeLessThan(0.7);
  });

  it("gives the same for the same seed, and refuses nonsense", () => {
    const [a, b] = [mixedTable(300, "a"), mixedTable(300, "b")];
    expect(tableCoverage(a, b, { rows: 100, seed: 4 })).toEqual(tableCoverage(a, b, { rows: 100, seed: 4 }));
    expect(() => tableCoverage(a, b, { neighbours: 0 })).toThrow(/neighbours: expected 1 or more, got 0/);
    expect(() => tableCoverage(a, b, { rows: 1 })).toThrow(/rows: expected a whole number from 2, got 1/);
  });
});
