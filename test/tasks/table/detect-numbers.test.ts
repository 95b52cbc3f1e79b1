// detect-numbers: commas are decimal or group thousands, as the cells of a column say, or as the user does; both come back.
import { describe, expect, test } from "vitest";
import { detectSchema, schemaNotices } from "../../../src/tasks/table/detect.ts";
import { columnsTable, scattered, textsOf, thereAndBack } from "./table-support.ts";

const found = async (list: readonly string[], override?: { readonly thousands: boolean }) =>
  detectSchema(await columnsTable({ a: list }), override && { a: { kind: "number", ...override } }).columns[0]!;
const english = (value: number) => value.toLocaleString("en-US", { maximumFractionDigits: 2 });

describe("commas before three digits", () => {
  test("group thousands where the numbers without one are whole and below 1000", async () => {
    const column = await found(["73,807", "188", "32,099", "568"]);
    expect(column).toMatchObject({
      kind: "number",
      format: { kind: "decimals", mark: ".", thousands: true, most: 0 },
      minimum: 188,
      maximum: 73_807,
      reason: expect.stringContaining("commas group thousands; decimal commas would do too"),
    });
    expect(column.reason).toContain("from 188 to 73,807");
  });

  test("group thousands without a doubt where a number has two of them, or decimals besides", async () => {
    const millions = await found(["1,234,567", "-12,000", "15", "2500"]);
    expect(millions).toMatchObject({ kind: "number", minimum: -12_000, maximum: 1_234_567 });
    expect(millions.reason).toMatch(/commas group thousands$/);
    const prices = await found(["1,234.50", "7.25", "?", "812,000.00"]);
    expect(prices).toMatchObject({ format: { mark: ".", thousands: true, least: 2, most: 2 }, maximum: 812_000 });
    expect(await found(["1.234.567,5", "12,5", "1.000"])).toMatchObject({
      format: { mark: ",", thousands: true, most: 1 },
      minimum: 12.5,
      maximum: 1_234_567.5,
    });
  });

  test("stay decimal where nothing tells, with the doubt as reason and notice", async () => {
    for (const list of [
      ["73,807", "32,099"],
      ["73,807", "2500", "32,099"],
    ]) {
      const column = await found(list);
      expect(column).toMatchObject({ format: { mark: "," }, maximum: list.includes("2500") ? 2500 : 73.807 });
      expect(column.reason).toContain("decimal commas; commas that group thousands would do too");
      expect(schemaNotices({ columns: [column] })).toEqual([
        'column "a" is read with decimal commas, though commas that group thousands would do too: "thousands": true in a schema changes it',
      ]);
    }
  });

  test("are decimal without a doubt beside other decimals, or after a zero", async () => {
    for (const list of [
      ["73,807", "188", "32,1"],
      ["73,807", "188", "0,125"],
    ]) {
      const column = await found(list);
      expect(column).toMatchObject({ format: { mark: "," }, maximum: 188 });
      expect(schemaNotices({ columns: [column] })).toEqual([]);
    }
  });

  test("are no numbers where groups have other than three digits", async () => {
    for (const list of [
      ["1,23,456", "7"],
      ["1234,567,890", "7"],
      ["012,345,678", "7"],
    ])
      expect((await found(list)).kind).toBe("category");
  });
});

test("a user decides, and what the cells do not allow is refused with the cell", async () => {
  const list = ["73,807", "188", "32,099"];
  expect(await found(list, { thousands: true })).toMatchObject({ maximum: 73_807, format: { thousands: true } });
  expect(await found(list, { thousands: false })).toMatchObject({ maximum: 188, format: { mark: "," } });
  expect(await found(["1.234", "12"], { thousands: true })).toMatchObject({ maximum: 1234, format: { mark: "," } });
  await expect(found(["1,5", "12,000"], { thousands: true })).rejects.toThrow('got a cell "1,5"');
});

test("grouped numbers come back as they were written", async () => {
  const values = scattered(120, 1_300_000, 3).map((n, row) => (row % 3 === 0 ? n % 900 : n));
  const table = await columnsTable({
    whole: values.map(english),
    points: values.map((n) => english(n).replaceAll(",", ".")),
    cents: values.map((n) => (n / 100).toLocaleString("en-US", { minimumFractionDigits: 2 })),
    negative: values.map((n, row) => english(row % 2 === 0 ? -n : n)),
  });
  const { schema, back } = thereAndBack(table);
  expect(schema.columns.map(({ kind }) => kind)).toEqual(["number", "number", "number", "number"]);
  expect(textsOf(back)).toEqual(textsOf(table));
});
