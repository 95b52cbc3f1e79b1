// The fast lane of numeric CSV reads exactly what the reader of single fields reads.
import fc from "fast-check";
import { expect, test } from "vitest";
import { csvScanner } from "../../src/data/csv-scanner.ts";
import { type NumericTable, numericSink } from "../../src/data/numeric-table.ts";
import { readPlainRows } from "../../src/data/plain-rows.ts";
import { LocalFlowError } from "../../src/errors.ts";

const encode = (text: string) => new TextEncoder().encode(text);

function read(pieces: readonly string[], fast: boolean, columns?: readonly string[]): NumericTable | string {
  const sink = numericSink("table", columns ? { columns } : {});
  const { field, row } = sink;
  const scanner = csvScanner("table", fast ? sink : { field, row });
  try {
    for (const piece of pieces) scanner.push(encode(piece));
    scanner.finish();
    return sink.table();
  } catch (error) {
    if (error instanceof LocalFlowError) return error.message;
    throw error;
  }
}

const plain = fc.tuple(fc.integer({ min: -999, max: 999 }), fc.nat({ max: 99_999_999 })).map(([a, b]) => `${a}.${b}`);
const long = fc.double({ noNaN: true, noDefaultInfinity: true, min: -1e6, max: 1e6 }).map(String);
const odd = fc.constantFrom("1e3", " 7 ", '"8"', "", "nan", "-", ".", "1.2.3", "+5", "1e999", "00012", "-0", '"a,b"');
const cell = fc.oneof({ weight: 20, arbitrary: plain }, { weight: 6, arbitrary: long }, { weight: 1, arbitrary: odd });

test("the fast lane gives the same numbers, the same columns and the same error as field after field", () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(cell, cell, cell), { minLength: 1, maxLength: 40 }),
      fc.constantFrom("\n", "\r\n"),
      fc.constantFrom(",", ";"),
      fc.integer({ min: 1, max: 60 }),
      fc.constantFrom(undefined, ["b"], ["c", "a"]),
      (rows, lineEnd, separator, cut, columns) => {
        const text = ["a,b,c".replaceAll(",", separator), ...rows.map((row) => row.join(separator)), ""].join(lineEnd);
        const pieces = Array.from({ length: Math.ceil(text.length / cut) }, (_, k) =>
          text.slice(k * cut, (k + 1) * cut),
        );
        expect(read([text], true, columns)).toEqual(read(pieces, false, columns));
        expect(read(pieces, true, columns)).toEqual(read([text], false, columns));
      },
    ),
    { numRuns: 400, seed: 1 },
  );
});

test("every number is the float32 nearest to what is written", () => {
  fc.assert(
    fc.property(fc.array(fc.oneof(plain, long), { minLength: 1, maxLength: 20 }), (numbers) => {
      const table = read([`x\n${numbers.join("\n")}\n`], true);
      if (typeof table === "string") throw new Error(table);
      expect([...table.rows.data]).toEqual(numbers.map((text) => Math.fround(Number(text))));
    }),
    { seed: 2 },
  );
});

test("it takes whole rows, stops before one with anything else in it, and leaves a full table alone", () => {
  const bytes = encode("1,2\n3,-4.5\n5,1e2\n6,7\n");
  const lane = { separator: 44, slots: Int32Array.from([0, 1]), width: 2 };
  const data = new Float32Array(8);
  expect(readPlainRows(bytes, 0, bytes.length - 1, lane, data, 0)).toEqual({ at: 11, used: 4 });
  expect([...data.subarray(0, 4)]).toEqual([1, 2, 3, -4.5]);
  expect(readPlainRows(bytes, 17, bytes.length - 1, lane, data, 6)).toEqual({ at: 21, used: 8 });
  expect([...data.subarray(6)]).toEqual([6, 7]);
  expect(readPlainRows(bytes, 0, bytes.length - 1, lane, data, 8)).toEqual({ at: 0, used: 8 });
});

test("a skipped column may hold any text without quotes", () => {
  const table = read(['name,x\nann,1\nbob "the",2\n"c,d",3\neve,4\n'], true, ["x"]);
  if (typeof table === "string") throw new Error(table);
  expect([...table.rows.data]).toEqual([1, 2, 3, 4]);
  expect(table.ignored).toEqual(["name"]);
});
