// json-table: tables from JSON in its three forms and from lines, and back through the writer.
import { describe, expect, test } from "vitest";
import { readJsonTable, readNdjsonTable } from "../../src/data/json-table.ts";
import { jsonWriter } from "../../src/data/json-writer.ts";
import { floats } from "../../src/tensor/array.ts";
import { refusedFor } from "../support/refused.ts";

const bytes = (text: string) => new TextEncoder().encode(text);
const pieces = (text: string, size = 3) =>
  Array.from({ length: Math.ceil(bytes(text).length / size) }, (_, n) => bytes(text).slice(n * size, (n + 1) * size));
const json = (text: string, options = {}) => readJsonTable(pieces(text), { where: "t.json", ...options });
const lines = (text: string, options = {}) => readNdjsonTable(pieces(text), { where: "t.ndjson", ...options });
const table = { columns: ["a", "b"], rows: floats([1, 2.5, -3e4, 1], [2, 2]), ignored: [] };

describe("forms", () => {
  test("records, in any order of their names", async () => {
    expect(await json(' [ {"a": 1, "b":2.5} ,\n{"b":true,"a":-3e4}]\n')).toEqual(table);
    expect(await json('\ufeff[{"a":1,"b":2.5},{"a":-3e4,"b":1}]')).toEqual(table);
  });

  test("arrays, whose columns are numbered or named in order", async () => {
    const text = "[[1,2.5],[-3e4,1]]";
    expect(await json(text)).toEqual({ ...table, columns: ["c1", "c2"] });
    expect(await json(text, { columns: ["a", "b"], inOrder: true })).toEqual(table);
    await refusedFor(json(text, { columns: ["a"], inOrder: true }), "t.json: expected 1 columns (a), got 2");
    await refusedFor(json(text, { columns: ["a"] }), 'expected names among c1, c2, got "a"');
  });

  test("an object of columns", async () => {
    expect(await json('{"a":[1,-3e4],"b":[2.5,true]}')).toEqual(table);
    expect(await json('{"b":[2.5,true],"a":[1,-3e4],"s":["x","y"]}', { columns: ["a", "b"] })).toEqual({
      ...table,
      ignored: ["s"],
    });
  });

  test("lines of records or arrays, blank ones skipped", async () => {
    expect(await lines('{"a":1,"b":2.5}\r\n\n{"a":-3e4,"b":1}')).toEqual(table);
    expect((await lines("[1,2]\n[3,4]\n")).columns).toEqual(["c1", "c2"]);
  });

  test("brackets, commas and quotes inside texts", async () => {
    const text = '[{"s]\\"},[":"x,\\"}]","a":1},{"s]\\"},[":"","a":2}]';
    expect((await json(text, { columns: ["a"] })).rows.data).toEqual(Float32Array.of(1, 2));
  });
});

describe("refusals name row and column", () => {
  test.each([
    ['[{"a":1},{"a":null}]', 'row 2 column "a": expected a finite number, got "null"'],
    ['[{"a":1},{"a":NaN}]', 'row 2 column "a": expected a finite number, got "NaN"'],
    ['[{"a":1},{"a":-Infinity}]', 'row 2 column "a": expected a finite number, got "-Infinity"'],
    ['[{"a":1},{"a":1e39}]', 'row 2 column "a": expected a number of at most 3.4e38'],
    ['[{"a":1},{"a":"x"}]', 'row 2 column "a": expected a number, got "x"'],
    ['[{"a":1},{"a":[1]}]', 'row 2 column "a": expected a number, got a list'],
    ['[{"a":1},{"b":1}]', 'row 2 column "a": expected a number, got nothing'],
    ['[{"a":1},{"a":1,"b":1}]', 'row 2: expected the names of the first row, got also "b"'],
    ['[{"a":1,"d":"2020-01-01"}]', "choose the numeric columns with --columns (numbers in this row: a)"],
    ["[[1,2],[3]]", "row 2: expected 2 numbers as in the first row, got 1"],
    ["[[1],{}]", "row 2: expected a list as in the first row, got an object"],
    ["[1,2]", "row 1: expected a record or a list of numbers, got 1"],
    ['[{"a":1,"a":2}]', '"a" twice'],
    ['[{"a":1},]', "t.json line 1, column 10: expected a value, got the end; leave out the comma beside it"],
    ['[{"a":1}\n, {"a":2 "b":3}]', 'line 2, column 10: expected a comma or } after the value, got "b"'],
    [
      '\n [\r\n{"é":1},{"é":2}, {"é":\nnul}]',
      'line 4, column 1: expected a value, got "nul"; texts stand in double quotes',
    ],
    ['[{"a":NaN,"b":-Infinity,"c":None}]', 'line 1, column 29: expected a value, got "None"; write null'],
    ['[{"a":1},{"b":NaN,"a" NaN}]', 'line 1, column 23: expected a colon after the name, got "NaN"'],
    ['[{"a":1} {"a":2}]', 'column 10: expected nothing after the value, got "{"; commas part rows in .json, lines in'],
    [
      '[{"a":1},\n{"a":"x]}\n]',
      "t.json row 2: expected one JSON array of rows, or an object of columns, got an array that does not end; write",
    ],
    [
      '[{"a":1},\n{"a":"x\n"}]',
      'line 2, column 8: expected a closing ", got the end of the line; close the text that begins at column 6',
    ],
    ['{"a":[1,2],\n"b":[1,,2]}', 't.json line 2, column 8: expected a value, got ","'],
    [
      '[{"a":1}',
      "t.json row 1: expected one JSON array of rows, or an object of columns, got an array that does not end",
    ],
    ['[{"a":1}] x', "got text behind it"],
    ['[{"a":1}}', "expected one JSON array"],
    ["[]", "expected rows of numbers, got none"],
    ["", "got an empty file"],
    [" \n", "got an empty file"],
    ["3", "expected one JSON array of rows, or an object of columns, got something else"],
    ['{"a":[1,2],"b":[1]}', 'column "b": expected a list of 2 numbers, as long as the first column, got one of 1'],
    ['{"a":{"0":1}}', 'orient="records"'],
    ['{"a":1}\n{"a":2}', "name a file of one record per line .ndjson or .jsonl"],
    ['{"a":[1],"a":[2]}', '"a" twice'],
  ])("%s", (text, message) => refusedFor(json(text), message));

  test("of lines too", async () => {
    await refusedFor(lines('{"a":1}\n\n{"a":}'), "t.ndjson line 3, column 6: expected a value, got");
    await refusedFor(lines('{"a":1} {"a":2}'), 'expected nothing after the value, got "{"; commas part rows in');
    await refusedFor(lines('{"a":1}\n\n{"a":"x"}'), 't.ndjson line 3 column "a": expected a number, got "x"');
    await refusedFor(lines("\n"), "got none");
  });

  test("__proto__ is a name like any other", async () => {
    const { columns, rows } = await json('[{"__proto__":1,"constructor":2}]');
    expect([columns, Array.from(rows.data)]).toEqual([
      ["__proto__", "constructor"],
      [1, 2],
    ]);
    await refusedFor(json('[{"constructor":1},{}]'), 'column "constructor": expected a number, got nothing');
  });

  test("tables over the memory budget", async () => {
    const text = `[${Array(60_000).fill('{"a":1,"b":2}').join(",")}]`;
    const source = pieces(text, 2 ** 16);
    await refusedFor(readJsonTable(source, { where: "t", memory: 300_000, bytes: text.length }), "needs about");
    await refusedFor(readJsonTable(source, { where: "t", memory: 300_000 }), "that needs");
    expect((await readJsonTable(source, { where: "t", memory: 600_000, bytes: text.length })).rows.shape).toEqual([
      60_000, 2,
    ]);
  });
});

test("what is written reads back as the same float32, and values that are not finite are null", async () => {
  const values = floats([0.1, -1e-30, 3.4e38, 1 / 3, 16777217, -0], [3, 2]);
  for (const form of ["array", "lines"] as const) {
    const writer = jsonWriter(['q"\n', "b"], form);
    const text = [...writer.rows(values), writer.end()].map((part) => new TextDecoder().decode(part)).join("");
    const read = form === "array" ? json : lines;
    expect(await read(text)).toEqual({ columns: ['q"\n', "b"], rows: values, ignored: [] });
    const odd = jsonWriter(["a"], form);
    const parts = [...odd.rows(floats([Number.NaN, 1], [2, 1])), odd.end()];
    expect(parts.map((part) => new TextDecoder().decode(part)).join("")).toContain('{"a":null}');
    const none = jsonWriter(["a"], form);
    expect(new TextDecoder().decode(none.end())).toBe(form === "array" ? "[]\n" : "");
  }
});
