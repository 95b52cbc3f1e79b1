// masked-pool: copies of rows that keep their states, and batches that know what is given and move what is free.
import { describe, expect, it } from "vitest";
import { contextWidth, drawStates, type MaskLaw } from "../../src/flow/masked.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { fillNormal, random } from "../../src/random.ts";
import { type BatchOptions, batches, type PoolMasks } from "../../src/train/batches.ts";
import { legsOf } from "../../src/train/marginals.ts";
import { maskedCopies, maskedPool } from "../../src/train/masked-pool.ts";
import { borrowedRows } from "../../src/train/row-pool.ts";

const [rows, d] = [6000, 3];
const pool = new Float32Array(rows * d);
fillNormal(random("pool"), pool);
pool.forEach((z, k) => {
  pool[k] = 3 + 0.5 * z;
});
const law: MaskLaw = {
  groups: [0, 1, 2].map((start) => ({ start, end: start + 1 })),
  unconditional: 0.3,
  dropped: 0.3,
};
const network = { hidden: [4], activation: { kind: "tanh" }, timeInput: "first", initialization: "default" } as const;
const legs = legsOf(explicitSteps([0.4, 0.5]).map((step) => ({ step, network, iterations: 100, learningRate: 1 })));
const options: BatchOptions = {
  legs: legs.slice(1, 2),
  coupling: "dependent",
  timeDistribution: { kind: "uniform" },
  batchSize: rows,
  masks: law,
};
const drawn = (poolMasks?: PoolMasks) =>
  batches(borrowedRows(pool, d), random(5), { ...options, ...(poolMasks && { poolMasks }) });
const known = new Set(pool);

/** States as a context tells them. */
function statesIn(context: Float32Array): Uint8Array {
  const width = contextWidth(d);
  return Uint8Array.from({ length: (context.length / width) * d }, (_, i) => {
    const at = Math.floor(i / d) * width + (i % d);
    return context[at + 2 * d] === 1 ? 0 : context[at + d] === 1 ? 1 : 2;
  });
}

describe("a masked pool", () => {
  it("holds copies up to a number of rows, fewer where rows are wide, and at least one", () => {
    expect(maskedCopies(150, 4)).toBe(667);
    expect(maskedCopies(100_000, 4)).toBe(1);
    expect(maskedCopies(3_000_000, 100)).toBe(1);
    expect(maskedCopies(1000, 1000)).toBe(16);
  });

  it("has the rows again and again, each copy with states of its own around the same gaps", () => {
    const few = pool.subarray(0, 50 * d);
    const gaps = Uint8Array.from(few, (_, k) => Number(k % 7 === 0));
    const { values, states } = maskedPool({ pool: borrowedRows(few, d), gaps }, law, random(3));
    expect(values.length).toBe(2000 * 50 * d);
    expect(states.length).toBe(values.length);
    expect(values.subarray(150 * 1999)).toEqual(few);
    const [first, second] = [states.subarray(0, 150), states.subarray(150, 300)];
    expect(first).not.toEqual(second);
    gaps.forEach((gap, k) => {
      if (gap === 1) expect([first[k], second[k]]).toEqual([2, 2]);
    });
  });

  it("draws the states of many rows as it draws those of the first of them", () => {
    const many = drawStates(law, random(3), d, 10_000);
    expect(many.subarray(0, 100 * d)).toEqual(drawStates(law, random(3), d, 100));
    expect(many.subarray(4096 * d, 4196 * d)).not.toEqual(many.subarray(0, 100 * d));
  });
});

describe("a masked batch", () => {
  it("has the data's own values as given ones, the diffused ones where free, and zeros elsewhere", () => {
    const { left, noise, source, context } = drawn()(0);
    const states = statesIn(context?.data ?? new Float32Array());
    expect(new Set(states)).toEqual(new Set([0, 1, 2]));
    expect(source).toBe(left);
    const moved: number[] = [];
    states.forEach((state, k) => {
      const at = Math.floor(k / d) * contextWidth(d) + (k % d);
      const value = context?.data[at] ?? Number.NaN;
      if (state === 1 ? !known.has(value) : value !== 0) throw new Error(`value ${k} of the context: ${value}`);
      const [x = 0, z = 0] = [left.data[k], noise.data[k]];
      if (state === 0) moved.push(x);
      else if (x !== 0 || z !== 0) throw new Error(`value ${k}: ${x}, ${z}`);
    });
    const keep = Math.exp(-0.4);
    const mean = moved.reduce((a, b) => a + b, 0) / moved.length;
    const exact = keep ** 2 * 0.25 + 1 - keep ** 2;
    expect(Math.abs(mean - 3 * keep)).toBeLessThan(5 * Math.sqrt(exact / moved.length));
  });

  it("has new states at every draw, around the gaps of the data", () => {
    const gaps = Uint8Array.from(pool, (_, k) => Number(k % d === 1));
    const next = drawn({ kind: "gaps", gaps });
    const [one, other, again] = [0, 1, 0].map((n) => statesIn(next(n).context?.data ?? new Float32Array()));
    expect(again).toEqual(one);
    expect(other).not.toEqual(one);
    for (let k = 1; k < (one?.length ?? 0); k += d) expect(one?.[k]).toBe(2);
  });

  it("has each row's own states where the pool has them", () => {
    const states = drawStates(law, random(1), d, rows);
    const count = (of: Uint8Array) => [0, 1, 2].map((state) => of.filter((one) => one === state).length);
    const next = drawn({ kind: "states", states });
    const epochs = [0, 1].map((n) => statesIn(next(n).context?.data ?? new Float32Array()));
    for (const epoch of epochs) expect(count(epoch)).toEqual(count(states));
    expect(epochs[0]).not.toEqual(states);
  });
});
