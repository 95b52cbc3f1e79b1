// boosting: trees meet scikit-learn's on the same tables, closed forms on simple ones, and treat gaps and categories as said.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { areaUnderCurve } from "../../src/measure/area-under-curve.ts";
import { type BoostingOptions, classifierSteps, regressorSteps } from "../../src/measure/boosting.ts";
import { takenRows } from "../../src/measure/columns-rows.ts";
import type { MeasuredColumn, MeasuredTable } from "../../src/measure/columns-table.ts";
import { classScores, numberScores } from "../../src/measure/prediction-scores.ts";
import { random } from "../../src/random.ts";
import { atOnce } from "../support/at-once.ts";
import { category, numeric, tableOf } from "../support/measured-tables.ts";
import { normals } from "../support/repetition.ts";

const trainClassifier = atOnce(classifierSteps);
const trainRegressor = atOnce(regressorSteps);

interface Spelled {
  readonly kind: "numeric" | "category";
  readonly text?: string;
  readonly numbers?: readonly (number | null)[];
}
interface Entry {
  readonly name: string;
  readonly classes: number;
  readonly columns?: readonly Spelled[];
  readonly target?: Spelled;
  readonly expected: Readonly<Record<"accuracy" | "f1" | "logLoss" | "auc" | "rmse" | "r2" | "train", number>>;
}
const reference: { readonly letters: string; readonly entries: readonly Entry[] } = JSON.parse(
  readFileSync(new URL("../reference/boosting.json", import.meta.url), "utf8"),
);

function valuesOf({ text, numbers }: Spelled): readonly number[] {
  if (text === undefined) return (numbers ?? []).map((value) => value ?? Number.NaN);
  return [...text].map((letter) => (letter === "-" ? Number.NaN : reference.letters.indexOf(letter)));
}

function spelledColumn(name: string, kind: "numeric" | "category", values: readonly number[]): MeasuredColumn {
  if (kind === "numeric") return numeric(name, values);
  return category(
    name,
    values.map((value) => (Number.isNaN(value) ? null : `level ${value}`)),
  );
}

/** The table that boosting.py makes with the same generator. */
function made(rows: number): { readonly columns: readonly MeasuredColumn[]; readonly y: readonly number[] } {
  let state = 2026;
  const draw = () => {
    state = (state * 16807) % 2147483647;
    return state / 2147483647;
  };
  const heights = [2, -1, 0, 3, -2, 1, 1, -3, 2, 0, -1, 4];
  const table = Array.from({ length: rows }, () => {
    const [u, v, w, x, noise, gap] = [draw(), draw(), draw(), draw(), draw(), draw()];
    const [a, b, c, d] = [
      Math.round(1000 * u) / 100,
      Math.round(1000 * v) / 100,
      Math.floor(12 * w * w),
      Math.floor(3 * x),
    ];
    const y = (heights[c] ?? 0) + (d === 1 ? a - b : 0.3 * b * (d - 1)) + 6 * (noise - 0.5);
    return { a, b: gap < 0.2 + 0.03 * a ? Number.NaN : b, c: gap > 0.95 ? Number.NaN : c, d, y };
  });
  const of = (name: "a" | "b" | "c" | "d", kind: "numeric" | "category") =>
    spelledColumn(
      name,
      kind,
      table.map((row) => row[name]),
    );
  return {
    columns: [of("a", "numeric"), of("b", "numeric"), of("c", "category"), of("d", "category")],
    y: table.map(({ y }) => y),
  };
}

function dataOf({ classes, columns, target }: Entry): { readonly table: MeasuredTable; readonly y: readonly number[] } {
  if (columns !== undefined && target !== undefined) {
    const read = columns.map((column, k) => spelledColumn(`column ${k}`, column.kind, valuesOf(column)));
    return { table: tableOf(...read), y: valuesOf(target) };
  }
  const { columns: read, y } = made(4000);
  return { table: tableOf(...read), y: classes > 0 ? y.map((value) => Number(value > 1)) : y };
}

const asReference: BoostingOptions = { validationShare: 0 };

describe("on the table that scikit-learn was trained on", () => {
  const entries = new Map(reference.entries.map((entry) => [entry.name, entry]));

  function prepared(name: string) {
    const entry = entries.get(name);
    if (entry === undefined) throw new Error(`no entry ${name}`);
    const { table, y } = dataOf(entry);
    const places = y.map((_, i) => i);
    const [train, test] = [places.filter((i) => i % 10 >= 3), places.filter((i) => i % 10 < 3)];
    const part = (rows: readonly number[]) => ({
      table: takenRows(table, rows),
      y: rows.map((i) => y[i] ?? Number.NaN),
    });
    return { ...entry, train: part(train), test: part(test), all: Uint32Array.from(test, (_, i) => i) };
  }
  it.each([
    ["breast cancer, its 10 means", 1e-5],
    // Many splits of so small a table gain exactly the same.
    ["wine", 2e-3],
    ["digits, the first 350", 1e-5],
    ["made, classes", 1e-6],
  ])(
    "of classes %s, the same trees at first, a training loss within %f, and as good on test rows",
    (name, tolerance) => {
      const { classes, expected, train, test, all } = prepared(name);
      const lossOf = (probabilities: Float64Array, y: readonly number[]) =>
        y.reduce((sum, k, row) => sum - Math.log(probabilities[row * classes + k] ?? Number.NaN) / y.length, 0);
      const trained = (options: BoostingOptions) =>
        trainClassifier(train.table, Int32Array.from(train.y), classes, { ...asReference, ...options });
      const early = lossOf(trained({ iterations: 10 }).probabilities(train.table), train.y);
      expect(Math.abs(early / expected.train - 1)).toBeLessThan(tolerance);

      const probabilities = trained({}).probabilities(test.table);
      const of = (row: number) => probabilities.subarray(row * classes, (row + 1) * classes);
      const chosen = Int32Array.from(all, (row) => of(row).indexOf(Math.max(...of(row))));
      const { accuracy, f1 } = classScores(Int32Array.from(test.y), chosen, classes, all);
      expect(Math.abs(accuracy - expected.accuracy)).toBeLessThan(0.015);
      expect(Math.abs(f1 - expected.f1)).toBeLessThan(0.015);
      expect(Math.abs(lossOf(probabilities, test.y) / expected.logLoss - 1)).toBeLessThan(0.06);
      if (classes > 2) return;
      const scores = (k: number) => [...all].filter((row) => test.y[row] === k).map((row) => of(row)[1] ?? Number.NaN);
      expect(Math.abs(areaUnderCurve(scores(1), scores(0)).value - expected.auc)).toBeLessThan(0.005);
    },
  );

  it.each([
    ["diabetes", 1e-5],
    // In the end ties have led to other trees.
    ["made, numbers", 5e-3],
  ])("of numbers %s, the same trees at first, and in the end a test error within %f", (name, tolerance) => {
    const { expected, train, test } = prepared(name);
    const scoresOf = (part: typeof train, options: BoostingOptions) => {
      const model = trainRegressor(train.table, Float64Array.from(train.y), { ...asReference, ...options });
      const rows = Uint32Array.from(part.y, (_, row) => row);
      return numberScores(Float64Array.from(part.y), model.values(part.table), rows);
    };
    expect(Math.abs(scoresOf(train, { iterations: 10 }).rmse / expected.train - 1)).toBeLessThan(1e-7);
    const { rmse, r2 } = scoresOf(test, {});
    expect(Math.abs(rmse / expected.rmse - 1)).toBeLessThan(tolerance);
    expect(Math.abs(r2 - expected.r2)).toBeLessThan(tolerance);
  });
});

const oneSplit: BoostingOptions = { iterations: 1, leaves: 2, learningRate: 1 };

describe("one split at full rate", () => {
  it("gives both sides their means, or with L2 the means drawn to the whole's", () => {
    const x = Array.from({ length: 100 }, (_, i) => i);
    const y = Float64Array.from(x, (i) => (i < 30 ? 1 : 5) + (i % 2));
    const [low, high] = [1.5, 5.5];
    const exact = trainRegressor(tableOf(numeric("x", x)), y, oneSplit).values(
      tableOf(numeric("x", [-5, 29.4, 29.6, 1e9])),
    );
    [low, low, high, high].forEach((value, i) => expect(exact[i]).toBeCloseTo(value, 12));
    const drawn = trainRegressor(tableOf(numeric("x", x)), y, { ...oneSplit, l2: 10 }).values(
      tableOf(numeric("x", [0])),
    );
    const mean = 0.3 * low + 0.7 * high;
    expect(drawn[0]).toBeCloseTo(mean + (30 * (low - mean)) / 40, 12);
  });

  it("sends gaps to the larger side where training rows had none", () => {
    const x = Array.from({ length: 100 }, (_, i) => i);
    for (const [cut, expected] of [
      [30, 5],
      [70, 1],
    ] as const) {
      const y = Float64Array.from(x, (i) => (i < cut ? 1 : 5));
      const values = trainRegressor(tableOf(numeric("x", x)), y, oneSplit).values(tableOf(numeric("x", [Number.NaN])));
      expect(values[0]).toBeCloseTo(expected, 12);
    }
  });

  it("gives a two-class leaf its Newton step on the log odds", () => {
    const x = Array.from({ length: 100 }, (_, i) => i);
    const y = Int32Array.from(x, (i) => Number(i < 50 ? i % 5 === 2 : i % 5 !== 2));
    const [p] = trainClassifier(tableOf(numeric("x", x)), y, 2, oneSplit).probabilities(tableOf(numeric("x", [10])));
    // From p = 1/2: the gradient's mean is 1/2 - 1/5, the second derivative 1/4.
    expect(p).toBeCloseTo(1 / (1 + Math.exp(-0.3 / 0.25)), 12);
  });

  it.each([0, 5])("sends gaps to the side that they resemble, %f", (value) => {
    const x = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? Number.NaN : i));
    const y = Float64Array.from(x, (i) => (Number.isNaN(i) ? value : i < 60 ? 0 : 5));
    const values = trainRegressor(tableOf(numeric("x", x)), y, oneSplit).values(
      tableOf(numeric("x", [Number.NaN, 3, 90])),
    );
    [value, 0, 5].forEach((expected, i) => expect(values[i]).toBeCloseTo(expected, 12));
  });

  it("tells gaps from numbers where only they differ", () => {
    const x = Array.from({ length: 120 }, (_, i) => (i % 3 === 0 ? Number.NaN : i));
    const y = Float64Array.from(x, (i) => (Number.isNaN(i) ? 7 : 1));
    const values = trainRegressor(tableOf(numeric("x", x)), y, oneSplit).values(
      tableOf(numeric("x", [Number.NaN, 3, 90])),
    );
    [7, 1, 1].forEach((expected, i) => expect(values[i]).toBeCloseTo(expected, 12));
  });

  it("parts categories in any two groups, by level and not by code; unknown levels count as gaps", () => {
    const names = Array.from({ length: 400 }, (_, i) => (i % 9 === 8 ? null : `level ${i % 9}`));
    const y = Float64Array.from(names, (name, i) => (name !== null && (i % 9) % 2 === 0 ? 4 : -4));
    const model = trainRegressor(tableOf(category("c", names)), y, oneSplit);
    const asked = ["level 7", "level 6", "level 0", "level 1", null, "level 99"];
    const values = model.values(
      tableOf(category("c", asked, ["level 7", "level 99", "level 1", "level 0", "level 6"])),
    );
    [-4, 4, 4, -4, -4, -4].forEach((expected, i) => expect(values[i]).toBeCloseTo(expected, 12));
  });
});

describe("boosted trees", () => {
  const x = normals(2400, "x");
  const table = tableOf(numeric("a", x.subarray(0, 1200)), numeric("b", x.subarray(1200)));
  const y = Float64Array.from({ length: 1200 }, (_, i) => (x[i] ?? 0) * (x[1200 + i] ?? 0));

  it("do not change under an increasing map of a column, nor with the order of columns", () => {
    const map = (values: Float32Array) => Float64Array.from(values, Math.exp);
    const mapped = tableOf(numeric("b", map(x.subarray(1200))), numeric("a", map(x.subarray(0, 1200))));
    const options = { iterations: 5 };
    const [plain, moved] = [
      trainRegressor(table, y, options).values(table),
      trainRegressor(mapped, y, options).values(mapped),
    ];
    plain.forEach((value, i) => expect(moved[i]).toBeCloseTo(value, 10));
  });

  it("are the same for the same input, and explain a product that no column explains alone", () => {
    const train = () => trainRegressor(table, y, { random: random(3), validationShare: 0.2 });
    const values = train().values(table);
    expect(values).toEqual(train().values(table));
    expect(
      numberScores(
        y,
        values,
        Uint32Array.from(y, (_, i) => i),
      ).r2,
    ).toBeGreaterThan(0.8);
  });

  it("stop early on noise, and name the column that mattered", () => {
    const noise = Float64Array.from(normals(1200, "noise"));
    expect(trainRegressor(table, noise, { validationShare: 0.2 }).iterations).toBeLessThan(20);
    expect(trainRegressor(table, noise, { validationShare: 0 }).iterations).toBe(100);
    const { importance } = trainRegressor(table, Float64Array.from(x.subarray(1200)));
    expect(importance.find(({ column }) => column === "b")?.share).toBeGreaterThan(0.95);
    expect(importance.reduce((sum, { share }) => sum + share, 0)).toBeCloseTo(1, 12);
  });

  it("keep the frequent ones of more than 255 levels apart, and the others together", () => {
    const names = Array.from({ length: 3000 }, (_, i) => (i < 1500 ? `frequent ${i % 3}` : `rare ${i}`));
    const target = Float64Array.from(names, (_, i) => (i < 1500 ? i % 3 : 10));
    const model = trainRegressor(tableOf(category("id", names)), target);
    const values = model.values(tableOf(category("id", ["frequent 0", "frequent 2", "rare 2999", "never seen"])));
    [0, 2, 10, 10].forEach((expected, i) => expect(values[i]).toBeCloseTo(expected, 0));
  });

  it("predict a constant from too few rows, a constant column, or a column of gaps, and know an absent class", () => {
    const flat = tableOf(
      numeric("a", new Float64Array(60).fill(3)),
      numeric("b", new Float64Array(60).fill(Number.NaN)),
    );
    const target = Float64Array.from({ length: 60 }, (_, i) => i);
    expect([...new Set(trainRegressor(flat, target).values(flat))]).toEqual([29.5]);
    const few = tableOf(numeric("a", [1, 2, 3]));
    expect([...trainRegressor(few, Float64Array.of(1, 2, 6)).values(few)]).toEqual([3, 3, 3]);
    const classes = trainClassifier(
      flat,
      Int32Array.from(target, (i) => i % 2),
      3,
    ).probabilities(flat);
    expect(classes[0]).toBeCloseTo(0.5, 10);
    expect(classes[2]).toBeLessThan(1e-12);
  });

  it("refuse what they cannot learn from, in a sentence", () => {
    expect(() => trainRegressor(table, y.slice(1))).toThrow(
      /a target for every row, got 1200 rows, 2 columns and 1199/,
    );
    expect(() =>
      trainRegressor(
        table,
        y.map((v, i) => (i === 4 ? Number.NaN : v)),
      ),
    ).toThrow(/target of row 5: expected finite/);
    expect(() => trainClassifier(table, new Int32Array(1200).fill(2), 2)).toThrow(
      /expected classes from 0 to 1, got 2/,
    );
    expect(() => trainRegressor(table, y, { learningRate: 0 })).toThrow(/learningRate: expected above 0/);
    expect(() => trainRegressor(table, y, { leaves: 1 })).toThrow(/leaves: expected 2 to/);
    const model = trainRegressor(table, y, { iterations: 1 });
    expect(() => model.values(tableOf(numeric("a", [1])))).toThrow(/column "b": expected a column of this name/);
    expect(() => model.values(tableOf(numeric("a", [1]), category("b", ["x"])))).toThrow(/"b": expected numbers/);
    const broken = tableOf({ name: "c", kind: "category", codes: Int32Array.of(0, 5), levels: ["x"] });
    expect(() => trainRegressor(broken, Float64Array.of(1, 2))).toThrow(/codes below its 1 levels, got 5/);
  });
});
