// checkpoint: what the error says of a checkpoint that another fit left behind.
import { describe, expect, it } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import type { LocalFlowError } from "../../src/errors.ts";
import { decodeCheckpoint, encodeCheckpoint, type FitOrigin } from "../../src/tasks/checkpoint.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import type { Configuration } from "../../src/train/configuration.ts";

const base = defaultConfiguration({ rows: 1000, columns: 2 });
const origin: FitOrigin = { configuration: base, columns: ["a", "b"], fingerprint: "settings data" };
const saved = encodeCheckpoint({ blocks: [], records: [] }, origin);

/** The same fit with some of it changed. */
function changed(configuration: Partial<Configuration>, others: Partial<FitOrigin> = {}): FitOrigin {
  const fingerprint = "other data";
  return { ...origin, configuration: { ...base, ...configuration }, fingerprint, ...others };
}

function problemOf(other: FitOrigin) {
  try {
    decodeCheckpoint(saved, other, 2, "m.checkpoint");
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

  it("is refused with its file, the fields that differ and both values", () => {
    const training = { ...base.training, batchSize: 77, clip: Number.POSITIVE_INFINITY };
    expect(problemOf(changed({ training }))).toEqual(
      named(
        `training.batchSize ${base.training.batchSize}, training.clip ${base.training.clip}`,
        "training.batchSize 77, training.clip Infinity",
      ),
    );
    expect(problemOf(changed({ seed: 5, standardize: !base.standardize }))).toEqual(
      named(`standardize ${base.standardize}`, `standardize ${!base.standardize}`),
    );
  });

  it("names once what all blocks have in common, and the block of what one of them has", () => {
    expect(problemOf(changed({ blocks: blocksWith({ iterations: 7 }) }))).toEqual(
      named(`iterations ${iterations}`, "iterations 7"),
    );
    const one = base.blocks.map((block, n) => (n === 1 ? { ...block, iterations: 7 } : block));
    expect(problemOf(changed({ blocks: one }))).toEqual(
      named(`iterations of block 2 ${iterations}`, "iterations of block 2 7"),
    );
    expect(problemOf(changed({ blocks: base.blocks.slice(1) }))).toEqual(
      named(`blocks ${base.blocks.length}`, `blocks ${base.blocks.length - 1}`),
    );
  });

  it("names fields that only one of the two has, and those that follow from data last", () => {
    const blocks = base.blocks.map((block) => ({ ...block, network: { ...block.network, context: 6, dropout: 0.1 } }));
    expect(network).not.toHaveProperty("dropout");
    expect(problemOf(changed({ blocks }))).toEqual(
      named("network.dropout none, network.context none", "network.dropout 0.1, network.context 6"),
    );
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
    expect(read).toThrow(/\(columns ….*"column39"\]\), got columns ….*"another"\]; /);
  });

  it("is told from that of other data, which cannot be named", () => {
    expect(problemOf(changed({}, { fingerprint: "settings others" }))).toEqual(named("", "other data"));
    const both = changed({ blocks: blocksWith({ iterations: 7 }) }, { fingerprint: "other others" });
    expect(problemOf(both)).toEqual(named(`iterations ${iterations}`, "iterations 7 and other data"));
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
    expect(readFor("other others")).toThrow(/got other options and other data; repeat/);
  });
});
