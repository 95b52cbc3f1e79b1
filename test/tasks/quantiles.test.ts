// quantiles: values find their place among those the quantiles were taken from.
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { fillNormal, random } from "../../src/random.ts";
import { percentGrid, percentileOf, quantilesOf } from "../../src/tasks/quantiles.ts";

describe("the grid", () => {
  it("ascends from 0 to 100 and holds every whole percent", () => {
    expect(percentGrid).toEqual([...percentGrid].sort((a, b) => a - b));
    expect(new Set(percentGrid).size).toBe(107);
    for (let percent = 0; percent <= 100; percent++) expect(percentGrid).toContain(percent);
  });
});

describe("quantiles", () => {
  it("of a straight line are the line", () => {
    const values = Float64Array.from({ length: 2001 }, (_, i) => ((7 * i) % 2001) / 20 - 30);
    quantilesOf(values).forEach((quantile, n) => {
      expect(quantile).toBeCloseTo((percentGrid[n] ?? Number.NaN) - 30, 9);
    });
  });

  it("lie between the neighbours in order when there are few values", () => {
    const quantiles = quantilesOf([3, 1]);
    expect(quantiles[0]).toBe(1);
    expect(quantiles[percentGrid.indexOf(25)]).toBe(1.5);
    expect(quantiles.at(-1)).toBe(3);
    expect(new Set(quantilesOf([-5]))).toEqual(new Set([-5]));
  });
});

describe("percentiles", () => {
  it("of the values themselves are uniform, also where tails are long", () => {
    const z = new Float32Array(4000);
    fillNormal(random(1), z);
    const values = Array.from(z, (x) => -Math.exp(2 * x));
    const quantiles = quantilesOf(values);
    const percentiles = values.map((value) => percentileOf(quantiles, value)).sort((a, b) => a - b);
    percentiles.forEach((percentile, rank) => {
      expect(Math.abs(percentile - (100 * rank) / 3999)).toBeLessThan(0.5);
    });
    for (const percent of [0.1, 1, 5, 50, 99, 99.9])
      expect(percentiles.filter((value) => value < percent).length / 40).toBeCloseTo(percent, 0.8);
  });

  it("are 0 below the least value, 100 above the greatest, and straight in between", () => {
    const quantiles = quantilesOf([10, 20]);
    expect([-1e9, 9.99, 10, 12.5, 15, 20, 20.01].map((value) => percentileOf(quantiles, value))).toEqual([
      0, 0, 0, 25, 50, 100, 100,
    ]);
    expect(percentileOf(quantiles, Number.NEGATIVE_INFINITY)).toBe(0);
    expect(percentileOf(quantiles, Number.NaN)).toBeNaN();
  });

  it("are the middle of a stretch of equal values", () => {
    const quantiles = quantilesOf([0, ...Array.from({ length: 99 }, () => 5), 6]);
    expect(percentileOf(quantiles, 5)).toBe(50);
    expect(percentileOf(quantilesOf([7, 7, 7]), 7)).toBe(50);
  });

  it("never descend as the value ascends", () => {
    const number = fc.double({ noNaN: true, min: -1e6, max: 1e6 });
    fc.assert(
      fc.property(fc.array(number, { minLength: 1, maxLength: 30 }), number, number, (values, a, b) => {
        const quantiles = quantilesOf(values);
        const [low, high] = [percentileOf(quantiles, Math.min(a, b)), percentileOf(quantiles, Math.max(a, b))];
        expect(low).toBeLessThanOrEqual(high);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(100);
      }),
      { seed: 1, numRuns: 1000 },
    );
  });
});
