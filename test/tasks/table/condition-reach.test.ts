// condition-reach: parts of a condition that leave no value of a column are refused at once, others never.
import { describe, expect, it } from "vitest";
import { bindCondition } from "../../../src/tasks/table/conditions.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { columnsTable, scattered } from "./table-support.ts";

const rows = 300;
const table = await columnsTable({
  price: scattered(rows, 9000).map(String),
  size: scattered(rows, 9000, 2).map((n) => `${n / 7}e0`),
  stars: scattered(rows, 5, 3).map((n) => String(n + 1)),
  cut: scattered(rows, 3, 4).map((n) => ["Fair", "Good", "Ideal"][n]!),
  sold: scattered(rows, 2, 5).map((n) => (n === 0 ? "yes" : "no")),
  day: scattered(rows, 400, 6).map((n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)),
  gone: scattered(rows, 4, 7).map((n) => (n === 0 ? "" : String(1000 + 37 * n))),
});
const schema = detectSchema(table, { cut: { kind: "ordinal", levels: ["Fair", "Good", "Ideal"] } });
const encoder = tableEncoder(schema, table);

describe("parts that exclude each other", () => {
  it.each<[string, string]>([
    ["price > 5000 && price < 4000", "price"],
    ["price < 4000 && stars == 3 && (cut == 'Fair' && price >= 4000)", "price"],
    ["price > 5000 && price < 5001", "price"],
    ["price != 700 && price in (700)", "price"],
    ["!(price > 100) && !(price <= 100)", "price"],
    ["(price < 100 || price > 8000) && (price > 200 && price < 7000)", "price"],
    ["size > 12.5 && size < 12.25", "size"],
    ["stars > 2 && stars < 3", "stars"],
    ["cut > 'Good' && cut < 'Ideal'", "cut"],
    ["cut != 'Fair' && cut != 'Good' && cut != 'Ideal'", "cut"],
    ["sold != 'yes' && sold != 'no'", "sold"],
    ["day > '2024-03-01' && day < '2024-03-02'", "day"],
    ["gone > 1050 && gone < 1060", "gone"],
  ])("%s", (where, column) => {
    const expected = `where, column "${column}": expected a condition that a row can meet, got parts that exclude each other`;
    expect(() => bindCondition(where, encoder)).toThrow(expected);
    expect(() => bindCondition(where, encoder)).toThrow(expect.objectContaining({ code: "option" }));
  });
});

describe("parts that leave something", () => {
  it.each<string>([
    "price > 5000 && price < 5002",
    "price >= 5000 && price <= 5000",
    "(price < 100 || price > 8000) && price > 200",
    "size > 12.25 && size < 12.5",
    "stars > 2 && stars < 4",
    "cut > 'Fair' && cut < 'Ideal'",
    "sold != 'yes'",
    "day > '2024-03-01' && day < '2024-03-03'",
    "gone == null || (gone > 1050 && gone < 1060)",
    "(price > 5000 || cut == 'Fair') && price < 4000",
  ])("%s", (where) => {
    expect(bindCondition(where, encoder).tests.size).toBeGreaterThan(0);
  });
});
