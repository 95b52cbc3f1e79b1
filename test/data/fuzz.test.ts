// fuzz: whatever the bytes, a reader returns a value or throws a LocalFlowError.
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { csvReader, readNumericCsv } from "../../src/data/csv.ts";
import { decodeNpy, encodeNpy } from "../../src/data/npy.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { LocalFlowError } from "../../src/errors.ts";
import { floats, integers } from "../../src/tensor/array.ts";

const runs = { numRuns: 1500, seed: 20241002 };

function attempt<T>(read: () => T): T | "refused" {
  try {
    return read();
  } catch (error) {
    if (error instanceof LocalFlowError) return "refused";
    throw error;
  }
}

/** A good file with a few bytes changed, cut out or put in. */
function damaged(good: Uint8Array): fc.Arbitrary<Uint8Array> {
  const edit = fc.record({ at: fc.nat(good.length), remove: fc.nat(9), put: fc.uint8Array({ maxLength: 9 }) });
  return fc.array(edit, { minLength: 1, maxLength: 4 }).map((edits) => {
    let bytes = Array.from(good);
    for (const { at, remove, put } of edits) bytes = [...bytes.slice(0, at), ...put, ...bytes.slice(at + remove)];
    return Uint8Array.from(bytes);
  });
}

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

describe("every input gives a value or a LocalFlowError", () => {
  test("numeric CSV, and the size of the chunks makes no difference", async () => {
    let tables = 0;
    await fc.assert(
      fc.asyncProperty(csvBytes, fc.integer({ min: 1, max: 7 }), async (bytes, size) => {
        const read = (parts: Uint8Array[]) =>
          readNumericCsv(parts, { where: "t" }).catch((error: unknown) => {
            if (error instanceof LocalFlowError) return error.message;
            throw error;
          });
        const whole = await read([bytes]);
        expect(await read(pieces(bytes, size))).toEqual(whole);
        if (typeof whole === "string") return;
        tables++;
        expect(whole.rows.shape).toEqual([whole.rows.data.length / whole.columns.length, whole.columns.length]);
        expect(whole.rows.data.every(Number.isFinite)).toBe(true);
      }),
      runs,
    );
    expect(tables).toBeGreaterThan(20);
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
