// csv: the dialect, exact numbers, and refusals that name row and column.
import { describe, expect, test } from "vitest";
import { csvReader, csvWriter, readNumericCsv } from "../../src/data/csv.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { fillNormal, random } from "../../src/random.ts";
import { floats } from "../../src/tensor/array.ts";

const encoder = new TextEncoder();

/** Reads text cut into pieces of `size` bytes. */
function read(text: string, options: object = {}, size = 1 << 20) {
  const bytes = encoder.encode(text);
  const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  );
  return readNumericCsv(pieces, { where: "t.csv", ...options });
}

async function message(text: string, options: object = {}): Promise<string> {
  const error = await read(text, options).catch((caught: unknown) => caught);
  if (error instanceof LocalFlowError) return error.message;
  throw new Error(`no LocalFlowError but ${String(error)}`);
}

async function table(text: string, options: object = {}, size?: number) {
  const { columns, rows, ignored } = await read(text, options, size);
  return { columns, shape: rows.shape, values: Array.from(rows.data), ignored };
}

const two = { columns: ["a", "b"], shape: [2, 2], values: [1, 2, 3, 4], ignored: [] };

describe("reading numeric tables", () => {
  test.each([
    ["plain lines", "a,b\n1,2\n3,4\n"],
    ["no line end at the end", "a,b\n1,2\n3,4"],
    ["CRLF", "a,b\r\n1,2\r\n3,4\r\n"],
    ["CR", "a,b\r1,2\r3,4\r"],
    ["a byte order mark", "\ufeffa,b\n1,2\n3,4\n"],
    ["semicolons", "a;b\n1;2\n3;4\n"],
    ["tabs", "a\tb\n1\t2\n3\t4\n"],
    ["quotes", '"a","b"\n"1",2\n3,"4"\n'],
    ["blanks around cells", "a , b\n 1,2 \n\t3, 4\n"],
    ["blank lines", "\n\na,b\n\n1,2\r\n\r\n3,4\n\n\n"],
  ])("takes %s, in chunks of any size", async (_, text) => {
    for (const size of [1, 2, 3, 1000]) expect(await table(text, {}, size)).toEqual(two);
  });

  test("separators and line ends inside quotes belong to the name", async () => {
    const text = '"a;,;\n""x""";b\n1;2\n';
    for (const size of [1, 1000]) expect((await table(text, {}, size)).columns).toEqual(['a;,;\n"x"', "b"]);
  });

  test("a first line of numbers is data", async () => {
    expect(await table("1,2\n3,4\n")).toEqual({ ...two, columns: ["c1", "c2"] });
  });

  test("an unnamed column is called by its place", async () => {
    expect((await table(",x\n0,5\n")).columns).toEqual(["c1", "x"]);
  });

  test("columns are chosen by name, in the order asked for; text among the others does not matter", async () => {
    const chosen = await table("a,name,b\n1,Ann,2\n3,Bob,4\n", { columns: ["b", "a"] });
    expect(chosen).toEqual({ columns: ["b", "a"], shape: [2, 2], values: [2, 1, 4, 3], ignored: ["name"] });
  });

  test("numbers are rounded correctly", async () => {
    const texts = [
      "0.1",
      "-1.5e-3",
      "+7",
      ".5",
      "5.",
      "1E+2",
      "9007199254740993",
      "123456789012345678901234567890e-20",
    ];
    texts.push(
      "2.2250738585072011e-308",
      "1e-45",
      "0.30000001192092896",
      "16777217",
      "3.4028235677973362e38",
      "-0",
      "1e-400",
    );
    texts.push(`0.${"0".repeat(60)}1e60`, "9007199254740993e-5", "1e22", "1e-22", "8.5e23", "00012");
    const { rows } = await read(`x\n${texts.join("\n")}\n`);
    for (const [i, text] of texts.entries())
      expect({ text, value: rows.data[i] }).toEqual({ text, value: Math.fround(Number(text)) });
  });

  test("long mantissas round as Number does, also next to the middle of two float32 numbers", async () => {
    const texts: string[] = [];
    const noise = new Float32Array(2000);
    fillNormal(random(5), noise);
    for (const value of noise) {
      const next = new Float32Array(1);
      next[0] = value * (1 + 2 ** -23);
      const middle = (value + next[0]!) / 2;
      texts.push(
        String(value),
        String(middle),
        `${middle.toFixed(25)}1`,
        (value * Math.PI).toFixed(20),
        String(value * 1e-9),
      );
    }
    const { rows } = await read(`x\n${texts.join("\n")}\n`);
    const wrong = texts.filter((text, i) => !Object.is(rows.data[i], Math.fround(Number(text))));
    expect(wrong).toEqual([]);
  });

  test("a large table grows over many chunks", async () => {
    const lines = Array.from({ length: 50_000 }, (_, i) => `${i},${-i / 4}`);
    const text = `a,b\n${lines.join("\n")}\n`;
    for (const options of [{}, { bytes: text.length }]) {
      const { rows } = await read(text, options, 10_000);
      expect(rows.shape).toEqual([50_000, 2]);
      expect(rows.data.every((value, k) => value === (k % 2 === 0 ? k / 2 : -(k - 1) / 8))).toBe(true);
    }
  });
});

describe("refusing what is no numeric table", () => {
  test.each([
    ["nothing", "", "t.csv: expected a table, got an empty file"],
    ["blank lines only", "\n\n", "t.csv: expected a table, got an empty file"],
    ["a header alone", "a,b\n", "t.csv: expected rows, got a header without rows"],
    ["a short row", "a,b\n1,2\n\n3\n", "t.csv line 4: expected 2 fields, got 1 field"],
    ["a long row", "a,b\n1,2,3,4\n", "t.csv line 2: expected 2 fields, got 4 fields"],
    [
      "equal names",
      "a,b,a\n1,2,3\n",
      't.csv line 1: expected a different name for every column, got "a" for columns 1 and 3',
    ],
    ["stray text", "a,b\n1,2\n3,oops\n", 't.csv line 3 column "b": expected a number, got "oops"'],
    ["a decimal comma", "a;b\n1;2\n3;4,5\n", "write decimals with a point"],
    ["an empty cell", "a,b\n1,\n", 't.csv line 2 column "b": expected a number, got an empty cell'],
    ["nan", "a,b\n1,2\nnan,1\n", 't.csv line 3 column "a": expected a finite number, got "nan"'],
    ["-inf", "a,b\n1,-inf\n", 't.csv line 2 column "b": expected a finite number, got "-inf"'],
    [
      "NaN in a first line without header",
      "1,NaN\n2,3\n",
      't.csv line 1 column "c2": expected a finite number, got "NaN"',
    ],
    ["a number beyond float32", "a\n1e39\n", 'expected a number of at most 3.4e38, got "1e39"'],
    ["hexadecimal", "a\n1\n0x10\n", 't.csv line 3 column "a": expected a number, got "0x10"'],
    ["a blank line in a single column", "a\n1\n\n2\n", "t.csv line 3: expected a value, got a blank line"],
    [
      "text behind a quote",
      'a,b\n"1"x,2\n',
      't.csv line 2 field 1: expected a separator after the closing quote, got "x"',
    ],
    ["an open quote", 'a,b\n"1,2\n', "t.csv line 2 field 1: expected a closing quote, got the end of the file"],
  ])("%s", async (_, text, part) => {
    expect(await message(text)).toContain(part);
  });

  test("UTF-16", async () => {
    const wide = readNumericCsv([Uint8Array.of(0xff, 0xfe, 0x61, 0)], { where: "t.csv" });
    await expect(wide).rejects.toThrow("t.csv: expected UTF-8 text, got UTF-16; save it as UTF-8");
  });

  test("a column of text says how to leave it out", async () => {
    const told = await message("id,a,b\nx1,1,2\nx2,3,4\n");
    expect(told).toContain('t.csv line 2 column "id": expected a number, got "x1"');
    expect(told).toContain("--columns (numbers in this row: a, b)");
  });

  test("an unknown column lists the names and the nearest", async () => {
    const told = await message("height,width\n1,2\n", { columns: ["widht"] });
    expect(told).toContain('expected names among height, width, got "widht"; did you mean "width"?');
  });

  test("a table over the memory budget is refused early and says what it needs", async () => {
    const text = `a,b\n${"1,2\n".repeat(100_000)}`;
    expect(await message(text, { memory: 2 ** 19, bytes: text.length })).toMatch(
      /within 512 KiB, got one that needs about 781\.\d KiB/,
    );
    expect(await message(text, { memory: 2 ** 19 })).toContain("needs more than");
    expect((await table(text, { memory: 800_000, bytes: text.length })).shape).toEqual([100_000, 2]);
    expect(await message("a,b\n1,2\n", { memory: 7 })).toContain("within 7 bytes, got one that needs 8 bytes");
  });

  test("a quote that is never closed does not swallow the file", async () => {
    const pieces = Array.from({ length: 100 }, () => encoder.encode("x".repeat(100_000)));
    const reading = readNumericCsv([encoder.encode('a\n1\n"'), ...pieces], { where: "t.csv" });
    await expect(reading).rejects.toThrow("line 3 field 1: expected a field of at most 1 MiB");
  });
});

describe("the line of a fault", () => {
  const quotedLines = 'a,b,note\n1,2,"two\nlines"\n3,4,"\r\nthree\r\n\r"\n\n';

  test("is that of the file as an editor counts it, line ends in quotes and blank lines included", async () => {
    const read = (text: string) => message(text, { columns: ["a", "b"] });
    expect(await read(`${quotedLines}5,x,y\n`)).toContain('t.csv line 9 column "b": expected a number, got "x"');
    expect(await read(`${quotedLines}5,6\n`)).toContain("t.csv line 9: expected 3 fields, got 2 fields");
    expect(await read('a,b,note\r\n1,2,"two\r\nlines"\r\n\r\nx,6,7')).toContain('t.csv line 5 column "a"');
    expect(await read("a,b\r1,2\r3,x\r")).toContain('t.csv line 3 column "b"');
  });

  test("is that in which a field of a row of several lines begins", async () => {
    const read = (cells: string) => message(`note,a,b\n"1",1,2\n"2\n\n",${cells}\n`, { columns: ["a", "b"] });
    expect(await read("3,x")).toContain('t.csv line 5 column "b"');
    expect(await read('3,"4')).toContain("t.csv line 5 field 3: expected a closing quote");
    expect(await read("3")).toContain("t.csv line 3: expected 3 fields, got 2 fields");
  });

  test("counts the plain rows that are read at once", async () => {
    const plain = "1,2,x\n".repeat(70_000);
    expect(await message(`a,b,c\n${plain}${quotedLines.slice(9)}nan,6,7\n`, { columns: ["a", "b"] })).toContain(
      't.csv line 70009 column "a"',
    );
  });
});

describe("reading rows of text", () => {
  test("rows keep quoted separators, line ends and quotes, over chunks of any size", () => {
    const text = 'name,note\r\n"Ann, B","says ""hi""\nthere"\r\n\r\né,😀\n';
    for (const size of [1, 2, 5, 100]) {
      const reader = csvReader({ where: "t.csv" });
      const rows = [];
      for (let at = 0; at < text.length; at += size) rows.push(...reader.push(text.slice(at, at + size)));
      rows.push(...reader.finish());
      expect(rows).toEqual([
        { line: 1, cells: ["name", "note"] },
        { line: 2, cells: ["Ann, B", 'says "hi"\nthere'] },
        { line: 5, cells: ["é", "😀"] },
      ]);
    }
  });
});

describe("writing", () => {
  function written(values: readonly number[] | Float32Array): string {
    const parts = [...csvWriter(["x"]).rows(floats(values, [values.length, 1]))];
    return parts.map((part) => new TextDecoder().decode(part)).join("");
  }

  test("floats take the fewest digits", () => {
    const values = [0.1, -2.5, 0, -0, 100, 1 / 3, 1e-7, 3e38, 16777216, 0.015625, 1e-45, 123456.79, 5e9, 0.05, 1e-6];
    expect(written(values).trim().split("\n")).toEqual([
      ...["0.1", "-2.5", "0", "-0", "100", "0.33333334", "1e-7", "3e+38", "16777216", "0.015625", "1e-45", "123456.79"],
      ...["5000000000", "0.05", "0.000001"],
    ]);
    expect(written([Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY])).toBe("nan\ninf\n-inf\n");
  });

  test("every float32 reads back as itself", async () => {
    const bits = Uint32Array.from({ length: 60_000 }, (_, i) => Math.imul(i, 0x9e3779b1));
    const any = new Float32Array(bits.buffer).filter(Number.isFinite);
    const normal = new Float32Array(60_000);
    fillNormal(random(3), normal);
    for (const values of [any, normal]) {
      const { rows } = await read(written(values));
      expect(rows.data.length).toBe(values.length);
      expect(rows.data.every((value, i) => Object.is(value, values[i]))).toBe(true);
    }
  });

  test("no shorter decimal reads back", () => {
    const normal = new Float32Array(2000);
    fillNormal(random(4), normal);
    const digits = (text: string) => text.replace(/^-?0?\.?0*|\./g, "").length;
    for (const [i, text] of written(normal).trim().split("\n").entries()) {
      const shortest = [1, 2, 3, 4, 5, 6, 7, 8, 9].find(
        (n) => Math.fround(Number(normal[i]!.toPrecision(n))) === normal[i],
      );
      expect({ text, digits: digits(text) <= shortest! }).toEqual({ text, digits: true });
    }
  });

  test("names that need quotes get them, and rows come in pieces", async () => {
    const writer = csvWriter(["a,b", 'say "x"', "plain"]);
    expect(new TextDecoder().decode(writer.header())).toBe('"a,b","say ""x""",plain\n');
    const array = floats(
      Float32Array.from({ length: 300_000 }, (_, i) => i),
      [100_000, 3],
    );
    const parts = [writer.header(), ...writer.rows(array)];
    expect(parts.length).toBeGreaterThan(2);
    const back = await readNumericCsv(parts, { where: "back" });
    expect(back.columns).toEqual(["a,b", 'say "x"', "plain"]);
    expect(Buffer.from(back.rows.data.buffer, 0, 1_200_000).equals(Buffer.from(array.data.buffer))).toBe(true);
  });
});
