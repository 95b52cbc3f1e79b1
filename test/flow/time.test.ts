// time: the laws of t, judged by moments and by the Kolmogorov-Smirnov distance.
import { describe, expect, it } from "vitest";
import { fillTimes, type TimeDistribution } from "../../src/flow/time.ts";
import { random } from "../../src/random.ts";
import { moments } from "../support/evaluate.ts";

const count = 50_000;

function drawn(distribution: TimeDistribution, seed = 1): Float32Array {
  const times = new Float32Array(count);
  fillTimes(distribution, random(seed), times);
  return times;
}

/** sup_t |F_n(t) - F(t)| sqrt(n): above 2.2 once in eight thousand. */
function distance(times: Float32Array, distribution: (t: number) => number): number {
  const worst = times
    .slice()
    .sort()
    .reduce((sofar, t, i) => {
      const f = distribution(t);
      return Math.max(sofar, Math.abs(f - i / count), Math.abs(f - (i + 1) / count));
    }, 0);
  return worst * Math.sqrt(count);
}

describe("times", () => {
  it("are uniform on [0, 1]", () => {
    const times = drawn({ kind: "uniform" });
    expect(distance(times, (t) => t)).toBeLessThan(2.2);
    expect(Math.abs(moments(times).mean - 0.5)).toBeLessThan(5 / Math.sqrt(12 * count));
  });

  it("follow Beta(1, b) and Beta(a, 1), whose distribution functions are powers", () => {
    for (const beta of [0.5, 1, 3])
      expect(distance(drawn({ kind: "beta", alpha: 1, beta }), (t) => 1 - (1 - t) ** beta)).toBeLessThan(2.2);
    for (const alpha of [0.7, 2])
      expect(distance(drawn({ kind: "beta", alpha, beta: 1 }), (t) => t ** alpha)).toBeLessThan(2.2);
  });

  it("of Beta(1, 0.5) lie mostly on the noise side", () => {
    const times = drawn({ kind: "beta", alpha: 1, beta: 0.5 });
    const { mean, variance } = moments(times);
    expect(Math.abs(mean - 2 / 3)).toBeLessThan(5 * Math.sqrt(0.5 / (1.5 ** 2 * 2.5) / count));
    expect(variance).toBeCloseTo(0.5 / (1.5 ** 2 * 2.5), 2);
    expect(times.filter((t) => t > 0.5).length / count).toBeCloseTo(Math.sqrt(0.5), 2);
  });

  it("stay in [0, 1] and repeat with the seed", () => {
    for (const distribution of [{ kind: "uniform" }, { kind: "beta", alpha: 0.05, beta: 0.05 }] as const) {
      const times = drawn(distribution);
      expect(times.every((t) => t >= 0 && t <= 1)).toBe(true);
      expect(drawn(distribution)).toEqual(times);
      expect(drawn(distribution, 2)).not.toEqual(times);
    }
  });
});
