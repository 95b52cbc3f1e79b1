// schema-file: what a user says of columns is taken as it is, and a mistake is told with its place, what was expected and what came.
import { describe, expect, it } from "vitest";
import { parseOverrides, parseSchemaFile } from "../../../src/tasks/table/schema-file.ts";

describe("a schema file", () => {
  it("gives back what it says", () => {
    const columns = {
      age: { kind: "number", minimum: null, maximum: 120, step: 1, scale: "robust" },
      seen: { kind: "date", format: "D/M/YYYY", scale: "quantile", values: "any", gaps: ["never"] },
      size: { kind: "ordinal", levels: ["S", "M"] },
      note: { kind: "text", regenerate: "sample" },
      fee: { apart: [25], minimum: 0 },
      until: { apart: ["9999-12-31"], gaps: ["never"] },
    };
    expect(parseSchemaFile({ ...columns, constraints: ["age < 3"], label: "size" }, "s.json")).toEqual({
      columns,
      constraints: ["age < 3"],
      label: "size",
    });
    expect(parseOverrides(columns, "s.json")).toEqual(columns);
  });

  const kinds = "number, date, category, ordinal, boolean, text, id";
  const openFields =
    "kind, minimum, maximum, step, values, apart, scale, thousands, gaps, format, true, regenerate, levels";
  const numberFields = "kind, minimum, maximum, step, values, apart, scale, thousands, gaps";
  it.each<readonly [unknown, string]>([
    [[], 's.json: expected columns by their names, such as {"age": {"kind": "number"}}, got an empty list'],
    [null, 's.json: expected columns by their names, such as {"age": {"kind": "number"}}, got null'],
    [
      { a: "nmber" },
      's.json column "a": expected an object such as {"kind": "number"}, got "nmber"; write {"kind": "number"}',
    ],
    [{ a: null }, 's.json column "a": expected an object such as {"kind": "number"}, got null'],
    [{ a: {} }, `s.json column "a", field "kind": expected one of ${kinds}, got nothing`],
    [
      { a: { kind: "numbr" } },
      `s.json column "a", field "kind": expected one of ${kinds}, got "numbr"; did you mean "number"?`,
    ],
    [{ a: { kind: "colour" } }, `s.json column "a", field "kind": expected one of ${kinds}, got "colour"`],
    [
      { a: { kind: "number", scal: "smooth" } },
      `s.json column "a", field "scal": expected one of the fields ${numberFields}, got another one; did you mean "scale"?`,
    ],
    [
      { a: { kind: "category", scale: "smooth" } },
      's.json column "a", field "scale": expected one of the fields of a column of kind category (kind, gaps), got one of kind number or date; leave it out, or write "kind": "number" or "kind": "date"',
    ],
    [
      { a: { kind: "category", apart: ["x"] } },
      's.json column "a", field "apart": expected one of the fields of a column of kind category (kind, gaps), got one of kind number or date; leave it out: each of its levels is a class of its own already',
    ],
    [
      { a: { kind: "number", apart: [2, "25.00"] } },
      's.json column "a", field "apart", item 2: expected a number, got "25.00"; write 25',
    ],
    [
      { a: { kind: "number", apart: ["none"] } },
      's.json column "a", field "apart", item 1: expected a number, got "none"; texts among numbers are gaps, which "gaps" names',
    ],
    [
      { a: { kind: "number", apart: [true] } },
      's.json column "a", field "apart", item 1: expected a number, got true; write values that rows have',
    ],
    [
      { a: { kind: "date", apart: [9999] } },
      's.json column "a", field "apart", item 1: expected a text, got 9999; write dates as texts, as in the table',
    ],
    [
      { a: { apart: [true] } },
      's.json column "a", field "apart", item 1: expected a number or a text, got true; write values that rows have',
    ],
    [
      { a: { knd: "number" } },
      `s.json column "a", field "knd": expected one of the fields ${openFields}, got another one; did you mean "kind"?`,
    ],
    [{ a: { step: "1" } }, 's.json column "a", field "step": expected a number, got "1"'],
    [
      { a: { kind: "date", scale: "robst" } },
      's.json column "a", field "scale": expected one of "quantile", "smooth", "robust", got "robst"; did you mean "robust"?',
    ],
    [{ a: { kind: "number", minimum: "3" } }, 's.json column "a", field "minimum": expected a number, got "3"'],
    [{ a: { kind: "number", step: -1 } }, 's.json column "a", field "step": expected a number above 0, got -1'],
    [{ a: { kind: "number", thousands: 1 } }, 's.json column "a", field "thousands": expected true or false, got 1'],
    [{ a: { kind: "ordinal" } }, 's.json column "a", field "levels": expected a list, got nothing'],
    [
      { a: { kind: "ordinal", levels: [] } },
      's.json column "a", field "levels": expected a list of at least 1 item, got an empty list',
    ],
    [{ a: { kind: "ordinal", levels: ["S", 3] } }, 's.json column "a", field "levels", item 2: expected a text, got 3'],
    [
      { a: { kind: "date", format: "Y".repeat(61) } },
      `s.json column "a", field "format": expected a text of at most 60 characters, got "${"Y".repeat(57)}…"`,
    ],
    [
      { a: { kind: "text", regenerate: "yes" } },
      's.json column "a", field "regenerate": expected true or false or "sample", got "yes"',
    ],
    [{ constraints: "a < b" }, 's.json "constraints": expected a list of texts, got "a < b"'],
    [{ constraints: ["a < b", 3] }, 's.json "constraints", item 2: expected a text, got 3'],
    [
      { constraint: ["a < b"] },
      's.json column "constraint": expected an object such as {"kind": "number"}, got a list; did you mean "constraints"?',
    ],
    ...[
      [[{ name: "a" }], "a list"],
      [{ age: { kind: "number" }, city: "category" }, "an object with age, city"],
    ].map(([columns, received]): [object, string] => [
      { columns },
      `s.json "columns": expected columns by their names at the top of the file, such as {"age": {"kind": "number"}}, got ${received}; leave out "columns"`,
    ]),
    [{ label: 3 }, 's.json "label": expected the name of a column, got 3'],
    [
      { lable: "a" },
      's.json column "lable": expected an object such as {"kind": "number"}, got "a"; did you mean "label"?',
    ],
  ])("refuses %j", (json, message) => {
    expect(() => parseSchemaFile(json, "s.json")).toThrow(expect.objectContaining({ code: "option", message }));
  });
});

it("a misspelt field is told, and not that the field meant is lacking", () => {
  const parse = (column: object) => () => parseSchemaFile({ cut: column }, "s.json");
  expect(parse({ kind: "ordinal", levls: ["a", "b"] })).toThrow(
    's.json column "cut", field "levls": expected one of the fields kind, levels, gaps, got another one; did you mean "levels"?',
  );
  expect(parseSchemaFile({ columns: { kind: "text" } }, "s.json").columns).toEqual({ columns: { kind: "text" } });
  expect(parse({ kind: "ordinal", other: ["a", "b"] })).toThrow('field "levels": expected a list, got nothing');
});
