// small-tables: noise inside the measuring steps, order, parts and scale.
import { describe, expect, it } from "vitest";
import type { NumericTable } from "../../../src/data/numeric-table.ts";
import { isSmallTable, type SmallTableName, smallTable, smallTables } from "../../../src/data/tables/small-tables.ts";
import { floats } from "../../../src/tensor/array.ts";

const count = 1000;

/** Rows whose first value tells them apart, in the steps of a table. */
function synthetic(name: SmallTableName): NumericTable {
  const columns = Object.keys(smallTables[name].steps);
  const steps = Object.values(smallTables[name].steps);
  const cells = Array.from({ length: count * columns.length }, (_, i) => {
    const [row, k] = [Math.floor(i / columns.length), i % columns.length];
    return (k === 0 ? row : (row * (k + 3)) % 17) * steps[k]!;
  });
  return { columns, rows: floats(cells, [count, columns.length]), ignored: [] };
}

/** The rows of all parts in the units of the file. */
function unscaled(name: SmallTableName, seed: number): number[][] {
  const { train, validation, test, scaling, columns } = smallTable(name, synthetic(name), seed);
  const all = [train, validation, test].flatMap(({ data }) => [...data]);
  const values = all.map((value, i) => {
    const k = i % columns.length;
    return scaling!.mean[k]! + value * scaling!.deviation[k]!;
  });
  return Array.from({ length: count }, (_, row) => values.slice(row * columns.length, (row + 1) * columns.length));
}

describe("small tables", () => {
  it("add noise that fills each step evenly and leaves it nowhere", () => {
    for (const name of ["letter", "diamonds"] as const) {
      const { columns, rows } = synthetic(name);
      const steps = Object.values(smallTables[name].steps);
      const offsets = unscaled(name, 1).flatMap((row) => {
        const from = Math.floor(row[0]! / steps[0]! + 1e-4);
        return row.map((value, k) => (value - rows.data[from * columns.length + k]!) / steps[k]!);
      });
      for (const offset of offsets) expect(Math.abs(offset - 0.5)).toBeLessThan(0.5 + 1e-3);
      const mean = offsets.reduce((a, b) => a + b, 0) / offsets.length;
      expect(Math.abs(mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * offsets.length));
    }
  });

  it("put every row once into a part, in an order and with noise that the seed alone decides", () => {
    const first = unscaled("letter", 3);
    const places = first.map((row) => Math.floor(row[0]!));
    expect([...places].sort((a, b) => a - b)).toEqual(Array.from({ length: count }, (_, i) => i));
    expect(places.slice(0, 50)).not.toEqual(Array.from({ length: 50 }, (_, i) => i));
    expect(unscaled("letter", 3)).toEqual(first);
    expect(unscaled("letter", 4).map((row) => Math.floor(row[0]!))).not.toEqual(places);
  });

  it("scale by the training rows and keep the last tenths apart", () => {
    const { train, validation, test, notes } = smallTable("shuttle", synthetic("shuttle"), 5);
    expect([train, validation, test].map(({ shape }) => shape)).toEqual([
      [810, 9],
      [90, 9],
      [100, 9],
    ]);
    for (let k = 0; k < 9; k++) {
      const column = train.data.filter((_, i) => i % 9 === k);
      const mean = column.reduce((a, b) => a + b, 0) / 810;
      const square = column.reduce((a, b) => a + b * b, 0) / 810;
      expect(Math.abs(mean)).toBeLessThan(1e-6);
      expect(Math.abs(square - 1)).toBeLessThan(1e-5);
    }
    expect(notes.join()).toContain("1000 rows (810 for training, 90 for validation, 100 for the test)");
    expect(notes.join()).toContain("the usual one 58000");
  });

  it("are told from other names", () => {
    expect(["letter", "power", "toString", ""].map(isSmallTable)).toEqual([true, false, false, false]);
  });

  it("refuse other columns, and values between the steps", () => {
    const { columns, rows, ignored } = synthetic("diamonds");
    expect(() => smallTable("satellite", { columns, rows, ignored }, 1)).toThrow("satellite: expected the columns x.1");
    const between = rows.data.slice();
    between[7 * 5 + 3] = 2.5;
    expect(() => smallTable("diamonds", { columns, rows: floats(between, rows.shape), ignored }, 1)).toThrow(
      'row 6 column "price": expected a multiple of 1, got 2.5',
    );
  });
});
