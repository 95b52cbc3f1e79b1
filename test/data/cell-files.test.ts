// cell-files: tables of mixed columns from text, JSON, Parquet and objects, and what is refused.
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { readCellCsv } from "../../src/data/cell-csv.ts";
import { readCellJson, readCellNdjson, readCellTable } from "../../src/data/cell-files.ts";
import { type CellTable, cellTableOf, cellText, readCellRows, recordsOf } from "../../src/data/cell-table.ts";
import { cellHeader, cellLines } from "../../src/data/cell-writer.ts";
import { textPool } from "../../src/data/text-pool.ts";
import { LocalFlowError } from "../../src/errors.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const pieces = (text: string, size = 5) =>
  Array.from({ length: Math.ceil(bytes(text).length / size) }, (_, n) => bytes(text).slice(n * size, (n + 1) * size));
const csv = (text: string, options = {}) => readCellCsv(pieces(text), { where: "t.csv", ...options });
const cells = (table: CellTable) =>
  table.columns.map((column) => [
    column.name,
    ...Array.from({ length: table.rows }, (_, row) => cellText(column, row) ?? null),
  ]);

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "cells-"));
});
afterAll(() => rm(folder, { recursive: true }));

describe("text", () => {
  test("keeps cells as they are written, without blanks around them, and marks gaps", async () => {
    const table = await csv('a;b;c\n 007 ;"x;y";1,50\nNA;"say ""no""";NaN\n-0.0;null;\n');
    expect(cells(table)).toEqual([
      ["a", "007", null, "-0.0"],
      ["b", "x;y", 'say "no"', null],
      ["c", "1,50", null, null],
    ]);
  });

  test("remembers the commonest spelling of a gap, and takes further ones", async () => {
    const table = await csv("a,b\nNA,?\nNA,1\n,2\n3,?\n", { missing: ["?"] });
    expect(table.columns.map(({ gap }) => gap)).toEqual(["NA", "?"]);
    expect(cells(table)).toEqual([
      ["a", null, null, null, "3"],
      ["b", null, "1", "2", null],
    ]);
  });

  test("a first line of numbers is a row, of words a header", async () => {
    expect(cells(await csv("1,2\n3,4\n"))).toEqual([
      ["c1", "1", "3"],
      ["c2", "2", "4"],
    ]);
    expect(cells(await csv("x,\n3,4\n"))).toEqual([
      ["x", "3"],
      ["c2", "4"],
    ]);
  });

  test("refuses what is no table, and tables over the budget", async () => {
    await expect(csv("")).rejects.toThrow("t.csv: expected a table, got an empty file");
    await expect(csv("a,b\n")).rejects.toThrow("t.csv: expected rows, got a header without rows");
    await expect(csv("a,b\n1\n")).rejects.toThrow("t.csv line 2: expected 2 fields, got 1 field");
    await expect(csv('a,b\n"x\ny",1\n\n1\n')).rejects.toThrow("t.csv line 5: expected 2 fields, got 1 field");
    const long = `a\n${Array.from({ length: 20_000 }, (_, n) => `text ${n}`).join("\n")}\n`;
    await expect(csv(long, { memory: 100_000 })).rejects.toThrow(
      "expected a table within 97.66 KiB, got one that needs",
    );
  });

  test("whatever the text, there is a table or an error of ours", async () => {
    const part = fc.constantFrom(",", ";", "\t", "\n", "\r\n", '"', '""', "1", "a", "é", " ", "NA", "007", "\ufeff");
    await fc.assert(
      fc.asyncProperty(fc.array(part, { maxLength: 40 }), async (parts) => {
        const rows = await csv(parts.join("")).then(
          (table) => table.rows,
          (error) => (error instanceof LocalFlowError ? "refused" : error),
        );
        expect(rows === "refused" || rows > 0).toBe(true);
      }),
      { numRuns: 500, seed: 11 },
    );
  });
});

test("what is written as CSV reads back the same", async () => {
  const cell = fc.oneof(
    fc.string({ unit: "grapheme", maxLength: 5 }).filter((text) => !/[\ufeff\0]/.test(text)),
    fc.constantFrom("", "NA", "1", 'a"b', "x,y", " pad ", "line\nend", "007"),
  );
  const row = fc.record({ a: cell, "b,c": cell });
  await fc.assert(
    fc.asyncProperty(fc.array(row, { minLength: 1, maxLength: 12 }), fc.boolean(), async (rows, isSingle) => {
      const table = cellTableOf(isSingle ? rows.map(({ a }) => ({ a })) : rows);
      const text = cellHeader(table.columns.map(({ name }) => name)) + [...cellLines(table)].join("");
      expect(cells(await csv(text))).toEqual(cells(table));
    }),
    { numRuns: 300, seed: 8 },
  );
});

describe("JSON", () => {
  const expected = [
    ["a", "1", "2.5", null],
    ["b", "x", null, "007"],
    ["c", null, "true", "false"],
  ];
  test("records, lines and columns give one table, with the types of the source", async () => {
    const records = '[{"a":1,"b":"x"},{"a":2.5,"b":null,"c":true},{"a":NaN,"b":"007","c":false}]';
    const lines = '{"a":1,"b":"x"}\n{"a":2.5,"b":"","c":true}\n{"b":"007","c":false}\n';
    const columns = '{"a":[1,2.5,null],"b":["x",null,"007"],"c":[null,true,false]}';
    const options = { where: "t.json" };
    for (const table of [
      await readCellJson(pieces(records), options),
      await readCellNdjson(pieces(lines), options),
      await readCellJson(pieces(columns), options),
    ]) {
      expect(cells(table)).toEqual(expected);
      expect(table.columns.map(({ origin }) => origin).slice(1)).toEqual(["text", "boolean"]);
    }
    expect(cells(await readCellJson(pieces('[[1,"x"],[2,"y"]]'), options))).toEqual([
      ["c1", "1", "2"],
      ["c2", "x", "y"],
    ]);
  });

  test("refuses nested values, repeated names and rows of another length by place", async () => {
    const json = (text: string) => readCellJson(pieces(text), { where: "t.json" });
    await expect(json('[{"a":{"b":1}}]')).rejects.toThrow(
      't.json row 1 column "a": expected a number, a text, a boolean, a date or nothing, got an object',
    );
    await expect(json('[{"a":1,"a":2}]')).rejects.toThrow('got "a" twice');
    await expect(json("[[1],[1,2]]")).rejects.toThrow("t.json row 2: expected a list of 1 values");
    await expect(json('{"a":[1],"b":[1,2]}')).rejects.toThrow(
      "expected a list of 1 values, as long as the first column",
    );
    await expect(json("[]")).rejects.toThrow("t.json: expected rows, got none");
    await expect(json("[3]")).rejects.toThrow("t.json row 1: expected a record, got 3");
  });
});

test("objects, also from a stream: every kind of gap, dates and large numbers, and the rows stay as they were", async () => {
  const day = new Date("2024-02-29T12:00:00Z");
  const rows = [
    { a: 1, b: "x", d: day, e: 12n },
    { a: Number.NaN, b: "", d: null, e: 13n },
    { a: undefined, b: "y", d: new Date(Number.NaN), f: true },
  ];
  const before = structuredClone(rows);
  Object.freeze(rows[0]);
  const table = cellTableOf(rows);
  expect(rows).toEqual(before);
  expect([...recordsOf(table)]).toEqual([
    { a: 1, b: "x", d: day, e: 12, f: null },
    { a: null, b: null, d: null, e: 13, f: null },
    { a: null, b: "y", d: null, e: null, f: true },
  ]);
  async function* stream(records: readonly object[]) {
    for (const record of records) yield record;
  }
  for (const source of [stream(rows), rows])
    expect([...recordsOf(await readCellRows(source))]).toEqual([...recordsOf(table)]);
  await expect(readCellRows(stream([{ a: 1 }, { a: [1] }]))).rejects.toThrow('rows row 2 column "a"');
  await expect(readCellRows(stream([]))).rejects.toThrow("rows: expected rows, got none");
  expect(() => cellTableOf([{ a: [1] }])).toThrow('rows row 1 column "a"');
  expect(() => cellTableOf([])).toThrow("rows: expected rows, got none");
  expect(() => cellTableOf([{}, {}])).toThrow("rows: expected objects with values, got none but empty ones");
});

test("Parquet: types come from the file, and large whole numbers and decimals stay exact", async () => {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  const connection = await instance.connect();
  const path = join(folder, "t.parquet");
  await connection.run(
    `copy (select * from (values (12345678901234567890::hugeint, 1.50::decimal(5,2), 'x', true, date '2024-02-29', 0.1::double),
      (null, null, null, null, null, null)) as t(h, m, s, b, d, f)) to '${path}' (format parquet)`,
  );
  connection.closeSync();
  instance.closeSync();
  const table = await readCellTable(path);
  expect(cells(table).slice(1)).toEqual([
    ["m", "1.50", null],
    ["s", "x", null],
    ["b", "true", null],
    ["d", "2024-02-29", null],
    ["f", "0.1", null],
  ]);
  expect(table.columns.map(({ origin }) => origin)).toEqual(["number", "number", "text", "boolean", "text", "number"]);
});

test("files go by their ending", async () => {
  const path = join(folder, "t.tsv");
  await writeFile(path, "a\tb\n1,5\tx\n");
  expect(cells(await readCellTable(path))).toEqual([
    ["a", "1,5"],
    ["b", "x"],
  ]);
  await expect(readCellTable(join(folder, "t.xlsx"))).rejects.toThrow("expected a table ending in .csv, .tsv");
  await expect(readCellTable(join(folder, "none.csv"))).rejects.toThrow("got nothing of this name");
});

test("a pool numbers texts by their first appearance, whatever they are", () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: "grapheme", maxLength: 4 }), { maxLength: 300 }), (texts) => {
      const pool = textPool("t");
      const known = [...new Set(texts)];
      expect(texts.map((text) => pool.addText(text))).toEqual(texts.map((text) => known.indexOf(text)));
      const sealed = pool.sealed();
      expect(known.map((_, code) => sealed.at(code))).toEqual(known);
    }),
    { numRuns: 100, seed: 3 },
  );
});

test("CSV of programs: what is no source, no place and an option that is not known are refused", async () => {
  const read = (source: unknown, options: unknown) => readCellCsv(source as [], options as { where: string });
  await expect(read("a,b", { where: "t" })).rejects.toThrow(
    "source: expected the bytes of a file, piece by piece, got",
  );
  for (const chunk of ["a,b\n1,2\n", null, new ArrayBuffer(4)])
    await expect(read([chunk], { where: "t" })).rejects.toThrow(
      /source: expected bytes \(Uint8Array\), got .*without an encoding/,
    );
  await expect(read([], {})).rejects.toThrow("where: expected a text, got nothing; give one");
  await expect(read([], { where: "t", seperator: ";" })).rejects.toThrow('did you mean "separator"?');
  await expect(read([], { where: "t", separator: "|" })).rejects.toThrow("separator: expected one of");
});
