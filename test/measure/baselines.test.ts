// baselines: Gaussian, mixture and kernel density recover known laws, are densities, and draw what they say.
import { describe, expect, it } from "vitest";
import { type Baseline, baselineNll } from "../../src/measure/baseline.ts";
import { meanOf, spread } from "../../src/measure/estimate.ts";
import { fitGaussian, gaussianNll } from "../../src/measure/gaussian.ts";
import { fitMixture } from "../../src/measure/gaussian-mixture.ts";
import { fitKernelDensity } from "../../src/measure/kernel-density.ts";
import { random } from "../../src/random.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { normals } from "../support/repetition.ts";

const key = random(3);

/** Three well separated components of weights 1/2, 1/4, 1/4; x is in hundreds, so that scaling matters. */
const parts = [
  { x: 0, y: 0, deviation: 1 },
  { x: 0, y: 0, deviation: 1 },
  { x: 600, y: 2, deviation: 0.5 },
  { x: -300, y: 6, deviation: 0.7 },
] as const;

/** Row n belongs to part n mod 4: x = 100 deviation a + centre, y = deviation (b + a) / sqrt 2 + centre. */
function mixtureRows(count: number, name: string): FloatArray {
  const noise = normals(2 * count, name);
  const rows = noise.map((z, i) => {
    const part = parts[Math.floor(i / 2) % 4] ?? parts[0];
    return i % 2 === 0
      ? part.x + 100 * part.deviation * z
      : part.y + (part.deviation * (z + (noise[i - 1] ?? 0))) / Math.SQRT2;
  });
  return floats(rows, [count, 2]);
}

function mixtureLogDensity({ data }: FloatArray): Float64Array {
  return Float64Array.from({ length: data.length / 2 }, (_, row) => {
    const [x = 0, y = 0] = data.subarray(2 * row, 2 * row + 2);
    const density = parts.reduce((total, part) => {
      const a = (x - part.x) / (100 * part.deviation);
      const b = ((y - part.y) / part.deviation) * Math.SQRT2 - a;
      return total + Math.exp(-(a * a + b * b) / 2) / (part.deviation ** 2 * 100 * Math.SQRT1_2 * 2 * Math.PI) / 4;
    }, 0);
    return Math.log(density);
  });
}

/** The mean of true minus fitted log-density, an estimate of the Kullback-Leibler divergence. */
function divergence(baseline: Baseline, rows: FloatArray) {
  const truth = mixtureLogDensity(rows);
  return meanOf(baseline.logDensity(rows).map((value, n) => (truth[n] ?? 0) - value));
}

/** Integral over the plane by a sum over cells. */
function integral(baseline: Baseline): number {
  const [across, up] = [200, 200];
  const cells = new Float32Array(2 * across * up).map((_, i) => {
    const cell = Math.floor(i / 2);
    return i % 2 === 0
      ? -1200 + (2400 * ((cell % across) + 0.5)) / across
      : -8 + (22 * (Math.floor(cell / across) + 0.5)) / up;
  });
  const area = (2400 / across) * (22 / up);
  return baseline
    .logDensity(floats(cells, [across * up, 2]))
    .reduce((total, value) => total + Math.exp(value) * area, 0);
}

const [train, test] = [mixtureRows(4000, "train"), mixtureRows(4000, "test")];

describe("one Gaussian", () => {
  const rows = floats(
    normals(6000, "gaussian").map((z, i, all) => (i % 2 === 0 ? 5 + 30 * z : -1 + 0.2 * (z + (all[i - 1] ?? 0)))),
    [3000, 2],
  );

  it("has the closed-form likelihood on its own rows: d / 2 (1 + log 2 pi) + log |covariance| / 2", () => {
    const columns = [0, 1].map((k) => Float64Array.from({ length: 3000 }, (_, n) => rows.data[2 * n + k] ?? 0));
    const [x, y] = columns.map((column) => spread(column));
    const covariance = meanOf(
      Float64Array.from(
        { length: 3000 },
        (_, n) => ((columns[0]?.[n] ?? 0) - (x?.mean ?? 0)) * ((columns[1]?.[n] ?? 0) - (y?.mean ?? 0)),
      ),
    ).value;
    const shrink = 2999 / 3000;
    const determinant = (x?.variance ?? 0) * (y?.variance ?? 0) * shrink ** 2 - covariance ** 2;
    const { value, standardError } = baselineNll(fitGaussian(rows), rows);
    expect(value).toBeCloseTo(1 + Math.log(2 * Math.PI) + Math.log(determinant) / 2, 6);
    expect(gaussianNll(rows, rows)).toEqual({ nll: value, standardError });
    // -log p is half a chi-squared number of 2 degrees: its deviation is 1.
    expect(standardError * Math.sqrt(3000)).toBeCloseTo(1, 1);
  });

  it("draws rows on which it has the same likelihood, and refuses what has no density", () => {
    const gaussian = fitGaussian(rows);
    expect(gaussian).toMatchObject({ name: "gaussian", parameters: 5 });
    const drawn = baselineNll(gaussian, gaussian.sample(key, 3000));
    expect(Math.abs(drawn.value - baselineNll(gaussian, rows).value)).toBeLessThan(5 * drawn.standardError);
    const line = floats(
      rows.data.map((x, i, all) => (i % 2 === 0 ? x : 2 * (all[i - 1] ?? 0))),
      [3000, 2],
    );
    expect(() => fitGaussian(line)).toThrow(/column 2: expected columns that are not linear combinations/);
    expect(() =>
      fitGaussian(
        floats(
          rows.data.map((x, i) => (i % 2 ? 7 : x)),
          [3000, 2],
        ),
      ),
    ).toThrow(/column 2: expected at least two different values, got 7/);
  });
});

describe("a mixture of Gaussians", () => {
  const mixture = fitMixture(train, key);

  it("reaches the likelihood of the law the rows came from, far above one Gaussian", () => {
    const { value, standardError } = divergence(mixture, test);
    expect(Math.abs(value)).toBeLessThan(4 * standardError + 0.01);
    expect(divergence(fitGaussian(train), test).value).toBeGreaterThan(0.5);
  });

  it("chooses as many components as the rows have, on held-out rows", () => {
    expect(Number(mixture.choice.split(" ")[0])).toBeGreaterThanOrEqual(4);
    expect(Number(mixture.choice.split(" ")[0])).toBeLessThanOrEqual(8);
    const one = fitMixture(floats(normals(6000, "one"), [2000, 3]), key);
    const { value, standardError } = baselineNll(one, floats(normals(6000, "two"), [2000, 3]));
    expect(Math.abs(value - 1.5 * (1 + Math.log(2 * Math.PI)))).toBeLessThan(4 * standardError);
  });

  it("with three components recovers weights, means and deviations", () => {
    const drawn = fitMixture(train, key, { components: [3] }).sample(key, 8000);
    const right = Array.from({ length: 8000 }, (_, n) => n).filter((n) => (drawn.data[2 * n] ?? 0) > 400);
    expect(right.length / 8000).toBeCloseTo(0.25, 1);
    const x = spread(right.map((n) => drawn.data[2 * n] ?? 0));
    expect(Math.abs(x.mean - 600)).toBeLessThan(5);
    expect(Math.abs(Math.sqrt(x.variance) - 50)).toBeLessThan(4);
  });

  it("integrates to 1 and repeats with the seed", () => {
    expect(integral(mixture)).toBeCloseTo(1, 3);
    const again = fitMixture(train, key);
    expect(again.logDensity(test)).toEqual(mixture.logDensity(test));
    expect(again.sample(key, 10).data).toEqual(mixture.sample(key, 10).data);
  });

  it("survives few rows, repeated rows and collinear columns", () => {
    const rows = floats(
      Float32Array.from({ length: 40 }, (_, i) => Math.floor(i / 2) % 3),
      [20, 2],
    );
    expect(Number.isFinite(baselineNll(fitMixture(rows, key), rows).value)).toBe(true);
    expect(() => fitMixture(floats([1, 2], [1, 2]), key)).toThrow(/at least 2 training rows, got 1/);
  });
});

describe("a kernel density", () => {
  const kernel = fitKernelDensity(train, key);

  it("is the mean of Gaussians at the centres", () => {
    const centres = floats([0, 4, 1, 8], [4, 1]);
    const { logDensity } = fitKernelDensity(centres, key, { bandwidths: [0.5] });
    const deviation = Math.sqrt(spread(centres.data).variance * 0.75);
    const h = 0.5 * deviation;
    const direct = [0, 4, 1, 8].reduce(
      (sum, c) => sum + Math.exp(-((2 - c) ** 2) / (2 * h * h)) / (h * Math.sqrt(2 * Math.PI)) / 4,
      0,
    );
    expect(logDensity(floats([2], [1, 1]))[0]).toBeCloseTo(Math.log(direct), 6);
  });

  it("integrates to 1 in the plane", () => {
    expect(integral(fitKernelDensity(mixtureRows(500, "few"), key))).toBeCloseTo(1, 3);
  });

  it("comes near the true likelihood, on held-out rows and not on its own", () => {
    const { value } = divergence(kernel, test);
    expect(value).toBeGreaterThan(0);
    expect(value).toBeLessThan(0.1);
  });

  it("chooses about the bandwidth that is best for a Gaussian, 1.06 n^(-1/5)", () => {
    const { choice } = fitKernelDensity(floats(normals(1000, "line"), [1000, 1]), key);
    const bandwidth = Number(choice.split("bandwidth ")[1]);
    expect(bandwidth / (1.06 * 1000 ** -0.2)).toBeGreaterThan(0.6);
    expect(bandwidth / (1.06 * 1000 ** -0.2)).toBeLessThan(1.7);
  });

  it("draws centres plus noise of the bandwidth, uses no more centres than allowed, and repeats with the seed", () => {
    const few = fitKernelDensity(train, key, { centres: 50 });
    expect(few).toMatchObject({ parameters: 101, choice: expect.stringContaining("50 centres") });
    const drawn = baselineNll(kernel, kernel.sample(key, 2000));
    expect(drawn.value).toBeLessThan(baselineNll(kernel, test).value + 4 * drawn.standardError);
    expect(fitKernelDensity(train, key).sample(key, 5).data).toEqual(kernel.sample(key, 5).data);
  });
});
