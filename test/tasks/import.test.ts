// import: PyTorch's weights give the log-densities that PyTorch computed; what is no velocity network is refused.

import { readFileSync } from "node:fs";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encodeSafetensors } from "../../src/data/safetensors.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import type { Activation } from "../../src/nn/activation.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { scoreDensity } from "../../src/tasks/density.ts";
import { decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import { importCheckpoint } from "../../src/tasks/import.ts";
import { presetNamed } from "../../src/tasks/presets/named.ts";
import { floats, type NDArray, zeros } from "../../src/tensor/array.ts";
import { layersOf } from "../support/blocks.ts";

interface Numbers {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}
interface Checkpoint {
  readonly activation: string;
  readonly timeInput: string;
  readonly blocks: readonly Readonly<Record<string, Numbers>>[];
  readonly points: Numbers;
  readonly logDensity: Numbers;
}
const reference = new URL("../reference/checkpoint.json", import.meta.url);
const { checkpoints } = JSON.parse(readFileSync(reference, "utf8")) as { readonly checkpoints: readonly Checkpoint[] };
const activations: Readonly<Record<string, Activation>> = {
  "softplus(20)": { kind: "softplus", beta: 20 },
  elu: { kind: "elu" },
};

/** The checkpoint as the script of docs/export.md names its tensors. */
function tensorsOf({ blocks }: Checkpoint): Record<string, NDArray> {
  const named = blocks.flatMap((state, n) =>
    Object.entries(state).map(([name, { data, shape }]) => [`blocks.${n}.${name}`, floats(data, shape)] as const),
  );
  return Object.fromEntries(named);
}

const steps = explicitSteps([0.1, 0.2]);
const elu = [{ kind: "elu" }] as const;
const first = checkpoints[0]!;

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

describe("an imported checkpoint", () => {
  it.each(checkpoints)("has PyTorch's log-densities: $activation, time in the $timeInput layer", async (checkpoint) => {
    const activation = [activations[checkpoint.activation] ?? { kind: "tanh" as const }];
    const integration = { kind: "fixed", method: "rk4", evaluations: 400 } as const;
    const imported = importCheckpoint(encodeSafetensors(tensorsOf(checkpoint)), { steps, activation, integration });
    const model = decodeDensityModel(encodeDensityModel(imported));
    expect(model.record.configuration.blocks.map(({ network }) => network.timeInput)).toEqual(
      checkpoint.blocks.map(() => checkpoint.timeInput),
    );
    expect(model.record.configuration.blocks[0]?.network.hidden).toEqual([8, 6]);
    const points = floats(checkpoint.points.data, checkpoint.points.shape);
    for await (const { logDensity } of scoreDensity(engine, model, points))
      expect([...logDensity].map((value, row) => Math.abs(value - (checkpoint.logDensity.data[row] ?? NaN)))).toEqual(
        [...logDensity].map(() => expect.closeTo(0, 4)),
      );
  });

  it("may count its layers as nn.Sequential does, in any order, and be one block without a number", () => {
    const renamed = Object.entries(tensorsOf(first)).flatMap(([name, tensor]) => {
      const [, block, layer, kind] = /^blocks\.(\d)\.net\.(\d)\.(\w+)$/.exec(name) ?? [];
      return block === "0" ? [[`velocity.${2 * Number(layer)}.${kind}`, tensor] as const] : [];
    });
    const model = importCheckpoint(encodeSafetensors(Object.fromEntries(renamed.reverse())), {
      steps: explicitSteps([]),
      activation: elu,
      columns: ["a", "b", "c"],
    });
    expect(model.record.columns).toEqual(["a", "b", "c"]);
    const plain = importCheckpoint(encodeSafetensors(tensorsOf(first)), { steps, activation: elu });
    expect(model.chain.blocks[0]?.parameters).toEqual(plain.chain.blocks[0]?.parameters);
  });

  it("takes a preset's schedule and integration where the networks are the preset's", () => {
    const tree = presetNamed("tree-2026");
    const widths = [2, 256, 256, 256, 2];
    const layers = [0, 1, 2, 3].flatMap((k) => [
      [`net.${k}.weight`, zeros([widths[k + 1] ?? 0, (widths[k] ?? 0) + (k === 0 ? 1 : 0)])] as const,
      [`net.${k}.bias`, zeros([widths[k + 1] ?? 0])] as const,
    ]);
    const tensors = Object.fromEntries(
      tree.configuration.blocks.flatMap((_, n) => layers.map(([name, value]) => [`blocks.${n}.${name}`, value])),
    );
    const { record } = importCheckpoint(encodeSafetensors(tensors), { preset: tree });
    expect(record.configuration).toEqual({ ...tree.configuration, standardize: false });
    const [wide] = [presetNamed("power-2025")];
    expect(() => importCheckpoint(encodeSafetensors(tensors), { preset: wide })).toThrow(/steps: expected 6 blocks/);
    const other = { preset: wide, steps: explicitSteps([0.025, 0.031, 0.039, 0.049, 0.061]), activation: elu };
    expect(() => importCheckpoint(encodeSafetensors(tensors), other)).toThrow(
      /preset power-2025: expected .*256,256,256,256, .*, got 256,256,256,/,
    );
  });

  it("keeps the published weights as they are, transposed", () => {
    const { chain } = importCheckpoint(encodeSafetensors(tensorsOf(first)), { steps, activation: elu });
    const weight = layersOf(chain.blocks[1])[0]?.weight;
    const theirs = first.blocks[1]?.["net.0.weight"];
    expect(weight?.shape).toEqual([4, 8]);
    for (let i = 0; i < 4; i++)
      for (let o = 0; o < 8; o++)
        expect(weight?.data[i * 8 + o]).toBe(Math.fround(theirs?.data[o * 4 + i] ?? Number.NaN));
  });
});

describe("a checkpoint", () => {
  const whole: NDArray = { type: "int32", shape: [8], data: new Int32Array(8) };
  it.each<readonly [string, string, NDArray, RegExp]>([
    ["a foreign name", "optimizer.step", zeros([1]), /tensor "optimizer.step": expected a name as/],
    ["a layer without bias", "blocks.1.net.3.weight", zeros([3, 3]), /block 1, layer 3 bias: expected .*, got none/],
    ["two of a kind", "blocks.0.ema.0.bias", zeros([8]), /block 0, layer 0: expected one bias, got two/],
    ["a gap in the blocks", "blocks.4.net.0.bias", zeros([8]), /numbered 0, 1, 2, …, got 0, 1, 2, 4/],
    ["a wrong bias", "blocks.0.net.0.bias", zeros([5]), /layer 0: expected a bias of 8 values, got 5/],
    ["layers that do not fit", "blocks.0.net.1.weight", zeros([6, 7]), /block 0: expected layers from 3 columns/],
    ["a NaN", "blocks.0.net.0.bias", floats(new Float32Array(8).fill(Number.NaN)), /finite numbers, got NaN/],
    ["whole numbers", "blocks.0.net.0.bias", whole, /got int32/],
  ])("with %s is refused", (_, name, tensor, message) => {
    const bytes = encodeSafetensors({ ...tensorsOf(first), [name]: tensor });
    expect(() => importCheckpoint(bytes, { steps, activation: elu }, "c.safetensors")).toThrow(message);
  });

  it("needs a schedule, an activation and names that fit it", () => {
    const bytes = encodeSafetensors(tensorsOf(first));
    expect(() => importCheckpoint(bytes, { activation: elu })).toThrow(/steps: expected the schedule/);
    expect(() => importCheckpoint(bytes, { steps })).toThrow(/activation: expected the nonlinearity/);
    expect(() => importCheckpoint(bytes, { steps: explicitSteps([0.1]), activation: elu })).toThrow(/3 blocks.*got 2/);
    expect(() => importCheckpoint(bytes, { steps, activation: [elu[0], elu[0]] })).toThrow(/1 value or 3/);
    expect(() => importCheckpoint(bytes, { steps, activation: elu, columns: ["a"] })).toThrow(/columns: expected 3/);
    expect(() => importCheckpoint(encodeSafetensors({}), { steps, activation: elu })).toThrow(/no tensors/);
  });
});
