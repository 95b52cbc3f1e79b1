// rows: what may come in, what may go out, and which rows are held out.
import { describe, expect, it } from "vitest";
import { checkSamples, evenRows, rowNotes, splitRows } from "../../src/tasks/rows.ts";
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

describe("even rows", () => {
  it("are all of them when there are no more, and else spread from the first to near the last, whole", () => {
    expect(evenRows(rows, 100)).toBe(rows);
    const { data, shape } = evenRows(rows, 4);
    expect(shape).toEqual([4, 2]);
    expect([...data]).toEqual([0, 1, 50, 51, 100, 101, 150, 151]);
    expect(evenRows(rows, 99).data.at(-1)).toBe(197);
  });
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
