// round-trip: tables as people have them come back as they were, cell by cell.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { readCellTable } from "../../../src/data/cell-files.ts";
import { cellTableOf, recordsOf } from "../../../src/data/cell-table.ts";
import { normalScore } from "../../../src/random.ts";
import { detectSchema, schemaNotices } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { columnsTable, csvTable, scattered, textsOf, thereAndBack } from "./table-support.ts";

/** The columns of a table that an encoder holds come back with the same texts and gaps. */
function expectBack(table: Awaited<ReturnType<typeof csvTable>>, overrides = {}) {
  const { back, schema, encoded } = thereAndBack(table, overrides);
  const held = new Set(schema.columns.filter(({ kind }) => kind !== "text" && kind !== "id").map(({ name }) => name));
  const texts = (from: typeof table) => Object.entries(textsOf(from)).filter(([name]) => held.has(name));
  expect(texts(back)).toEqual(texts(table));
  expect(encoded.values.every(Number.isFinite)).toBe(true);
  return schema;
}

test("diamonds come back in every cell, and every dimension is N(0, 1) in mean and variance", async () => {
  const table = await readCellTable("demo/diamonds.csv");
  const { back, encoder, encoded } = thereAndBack(table);
  expect(encoder.dimensions.map(({ column, part }) => `${column} ${part}`)).toEqual(
    table.columns.map(({ name }) => `${name} value`),
  );
  expect(textsOf(back)).toEqual(textsOf(table));
  const d = encoder.dimensions.length;
  for (let k = 0; k < d; k++) {
    let [sum, squares] = [0, 0];
    for (let i = k; i < encoded.values.length; i += d) {
      sum += encoded.values[i]!;
      squares += encoded.values[i]! ** 2;
    }
    expect(Math.abs(sum / table.rows)).toBeLessThan(0.02);
    expect(Math.abs(squares / table.rows - 1)).toBeLessThan(0.03);
  }
}, 60_000);

describe("points beyond the outer values of few numbers", () => {
  const decoded = (numbers: readonly number[], column: object = {}) => {
    const table = cellTableOf(numbers.map((x) => ({ x })));
    const schema = detectSchema(table, { x: { kind: "number", scale: "smooth", ...column } });
    const encoder = tableEncoder(schema, table);
    const [code] = encoder.toJSON().codes;
    if (code?.value.kind !== "scale") throw new Error("a column that is not mapped");
    const { scores } = code.value;
    const far = [scores[0]! - 0.2, scores[0]!, scores.at(-1)!, scores.at(-1)! + 0.2];
    return Array.from(recordsOf(encoder.decode(Float32Array.from(far), far.length)), ({ x }) => Number(x));
  };
  const even = Array.from({ length: 401 }, (_, n) => n / 400);

  test("are written as far inside where rows end abruptly, on both sides", () => {
    const [below, first, last, above] = decoded(even);
    expect(first).toBeCloseTo(0, 2);
    expect(last).toBeCloseTo(1, 2);
    expect(below).toBeGreaterThan(0.02);
    expect(below).toBeLessThan(0.2);
    expect(above).toBeCloseTo(1 - below!, 2);
  });

  test("are the outer value where rows share it, and nothing special without a bound", () => {
    expect(decoded([...new Array<number>(20).fill(0), ...even])[0]).toBe(0);
    const [below, , , above] = decoded(even, { minimum: null, maximum: null });
    expect(below).toBeLessThan(-0.02);
    expect(above).toBeGreaterThan(1.02);
  });
});

describe("hostile tables", () => {
  test("a constant column has no dimension", async () => {
    const schema = expectBack(await columnsTable({ a: ["x", "x", "x"], b: ["1", "2", "4"] }));
    expect(schema.columns[0]).toMatchObject({ kind: "constant", text: "x" });
  });

  test("one row is constants", async () => {
    const table = await csvTable("a,b,c\n1,x,2024-01-01\n");
    expectBack(table);
    expect(thereAndBack(table).encoder.dimensions).toEqual([]);
  });

  test("a column of gaps only stays one", async () => {
    const table = await csvTable("a,b\n1,\n2,\n4,\n");
    expect(expectBack(table).columns[1]).toMatchObject({ kind: "constant", reason: "no cell has a value" });
    expect(thereAndBack(table).encoder.dimensions).toHaveLength(1);
  });

  test("all columns categories, with levels of other scripts, quotes and line ends", async () => {
    const levels = ["naïve", "日本", "🙂", 'a "b"', "x,y", "line\nend", "é", "e\u0301"];
    const list = scattered(200, levels.length).map((n) => levels[n]!);
    expectBack(await columnsTable({ a: list, b: [...list].reverse() }));
  });

  test("a duplicate header is refused by name", async () => {
    await expect(csvTable("a,b,a\n1,2,3\n")).rejects.toThrow(
      't.csv line 1: expected a different name for every column, got "a" for columns 1 and 3; rename one of them',
    );
  });

  test("an id of 300 000 levels is left out, a counting one is numbered anew", () => {
    const rows = Array.from({ length: 300_000 }, (_, n) => ({ name: `k-${n * 7}`, id: n + 1, size: n % 3 }));
    const table = cellTableOf(rows);
    const schema = detectSchema(table);
    expect(schema.columns.map(({ kind }) => kind)).toEqual(["id", "id", "number"]);
    expect(schemaNotices(schema)).toEqual([
      'column "name" is taken for an id and is left out: no text comes twice in 300000 cells',
      'column "id" is taken for an id and is numbered anew: it counts the rows from 1 to 300000',
    ]);
    const encoder = tableEncoder(schema, table);
    const back = encoder.decode(Float32Array.of(0, 1), 2, { firstRow: 5 });
    expect([...recordsOf(back)]).toEqual([
      { id: 6, size: 1 },
      { id: 7, size: 2 },
    ]);
  }, 30_000);

  test("250 binary columns take a dimension each", async () => {
    const columns = Object.fromEntries(
      Array.from({ length: 250 }, (_, n) => [`b${n}`, scattered(40, 2, n + 1).map((bit) => (bit ? "yes" : "no"))]),
    );
    const table = await columnsTable(columns);
    const schema = expectBack(table);
    expect(schema.columns.every(({ kind }) => kind === "boolean")).toBe(true);
    expect(thereAndBack(table).encoder.dimensions).toHaveLength(250);
  });

  test("half of the cells are gaps in every kind of column", async () => {
    const gap = scattered(400, 2, 3);
    const column = (cell: (n: number) => string, shift: number) =>
      gap.map((_, n) => (gap[(n + shift) % 400] === 1 ? "" : cell(n)));
    const table = await columnsTable({
      number: column((n) => ((n * 37) % 101).toFixed(1), 0),
      level: column((n) => "abc"[n % 3]!, 5),
      flag: column((n) => (n % 2 ? "Y" : "N"), 9),
      day: column((n) => `2024-02-${String((n % 28) + 1).padStart(2, "0")}`, 13),
      only: column(() => "x", 21),
    });
    const schema = expectBack(table);
    expect(schema.columns.map(({ kind }) => kind)).toEqual(["number", "category", "boolean", "date", "constant"]);
    const { encoder, encoded } = thereAndBack(table);
    expect(encoder.dimensions.map(({ part }) => part)).toEqual([
      ...["gap", "value", "gap", "value", "gap", "value", "gap", "value", "gap"],
    ]);
    const d = encoder.dimensions.length;
    for (let row = 0; row < 400; row++) {
      const isGap = table.columns[0]!.codes[row] === -1;
      expect(encoded.absent[row * d + 1]).toBe(isGap ? 1 : 0);
      expect(encoded.absent[row * d]).toBe(0);
    }
  });

  test("levels that look like numbers keep their zeros", async () => {
    const zips = scattered(100, 20).map((n) => `00${n}`.slice(-3));
    expect(expectBack(await columnsTable({ zip: zips })).columns[0]!.kind).toBe("category");
  });

  test("whole numbers beyond 2^53 are names, and those that do not come back are left out", async () => {
    const huge = scattered(60, 5).map((n) => `1234567890123456789${n}`);
    expect(expectBack(await columnsTable({ huge })).columns[0]!.kind).toBe("category");
    const ids = huge.map((text, n) => `${text}${n}`);
    expect(detectSchema(await columnsTable({ ids })).columns[0]!.kind).toBe("id");
  });

  test("negative zero comes back as zero", async () => {
    const table = await columnsTable({ a: Array.from({ length: 30 }, (_, n) => ["-0.0", "1.5", "-2.5"][n % 3]!) });
    const { back } = thereAndBack(table, { a: { kind: "number", values: "any" } });
    expect(new Set(textsOf(back)["a"])).toEqual(new Set(["0.0", "1.5", "-2.5"]));
  });

  test("dates of several forms are no dates, and too many of them are text", async () => {
    const forms = ["2024-01-02", "03/04/2024", "5.6.2024", "July 7"];
    const mixed = Array.from({ length: 40 }, (_, n) => forms[n % 4]!);
    expect(expectBack(await columnsTable({ mixed })).columns[0]!.kind).toBe("category");
  });

  test("words for gaps among numbers are gaps, other words are named", async () => {
    const numbers = scattered(200, 90).map(String);
    const table = await columnsTable({ a: numbers.map((n, row) => (row % 10 === 0 ? "?" : n)) });
    const { schema, back } = thereAndBack(table);
    expect(schema.columns[0]).toMatchObject({ kind: "number", gaps: ["?"], gap: "?" });
    expect(textsOf(back)["a"]!.filter((text) => text === undefined)).toHaveLength(20);
    const odd = detectSchema(await columnsTable({ a: numbers.map((n, row) => (row === 3 ? "error" : n)) }));
    expect(odd.columns[0]!.reason).toContain('all but 1 of them are numbers, so give "error" as missing');
    const [large] = detectSchema(await columnsTable({ a: [...numbers, ...numbers, "1e80"] })).columns;
    expect(large!.reason).toContain(
      'all but 1 of them are numbers that a model holds (exact in float64, up to 1e+75), so give "1e80" as missing',
    );
  });
});

test("zeros that pile up are a cell among the numbers, which alone becomes zero", async () => {
  const list = scattered(2000, 900).map((n, row) => (row % 3 === 0 ? "0" : String(n + 5)));
  const table = await columnsTable({ rain: list });
  const schema = expectBack(table);
  expect(schema.columns[0]).toMatchObject({ kind: "number", apart: [0] });
  const { encoder } = thereAndBack(table);
  expect(encoder.dimensions.map(({ part }) => part)).toEqual(["value"]);
  const shares = Float32Array.from({ length: 3000 }, (_, n) => normalScore((n + 0.5) / 3000 - 0.5));
  const texts = textsOf(encoder.decode(shares, 3000))["rain"]!;
  expect(texts.filter((text) => text === "0").length / 3000).toBeCloseTo(1 / 3, 2);
});

describe("properties", () => {
  const runs = { numRuns: 150, seed: 20241003 };
  const word = fc.string({ unit: "grapheme", maxLength: 8 }).filter((text) => text.trim() === text);
  const cell = fc.oneof(
    word,
    fc.integer({ min: -1000, max: 1000 }).map(String),
    fc.constantFrom("", "NA", "true", "0", "007", "1e5", "2024-02-29", "-0", "1,5", "1.50", "NaN", "Infinity"),
  );

  test("any table of texts keeps its columns, rows and gaps, and every cell is one that was there or a number", () => {
    const table = fc.array(fc.record({ a: cell, b: cell, c: cell }), { minLength: 1, maxLength: 60 });
    fc.assert(
      fc.property(table, (rows) => {
        const cells = cellTableOf(rows);
        const { back, schema } = thereAndBack(cells);
        const [before, after] = [textsOf(cells), textsOf(back)];
        for (const column of schema.columns) {
          if (column.kind === "text" || column.kind === "id") continue;
          const known = (text: string | undefined) => (column.gaps.includes(text ?? "") ? undefined : text);
          const expected = before[column.name]!.map(known);
          const numbers = expected.flatMap((text) => (text === undefined ? [] : [Math.abs(Number(text))]));
          const grain = column.kind === "number" && column.step === undefined ? 1e-6 * Math.max(...numbers) : 0;
          expected.forEach((text, row) => {
            const came = after[column.name]![row];
            if (column.kind !== "number" || text === undefined || came === undefined) expect(came).toBe(text);
            else expect(Math.abs(Number(came) - Number(text))).toBeLessThanOrEqual(grain);
          });
        }
      }),
      runs,
    );
  });

  test("numbers of any grid come back exactly", () => {
    const values = fc.tuple(
      fc.array(fc.integer({ min: -50_000, max: 50_000 }), { minLength: 2, maxLength: 80 }),
      fc.nat(6),
    );
    fc.assert(
      fc.property(values, ([list, decimals]) => {
        const rows = list.map((n) => ({ a: (n / 10 ** decimals).toFixed(decimals) }));
        const cells = cellTableOf(rows);
        const { back } = thereAndBack(cells, { a: { kind: "number", values: "any", apart: [] } });
        const plain = (text: string | undefined) => (Number(text) === 0 ? Number(0).toFixed(decimals) : text);
        if (new Set(list).size > 1) expect(textsOf(back)["a"]).toEqual(textsOf(cells)["a"]!.map(plain));
      }),
      runs,
    );
  });

  test("whatever the scores, every cell is allowed and none is NaN", async () => {
    const table = await columnsTable({
      n: scattered(300, 5000).map((n) => (n / 10).toFixed(1)),
      k: scattered(300, 40, 5).map((n) => `level ${n}`),
      d: scattered(300, 4000, 9).map((n) => new Date(n * 864e5).toISOString().slice(0, 10)),
    });
    const { encoder } = thereAndBack(table);
    const before = textsOf(table);
    const range = (name: string) => [...before[name]!].sort((a, b) => (a! < b! ? -1 : 1));
    const numbers = before["n"]!.map(Number);
    const score = fc.float({ noDefaultInfinity: false, noNaN: false });
    const d = encoder.dimensions.length;
    fc.assert(
      fc.property(fc.array(score, { minLength: d, maxLength: d }), (scores) => {
        const [row] = [...recordsOf(encoder.decode(Float32Array.from(scores), 1))];
        expect(row!["n"]).toMatch(/^\d+\.\d$/);
        expect(Number(row!["n"])).toBeGreaterThanOrEqual(Math.min(...numbers));
        expect(Number(row!["n"])).toBeLessThanOrEqual(Math.max(...numbers));
        expect(before["k"]).toContain(row!["k"]);
        const days = range("d");
        expect(row!["d"]! >= days[0]! && row!["d"]! <= days.at(-1)!).toBe(true);
      }),
      runs,
    );
  });
});
