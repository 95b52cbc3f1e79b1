// coupling: optimal pairings are optimal, and each coupling pairs what it says.
import { describe, expect, it } from "vitest";
import { type Coupling, cheapestAssignment, pairByTransport } from "../../src/flow/coupling.ts";
import { diffusionScales } from "../../src/flow/diffusion.ts";
import type { Step } from "../../src/flow/steps.ts";
import { fillNormal, fillUniform, random, split } from "../../src/random.ts";
import { batches } from "../../src/train/batches.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";

function orders(n: number): readonly (readonly number[])[] {
  if (n === 0) return [[]];
  return orders(n - 1).flatMap((order) =>
    Array.from({ length: n }, (_, at) => [...order.slice(0, at), n - 1, ...order.slice(at)]),
  );
}

const total = (cost: ArrayLike<number>, n: number, order: ArrayLike<number>) =>
  Array.from({ length: n }, (_, i) => cost[i * n + (order[i] ?? 0)] ?? Number.NaN).reduce((a, b) => a + b, 0);

function uniform(key: string, count: number): Float32Array {
  const values = new Float32Array(count);
  fillUniform(split(random(4), key), values);
  return values;
}

describe("the cheapest assignment", () => {
  it("is as cheap as the best of all n! orders, for n up to 7", () => {
    for (let n = 1; n <= 7; n++) {
      const all = orders(n);
      for (let trial = 0; trial < 12; trial++) {
        // Every third trial has whole costs with many ties, every third negative ones.
        const cost = Float64Array.from(uniform(`${n} ${trial}`, n * n), (u) =>
          trial % 3 === 0 ? Math.floor(3 * u) : trial % 3 === 1 ? u : u - 0.5,
        );
        const assignment = cheapestAssignment(cost, n);
        expect([...assignment].sort()).toEqual(Array.from({ length: n }, (_, i) => i));
        expect(total(cost, n, assignment)).toBeCloseTo(Math.min(...all.map((order) => total(cost, n, order))), 10);
      }
    }
  });

  it("sorts points of a line", () => {
    const [left, right] = [uniform("left", 100), uniform("right", 100)];
    const cost = Float64Array.from(
      { length: 10_000 },
      (_, k) => ((left[Math.floor(k / 100)] ?? 0) - (right[k % 100] ?? 0)) ** 2,
    );
    const assignment = cheapestAssignment(cost, 100);
    const rank = (values: Float32Array, i: number) => values.filter((value) => value < (values[i] ?? 0)).length;
    assignment.forEach((to, from) => {
      expect(rank(right, to)).toBe(rank(left, from));
    });
  });

  it("refuses costs that are not numbers instead of searching for ever", () => {
    expect(() => cheapestAssignment(Float64Array.of(1, 2, Number.NaN, Number.NaN), 2)).toThrow(/finite distances/);
  });
});

describe("pairing by optimal transport", () => {
  const d = 2;
  const rows = 300;
  const drawnBatch = () => {
    const values = (key: string) => {
      const drawn = new Float32Array(rows * d);
      fillNormal(split(random(6), key), drawn);
      return drawn;
    };
    return {
      left: values("left").map((x) => 2 * x),
      source: values("source").map((x) => 2 * x),
      noise: values("noise"),
    };
  };
  const steps: readonly Step[] = [{ kind: "diffuse", duration: 0.3 }, { kind: "free" }];
  const cost = (step: Step, { left, source, noise }: ReturnType<typeof drawnBatch>, from = 0, to = rows) => {
    const { keep, spread } = step.kind === "free" ? { keep: 0, spread: 1 } : diffusionScales(step.duration);
    let sum = 0;
    for (let i = from * d; i < to * d; i++)
      sum += ((left[i] ?? 0) - keep * (source[i] ?? 0) - spread * (noise[i] ?? 0)) ** 2;
    return sum;
  };

  it.each(steps)("lowers the cost of %o and keeps sources with their noise, within groups of 256", (step) => {
    const [before, after] = [drawnBatch(), drawnBatch()];
    pairByTransport(step, after.left, after.source, after.noise, d);
    expect(after.left).toEqual(before.left);
    expect(cost(step, after, 0, 256)).toBeLessThan(cost(step, before, 0, 256));
    expect(cost(step, after, 256)).toBeLessThan(cost(step, before, 256));
    const pairs = ({ source, noise }: typeof before, from: number, to: number) =>
      Array.from({ length: to - from }, (_, i) =>
        [source, noise].map((of) => of.slice((from + i) * d, (from + i + 1) * d).join()).join(" "),
      ).sort();
    for (const [from, to] of [
      [0, 256],
      [256, rows],
    ] as const)
      expect(pairs(after, from, to)).toEqual(pairs(before, from, to));
  });

  it("cannot be improved by exchanging two rows, and changes nothing the second time", () => {
    const [step = { kind: "free" }] = steps;
    const batch = drawnBatch();
    pairByTransport(step, batch.left, batch.source, batch.noise, d);
    const paired = { source: batch.source.slice(), noise: batch.noise.slice() };
    const best = cost(step, batch);
    const exchange = (a: number, b: number) => {
      for (const values of [batch.source, batch.noise])
        for (let k = 0; k < d; k++) {
          const kept = values[a * d + k] ?? 0;
          values[a * d + k] = values[b * d + k] ?? 0;
          values[b * d + k] = kept;
        }
    };
    for (let i = 1; i < 256; i++) {
      exchange(0, i);
      expect(cost(step, batch)).toBeGreaterThan(best - 1e-9);
      exchange(0, i);
    }
    pairByTransport(step, batch.left, batch.source, batch.noise, d);
    expect({ source: batch.source, noise: batch.noise }).toEqual(paired);
  });
});

describe("the couplings of a batch", () => {
  // Row i of the pool is (i, -i), so that every row tells where it came from.
  const [rows, size] = [90, 30];
  const pool = Float32Array.from({ length: 2 * rows }, (_, k) => (k % 2 === 0 ? k / 2 : -(k - 1) / 2));
  const batch = (coupling: Coupling, iteration = 0) =>
    batches(borrowedRows(pool, 2), random(9), {
      legs: [{ step: { kind: "diffuse", duration: 0.2 }, elapsed: 0, weight: 1 }],
      coupling,
      timeDistribution: { kind: "uniform" },
      batchSize: size,
    })(iteration);
  const ids = (values: Float32Array) => Array.from(values).filter((_, k) => k % 2 === 0);
  const sorted = (values: readonly number[]) => [...values].sort((a, b) => a - b);

  it("dependent: the same row", () => {
    const { left, source } = batch("dependent");
    expect(source).toBe(left);
  });

  it("shuffled: another order of the same rows", () => {
    const { left, source } = batch("shuffled");
    expect(sorted(ids(source.data))).toEqual(sorted(ids(left.data)));
    const fixed = ids(source.data).filter((id, i) => id === ids(left.data)[i]).length;
    expect(fixed).toBeLessThan(8);
  });

  it.each(["independent", "optimal-transport"] as const)("%s: rows of a second minibatch", (coupling) => {
    const { left, source } = batch(coupling);
    const common = ids(source.data).filter((id) => ids(left.data).includes(id)).length;
    expect(new Set(ids(source.data)).size).toBe(size);
    // Of 30 rows drawn from 90, ten are expected to be common.
    expect(common).toBeGreaterThan(1);
    expect(common).toBeLessThan(22);
  });

  it("optimal-transport: the pairs of least cost among those of the independent coupling", () => {
    const [free, paired] = [batch("independent"), batch("optimal-transport")];
    expect(ids(paired.left.data)).toEqual(ids(free.left.data));
    expect(sorted(ids(paired.source.data))).toEqual(sorted(ids(free.source.data)));
    // The points lie on a line, so the best pairs are in order (the noise, at most 6, moves only near neighbours).
    const rank = (values: readonly number[], i: number) => values.filter((value) => value < (values[i] ?? 0)).length;
    const gaps = ids(paired.left.data).map((_, i) => rank(ids(paired.left.data), i) - rank(ids(paired.source.data), i));
    expect(Math.max(...gaps.map(Math.abs))).toBeLessThanOrEqual(3);
  });

  it("all take every row of the pool once per epoch on the left", () => {
    for (const coupling of ["dependent", "shuffled", "independent", "optimal-transport"] as const) {
      const epoch = [0, 1, 2].flatMap((iteration) => ids(batch(coupling, iteration).left.data));
      expect(sorted(epoch)).toEqual(Array.from({ length: rows }, (_, i) => i));
    }
  });
});
