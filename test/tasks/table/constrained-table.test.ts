// constrained-table: a model with constraints and a label: every drawn and filled row meets them, also out of its file.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type CellTable, cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { decodeSafetensors } from "../../../src/data/safetensors.ts";
import type { Engine } from "../../../src/runtime/contract.ts";
import { createEngine } from "../../../src/runtime/node.ts";
import { type FittedTable, fitTable } from "../../../src/tasks/table/fit-table.ts";
import { imputeTable } from "../../../src/tasks/table/impute-table.ts";
import { sampleTable } from "../../../src/tasks/table/sample-table.ts";
import { decodeTableModel, encodeTableModel } from "../../../src/tasks/table/table-model.ts";
import { broken, type Order, orderConstraints, orderOf, orders } from "../../support/orders-table.ts";
import { quickConfiguration } from "../../support/small-table.ts";
import { textsOf } from "./table-support.ts";

let engine: Engine;
let fitted: FittedTable;
const quick = (iterations: number) => {
  const { blocks, ...rest } = quickConfiguration(iterations);
  return {
    ...rest,
    blocks: blocks.map((block) => ({ ...block, network: { ...block.network, hidden: [64, 64] } })),
  };
};
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
  const rows = orders(1500).map((row, n) => (n === 4 || n === 9 ? { ...row, high: -5 } : row));
  const [table, constraints] = [cellTableOf(rows), [...orderConstraints, "unique(net, start)"]];
  fitted = await fitTable(engine, { table, constraints, label: "rank", seed: 3, configuration: quick(500) });
}, 120_000);
afterAll(() => engine.close());

const ordersOf = (table: CellTable): readonly Order[] => Array.from(recordsOf(table), orderOf);

describe("a table with constraints and a label", () => {
  const repeated = 1500 - new Set(orders(1500).map(({ net, start }) => `${net} ${start}`)).size;
  it("reports the rows that break them, computes the sum and keeps the label a category", () => {
    const { report } = fitted;
    expect(report.constraints?.map(({ enforced, violations }) => [enforced, violations])).toEqual([
      ["rejection", 2],
      ["computed", 0],
      ["rejection", 0],
      ["nearest", 0],
      ["rejection", repeated],
    ]);
    expect(report.constraints?.[0]?.rows).toEqual([5, 10]);
    expect(report.notes.some((note) => note.includes("do not meet the constraint low <= high: row 5"))).toBe(true);
    expect(report.schema.columns.find(({ name }) => name === "rank")?.kind).toBe("category");
    expect(fitted.model.encoder.dimensions.some(({ column }) => column === "total")).toBe(false);
    expect(fitted.model.density.record.configuration.training.masks?.alone?.share).toBe(0.5);
  });

  it("draws rows that all meet them, and says how many did", async () => {
    const { table, constraints } = await sampleTable(engine, fitted.model, { rows: 800, seed: 1 });
    const rows = ordersOf(table);
    expect(broken(rows)).toEqual([0, 0, 0, 0]);
    expect(new Set(rows.map(({ net, start }) => `${net} ${start}`)).size).toBe(800);
    expect(constraints?.acceptance).toBeGreaterThan(0.1);
    expect(constraints?.acceptance).toBeLessThan(1);
    expect(rows.some(({ low }) => low === null)).toBe(true);
  });

  it("draws the same rows out of its file, the first ones whatever their number", async () => {
    const read = decodeTableModel(encodeTableModel(fitted.model), "m");
    expect(read.constraints).toEqual(fitted.model.constraints);
    expect(read.label).toBe("rank");
    const [all, some] = [
      await sampleTable(engine, fitted.model, { rows: 60, seed: 1 }),
      await sampleTable(engine, read, { rows: 20, seed: 1 }),
    ];
    expect(textsOf(some.table)["high"]).toEqual(textsOf(all.table)["high"]?.slice(0, 20));
  });

  it("meets conditions too, on sums and between columns", async () => {
    const where = "total > 9 && high >= low + 15";
    const { table, condition } = await sampleTable(engine, fitted.model, { rows: 60, seed: 1, where });
    const rows = ordersOf(table);
    expect(condition?.method).toBe("rejection");
    expect(rows.every(({ total, low, high }) => total > 9 && low !== null && high >= low + 15)).toBe(true);
    expect(broken(rows)).toEqual([0, 0, 0, 0]);
  });

  it("says which constraint stands against a condition that too few rows meet", async () => {
    const asked = { rows: 5, seed: 1, where: "net == 5 && start == '2024-03-01'", mostDraws: 600 };
    await expect(sampleTable(engine, fitted.model, asked)).rejects.toThrow(
      /expected 5 rows, got 1 among 600 draws, of which \d+ broke the constraint unique\(net, start\)/,
    );
  });

  it("says which constraint computes a column that a condition of too few rows is about", async () => {
    const asked = { rows: 5, seed: 1, where: "total == 7.77 && low == 30", mostDraws: 600 };
    await expect(sampleTable(engine, fitted.model, asked)).rejects.toThrow(
      /expected 5 rows, got \d among 600 draws,.* with total computed by the constraint total == net \+ tax; ask/,
    );
  });

  it("refuses a condition that contradicts a constraint without a draw", async () => {
    for (const where of ["low > high", "!(low <= high) && low != null", "low == 30 && high < 20", "total > net + tax"])
      await expect(sampleTable(engine, fitted.model, { rows: 0, seed: 1, where }), where).rejects.toThrow(
        /^where: expected a condition that leaves rows which meet the constraint (low <= high|total == net \+ tax), got/,
      );
  });

  it("counts the draws and those that broke a constraint alike where rare rows are drawn in two ways", async () => {
    const asked = { rows: 5, seed: 1, where: "net == 5 && start == '2024-03-01' && high < 12", mostDraws: 600 };
    const error: unknown = await sampleTable(engine, fitted.model, asked).catch((problem: unknown) => problem);
    const [, draws, broke] = /among (\d+) draws, of which (\d+) broke/.exec(String(error)) ?? [];
    expect(Number(draws)).toBeGreaterThan(600);
    expect(Number(broke)).toBeGreaterThan(0);
    expect(Number(broke)).toBeLessThanOrEqual(Number(draws));
  });

  it("refuses given cells that the constraints exclude without a draw", async () => {
    const where = 'city == "Rome" && country == "NO"';
    await expect(sampleTable(engine, fitted.model, { rows: 0, seed: 1, where })).rejects.toThrow(
      /where: expected city and country as some row .* got city "Rome", country "NO"; nearest: city "\w+", country/,
    );
    await expect(
      sampleTable(engine, fitted.model, { rows: 0, seed: 1, where: "low == 9 && high == 8" }),
    ).rejects.toThrow(/where: expected cells that meet the constraint low <= high, got low "9", high "8"/);
  });

  it("balances the levels that the given cells leave", async () => {
    const asked = { rows: 20, seed: 1, balance: "city", where: 'country == "FR"' };
    const { balance } = await sampleTable(engine, fitted.model, asked);
    expect(balance?.rows).toEqual({ Paris: 10, Lyon: 10 });
  });

  it("is balanced over its label, or over any category that a condition leaves", async () => {
    const { table, balance } = await sampleTable(engine, fitted.model, { rows: 100, seed: 1, balance: true });
    expect(balance).toEqual({ column: "rank", rows: { 1: 34, 2: 33, 3: 33 } });
    const rows = ordersOf(table);
    expect([1, 2, 3].map((rank) => rows.filter((row) => row.rank === rank).length)).toEqual([34, 33, 33]);
    expect(rows.slice(0, 3).map(({ rank }) => rank)).toEqual([1, 2, 3]);
    expect(broken(rows)).toEqual([0, 0, 0, 0]);
    const where = 'city in ("Rome", "Oslo") && net > 2';
    const cities = await sampleTable(engine, fitted.model, { rows: 41, seed: 1, balance: "city", where });
    expect(Object.values(cities.balance?.rows ?? {}).sort()).toEqual([20, 21]);
    expect(ordersOf(cities.table).every(({ city, net }) => (city === "Rome" || city === "Oslo") && net > 2)).toBe(true);
    await expect(sampleTable(engine, fitted.model, { rows: 4, seed: 1, balance: "net" })).rejects.toThrow(
      /balance: expected a category: one of city, country, rank, got "net", of kind number$/,
    );
    await expect(sampleTable(engine, fitted.model, { rows: 4, seed: 1, balance: "contry" })).rejects.toThrow(
      /got "contry"; did you mean "country"\?$/,
    );
  });

  it("fills gaps so that they hold, solving sums where one part is missing, and leaves what is known", async () => {
    const whole = orders(200, 7);
    const holes = whole.map((row, n) => ({
      ...row,
      ...(n % 4 === 0 && { total: null }),
      ...(n % 4 === 1 && { net: null }),
      ...(n % 4 === 2 && { net: null, tax: null, country: null }),
      ...(n % 4 === 3 && { high: null, end: null, city: null }),
    }));
    const filled = await imputeTable(engine, fitted.model, cellTableOf(holes), { seed: 2 });
    const rows = ordersOf(filled.table);
    expect(filled.unmet).toBe(0);
    expect(broken(rows)).toEqual([0, 0, 0, 0]);
    rows.forEach((row, n) => {
      if (n % 4 === 0) expect(row.total).toBeCloseTo(whole[n]?.total ?? 0, 9);
      if (n % 4 === 1) expect(row.net).toBeCloseTo(whole[n]?.net ?? 0, 9);
      expect(row.tax + row.net).toBeCloseTo(row.total, 9);
      if (n % 4 !== 3) expect(row.high).toBe(whole[n]?.high);
    });
  });

  it("guesses so that they hold, by the nearest draw where the centres of the draws would not", async () => {
    const whole = orders(120, 11);
    const holes = whole.map((row, n) => (n % 2 === 0 ? { ...row, city: null, country: null } : { ...row, high: null }));
    const request = { seed: 2, draws: 10, best: true };
    const { table, unmet, left } = await imputeTable(engine, fitted.model, cellTableOf(holes), request);
    expect([table.rows, unmet, left]).toEqual([120, 0, 0]);
    expect(broken(ordersOf(table))).toEqual([0, 0, 0, 0]);
  });

  it("leaves the gaps of rows that cannot be filled so that they hold, and says how many", async () => {
    const [row] = orders(1, 8);
    const table = cellTableOf([{ ...row, low: 1000, high: null }]);
    const filling = await imputeTable(engine, fitted.model, table, { seed: 1 });
    const { unmet, left, unheld, table: filled, evaluations, notes } = filling;
    expect([unmet, left, unheld]).toEqual([1, 1, 0]);
    expect(notes).toEqual([
      'nothing is drawn for the gaps of 1 row: beside what is known there, no value in its column\'s range meets the constraint low <= high: row 1 (low "1000")',
    ]);
    expect(textsOf(filled)["high"]).toEqual([undefined]);
    expect(evaluations, "no draw for a row that no value in the range of high helps").toBe(0);
  });

  it("enforces the parts of a constraint that known cells do not break by themselves, and lets the others be", async () => {
    const [row] = orders(1, 8);
    const rows = Array.from({ length: 20 }, () => ({
      ...row,
      low: 50,
      high: 10,
      tax: 0.5,
      net: null,
      total: null,
      rank: 1,
    }));
    const imputed = (text: string) =>
      imputeTable(engine, { ...fitted.model, constraints: [{ text, violations: 0 }] }, cellTableOf(rows), { seed: 1 });
    for (const text of ["low <= high && net < 3", "!(low > high || net >= 3)"]) {
      const { unmet, table } = await imputed(text);
      expect(unmet, text).toBe(0);
      expect(
        ordersOf(table).every(({ net }) => net < 3),
        text,
      ).toBe(true);
    }
    const either = await imputed("low <= high && net < 3 || low < 20");
    expect(either.unmet, "broken whatever net is").toBe(0);
    expect(ordersOf(either.table).some(({ net }) => net >= 3)).toBe(true);
  });

  it("says how many rows with gaps known cells break, part by part, with the first of them", async () => {
    const rows = orders(30, 12).map((row, n) => ({
      ...row,
      ...(n < 20 && { rank: null }),
      ...(n % 4 === 3 && { low: 50, high: 10 }),
      ...(n === 8 && { city: "Rome", country: "NO" }),
      ...(n === 9 && { start: "2024-03-02", end: "2024-03-01" }),
    }));
    const { notes = [], unmet } = await imputeTable(engine, fitted.model, cellTableOf(rows), { seed: 1 });
    const broken = (count: string, text: string) =>
      `known cells of ${count} with gaps break the constraint ${text} and`;
    const low = 'row 4 (low "50", high "10"), row 8 (low "50", high "10"), row 12 (low "50", high "10") and 2 more';
    expect(notes).toEqual([
      `${broken("5 rows", "low <= high")} stay as they are: ${low}`,
      `${broken("1 row", "start <= end")} stay as they are: row 10 (start "2024-03-02", end "2024-03-01")`,
      `${broken("1 row", "combinations(city, country)")} stay as they are: row 9 (city "Rome", country "NO")`,
    ]);
    expect(unmet).toBe(0);
  });

  it("takes what known cells fix by themselves, a sum beyond its bounds, and draws the rest", async () => {
    const [row] = orders(1, 8);
    const table = cellTableOf([{ ...row, city: "Rome", country: null, net: 500, tax: 1, total: null }]);
    const { unmet, left, table: filled } = await imputeTable(engine, fitted.model, table, { seed: 1 });
    expect([unmet, left]).toEqual([0, 0]);
    const { country, total } = textsOf(filled);
    expect([country?.[0], Number(total?.[0])]).toEqual(["IT", 501]);
  });

  it("draws beside texts that are unknown as if they were not there, and names the columns that are not there", async () => {
    const [first, second, third] = orders(3, 8);
    const rows = [
      { ...first, city: "Atlantis", country: null },
      { ...second, country: null },
      { ...third, city: null, country: "ZZ", low: null },
    ];
    const filling = await imputeTable(engine, fitted.model, cellTableOf(rows), { seed: 1, draws: 2 });
    expect(filling).toMatchObject({ unmet: 0, left: 0, unknown: 2 });
    expect(filling.notes).toEqual([
      expect.stringContaining(
        'column "city" has 1 cell with a text that the model has never seen, such as "Atlantis" in row 1',
      ),
      expect.stringContaining('such as "ZZ" in row 3'),
    ]);
    const { city, country } = textsOf(filling.table);
    for (const n of [0, 3])
      expect([city?.[n], ["FR", "DE", "IT", "NO"].includes(country?.[n] ?? "")]).toEqual(["Atlantis", true]);
    expect([country?.[1], country?.[2], country?.[5]]).toEqual([second?.country, "ZZ", "ZZ"]);
    const few = cellTableOf([{ city: "Rome", country: null, low: 1 }]);
    await expect(imputeTable(engine, fitted.model, few, { seed: 1 })).rejects.toThrow(
      "table: expected columns high, net, tax, total, start, end, rank beside the others, got city, country, low; give",
    );
  });

  it("is refused out of a file whose constraints or label are not its own", () => {
    const rewritten = (change: (metadata: Record<string, unknown>) => object) => {
      const { metadata } = decodeSafetensors(encodeTableModel(fitted.model), "m");
      const text = JSON.stringify(change(JSON.parse(metadata["localflow"] ?? "{}") as Record<string, unknown>));
      return text;
    };
    expect(rewritten(({ label }) => ({ label }))).toBe('{"label":"rank"}');
    const other = { ...fitted.model, label: "total" };
    expect(() => decodeTableModel(encodeTableModel(other), "m")).toThrow(/m, label: expected a column of the model/);
    const constraints = [{ text: "low <= nothing", violations: 0 }];
    expect(() => decodeTableModel(encodeTableModel({ ...fitted.model, constraints }), "m")).toThrow(
      /m, constraints: constraint low <= nothing: expected columns among/,
    );
  });
});

describe("labels and constraints that do not fit", () => {
  it.each<[object, RegExp]>([
    [{ label: "rnak" }, /label: expected a column among .*; did you mean "rank"/],
    [
      { label: "total" },
      /label: expected a column of 2 to 100 classes, got "total", of kind number with \d+ different/,
    ],
    [{ constraints: ["low > high"] }, /expected a constraint that most rows of the data meet, got \d+ of \d+ rows/],
    [{ constraints: ["unique(city)"] }, /got 195 of 200 rows that do not, such as row 4, /],
  ])("%j", async (wish, message) => {
    const table = cellTableOf(orders(200));
    await expect(fitTable(engine, { table, seed: 1, configuration: quick(2), ...wish })).rejects.toThrow(message);
  });
});
