// pile-notices: what is said of values that many rows share and that are no classes of their own, and that it helps to heed it.
import { describe, expect, it } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { fillNormal, random } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { pileNotices } from "../../../src/tasks/table/pile-notices.ts";
import type { SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";

function normal(rows: number, seed: number): Float32Array {
  const scores = new Float32Array(rows);
  fillNormal(random(seed), scores);
  return scores;
}

/** 450 rows in a column "x", the first so many of which have these texts. */
function tableWith(shared: Readonly<Record<string, number>>, other: (score: number, n: number) => string) {
  const texts = Object.entries(shared).flatMap(([text, rows]) => Array.from({ length: rows }, () => text));
  return cellTableOf(Array.from(normal(450, 3), (score, n) => ({ x: texts[n] ?? other(score, n) })));
}

/** Amounts of which none is whole. */
const fee = (score: number) => (30 + 8 * score).toFixed(2).replace(".00", ".03");
const day = (score: number) =>
  new Date(Date.UTC(2020, 0, 1) + Math.round(400 * score) * 864e5).toISOString().slice(0, 10);

function noticesOf(table: ReturnType<typeof tableWith>, overrides: SchemaOverrides = {}) {
  return pileNotices(detectSchema(table, overrides), table, overrides);
}

/** The share of draws from N(0, 1) that are read as a text. */
function drawnAs(text: string, table: ReturnType<typeof tableWith>, overrides: SchemaOverrides): number {
  const rows = 20_000;
  const encoder = tableEncoder(detectSchema(table, overrides), table);
  const [column] = encoder.decode(normal(rows * encoder.dimensions.length, 7), rows).columns;
  return (column?.codes.filter((code) => column.texts.at(code) === text).length ?? 0) / rows;
}

describe("values of too few rows to be found as classes of their own", () => {
  it("are told with the schema that keeps them, beside those that are found", () => {
    const fate = "drawn rows may have it far too rarely";
    expect(noticesOf(tableWith({ "25.00": 15 }, fee))).toEqual([
      `column "x" has 15 rows at 25.00, too few to be found as a class of its own: ${fate}; "apart": [25] in a schema keeps it`,
    ]);
    expect(noticesOf(tableWith({ "60.00": 90, "25.00": 15, "40.00": 12 }, fee))).toEqual([
      'column "x" has 15 rows at 25.00, 12 rows at 40.00, too few to be found as classes of their own: drawn rows may have them far too rarely; "apart": [25, 40, 60] in a schema keeps them',
    ]);
    expect(noticesOf(tableWith({ "9999-12-31": 15 }, day))).toEqual([
      `column "x" has 15 rows at 9999-12-31, too few to be found as a class of its own: ${fate}; "apart": ["9999-12-31"] in a schema keeps it`,
    ]);
  });

  it("are none where they are found, are what a grid brings about, or are hardly more than others", () => {
    expect(noticesOf(tableWith({ "25.00": 90 }, fee))).toEqual([]);
    expect(noticesOf(tableWith({ "25.00": 8 }, fee))).toEqual([]);
    expect(noticesOf(tableWith({ 25: 12 }, (score) => String(Math.round(30 + 8 * score))))).toEqual([]);
    expect(noticesOf(tableWith({}, (_, n) => String(n % 9)))).toEqual([]);
  });

  it("are none where a user says that there are none, or a bound moves them", () => {
    const table = tableWith({ "25.00": 15 }, fee);
    expect(noticesOf(table, { x: { kind: "number", apart: [] } })).toEqual([]);
    expect(noticesOf(table, { x: { kind: "number", minimum: 26 } })).toEqual([]);
    expect(noticesOf(table, { x: { kind: "number", scale: "smooth" } })).toHaveLength(1);
  });

  it("are drawn as often as they occur once the notice is heeded, and hardly before", () => {
    const table = tableWith({ "25.00": 15 }, fee);
    expect(drawnAs("25.00", table, {})).toBeLessThan(0.005);
    expect(drawnAs("25.00", table, { x: { kind: "number", apart: [25] } })).toBeCloseTo(15 / 450, 2);
  });
});

describe("values that a schema leaves out beside one that it names", () => {
  const table = tableWith({ "25.00": 90, "25.01": 90 }, fee);

  it("are told, with the schema that keeps both", () => {
    expect(noticesOf(table, { x: { kind: "number", apart: [25] } })).toEqual([
      'column "x" has 90 rows at 25.01, which "apart" in the schema does not name as a class of its own: drawn rows may have it far too rarely; "apart": [25, 25.01] in a schema keeps it',
    ]);
    expect(noticesOf(table, { x: { kind: "number", apart: [25, 25.01] } })).toEqual([]);
    expect(noticesOf(table)).toEqual([]);
  });

  it("are drawn far too rarely until the notice is heeded", () => {
    expect(drawnAs("25.01", table, { x: { kind: "number", apart: [25] } })).toBeLessThan(0.02);
    for (const text of ["25.00", "25.01"])
      expect(drawnAs(text, table, { x: { kind: "number", apart: [25, 25.01] } })).toBeCloseTo(0.2, 1);
  });
});
