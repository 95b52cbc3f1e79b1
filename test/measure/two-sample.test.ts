// two-sample: energy distance and MMD^2 meet closed forms, and the standard errors of all three measures are honest.
import { describe, expect, it } from "vitest";
import { energyDistance } from "../../src/measure/energy-distance.ts";
import type { Estimate } from "../../src/measure/estimate.ts";
import { maximumMeanDiscrepancy, medianDistance } from "../../src/measure/maximum-mean-discrepancy.ts";
import { slicedWassersteinEstimate } from "../../src/measure/sliced-wasserstein.ts";
import { type Random, random } from "../../src/random.ts";
import { normals, repeated } from "../support/repetition.ts";

type Measure = (a: Float32Array, b: Float32Array, d: number, random: Random) => Estimate;
const key = random(1);
const rows = 200;

/** The measure between N(0, I) and its image under `map`, over independent sets of points. */
function over(measure: Measure, d: number, map: (x: number) => number) {
  return repeated(60, (n) =>
    measure(normals(rows * d, "a", n), normals(rows * d, "b", n).map(map), d, random(`repetition ${n}`)),
  );
}

const measures: readonly (readonly [string, Measure])[] = [
  ["sliced Wasserstein", slicedWassersteinEstimate],
  ["sliced Wasserstein of order 2", (a, b, d, random) => slicedWassersteinEstimate(a, b, d, random, { order: 2 })],
  ["energy distance", energyDistance],
  ["energy distance of few pairs", (a, b, d, random) => energyDistance(a, b, d, random, { pairs: 4000 })],
  ["MMD^2", maximumMeanDiscrepancy],
];

describe.each(measures)("the standard error of the %s", (_, measure) => {
  it.each([1, 3])("is the scatter over repetitions where the laws differ, in dimension %i", (d) => {
    for (const map of [(x: number) => x + 0.5, (x: number) => 1.5 * x]) {
      const { honesty } = over(measure, d, map);
      expect(honesty).toBeGreaterThan(0.75);
      expect(honesty).toBeLessThan(1.4);
    }
  });

  it.each([1, 3])("is not too small, and at most about twice the scatter, for one law in dimension %i", (d) => {
    const { honesty } = over(measure, d, (x) => x);
    expect(honesty).toBeGreaterThan(0.85);
    expect(honesty).toBeLessThan(2.2);
  });
});

describe.each(measures.slice(2))("the %s", (_, measure) => {
  it("is unbiased: 0 on average for two sets of one law", () => {
    for (const d of [1, 3]) {
      const { mean, scatter } = over(measure, d, (x) => x);
      expect(Math.abs(mean)).toBeLessThan((4 * scatter) / Math.sqrt(60));
    }
  });

  it("is exactly 0 with error 0 for the same rows, symmetric, and refuses sets of different size", () => {
    const [a, b] = [normals(300, "a"), normals(300, "b").map((x) => 1 + x)];
    expect(measure(a, a, 3, key)).toEqual({ value: expect.closeTo(0, 10), standardError: expect.closeTo(0, 10) });
    expect(measure(a, b, 3, key).value).toBeCloseTo(measure(b, a, 3, key).value, 3);
    expect(() => measure(a, b.slice(3), 3, key)).toThrow(/at least 8 and equally many points, got 100 and 99/);
    expect(() => measure(a.slice(0, 21), b.slice(0, 21), 3, key)).toThrow(/at least 8/);
  });
});

describe("the energy distance", () => {
  it("of N(0, 1) and N(0, 4) is the closed form's, 2 sqrt(10 / pi) - 6 / sqrt(pi)", () => {
    const exact = 2 * Math.sqrt(10 / Math.PI) - 6 / Math.sqrt(Math.PI);
    const { value, standardError } = energyDistance(
      normals(4000, "a"),
      normals(4000, "b").map((x) => 2 * x),
      1,
      key,
    );
    expect(standardError).toBeLessThan(0.02);
    expect(Math.abs(value - exact)).toBeLessThan(4 * standardError);
  });

  it("on a line, by sorting, is the mean over all pairs, as for the same points in the plane", () => {
    const [a, b] = [normals(101, "a"), normals(101, "b").map((x) => 1 + 2 * x)];
    const flat = (points: Float32Array) =>
      Float32Array.from({ length: 202 }, (_, i) => (i % 2 ? 0 : (points[i / 2] ?? 0)));
    const line = energyDistance(a, b, 1, key);
    const plane = energyDistance(flat(a), flat(b), 2, key);
    expect(line.value).toBeCloseTo(plane.value, 6);
    expect(line.standardError).toBeCloseTo(plane.standardError, 6);
  });
});

describe("MMD^2", () => {
  it("of N(0, I) and N(m, I) is the closed form's, averaged over the bandwidths s/2, s, 2s", () => {
    const [d, shift, sigma] = [3, 0.5, 1.7];
    const exact = [sigma / 2, sigma, 2 * sigma].reduce((total, s) => {
      const within = (s ** 2 / (s ** 2 + 2)) ** (d / 2);
      return total + (2 * within * (1 - Math.exp((-d * shift ** 2) / (2 * (s ** 2 + 2))))) / 3;
    }, 0);
    const [a, b] = [normals(6000, "a"), normals(6000, "b").map((x) => x + shift)];
    const { value, standardError } = maximumMeanDiscrepancy(a, b, d, key, { bandwidth: sigma });
    expect(standardError).toBeLessThan(exact / 5);
    expect(Math.abs(value - exact)).toBeLessThan(4 * standardError);
  });

  it("takes the median distance as bandwidth: of N(0, I) in the plane 2 sqrt(log 2)", () => {
    expect(medianDistance(normals(20_000, "a"), 2, key)).toBeCloseTo(2 * Math.sqrt(Math.log(2)), 1);
    expect(medianDistance(new Float32Array(40), 2, key), "equal rows").toBe(1);
    expect(() => maximumMeanDiscrepancy(normals(30, "a"), normals(30, "b"), 3, key, { bandwidth: 0 })).toThrow(
      /bandwidth: expected a number above 0/,
    );
  });
});
