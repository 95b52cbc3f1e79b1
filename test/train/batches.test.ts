// batches: left points of exact marginals have the diffusion's law, and every row of a shared batch is of its own block.
import { describe, expect, it } from "vitest";
import { levelsOfRows, rowsOfLevels, scatterWithinCells } from "../../src/data/images/rows.ts";
import type { Coupling } from "../../src/flow/coupling.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { fillNormal, random } from "../../src/random.ts";
import { floats } from "../../src/tensor/array.ts";
import { type Batch, batches, type Leg } from "../../src/train/batches.ts";
import { legsOf } from "../../src/train/marginals.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";

const [rows, d] = [20_000, 2];
/** Means 3 and -1, deviations 0.5 and 2. */
const pool = new Float32Array(rows * d);
fillNormal(random("pool"), pool);
pool.forEach((z, k) => {
  pool[k] = k % 2 === 0 ? 3 + 0.5 * z : -1 + 2 * z;
});

const network = { hidden: [4], activation: { kind: "tanh" }, timeInput: "first", initialization: "default" } as const;
const legs = legsOf(
  explicitSteps([0.2, 0.5]).map((step, n) => ({ step, network, iterations: [100, 200, 100][n] ?? 0, learningRate: 1 })),
);
const drawn = (of: readonly Leg[], coupling: Coupling = "dependent", size = rows) =>
  batches(borrowedRows(pool, d), random(5), {
    legs: of,
    coupling,
    timeDistribution: { kind: "uniform" },
    batchSize: size,
  });

const mean = (values: readonly number[]) => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]) => mean(values.map((value) => (value - mean(values)) ** 2));
const column = (values: Float32Array, k: number) => Array.from(values).filter((_, i) => i % d === k);

/** Mean and variance of both columns are those of the data's marginal after `elapsed`, within five standard errors. */
function expectMarginal(values: Float32Array, elapsed: number) {
  const keep = Math.exp(-elapsed);
  for (const [k, { location, scale }] of [
    { location: 3, scale: 0.5 },
    { location: -1, scale: 2 },
  ].entries()) {
    const exact = keep ** 2 * scale ** 2 + 1 - keep ** 2;
    const count = values.length / d;
    expect(Math.abs(mean(column(values, k)) - keep * location)).toBeLessThan(5 * Math.sqrt(exact / count));
    expect(Math.abs(variance(column(values, k)) / exact - 1)).toBeLessThan(5 * Math.sqrt(2 / count));
  }
}

describe("the legs of a chain", () => {
  it("start where the diffusions of the blocks before have led", () => {
    expect(legs.map(({ elapsed }) => elapsed)).toEqual([0, 0.2, 0.7]);
    expect(legs.map(({ weight }) => weight)).toEqual([100, 200, 100]);
  });
});

describe("a batch from an exact marginal", () => {
  it.each([0, 1, 2])("has left points with the law of the diffusion: block %i", (n) => {
    const { left, source } = drawn(legs.slice(n, n + 1))(0);
    expectMarginal(left.data, legs[n]?.elapsed ?? 0);
    expect(source).toBe(left);
  });

  it("draws the data itself for the first block, new noise in every iteration for the others", () => {
    const first = drawn(legs.slice(0, 1))(0);
    expect(column(first.left.data, 0).sort()).toEqual(column(pool, 0).sort());
    const later = drawn(legs.slice(1, 2));
    const [one, other, again] = [0, 1, 0].map((iteration) => column(later(iteration).left.data.slice(), 0));
    expect(again).toEqual(one);
    const sortedOne = [...(one ?? [])].sort();
    expect([...(other ?? [])].sort()).not.toEqual(sortedOne);
  });

  it.each(["shuffled", "independent"] as const)("has %s sources of the same law", (coupling) => {
    const { left, source } = drawn(legs.slice(1, 2), coupling)(0);
    expectMarginal(source.data, 0.2);
    const [a, b] = [column(left.data, 0), column(source.data, 0)];
    const covariance = mean(a.map((value, i) => (value - mean(a)) * ((b[i] ?? 0) - mean(b))));
    expect(Math.abs(covariance)).toBeLessThan((5 * variance(a)) / Math.sqrt(rows));
  });
});

describe("a batch of blocks that share a network", () => {
  /** The rows of the batch by block, told from the network's time. */
  function byBlock(batch: Batch): readonly (readonly number[])[] {
    const members: number[][] = legs.map(() => []);
    batch.byRow?.clock.data.forEach((tau, row) => {
      members[Math.min(legs.length - 1, Math.floor(tau * legs.length))]?.push(row);
    });
    return members;
  }
  const rowsAt = (values: Float32Array, members: readonly number[]) =>
    Float32Array.from(members.flatMap((row) => [...values.subarray(row * d, (row + 1) * d)]));

  it("draws a row's block in proportion to the blocks' iterations", () => {
    const shares = byBlock(drawn(legs)(0)).map((members) => members.length / rows);
    for (const [n, share] of [0.25, 0.5, 0.25].entries())
      expect(Math.abs((shares[n] ?? 0) - share)).toBeLessThan(5 * Math.sqrt((share * (1 - share)) / rows));
    const counts = new Set([0, 1, 2, 3].map((iteration) => byBlock(drawn(legs)(iteration))[0]?.length));
    expect(counts.size).toBeGreaterThan(1);
  });

  it.each(["dependent", "shuffled", "independent"] as const)(
    "has each block's own marginal and step: %s",
    (coupling) => {
      const batch = drawn(legs, coupling)(3);
      for (const [n, members] of byBlock(batch).entries()) {
        expectMarginal(rowsAt(batch.left.data, members), legs[n]?.elapsed ?? 0);
        expectMarginal(rowsAt(batch.source.data, members), legs[n]?.elapsed ?? 0);
        const step = legs[n]?.step;
        const keep = step?.kind === "diffuse" ? Math.exp(-step.duration) : 0;
        for (const row of members.slice(0, 50)) {
          expect(batch.byRow?.keep.data[row]).toBeCloseTo(keep, 6);
          expect(batch.byRow?.spread.data[row]).toBeCloseTo(Math.sqrt(1 - keep ** 2), 6);
          expect(batch.byRow?.clock.data[row]).toBeCloseTo((n + (batch.time.data[row] ?? 0)) / 3, 6);
        }
      }
    },
  );

  it("shuffles within a block: the sources of a block's rows are the left points of that block's rows", () => {
    const batch = drawn(legs, "shuffled", 60)(1);
    for (const members of byBlock(batch)) {
      const [left, source] = [batch.left, batch.source].map(({ data }) => column(rowsAt(data, members), 0).sort());
      expect(source).toEqual(left);
    }
  });

  it("pairs by transport within a block: no exchange of two rows of a block brings its ends closer", () => {
    const { left, source, noise, byRow } = drawn(legs, "optimal-transport", 60)(1);
    const cost = (i: number, j: number) => {
      let total = 0;
      for (let k = 0; k < d; k++) {
        const right =
          (byRow?.keep.data[i] ?? 0) * (source.data[j * d + k] ?? 0) +
          (byRow?.spread.data[i] ?? 0) * (noise.data[j * d + k] ?? 0);
        total += ((left.data[i * d + k] ?? 0) - right) ** 2;
      }
      return total;
    };
    for (const members of byBlock({ left, source, noise, time: left, ...(byRow && { byRow }) }))
      for (const i of members)
        for (const j of members) expect(cost(i, i) + cost(j, j)).toBeLessThan(cost(i, j) + cost(j, i) + 1e-4);
  });
});

describe("mirroring", () => {
  it("reverses the lines of about half of the images, anew in every iteration, and leaves the pool as it is", () => {
    const [images, height, width] = [400, 2, 3];
    const size = height * width;
    const numbered = Float32Array.from({ length: images * size }, (_, k) => k);
    const options = { legs: legs.slice(0, 1), coupling: "dependent", timeDistribution: { kind: "uniform" } } as const;
    const next = batches(borrowedRows(numbered, size), random(5), { ...options, batchSize: images, mirror: width });
    const mirrored = (iteration: number) => {
      const { data } = next(iteration).left;
      return Array.from({ length: images }, (_, n) => {
        const image = [...data.subarray(n * size, (n + 1) * size)];
        const first = Math.min(...image);
        const plain = Array.from({ length: size }, (__, k) => first + k);
        const reversed = [2, 1, 0, 5, 4, 3].map((k) => first + k);
        expect([plain, reversed]).toContainEqual(image);
        return { number: first / size, isMirrored: image[0] !== first };
      }).sort((a, b) => a.number - b.number);
    };
    const [one, other] = [mirrored(0), mirrored(1)];
    expect(one.map(({ number }) => number)).toEqual(Array.from({ length: images }, (_, n) => n));
    const share = one.filter(({ isMirrored }) => isMirrored).length / images;
    expect(Math.abs(share - 0.5)).toBeLessThan(5 * Math.sqrt(0.25 / images));
    expect(one).not.toEqual(other);
    expect(mirrored(0)).toEqual(one);
    expect([...numbered.subarray(0, 4)]).toEqual([0, 1, 2, 3]);
  });
});

describe("levels", () => {
  const [images, size] = [30, 12];
  const levels = Uint8Array.from({ length: images * size }, (_, n) => (37 * n) % 256);
  const block = { count: images, channels: 1, height: 3, width: 4, levels } as const;
  const rowsOf = (values: Float32Array) => levelsOfRows(floats(values, [values.length / size, size]), block);
  const next = batches(borrowedRows(rowsOfLevels(block).data, size), random(5), {
    ...{ legs: legs.slice(0, 1), coupling: "independent", timeDistribution: { kind: "uniform" }, batchSize: images },
    levels: true,
  });

  it("are at other places of their cells in each batch, and never beyond", () => {
    const [one, other, again] = [0, 1, 0].map((iteration) => {
      const { left, source } = next(iteration);
      for (const { data } of [left, source]) expect(rowsOf(data).levels.toSorted()).toEqual(levels.toSorted());
      return left.data.slice();
    });
    expect(again).toEqual(one);
    const places = (values: Float32Array) =>
      Array.from(values, (value) => (value + 1) * 128 - Math.floor((value + 1) * 128));
    expect(places(other!)).not.toEqual(places(one!));
    expect(Math.abs(mean(places(one!)) - 0.5)).toBeLessThan(5 * Math.sqrt(1 / 12 / levels.length));
    expect(Math.abs(12 * variance(places(one!)) - 1)).toBeLessThan(0.2);
  });

  it("move as they do when they are read", () => {
    const middles = rowsOfLevels(block).data;
    scatterWithinCells(middles.subarray(5 * size), random(8), 5 * size);
    const read = rowsOfLevels(block, { dequantise: random(8) }).data;
    expect(middles.subarray(5 * size)).toEqual(read.subarray(5 * size));
  });
});
