// fuzz: whatever the bytes, a reader returns a value or throws a LocalFlowError.
import { readFileSync } from "node:fs";
import fc from "fast-check";
import { zipSync } from "fflate";
import { describe, expect, test } from "vitest";
import { csvReader, readNumericCsv } from "../../src/data/csv.ts";
import { readJsonTable, readNdjsonTable } from "../../src/data/json-table.ts";
import { decodeNpy, encodeNpy } from "../../src/data/npy.ts";
import { openNpz } from "../../src/data/npz.ts";
import type { NumericTable } from "../../src/data/numeric-table.ts";
import { decodeGrayPng } from "../../src/data/png.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { bytesInMemory } from "../../src/data/stored-rows.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { floats, integers } from "../../src/tensor/array.ts";
import { attempt, damaged } from "../support/damage.ts";

/** With the model files and checkpoints of test/tasks, CSV, npy and safetensors come to more than ten thousand. */
const runs = { numRuns: 2000, seed: 20241002 };

const csvText = fc
  .array(
    fc.constantFrom(
      ",",
      ";",
      "\t",
      "\n",
      "\r",
      "\r\n",
      '"',
      '""',
      "1",
      "2.5",
      "-3e4",
      "nan",
      "a",
      "é",
      " ",
      "\ufeff",
      "0x1",
      "1e99",
    ),
    {
      maxLength: 40,
    },
  )
  .map((parts) => new TextEncoder().encode(parts.join("")));
const csvBytes = fc.oneof(
  csvText,
  fc.uint8Array({ maxLength: 60 }),
  damaged(new TextEncoder().encode('a,"b"\n1,2\n"3",-4e5\n')),
);

function pieces(bytes: Uint8Array, size: number): Uint8Array[] {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) => bytes.slice(i * size, (i + 1) * size));
}

type TableReader = (chunks: Uint8Array[], options: { readonly where: string }) => Promise<NumericTable>;

/** Checks that a table of finite numbers, or an error, comes of all bytes, the same one in pieces; how many were tables. */
async function tablesOf(reader: TableReader, bytes: fc.Arbitrary<Uint8Array>): Promise<number> {
  let tables = 0;
  await fc.assert(
    fc.asyncProperty(bytes, fc.integer({ min: 1, max: 7 }), async (input, size) => {
      const read = (chunks: Uint8Array[]) =>
        reader(chunks, { where: "t" }).catch((error: unknown) => {
          if (error instanceof LocalFlowError) return error.message;
          throw error;
        });
      const whole = await read([input]);
      expect(await read(pieces(input, size))).toEqual(whole);
      if (typeof whole === "string") return;
      tables++;
      expect(whole.rows.shape).toEqual([whole.rows.data.length / whole.columns.length, whole.columns.length]);
      expect(whole.rows.data.every(Number.isFinite)).toBe(true);
    }),
    runs,
  );
  return tables;
}

describe("every input gives a value or a LocalFlowError", () => {
  test("numeric CSV, and the size of the chunks makes no difference", async () => {
    expect(await tablesOf(readNumericCsv, csvBytes)).toBeGreaterThan(20);
  });

  test("CSV as text, with rows of equal width", () => {
    fc.assert(
      fc.property(csvBytes, fc.integer({ min: 1, max: 7 }), (bytes, size) => {
        const read = (parts: Uint8Array[]) =>
          attempt(() => {
            const reader = csvReader({ where: "t" });
            return [...parts.flatMap((part) => reader.push(part)), ...reader.finish()];
          });
        const whole = read([bytes]);
        expect(read(pieces(bytes, size))).toEqual(whole);
        if (whole !== "refused") expect(new Set(whole.map(({ cells }) => cells.length)).size).toBeLessThan(2);
      }),
      runs,
    );
  });

  test("npy", () => {
    const good = encodeNpy(floats([1, 2, 3, 4, 5, 6], [2, 3]));
    fc.assert(
      fc.property(fc.oneof(damaged(good), damaged(good.slice(0, 70)), fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const array = attempt(() => decodeNpy(bytes, "a.npy"));
        if (array !== "refused") expect(array.data.length).toBe(array.shape.reduce((a, b) => a * b, 1));
      }),
      runs,
    );
  });

  test.each([
    ["JSON", readJsonTable, (rows: number[][]) => JSON.stringify(rows.map(([a, b]) => ({ a, b })))],
    ["JSON of arrays", readJsonTable, (rows: number[][]) => JSON.stringify(rows)],
    ["JSON of columns", readJsonTable, (rows: number[][]) => JSON.stringify({ a: rows.map(([a]) => a) })],
    ["NDJSON", readNdjsonTable, (rows: number[][]) => rows.map((row) => `${JSON.stringify(row)}\n`).join("")],
  ])("%s, and the size of the chunks makes no difference", async (_, reader, written) => {
    const rows = fc.array(fc.array(fc.float(), { minLength: 2, maxLength: 2 }), { minLength: 1, maxLength: 4 });
    const good = rows.map((values) => new TextEncoder().encode(written(values)));
    const parts = [
      "[",
      "]",
      "{",
      "}",
      ",",
      ":",
      '"',
      "\\",
      '"a"',
      "1",
      "-2e3",
      "null",
      "NaN",
      "\n",
      " ",
      "é",
      '{"a":1}',
      "[1,2]",
    ];
    const text = fc
      .array(fc.constantFrom(...parts), { maxLength: 20 })
      .map((words) => new TextEncoder().encode(words.join("")));
    const bytes = fc.oneof(text, good, good.chain(damaged), fc.uint8Array({ maxLength: 40 }));
    expect(await tablesOf(reader, bytes)).toBeGreaterThan(20);
  });

  test("npz", async () => {
    const files = { "x.npy": encodeNpy(floats([1, 2, 3, 4, 5, 6], [2, 3])), "y.npy": encodeNpy(floats([1])) };
    const good = fc.constantFrom(zipSync(files), zipSync(files, { level: 0 })).chain(damaged);
    let arrays = 0;
    await fc.assert(
      fc.asyncProperty(fc.oneof(good, fc.uint8Array({ maxLength: 100 })), async (bytes) => {
        const read = async () => {
          const rows = await openNpz(bytesInMemory(bytes, "a.npz"), "a.npz", "x");
          return { size: rows.rows * rows.columns, numbers: await rows.read(0, rows.rows) };
        };
        const array = await read().catch((error: unknown) => error);
        if (array instanceof LocalFlowError) return;
        if (array instanceof Error) throw array;
        arrays++;
        expect(array).toMatchObject({ numbers: { length: (array as { size: number }).size } });
      }),
      runs,
    );
    expect(arrays).toBeGreaterThan(20);
  });

  test("png", () => {
    const pictures = ["rgba", "palette", "gray16", "interlaced", "gray1"].map((name) =>
      Uint8Array.from(readFileSync(new URL(`../reference/pictures/${name}.png`, import.meta.url))),
    );
    /** Damage also where checksums would hide it: they are not looked at before the end. */
    fc.assert(
      fc.property(fc.oneof(fc.constantFrom(...pictures).chain(damaged), fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const picture = attempt(() => decodeGrayPng(bytes, "a.png"));
        if (picture !== "refused") expect(picture.levels.length).toBe(picture.width * picture.height);
      }),
      runs,
    );
  });

  test("safetensors", () => {
    const good = encodeSafetensors({ a: floats([1, 2], [2, 1]), b: integers([3]) }, { k: "v" });
    const json = fc.json({ maxDepth: 3 }).map((text) => {
      const length = new TextEncoder().encode(text).length;
      return Uint8Array.from([length & 255, length >> 8, 0, 0, 0, 0, 0, 0, ...new TextEncoder().encode(text)]);
    });
    fc.assert(
      fc.property(fc.oneof(damaged(good), json, fc.uint8Array({ maxLength: 100 })), (bytes) => {
        const file = attempt(() => decodeSafetensors(bytes, "m"));
        if (file === "refused") return;
        for (const { data, shape } of Object.values(file.tensors))
          expect(data.length).toBe(shape.reduce((a, b) => a * b, 1));
      }),
      runs,
    );
  });
});
