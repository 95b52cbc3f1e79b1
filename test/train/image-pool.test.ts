// image-pool: levels are read as the middles of their cells, pushed rows take their place, as float16 to 11 bits of them.
import { describe, expect, it } from "vitest";
import { rowsOfLevels } from "../../src/data/images/rows.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { random } from "../../src/random.ts";
import { batches } from "../../src/train/batches.ts";
import { imagePool } from "../../src/train/image-pool.ts";
import { legsOf } from "../../src/train/marginals.ts";
import { borrowedRows, ownRows, type RowPool } from "../../src/train/row-pool.ts";
import { normals } from "../support/repetition.ts";

const [images, d] = [37, 12];
const levels = Uint8Array.from({ length: images * d }, (_, n) => (91 * n) % 256);
const middles = rowsOfLevels({ count: images, channels: 1, height: 3, width: 4, levels }).data;
/** Four images to a segment, so that the last one is not full. */
const few = 4 * d + 5;
const precisions = ["float32", "float16"] as const;

function filled(precision: (typeof precisions)[number]) {
  const pool = imagePool(images, d, precision, few);
  for (let first = 0; first < images; first += 10) pool.setLevels(first, levels.subarray(first * d, (first + 10) * d));
  return pool;
}

const allOf = (pool: RowPool) => {
  const out = new Float32Array(pool.rows * d);
  pool.read(0, out);
  return out;
};
const rowOf = (values: Float32Array, row: number) => values.slice(row * d, (row + 1) * d);

describe.each(precisions)("a pool of images, pushed ones as %s", (precision) => {
  it("reads levels as the middles of their cells, in order and by number", () => {
    const pool = filled(precision);
    expect([pool.rows, pool.dimension]).toEqual([images, d]);
    expect(allOf(pool)).toEqual(middles);
    const out = new Float32Array(3 * d);
    pool.gather(Uint32Array.of(36, 3, 4), out);
    expect([0, 1, 2].map((n) => rowOf(out, n))).toEqual([36, 3, 4].map((row) => rowOf(middles, row)));
  });

  it("holds pushed rows where levels were, and leaves the others what they are", () => {
    const pool = filled(precision);
    const moved = normals(6 * d, "moved");
    expect(pool.successor()).toBe(pool);
    pool.set(2, moved);
    const all = allOf(pool);
    const exact = middles.slice();
    exact.set(moved, 2 * d);
    if (precision === "float32") expect(all).toEqual(exact);
    all.forEach((value, k) => {
      const isPushed = k >= 2 * d && k < 8 * d;
      expect(Math.abs(value - exact[k]!)).toBeLessThanOrEqual(isPushed ? Math.abs(exact[k]!) / 2048 : 0);
    });
    pool.set(2, all.subarray(2 * d, 8 * d));
    expect(allOf(pool)).toEqual(all);
    expect(() => pool.setLevels(2, levels.subarray(0, d))).toThrow("levels are put where no image was pushed");
  });

  it("keeps evenly spaced rows, the same as an array does, of levels and of what was pushed", () => {
    for (const count of [1, 5, 20, 36, 37, 50])
      for (const isPushed of [false, true]) {
        const pool = filled(precision);
        if (isPushed) pool.set(0, normals(images * d, "moved"));
        const all = allOf(pool);
        const narrowed = pool.narrowed(count);
        expect(narrowed.rows).toBe(Math.min(count, images));
        expect(allOf(narrowed)).toEqual(allOf(borrowedRows(all, d).narrowed(count)));
      }
  });

  it("gives the batches that an array of its numbers gives", () => {
    const network = {
      hidden: [4],
      activation: { kind: "tanh" },
      timeInput: "first",
      initialization: "default",
    } as const;
    const legs = legsOf(explicitSteps([]).map((step) => ({ step, network, iterations: 1, learningRate: 1 })));
    const plain = { legs, coupling: "independent", timeDistribution: { kind: "uniform" }, batchSize: 8 } as const;
    for (const options of [plain, { ...plain, mirror: 4 }, { ...plain, levels: true }]) {
      const [own, other] = [filled(precision), borrowedRows(middles, d)].map((pool) =>
        batches(pool, random(3), options),
      );
      for (const n of [0, 1, 7]) expect(own!(n)).toEqual(other!(n));
    }
  });
});

describe("a pool of an array", () => {
  it("that belongs to others is pushed into an array of its own, and one of its own into itself", () => {
    const before = middles.slice();
    const lent = borrowedRows(middles, d);
    for (const next of [lent.successor(), lent.narrowed(5).successor()]) {
      next.set(0, new Float32Array(2 * d).fill(7));
      expect(rowOf(allOf(next), 1)).toEqual(new Float32Array(d).fill(7));
      expect(next.successor()).toBe(next);
    }
    expect(middles).toEqual(before);
    const own = middles.slice();
    ownRows(own, d).set(36, new Float32Array(d));
    expect(rowOf(own, 36)).toEqual(new Float32Array(d));
  });
});
