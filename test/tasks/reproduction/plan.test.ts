// What `reproduce` trains: budgets that are equal where they are said to be, and experiments that shrink in proportion.
import { describe, expect, test } from "vitest";
import type { DensityTable } from "../../../src/data/tables/table.ts";
import { mlpParameterCount } from "../../../src/nn/mlp.ts";
import { presetNamed } from "../../../src/tasks/presets/named.ts";
import { chainLengths, publishedContenders } from "../../../src/tasks/reproduction/contenders.ts";
import { presetPlan, smallPlan } from "../../../src/tasks/reproduction/plan.ts";
import { scaledConfiguration, scaledTable } from "../../../src/tasks/reproduction/scale.ts";
import { floats } from "../../../src/tensor/array.ts";
import type { Configuration } from "../../../src/train/configuration.ts";
import { normals } from "../../support/repetition.ts";

const d = 6;
const power = presetNamed("power");
const parameters = ({ blocks }: Configuration) =>
  blocks.reduce((total, { network }) => total + mlpParameterCount(network, d), 0);
const steps = ({ blocks }: Configuration) => blocks.reduce((total, { iterations }) => total + iterations, 0);

function table(rows: number, columns = d): DensityTable {
  const part = (name: string, count: number) => floats(normals(count * columns, name), [count, columns]);
  return {
    name: "made",
    columns: Array.from({ length: columns }, (_, k) => `c${k + 1}`),
    train: part("train", rows),
    validation: part("validation", 1200),
    test: part("test", 1200),
    notes: [],
  };
}

const options = { scale: 1, rivals: ["flow-wide", "flow-long"], tolerance: 1e-4 } as const;

describe("contenders", () => {
  const [lfm, wide, long] = publishedContenders(power.configuration, d, ["flow-wide", "flow-long"]);

  test("the chain is exactly the authors'", () => {
    expect(lfm?.alternatives).toEqual([power.configuration]);
  });

  test("rivals take as many gradient steps, the wide one holds as many parameters, and each has three learning rates", () => {
    for (const rival of [wide, long]) {
      expect(new Set(rival?.alternatives.map(({ blocks }) => blocks[0]?.learningRate)).size).toBe(3);
      for (const alternative of rival?.alternatives ?? []) {
        expect(alternative.blocks).toHaveLength(1);
        expect(alternative.blocks[0]?.step).toEqual({ kind: "free" });
        expect(steps(alternative)).toBe(steps(power.configuration));
      }
    }
    const count = parameters(power.configuration);
    expect(Math.abs(parameters(wide?.alternatives[0] ?? power.configuration) - count) / count).toBeLessThan(0.02);
    expect(long?.alternatives[0]?.blocks[0]?.network).toEqual(power.configuration.blocks[0]?.network);
  });

  test("chains of all lengths have one budget and one time of diffusion", () => {
    const [pattern] = power.configuration.blocks;
    if (!pattern) throw new Error("a block");
    const base = {
      ...power.configuration,
      blocks: [{ ...pattern, step: { kind: "free" as const }, iterations: 8000 }],
    };
    for (const [k, { alternatives }] of chainLengths(base, d, [1, 2, 4, 8]).entries()) {
      for (const configuration of alternatives) {
        expect(configuration.blocks).toHaveLength(2 ** k);
        expect(Math.abs(parameters(configuration) / parameters(base) - 1)).toBeLessThan(0.03);
        expect(Math.abs(steps(configuration) - 8000)).toBeLessThan(8);
        const durations = configuration.blocks.map(({ step }) => (step.kind === "diffuse" ? step.duration : 0));
        if (k > 0) expect(durations.reduce((a, b) => a + b)).toBeCloseTo(0.6, 6);
      }
    }
  });
});

describe("scale", () => {
  test("one changes nothing", () => {
    expect(scaledConfiguration(power.configuration, 1)).toEqual(power.configuration);
    const whole = table(5000);
    expect(scaledTable(whole, 1)).toEqual(whole);
  });

  test("a hundredth leaves the learning rate's way down and the first rows", () => {
    const small = scaledConfiguration(power.configuration, 0.01);
    expect(small.blocks.map(({ iterations }) => iterations)).toEqual([1000, 1000, 1000, 1000]);
    expect(small.training.decay).toEqual({ kind: "step", factor: 0.99, every: 10 });
    expect(small.training.batchSize).toBe(500);
    expect(small.blocks.map(({ learningRate }) => learningRate)).toEqual(
      power.configuration.blocks.map(({ learningRate }) => learningRate),
    );
    const whole = table(5000);
    const part = scaledTable(whole, 0.5);
    expect([part.train.shape, part.validation.shape, part.test.shape]).toEqual([
      [2500, d],
      [600, d],
      [600, d],
    ]);
    expect(part.train.data).toEqual(whole.train.data.subarray(0, 2500 * d));
  });
});

describe("plans", () => {
  test("only the whole experiment on the published rows may be compared", () => {
    expect(presetPlan(power, { table: table(3000) }, options).comparable).toEqual({ yes: true });
    expect(presetPlan(power, { table: table(3000) }, { ...options, scale: 0.1 }).comparable.yes).toBe(false);
    const other = { ...table(3000), incomparable: "the file has 3 rows and the published one 4" };
    expect(presetPlan(power, { table: other }, options).comparable.yes).toBe(false);
    expect(smallPlan({ dataset: "letter" }, { table: table(3000) }, options).comparable.yes).toBe(false);
  });

  test("the authors' integration is measured beside the stated tolerance, and a validation score is told", () => {
    const plan = presetPlan(presetNamed("power-2025"), { table: table(3000) }, options);
    expect(plan.likelihood.integration).toEqual({ kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 });
    expect(plan.likelihood.authors?.kind).toBe("separate");
    expect(plan.table.notes.some((note) => note.includes("validation rows the test set"))).toBe(true);
  });
});
