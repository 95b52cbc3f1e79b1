// fuzz: whatever is in a model file or a checkpoint, reading gives a value that keeps its promises or a LocalFlowError.

import fc from "fast-check";
import { expect, test } from "vitest";
import { decodeSafetensors, encodeSafetensors } from "../../src/data/safetensors.ts";
import { decodeCheckpoint, encodeCheckpoint } from "../../src/tasks/checkpoint.ts";
import { type DensityModel, decodeDensityModel, encodeDensityModel } from "../../src/tasks/density-model.ts";
import { identityStandardization } from "../../src/tasks/standardization.ts";
import { floats } from "../../src/tensor/array.ts";
import { layersOf } from "../support/blocks.ts";
import { attempt, damaged } from "../support/damage.ts";
import { plainTraining } from "../support/plain-training.ts";

const runs = { numRuns: 2000, seed: 20241002 };

const network = {
  hidden: [3],
  activation: { kind: "softplus", beta: 20 },
  timeInput: "first",
  initialization: "default",
} as const;
const steps = [{ kind: "diffuse", duration: 0.3 }, { kind: "free" }] as const;

const curve = { iterations: [3, 5], losses: [1.5, 1], heldOut: [2, Number.NaN] };

/** Two blocks on two columns, with weights that are small numbers. */
const smallModel: DensityModel = {
  record: {
    version: 1,
    task: "density",
    columns: ["a", "b"],
    configuration: {
      seed: 1,
      standardize: true,
      blocks: steps.map((step) => ({ step, network, iterations: 5, learningRate: 1e-3 })),
      training: { ...plainTraining, batchSize: 20, decay: { kind: "cosine" }, warmStart: true },
      integration: { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 },
    },
    training: {
      rows: 9,
      blocks: steps.map(() => ({ iterations: 5, loss: 1, curve, poolToNormal: 0.5, blockDistance: 0.5 })),
    },
  },
  standardization: identityStandardization(2),
  chain: {
    dimension: 2,
    blocks: steps.map((step) => ({ step, network, parameters: { layers: [layer(3, 3), layer(3, 2)] } })),
  },
};

function layer(inputs: number, outputs: number) {
  const numbers = (count: number) => Float32Array.from({ length: count }, (_, i) => Math.sin(i + 1));
  return { weight: floats(numbers(inputs * outputs), [inputs, outputs]), bias: floats(numbers(outputs), [outputs]) };
}

/** A file whose bytes are damaged anywhere, or whose record has another value or no value at some place. */
function damagedRecord(good: Uint8Array, tensors: Parameters<typeof encodeSafetensors>[0], record: string) {
  const places = [...record.matchAll(/(?<=[:,[])("[^"]*"(?!:)|-?[\d.e-]+|true|false|null)/g)];
  const odd = [
    "null",
    "-1",
    "0",
    "2",
    "0.5",
    "1e999",
    "9007199254740993",
    "true",
    '""',
    '"a"',
    "[]",
    "{}",
    "[[]]",
    '"__proto__"',
  ];
  const changed = fc
    .record({ place: fc.nat(places.length - 1), value: fc.oneof(fc.constantFrom(...odd), fc.json({ maxDepth: 2 })) })
    .map(({ place, value }) => {
      const { index, 0: old } = places[place]!;
      const text = record.slice(0, index) + value + record.slice(index + old.length);
      return encodeSafetensors(tensors, { localflow: text });
    });
  return fc.oneof(changed, damaged(good));
}

test("model files", () => {
  const good = encodeDensityModel(smallModel);
  const { metadata, tensors } = decodeSafetensors(good, "m");
  let models = 0;
  fc.assert(
    fc.property(damagedRecord(good, tensors, metadata["localflow"] ?? ""), (bytes) => {
      const model = attempt(() => decodeDensityModel(bytes, "m"));
      if (model === "refused") return;
      models++;
      expect(model.chain.blocks).toHaveLength(model.record.configuration.blocks.length);
      for (const block of model.chain.blocks)
        for (const { weight, bias } of layersOf(block)) {
          expect(weight.shape[1]).toBe(bias.shape[0]);
          expect([...weight.data, ...bias.data].every(Number.isFinite)).toBe(true);
        }
    }),
    runs,
  );
  expect(models).toBeGreaterThan(20);
});

test("checkpoints", () => {
  const { chain, record } = smallModel;
  const [first] = chain.blocks;
  const parameters = layersOf(chain.blocks[1]).flatMap(({ weight, bias }) => [weight, bias]);
  const state = { parameters, first: parameters, second: parameters, average: [] };
  const patience = { best: 1, checksSince: 0, parameters: [] };
  const [done] = record.training.blocks.map((block) => ({ ...block, seconds: 1, pushSeconds: 1 }));
  const partial = {
    blocks: first ? [first] : [],
    records: done ? [done] : [],
    snapshot: { iteration: 200, caution: 1, loss: 0.5, curve, state, patience },
  };
  const origin = { configuration: record.configuration, columns: record.columns, fingerprint: "settings data" };
  const good = encodeCheckpoint(partial, origin);
  const { metadata, tensors } = decodeSafetensors(good, "c");
  let checkpoints = 0;
  fc.assert(
    fc.property(damagedRecord(good, tensors, metadata["localflow"] ?? ""), (bytes) => {
      const read = attempt(() => decodeCheckpoint(bytes, origin, 2, "c"));
      if (read === "refused") return;
      checkpoints++;
      expect(read.blocks).toHaveLength(read.records.length + (read.unpushed ? 1 : 0));
      if (read.snapshot) expect(read.snapshot.state.parameters).toHaveLength(parameters.length);
    }),
    runs,
  );
  expect(checkpoints).toBeGreaterThan(20);
});
