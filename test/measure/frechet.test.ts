// frechet.test: the Fréchet distance against closed forms and SciPy, its value for endless rows, and its standard errors.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { type FrechetEstimate, frechetDistance, frechetEstimate } from "../../src/measure/frechet.ts";
import { collectMoments, joinedMoments, momentsOf, statisticsOf } from "../../src/measure/moments.ts";
import { floats, rowsOf } from "../../src/tensor/array.ts";
import { normals, repeated } from "../support/repetition.ts";

interface Case {
  readonly name: string;
  readonly d: number;
  readonly x: number[];
  readonly y: number[];
  readonly frechet: number;
}
const reference = JSON.parse(readFileSync(new URL("../reference/frechet.json", import.meta.url), "utf8"));
const cases: readonly Case[] = reference.cases;

const rows = (values: readonly number[], d: number) => floats(values, [values.length / d, d]);
const gaussian = (variances: readonly number[], mean: readonly number[]) => {
  const d = mean.length;
  const covariance = new Float64Array(d * d);
  variances.forEach((variance, i) => {
    covariance[i * d + i] = variance;
  });
  return { mean: Float64Array.from(mean), covariance };
};

describe("the Fréchet distance", () => {
  it("is |m - m'|^2 + sum (s - s')^2 where covariances are diagonal", () => {
    const [a, b] = [gaussian([4, 9, 0], [1, 2, 3]), gaussian([1, 16, 25], [0, 2, 5])];
    expect(frechetDistance(a, b)).toBeCloseTo(1 + 4 + (2 - 1) ** 2 + (3 - 4) ** 2 + 25, 12);
  });

  it("is |m - m'|^2 + tr A + tr B - 2 sqrt(tr AB + 2 sqrt(det A det B)) in two dimensions", () => {
    const a = { mean: Float64Array.of(0, 1), covariance: Float64Array.of(2, 0.6, 0.6, 1) };
    const b = { mean: Float64Array.of(1, 0), covariance: Float64Array.of(1, -0.8, -0.8, 3) };
    const root = Math.sqrt(2 * 1 + 1 * 3 + 2 * 0.6 * -0.8 + 2 * Math.sqrt((2 - 0.36) * (3 - 0.64)));
    expect(frechetDistance(a, b)).toBeCloseTo(2 + 3 + 4 - 2 * root, 12);
    expect(frechetDistance(b, a)).toBeCloseTo(frechetDistance(a, b), 12);
  });

  it.each(cases)("agrees with SciPy's square root: $name", ({ x, y, d, frechet }) => {
    const [a, b] = [statisticsOf(momentsOf(rows(x, d))), statisticsOf(momentsOf(rows(y, d)))];
    // float32 rows; SciPy itself is good to about 1e-7 where the root is singular.
    expect(Math.abs(frechetDistance(a, b) - frechet)).toBeLessThan(2e-6 * frechet);
    expect(frechetDistance(a, a)).toBeLessThan(1e-7);
  });

  it("refuses features of two networks", () => {
    expect(() => frechetDistance(gaussian([1], [0]), gaussian([1, 1], [0, 0]))).toThrow(/one network/);
  });
});

describe("moments", () => {
  it("are the same as rows arrive in parts, put together, or all at once", () => {
    const all = floats(
      normals(700 * 5, "moments").map((value, i) => value + 1000 * (i % 5)),
      [700, 5],
    );
    const whole = statisticsOf(momentsOf(all));
    const collector = collectMoments(5);
    for (const [from, to] of [
      [0, 3],
      [3, 300],
      [300, 700],
    ] as const)
      collector.add(rowsOf(all, from, to));
    const joined = joinedMoments([momentsOf(rowsOf(all, 0, 11)), momentsOf(rowsOf(all, 11, 700))]);
    for (const other of [statisticsOf(collector.moments()), statisticsOf(joined)]) {
      other.covariance.forEach((value, i) => {
        expect(value).toBeCloseTo(whole.covariance[i]!, 9);
      });
      expect(other.mean[4]).toBeCloseTo(whole.mean[4]!, 9);
    }
    const first = Float64Array.from({ length: 700 }, (_, row) => all.data[row * 5 + 4]!);
    const mean = first.reduce((a, b) => a + b) / 700;
    expect(whole.covariance[24]).toBeCloseTo(first.reduce((sum, x) => sum + (x - mean) ** 2, 0) / 699, 9);
  });

  it("refuse numbers that are not finite, and a single row", () => {
    expect(() => momentsOf(floats([1, Number.NaN], [1, 2]))).toThrow(/finite/);
    expect(() => statisticsOf(momentsOf(floats([1, 2], [1, 2])))).toThrow(/at least 2 rows/);
  });
});

describe("the estimate from rows", () => {
  const [d, n] = [8, 600];
  const draw = (name: string, i: number, shift = 0, scale = 1) =>
    floats(
      normals(n * d, name, i).map((value) => value * scale + shift),
      [n, d],
    );

  const repetitions = (shift: number, scale: number) => {
    const found = Array.from({ length: 24 }, (_, i) => frechetEstimate(draw("a", i, shift, scale), draw("b", i)));
    const spread = (of: (estimate: FrechetEstimate) => FrechetEstimate["infinite"]) =>
      repeated(found.length, (i) => of(found[i]!) ?? { value: Number.NaN, standardError: Number.NaN });
    return { distance: spread(({ distance }) => distance), infinite: spread(({ infinite }) => infinite) };
  };

  it("is biased for finite rows, and without bias for endless ones: 0 for one law", () => {
    const { distance, infinite } = repetitions(0, 1);
    expect(distance.mean).toBeGreaterThan((10 * distance.scatter) / Math.sqrt(24));
    expect(Math.abs(infinite.mean)).toBeLessThan((3 * infinite.scatter) / Math.sqrt(24));
    expect(infinite.honesty).toBeGreaterThan(0.75);
  });

  it("finds the true distance of two laws with honest errors", () => {
    const truth = d * (0.3 ** 2 + 0.2 ** 2);
    const { distance, infinite } = repetitions(0.3, 1.2);
    expect(Math.abs(infinite.mean - truth)).toBeLessThan((3 * infinite.scatter) / Math.sqrt(24));
    for (const { honesty } of [distance, infinite]) {
      expect(honesty).toBeGreaterThan(0.65);
      expect(honesty).toBeLessThan(1.5);
    }
  });

  it("takes statistics of a file as reference, and leaves out what few rows cannot tell", () => {
    const file = statisticsOf(momentsOf(draw("b", 0)));
    const fromFile = frechetEstimate(draw("a", 0), { mean: file.mean, covariance: file.covariance });
    expect(fromFile.distance.value).toBeCloseTo(frechetEstimate(draw("a", 0), draw("b", 0)).distance.value, 9);
    expect(fromFile.infinite?.value).toBeLessThan(fromFile.distance.value);
    expect(fromFile.rows).toEqual({ samples: n });
    const few = frechetEstimate(rowsOf(draw("a", 0), 0, 40), draw("b", 0));
    expect(few.infinite).toBeUndefined();
    expect(few.distance.standardError).toBeGreaterThan(0);
    const quick = frechetEstimate(draw("a", 0), draw("b", 0), { errors: false });
    expect(quick.distance.value).toBeCloseTo(fromFile.distance.value, 9);
    expect(quick.distance.standardError).toBeNaN();
  });
});
