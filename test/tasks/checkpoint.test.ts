// checkpoint: what the error says of a checkpoint that another fit left behind.
import { describe, expect, it } from "vitest";
import { startingPoint } from "../../src/cli/fit-plan.ts";
import { configurationFrom, type RecipeOptions } from "../../src/cli/recipe.ts";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import type { LocalFlowError } from "../../src/errors.ts";
import type { MaskLaw } from "../../src/flow/masked.ts";
import { decodeCheckpoint, encodeCheckpoint, type FitOrigin } from "../../src/tasks/checkpoint.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import { type Configuration, maskedConfiguration } from "../../src/train/configuration.ts";

const base = defaultConfiguration({ rows: 1000, columns: 2 });
const origin: FitOrigin = { configuration: base, columns: ["a", "b"], fingerprint: "settings data" };
const saved = encodeCheckpoint({ blocks: [], records: [] }, origin);

/** The same fit with some of it changed. */
function changed(configuration: Partial<Configuration>, others: Partial<FitOrigin> = {}): FitOrigin {
  const fingerprint = "other data";
  return { ...origin, configuration: { ...base, ...configuration }, fingerprint, ...others };
}

function problemOf(other: FitOrigin, left = saved) {
  try {
    decodeCheckpoint(left, other, 2, "m.checkpoint");
  } catch (error) {
    const { code, problem } = error as LocalFlowError;
    const expected = problem.expected.replace("the data and the options that the checkpoint was made with", "");
    return { code, where: problem.where, expected: expected.trim(), received: problem.received };
  }
  throw new Error("the checkpoint was taken");
}

const named = (before: string, now: string) => ({
  code: "model",
  where: "m.checkpoint",
  expected: before === "" ? "" : `(${before})`,
  received: now,
});
const blocksWith = (change: Partial<Configuration["blocks"][number]>) =>
  base.blocks.map((block) => ({ ...block, ...change }));
const [first] = base.blocks;
const { iterations = 0, network } = first ?? {};

describe("the checkpoint of another fit", () => {
  it("is read by the fit that it was made by, whatever its seed", () => {
    const seeded = { ...origin, configuration: { ...base, seed: 99 } };
    expect(decodeCheckpoint(saved, seeded, 2)).toEqual({ blocks: [], records: [] });
  });

  it("is refused with its file, the options that differ and both values", () => {
    const training = { ...base.training, batchSize: 77, clip: Number.POSITIVE_INFINITY };
    expect(problemOf(changed({ training }))).toEqual(
      named(`--batch-size ${base.training.batchSize}, --clip ${base.training.clip}`, "--batch-size 77, --clip none"),
    );
    expect(problemOf(changed({ seed: 5, standardize: !base.standardize }))).toEqual(
      named(`--standardize ${base.standardize}`, `--standardize ${!base.standardize}`),
    );
  });

  it.each<[keyof RecipeOptions, RecipeOptions, string]>([
    ["steps", { steps: [{ kind: "diffuse", duration: 0.5 }, { kind: "free" }] }, "--steps 0.5,free"],
    ["schedule", { schedule: "cosine" }, "--steps "],
    ["hidden", { hidden: [[7, 7, 7]] }, "--hidden 7x3"],
    ["activation", { activation: [{ kind: "softplus", beta: 20 }] }, "--activation softplus(20)"],
    ["timeInput", { timeInput: "every" }, "--time-input every"],
    ["init", { init: "orthogonal" }, "--init orthogonal"],
    ["frequencies", { frequencies: 9 }, "--frequencies 9"],
    ["dropout", { dropout: 0.3 }, "--dropout 0.3"],
    ["interpolant", { interpolant: "trigonometric" }, "--interpolant trigonometric"],
    ["coupling", { coupling: "shuffled" }, "--coupling shuffled"],
    ["timeDistribution", { timeDistribution: { kind: "beta", alpha: 1, beta: 2 } }, "--time-distribution beta(1,2)"],
    ["learningRate", { learningRate: [0.5] }, "--learning-rate 0.5"],
    ["decay", { decay: { kind: "step", factor: 0.9, every: 10 } }, "--decay 0.9/10"],
    ["decay", { decay: { kind: "step", factor: 1, every: 1 } }, "--decay none"],
    ["warmUp", { warmUp: 11 }, "--warm-up 11"],
    ["weightDecay", { weightDecay: 0.25 }, "--weight-decay 0.25"],
    ["movingAverage", { movingAverage: 0.125 }, "--moving-average 0.125"],
    ["warmStart", { warmStart: !base.training.warmStart }, `--warm-start ${!base.training.warmStart}`],
    ["earlyStopping", { earlyStopping: 3 }, "--early-stopping 3"],
    ["parallelBlocks", { parallelBlocks: true }, "--parallel-blocks true"],
    ["shareWeights", { shareWeights: true }, "--share-weights true"],
    ["evaluations", { evaluations: 4 }, "--method euler --evaluations 4"],
    ["method", { method: "heun", evaluations: 4 }, "--method heun --evaluations 4"],
    ["tolerance", { tolerance: 0.5 }, "--method dopri5 --tolerance 0.5"],
    ["rtol", { rtol: 0.5, atol: 0.25 }, "--method dopri5 --rtol 0.5 --atol 0.25"],
  ])("names the option %s as it is typed", (_, options, wanted) => {
    const other = configurationFrom(options, base, base.seed);
    expect(problemOf(changed(other)).received).toContain(wanted);
  });

  it("says of a fit that ends by its time that its time decides", () => {
    const other = startingPoint({ time: 60 }, base);
    expect(problemOf(changed(other)).received).toBe("--iterations (as many as --time allows)");
  });

  it("names once what all blocks have in common, and as many values as there are blocks where they differ", () => {
    expect(problemOf(changed({ blocks: blocksWith({ iterations: 7 }) }))).toEqual(
      named(`--iterations ${iterations}`, "--iterations 7"),
    );
    const one = base.blocks.map((block, n) => (n === 1 ? { ...block, iterations: 7 } : block));
    const each = base.blocks.map((_, n) => (n === 1 ? 7 : iterations)).join(";");
    expect(problemOf(changed({ blocks: one }))).toEqual(named(`--iterations ${iterations}`, `--iterations ${each}`));
    const { received = "" } = problemOf(changed({ blocks: base.blocks.slice(1) }));
    expect(received).toMatch(/^--steps .*free$/);
    expect(received.split(",")).toHaveLength(base.blocks.length - 1);
  });

  it("names options that only one of the two has", () => {
    const blocks = base.blocks.map((block) => ({ ...block, network: { ...block.network, dropout: 0.1 } }));
    expect(network).not.toHaveProperty("dropout");
    expect(problemOf(changed({ blocks }))).toEqual(named("--dropout none", "--dropout 0.1"));
  });

  it("names three at most", () => {
    const training = { ...base.training, batchSize: 1, warmUp: 2, weightDecay: 0.3, clip: 4, movingAverage: 0.5 };
    const { received = "" } = problemOf(changed({ training }));
    expect(received.split(", ")).toHaveLength(4);
    expect(received).toMatch(/, …$/);
  });

  it("shows long lists where they begin to differ", () => {
    const columns = Array.from({ length: 40 }, (_, n) => `column${n}`);
    const other = [...columns.slice(0, -1), "another"];
    const left = encodeCheckpoint({ blocks: [], records: [] }, { ...origin, columns });
    const read = () => decodeCheckpoint(left, changed({}, { columns: other }), 2, "c");
    expect(read).toThrow(/\(--columns ….*,column39\), got --columns ….*,another; /);
  });

  it("is told from that of other data, which cannot be named", () => {
    expect(problemOf(changed({}, { fingerprint: "settings others" }))).toEqual(named("", "other data to train on"));
    const both = changed({ blocks: blocksWith({ iterations: 7 }) }, { fingerprint: "other others" });
    expect(problemOf(both)).toEqual(named(`--iterations ${iterations}`, "--iterations 7 and other data to train on"));
  });
});

describe("the checkpoint of a fit that was judged by held-out rows", () => {
  const left = encodeCheckpoint({ blocks: [], records: [] }, { ...origin, heldOut: "rows" });

  it("is read by a fit that is judged by the same, and those of earlier releases by any", () => {
    expect(decodeCheckpoint(left, { ...origin, heldOut: "rows" }, 2)).toEqual({ blocks: [], records: [] });
    expect(decodeCheckpoint(saved, { ...origin, heldOut: "rows" }, 2)).toEqual({ blocks: [], records: [] });
  });

  it("is refused by one that is judged by others, beside options that differ", () => {
    expect(problemOf({ ...origin, heldOut: "others" }, left)).toEqual(named("", "other held-out rows"));
    expect(problemOf({ ...origin, heldOut: "none" }, left)).toEqual(named("", "other held-out rows"));
    const both = changed({ standardize: false }, { heldOut: "others" });
    expect(problemOf(both, left).received).toMatch(/^--standardize false and other held-out rows$/);
    expect(problemOf({ ...origin, fingerprint: "settings others", heldOut: "others" }, left).received).toBe(
      "other data to train on",
    );
  });
});

describe("the checkpoint of a fit that said more than its configuration", () => {
  const said = { "--constraint": '"low <= high"', "--text": "sample" };
  const left = encodeCheckpoint({ blocks: [], records: [] }, { ...origin, said });

  it("is read by a fit that says the same, and those of earlier releases by any", () => {
    expect(decodeCheckpoint(left, { ...origin, said: { ...said } }, 2)).toEqual({ blocks: [], records: [] });
    expect(decodeCheckpoint(saved, { ...origin, said }, 2)).toEqual({ blocks: [], records: [] });
  });

  it("names what was removed, changed or added, though all else is the same", () => {
    const { "--constraint": _, ...fewer } = said;
    expect(problemOf({ ...origin, said: fewer }, left)).toEqual(
      named('--constraint "low <= high"', "--constraint none"),
    );
    expect(problemOf({ ...origin, said: { ...said, "--text": "regenerate" } }, left)).toEqual(
      named("--text sample", "--text regenerate"),
    );
    expect(problemOf({ ...origin, said: { ...said, "--ordinal": '"a=b<c"' } }, left)).toEqual(
      named("--ordinal none", '--ordinal "a=b<c"'),
    );
  });

  it("tells other data only where they do not follow from what is said", () => {
    const other = { ...origin, fingerprint: "settings others" };
    expect(problemOf({ ...other, said: {} }, left).received).toBe("--constraint none, --text none");
    expect(problemOf({ ...other, said }, left).received).toBe("other data to train on");
    const method = { ...said, "--method": "dopri5 --tolerance auto" };
    expect(problemOf({ ...other, said: method }, left).received).toBe(
      "--method dopri5 --tolerance auto and other data to train on",
    );
  });
});

describe("the checkpoint of another fit of a table", () => {
  const columns = ["size value", "size gap", "colour value", "code digit 1", "code digit 2"];
  const groups = [
    { start: 0, end: 2 },
    { start: 2, end: 3 },
    { start: 3, end: 5 },
  ];
  const tableWith = (
    { masks = {}, edges = [-0.5, 0.5] }: { masks?: Partial<MaskLaw>; edges?: readonly number[] },
    others: Partial<FitOrigin> = {},
  ): FitOrigin => {
    const levels = [{ at: 2, edges: [...edges] }];
    const configuration = maskedConfiguration(base, columns.length, {
      groups,
      unconditional: 0.5,
      dropped: 0.2,
      ...masks,
    });
    const blocks = configuration.blocks.map((block) => ({ ...block, network: { ...block.network, levels } }));
    return { configuration: { ...configuration, blocks }, columns, fingerprint: "settings data", ...others };
  };
  const left = encodeCheckpoint({ blocks: [], records: [] }, tableWith({}));
  const receivedOf = (other: FitOrigin) => {
    const problem = problemOf({ ...other, fingerprint: "other data" }, left);
    return [problem.expected, problem.received];
  };

  it("names the label, whatever part of its column comes first", () => {
    const labelled = (start: number, end: number) =>
      tableWith({ masks: { unconditional: 0.3, dropped: 0.1, alone: { start, end, share: 0.5 } } });
    expect(receivedOf(labelled(2, 3))).toEqual(["(--label none)", "--label colour"]);
    expect(receivedOf(labelled(3, 5))).toEqual(["(--label none)", "--label code"]);
  });

  it("says of its columns that they differ, and prints no lists of numbers", () => {
    const others = "columns that are others or are taken for something else";
    expect(receivedOf(tableWith({ edges: [-0.7, 0, 0.7] }))).toEqual(["", others]);
    expect(receivedOf(tableWith({}, { columns: columns.with(2, "color value") }))).toEqual(["", others]);
    expect(receivedOf(tableWith({ masks: { groups: [{ start: 0, end: 3 }, ...groups.slice(2)] } }))).toEqual([
      "",
      others,
    ]);
  });

  it("says of levels that are more or less frequent alone that the data are others", () => {
    const others = tableWith({ edges: [-0.4, 0.6] }, { fingerprint: "other others" });
    expect(problemOf(others, left).received).toBe("other data to train on");
  });

  it("has other options where none of this differs", () => {
    expect(receivedOf(tableWith({ masks: { dropped: 0.1 } }))).toEqual(["", "other options"]);
  });
});

describe("a checkpoint of an earlier release, which has no configuration", () => {
  const { tensors, metadata } = decodeSafetensors(saved, "c");
  const { origin: _, ...record } = JSON.parse(metadata["localflow"] ?? "{}");
  const older = encodeSafetensors(tensors, { localflow: JSON.stringify(record) });
  const others = { ...origin, configuration: { ...base, standardize: !base.standardize } };

  it("is read by its fit, and refused by another with as much as it shows", () => {
    expect(record).toHaveProperty("fingerprint");
    expect(decodeCheckpoint(older, origin, 2)).toEqual({ blocks: [], records: [] });
    const readFor = (fingerprint: string) => () => decodeCheckpoint(older, { ...others, fingerprint }, 2);
    expect(readFor("other data")).toThrow(/that the checkpoint was made with, got other options; repeat/);
    expect(readFor("other others")).toThrow(/got other options and other data to train on; repeat/);
  });
});
