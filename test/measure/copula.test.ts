// copula: rows of independent columns and of a Gaussian copula have the training columns, and the dependence they promise.
import { describe, expect, it } from "vitest";
import { columnShapes } from "../../src/measure/column-shapes.ts";
import type { MeasuredTable } from "../../src/measure/columns-table.ts";
import { gaussianCopulaSteps, independentColumns } from "../../src/measure/copula.ts";
import { random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals } from "../support/repetition.ts";

const gaussianCopula = atOnce(gaussianCopulaSteps);

const valuesOf = (table: MeasuredTable, k: number): Float64Array => {
  const column = table.columns[k];
  return column?.kind === "numeric" ? column.values : Float64Array.from(column?.codes ?? []);
};

/** Spearman's correlation of columns without gaps and ties. */
function rankCorrelation(table: MeasuredTable, i: number, j: number): number {
  const ranks = (values: Float64Array) => {
    const order = Array.from(values.keys()).sort((a, b) => (values[a] ?? 0) - (values[b] ?? 0));
    const places = new Float64Array(values.length);
    order.forEach((row, place) => {
      places[row] = place;
    });
    return places;
  };
  const [a, b] = [ranks(valuesOf(table, i)), ranks(valuesOf(table, j))];
  const squares = a.reduce((sum, rank, row) => sum + (rank - (b[row] ?? 0)) ** 2, 0);
  return 1 - (6 * squares) / (table.rows * (table.rows ** 2 - 1));
}

/** Skewed numbers whose normal scores are correlated by `share`, and by its negative. */
function skewed(rows: number, part: string, share: number): MeasuredTable {
  const [x, noise] = [normals(rows, part, "x"), normals(rows, part, "noise")];
  const y = x.map((value, i) => share * value + Math.sqrt(1 - share ** 2) * (noise[i] ?? 0));
  return tableOf(
    numeric("x", x.map(Math.exp)),
    numeric(
      "y",
      y.map((value) => value ** 3),
    ),
    numeric(
      "z",
      y.map((value) => -value),
    ),
  );
}

describe("rows of independent columns", () => {
  it("have each column's values at its rate, gaps too, and no dependence", () => {
    const train = mixedTable(1000, "t");
    const rows = independentColumns(train).sample(random(1), 4000);
    const { columns } = columnShapes(train, rows);
    for (const { error, chance, gaps } of columns) {
      expect(error.value).toBeLessThan(2.2 * chance);
      expect(Math.abs(gaps.real - gaps.other)).toBeLessThan(0.03);
    }
    const train2 = skewed(1000, "t", 0.9);
    expect(Math.abs(rankCorrelation(independentColumns(train2).sample(random(1), 1000), 0, 1))).toBeLessThan(0.12);
  });
});

describe("a Gaussian copula", () => {
  it("recovers the correlations of normal scores and with them the rank correlations of skewed columns", () => {
    const train = skewed(4000, "t", 0.8);
    const copula = gaussianCopula(train, random(1));
    expect(copula.correlations[1]).toBeCloseTo(0.8, 1);
    expect(copula.correlations[2]).toBeCloseTo(-0.8, 1);
    const rows = copula.sample(random(2), 4000);
    for (const [i, j, sign] of [
      [0, 1, 1],
      [0, 2, -1],
    ] as const) {
      // Spearman's correlation of a Gaussian copula is (6 / pi) asin(rho / 2).
      expect(Math.abs(rankCorrelation(rows, i, j) - (sign * 6 * Math.asin(0.4)) / Math.PI)).toBeLessThan(0.04);
    }
    expect(rankCorrelation(rows, 1, 2)).toBeLessThan(-0.99);
  });

  it("gives values of the training rows only, categories at their frequencies and gaps at their rate", () => {
    const x = normals(2000, "x");
    const train = tableOf(
      numeric(
        "x",
        x.map((value, i) => (i % 5 === 0 ? Number.NaN : Math.round(10 * value))),
      ),
      category(
        "c",
        Array.from(x, (value, i) => (i % 4 === 0 ? null : value > 0.5 ? "high" : "low")),
        ["low", "high"],
      ),
    );
    const rows = gaussianCopula(train, random(1)).sample(random(2), 6000);
    const known = new Set(valuesOf(train, 0));
    for (const value of valuesOf(rows, 0)) expect(known.has(value)).toBe(true);
    for (const { error, chance, gaps } of columnShapes(train, rows).columns) {
      expect(error.value).toBeLessThan(2.2 * chance);
      expect(Math.abs(gaps.real - gaps.other)).toBeLessThan(0.03);
    }
    const [numbers, codes] = [valuesOf(rows, 0), valuesOf(rows, 1)];
    const mean = (code: number) => {
      const found = numbers.filter((value, row) => codes[row] === code && !Number.isNaN(value));
      return found.reduce((sum, value) => sum + value / found.length, 0);
    };
    expect(mean(1)).toBeGreaterThan(mean(0) + 8);
  });

  it("takes constant columns, columns of gaps only, columns that determine each other, and one row", () => {
    const x = normals(100, "x");
    const gaps = new Float64Array(100).fill(Number.NaN);
    const train = tableOf(
      numeric("x", x),
      numeric("same", x),
      numeric(
        "one",
        gaps.map(() => 1),
      ),
      numeric("none", gaps),
    );
    const rows = gaussianCopula(train, random(1)).sample(random(2), 50);
    expect(rankCorrelation(rows, 0, 1)).toBeGreaterThan(0.99);
    expect(new Set(valuesOf(rows, 2))).toEqual(new Set([1]));
    expect(valuesOf(rows, 3).every(Number.isNaN)).toBe(true);
    const single = gaussianCopula(tableOf(numeric("x", [4]), category("c", ["a"])), random(1)).sample(random(2), 3);
    expect([...valuesOf(single, 0)]).toEqual([4, 4, 4]);
    expect(() => gaussianCopula(tableOf(numeric("x", [])), random(1))).toThrow(/at least one row and one column/);
  });

  it("draws the same rows for the same key", () => {
    const train = mixedTable(200, "t");
    for (const generator of [independentColumns(train), gaussianCopula(train, random(1))]) {
      expect(generator.sample(random(5), 40)).toEqual(generator.sample(random(5), 40));
      expect(generator.sample(random(5), 40)).not.toEqual(generator.sample(random(6), 40));
    }
  });
});
