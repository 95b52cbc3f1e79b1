// rows: what may come in, what may go out, and which rows are held out.
import { describe, expect, it } from "vitest";
import { checkSamples, splitRows } from "../../src/tasks/rows.ts";
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
