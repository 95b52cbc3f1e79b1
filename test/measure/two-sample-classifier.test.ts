// two-sample-classifier: boosted trees cannot tell one law's rows apart, find what differs, and come near the best test there is.
import { describe, expect, it } from "vitest";
import { twoSampleSteps } from "../../src/measure/two-sample-classifier.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals, repeated } from "../support/repetition.ts";

const classifierTwoSample = atOnce(twoSampleSteps);

describe("the classifier two-sample test", () => {
  it("is 1/2 on average for two tables of one law, with a standard error that is the scatter", () => {
    const { mean, scatter, honesty } = repeated(60, (n) => {
      const [a, b] = [mixedTable(200, `a ${n}`), mixedTable(200, `b ${n}`)];
      return classifierTwoSample(a, b, { seed: n, boosting: { iterations: 20 } }).auc;
    });
    expect(Math.abs(mean - 0.5)).toBeLessThan((4 * scatter) / Math.sqrt(60));
    expect(honesty).toBeGreaterThan(0.75);
    expect(honesty).toBeLessThan(1.4);
  });

  it("comes near the best possible test between N(0, 1) and N(1, 1), and never beats it", () => {
    const [a, b] = [normals(6000, "a"), normals(6000, "b").map((x) => x + 1)].map((x) => tableOf(numeric("x", x)));
    const { auc, rows } = classifierTwoSample(a ?? tableOf(), b ?? tableOf());
    const best = 0.7602499389;
    expect(rows).toEqual({ train: 4200, test: 1800 });
    expect(auc.value).toBeLessThan(best + 3 * auc.standardError);
    expect(auc.value).toBeGreaterThan(best - 0.03);
  });

  it("sees a broken dependence and names a column of it, where every column alone is right", () => {
    const [real, other] = [mixedTable(1500, "a"), mixedTable(1500, "b")];
    const shuffled = {
      ...other,
      columns: other.columns.map((column, k) => mixedTable(1500, `c ${k}`).columns[k] ?? column),
    };
    expect(classifierTwoSample(real, other).auc.value).toBeLessThan(0.56);
    const { auc, columns } = classifierTwoSample(real, shuffled, { hasColumns: true });
    expect(auc.value).toBeGreaterThan(0.8);
    expect(["x", "y"]).toContain(columns[0]?.column);
    expect(columns.map(({ column }) => column).sort()).toEqual(["side", "x", "y"]);
    expect(columns.reduce((total, { share }) => total + share, 0)).toBeCloseTo(1, 9);
    expect(classifierTwoSample(real, shuffled).columns).toEqual([]);
  });

  it("names no column that says nothing, however many values trees may split it at", () => {
    const withNoise = (table: ReturnType<typeof mixedTable>, part: string) => ({
      ...table,
      columns: [...table.columns, numeric("noise", normals(table.rows, part))],
    });
    const moved = mixedTable(600, "b").columns.map((column) =>
      column.kind === "numeric" && column.name === "x"
        ? { ...column, values: column.values.map((x) => x + 0.8) }
        : column,
    );
    const [before, after] = [
      withNoise(mixedTable(600, "a"), "noise a"),
      withNoise({ rows: 600, columns: moved }, "noise b"),
    ];
    const { columns } = classifierTwoSample(before, after, { hasColumns: true });
    expect(columns[0]?.column).toBe("x");
    expect(columns.find(({ column }) => column === "noise")).toEqual({ column: "noise", share: 0 });
  });

  it("compares columns by name and categories by level, whatever their order and codes", () => {
    const names = (part: string) =>
      Array.from(normals(600, part), (x) => (x > 1 ? "a" : x > 0 ? "b" : x > -0.2 ? null : "c"));
    const [values, others] = [normals(600, "x"), normals(600, "y")];
    const real = tableOf(numeric("x", values), category("c", names("c"), ["a", "b", "c"]));
    const same = tableOf(category("c", names("d"), ["unused", "c", "b", "a"]), numeric("x", others));
    const { auc } = classifierTwoSample(real, same);
    expect(Math.abs(auc.value - 0.5)).toBeLessThan(4 * auc.standardError);
    const renamed = tableOf(
      category(
        "c",
        names("d").map((name) => name && `${name}!`),
      ),
      numeric("x", others),
    );
    expect(classifierTwoSample(real, renamed).auc.value).toBeGreaterThan(0.9);
  });

  it("sees gaps that are too many", () => {
    const holes = (part: string, share: number) =>
      tableOf(
        numeric(
          "x",
          normals(1000, part).map((x, i) => ((i * 0.618) % 1 < share ? Number.NaN : x)),
        ),
      );
    expect(classifierTwoSample(holes("a", 0.1), holes("b", 0.6)).auc.value).toBeGreaterThan(0.7);
  });

  it("gives the same for the same seed, looks at no more rows than asked, and never changes its tables", () => {
    const [a, b] = [mixedTable(400, "a"), mixedTable(300, "b", 0.3)];
    const before = structuredClone([a, b]);
    const [first, again] = [classifierTwoSample(a, b, { seed: 5 }), classifierTwoSample(a, b, { seed: 5 })];
    expect(first).toEqual(again);
    expect(classifierTwoSample(a, b, { seed: 6 }).auc).not.toEqual(first.auc);
    expect(classifierTwoSample(a, b, { rows: 100 }).rows).toEqual({ train: 70, test: 30 });
    expect([a, b]).toEqual(before);
  });

  it("refuses too few rows and tables that do not match", () => {
    const table = mixedTable(100, "a");
    expect(() => classifierTwoSample(table, mixedTable(12, "b"))).toThrow(
      /at least 30 rows of each table, got 100 and 12/,
    );
    expect(() => classifierTwoSample(table, tableOf(numeric("x", normals(100))))).toThrow(
      /column "y": expected a column/,
    );
    const textual = { rows: 100, columns: table.columns.map(({ name }) => category(name, new Array(100).fill("v"))) };
    expect(() => classifierTwoSample(table, textual)).toThrow(/column "x": expected numbers, as in the other table/);
    expect(() => classifierTwoSample(table, table, { trainShare: 1 })).toThrow(/trainShare/);
  });
});
