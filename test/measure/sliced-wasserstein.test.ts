// sliced-wasserstein: the distance of shifted and stretched Gaussians is the closed form's, and it is a distance.
import { describe, expect, it } from "vitest";
import { slicedWasserstein, slicedWassersteinEstimate } from "../../src/measure/sliced-wasserstein.ts";
import { fillNormal, random, split } from "../../src/random.ts";

function normal(key: string, count: number): Float32Array {
  const values = new Float32Array(count);
  fillNormal(split(random(17), key), values);
  return values;
}
const key = random(1);

describe("the sliced Wasserstein distance", () => {
  it("is 0 for equal sets, in any order of the rows", () => {
    const points = normal("a", 300);
    expect(slicedWasserstein(points, points, 3, key)).toBe(0);
    const reversed = Float32Array.from(
      { length: 300 },
      (_, k) => points[300 - 3 * (1 + Math.floor(k / 3)) + (k % 3)] ?? 0,
    );
    expect(slicedWasserstein(points, reversed, 3, key)).toBe(0);
  });

  it("of a shift by s on a line is |s|", () => {
    const points = normal("a", 1000);
    for (const shift of [0.25, -3])
      expect(
        slicedWasserstein(
          points,
          points.map((x) => x + shift),
          1,
          key,
        ),
      ).toBeCloseTo(Math.abs(shift), 5);
  });

  it("of N(0, 1) and N(m, 1) on a line is |m| up to sampling, of N(0, 1) and N(0, s^2) it is |s - 1| sqrt(2 / pi)", () => {
    const rows = 40_000;
    const [a, b] = [normal("a", rows), normal("b", rows)];
    expect(
      Math.abs(
        slicedWasserstein(
          a,
          b.map((x) => x + 1),
          1,
          key,
        ) - 1,
      ),
    ).toBeLessThan(5 * Math.sqrt(2 / rows));
    expect(
      Math.abs(
        slicedWasserstein(
          a,
          b.map((x) => 2 * x),
          1,
          key,
        ) - Math.sqrt(2 / Math.PI),
      ),
    ).toBeLessThan(0.03);
    expect(slicedWasserstein(a, b, 1, key)).toBeLessThan(0.02);
  });

  it("of a shift in the plane is 2 / pi of its length, the mean of |cos|", () => {
    const points = normal("a", 400);
    const shifted = points.map((x, k) => x + (k % 2 === 0 ? 3 : -4));
    const projections = 4000;
    // |cos| of a uniform angle has variance 1/2 - 4 / pi^2.
    const standardError = (5 * Math.sqrt(0.5 - 4 / Math.PI ** 2)) / Math.sqrt(projections);
    expect(Math.abs(slicedWasserstein(points, shifted, 2, key, { projections }) - 10 / Math.PI)).toBeLessThan(
      4 * standardError,
    );
  });

  it("is symmetric, scales with the points and obeys the triangle inequality", () => {
    const [a, b, c] = [normal("a", 600), normal("b", 600).map((x) => 1 + 2 * x), normal("c", 600).map((x) => x ** 3)];
    const distance = (p: Float32Array, q: Float32Array) => slicedWasserstein(p, q, 3, key);
    expect(distance(a, b)).toBe(distance(b, a));
    expect(distance(a, c)).toBeLessThanOrEqual(distance(a, b) + distance(b, c));
    const triple = (points: Float32Array) => points.map((x) => 3 * x);
    expect(distance(triple(a), triple(b)) / distance(a, b)).toBeCloseTo(3, 4);
  });

  it("repeats with the seed, and refuses sets of different size", () => {
    const [a, b] = [normal("a", 600), normal("b", 600)];
    expect(slicedWasserstein(a, b, 3, random(1))).toBe(slicedWasserstein(a, b, 3, random(1)));
    expect(slicedWasserstein(a, b, 3, random(1))).not.toBe(slicedWasserstein(a, b, 3, random(2)));
    expect(() => slicedWasserstein(a, b.slice(3), 3, key)).toThrow(/equally many points, got 200 and 199/);
    expect(() => slicedWasserstein(new Float32Array(), new Float32Array(), 3, key)).toThrow(/got 0 and 0/);
  });

  it("of order 2 and a shift by s on a line is |s| too, of a stretched Gaussian |s - 1|, never less than order 1", () => {
    const [a, b] = [normal("a", 20_000), normal("b", 20_000)];
    const shifted = a.map((x) => x - 0.5);
    expect(slicedWasserstein(a, shifted, 1, key, { order: 2 })).toBeCloseTo(0.5, 4);
    const stretched = b.map((x) => 2 * x);
    expect(Math.abs(slicedWasserstein(a, stretched, 1, key, { order: 2 }) - 1)).toBeLessThan(0.05);
    expect(slicedWasserstein(a, stretched, 2, key)).toBeLessThan(slicedWasserstein(a, stretched, 2, key, { order: 2 }));
  });

  it("has the same value with its standard error, whose part of the directions falls with their number", () => {
    const [a, b] = [normal("a", 900), normal("b", 900).map((x, k) => (k % 3 === 0 ? x + 2 : x))];
    for (const order of [1, 2]) {
      const { value } = slicedWassersteinEstimate(a, b, 3, key, { order });
      expect(value).toBeCloseTo(slicedWasserstein(a, b, 3, key, { order }), 5);
    }
    const error = (projections: number) => slicedWassersteinEstimate(a, b, 3, key, { projections }).standardError;
    expect(error(16)).toBeGreaterThan(1.4 * error(256));
    expect(slicedWassersteinEstimate(a, a, 3, key)).toEqual({ value: 0, standardError: 0 });
  });
});
