// scale: the quantile map, its inverse and its slope; cells of levels as shares of N(0, 1).
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { cellTableOf } from "../../../src/data/cell-table.ts";
import { fillNormal, normalScore, random, split } from "../../../src/random.ts";
import { detectSchema } from "../../../src/tasks/table/detect.ts";
import { tableEncoder } from "../../../src/tasks/table/encoder.ts";
import { digitsOf, levelsCode } from "../../../src/tasks/table/levels-code.ts";
import type { Values } from "../../../src/tasks/table/profile.ts";
import { type Knots, quantileKnots, robustKnots, scaleThrough } from "../../../src/tasks/table/scale.ts";
import { isCompact, pilesUp, suitsSmoothing } from "../../../src/tasks/table/smooth-columns.ts";
import { smoothKnots } from "../../../src/tasks/table/smooth-knots.ts";
import { scattered } from "./table-support.ts";

const runs = { numRuns: 200, seed: 5 };
const counted = fc
  .uniqueArray(fc.double({ min: -1e6, max: 1e6, noNaN: true }), { minLength: 2, maxLength: 60 })
  .chain((list) =>
    fc.record({
      values: fc.constant(Float64Array.from(list, (value) => value + 0).sort()),
      counts: fc.array(fc.integer({ min: 1, max: 500 }), { minLength: list.length, maxLength: list.length }),
    }),
  )
  .map(({ values, counts }): Values => ({ values, counts: Float64Array.from(counts), texts: [] }));

describe("the map of numbers", () => {
  test("ascends, and its inverse gives back every value, inside and beyond the knots", () => {
    fc.assert(
      fc.property(counted, fc.boolean(), fc.double({ min: -2, max: 2, noNaN: true }), (found, all, share) => {
        for (const knots of [quantileKnots(found, all), smoothKnots(found), robustKnots(found)]) {
          const rising = (list: readonly number[]) => list.every((item, n) => n === 0 || item > list[n - 1]!);
          expect(rising(knots.at) && rising(knots.scores)).toBe(true);
          const { forward, inverse } = scaleThrough(knots);
          const [low, high] = [found.values[0]!, found.values.at(-1)!];
          const value = low + share * (high - low);
          const slack = 1e-9 * (Math.abs(value) + Math.abs(low) + Math.abs(high));
          expect(Math.abs(inverse(forward(value)) - value)).toBeLessThanOrEqual(slack);
          knots.at.forEach((at, n) => {
            expect(forward(at)).toBe(knots.scores[n]);
            expect(inverse(knots.scores[n]!)).toBe(at);
          });
        }
      }),
      runs,
    );
  });

  test("has the slope of its finite differences", () => {
    const values = Float64Array.from({ length: 400 }, (_, n) => Math.exp(n / 60));
    const knots = quantileKnots({ values, counts: new Float64Array(400).fill(1), texts: [] }, false);
    const { forward, logSlope } = scaleThrough(knots);
    for (const value of [0.5, 1.2, 17.3, 300, 2000]) {
      const reach = 1e-6 * value;
      const slope = (forward(value + reach) - forward(value - reach)) / (2 * reach);
      expect(logSlope(value)).toBeCloseTo(Math.log(slope), 5);
    }
  });
});

describe("the smooth map of few numbers", () => {
  const once = (list: readonly number[]): Values => ({
    values: Float64Array.from(list),
    counts: new Float64Array(list.length).fill(1),
    texts: [],
  });
  const normalValues = Array.from({ length: 199 }, (_, n) => normalScore((n + 1) / 200 - 0.5));
  const scoresOf = (found: Values) => Array.from(found.values, scaleThrough(smoothKnots(found)).forward);

  test("gives scores of mean 0 and variance 1", () => {
    fc.assert(
      fc.property(counted, (found) => {
        const total = found.counts.reduce((sum, each) => sum + each, 0);
        const scores = scoresOf(found);
        const mean = scores.reduce((sum, score, n) => sum + (score * found.counts[n]!) / total, 0);
        const variance = scores.reduce((sum, score, n) => sum + ((score - mean) ** 2 * found.counts[n]!) / total, 0);
        expect(mean).toBeCloseTo(0, 6);
        expect(variance).toBeCloseTo(1, 6);
      }),
      runs,
    );
  });

  test("goes the way between two clusters where the quantile map leaps", () => {
    const found = once([...normalValues.map((z) => z - 10), ...normalValues.map((z) => z + 10)]);
    const slope = (knots: Knots, from: number, to: number) => {
      const { forward } = scaleThrough(knots);
      return (forward(to) - forward(from)) / (to - from);
    };
    expect(slope(smoothKnots(found), -6, 6)).toBeGreaterThan(4 * slope(quantileKnots(found, false), -6, 6));
  });

  test("is nearly straight on normal values, and follows a skewed law of any width", () => {
    scoresOf(once(normalValues)).forEach((score, n) => {
      if (Math.abs(normalValues[n]!) < 1.5) expect(Math.abs(score - normalValues[n]!)).toBeLessThan(0.1);
    });
    const skewed = scoresOf(once(normalValues.map((z) => Math.exp(2 * z))));
    const middle = skewed.slice(20, 180);
    const steps = middle
      .slice(1)
      .map((score, n) => (score - middle[n]!) / (normalValues[n + 21]! - normalValues[n + 20]!));
    expect(Math.min(...steps)).toBeGreaterThan(0.15);
    expect(Math.max(...steps)).toBeLessThan(3);
  });

  test("is not for values that many rows share on a fine grid, for far values, nor for many rows", () => {
    const grid = 0.01;
    const even = once(normalValues.map((z) => Math.round(z / grid) * grid));
    expect(suitsSmoothing(even, 199, grid)).toBe(true);
    expect(suitsSmoothing(even, 2000, grid)).toBe(false);
    expect(suitsSmoothing({ ...even, counts: even.counts.map((_, n) => (n === 99 ? 120 : 1)) }, 320, grid)).toBe(false);
    expect(suitsSmoothing(once([...normalValues, 1e6]), 200, undefined)).toBe(false);
    expect(suitsSmoothing(once([...normalValues, ...normalValues.map((z) => z + 10)]), 400, undefined)).toBe(true);
    expect(isCompact(once([-9999, ...normalValues]))).toBe(false);
    const ofTwoSizes = once([...normalValues.map((z) => z / 3), ...normalValues.map((z) => 20 + z)]);
    expect(isCompact(ofTwoSizes)).toBe(true);
    expect(isCompact(once([...normalValues.map((z) => z / 100), ...normalValues.map((z) => 5000 + 1000 * z)]))).toBe(
      false,
    );
  });

  test("rows pile up at a value that more have than its grid leads to expect", () => {
    const ages = Array.from({ length: 73 }, (_, n) => 18 + n);
    const found = (first: number) => ({
      values: Float64Array.from(ages),
      counts: Float64Array.from(ages, (_, n) => (n === 0 ? first : 6)),
    });
    expect(pilesUp(found(8), 0, 1)).toBe(false);
    expect(pilesUp(found(60), 0, 1)).toBe(true);
    expect(pilesUp(found(600), 0, 1)).toBe(true);
    expect(pilesUp(once(normalValues), 0)).toBe(false);
  });

  test("is the same map of numbers in another unit, however large or small it is", () => {
    const scores = scoresOf(once([1, 2, 3, 5, 8, 13]));
    for (const unit of [1e-300, 1e-9, 1e12, 1e306])
      scoresOf(once([1, 2, 3, 5, 8, 13].map((value) => value * unit))).forEach((score, n) => {
        expect(score).toBeCloseTo(scores[n]!, 9);
      });
  });
});

describe("cells of levels", () => {
  const counts = fc.array(fc.integer({ min: 0, max: 1000 }), { minLength: 1, maxLength: 90 });

  test("every point of a level's cells decodes to it, whatever the base", () => {
    fc.assert(
      fc.property(
        counts,
        fc.integer({ min: 2, max: 20 }),
        fc.double({ min: 0.01, max: 0.99, noNaN: true }),
        (list, base, share) => {
          const code = levelsCode(list, base);
          expect(code.digits).toBe(digitsOf(list.length, base));
          list.forEach((_, level) => {
            const scores = Array.from({ length: code.digits }, (_, digit) => {
              const { low, high } = code.cell(level, digit);
              return normalScore(Math.min(Math.max(low + share * (high - low), 1e-10), 1 - 1e-10) - 0.5);
            });
            expect(code.decode(scores, 0)).toBe(level);
          });
        },
      ),
      runs,
    );
  });

  test("points drawn from N(0, I) decode to levels as often as they were counted", () => {
    const list = [500, 300, 100, 50, 30, 15, 5];
    const code = levelsCode(list, 3);
    expect(code.digits).toBe(2);
    const scores = new Float32Array(200_000);
    fillNormal(random(3), scores);
    const seen = list.map(() => 0);
    for (let at = 0; at < scores.length; at += 2) seen[code.decode(scores, at)]!++;
    seen.forEach((times, level) => {
      const expected = 100 * list[level]!;
      expect(Math.abs(times - expected)).toBeLessThan(5 * Math.sqrt(expected));
    });
  });
});

describe("volumes", () => {
  test("turn the density of N(0, I) into the shares of the levels", () => {
    const list = scattered(4000, 5, 2).map((n) => ({ level: "abcde"[Math.min(n, 3)]! }));
    const table = cellTableOf(list);
    const encoder = tableEncoder(detectSchema(table), table);
    const encoded = encoder.encode(table, { key: random(1) });
    const volumes = encoder.logVolumes(table, encoded);
    const shares = new Map<string, number>();
    for (const { level } of list) shares.set(level, (shares.get(level) ?? 0) + 1 / list.length);
    list.forEach(({ level }, row) => {
      const logNormal = -0.5 * encoded.values[row]! ** 2 - 0.5 * Math.log(2 * Math.PI);
      expect(logNormal + volumes[row]!).toBeCloseTo(Math.log(shares.get(level)!), 4);
    });
  });

  test("are the log-derivative for numbers of any size, and about it for numbers of a fine grid", () => {
    const normal = new Float32Array(5000);
    fillNormal(random(9), normal);
    const free = cellTableOf(Array.from(normal, (z) => ({ a: Math.exp(z) * 1e-7 })));
    const grid = cellTableOf(Array.from(normal, (z) => ({ a: (3 + 2 * z).toFixed(3) })));
    const logDensity = { free: (z: number) => -z + 7 * Math.log(10), grid: () => -Math.log(2) };
    for (const [name, table] of Object.entries({ free, grid })) {
      const schema = detectSchema(table);
      expect(schema.columns[0]).toMatchObject({ kind: "number", values: "any" });
      const encoder = tableEncoder(schema, table);
      const encoded = encoder.encode(table, { key: random(1) });
      const volumes = encoder.logVolumes(table, encoded);
      let error = 0;
      normal.forEach((z, row) => {
        const truth = name === "free" ? logDensity.free(z) : logDensity.grid();
        const ours = volumes[row]! - 0.5 * encoded.values[row]! ** 2 + 0.5 * z * z;
        if (Math.abs(z) < 2) error += Math.abs(ours - truth) / normal.length;
      });
      expect(error).toBeLessThan(0.1);
    }
  });

  test("noise is addressed by row: chunks are as one table", () => {
    const rows = scattered(300, 50).map((n) => ({ a: n, b: n % 3 === 0 ? null : "xyz"[n % 3]! }));
    const table = cellTableOf(rows);
    const encoder = tableEncoder(detectSchema(table), table);
    const key = split(random(4), "encode");
    const whole = encoder.encode(table, { key });
    const part = encoder.encode(cellTableOf(rows.slice(100, 220)), { key, firstRow: 100 });
    const d = encoder.dimensions.length;
    expect(d).toBe(3);
    expect(part.values).toEqual(whole.values.slice(100 * d, 220 * d));
    expect(part.absent).toEqual(whole.absent.slice(100 * d, 220 * d));
  });
});
