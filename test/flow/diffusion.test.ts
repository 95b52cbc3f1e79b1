// diffusion: one Ornstein-Uhlenbeck step has the law it should have, composes, and ends in N(0, I).
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { diffusionScales, ornsteinUhlenbeck } from "../../src/flow/diffusion.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { floats } from "../../src/tensor/array.ts";
import { column, evaluate, moments, numbers } from "../support/evaluate.ts";

const count = 100_000;
/** Five standard errors: a right program fails once in two million draws, and the draws are fixed. */
const sigmas = 5;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

function normal(key: string): Float32Array {
  const values = new Float32Array(count);
  fillNormal(split(random(5), key), values);
  return values;
}

/** Diffuses `start` by each duration in turn, with fresh noise, on the engine. */
async function diffused(start: Float32Array, durations: readonly number[]): Promise<Float32Array> {
  const x = column(1);
  const noises = durations.map(() => column(1));
  const end = durations.reduce((point, duration, i) => ornsteinUhlenbeck(point, noises[i] ?? x, duration), x);
  const values = durations.map((_, i) => floats(normal(`noise ${i}`), [count, 1]));
  const result = await evaluate(engine, { x, noises }, { end }, { x: floats(start, [count, 1]), noises: values });
  return Float32Array.from(numbers(result.end));
}

describe("an Ornstein-Uhlenbeck step", () => {
  it.each([0.025, 0.25, 1.5])("of length %d has mean e^-gamma x and variance 1 - e^(-2 gamma)", async (gamma) => {
    for (const x of [0, 3]) {
      const { mean, variance } = moments(await diffused(new Float32Array(count).fill(x), [gamma]));
      const expected = 1 - Math.exp(-2 * gamma);
      expect(Math.abs(mean - x * Math.exp(-gamma))).toBeLessThan(sigmas * Math.sqrt(expected / count));
      expect(Math.abs(variance - expected)).toBeLessThan(sigmas * expected * Math.sqrt(2 / count));
    }
  });

  it("leaves N(0, I) as it is, and forgets at the rate e^-gamma", async () => {
    const start = normal("start");
    for (const gamma of [0.1, 0.7]) {
      const end = await diffused(start, [gamma]);
      const { mean, variance } = moments(end);
      expect(Math.abs(mean)).toBeLessThan(sigmas / Math.sqrt(count));
      expect(Math.abs(variance - 1)).toBeLessThan(sigmas * Math.sqrt(2 / count));
      // Fourth moment 3 with variance of z^4 equal to 96; covariance e^-gamma with variance of x y equal to 1 + e^(-2 gamma).
      expect(Math.abs(moments(end.map((value) => value ** 4)).mean - 3)).toBeLessThan(sigmas * Math.sqrt(96 / count));
      const product = moments(end.map((value, i) => value * (start[i] ?? 0))).mean;
      expect(Math.abs(product - Math.exp(-gamma))).toBeLessThan(sigmas * Math.sqrt((1 + Math.exp(-2 * gamma)) / count));
    }
  });

  it("of length a after one of length b is one of length a + b", async () => {
    for (const [a, b] of [
      [0.05, 0.4],
      [0.3, 1.1],
      [1e-6, 2e-6],
    ] as const) {
      const [first, second, both] = [diffusionScales(b), diffusionScales(a), diffusionScales(a + b)];
      expect(second.keep * first.keep).toBeCloseTo(both.keep, 14);
      const spread = (second.keep * first.spread) ** 2 + second.spread ** 2;
      expect(spread / both.spread ** 2).toBeCloseTo(1, 12);
    }
    const { mean, variance } = moments(await diffused(new Float32Array(count).fill(2), [0.4, 0.05]));
    const expected = 1 - Math.exp(-0.9);
    expect(Math.abs(mean - 2 * Math.exp(-0.45))).toBeLessThan(sigmas * Math.sqrt(expected / count));
    expect(Math.abs(variance - expected)).toBeLessThan(sigmas * expected * Math.sqrt(2 / count));
  });

  it("keeps its digits when it is short, and forgets everything when it is long", () => {
    expect(diffusionScales(1e-12).spread / Math.sqrt(2e-12)).toBeCloseTo(1, 10);
    expect(diffusionScales(100)).toEqual({ keep: Math.exp(-100), spread: 1 });
    expect(diffusionScales(0.3).keep ** 2 + diffusionScales(0.3).spread ** 2).toBeCloseTo(1, 14);
  });

  it("moves several columns with the same scales", async () => {
    const [x, noise] = [column(2), column(2)];
    const { keep, spread } = diffusionScales(0.5);
    const values = { x: floats([1, 2, 3, 4], [2, 2]), noise: floats([0, 1, -1, 2], [2, 2]) };
    const { end } = await evaluate(engine, { x, noise }, { end: ornsteinUhlenbeck(x, noise, 0.5) }, values);
    numbers(end).forEach((value, i) => {
      expect(value).toBeCloseTo(keep * (values.x.data[i] ?? 0) + spread * (values.noise.data[i] ?? 0), 6);
    });
  });
});
