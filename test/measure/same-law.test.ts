// same-law: p-values of distances are those of exact tests, and rarely small where the laws are equal.
import { describe, expect, it } from "vitest";
import { holmAdjusted, sameLawChance } from "../../src/measure/same-law.ts";
import { chiSquareTail, kolmogorovTail } from "../../src/measure/tails.ts";
import { fillUniform, random, split } from "../../src/random.ts";

const key = random("same law");
const cells = (...codes: readonly number[]) => Int32Array.from(codes);
/** Codes of a law with so many cells, the first the commonest. */
const drawn = (count: number, levels: number, ...name: readonly (string | number)[]) => {
  const values = new Float32Array(count);
  fillUniform(split(key, ...name), values);
  return Int32Array.from(values, (value) => Math.floor(value * value * levels));
};

describe("the probability of a distance under one law", () => {
  it("is that of the exact test where it can be counted by hand", () => {
    // Of the 70 ways to deal eight values, two part them entirely.
    const apart = sameLawChance(
      { kind: "ordered", real: cells(0, 1, 2, 3), other: cells(4, 5, 6, 7), cells: 8 },
      random(1),
    );
    expect(apart).toBeCloseTo(2 / 70, 2);
    // Fisher's exact test of [[5, 0], [0, 5]]: 2 / 252.
    const levels = { kind: "unordered", real: cells(0, 0, 0, 0, 0), other: cells(1, 1, 1, 1, 1), cells: 2 } as const;
    expect(Math.abs(sameLawChance(levels, random(1)) - 2 / 252)).toBeLessThan(0.005);
  });

  it.each(["ordered", "unordered"] as const)(
    "is small as rarely as it says for samples of one law: %s cells",
    (kind) => {
      for (const [rows, levels] of [
        [12, 4],
        [60, 40],
      ] as const) {
        const small = Array.from({ length: 400 }, (_, n) => {
          const [real, other] = [drawn(rows, levels, kind, n, "a"), drawn(rows, levels, kind, n, "b")];
          return sameLawChance({ kind, real, other, cells: levels }, split(key, n));
        }).filter((chance) => chance <= 0.05);
        expect(small.length / 400).toBeLessThan(0.075);
      }
    },
  );

  it("is that of large samples beyond 10 000 values, and small for laws that differ", () => {
    for (const kind of ["ordered", "unordered"] as const) {
      const pair = (other: Int32Array) => ({ kind, real: drawn(6000, 1000, kind, "a"), other, cells: 1000 });
      expect(sameLawChance(pair(drawn(6000, 1000, kind, "b")), key)).toBeGreaterThan(0.01);
      expect(sameLawChance(pair(drawn(6000, 700, kind, "b")), key)).toBeLessThan(1e-4);
    }
  });

  it("is not known without values on both sides, or where all are alike", () => {
    const chance = (real: Int32Array, other: Int32Array) =>
      sameLawChance({ kind: "unordered", real, other, cells: 2 }, key);
    expect(chance(cells(0, 1), cells(-1, -1))).toBeNaN();
    expect(chance(cells(1, 1, 1), cells(1, -1, 1))).toBeNaN();
  });
});

describe("tails and corrections", () => {
  it("are those of tables: Kolmogorov's 5 % point, chi-square's of 1, 10 and 1000 degrees", () => {
    expect(kolmogorovTail(1.3581)).toBeCloseTo(0.05, 4);
    expect(chiSquareTail(3.841459, 1)).toBeCloseTo(0.05, 6);
    expect(chiSquareTail(2.705543, 1)).toBeCloseTo(0.1, 6);
    expect(chiSquareTail(18.307038, 10)).toBeCloseTo(0.05, 6);
    expect(chiSquareTail(1074.679449, 1000)).toBeCloseTo(0.05, 6);
    expect(chiSquareTail(3.940299, 10)).toBeCloseTo(0.95, 6);
  });

  it("are Holm's: each p-value times how many are left, never less than one before", () => {
    expect(holmAdjusted([0.01, 0.04, Number.NaN, 0.03])).toEqual([0.03, 0.06, Number.NaN, 0.06]);
    expect(holmAdjusted([0.5, 0.9])).toEqual([1, 1]);
  });
});
