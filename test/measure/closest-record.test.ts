// closest-record: nearest rows are found exactly, and copies of training rows are caught where fresh rows are not.
import { describe, expect, it } from "vitest";
import { closestSteps, identicalRows } from "../../src/measure/closest-record.ts";
import { distanceUpTo, rowPoints } from "../../src/measure/closest-record-space.ts";
import { nearestSteps } from "../../src/measure/closest-record-tree.ts";
import { stackedTables, takenRows } from "../../src/measure/columns-rows.ts";
import { membershipSteps } from "../../src/measure/membership.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { repeated } from "../support/repetition.ts";

const closestRecords = atOnce(closestSteps);
const nearestRows = atOnce(nearestSteps);
const membershipInference = atOnce(membershipSteps);
const rowDistance = (a: Float32Array, i: number, b: Float32Array, j: number, d: number) =>
  distanceUpTo(Number.POSITIVE_INFINITY, a, i, b, j, d);

const places = (from: number, to: number) => Array.from({ length: to - from }, (_, i) => from + i);

describe("the distance of two rows", () => {
  const first = tableOf(numeric("x", [10, 20, 20, 1000]), category("c", ["a", "b", "b", "a"]));
  const second = tableOf(
    numeric("x", [15, Number.NaN, -1e9, 1e9, Number.NaN]),
    category("c", ["b", "z", null, null, "y"]),
  );
  const { points, dimension } = rowPoints([first, second]);
  const [a = new Float32Array(), b = new Float32Array()] = points;

  it("is the difference of places among the values of both tables", () => {
    // Places: -1e9 1/14, 10 3/14, 15 5/14, 20 8/14, 1000 11/14, 1e9 13/14.
    expect(dimension).toBe(2);
    expect(rowDistance(a, 0, a, 3, 2)).toBeCloseTo(8 / 14, 6);
    expect(rowDistance(a, 1, a, 2, 2)).toBe(0);
    expect(rowDistance(a, 1, b, 0, 2)).toBeCloseTo(3 / 14, 6);
  });

  it("is 1 for each other category, 1 from a gap to a value and 0 from gap to gap", () => {
    expect(rowDistance(a, 0, a, 1, 2)).toBeCloseTo(5 / 14 + 1, 6);
    expect([rowDistance(a, 0, b, 1, 2), rowDistance(a, 3, b, 1, 2)]).toEqual([2, 2]);
    expect(rowDistance(a, 0, b, 2, 2)).toBeCloseTo(2 / 14 + 1, 6);
    expect(rowDistance(b, 1, b, 4, 2)).toBe(1);
    expect(rowDistance(b, 2, b, 3, 2)).toBeCloseTo(12 / 14, 6);
  });
});

describe("nearest rows", () => {
  it("are those of looking at all pairs, with categories, gaps and equal rows", () => {
    const mixed = (part: string) => {
      const table = mixedTable(400, part);
      return stackedTables(table, takenRows(table, places(0, 50)));
    };
    const [a = new Float32Array(), b = new Float32Array()] = rowPoints([mixed("a"), mixed("b")]).points;
    const { distances, rows } = nearestRows(a, b, 3, 4);
    for (let row = 0; row < 450; row++) {
      const all = Float64Array.from({ length: 450 }, (_, i) => rowDistance(b, row, a, i, 3)).sort();
      expect(distances.slice(4 * row, 4 * row + 4)).toEqual(all.slice(0, 4));
      for (let k = 0; k < 4; k++)
        expect(rowDistance(b, row, a, rows[4 * row + k] ?? -1, 3)).toBe(distances[4 * row + k]);
      expect(new Set(rows.slice(4 * row, 4 * row + 4)).size).toBe(4);
    }
  });

  it("are few where there are few points, also where all are equal", () => {
    const found = nearestRows(Float32Array.of(1, 1, 1), Float32Array.of(1, 3), 1, 4);
    expect([...found.distances]).toEqual([0, 0, 0, Number.POSITIVE_INFINITY, 1, 1, 1, Number.POSITIVE_INFINITY]);
    expect(found.rows[3]).toBe(-1);
    expect(nearestRows(new Float32Array(1000), Float32Array.of(0), 1).distances[0]).toBe(0);
  });
});

describe("distances to closest records", () => {
  it("are 1/2 for fresh rows of the law, with standard errors that are the scatter", () => {
    const draw = (n: number) =>
      closestRecords({
        train: mixedTable(150, `t${n}`),
        heldOut: mixedTable(150, `h${n}`),
        synthetic: mixedTable(300, `s${n}`),
      });
    const records = Array.from({ length: 60 }, (_, n) => draw(n));
    for (const pick of ["closerToTrain", "nearness"] as const) {
      const { mean, scatter, honesty } = repeated(60, (n) => records[n]?.[pick] ?? { value: 0, standardError: 0 });
      expect(Math.abs(mean - 0.5)).toBeLessThan((4 * scatter) / Math.sqrt(60));
      expect(honesty).toBeGreaterThan(0.7);
      expect(honesty).toBeLessThan(1.4);
    }
  });

  it("catch copies, and copies among fresh rows by their share", () => {
    const [train, heldOut, fresh] = [mixedTable(400, "t"), mixedTable(400, "h"), mixedTable(400, "s")];
    const copied = closestRecords({ train, heldOut, synthetic: train });
    expect(copied.closerToTrain.value).toBe(1);
    expect(copied.nearness.value).toBeCloseTo(1, 12);
    expect(copied.distance.synthetic).toEqual({ low: 0, median: 0 });
    expect(copied.distance.heldOut.median).toBeGreaterThan(0);
    const half = stackedTables(takenRows(train, places(0, 200)), takenRows(fresh, places(0, 200)));
    const { closerToTrain } = closestRecords({ train, heldOut, synthetic: half });
    expect(Math.abs(closerToTrain.value - 0.75)).toBeLessThan(0.08);
    expect(closerToTrain.value - 0.5).toBeGreaterThan(5 * closerToTrain.standardError);
  });

  it("do not depend on units, on the order of columns or on codes, and look at equally many real rows", () => {
    const tables = { train: mixedTable(120, "t"), heldOut: mixedTable(90, "h"), synthetic: mixedTable(50, "s") };
    const found = closestRecords(tables, { seed: 1 });
    expect(found.rows).toEqual({ real: 90, synthetic: 50 });
    const other = (table: typeof tables.train) => ({
      ...table,
      columns: table.columns.map((column) =>
        column.kind === "numeric"
          ? { ...column, values: column.values.map((value) => 8 * value) }
          : { ...column, levels: ["new", ...column.levels], codes: column.codes.map((code) => code + 1) },
      ),
    });
    const scaled = { train: other(tables.train), heldOut: other(tables.heldOut), synthetic: tables.synthetic };
    const reversed = other(tables.synthetic);
    expect(
      closestRecords({ ...scaled, synthetic: { ...reversed, columns: reversed.columns.toReversed() } }, { seed: 1 }),
    ).toEqual(found);
    expect(() => closestRecords(tables, { rows: 0.5 })).toThrow(/rows: expected a whole number from 2/);
  });
});

describe("identical rows", () => {
  it("are counted among synthetic and among held-out rows, gaps and levels as they are", () => {
    const table = (x: readonly number[], c: readonly (string | null)[], levels?: readonly string[]) =>
      tableOf(numeric("x", x), category("c", c, levels));
    const train = table([1, 2, Number.NaN, 4], ["a", "b", "a", null], ["a", "b"]);
    const heldOut = table([1, 2], ["b", "b"], ["b", "a"]);
    const synthetic = table([1, 2, Number.NaN, 4, 4], ["a", "new", "a", null, "new"], ["new", "a"]);
    const { synthetic: own, heldOut: expected } = identicalRows({ train, heldOut, synthetic });
    expect(own.value).toBeCloseTo(3 / 5, 12);
    expect(own.standardError).toBeCloseTo(Math.sqrt((0.6 * 0.4) / 5), 12);
    expect(expected.value).toBe(0.5);
  });
});

describe("membership inference", () => {
  it("learns nothing from fresh rows, with standard errors that are the scatter", () => {
    const found = Array.from({ length: 60 }, (_, n) =>
      membershipInference({
        train: mixedTable(200, `t${n}`),
        heldOut: mixedTable(200, `h${n}`),
        synthetic: mixedTable(300, `s${n}`),
      }),
    );
    for (const [pick, expected] of [
      ["auc", 0.5],
      ["atOnePercent", 0.01],
    ] as const) {
      const { mean, scatter, honesty } = repeated(60, (n) => found[n]?.[pick] ?? { value: 0, standardError: 0 });
      expect(Math.abs(mean - expected)).toBeLessThan((4 * scatter) / Math.sqrt(60));
      expect(honesty).toBeGreaterThan(0.6);
      expect(honesty).toBeLessThan(1.5);
    }
  });

  it("finds the training rows that were copied, all or some", () => {
    const [train, heldOut] = [mixedTable(500, "t"), mixedTable(500, "h")];
    const all = membershipInference({ train, heldOut, synthetic: train });
    expect(all.auc.value).toBeCloseTo(1, 12);
    expect(all.atOnePercent.value).toBe(1);
    const some = stackedTables(takenRows(train, places(0, 100)), mixedTable(400, "s"));
    const { auc, atOnePercent } = membershipInference({ train, heldOut, synthetic: some });
    expect(auc.value - 0.5).toBeGreaterThan(4 * auc.standardError);
    expect(atOnePercent.value).toBeGreaterThan(0.19);
    expect(atOnePercent.value).toBeLessThan(0.26);
  });

  it("gives the attacker no more than its share where everything ties", () => {
    const flat = (rows: number) => tableOf(numeric("x", new Float64Array(rows).fill(7)));
    const { auc, atOnePercent } = membershipInference({ train: flat(50), heldOut: flat(50), synthetic: flat(9) });
    expect(auc.value).toBeCloseTo(0.5, 12);
    expect(atOnePercent.value).toBeCloseTo(0.01, 12);
  });
});
