// options: command lines become configurations; combinations that contradict each other are refused.
import { Command } from "commander";
import { describe, expect, it } from "vitest";
import * as options from "../../src/cli/options.ts";
import { checkExclusive, configurationFrom, integrationFrom, type RecipeOptions } from "../../src/cli/recipe.ts";
import type { Configuration } from "../../src/train/configuration.ts";

const base: Configuration = {
  seed: 0,
  standardize: true,
  blocks: [{ kind: "diffuse", duration: 0.2 } as const, { kind: "free" } as const].map((step, n) => ({
    step,
    network: { hidden: [64, 64], activation: { kind: "silu" }, timeInput: "first", initialization: "default" },
    iterations: 100 * (n + 1),
    learningRate: 1e-3,
  })),
  training: {
    batchSize: 500,
    interpolant: "linear",
    coupling: "dependent",
    timeDistribution: { kind: "uniform" },
    decay: { kind: "step", factor: 1, every: 1 },
    warmUp: 0,
    weightDecay: 0,
    clip: Number.POSITIVE_INFINITY,
    movingAverage: 0,
    warmStart: true,
    earlyStopping: 0,
  },
  integration: { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 },
};

/** The options that commander hands to the command. */
function parsed(line: string): RecipeOptions {
  const command = new Command().exitOverride().configureOutput({ writeErr: () => {} });
  options.integration(options.training(options.schedule(options.split(command))));
  return command.parse(line.split(" ").filter(Boolean), { from: "user" }).opts();
}

function configured(line: string): Configuration {
  const given = parsed(line);
  checkExclusive(given);
  return configurationFrom(given, base, 7);
}

const durations = ({ blocks }: Configuration) =>
  blocks.map(({ step }) => (step.kind === "free" ? "free" : step.duration));

describe("options of fit", () => {
  it("leave the task's defaults alone when nothing is said", () => {
    expect(configured("")).toEqual({ ...base, seed: 7 });
    expect(configured("--steps auto")).toEqual({ ...base, seed: 7 });
  });

  it("lay a geometric schedule, with documented defaults for what is left out", () => {
    const geometric = durations(configured("--blocks 4 --first 0.1 --growth 2"));
    expect(geometric).toEqual([0.1, 0.2, 0.4, "free"]);
    const authors = durations(configured("--blocks 4"));
    expect(authors).toEqual([0.15, 0.195, 0.2535].map((duration) => expect.closeTo(duration, 12)).concat("free"));
    expect(durations(configured("--first 0.1"))).toEqual([0.1, "free"]);
  });

  it("lay diffusion schedules with growing durations", () => {
    const cosine = durations(configured("--blocks 4 --schedule cosine"));
    expect(cosine).toEqual([0.083, 0.2697, 0.6153].map((duration) => expect.closeTo(duration, 3)).concat("free"));
  });

  it("train every block with its own network and rate", () => {
    const { blocks } = configured(
      "--steps 0.1,free --hidden 32x1;16x2 --activation softplus(20);relu --iterations 5;6",
    );
    expect(blocks.map(({ network }) => network.hidden)).toEqual([[32], [16, 16]]);
    expect(blocks.map(({ network }) => network.activation)).toEqual([{ kind: "softplus", beta: 20 }, { kind: "relu" }]);
    expect(blocks.map(({ iterations }) => iterations)).toEqual([5, 6]);
  });

  it("repeat one value for all blocks and the last default for further blocks", () => {
    const { blocks } = configured("--blocks 3 --learning-rate 5e-3");
    expect(blocks.map(({ learningRate }) => learningRate)).toEqual([5e-3, 5e-3, 5e-3]);
    expect(blocks.map(({ iterations }) => iterations)).toEqual([100, 200, 200]);
  });

  it("refuse a list of values that does not fit the number of blocks", () => {
    expect(() => configured("--blocks 4 --iterations 1;2")).toThrow(/--iterations: expected 1 value or 4.*got 2/);
  });

  it("set everything the blocks' training has in common", () => {
    const line =
      "--batch-size 10 --interpolant trigonometric --coupling shuffled --time-distribution beta(1,0.5) --decay 0.9/4000 " +
      "--warm-up 3 --weight-decay 0.1 --clip 1.0 --moving-average 0.999 --warm-start false --early-stopping";
    expect(configured(line).training).toEqual({
      batchSize: 10,
      interpolant: "trigonometric",
      coupling: "shuffled",
      timeDistribution: { kind: "beta", alpha: 1, beta: 0.5 },
      decay: { kind: "step", factor: 0.9, every: 4000 },
      warmUp: 3,
      weightDecay: 0.1,
      clip: 1,
      movingAverage: 0.999,
      warmStart: false,
      earlyStopping: 5,
    });
    expect(configured("--standardize false").standardize).toBe(false);
  });

  it("train blocks apart or with one network, then without the warm start that is the default", () => {
    const apart = configured("--parallel-blocks").training;
    expect(apart).toEqual({ ...base.training, parallelBlocks: true, warmStart: false });
    const shared = configured("--share-weights").training;
    expect(shared).toEqual({ ...base.training, shareWeights: true, warmStart: false });
    expect(configured("--parallel-blocks --warm-start false").training).toEqual(apart);
  });

  it.each([
    "--steps free --blocks 2",
    "--steps free --growth 2",
    "--steps 0.1,free --schedule cosine",
    "--schedule linear --first 0.1",
    "--evaluations 8 --tolerance 1e-3",
    "--tolerance 1e-3 --rtol 1e-4",
    "--tolerance 1e-8",
    "--parallel-blocks --warm-start true",
    "--share-weights --warm-start true",
    "--method euler",
  ])("refuse %s", (line) => {
    expect(() => configured(line)).toThrow(expect.objectContaining({ code: "option" }));
  });
});

describe("options of integration", () => {
  it("say nothing when none is given", () => {
    expect(integrationFrom({})).toBeUndefined();
  });

  it("fix the evaluations per block", () => {
    expect(integrationFrom(parsed("--method midpoint --evaluations 8"))).toEqual({
      kind: "fixed",
      method: "midpoint",
      evaluations: 8,
    });
    expect(integrationFrom(parsed("--evaluations 8"))).toEqual({ kind: "fixed", method: "euler", evaluations: 8 });
  });

  it("change one tolerance and keep the model's other", () => {
    const model = { kind: "adaptive", method: "tsit5", rtol: 1e-5, atol: 1e-6 } as const;
    expect(integrationFrom(parsed("--rtol 1e-3"), model)).toEqual({ ...model, rtol: 1e-3 });
    expect(integrationFrom(parsed("--method bosh3 --tolerance 1e-3"), model)).toEqual({
      kind: "adaptive",
      method: "bosh3",
      rtol: 1e-3,
      atol: 1e-3,
    });
  });
});
