// solution-distance: rows are held beside the same rows, on columns that count alike.
import { describe, expect, it } from "vitest";
import { solutionDistance } from "../../src/measure/solution-distance.ts";
import { floats } from "../../src/tensor/array.ts";

const rows = (...values: number[]) => floats(values, [values.length / 2, 2]);

describe("the distance of two solutions", () => {
  it("is the root mean square over rows and columns in units of each column's deviation", () => {
    const [a, b] = [rows(10, 0.1, 0, 0), rows(0, 0, 0, 0.2)];
    // In deviations: 1 and 1 in the first row, 0 and 2 in the second.
    expect(solutionDistance(a, b, [10, 0.1])).toBeCloseTo(Math.sqrt((1 + 1 + 0 + 4) / 4), 6);
    expect(solutionDistance(a, a, [10, 0.1])).toBe(0);
  });

  it("knows rows by their places: the same set in another order is far away", () => {
    expect(solutionDistance(rows(1, 1, 2, 2), rows(2, 2, 1, 1), [1, 1])).toBe(1);
  });

  it("refuses sets of different sizes", () => {
    expect(() => solutionDistance(rows(1, 1), rows(1, 1, 2, 2), [1, 1])).toThrow(/expected two sets of as many rows/);
    expect(() => solutionDistance(rows(1, 1), rows(1, 1), [1])).toThrow(expect.objectContaining({ code: "shape" }));
  });
});
