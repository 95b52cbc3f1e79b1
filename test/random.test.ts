// random: known answers, distributions, and the promise that an element depends on its key and index alone.
import { describe, expect, test } from "vitest";
import { LocalFlowError } from "../src/errors.ts";
import {
  fillBelow,
  fillBeta,
  fillNormal,
  fillUniform,
  permutation,
  philox,
  type Random,
  random,
  split,
} from "../src/random.ts";

type Fill = (random: Random, out: Float32Array, options?: { offset?: number }) => void;
const count = 200_000;
const root = random(20241002);

function draw(fill: Fill, length: number, offset = 0, key = root): Float32Array {
  const out = new Float32Array(length);
  fill(key, out, { offset });
  return out;
}

function moments(values: Float32Array): { mean: number; variance: number; skewness: number; kurtosis: number } {
  const average = (f: (x: number) => number) => values.reduce((sum, x) => sum + f(x), 0) / values.length;
  const mean = average((x) => x);
  const variance = average((x) => (x - mean) ** 2);
  const standard = (power: number) => average((x) => ((x - mean) / Math.sqrt(variance)) ** power);
  return { mean, variance, skewness: standard(3), kurtosis: standard(4) };
}

/**
 * sqrt(n) times the largest distance between the empirical and the given distribution function; 1.95 is the 0.1 %
 * level.
 */
function kolmogorov(values: Float32Array, cdf: (x: number) => number): number {
  const sorted = values.slice().sort();
  let largest = 0;
  sorted.forEach((x, i) => {
    const p = cdf(x);
    largest = Math.max(largest, p - i / sorted.length, (i + 1) / sorted.length - p);
  });
  return largest * Math.sqrt(sorted.length);
}

/** Distribution function on a grid by the midpoint rule of `density`, with linear interpolation. */
function numericalCdf(
  density: (x: number) => number,
  low: number,
  high: number,
  cells = 40_000,
): (x: number) => number {
  const width = (high - low) / cells;
  const sums = new Float64Array(cells + 1);
  for (let i = 0; i < cells; i++) sums[i + 1] = sums[i]! + width * density(low + (i + 0.5) * width);
  return (x) => {
    const place = Math.min(Math.max((x - low) / width, 0), cells - 1e-9);
    const cell = Math.floor(place);
    return (sums[cell]! + (place - cell) * (sums[cell + 1]! - sums[cell]!)) / sums[cells]!;
  };
}

function correlation(a: Float32Array, b: Float32Array): number {
  const [ma, mb] = [moments(a), moments(b)];
  return (
    a.reduce((sum, x, i) => sum + (x - ma.mean) * (b[i]! - mb.mean), 0) /
    a.length /
    Math.sqrt(ma.variance * mb.variance)
  );
}

const hex = (words: Iterable<number>) => Array.from(words, (word) => word.toString(16).padStart(8, "0")).join(" ");

describe("philox", () => {
  test.each([
    { name: "zeros", counter: [0, 0, 0, 0], key: [0, 0], answer: "6627e8d5 e169c58d bc57ac4c 9b00dbd8" },
    {
      name: "ones",
      counter: [0xffffffff, 0xffffffff, 0xffffffff, 0xffffffff],
      key: [0xffffffff, 0xffffffff],
      answer: "408f276d 41c83b0e a20bc7c6 6d5451fd",
    },
    {
      name: "pi",
      counter: [0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344],
      key: [0xa4093822, 0x299f31d0],
      answer: "d16cfe09 94fdcceb 5001e420 24126ea1",
    },
  ])("gives the known answer of Random123 for $name", ({ counter, key, answer }) => {
    const out = new Uint32Array(4);
    philox({ low: key[0]!, high: key[1]! }, counter[0]!, counter[1]!, counter[2]!, counter[3]!, out, 0, 1);
    expect(hex(out)).toBe(answer);
  });

  test("counts blocks with a carry into the second word", () => {
    const [many, one] = [new Uint32Array(8), new Uint32Array(4)];
    philox(root, 0xffffffff, 5, 0, 0, many, 0, 2);
    philox(root, 0, 6, 0, 0, one, 0, 1);
    expect(many.slice(4)).toEqual(one);
  });
});

describe("distributions", () => {
  test("normal numbers have the moments of N(0, 1)", () => {
    const { mean, variance, skewness, kurtosis } = moments(draw(fillNormal, count));
    const sigmas = [mean, (variance - 1) / Math.sqrt(2), skewness / Math.sqrt(6), (kurtosis - 3) / Math.sqrt(24)];
    for (const sigma of sigmas) expect(Math.abs(sigma) * Math.sqrt(count)).toBeLessThan(4);
  });

  test("normal numbers follow the normal distribution function", () => {
    const cdf = numericalCdf((x) => Math.exp((-x * x) / 2), -9, 9);
    expect(kolmogorov(draw(fillNormal, count), cdf)).toBeLessThan(1.95);
  });

  test("normal tails are right: P(|z| > 3) and P(|z| > 4)", () => {
    const z = draw(fillNormal, 2_000_000);
    for (const [bound, probability] of [
      [3, 2.699796e-3],
      [4, 6.334248e-5],
    ] as const) {
      const expected = probability * z.length;
      const seen = z.reduce((sum, x) => sum + (Math.abs(x) > bound ? 1 : 0), 0);
      expect(Math.abs(seen - expected)).toBeLessThan(4 * Math.sqrt(expected));
    }
  });

  test("uniform numbers are uniform and stay inside (0, 1)", () => {
    const u = draw(fillUniform, count);
    expect(kolmogorov(u, (x) => x)).toBeLessThan(1.95);
    expect(u.every((x) => x > 0 && x < 1)).toBe(true);
    expect(Math.abs(moments(u).variance - 1 / 12)).toBeLessThan(5e-4);
  });

  test.each([
    [1, 0.5, (x: number) => 1 - Math.sqrt(1 - x)],
    [0.5, 0.5, (x: number) => (2 / Math.PI) * Math.asin(Math.sqrt(x))],
    [0.1, 1, (x: number) => x ** 0.1],
    [2, 3, (x: number) => x * x * (6 - 8 * x + 3 * x * x)],
    [7.5, 1.5, numericalCdf((x) => x ** 6.5 * (1 - x) ** 0.5, 0, 1)],
    [40, 60, numericalCdf((x) => (x / 0.4) ** 39 * ((1 - x) / 0.6) ** 59, 0, 1)],
  ])("Beta(%d, %d) numbers follow their distribution function", (alpha, beta, cdf) => {
    const x = draw((key, out, options) => fillBeta(key, out, alpha, beta, options), 40_000);
    expect(x.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(kolmogorov(x, cdf)).toBeLessThan(1.95);
  });

  test("Beta numbers are finite at the ends of the allowed range", () => {
    for (const alpha of [1e-6, 1e9]) {
      for (const beta of [1e-6, 1e9]) {
        const x = draw((key, out) => fillBeta(key, out, alpha, beta), 100);
        expect(x.every((value) => value >= 0 && value <= 1)).toBe(true);
      }
    }
  });

  test("integers below a bound are uniform, also where the bound makes most words biased", () => {
    const out = new Uint32Array(60_000);
    for (const bound of [6, 3 * 2 ** 30]) {
      fillBelow(root, out, bound);
      const cells = new Float64Array(6);
      for (const value of out) cells[value % 6]!++;
      expect(chiSquare(cells)).toBeLessThan(20.5);
      expect(Math.max(...out.subarray(0, 100))).toBeLessThan(bound);
    }
  });
});

/** Against equal cells. */
function chiSquare(cells: Float64Array): number {
  const expected = cells.reduce((sum, x) => sum + x, 0) / cells.length;
  return cells.reduce((sum, x) => sum + (x - expected) ** 2 / expected, 0);
}

describe("an element depends on its key and index alone", () => {
  const fills: Record<string, Fill> = {
    normal: fillNormal,
    uniform: fillUniform,
    beta: (key, out, options) => fillBeta(key, out, 1, 0.5, options),
    below: (key, out, options) => {
      const integers = new Uint32Array(out.length);
      fillBelow(key, integers, 3 * 2 ** 30, options);
      out.set(integers);
    },
  };

  test.each(Object.entries(fills))("any slice of the %s stream equals the slice of the whole", (_, fill) => {
    const whole = draw(fill, 64);
    for (let start = 0; start < 20; start++) {
      for (const length of [0, 1, 2, 3, 4, 5, 7, 9, 30]) {
        expect(draw(fill, length, start)).toEqual(whole.slice(start, start + length));
      }
    }
  });

  test.each(Object.entries(fills))("the %s stream goes on past 2^32 and 2^34 elements without repeating", (_, fill) => {
    for (const far of [2 ** 32, 2 ** 34, 2 ** 52 + 4]) {
      const around = draw(fill, 16, far - 8);
      expect(draw(fill, 5, far - 3)).toEqual(around.slice(5, 10));
      expect(draw(fill, 8, 0)).not.toEqual(around.slice(8));
    }
  });

  test("filling a view leaves its neighbours alone", () => {
    const memory = new Float32Array(12).fill(-7);
    fillNormal(root, memory.subarray(3, 8), { offset: 1 });
    expect(memory.slice(3, 8)).toEqual(draw(fillNormal, 5, 1));
    expect([...memory.slice(0, 3), ...memory.slice(8)].every((x) => x === -7)).toBe(true);
  });

  test("different purposes of one key share nothing", () => {
    const [u, z] = [draw(fillUniform, count), draw(fillNormal, count)];
    expect(Math.abs(correlation(u, z)) * Math.sqrt(count)).toBeLessThan(4);
  });
});

describe("split", () => {
  const paths = [
    [],
    ["train"],
    ["trainx"],
    ["train", 0],
    ["train", 1],
    ["t", "rain"],
    [0],
    [-1],
    [2 ** 32],
    [1],
    ["1"],
    [""],
    ["\0"],
  ];

  test("different paths and seeds give different keys", () => {
    const seeds = [
      0,
      1,
      -1,
      2 ** 32,
      Number.MAX_SAFE_INTEGER,
      Number.MIN_SAFE_INTEGER,
      "",
      "0",
      "1",
      "abcd",
      "abcde",
      "é",
    ];
    const keys = [...paths.map((path) => split(root, ...path)), ...seeds.map(random)];
    expect(new Set(keys.map(({ low, high }) => `${low} ${high}`)).size).toBe(keys.length);
  });

  test("a path is taken step by step", () => {
    expect(split(split(root, "train"), 3)).toEqual(split(root, "train", 3));
  });

  test("streams of neighbouring paths are uncorrelated", () => {
    const streams = [0, 1, 2].map((block) => draw(fillNormal, count, 0, split(root, "train", block)));
    for (const other of [streams[1]!, streams[2]!, draw(fillNormal, count)]) {
      expect(Math.abs(correlation(streams[0]!, other)) * Math.sqrt(count)).toBeLessThan(4);
    }
  });

  test("one element across neighbouring seeds is uniform", () => {
    const across = Float32Array.from({ length: 20_000 }, (_, seed) => draw(fillUniform, 1, 0, random(seed))[0]!);
    expect(kolmogorov(across, (x) => x)).toBeLessThan(1.95);
  });
});

describe("permutation", () => {
  test("holds every number once", () => {
    for (const n of [0, 1, 2, 5, 1023, 100_000]) {
      expect(permutation(root, n).sort()).toEqual(Uint32Array.from({ length: n }, (_, i) => i));
    }
  });

  test("all orders of four are equally likely", () => {
    const orders = new Map<string, number>();
    for (let i = 0; i < 24_000; i++) {
      const order = permutation(split(root, i), 4).join("");
      orders.set(order, (orders.get(order) ?? 0) + 1);
    }
    expect(orders.size).toBe(24);
    expect(chiSquare(Float64Array.from(orders.values()))).toBeLessThan(49.7);
  });

  test("moves elements of a long list anywhere", () => {
    const order = permutation(root, 100_000);
    expect(
      kolmogorov(
        Float32Array.from(order.subarray(0, 20_000), (x) => (x + 0.5) / 100_000),
        (x) => x,
      ),
    ).toBeLessThan(1.95);
  });
});

test("the numbers of a seed never change", () => {
  const integers = new Uint32Array(4);
  fillBelow(random(7), integers, 1000);
  expect({
    seed: random(7),
    text: random("localflow"),
    path: split(random(7), "train", 2),
    normal: Array.from(draw(fillNormal, 4, 0, random(7))),
    uniform: Array.from(draw(fillUniform, 4, 0, random(7))),
    beta: Array.from(draw((key, out) => fillBeta(key, out, 1, 0.5), 4, 0, random(7))),
    integers: Array.from(integers),
    permutation: Array.from(permutation(random(7), 8)),
  }).toMatchInlineSnapshot(`
    {
      "beta": [
        0.9338846802711487,
        0.7614275813102722,
        0.4915499687194824,
        0.8547820448875427,
      ],
      "integers": [
        172,
        225,
        660,
        517,
      ],
      "normal": [
        0.2570383548736572,
        0.015658751130104065,
        0.9557891488075256,
        -1.2269643545150757,
      ],
      "path": {
        "high": 2135954531,
        "low": 3203150239,
      },
      "permutation": [
        1,
        3,
        4,
        7,
        5,
        2,
        6,
        0,
      ],
      "seed": {
        "high": 3929731044,
        "low": 2058973160,
      },
      "text": {
        "high": 1433335017,
        "low": 1659941915,
      },
      "uniform": [
        0.4935925602912903,
        0.9581833481788635,
        0.6914368271827698,
        0.8144852519035339,
      ],
    }
  `);
});

test("arguments out of range are refused", () => {
  const out = new Float32Array(2);
  const refused = [
    () => random(0.5),
    () => random(Number.NaN),
    () => split(root, 2 ** 53),
    () => fillNormal(root, out, { offset: -1 }),
    () => fillNormal(root, out, { offset: Number.MAX_SAFE_INTEGER }),
    () => fillBeta(root, out, 0, 1),
    () => fillBeta(root, out, 1, Number.NaN),
    () => fillBelow(root, new Uint32Array(1), 0),
    () => permutation(root, 1.5),
  ];
  for (const attempt of refused) expect(attempt).toThrow(LocalFlowError);
});
