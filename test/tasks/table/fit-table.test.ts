// fit-table: a mixed table with gaps from fit to samples, conditions, imputation, scores and file, and tables that are refused.
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { cellTableOf, cellText, recordsOf } from "../../../src/data/cell-table.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { type FittedTable, fitTable, strangerNotes } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { scoreTable } from "../../../src/tasks/table/score-table.ts";
import type { TableSize } from "../../../src/tasks/table/table-configuration.ts";
import { decodeTableModel, encodeTableModel } from "../../../src/tasks/table/table-model.ts";
import { attempt, damaged } from "../../support/damage.ts";
import { quickConfiguration, type SmallRow, smallRows, smallTable } from "../../support/small-table.ts";
import { textsOf } from "./table-support.ts";

let engine: Engine;
let fitted: FittedTable;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  fitted = await fitTable(engine, { table: smallTable(2000), seed: 3, configuration: quickConfiguration() });
}, 120_000);
afterAll(() => engine.close());

const drawn = async (rows: number, where?: string, seed = 5) =>
  sampleTable(engine, fitted.model, { rows, seed, ...(where !== undefined && { where }) });
const recordsFrom = async (...request: Parameters<typeof drawn>) => [...recordsOf((await drawn(...request)).table)];
const shareOf = (records: readonly object[], holds: (record: SmallRow) => boolean) =>
  records.filter((record) => holds(record as SmallRow)).length / records.length;

describe("a mixed table with gaps", () => {
  it("trains on all rows and says what the columns are", () => {
    const { report } = fitted;
    expect(report).toMatchObject({ task: "table", rows: 1800, seed: 3, train: { rows: expect.any(Number) } });
    expect(report.schema.columns.map(({ kind }) => kind)).toEqual([
      "category",
      "number",
      "number",
      "boolean",
      "constant",
      "constant",
    ]);
    expect(report.validation?.rows).toBe(200);
    expect(Number.isFinite(report.validation?.nll)).toBe(true);
  });

  it("comes back with its columns, its types, its levels, its grid and about its gaps", async () => {
    const { table } = await drawn(2000);
    expect(table.columns.map(({ name }) => name)).toEqual(["side", "x", "count", "vip", "fixed", "never"]);
    const texts = textsOf(table);
    expect(new Set(texts["side"])).toEqual(new Set(["left", "right"]));
    expect(new Set(texts["vip"])).toEqual(new Set(["true", "false"]));
    expect(new Set(texts["fixed"])).toEqual(new Set(["same"]));
    expect(new Set(texts["never"])).toEqual(new Set([undefined]));
    expect(texts["count"]?.every((cell) => /^\d+$/.test(cell ?? ""))).toBe(true);
    expect(texts["x"]?.every((cell) => cell === undefined || /^\d+(\.\d{1,3})?$/.test(cell))).toBe(true);
    const records = [...recordsOf(table)];
    expect(Math.abs(shareOf(records, ({ x }) => x === null) - 0.2)).toBeLessThan(0.06);
    expect(Math.abs(shareOf(records, ({ vip }) => vip) - 0.3)).toBeLessThan(0.07);
    expect(shareOf(records, ({ side, count }) => (side === "right") === count > 20)).toBeGreaterThan(0.75);
  });

  it("is drawn the same for the same seed, otherwise for another", async () => {
    const [first, again, other] = [await drawn(50), await drawn(50), await drawn(50, undefined, 6)];
    expect(textsOf(again.table)).toEqual(textsOf(first.table));
    expect(textsOf(other.table)).not.toEqual(textsOf(first.table));
    const longer = textsOf((await drawn(80)).table);
    expect(longer["count"]?.slice(0, 50)).toEqual(textsOf(first.table)["count"]);
  });

  it("comes back from its file with the same samples", async () => {
    const read = decodeTableModel(encodeTableModel(fitted.model), "m");
    const { table } = await sampleTable(engine, read, { rows: 30, seed: 5 });
    expect(textsOf(table)).toEqual(textsOf((await drawn(30)).table));
    expect(read.encoder.toJSON()).toEqual(fitted.model.encoder.toJSON());
    expect(read.training).toEqual(fitted.model.training);
  });

  it("is refused by a sentence when its file is damaged", () => {
    const good = encodeTableModel(fitted.model);
    fc.assert(
      fc.property(damaged(good), (bytes) => {
        const read = attempt(() => decodeTableModel(bytes, "m"));
        if (read !== "refused") expect(read.encoder.toJSON()).toEqual(fitted.model.encoder.toJSON());
      }),
      { numRuns: 60, seed: 1 },
    );
  });

  it("gives the same bytes for the same seed", async () => {
    const request = { table: smallTable(60), seed: 4, configuration: quickConfiguration(10) };
    const [first, again] = [await fitTable(engine, request), await fitTable(engine, request)];
    expect(encodeTableModel(again.model)).toEqual(encodeTableModel(first.model));
  });
});

describe("rows under a condition", () => {
  it.each<[string, string, (record: SmallRow) => boolean]>([
    ["given", 'side == "right"', ({ side }) => side === "right"],
    ["given", "count == 25 && vip == true", ({ count, vip }) => count === 25 && vip],
    ["given", "x == null", ({ x }) => x === null],
    ["rejection", "count >= 20", ({ count }) => count >= 20],
    [
      "rejection",
      "side == 'left' && count > 18 && x != null",
      (row) => row.side === "left" && row.count > 18 && row.x !== null,
    ],
    ["rejection", "vip == true || count < 15", ({ vip, count }) => vip || count < 15],
    ["importance", "count >= 31", ({ count }) => count >= 31],
    [
      "importance",
      "side == 'right' && x > 12 && vip == true",
      (row) => row.side === "right" && (row.x ?? 0) > 12 && row.vip,
    ],
  ])("%s: all meet %s", async (method, where, holds) => {
    const { table, condition } = await drawn(150, where);
    expect(condition?.method).toBe(method);
    expect(table.rows).toBe(150);
    expect(shareOf([...recordsOf(table)], holds)).toBe(1);
    expect(condition?.acceptance).toBeGreaterThan(0);
    expect(condition?.acceptance).toBeLessThanOrEqual(1);
  });

  it("follow the other columns: x is higher where the side is right", async () => {
    const meanOf = async (where: string) => {
      const values = (await recordsFrom(600, where)).flatMap(({ x }) => (typeof x === "number" ? [x] : []));
      return values.reduce((a, b) => a + b, 0) / values.length;
    };
    const [left, right] = [await meanOf("side == 'left'"), await meanOf("side == 'right'")];
    expect(right - left).toBeGreaterThan(0.8);
  });

  it("have about the law of the model whether they are rejected or weighted", async () => {
    const meanOf = (records: readonly Readonly<Record<string, unknown>>[]) => {
      const counts = records.map((record) => Number(record["count"]));
      return counts.reduce((a, b) => a + b, 0) / counts.length;
    };
    const all = await recordsFrom(20_000);
    const tail = all.filter((record) => Number(record["count"]) >= 30);
    const weighted = await drawn(500, "count >= 30");
    expect(weighted.condition?.method).toBe("importance");
    expect(Math.abs(meanOf([...recordsOf(weighted.table)]) - meanOf(tail))).toBeLessThan(0.4);
    expect(Math.abs((weighted.condition?.acceptance ?? 0) / (tail.length / all.length) - 1)).toBeLessThan(0.35);
  });

  it("that are too rare are said, with how many were found, and never fewer rows", async () => {
    const request = { rows: 50, seed: 1, where: "vip == true && count > 20 || count == 21", mostDraws: 60 };
    await expect(sampleTable(engine, fitted.model, request)).rejects.toThrow(
      /expected 50 rows, got \d+ among 60 draws/,
    );
    await expect(drawn(10, "count > 20000")).rejects.toThrow(/column "count": expected values up to \d+, got > 20000/);
  });
});

describe("imputation", () => {
  const holes = cellTableOf(smallRows(200, 9));
  it("fills every gap it can and leaves every known cell", async () => {
    const { table, cells, left } = await imputeTable(engine, fitted.model, holes, { seed: 2 });
    const before = textsOf(holes);
    const after = textsOf(table);
    expect(cells).toBe(before["x"]?.filter((cell) => cell === undefined).length);
    expect(left).toBe(200);
    for (const name of ["side", "count", "vip", "fixed", "never"]) expect(after[name]).toEqual(before[name]);
    expect(after["x"]?.every((cell) => cell !== undefined && /^\d+(\.\d{1,3})?$/.test(cell))).toBe(true);
    before["x"]?.forEach((cell, row) => {
      if (cell !== undefined) expect(after["x"]?.[row]).toBe(cell);
    });
  });

  it("knows x from count better than its mean does", async () => {
    const rows = smallRows(300, 11);
    const hidden = cellTableOf(rows.map((row) => ({ ...row, x: null })));
    const { table } = await imputeTable(engine, fitted.model, hidden, { seed: 2 });
    const errors = rows.flatMap(({ x, count }, row) => {
      const found = Number(cellText(table.columns[1] ?? missingColumn(), row));
      return x === null ? [] : [{ drawn: found - x, linear: (count - 20) / 5 + 10 - x, mean: 10 - x }];
    });
    const rms = (pick: (error: (typeof errors)[number]) => number) =>
      Math.sqrt(errors.reduce((sum, error) => sum + pick(error) ** 2, 0) / errors.length);
    expect(rms(({ drawn: error }) => error)).toBeLessThan(0.75 * rms(({ mean }) => mean));
  });

  it("draws several times, told apart by a column, the first as alone", async () => {
    const one = await imputeTable(engine, fitted.model, holes, { seed: 2 });
    const { table, ...counts } = await imputeTable(engine, fitted.model, holes, { seed: 2, draws: 3 });
    expect(table.rows).toBe(600);
    expect([counts.gaps, counts.cells, counts.left]).toEqual([one.gaps, 3 * one.cells, 600]);
    expect(one.gaps).toBe(one.cells + 200);
    const texts = textsOf(table);
    expect(texts["draw"]?.filter((cell) => cell === "2")).toHaveLength(200);
    expect(texts["x"]?.slice(0, 200)).toEqual(textsOf(one.table)["x"]);
    expect(texts["x"]?.slice(200, 400)).not.toEqual(texts["x"]?.slice(0, 200));
  });
});

describe("scores", () => {
  const usual = { side: "right", x: 11, count: 25, vip: false, fixed: "same", never: null };
  it("are lower, with a lower percentile, for rows that do not go together, and say for which cell", async () => {
    const odd = { ...usual, side: "left" };
    const found = await scoreTable(engine, fitted.model, cellTableOf([usual, odd]), { contributions: true });
    const [first = 0, second = 0] = found.logDensity;
    expect(second).toBeLessThan(first - 0.5);
    expect(found.percentiles?.[1]).toBeLessThan(found.percentiles?.[0] ?? 0);
    const sides = found.contributions?.find(({ column }) => column === "side")?.values ?? [];
    expect((sides[1] ?? 0) - (sides[0] ?? 0)).toBeLessThan(-1);
    const vips = found.contributions?.find(({ column }) => column === "vip")?.values ?? [];
    expect(Math.abs((vips[1] ?? 0) - (vips[0] ?? 0))).toBeLessThan(1);
    expect(found.contributions?.map(({ column }) => column)).toEqual(["side", "x", "count", "vip"]);
  });

  it("of gaps are probabilities, and of levels never seen nothing", async () => {
    const table = cellTableOf([
      { ...usual, x: null },
      { ...usual, side: "middle" },
    ]);
    const found = await scoreTable(engine, fitted.model, table, { contributions: true });
    const x = found.contributions?.find(({ column }) => column === "x")?.values[0] ?? Number.NaN;
    expect(Math.abs(Math.exp(x) - 0.2)).toBeLessThan(0.12);
    expect(found.unknownCells).toBe(1);
    expect(found.notes).toEqual([
      expect.stringMatching(
        /^column "side" has 1 cell with a text that the model has never seen, such as "middle" in row 2: /,
      ),
    ]);
    expect(found.percentileNotes).toEqual([]);
    expect(found.contributions?.find(({ column }) => column === "side")?.values[1]).toBeNaN();
    expect([...found.logDensity].every(Number.isFinite)).toBe(true);
  });

  it("have no percentile where a cell is left out that training rows always had", async () => {
    const nothing = { side: null, x: null, count: null, vip: null, fixed: null, never: null };
    const rows = [usual, { ...usual, x: null }, { ...usual, side: null }, { ...usual, side: "middle" }, nothing];
    const { percentiles, partialRows } = await scoreTable(engine, fitted.model, cellTableOf(rows));
    expect(Array.from(percentiles ?? [], Number.isFinite)).toEqual([true, true, false, false, false]);
    expect(partialRows).toBe(3);
  });

  it("are the same for the same rows", async () => {
    const whole = await scoreTable(engine, fitted.model, cellTableOf([usual, usual]));
    expect([...whole.notes, ...whole.percentileNotes]).toEqual([]);
    const score = async () => [...(await scoreTable(engine, fitted.model, smallTable(20, 4))).logDensity];
    expect(await score()).toEqual(await score());
  });
});

describe("held-out rows that are strange to a model", () => {
  const train = Array.from({ length: 1000 }, (_, n) => n / 1000);

  it("are said where they are a tenth and three at least", () => {
    const likely = Array.from({ length: 27 }, () => 0.5);
    expect(strangerNotes(train, [...likely, -1, -1, -1])).toEqual([
      expect.stringMatching(/^3 of 30 held-out rows are less likely than 99 % of the training rows/),
    ]);
    expect(strangerNotes(train, [...likely, -1, -1])).toEqual([]);
    expect(strangerNotes(train, [...likely, ...likely, -1, -1, -1])).toEqual([]);
    expect(strangerNotes(train, [])).toEqual([]);
  });
});

describe("tables at the edge", () => {
  const quick = (rows: readonly object[]) =>
    fitTable(engine, { table: cellTableOf(rows), seed: 1, configuration: quickConfiguration(5) });

  it.each<[string, readonly object[]]>([
    ["one row", [{ a: 1, b: "x" }]],
    ["constants alone", Array.from({ length: 30 }, () => ({ a: 1, b: "x", c: null }))],
    [
      "an id and texts",
      Array.from({ length: 30 }, (_, n) => ({ id: n + 1, note: `number ${n} is the ${n ** 2}nd text` })),
    ],
  ])("of %s are refused by a sentence", async (_, rows) => {
    await expect(quick(rows)).rejects.toThrow(/table: expected a column with at least two different values, got/);
  });

  it("choose a recipe by the columns that a model holds: ids, constants and texts do not count", async () => {
    const rows = Array.from({ length: 60 }, (_, n) => ({ id: n + 1, a: n % 7, same: "x", b: n % 2 ? "u" : "v" }));
    const sizes: TableSize[] = [];
    const configuration = (size: TableSize) => {
      sizes.push(size);
      return quickConfiguration(5);
    };
    await fitTable(engine, { table: cellTableOf(rows), seed: 1, configuration });
    expect(sizes).toEqual([{ rows: 60, columns: 2 }]);
  });

  it.each<[string, readonly object[]]>([
    ["categories alone", Array.from({ length: 60 }, (_, n) => ({ a: "xyz"[n % 3], b: "uv"[(n % 3) % 2] }))],
    ["two rows", [{ a: 1 }, { a: 2 }]],
    ["one number", Array.from({ length: 40 }, (_, n) => ({ a: Math.sin(n) }))],
    [
      "half of it gaps",
      Array.from({ length: 60 }, (_, n) => ({ a: n % 2 ? n : null, b: n % 4 < 2 ? "x" : null, c: n % 3 })),
    ],
    ["an id beside a number", Array.from({ length: 60 }, (_, n) => ({ id: n + 1, a: n % 7 }))],
    [
      "200 binary columns",
      Array.from({ length: 50 }, (_, n) =>
        Object.fromEntries(Array.from({ length: 200 }, (__, k) => [`b${k}`, (n * (k + 3)) % 2])),
      ),
    ],
  ])("of %s train and are drawn from", async (_, rows) => {
    const { model } = await quick(rows);
    const { table } = await sampleTable(engine, model, { rows: 20, seed: 1 });
    expect(table.rows).toBe(20);
    expect(table.columns.map(({ name }) => name)).toEqual(Object.keys(rows[0] ?? {}));
    const allowed = new Set(
      cellTableOf(rows).columns.flatMap(({ texts }) =>
        Array.from({ length: texts.size }, (__, code) => texts.at(code)),
      ),
    );
    if (_ === "categories alone")
      for (const cells of Object.values(textsOf(table))) for (const cell of cells) expect(allowed).toContain(cell);
  });
});

function missingColumn(): never {
  throw new Error("no such column");
}
