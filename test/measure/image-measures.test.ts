// image-measures.test: what images are measured by beside the Fréchet distance, each against cases whose answer is known.
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { meanBitsPerDimension } from "../../src/measure/bits-per-dimension.ts";
import { classConfidence } from "../../src/measure/class-confidence.ts";
import { imageEvaluationSteps, imageFactsSentence, type MeasuredImages } from "../../src/measure/evaluate-images.ts";
import { coverageReference, type FeatureCoverageOptions } from "../../src/measure/feature-coverage.ts";
import { kernelDistance } from "../../src/measure/kernel-distance.ts";
import { momentsOf, statisticsOf } from "../../src/measure/moments.ts";
import { nearestImagesSentence, nearestImagesSteps } from "../../src/measure/nearest-images.ts";
import { fitPixelGaussian } from "../../src/measure/pixel-gaussian.ts";
import { random } from "../../src/random.ts";
import { type FloatArray, floats, rowsOf } from "../../src/tensor/array.ts";
import { atOnce, finished } from "../support/at-once.ts";
import { normals, repeated } from "../support/repetition.ts";

const evaluateImages = atOnce(imageEvaluationSteps);
const nearestImages = atOnce(nearestImagesSteps);

const featureCoverage = (real: FloatArray, other: FloatArray, options?: FeatureCoverageOptions) =>
  finished(finished(coverageReference(real, options))(other));

const draw = (n: number, d: number, name: string, i = 0, shift = 0) =>
  floats(
    normals(n * d, name, i).map((value) => value + shift),
    [n, d],
  );

describe("the kernel distance", () => {
  const reference = JSON.parse(readFileSync(new URL("../reference/frechet.json", import.meta.url), "utf8"));
  const [{ x, y, d }] = reference.cases;

  it("is the unbiased distance of each block, and their mean", () => {
    // Blocks of 4 rows: the same sums written out.
    const [a, b] = [floats(x.slice(0, 40 * d), [40, d]), floats(y.slice(0, 40 * d), [40, d])];
    const found = kernelDistance(a, b);
    expect(found).toMatchObject({ blocks: 10, block: 4 });
    const k = (p: FloatArray, i: number, q: FloatArray, j: number) => {
      let product = 0;
      for (let c = 0; c < d; c++) product += p.data[i * d + c]! * q.data[j * d + c]!;
      return (product / d + 1) ** 3;
    };
    let total = 0;
    for (let block = 0; block < 10; block++)
      for (let i = 4 * block; i < 4 * block + 4; i++)
        for (let j = 4 * block; j < 4 * block + 4; j++) {
          if (i !== j) total += (k(a, i, a, j) + k(b, i, b, j)) / 12;
          total -= (2 * k(a, i, b, j)) / 16;
        }
    expect(found.value).toBeCloseTo(total / 10, 9);
  });

  it("is 0 on average for one law, with an honest error", () => {
    const { mean, scatter, honesty } = repeated(40, (i) => kernelDistance(draw(200, 6, "a", i), draw(200, 6, "b", i)));
    expect(Math.abs(mean)).toBeLessThan((3 * scatter) / Math.sqrt(40));
    expect(honesty).toBeGreaterThan(0.75);
    expect(honesty).toBeLessThan(1.35);
  });

  it("wants enough rows of one width", () => {
    expect(() => kernelDistance(draw(39, 2, "a"), draw(100, 2, "b"))).toThrow(/at least 40 rows/);
    expect(() => kernelDistance(draw(50, 2, "a"), draw(50, 3, "b"))).toThrow(/rows of 2 features/);
  });
});

describe("neighbourhoods of features", () => {
  it("count as written out by hand: points on a line, two neighbours", () => {
    const real = floats([0, 1, 3, 6, 10], [5, 1]);
    const other = floats([0.5, 3.5, 20, 21, 22], [5, 1]);
    // Radii of real points: 3, 2, 3, 4, 7; of other ones: 19.5, 16.5, 2, 1, 2.
    const found = featureCoverage(real, other, { neighbours: 2 });
    expect(found.precision.value).toBeCloseTo(2 / 5);
    expect(found.recall.value).toBeCloseTo(1);
    expect(found.density.value).toBeCloseTo((3 + 3) / (5 * 2));
    expect(found.coverage.value).toBeCloseTo(1);
  });

  it("see lost modes in recall and coverage, and strays in precision and density", () => {
    const [real, half] = [draw(400, 4, "real"), draw(400, 4, "half")];
    for (let i = 0; i < half.data.length; i += 4) half.data[i] = Math.abs(half.data[i]!) + 1.5;
    const lost = featureCoverage(real, half);
    const found = featureCoverage(real, draw(400, 4, "other"));
    const strays = featureCoverage(real, draw(400, 4, "strays", 0, 2));
    expect(lost.coverage.value).toBeLessThan(found.coverage.value - 0.3);
    expect(strays.precision.value).toBeLessThan(found.precision.value - 0.3);
    expect(Math.abs(found.density.value - 1)).toBeLessThan(4 * found.density.standardError);
    expect(found.coverage.value).toBeGreaterThan(0.92);
  });
});

describe("nearest training images", () => {
  const [train, test] = [draw(500, 12, "train"), draw(200, 12, "test")];

  it("are found: distances by brute force", () => {
    const { samples } = nearestImages(rowsOf(test, 0, 3), rowsOf(test, 3, 6), train);
    const distances = [0, 1, 2].map((row) => {
      const squares = Array.from({ length: 500 }, (_, other) =>
        Array.from({ length: 12 }, (_, k) => (test.data[row * 12 + k]! - train.data[other * 12 + k]!) ** 2).reduce(
          (a, b) => a + b,
        ),
      );
      return Math.sqrt(Math.min(...squares) / 12);
    });
    expect(samples.least).toBeCloseTo(Math.min(...distances), 6);
    expect(samples.median).toBeCloseTo(distances.sort()[1]!, 6);
  });

  it("tell copies from new images, in numbers and in a sentence", () => {
    const fresh = nearestImages(draw(200, 12, "fresh"), test, train);
    expect(Math.abs(fresh.nearness.value - 0.5)).toBeLessThan(3 * fresh.nearness.standardError);
    expect(nearestImagesSentence(fresh)).toMatch(
      /^Samples are no nearer .* 200 samples and 200 test images against 500/,
    );
    const copies = nearestImages(rowsOf(train, 100, 300), test, train);
    expect(copies.nearness.value).toBeCloseTo(1, 9);
    expect(copies.samples.median).toBe(0);
    expect(copies.suspicious).toBe(1);
    expect(nearestImagesSentence(copies)).toMatch(/^Samples are nearer .*copies/);
  });

  it("do not depend on the order of the columns' variances", () => {
    const wide = ({ data, shape }: FloatArray) =>
      floats(
        data.map((value, i) => value * (1 + (i % 12))),
        shape,
      );
    const found = nearestImages(wide(test), wide(draw(200, 12, "fresh")), wide(train));
    expect(found.test.median).toBeGreaterThan(0);
    const turned = ({ data, shape }: FloatArray) =>
      floats(
        data.map((_, i) => data[i - (i % 12) + 11 - (i % 12)]!),
        shape,
      );
    const other = nearestImages(turned(wide(test)), turned(wide(draw(200, 12, "fresh"))), turned(wide(train)));
    expect(other.samples.median).toBeCloseTo(found.samples.median, 6);
  });
});

describe("class confidence", () => {
  it("is certain and complete for one image of each class", () => {
    const identity = floats([1, 0, 0, 0, 1, 0, 0, 0, 1], [3, 3]);
    const { confidence, labelEntropy, score, shares } = classConfidence(identity);
    expect(confidence).toEqual({ value: 1, standardError: 0 });
    expect(labelEntropy.value).toBeCloseTo(Math.log(3), 12);
    expect(score.value).toBeCloseTo(3, 12);
    expect(shares.map((share) => Number(share.toFixed(6)))).toEqual([0.333333, 0.333333, 0.333333]);
  });

  it("sees one class only, and doubt", () => {
    const one = classConfidence(floats([0.6, 0.4, 0.6, 0.4], [2, 2]));
    expect(one.confidence.value).toBeCloseTo(0.6, 6);
    expect(one.labelEntropy.value).toBe(0);
    expect(one.score.value).toBeCloseTo(1, 6);
  });

  it("has honest errors", () => {
    const repetitions = (of: "labelEntropy" | "score") =>
      repeated(60, (i) => {
        const drawn = draw(300, 4, "logits", i);
        const weights = drawn.data.map((value, at) => Math.exp(1.5 * value + (at % 4) * 0.5));
        const data = weights.map(
          (w, at) => w / weights.slice(at - (at % 4), at - (at % 4) + 4).reduce((a, b) => a + b),
        );
        return classConfidence(floats(data, [300, 4]))[of];
      });
    for (const of of ["labelEntropy", "score"] as const) {
      expect(repetitions(of).honesty).toBeGreaterThan(0.7);
      expect(repetitions(of).honesty).toBeLessThan(1.4);
    }
  });
});

describe("bits per dimension", () => {
  it("are 8 for the uniform density and fewer for a sharper one", () => {
    const uniform = -12 * Math.log(2);
    expect(meanBitsPerDimension([uniform, uniform, uniform], 12)).toEqual({ value: 8, standardError: 0 });
    expect(meanBitsPerDimension([uniform + 12 * Math.log(4)], 12).value).toBeCloseTo(6, 12);
    expect(() => meanBitsPerDimension([0, Number.NaN], 12)).toThrow(/image 2/);
  });
});

describe("the pixel Gaussian", () => {
  it("has the mean and covariance of the images, singular ones too", () => {
    const source = draw(3000, 3, "images");
    const images = floats(new Float32Array(3000 * 5).fill(-0.5), [3000, 5]);
    for (let row = 0; row < 3000; row++) {
      const [a = 0, b = 0] = source.data.subarray(3 * row, 3 * row + 2);
      images.data.set([0.1 * a, 0.1 * a + 0.05 * b, 0.2 - 0.1 * a], 5 * row + 1);
    }
    const sampled = fitPixelGaussian(images, random(1)).sample(random(2), 20_000);
    const [wanted, found] = [statisticsOf(momentsOf(images)), statisticsOf(momentsOf(sampled))];
    wanted.covariance.forEach((value, i) => {
      expect(Math.abs(found.covariance[i]! - value)).toBeLessThan(5e-4);
    });
    expect(found.mean[0]).toBeCloseTo(-0.5, 6);
    expect(Math.abs(found.mean[3]! - wanted.mean[3]!)).toBeLessThan(0.005);
  });

  it("stays inside the range, and a longer draw begins with a shorter one", () => {
    const { sample } = fitPixelGaussian(draw(100, 4, "wide"), random(1));
    const long = sample(random(3), 50);
    expect(Math.max(...long.data)).toBe(1);
    expect(Math.min(...long.data)).toBe(-1);
    expect(sample(random(3), 10).data).toEqual(long.data.subarray(0, 40));
  });
});

describe("all measures at once", () => {
  const images = (n: number, name: string, shift = 0): MeasuredImages => {
    const pixels = draw(n, 6, name, 0, shift);
    const probabilities = floats(
      pixels.data.map((value, i) => ((i % 6 < 3 ? value : -value) > 0 ? 0.25 : 1 / 12)),
      [2 * n, 3],
    );
    return { pixels, features: pixels, probabilities: rowsOf(probabilities, 0, n) };
  };
  const sets = {
    samples: images(300, "samples", 0.5),
    train: images(700, "train"),
    test: images(500, "test"),
    gaussian: images(400, "gaussian", 2),
  };

  it("orders floor, samples and a bad baseline, and says what stands behind the numbers", () => {
    const found = evaluateImages(sets, random(1));
    expect(found.facts).toEqual({ reference: "test", rows: 300, features: 6 });
    expect(imageFactsSentence(found.facts)).toBe(
      "300 images of each set against 300 test images, 6 features; the floor is 300 training images.",
    );
    const of = (measures: (typeof found)["samples"]) => [
      measures.frechet.value,
      measures.frechetInfinite!.value,
      measures.kernel.value,
    ];
    const [floor, samples, gaussian] = [of(found.floor), of(found.samples), of(found.gaussian!)];
    floor.forEach((value, i) => {
      expect(value).toBeLessThan(samples[i]!);
      expect(samples[i]!).toBeLessThan(gaussian[i]!);
    });
    expect(found.nearest.rows).toEqual({ samples: 300, test: 300, train: 700 });
    expect(found.referenceClasses?.shares).toHaveLength(3);
    expect(evaluateImages(sets, random(1)).samples.frechet).toEqual(found.samples.frechet);
  });

  it("turns reference and floor around on request, and goes without a classifier and a baseline", () => {
    const bare = ({ pixels, features }: MeasuredImages): MeasuredImages => ({ pixels, features });
    const plain = { samples: bare(sets.samples), train: bare(sets.train), test: bare(sets.test) };
    const found = evaluateImages(plain, random(1), { reference: "train", rows: 200, nearestRows: 20 });
    expect(found.facts).toEqual({ reference: "train", rows: 200, features: 6 });
    expect(found.gaussian ?? found.samples.classes ?? found.referenceClasses).toBeUndefined();
    expect(found.nearest.rows).toEqual({ samples: 20, test: 20, train: 700 });
  });

  it("refuses arrays of different rows", () => {
    const torn = { ...sets, samples: { ...sets.samples, features: rowsOf(sets.samples.features, 0, 10) } };
    expect(() => evaluateImages(torn, random(1))).toThrow(/images, samples: expected as many rows/);
  });
});
