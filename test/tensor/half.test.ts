// half: every half is the number that its bits stand for, and numbers become the nearest of them, ties to even.
import { describe, expect, it } from "vitest";
import { fillNormal, random } from "../../src/random.ts";
import { halfNumbers, writeHalves } from "../../src/tensor/half.ts";

const numbers = halfNumbers();
const halfOf = (value: number) => {
  const out = new Uint16Array(1);
  writeHalves(Float32Array.of(value), out);
  return out[0]!;
};

describe("the numbers of halves", () => {
  it.each([
    [0x0000, 0],
    [0x8000, -0],
    [0x0001, 2 ** -24],
    [0x03ff, 1023 * 2 ** -24],
    [0x0400, 2 ** -14],
    [0x3555, 0.333251953125],
    [0x3bff, 0.99951171875],
    [0x3c00, 1],
    [0xc000, -2],
    [0x7bff, 65504],
    [0x7c00, Number.POSITIVE_INFINITY],
    [0xfc00, Number.NEGATIVE_INFINITY],
    [0x7e00, Number.NaN],
  ])("0x%s is %d", (half, value) => {
    expect(numbers[half]).toBe(value);
  });

  it("rise with their bits, and are written as the halves they came from", () => {
    for (let half = 1; half <= 0x7c00; half++) expect(numbers[half]!).toBeGreaterThan(numbers[half - 1]!);
    const back = new Uint16Array(numbers.length);
    writeHalves(numbers, back);
    const wrong = numbers.findIndex((value, half) => !Number.isNaN(value) && back[half] !== half);
    expect(wrong).toBe(-1);
    for (const half of back.filter((_, k) => Number.isNaN(numbers[k]))) expect(numbers[half]).toBeNaN();
  });
});

describe("a number as a half", () => {
  it("is rounded to the nearest, in a tie to the even one, between any two neighbours", () => {
    const between = (half: number, share: number) => numbers[half]! + share * (numbers[half + 1]! - numbers[half]!);
    for (let half = 0; half < 0x7bff; half++) {
      const even = half % 2 === 0 ? half : half + 1;
      expect([0.499, 0.5, 0.501].map((share) => halfOf(between(half, share)))).toEqual([half, even, half + 1]);
      expect(halfOf(-between(half, 0.5))).toBe(0x8000 | even);
    }
  });

  it("is infinite from 65520 on, zero up to half of the smallest, and keeps its sign and what is no number", () => {
    expect(numbers[halfOf(65519.996)]).toBe(65504);
    expect(halfOf(65520)).toBe(0x7c00);
    expect(halfOf(-3e38)).toBe(0xfc00);
    expect(halfOf(2 ** -25)).toBe(0);
    expect(halfOf(2 ** -25 + 2 ** -45)).toBe(1);
    expect(halfOf(1e-45)).toBe(0);
    expect(halfOf(-1e-30)).toBe(0x8000);
    expect(numbers[halfOf(Number.NaN)]).toBeNaN();
    expect(halfOf(Number.NEGATIVE_INFINITY)).toBe(0xfc00);
  });

  it("is off by at most one in 2048, within arrays of which it is a part too", () => {
    const values = new Float32Array(3001);
    fillNormal(random(4), values);
    const halves = new Uint16Array(3000);
    writeHalves(values.subarray(1), halves);
    halves.forEach((half, k) => {
      const value = values[k + 1]!;
      expect(Math.abs(numbers[half]! - value)).toBeLessThanOrEqual(Math.max(Math.abs(value) / 2048, 2 ** -25));
    });
  });
});
