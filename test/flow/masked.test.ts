// masked: the law of the states, the context, and velocities and divergences of what is free alone.

import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, blockWeights } from "../../src/flow/chain.ts";
import { exactDivergence, hutchinsonDivergence } from "../../src/flow/density.ts";
import {
  checkMaskLaw,
  contextsOf,
  drawStates,
  freeMask,
  freeNormalLogDensity,
  type MaskLaw,
  onFree,
  withoutGivenNoise,
} from "../../src/flow/masked.ts";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { floats } from "../../src/tensor/array.ts";
import { constant } from "../../src/tensor/tensor.ts";
import { layersOf } from "../support/blocks.ts";
import { column, evaluate, largestDifference, numbers, plainMlp } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Dimensions 0-1 and 2 are groups, 3 stands alone. */
const groups = [
  { start: 0, end: 2 },
  { start: 2, end: 3 },
];
const law = (changes: Partial<MaskLaw> = {}): MaskLaw => ({ groups, unconditional: 0.25, dropped: 0, ...changes });
const rows = 20_000;
const patterns = (states: Uint8Array, d: number) =>
  Array.from({ length: states.length / d }, (_, row) => states.subarray(row * d, (row + 1) * d).join(""));
const share = (of: readonly string[], pattern: string) => of.filter((one) => one === pattern).length / of.length;
const near = (measured: number, expected: number) =>
  expect(Math.abs(measured - expected)).toBeLessThan(5 * Math.sqrt((expected * (1 - expected)) / rows));

describe("the law of the states", () => {
  it("gives nothing with its probability, else each group with a probability uniform from row to row", () => {
    const drawn = patterns(drawStates(law(), random(1), 4, rows), 4);
    // With P uniform, E[P^2] = 1/3 and E[P (1 - P)] = 1/6.
    near(share(drawn, "0000"), 0.25 + 0.75 / 3);
    near(share(drawn, "1100"), 0.75 / 6);
    near(share(drawn, "0010"), 0.75 / 6);
    near(share(drawn, "1110"), 0.75 / 3);
  });

  it("keeps one group free where nothing else is, each as often as the other", () => {
    const drawn = patterns(drawStates(law({ unconditional: 0 }), random(2), 3, rows), 3);
    expect(share(drawn, "111")).toBe(0);
    near(share(drawn, "110"), 1 / 6 + 1 / 6);
    near(share(drawn, "001"), 1 / 6 + 1 / 6);
  });

  it("keeps gaps absent and gives the rest of their groups", () => {
    const gaps = new Uint8Array(rows * 3).map((_, k) => Number(k % 3 === 0));
    const drawn = patterns(drawStates(law({ unconditional: 0 }), random(3), 3, rows, { gaps }), 3);
    expect([...new Set(drawn)].sort()).toEqual(["200", "201", "210"]);
  });

  it("gives some dimensions and nothing else with a share of their own, unless nothing else is free", () => {
    const alone = { start: 2, end: 3, share: 0.5 };
    const drawn = patterns(drawStates(law({ alone }), random(5), 4, rows), 4);
    near(share(drawn, "0010"), 0.5 + 0.25 / 6);
    near(share(drawn, "0000"), 0.25 + 0.25 / 3);
    const gaps = new Uint8Array(rows * 4).map((_, k) => Number(k % 4 !== 2));
    expect([...new Set(patterns(drawStates(law({ alone }), random(5), 4, rows, { gaps }), 4))]).toEqual(["2202"]);
    expect(() => checkMaskLaw(law({ alone: { start: 2, end: 5, share: 0.5 } }), 4)).toThrow("masks, alone");
    expect(() => checkMaskLaw(law({ alone: { ...alone, share: 0.8 } }), 4)).toThrow("unconditional and alone");
  });

  it("drops groups with its probability, but never all that is known", () => {
    const drawn = patterns(drawStates(law({ unconditional: 1, dropped: 0.5 }), random(4), 3, rows), 3);
    near(share(drawn, "000"), 0.5 + 0.5 / 3);
    near(share(drawn, "220"), 0.5 / 3);
    near(share(drawn, "002"), 0.5 / 3);
    const missing = new Uint8Array(12).fill(1);
    expect(patterns(drawStates(law({ dropped: 1 }), random(4), 3, 4, { gaps: missing }), 3)).toEqual([
      "222",
      "222",
      "222",
      "222",
    ]);
  });

  describe("of values that may be missing", () => {
    // Dimension 0 says whether 1 holds a value, as it does in half of the rows; 2 is another column.
    const presence = { of: [{ at: 0, low: -9, high: 0, start: 1, end: 2 }], unsaid: 0 };
    const columns = [0, 1, 2].map((at) => ({ start: at, end: at + 1 }));
    const values = Float32Array.from({ length: rows * 3 }, (_, k) => (Math.floor(k / 3) % 2 === 0 ? -1 : 1));
    const drawn = (changes: Partial<MaskLaw>) => {
      const all = patterns(
        drawStates(law({ groups: columns, presence, ...changes }), random(6), 3, rows, { values }),
        3,
      );
      const [filled, missing] = [0, 1].map((which) => all.filter((_, row) => row % 2 === which));
      return { filled: filled ?? [], missing: missing ?? [] };
    };

    it("models noise in their place beside what says so alone, and never gives it", () => {
      const { missing } = drawn({ dropped: 0.5 });
      for (const pattern of missing) expect(["00", "02", "12", "22"]).toContain(pattern.slice(0, 2));
      expect(new Set(missing.map((pattern) => pattern.slice(0, 2))).size).toBe(4);
    });

    it("leaves the law of what says so as it is: rows are chosen by what is given alone", () => {
      const { filled, missing } = drawn({ dropped: 0.5 });
      for (const pattern of ["000", "001", "002", "020", "021"]) {
        const [others, own] = [filled, missing].map((of) => of.filter((one) => one === pattern).length);
        const all = (others ?? 0) + (own ?? 0);
        expect(all).toBeGreaterThan(100);
        expect(Math.abs((own ?? 0) / all - 0.5)).toBeLessThan(2.5 / Math.sqrt(all));
      }
    });

    it("leaves out what says so, and missing values, in the share of rows that is unsaid", () => {
      const { filled, missing } = drawn({ unconditional: 1, presence: { ...presence, unsaid: 0.25 } });
      expect([...new Set(filled)].sort()).toEqual(["000", "200"]);
      expect([...new Set(missing)].sort()).toEqual(["000", "220"]);
      near(share(filled, "200"), 0.25);
      near(share(missing, "220"), 0.25);
    });

    it("leaves nothing of a row in which all is missing, rather than to count it twice", () => {
      const gaps = Uint8Array.from({ length: rows * 3 }, (_, k) => Number(k % 3 === 2));
      const unsaid = law({ unconditional: 1, presence: { ...presence, unsaid: 1 } });
      const all = patterns(drawStates(unsaid, random(6), 3, rows, { values, gaps }), 3);
      expect(all.slice(0, 4)).toEqual(["202", "222", "202", "222"]);
    });

    it("knows nothing of values where what says so is a gap itself", () => {
      const gaps = Uint8Array.from({ length: rows * 3 }, (_, k) => Number(k % 3 === 0));
      const all = patterns(drawStates(law({ groups: columns, presence }), random(6), 3, rows, { values, gaps }), 3);
      for (const pattern of new Set(all)) expect(pattern).toMatch(/^2[01]/);
    });

    it("takes given noise away", () => {
      const states = Uint8Array.of(1, 1, 0, 1, 1, 0, 0, 1, 0);
      withoutGivenNoise({ values: Float32Array.of(-1, 5, 5, 1, 5, 5, 1, 5, 5), states }, presence.of, 3);
      expect([...states]).toEqual([1, 1, 0, 1, 2, 0, 0, 1, 0]);
    });

    it("refuses dimensions that there are not", () => {
      expect(() => checkMaskLaw(law({ presence }), 4)).not.toThrow();
      expect(() => checkMaskLaw(law({ presence: { of: [{ ...presence.of[0]!, at: 4 }], unsaid: 0 } }), 4)).toThrow(
        "masks, presence",
      );
      expect(() => checkMaskLaw(law({ presence: { ...presence, unsaid: 2 } }), 4)).toThrow(
        /presence unsaid: expected a share/,
      );
    });
  });

  it("refuses groups that overlap or leave the dimensions, and shares that are none", () => {
    expect(() => checkMaskLaw(law(), 4)).not.toThrow();
    expect(() => checkMaskLaw(law(), 2)).toThrow(/ranges of the 2 dimensions/);
    expect(() => checkMaskLaw(law({ groups: [...groups, { start: 1, end: 2 }] }), 4)).toThrow(/do not overlap/);
    expect(() => checkMaskLaw(law({ dropped: 1.5 }), 4)).toThrow(/dropped: expected a share/);
  });
});

describe("the context of a row", () => {
  it("has the given values, what is given and what is free, and nothing of absent values", () => {
    const values = Float32Array.of(5, Number.NaN, 7, 8, 9, 10);
    const { data, shape } = contextsOf(values, Uint8Array.of(1, 2, 0, 0, 0, 1), 3);
    expect(shape).toEqual([2, 9]);
    expect(Array.from(data)).toEqual([5, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 10, 0, 0, 1, 1, 1, 0]);
  });

  it("decides which values count in log N", () => {
    const [first, second] = freeNormalLogDensity(Float32Array.of(1, 2, 3, 4), Uint8Array.of(0, 0, 1, 2), 2);
    expect(first).toBeCloseTo(-Math.log(2 * Math.PI) - 2.5, 6);
    expect(second).toBe(0);
  });
});

describe("the velocity of a masked block", () => {
  const d = 3;
  const states = Uint8Array.of(0, 0, 0, 1, 0, 2, 0, 1, 0, 2, 1, 0, 1, 1, 1, 0, 2, 2);
  const count = states.length / d;
  const values = new Float32Array(count * d);
  fillNormal(random(8), values);
  const contexts = contextsOf(values, states, d);
  const points = floats(
    values.map((value, k) => (states[k] === 0 ? value : 0)),
    [count, d],
  );
  const times = floats(
    Float32Array.from({ length: count }, (_, i) => i / count),
    [count, 1],
  );
  const network = (timeInput: "first" | "every"): NetworkConfiguration => ({
    hidden: [11, 9],
    activation: { kind: "softplus", beta: 3 },
    timeInput,
    initialization: "default",
    frequencies: 1,
    context: 3 * d,
  });
  const inputs = () => ({ x: column(d), t: column(1), context: column(3 * d), probes: column(8 * d) });
  const signs = floats(
    Float32Array.from({ length: count * 8 * d }, (_, k) => ((Math.floor((k % 24) / d) >> (k % d)) & 1 ? 1 : -1)),
    [count, 8 * d],
  );
  const fixed = { x: points, t: times, context: contexts, probes: signs };

  async function outputs(configuration: NetworkConfiguration) {
    const block: Block = {
      step: { kind: "free" },
      network: configuration,
      parameters: initialMlp(random(3), configuration, d),
    };
    const { weights, velocityOf } = blockWeights(block);
    const placed = inputs();
    const field = velocityOf(
      weights.map((array) => constant(array)),
      placed.context,
    );
    const exact = exactDivergence(field, placed.x, placed.t, 2, freeMask(placed.context));
    const estimate = hutchinsonDivergence(field, placed.x, placed.t, placed.probes, freeMask(placed.context));
    const masked = onFree(field, placed.context)(placed.x, placed.t);
    const wanted = { masked, exact: { ...exact }, estimate: { ...estimate } };
    const result = await evaluate(engine, placed, wanted, fixed);
    const plain = (row: number, x: readonly number[]) =>
      plainMasked(configuration, block, x, times.data[row] ?? 0, row);
    return { result, plain };
  }

  /** The plain network, whose first layer's bias takes up the context's share. */
  function plainMasked(
    configuration: NetworkConfiguration,
    block: Block,
    x: readonly number[],
    t: number,
    row: number,
  ) {
    const [first, ...rest] = layersOf(block);
    if (!first) throw new Error("a layer");
    const [inputs = 0, outputs = 0] = first.weight.shape;
    const own = inputs - 3 * d;
    const bias = first.bias.data.map((value, j) => {
      let total = value;
      for (let i = 0; i < 3 * d; i++)
        total += (contexts.data[row * 3 * d + i] ?? 0) * (first.weight.data[(own + i) * outputs + j] ?? 0);
      return total;
    });
    const weight = floats(first.weight.data.slice(0, own * outputs), [own, outputs]);
    const { context: _, ...bare } = configuration;
    return plainMlp(bare, { layers: [{ weight, bias: floats(bias) }, ...rest] }, x, t);
  }

  it.each(["first", "every"] as const)(
    "is the plain formula with the context beside the point where it is free, and exactly zero elsewhere: time in %s",
    async (timeInput) => {
      const { result, plain } = await outputs(network(timeInput));
      const expected = Array.from({ length: count }, (_, row) =>
        plain(row, numbers(points).slice(row * d, (row + 1) * d)).map((v, k) => (states[row * d + k] === 0 ? v : 0)),
      ).flat();
      expect(largestDifference(numbers(result.masked), expected)).toBeLessThan(5e-6);
      for (const velocity of [result.masked, result.exact.velocity, result.estimate.velocity])
        numbers(velocity).forEach((v, k) => {
          if (states[k] !== 0) expect(Math.abs(v)).toBe(0);
          else expect(v).not.toBe(0);
        });
    },
  );

  it("has the trace of the Jacobian over the free dimensions as its divergence, exactly and in the mean over all signs", async () => {
    const { result, plain } = await outputs(network("first"));
    const h = 1e-5;
    const traces = Array.from({ length: count }, (_, row) => {
      const x = numbers(points).slice(row * d, (row + 1) * d);
      return [0, 1, 2].reduce((total, k) => {
        if (states[row * d + k] !== 0) return total;
        const moved = (by: number) =>
          plain(
            row,
            x.map((value, i) => (i === k ? value + by : value)),
          )[k] ?? 0;
        return total + (moved(h) - moved(-h)) / (2 * h);
      }, 0);
    });
    expect(largestDifference(numbers(result.exact.divergence), traces)).toBeLessThan(2e-5);
    const estimates = numbers(result.estimate.divergence);
    const means = traces.map((_, row) => estimates.slice(8 * row, 8 * row + 8).reduce((a, b) => a + b, 0) / 8);
    expect(largestDifference(means, traces)).toBeLessThan(2e-5);
  });
});
