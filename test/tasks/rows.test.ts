// rows: what may come in, what may go out, and which rows are held out.
import { describe, expect, it } from "vitest";
import { checkSamples, rowNotes, splitRows, spreadPlaces, spreadRows } from "../../src/tasks/rows.ts";
import { floats } from "../../src/tensor/array.ts";

const rows = floats(
  Float32Array.from({ length: 200 }, (_, i) => i),
  [100, 2],
);

describe("samples", () => {
  it("that overflow float32 are refused with their place", () => {
    const overflown = floats([1, 2, 3, Number.POSITIVE_INFINITY], [2, 2]);
    expect(() => checkSamples(overflown, ["a", "b"], 10)).toThrow(
      /sample 12, column b: expected a number that float32/,
    );
    expect(() => checkSamples(rows, ["a", "b"], 0)).not.toThrow();
  });
});

describe("the split", () => {
  it("keeps every row once, whole, and follows the seed", () => {
    const { train, heldOut } = splitRows({ rows, columns: ["a", "b"], trainSplit: 0.8 }, 1);
    const pairs = [...train.data, ...(heldOut?.data ?? [])];
    const firsts = pairs.filter((_, i) => i % 2 === 0);
    expect([train.shape, heldOut?.shape]).toEqual([
      [80, 2],
      [20, 2],
    ]);
    expect([...firsts].sort((a, b) => a - b)).toEqual(Array.from({ length: 100 }, (_, i) => 2 * i));
    for (let i = 0; i < 100; i++) expect(pairs[2 * i + 1]).toBe((pairs[2 * i] ?? 0) + 1);
    expect(splitRows({ rows, columns: ["a", "b"] }, 2).train.data).not.toEqual(
      splitRows({ rows, columns: ["a", "b"] }, 1).train.data,
    );
  });
});

describe("spread rows", () => {
  it("are all of them when there are no more, and else one of each stretch, whole", () => {
    expect(spreadRows(rows, 100)).toBe(rows);
    const { data, shape } = spreadRows(rows, 4);
    expect(shape).toEqual([4, 2]);
    expect([...data].map((value, n) => Math.floor(value / 50) === n >> 1)).toEqual(Array(8).fill(true));
    expect([...spreadPlaces(7, 9)]).toEqual([0, 1, 2, 3, 4, 5, 6]);
    for (const count of [99, 64, 33, 1]) {
      const places = [...spreadPlaces(100, count)];
      expect(new Set(places).size).toBe(count);
      expect(places.every((place, n) => Math.floor((place * count) / 100) <= n && place < 100)).toBe(true);
    }
  });

  it.each([250, 500, 900, 1000, 2000, 2500, 5000])(
    "leave out hardly any of %i rows of which copies follow each other",
    (few) => {
      const copies = Math.ceil(20_000 / few);
      const hits = new Float64Array(few);
      for (const place of spreadPlaces(copies * few, 10_000)) hits[place % few]!++;
      const mean = 10_000 / few;
      expect(hits.filter((count) => count === 0).length / few).toBeLessThan(few <= 2500 ? 0.01 : 0.08);
      const parity = hits.reduce((total, count, row) => total + (row % 2 === 0 ? count : 0), 0);
      expect(Math.abs(parity / 10_000 - 0.5)).toBeLessThan(0.015);
      expect(hits.every((count) => count <= 2.5 * mean + 1)).toBe(true);
    },
  );
});

describe("notes on rows", () => {
  it("are given below 50 rows and below 2 per column", () => {
    const table = (count: number, d: number) => floats(new Float32Array(count * d), [count, d]);
    expect([rowNotes(table(50, 25)), rowNotes(table(60, 30))]).toEqual([[], []]);
    expect(rowNotes(table(49, 1))).toEqual([
      expect.stringMatching(/^49 training rows of 1 column .* give 50 or more to train on$/),
    ]);
    expect(rowNotes(table(59, 30))).toEqual([
      expect.stringMatching(/^59 training rows of 30 columns .* 60 or more to train on$/),
    ]);
    expect(rowNotes(table(1, 2))).toEqual([expect.stringMatching(/^1 training row of 2 columns /)]);
  });
});
