// densities: each built-in density integrates to one, and its samples follow it.
import { describe, expect, test } from "vitest";
import { densities } from "../../src/data/densities.ts";
import { logScaledBessel, logSumExp, noisyCurve } from "../../src/data/plane-shapes.ts";
import { random, split } from "../../src/random.ts";

const all = Object.values(densities);
/** Corner, cells along each axis, and points along each side of a cell at which the density is taken. */
const grid = { corner: -8, cells: 64, size: 0.25, fine: 5 };

/** The mass of every cell, by the midpoint rule. */
function masses(logDensity: (x: number, y: number) => number): Float64Array {
  const { corner, cells, size, fine } = grid;
  const step = size / fine;
  return Float64Array.from({ length: cells ** 2 }, (_, cell) => {
    let mass = 0;
    for (let i = 0; i < fine ** 2; i++) {
      const x = corner + size * (cell % cells) + step * ((i % fine) + 0.5);
      const y = corner + size * Math.floor(cell / cells) + step * (Math.floor(i / fine) + 0.5);
      mass += Math.exp(logDensity(x, y)) * step ** 2;
    }
    return mass;
  });
}

describe.each(all)("$name", ({ sample, logDensity }) => {
  const expected = masses(logDensity);

  test("has mass one", () => {
    expect(Math.abs(expected.reduce((a, b) => a + b, 0) - 1)).toBeLessThan(1e-3);
  });

  test("fills the cells of a grid as often as it should, by a chi-square test", () => {
    const count = 40_000;
    const points = sample(random(7), count);
    const { corner, cells, size } = grid;
    const seen = new Float64Array(cells ** 2);
    for (let i = 0; i < count; i++) {
      const [column, row] = [points[2 * i]!, points[2 * i + 1]!].map((value) => Math.floor((value - corner) / size));
      seen[row! * cells + column!]!++;
    }
    const often = expected.map((mass) => mass * count).map((mean) => (mean >= 8 ? mean : 0));
    const rest = { seen: count, mean: count };
    let [chiSquare, freedom] = [0, 0];
    often.forEach((mean, cell) => {
      if (mean === 0) return;
      chiSquare += (seen[cell]! - mean) ** 2 / mean;
      freedom++;
      rest.seen -= seen[cell]!;
      rest.mean -= mean;
    });
    if (rest.mean > 8) chiSquare += (rest.seen - rest.mean) ** 2 / rest.mean;
    expect(freedom).toBeGreaterThan(50);
    /** Wilson and Hilferty: the cube root of chi-square over its degrees of freedom is almost normal. */
    const z = ((chiSquare / freedom) ** (1 / 3) - (1 - 2 / (9 * freedom))) / Math.sqrt(2 / (9 * freedom));
    expect(Math.abs(z)).toBeLessThan(4);
  });

  test("gives point i whatever the number of points, and other points for another key", () => {
    const many = sample(random(3), 40_000);
    expect(sample(random(3), 17)).toEqual(many.slice(0, 34));
    expect(sample(random(3), 20_001)).toEqual(many.slice(0, 40_002));
    expect(sample(split(random(3), "other"), 17)).not.toEqual(many.slice(0, 34));
  });

  test("gives every sample a finite log-density", () => {
    const points = sample(random(11), 2000);
    for (let i = 0; i < points.length; i += 2) expect(logDensity(points[i]!, points[i + 1]!)).toBeGreaterThan(-20);
  });
});

describe("the parts", () => {
  test("the Bessel function, at both sides of the change of method, against its integral", () => {
    for (const z of [0, 0.3, 5, 29.9, 30.1, 200, 1500]) {
      const nodes = 4000;
      let mean = 0;
      for (let k = 0; k < nodes; k++) mean += Math.exp(z * (Math.cos((2 * Math.PI * (k + 0.5)) / nodes) - 1)) / nodes;
      expect(logScaledBessel(z)).toBeCloseTo(Math.log(mean), 11);
    }
  });

  test("the quadrature along a curve is that of a straight line: a product of an error function and a Gaussian", () => {
    const line = noisyCurve("line", {
      arms: 1,
      at: (s) => ({ x: 4 * s - 2, y: 0 }),
      power: 1,
      deviation: 0.2,
      panels: 16,
    });
    /** Far inside the segment the density is 1/4 along it times a Gaussian across it. */
    for (const y of [0, 0.3, 1.5])
      expect(line.logDensity(0.123, y)).toBeCloseTo(
        Math.log(1 / 4 / (0.2 * Math.sqrt(2 * Math.PI))) - y ** 2 / 0.08,
        9,
      );
    expect(line.logDensity(2, 0) - line.logDensity(0, 0)).toBeCloseTo(Math.log(0.5), 6);
  });

  test("more panels do not change the built-in curves, near and far", () => {
    const spiral = (panels: number) =>
      noisyCurve("s", {
        arms: 1,
        at: (s) => ({ x: 3 * s * Math.cos(9 * s), y: 3 * s * Math.sin(9 * s) }),
        power: 2,
        deviation: 0.1,
        panels,
      });
    for (const [x, y] of [
      [0, 0],
      [1, 1],
      [-2, 0.5],
      [5, 5],
    ] as const)
      expect(spiral(96).logDensity(x, y)).toBeCloseTo(spiral(500).logDensity(x, y), 6);
  });

  test("sums of exponentials that overflow or vanish", () => {
    expect(logSumExp([1000, 1000])).toBeCloseTo(1000 + Math.log(2), 12);
    expect(logSumExp([-1e6, -1e6 - 1])).toBeCloseTo(-1e6 + Math.log(1 + Math.exp(-1)), 9);
    expect(logSumExp([Number.NEGATIVE_INFINITY])).toBe(Number.NEGATIVE_INFINITY);
  });

  test("the checkerboard is flat on its eight squares, edges included, and nothing elsewhere", () => {
    const { logDensity } = densities["checkerboard"]!;
    expect(logDensity(-3, -3)).toBe(-Math.log(32));
    expect(logDensity(-2, 1)).toBe(-Math.log(32));
    expect(logDensity(-1, -3)).toBe(Number.NEGATIVE_INFINITY);
    expect(logDensity(4.1, 3)).toBe(Number.NEGATIVE_INFINITY);
    expect(logDensity(Number.NaN, 3)).toBe(Number.NEGATIVE_INFINITY);
  });
});
