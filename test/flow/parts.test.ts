// parts: what is missing and then the values: both parts are flows of their own, and together one density of whole rows.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { type Block, chainOf, trainedBlocks } from "../../src/flow/chain.ts";
import { contextWidth, drawStates, type MaskLaw, statesInParts } from "../../src/flow/masked.ts";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { fillNormal, random } from "../../src/random.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { createTransport } from "../../src/runtime/transport.ts";
import { largestDifference } from "../support/evaluate.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Dimension 0 says whether 1 and 2 hold a value, dimension 3 whether 4 does; 5 always does. */
const d = 6;
const presence = [
  { at: 0, low: -1e30, high: 0.3, start: 1, end: 3 },
  { at: 3, low: -1e30, high: -0.2, start: 4, end: 5 },
];
const masks: MaskLaw = {
  groups: [
    { start: 0, end: 1 },
    { start: 1, end: 3 },
    { start: 3, end: 4 },
    { start: 4, end: 5 },
    { start: 5, end: 6 },
  ],
  unconditional: 0.4,
  dropped: 0.3,
  presence: { of: presence, unsaid: 0.2, parts: { first: 0.3, told: 0.5 } },
};
const network: NetworkConfiguration = {
  hidden: [24],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
  context: contextWidth(d),
  levels: presence.map(({ at, high }) => ({ at, edges: [high] })),
};
const blocks = [0, 1].map(
  (n): Block => ({
    step: n === 0 ? { kind: "diffuse", duration: 0.5 } : { kind: "free" },
    network,
    parameters: initialMlp(random(n), network, d),
  }),
);
const chain = chainOf(d, blocks, masks);
const rows = 40;
const integration = { kind: "adaptive", method: "dopri5", rtol: 1e-6, atol: 1e-6 } as const;
const noise = (seed: number) => {
  const out = new Float32Array(rows * d);
  fillNormal(random(seed), out);
  return out;
};
const isMissing = (values: Float32Array, row: number, which: number) =>
  (values[row * d + presence[which]!.at] ?? 0) > presence[which]!.high;

async function moved(points: Float32Array, direction: 1 | -1, states?: Uint8Array, of = chain) {
  const divergence = { kind: "exact" } as const;
  const transport = await createTransport(engine, of, { direction, integration, divergence });
  return transport.run(points, states ? { states } : {}).finally(() => transport.release());
}

describe("a chain of two parts", () => {
  it("has its trained blocks twice, and gives them back", () => {
    expect(chain.blocks.map(({ part }) => part?.moves)).toEqual(["values", "values", "presence", "presence"]);
    expect(trainedBlocks(chain)).toEqual(blocks);
    const { parts: _, ...before } = masks.presence!;
    expect(chainOf(d, blocks, { ...masks, presence: before }).blocks).toEqual(blocks);
  });

  it("leaves noise in the place of missing values as it is, and comes back", async () => {
    const start = noise(3);
    const drawn = await moved(start, -1);
    let missing = 0;
    for (let row = 0; row < rows; row++)
      presence.forEach(({ start: from, end }, which) => {
        for (let k = row * d + from; k < row * d + end; k++) {
          const stands = drawn.points[k] === start[k];
          expect(stands).toBe(isMissing(drawn.points, row, which));
          missing += Number(stands);
        }
      });
    expect(missing).toBeGreaterThan(10);
    const back = await moved(drawn.points, 1);
    expect(largestDifference(back.points, start)).toBeLessThan(1e-3);
    expect(
      largestDifference(
        back.logDeterminant,
        drawn.logDeterminant.map((value) => -value),
      ),
    ).toBeLessThan(1e-3);
  });

  it("has the density p(missing) p(values | missing), each of the trained blocks alone", async () => {
    const points = noise(4);
    const states = new Uint8Array(rows * d);
    const whole = await moved(points, 1);
    const [first, then] = statesInParts({ values: points, states }, presence, d);
    const plain = chainOf(d, blocks);
    const [saying, holding] = [await moved(points, 1, first, plain), await moved(points, 1, then, plain)];
    const sum = saying.logDeterminant.map((value, row) => value + holding.logDeterminant[row]!);
    expect(largestDifference(whole.logDeterminant, sum)).toBeLessThan(1e-4);
    whole.points.forEach((value, k) => {
      const own = first[k] === 0 ? saying.points[k] : then[k] === 0 ? holding.points[k] : points[k];
      expect(value).toBeCloseTo(own!, 4);
    });
  });

  it("is told what is given: values of a part that is known stay, and what is missing is drawn by it", async () => {
    const start = noise(5);
    const states = Uint8Array.from({ length: rows * d }, (_, k) => [1, 1, 1, 0, 0, 2][k % d] ?? 0);
    start.forEach((_, k) => {
      if (k % d === 0) start[k] = -1;
    });
    const drawn = await moved(start, -1, states);
    for (let row = 0; row < rows; row++) {
      expect([...drawn.points.subarray(row * d, row * d + 3)]).toEqual([...start.subarray(row * d, row * d + 3)]);
      expect(drawn.points[row * d + 5]).toBe(0);
      expect(drawn.points[row * d + 4] === start[row * d + 4]).toBe(isMissing(drawn.points, row, 1));
    }
  });
});

describe("the states that teach it", () => {
  const many = 8000;
  const values = new Float32Array(many * d);
  fillNormal(random(6), values);
  const states = drawStates(masks, random(7), d, many, { values });
  const patterns = Array.from({ length: many }, (_, row) => states.subarray(row * d, (row + 1) * d));

  it("never have a missing value free or given", () => {
    patterns.forEach((row, n) => {
      presence.forEach(({ start }, which) => {
        if (isMissing(values, n, which)) expect(row[start]).toBe(2);
      });
    });
  });

  it("never have what is missing free beside values that are", () => {
    const isSaid = patterns.filter((row) => row[0] === 0 || row[3] === 0);
    for (const row of isSaid) expect([row[1], row[4], row[5]]).not.toContain(0);
    const share = isSaid.length / many;
    expect(share).toBeGreaterThan(0.2);
    expect(share).toBeLessThanOrEqual(0.31);
  });

  it("say of missing values that they are, and nothing of those that are there", () => {
    const told = patterns.filter((row) => [row[1], row[4], row[5]].includes(0));
    expect(told.length).toBeGreaterThan(many / 3);
    for (const row of told)
      presence.forEach(({ at, start }) => {
        expect(row[at] === 1 && row[start] !== 2).toBe(false);
      });
    const whole = patterns.filter((row, n) => !isMissing(values, n, 1) && isMissing(values, n, 0) && row[5] === 0);
    expect(whole.some((row) => row.join("") === "122200")).toBe(true);
  });
});
