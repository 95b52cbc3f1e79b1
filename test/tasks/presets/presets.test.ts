// presets: the authors' configurations have the sizes and the schedules of their code, and say what differs.
import { describe, expect, it } from "vitest";
import { rawFiles } from "../../../src/data/tables/raw-files.ts";
import { geometricSteps } from "../../../src/flow/steps.ts";
import { mlpParameterCount } from "../../../src/nn/mlp.ts";
import { learningRateAt } from "../../../src/optim/schedule.ts";
import { presetNamed, presets } from "../../../src/tasks/presets/named.ts";
import { publishedFigures, publishedFor } from "../../../src/tasks/presets/published.ts";

const dimensionOf = (dataset: (typeof presets)[number]["dataset"]) =>
  dataset === "tree" || dataset === "rose" ? 2 : rawFiles[dataset].prepared.columns;
const durations = (name: string) =>
  presetNamed(name).configuration.blocks.map(({ step }) => (step.kind === "free" ? "free" : step.duration));

describe("the authors' configurations", () => {
  it("have the parameters per block and in all that PyTorch counts for the authors' networks", () => {
    const perBlock = {
      tree: 133_122,
      rose: 133_122,
      power: 200_966,
      gas: 532_148,
      miniboone: 426_117,
      bsds300: 853_567,
    };
    for (const { dataset, configuration } of presets)
      for (const { network } of configuration.blocks)
        expect(mlpParameterCount(network, dimensionOf(dataset))).toBe(perBlock[dataset]);
    const total = (name: string, d: number) =>
      presetNamed(name).configuration.blocks.reduce((sum, { network }) => sum + mlpParameterCount(network, d), 0);
    expect(total("tree-2026", 2)).toBe(798_732);
    expect(total("power-2026", 6)).toBe(803_864);
    expect(total("gas-2026", 8)).toBe(1_064_296);
    expect(total("miniboone-2026", 43)).toBe(852_234);
    expect(total("bsds300-2026", 63)).toBe(3_414_268);
  });

  it("cut the diffusion as the authors' files do", () => {
    expect(durations("tree-2026")).toEqual([0.025, 0.031, 0.039, 0.049, 0.061, "free"]);
    const nine = [0.025, 0.031, 0.039, 0.049, 0.061, 0.076, 0.095, 0.119, "free"];
    expect(durations("tree-2025")).toEqual(nine);
    expect(durations("rose-2025")).toEqual(nine);
    expect(durations("power-2025")).toEqual([0.15, 0.2, 0.26, "free"]);
    for (const year of [2025, 2026]) {
      expect(durations(`gas-${year}`)).toEqual([0.05, "free"]);
      expect(durations(`miniboone-${year}`)).toEqual([0.35, "free"]);
      expect(durations(`bsds300-${year}`)).toEqual([0.25, 0.25, 0.25, "free"]);
    }
  });

  it("follow c rho^(n-1) where the authors name c and rho", () => {
    geometricSteps(4, 0.15, 1.3).forEach((step, n) => {
      const written = durations("power-2026")[n];
      if (step.kind === "diffuse") expect(written).toBeCloseTo(step.duration, 12);
      else expect(written).toBe("free");
    });
  });

  it("decay the learning rate after every so many steps", () => {
    const rate = (name: string, iteration: number) => {
      const { blocks, training } = presetNamed(name).configuration;
      return learningRateAt({ learningRate: blocks[0]!.learningRate, ...training }, iteration, 0);
    };
    expect(rate("power-2026", 999)).toBe(5e-3);
    expect(rate("power-2026", 99_999)).toBeCloseTo(5e-3 * 0.99 ** 99, 15);
    expect(rate("miniboone-2026", 8000)).toBeCloseTo(5e-3 * 0.81, 15);
    expect(rate("bsds300-2025", 29_999)).toBeCloseTo(2e-3 * 0.8 ** 7, 15);
    expect(rate("tree-2026", 1000)).toBeCloseTo(2e-4 * 0.99, 15);
  });

  it("differ between the repositories where the repositories differ, and nowhere else", () => {
    for (const dataset of ["power", "gas", "miniboone", "bsds300"]) {
      const [now, before] = [presetNamed(`${dataset}-2026`), presetNamed(`${dataset}-2025`)];
      expect(now.evaluation.reportedRows).toBe("test");
      expect(before.evaluation.reportedRows).toBe("validation");
      expect(now.configuration.integration).toEqual({ kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 });
      expect(before.configuration.integration).toEqual({ kind: "adaptive", method: "dopri5", rtol: 1e-5, atol: 1e-5 });
      expect(now.configuration.training.interpolant).toBe("trigonometric");
      const { batchSize: size, clip, ...training } = now.configuration.training;
      const { batchSize: sizeBefore, clip: clipBefore, ...trainingBefore } = before.configuration.training;
      expect(training).toEqual(trainingBefore);
      expect([size / sizeBefore, clip === clipBefore]).toEqual(dataset === "bsds300" ? [2, false] : [1, true]);
    }
    expect(presetNamed("tree-2026").configuration.training.interpolant).toBe("linear");
    expect(presetNamed("tree-2025").configuration.training.interpolant).toBe("trigonometric");
    expect(presetNamed("gas-2026").configuration.training.timeDistribution).toEqual({
      kind: "beta",
      alpha: 1,
      beta: 0.5,
    });
  });

  it("score tables by 149 Euler steps and pictures jointly", () => {
    for (const { dataset, configuration, evaluation } of presets) {
      if (dataset === "tree" || dataset === "rose")
        expect(evaluation.likelihood).toEqual({ kind: "joint", integration: configuration.integration });
      else
        expect(evaluation.likelihood).toEqual({
          kind: "separate",
          logDeterminant: { kind: "fixed", method: "euler", evaluations: 149 },
          transport: configuration.integration,
        });
    }
  });

  it("are found by name, and by data set the newest", () => {
    expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
    for (const preset of presets) {
      expect(presetNamed(preset.name)).toBe(preset);
      expect(preset.name).toBe(`${preset.dataset}-${preset.source.date.slice(0, 4)}`);
    }
    expect(presetNamed("gas").name).toBe("gas-2026");
    expect(presetNamed("rose").name).toBe("rose-2025");
    expect(() => presetNamed("powder")).toThrow("preset: expected one of tree-2026, tree-2025");
  });

  it("say that several times per pair are not drawn, where the authors draw them", () => {
    const several = presets.filter(({ notes }) => notes.some((note) => note.includes("independent times")));
    expect(several.map(({ name }) => name)).toEqual(["gas-2025", "miniboone-2025"]);
  });
});

describe("published figures", () => {
  it("stand in order, best first, the one without a sign last", () => {
    const power = publishedFor("power");
    expect(power[0]).toMatchObject({ method: "nMDMA", figure: { kind: "nats", value: -1.78 } });
    expect(power.at(-1)).toMatchObject({ method: "LFM", figure: { kind: "size", value: 0.67 } });
    expect(publishedFor("bsds300")[0]).toMatchObject({ method: "TAN", figure: { value: -159.8 } });
    expect(publishedFor("tree")).toEqual([]);
  });

  it("give every method one figure per table, and each a source and a reason", () => {
    const keys = publishedFigures.map(({ dataset, method }) => `${dataset} ${method}`);
    expect(new Set(keys).size).toBe(keys.length);
    for (const dataset of ["gas", "miniboone", "bsds300"] as const) expect(publishedFor(dataset)).toHaveLength(14);
    for (const { source, comparable } of publishedFigures) expect(source && comparable.why).not.toBe("");
  });

  it("hold nothing of the paper's own to be comparable", () => {
    const own = publishedFigures.filter(({ method }) => method === "LFM");
    expect(own).toHaveLength(2);
    expect(own.every(({ comparable }) => !comparable.yes)).toBe(true);
  });
});
