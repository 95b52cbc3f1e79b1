// detect: the type of a column, the reason for it, and what a user may say instead.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCellTable } from "../../../src/data/cell-files.ts";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { random } from "../../../src/random.ts";
import { dateFormat, findDateFormat } from "../../../src/tasks/table/date-format.ts";
import { detectSchema, schemaNotices } from "../../../src/tasks/table/detect.ts";
import { encoderFrom, tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { measuredTable } from "../../../src/tasks/table/measured.ts";
import { schemaJson } from "../../../src/tasks/table/schema.ts";
import type { SchemaOverrides } from "../../../src/tasks/table/schema-file.ts";
import { attempt } from "../../support/damage.ts";
import { columnsTable, csvTable, scattered, textsOf, thereAndBack } from "./table-support.ts";

const found = async (list: readonly string[], name = "a") =>
  detectSchema(await columnsTable({ [name]: list })).columns[0]!;

describe("numbers", () => {
  test("grid, decimals, bounds and marks", async () => {
    const tens = scattered(80, 300).map((n) => String(10 * n + 5));
    expect(await found(tens)).toMatchObject({ kind: "number", step: 10, offset: 5, values: "any" });
    const prices = scattered(80, 3000).map((n) => (n / 100).toFixed(2));
    expect(await found(prices)).toMatchObject({ format: { kind: "decimals", least: 2, most: 2 }, step: 0.01 });
    const german = prices.map((text) => text.replace(".", ","));
    expect(await found(german)).toMatchObject({ format: { mark: "," }, step: 0.01 });
    expect(await found(["1e-9", "2.5e-7", "3"])).toMatchObject({ format: { kind: "significant", digits: 2 } });
    expect(await found(["1.0", "2.25", "3.5"])).toMatchObject({ format: { least: 1, most: 2 } });
  });

  test("few of them, and few dates, are mapped smoothly, but for values that many rows share and those far off", async () => {
    const prices = (rows: number) => scattered(rows, 3000).map((n) => (n / 100).toFixed(2));
    const days = scattered(80, 300).map((n) => new Date(Date.UTC(2020, 0, n + 1)).toISOString().slice(0, 10));
    expect(await found(prices(300))).toMatchObject({ kind: "number", scale: "smooth" });
    expect(await found(prices(2000))).toMatchObject({ kind: "number", scale: "quantile" });
    expect(await found(days)).toMatchObject({ kind: "date", scale: "smooth" });
    const shared = prices(300).map((text, row) => (row % 2 === 0 ? "25.00" : text));
    expect(await found(shared)).toMatchObject({ kind: "number", scale: "quantile" });
    const far = [...prices(300), "1000000.00"];
    expect(await found(far)).toMatchObject({ kind: "number", scale: "quantile" });
    expect(await found([...days, "4020-01-01"])).not.toHaveProperty("scale");
    const asked = await columnsTable({ a: far });
    const codeOf = (scale: "smooth" | "quantile") =>
      thereAndBack(asked, { a: { kind: "number", scale } }).encoder.toJSON().codes;
    expect(codeOf("smooth")).toEqual(codeOf("quantile"));
  });

  test("decimal commas, offsets and shortest decimals come back", async () => {
    const table = await columnsTable({
      a: scattered(90, 9000).map((n) => (n / 100).toFixed(2).replace(".", ",")),
      b: scattered(90, 900, 4).map((n) => String(10 * n + 5)),
      c: scattered(90, 700, 5).map((n) => (Number.isInteger(n / 4) ? (n / 4).toFixed(1) : String(n / 4))),
    });
    expect(textsOf(thereAndBack(table).back)).toEqual(textsOf(table));
  });

  test("a heavy tail is named, and its largest value comes back", async () => {
    const list = scattered(500, 1000).map((n, row) => String(row % 50 === 7 ? n * 1000 : n));
    const column = await found(list);
    expect(column.reason).toContain("heavy tail");
    const table = await columnsTable({ a: list });
    expect(textsOf(thereAndBack(table).back)).toEqual(textsOf(table));
  });

  test("ids are known by counting or by their name, years are not ids", async () => {
    const years = Array.from({ length: 30 }, (_, n) => String(1990 + n));
    expect((await found(years, "year")).kind).toBe("number");
    expect(await found(years, "customer_id")).toMatchObject({ kind: "id", first: 1990 });
    const odd = years.map((year) => String(Number(year) * 2));
    const left = await found(odd, "userId");
    expect(left).toMatchObject({ kind: "id" });
    expect("first" in left).toBe(false);
  });

  test("few numbers are ids by a name of ids, or by one of counters where they count the rows in their order", async () => {
    const counted = ["1", "2", "3", "4", "5"];
    for (const name of ["id", "customer_id", "orderId", "row", "index", "Unnamed: 0"]) {
      const column = await found(counted, name);
      expect(column).toMatchObject({ kind: "id", first: 1 });
      expect(column.reason).toBe(`it is called "${name}" and counts the rows from 1 to 5`);
    }
    expect(await found(["0", "1", "2"], "idx")).toMatchObject({ kind: "id", first: 0 });
    const odd = await found(["17", "4", "99"], "user_id");
    expect(odd).toMatchObject({ kind: "id", reason: 'it is called "user_id" and no number comes twice in 3 rows' });
    expect("first" in odd).toBe(false);
    for (const [cells, name] of [
      [counted, "day"],
      [counted.toReversed(), "row"],
      [["5", "6", "7"], "number"],
      [["101", "97", "99"], "price_index"],
      [["1", "2", "2"], "id"],
      [["1", "2", ""], "id"],
      [["1", "2.5", "3"], "id"],
      [counted, "paid"],
    ] as const)
      expect((await found(cells, name)).kind, name).toBe("number");
  });
});

describe("an index of rows that some left", () => {
  const withHoles = (rows: number) => scattered(rows, 3).map((n, row) => String(3 * row + n));

  test("is an id by the name that pandas gives it, and left out with a notice unless a schema says otherwise", async () => {
    const table = await columnsTable({ "Unnamed: 0": withHoles(40), x: withHoles(40) });
    const schema = detectSchema(table);
    expect(schema.columns).toMatchObject([{ kind: "id" }, { kind: "number" }]);
    expect(schemaNotices(schema)).toEqual([
      'column "Unnamed: 0" is taken for an id and is left out: it is called "Unnamed: 0" and no number comes twice in 40 rows',
    ]);
    expect(detectSchema(table, { "Unnamed: 0": { kind: "number" } }).columns[0]).toMatchObject({ kind: "number" });
    for (const name of ["Unnamed: 0", "Unnamed: 0.1"])
      expect(await found(["0", "2", "7"], name), name).toMatchObject({ kind: "id" });
    expect(await found(["-4", "2", "7"], "Unnamed: 0")).toMatchObject({ kind: "number" });
    expect(await found(["0", "2", "2"], "Unnamed: 0")).toMatchObject({ kind: "number" });
    expect(await found(["0", "2", "7"], "Unnamed: 10")).toMatchObject({ kind: "number" });
  });

  test("is an id where the first column alone has no name", async () => {
    const lines = (header: string) =>
      csvTable(
        `${header}\n${withHoles(40)
          .map((cell) => `${cell},${cell}`)
          .join("\n")}\n`,
      );
    const [index, other] = detectSchema(await lines(",x")).columns;
    expect(index).toMatchObject({
      name: "c1",
      kind: "id",
      reason: "it comes first without a name and no number comes twice in 40 rows",
    });
    expect(other).toMatchObject({ name: "x", kind: "number" });
    for (const header of ["c1,x", "x,", ","])
      expect(
        detectSchema(await lines(header)).columns.map(({ kind }) => kind),
        header,
      ).toEqual(["number", "number"]);
  });
});

describe("large numbers", () => {
  const powers = (exponent: number) => scattered(60, 1e6).map((n) => `${(n - 5e5) / 1e5}e${exponent}`);

  test("come back, up to those whose powers float64 holds no more", async () => {
    const list = powers(74);
    expect(await found(list)).toMatchObject({ kind: "number", format: { kind: "significant" } });
    const table = await columnsTable({ a: list });
    const { back } = thereAndBack(table);
    textsOf(back)["a"]?.forEach((text, row) => {
      expect(Math.abs(Number(text) / Number(list[row]) - 1)).toBeLessThan(1e-5);
    });
  });

  test.each([76, 300, 400])("of 1e%d are left out for their size", async (exponent) => {
    const column = await found(powers(exponent));
    expect(column).toMatchObject({ kind: "text" });
    expect(column.reason).toMatch(/^numbers such as \S+ are too large: they may be up to 1e\+75$/);
    const table = await columnsTable({ a: powers(exponent) });
    expect(() => detectSchema(table, { a: { kind: "number" } })).toThrow(
      /^schema column "a": expected numbers up to 1e\+75, got a cell "\S+"; give the column in larger units$/,
    );
  });

  test("are no numbers where float64 would lose digits of a whole number written out", async () => {
    const ids = Array.from({ length: 60 }, (_, row) => `12345678901234567${row + 10}`);
    expect(await found(ids)).toMatchObject({ kind: "id", reason: "no text comes twice in 60 cells" });
    const round = Array.from({ length: 60 }, (_, row) => `${row + 10}000000000000000000`);
    expect(await found(round)).toMatchObject({ kind: "number", maximum: 69e18 });
  });
});

describe("booleans and texts", () => {
  test("a pair of words keeps its spelling", async () => {
    for (const [yes, no] of [
      ["TRUE", "FALSE"],
      ["Yes", "No"],
      ["1", "0"],
      ["t", "f"],
      ["on", "off"],
    ] as const) {
      expect(await found([no, yes, yes, no])).toMatchObject({ kind: "boolean", true: yes, false: no });
    }
    expect((await found(["red", "blue", "red"])).kind).toBe("category");
  });

  test("texts that do not come back are left out", async () => {
    const names = Array.from({ length: 60 }, (_, n) => `Name of number ${n}`);
    expect((await found(names)).kind).toBe("text");
    expect((await found(names.map((name, n) => (n < 20 ? "Ann" : name)))).kind).toBe("text");
    expect((await found(names.slice(0, 5))).kind).toBe("category");
    const uuids = names.map((_, n) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`);
    expect((await found(uuids)).kind).toBe("id");
  });
});

describe("dates", () => {
  const every = (pattern: string, stepDays: number) =>
    Array.from({ length: 40 }, (_, n) => dateFormat(pattern).format(Date.UTC(1999, 11, 25) + n * stepDays * 864e5));

  test("the form is found from the cells, and dates come back on their grid", async () => {
    for (const [pattern, days] of [
      ["YYYY-MM-DD", 1],
      ["DD.MM.YYYY", 7],
      ["M/D/YYYY", 1],
      ["DD/MM/YY", 3],
      ["YYYYMMDD", 1],
      ["YYYY-MM-DDTHH:mm:ss.SSSZ", 0.37],
      ["YYYY-MM-DD HH:mm:ss[+02:00]", 0.25],
      ["H:mm", 0.01],
      ["D/MM/YYYY", 3],
    ] as const) {
      const table = await columnsTable({ a: every(pattern, days) });
      const { schema, back } = thereAndBack(table);
      expect([pattern, schema.columns[0]]).toMatchObject([pattern, { kind: "date", format: pattern }]);
      expect(textsOf(back)).toEqual(textsOf(table));
    }
    expect(await found(every("DD.MM.YYYY", 7))).toMatchObject({ step: 7 * 864e5 });
  });

  test("day and month are told apart by the data, and doubt is said", () => {
    expect(findDateFormat(["13/02/2024", "01/02/2024"])).toMatchObject({ pattern: "DD/MM/YYYY" });
    expect(findDateFormat(["02/13/2024", "01/02/2024"])).toMatchObject({ pattern: "MM/DD/YYYY" });
    expect(findDateFormat(["02/03/2024"])).toMatchObject({
      pattern: "MM/DD/YYYY",
      reason: expect.stringContaining("it could be DD/MM/YYYY as well"),
    });
    expect(findDateFormat(["2024-02-30"])).toEqual({ kind: "none" });
    expect(findDateFormat(["25:00"])).toEqual({ kind: "none" });
  });

  test("of several forms, or beside a few words, are no column of dates, and what to do is said", async () => {
    const days = every("YYYY-MM-DD", 1);
    const spoken = async (texts: readonly string[]) => {
      const table = await columnsTable({ day: [...texts, ...texts] });
      const schema = detectSchema(table);
      const [{ kind, reason } = { kind: "none", reason: "" }] = schema.columns;
      return { kind, reason, notice: schemaNotices(schema).join() };
    };
    const both = [...days, ...every("M/D/YYYY", 2)];
    const forms =
      "; they are dates of 2 forms, YYYY-MM-DD (80 cells) and M/D/YYYY (80 cells): write all in one form to have dates";
    expect(await spoken(both)).toEqual(
      expect.objectContaining({
        kind: "category",
        notice: `column "day" is taken for a category: 80 different texts in 160 cells${forms}`,
      }),
    );
    const words = await spoken([...both, "soon"]);
    expect(words.reason).toContain(`${forms}, and give "soon" as missing if that is what it means`);
    expect((await spoken([...days, "soon"])).notice).toMatch(
      /all but 2 of them are dates of the form YYYY-MM-DD \(80 cells\), so give "soon" as missing/,
    );
    for (const others of [
      ["a", "b", "c", "d"],
      every("H:mm", 0.001)
        .slice(0, 3)
        .map((text) => `at ${text}`),
    ])
      expect((await spoken([...days, ...others])).notice).toBe("");
    expect(await found([...both, "2000-01-01T10:00"].slice(1))).toMatchObject({
      kind: "id",
      reason: expect.stringContaining("dates of 3 forms"),
    });
  });

  test("dates before 1970 and years of three digits survive", () => {
    const { parse, format } = dateFormat("YYYY-MM-DD HH:mm:ss.SSS");
    for (const text of ["0099-03-01 00:00:00.001", "1969-12-31 23:59:59.999", "9999-12-31 23:59:59.000"]) {
      expect(format(parse(text))).toBe(text);
    }
    expect(() => dateFormat("YYYY-QQ")).toThrow("date format: expected a pattern of YYYY MM DD HH mm ss S");
  });

  test("days are counted as the calendar counts them, from the year 0 to 9999", () => {
    const { parse, format } = dateFormat("YYYY-MM-DD");
    for (let days = -719_528; days < 2_932_896; days += 1_237) {
      expect(parse(format(days * 864e5))).toBe(days * 864e5);
      expect(format(days * 864e5)).toBe(new Date(days * 864e5).toISOString().slice(0, 10));
    }
    for (const text of ["2023-02-29", "1900-02-29", "2024-04-31", "2024-00-01", "2024-13-01", "2024-01-00"])
      expect([text, parse(text)]).toEqual([text, Number.NaN]);
    expect(parse("2000-02-29")).toBe(Date.UTC(2000, 1, 29));
    const short = dateFormat("D.M.YY H:mm");
    expect(short.parse("1.2.69 3:04")).toBe(Date.UTC(2069, 1, 1, 3, 4));
    for (const text of ["01.2.69 3:04", "1.2.69 03:04", "1.2.69 24:00", "1.2.69 3:60"])
      expect(short.parse(text)).toBeNaN();
  });

  test("Date objects come back as Date objects", async () => {
    const rows = Array.from({ length: 30 }, (_, n) => ({ at: new Date(Date.UTC(2024, 0, 1, n)) }));
    const table = cellTableOf(rows);
    const { back } = thereAndBack(table);
    expect(textsOf(back)).toEqual(textsOf(table));
    expect(back.columns[0]!.origin).toBe("date");
  });
});

describe("what a user says", () => {
  test("has the last word, and is checked against the cells", async () => {
    const table = await columnsTable({
      size: ["S", "M", "L", "S"],
      code: ["1", "2", "3", "2"],
      note: ["a", "b", "c", "?"],
    });
    const schema = detectSchema(table, {
      size: { kind: "ordinal", levels: ["S", "M", "L", "XL"] },
      code: { kind: "category" },
      note: { kind: "category", gaps: ["?"] },
    });
    expect(schema.columns.map(({ kind }) => kind)).toEqual(["ordinal", "category", "category"]);
    expect(schema.columns[0]).toMatchObject({ levels: [{ count: 2 }, { count: 1 }, { count: 1 }, { count: 0 }] });
    const encoder = tableEncoder(schema, table);
    const back = textsOf(encoder.decode(encoder.encode(table, { key: random(1) }).values, 4));
    expect(back["size"]).toEqual(["S", "M", "L", "S"]);
    expect(back["note"]).toEqual(["a", "b", "c", undefined]);
    const wrong = (overrides: Parameters<typeof detectSchema>[1]) => () => detectSchema(table, overrides);
    const cities = await columnsTable({ city: ["Bonn", "Rome", "Bonn"] });
    expect(wrong({ sise: { kind: "category" } })).toThrow('did you mean "size"?');
    expect(wrong({ size: { kind: "number" } })).toThrow('schema column "size": expected numbers, got a cell "S"');
    expect(wrong({ size: { kind: "ordinal", levels: ["S", "M"] } })).toThrow('got a cell "L"; change');
    expect(() => detectSchema(cities, { city: { kind: "ordinal", levels: ["Bon", "Rome"] } })).toThrow(
      'expected one of Bon, Rome, got a cell "Bonn"; did you mean "Bonn" by the level "Bon"?',
    );
    expect(wrong({ size: { kind: "date", format: "YYYY" } })).toThrow("dates of the form YYYY");
    expect(wrong({ size: { kind: "boolean" } })).toThrow("expected two different texts");
    expect(() => detectSchema(cities, { city: { kind: "boolean", true: "Rom" } })).toThrow(
      'schema column "city", field "true": expected one of the texts of the column, Bonn, Rome, got "Rom"; did you mean "Rome"?',
    );
  });

  test("may leave the kind of a column to its cells", async () => {
    const table = await columnsTable({
      n: scattered(90, 500).map((value) => (value % 9 === 0 ? "-99" : String(value))),
      day: scattered(90, 300, 2).map((n) => new Date(Date.UTC(2024, 0, 1 + n)).toISOString().slice(0, 10)),
      size: scattered(90, 3, 3).map((n) => ["S", "M", "?"][n]!),
      one: Array(90).fill("x"),
      ticket: Array.from({ length: 90 }, (_, n) => `T-${1000 + 7 * n}`),
    });
    const said: SchemaOverrides = {
      n: { minimum: -5, gaps: ["-99"] },
      day: { scale: "robust" },
      ticket: { regenerate: true },
    };
    const closed: SchemaOverrides = {
      n: { kind: "number", minimum: -5, gaps: ["-99"] },
      day: { kind: "date", scale: "robust" },
      ticket: { kind: "id", regenerate: true },
    };
    expect(detectSchema(table, said)).toEqual(detectSchema(table, closed));
    const [, , size] = detectSchema(table, { size: { gaps: ["?"] } }).columns;
    const cells = table.columns[2]!;
    const known = Array.from(cells.codes, (code) => cells.texts.at(code)).filter((text) => text !== "?").length;
    expect(size).toMatchObject({ kind: "category", gaps: ["?"], reason: `2 different texts in ${known} cells` });
    const wrong = (overrides: Parameters<typeof detectSchema>[1]) => () => detectSchema(table, overrides);
    expect(wrong({ size: { apart: ["S"] } })).toThrow(
      'schema column "size", field "apart": expected one of the fields of a column of kind category (kind, gaps), got one of kind number or date; leave it out: each of its levels',
    );
    expect(wrong({ n: { apart: ["-99"] } })).toThrow('field "apart", item 1: expected a number, got "-99"; write -99');
    expect(wrong({ day: { step: 2 } })).toThrow('got one of kind number; leave it out, or write "kind": "number"');
    expect(wrong({ one: { minimum: 2 } })).toThrow(
      'schema column "one", field "kind": expected one of number, date, category, ordinal, boolean, text, id, got nothing; the cells do not tell',
    );
  });

  test("bounds: as given, or open with null", async () => {
    const table = await columnsTable({ a: scattered(60, 500).map(String) });
    const far = (overrides: Parameters<typeof detectSchema>[1]) => {
      const encoder = tableEncoder(detectSchema(table, overrides), table);
      return textsOf(encoder.decode(Float32Array.of(12, -12), 2))["a"]!.map(Number);
    };
    const values = textsOf(table)["a"]!.map(Number);
    expect(far({})).toEqual([Math.max(...values), Math.min(...values)]);
    expect(far({ a: { kind: "number", minimum: 0, maximum: 550 } })).toEqual([550, 0]);
    expect(far({ a: { kind: "number", minimum: null, maximum: null } })[1]).toBeLessThan(0);
    expect(far({ a: { kind: "number", scale: "robust", minimum: null } })[1]).toBeLessThan(-1000);
  });

  test("dates take the maps of numbers, and come back on their grid whatever the map", async () => {
    const days = scattered(90, 4000).map((n) => new Date(Date.UTC(2001, 0, n + 1)).toISOString().slice(0, 10));
    const table = await columnsTable({ a: days });
    const codeBy = (scale: "quantile" | "smooth" | "robust") => {
      const { schema, encoder, back } = thereAndBack(table, { a: { kind: "date", scale } });
      expect(schema.columns[0]).toMatchObject({ kind: "date", scale });
      expect(textsOf(back)).toEqual(textsOf(table));
      return encoder.toJSON().codes[0]!.value;
    };
    const plain = thereAndBack(table).encoder.toJSON().codes[0]!.value;
    expect(codeBy("smooth")).toEqual(plain);
    expect(codeBy("quantile")).not.toEqual(plain);
    const straight = codeBy("robust");
    expect(straight.kind === "scale" && straight.scores.map((score) => score.toFixed(3))).toEqual(["-0.674", "0.674"]);
  });

  test("bounds that exclude each other, and patterns that are none, are refused with their column", async () => {
    const table = await columnsTable({ a: scattered(90, 500).map(String), b: Array(90).fill("2020-01-02") });
    expect(() => detectSchema(table, { a: { kind: "number", minimum: 9, maximum: 3 } })).toThrow(
      'schema column "a": expected a minimum that is not above the maximum, got 9 above 3',
    );
    expect(() => detectSchema(table, { a: { kind: "number", minimum: 1000 } })).toThrow("got 1000 above");
    expect(() => detectSchema(table, { b: { kind: "date", format: "YYY" } })).toThrow(
      'schema column "b", field "format": expected a pattern of YYYY MM DD HH mm ss S, each at most once, got "YYY"',
    );
  });

  test("bounds between two neighbours of the grid leave nothing to write and are refused, but where observed values alone are", async () => {
    const table = await columnsTable({
      a: scattered(90, 500).map((n) => String(3 + 5 * n)),
      p: Array.from({ length: 90 }, (_, n) => String(n % 3)),
    });
    const said = (a: SchemaOverrides[string]) => () => detectSchema(table, { a });
    const refusal = (received: string) =>
      `schema column "a": expected a value of the column's grid between the minimum and the maximum, got ${received}; change the minimum, the maximum or the step`;
    expect(said({ minimum: 9, maximum: 12 })).toThrow(refusal("9 to 12, between the neighbours 8 and 13"));
    expect(said({ minimum: 0.32, maximum: 0.38, step: 0.1 })).toThrow(
      refusal("0.32 to 0.38, between the neighbours 0.3 and 0.4"),
    );
    expect(said({ minimum: 9, maximum: 13 })).not.toThrow();
    expect(said({ minimum: 8, maximum: 8 })).not.toThrow();
    expect(said({ minimum: null, maximum: 1, step: 7 })).not.toThrow();
    const middle = { minimum: 0.2, maximum: 0.7 };
    expect(detectSchema(table, { p: middle }).columns[1]).toMatchObject({ values: "observed" });
    const wide = { minimum: -3, maximum: null };
    expect(detectSchema(table, { p: wide }).columns[1]).toMatchObject({ values: "observed", minimum: 0, maximum: 2 });
    expect(said({ step: 1e4 })).toThrow(
      /"a", field "step": expected at most \d+, which is how far apart the column's values are, got 10000; give the difference/,
    );
    expect(() => detectSchema(table, { p: { ...middle, values: "any" } })).toThrow("got 0.2 to 0.7, between");
  });

  test("model files are read with care", async () => {
    const { encoder } = thereAndBack(await csvTable("a,b\n1,x\n2,y\n3,x\n"));
    const json = JSON.parse(JSON.stringify(encoder));
    const damaged = (change: (copy: typeof json) => void) => () => {
      const copy = structuredClone(json);
      change(copy);
      return encoderFrom(copy, "m");
    };
    expect(damaged((copy) => copy.codes.pop())).toThrow("m codes.");
    expect(damaged((copy) => copy.codes[1].value.counts.pop())).toThrow("m codes.1: expected the code of a column");
    expect(damaged((copy) => copy.codes[0].value.scores.reverse())).toThrow("numbers that ascend");
    expect(
      damaged((copy) => {
        copy.version = 2;
      }),
    ).toThrow("m version: expected 1, got 2");
  });
});

test("an encoder whose JSON was changed is refused or decodes to texts, never more", async () => {
  const table = await columnsTable({
    n: scattered(50, 900).map(String),
    o: scattered(50, 2, 3).map((n) => String(n + 3)),
    k: scattered(50, 4, 5).map((n) => (n === 0 ? "" : "uvwx"[n]!)),
    b: scattered(50, 2, 6).map((n) => (n ? "yes" : "no")),
    d: scattered(50, 300, 8).map((n) => dateFormat("YYYY-MM-DD").format(n * 864e5)),
  });
  const json = JSON.stringify(thereAndBack(table).encoder);
  const values = [null, -1, 0, 1, 0.5, 1e308, "", "x", "YYYY", "1e999", [], {}, [1, 2], true, "any", "levels", "date"];
  fc.assert(
    fc.property(fc.infiniteStream(fc.nat()), fc.constantFrom(...values), (picks, value) => {
      const copy = JSON.parse(json);
      let [place, key]: [Record<string, unknown>, string] = [copy, "schema"];
      for (;;) {
        const keys = Object.keys(place);
        key = keys[picks.next().value! % keys.length]!;
        const inner = place[key];
        if (typeof inner !== "object" || inner === null || Object.keys(inner).length === 0) break;
        if (picks.next().value! % 8 === 0) break;
        place = inner as Record<string, unknown>;
      }
      place[key] = value;
      const decoded = attempt(() => {
        const encoder = encoderFrom(copy, "m");
        return encoder.decode(new Float32Array(3 * encoder.dimensions.length).fill(0.3), 3);
      });
      if (decoded === "refused") return;
      for (const texts of Object.values(textsOf(decoded))) expect(texts).not.toContain("NaN");
    }),
    { numRuns: 2000, seed: 12 },
  );
});

test("the same table gives the same schema, and JSON keeps it", async () => {
  const table = await readCellTable("demo/diamonds.csv");
  const schema = detectSchema(table);
  expect(detectSchema(table)).toEqual(schema);
  expect(schemaJson.parse(JSON.parse(JSON.stringify(schema)))).toEqual(schema);
  const measured = measuredTable(table, schema);
  expect(measured.rows).toBe(53_940);
  expect(measured.columns[0]).toMatchObject({ name: "carat", kind: "numeric" });
  expect(measured.columns[1]).toMatchObject({
    name: "cut",
    kind: "category",
    levels: expect.arrayContaining(["Ideal"]),
  });
});

test("a level that the schema does not know is absent, and so is a text among numbers", async () => {
  const table = await columnsTable({ a: ["x", "y", "x", "y"], n: ["1", "2", "4", "9"] });
  const { encoder } = thereAndBack(table);
  const other = await columnsTable({ n: ["3", "what"], a: ["z", "y"] });
  expect(Array.from(encoder.encode(other, { key: random(1) }).absent)).toEqual([1, 0, 0, 1]);
  await expect(columnsTable({ a: ["x"] }).then((part) => encoder.encode(part, { key: random(1) }))).rejects.toThrow(
    'table: expected a column "n", got a; give the columns that the model was trained on',
  );
});
