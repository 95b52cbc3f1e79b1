// area-under-curve: the AUC is the share of pairs in order, and its standard error is honest.
import { describe, expect, it } from "vitest";
import { areaUnderCurve, largestArea } from "../../src/measure/area-under-curve.ts";
import { normals, repeated } from "../support/repetition.ts";

describe("the area under the curve", () => {
  it("is the share of pairs in the right order, ties counting half", () => {
    const [higher, lower] = [normals(50, "a"), normals(70, "b")].map((x) => Array.from(x, (v) => Math.round(2 * v)));
    const pairs = (higher ?? []).flatMap((x) => (lower ?? []).map((y) => (x > y ? 1 : x === y ? 0.5 : 0)));
    const share = pairs.reduce((sum: number, pair) => sum + pair, 0) / pairs.length;
    expect(areaUnderCurve(higher ?? [], lower ?? []).value).toBeCloseTo(share, 12);
    expect(areaUnderCurve(lower ?? [], higher ?? []).value).toBeCloseTo(1 - share, 12);
  });

  it("is not above 1 by rounding, however many scores there are", () => {
    for (let count = 2; count <= 400; count++) {
      const scores = Array.from({ length: count }, (_, n) => n);
      const { value } = areaUnderCurve(
        scores.map((score) => score + count),
        scores,
      );
      expect(value).toBeLessThanOrEqual(1);
      expect(value).toBeCloseTo(1, 12);
    }
  });

  it("is 1 with error 0 for groups apart, and 1/2 for equal scores", () => {
    expect(areaUnderCurve([3, 4], [1, 2])).toEqual({ value: 1, standardError: 0 });
    expect(areaUnderCurve([1, 1, 1], [1, 1])).toEqual({ value: 0.5, standardError: 0 });
  });

  it.each([0, 1, 2])(
    "of N(%i, 1) against N(0, 1) is the normal distribution's at shift / sqrt 2, with an honest error",
    (shift) => {
      const exact = [0.5, 0.7602499389, 0.9213503965][shift] ?? Number.NaN;
      const { mean, scatter, honesty } = repeated(200, (n) =>
        areaUnderCurve(
          normals(60, "a", n).map((x) => x + shift),
          normals(90, "b", n),
        ),
      );
      expect(Math.abs(mean - exact)).toBeLessThan((4 * scatter) / Math.sqrt(200));
      expect(honesty).toBeGreaterThan(0.8);
      expect(honesty).toBeLessThan(1.25);
    },
  );

  it("leaves an area open that is two standard errors larger, however equal the scores are, and never above 1", () => {
    expect(largestArea({ value: 0.6, standardError: 0.1 }, 1000)).toBeCloseTo(0.8, 12);
    // Mann and Whitney: the variance of U / n² is (2 n + 1) / (12 n²).
    const open = 0.5 + 2 * Math.sqrt(21 / 1200);
    expect(largestArea({ value: 0.5, standardError: 0 }, 10)).toBeCloseTo(open, 12);
    expect(largestArea({ value: 0.5, standardError: Number.NaN }, 10)).toBeCloseTo(open, 12);
    expect(largestArea({ value: 0.3, standardError: 0 }, 10)).toBeCloseTo(open, 12);
    expect(largestArea({ value: 0.9, standardError: 0.1 }, 10)).toBe(1);
  });

  it("refuses single scores and NaN", () => {
    expect(() => areaUnderCurve([1], [1, 2])).toThrow(
      /at least two scores of each group, none of them NaN, got 1 in one/,
    );
    expect(() => areaUnderCurve([1, 2], [1, Number.NaN])).toThrow(/got NaN/);
  });
});
