// statistics: the arithmetic of the benchmark reports.
import { describe, expect, it } from "vitest";
import { geometricMean, linearFit, median, quotients } from "../../benchmarks/statistics.ts";

describe("median", () => {
  it("is the middle value in any order, and the mean of two middle ones", () => {
    expect(median([9, 1, 5])).toBe(5);
    expect(median([10, 1, 2, 9])).toBe(5.5);
    expect(median([7])).toBe(7);
    expect(median([])).toBeNaN();
  });

  it("compares numbers as numbers and leaves the list as it was", () => {
    const values = [100, 9, 20];
    expect(median(values)).toBe(20);
    expect(values).toEqual([100, 9, 20]);
  });
});

describe("geometricMean", () => {
  it("lets a ratio and its inverse cancel", () => {
    expect(geometricMean([4, 0.25])).toBeCloseTo(1, 12);
    expect(geometricMean([2, 8])).toBeCloseTo(4, 12);
    expect(geometricMean([])).toBeNaN();
  });
});

describe("quotients", () => {
  it("divides pair by pair, as far as both go", () => {
    expect(quotients([6, 8, 5], [3, 2])).toEqual([2, 4]);
    expect(quotients([1], [])).toEqual([]);
  });
});

describe("linearFit", () => {
  it("finds the line that points lie on", () => {
    const line = linearFit([1, 2, 5], [5, 7, 13]);
    expect(line.slope).toBeCloseTo(2, 12);
    expect(line.intercept).toBeCloseTo(3, 12);
    expect(line.worstResidual).toBeCloseTo(0, 12);
  });

  it("tells the worst residual as a share of the largest value", () => {
    // The line through (-1, 0), (0, 3), (1, 0) is y = 1: the middle point misses it by 2 of 3.
    const line = linearFit([-1, 0, 1], [0, 3, 0]);
    expect(line.slope).toBeCloseTo(0, 12);
    expect(line.intercept).toBeCloseTo(1, 12);
    expect(line.worstResidual).toBeCloseTo(2 / 3, 12);
  });
});
