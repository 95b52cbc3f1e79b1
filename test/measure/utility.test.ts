// utility: models trained on synthetic rows are scored on real ones, beside models trained on real rows, with honest errors.
import { describe, expect, it } from "vitest";
import { classScores, contrasted, numberScores } from "../../src/measure/prediction-scores.ts";
import { utilitySteps } from "../../src/measure/utility.ts";
import { random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, mixedTable, numeric, tableOf } from "../support/measured-tables.ts";
import { normals, repeated } from "../support/repetition.ts";

const trainOnSyntheticTestOnReal = atOnce(utilitySteps);

const all = (count: number) => Uint32Array.from({ length: count }, (_, row) => row);

describe("the scores of predictions", () => {
  it("are accuracy and the mean F1 of the classes that truly occur", () => {
    const [truth, predicted] = [Int32Array.of(0, 0, 0, 1, 1, 4), Int32Array.of(0, 0, 2, 1, 0, 1)];
    // F1: class 0 is 4 / 6, class 1 is 2 / 4, class 4 is 0; classes 2 and 3 do not occur.
    const { f1, accuracy } = classScores(truth, predicted, 5, all(6));
    expect(accuracy).toBe(0.5);
    expect(f1).toBeCloseTo((4 / 6 + 2 / 4 + 0) / 3, 12);
    expect(classScores(truth, predicted, 5, Uint32Array.of(0, 0, 3))).toEqual({ f1: 1, accuracy: 1 });
  });

  it("are RMSE and R2, which is 0 for the mean and below it for worse", () => {
    const truth = Float64Array.of(1, 2, 3, 6);
    expect(numberScores(truth, truth, all(4))).toEqual({ r2: 1, rmse: 0 });
    const mean = numberScores(truth, new Float64Array(4).fill(3), all(4));
    expect(mean).toEqual({ r2: 0, rmse: Math.sqrt(14 / 4) });
    expect(numberScores(truth, new Float64Array(4), all(4)).r2).toBeLessThan(0);
  });

  it("have bootstrap errors that are the scatter over test sets, also for paired differences", () => {
    const over = (which: "synthetic" | "difference") =>
      repeated(60, (n) => {
        const [truth, shared, own] = [normals(150, "t", n), normals(150, "s", n), normals(150, "o", n)];
        const model = (share: number) => truth.map((t, i) => t + (shared[i] ?? 0) + share * (own[i] ?? 0));
        const scorer = (share: number) => (rows: Uint32Array) =>
          numberScores(Float64Array.from(truth), Float64Array.from(model(share)), rows);
        const models = { synthetic: scorer(0.3), real: scorer(0) };
        return contrasted(["rmse"], models, 150, 100, random(n)).rmse[which];
      });
    const [single, paired] = [over("synthetic"), over("difference")];
    for (const { honesty } of [single, paired]) {
      expect(honesty).toBeGreaterThan(0.75);
      expect(honesty).toBeLessThan(1.35);
    }
    expect(paired.scatter).toBeLessThan(single.scatter / 1.5);
  });
});

describe("train on synthetic, test on real", () => {
  const [train, test] = [mixedTable(1200, "train"), mixedTable(800, "test")];

  it("finds synthetic rows of the same law as useful as real ones, and independent columns useless", () => {
    const synthetic = mixedTable(1200, "synthetic");
    const good = trainOnSyntheticTestOnReal({ synthetic, train, test, target: "y" });
    if (good.kind !== "regression") throw new Error("y is a number");
    expect(good.rows).toEqual({ train: 1080, test: 720 });
    expect(good.r2.real.value).toBeGreaterThan(0.7);
    expect(Math.abs(good.r2.difference.value)).toBeLessThan(0.05);
    expect(good.rmse.difference.value).toBeCloseTo(good.rmse.synthetic.value - good.rmse.real.value, 12);
    const columns = synthetic.columns.map((column, k) => mixedTable(1200, `c ${k}`).columns[k] ?? column);
    const bad = trainOnSyntheticTestOnReal({ synthetic: { rows: 1200, columns }, train, test, target: "y" });
    if (bad.kind !== "regression") throw new Error("y is a number");
    expect(bad.r2.real).toEqual(good.r2.real);
    expect(bad.r2.synthetic.value).toBeLessThan(0.1);
    expect(bad.r2.difference.value).toBeLessThan(-10 * bad.r2.difference.standardError);
  });

  it("scores categories by level, also where the synthetic rows know other ones", () => {
    const other = mixedTable(1200, "synthetic");
    const side = Array.from({ length: 1200 }, (_, i) => {
      const column = other.columns[2];
      return column?.kind === "category" ? (i < 5 ? "elsewhere" : (column.levels[column.codes[i] ?? 0] ?? null)) : null;
    });
    const synthetic = tableOf(...other.columns.slice(0, 2), category("side", side, ["elsewhere", "right", "left"]));
    const found = trainOnSyntheticTestOnReal({ synthetic, train, test, target: "side" }, { seed: 3, rows: 1000 });
    if (found.kind !== "classification") throw new Error("side is a category");
    expect(found.rows).toEqual({ train: 1000, test: 800 });
    expect(found.accuracy.real.value).toBeGreaterThan(0.85);
    expect(found.f1.synthetic.value).toBeGreaterThan(0.85);
    expect(Math.abs(found.accuracy.difference.value)).toBeLessThan(0.04);
    expect(found.accuracy.real.standardError).toBeLessThan(0.02);
    const again = trainOnSyntheticTestOnReal({ synthetic, train, test, target: "side" }, { seed: 3, rows: 1000 });
    expect(again).toEqual(found);
  });

  it("refuses targets that teach nothing, in a sentence", () => {
    const flat = (value: number) =>
      tableOf(numeric("x", normals(40)), numeric("flat", new Float64Array(40).fill(value)));
    const of = (table: ReturnType<typeof flat>, target: string) => () =>
      trainOnSyntheticTestOnReal({ synthetic: table, train: table, test: table, target });
    expect(of(flat(1), "flat")).toThrow(/target "flat": expected a column with at least two values/);
    expect(of(flat(Number.NaN), "flat")).toThrow(
      /test rows: expected at least 10 rows with a known "flat", got 0 of 40/,
    );
    expect(of(flat(1), "price")).toThrow(/column "price": expected a column of this name, got the columns "x", "flat"/);
    const ids = tableOf(
      numeric("x", normals(200)),
      category(
        "id",
        Array.from({ length: 200 }, (_, i) => `id ${i}`),
      ),
    );
    expect(of(ids, "id")).toThrow(/target "id": expected at most 100 categories, got 200; choose a column with fewer/);
  });
});
