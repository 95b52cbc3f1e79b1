// import: a density model from the weights of velocity networks that PyTorch trained, read from a safetensors file.
import { decodeSafetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { type Block, perceptronOf } from "../flow/chain.ts";
import type { Step } from "../flow/steps.ts";
import type { Activation } from "../nn/activation.ts";
import type { LinearArrays } from "../nn/linear.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import type { Integration } from "../ode/integration.ts";
import { type FloatArray, floats, type NDArray } from "../tensor/array.ts";
import type { Configuration } from "../train/configuration.ts";
import { defaultConfiguration } from "./defaults.ts";
import type { DensityModel } from "./density-model.ts";
import { modelVersion } from "./model-file.ts";
import type { Preset } from "./presets/preset.ts";
import { identityStandardization } from "./standardization.ts";

/** What a checkpoint does not say. A preset has the schedule, the activation and the integration; the rest overrides it. */
export interface ImportRequest {
  readonly preset?: Preset;
  readonly steps?: readonly Step[];
  /** One for all blocks, or one for each. */
  readonly activation?: readonly Activation[];
  readonly integration?: Integration;
  /** Default: c1, c2, … */
  readonly columns?: readonly string[];
}

/**
 * Reads a checkpoint whose tensors are called `blocks.N.….K.weight` [out, in] and `blocks.N.….K.bias` [out]: block N from 0 on the
 * data side, layer K in ascending order, the time in column 0 of the first layer's input or of every layer's. Without blocks in
 * the names it is one block. Widths and the place of the time follow from the shapes. Throws "model" for tensors that are
 * no such networks, "option" for a request that does not fit them. `where` names the file in errors.
 */
export function importCheckpoint(bytes: Uint8Array, request: ImportRequest, where = "checkpoint"): DensityModel {
  const layers = layersOf(decodeSafetensors(bytes, where).tensors, where);
  const dimension = layers[0]?.at(-1)?.bias.data.length ?? 0;
  const columns = request.columns ?? Array.from({ length: dimension }, (_, k) => `c${k + 1}`);
  if (columns.length !== dimension)
    throw failure("option", {
      where: "columns",
      expected: `${dimension} names, as many as ${where} has columns`,
      received: String(columns.length),
    });
  const steps = request.steps ?? request.preset?.configuration.blocks.map(({ step }) => step);
  if (steps === undefined) throw missing("steps", "the schedule of the blocks, such as 0.15,0.2,free");
  if (steps.length !== layers.length)
    throw failure("option", {
      where: "steps",
      expected: `${layers.length} blocks, as many as ${where} has`,
      received: String(steps.length),
    });
  const blocks = layers.map((own, n): Block => {
    const network = networkOf(own, dimension, activationOf(request, n, layers.length), `${where} block ${n}`);
    return { step: steps[n] ?? { kind: "free" }, network, parameters: { layers: own } };
  });
  checkPreset(request.preset, blocks);
  const configuration = configurationOf(request, blocks);
  const training = { rows: 0, blocks: [] };
  return {
    record: { version: modelVersion, task: "density", columns, configuration, training },
    standardization: identityStandardization(dimension),
    chain: { dimension, blocks },
  };
}

function missing(where: string, expected: string) {
  return failure("option", { where, expected, received: "none", remedy: "give it, or a preset that has it" });
}

function activationOf({ activation, preset }: ImportRequest, n: number, blocks: number): Activation {
  if (activation !== undefined && activation.length !== 1 && activation.length !== blocks)
    throw failure("option", {
      where: "activation",
      expected: `1 value or ${blocks}, one per block`,
      received: String(activation.length),
    });
  const found = activation?.[activation.length === 1 ? 0 : n] ?? preset?.configuration.blocks[n]?.network.activation;
  if (found) return found;
  throw missing("activation", "the nonlinearity between the layers, such as elu");
}

/** What is not known of the training stands as the defaults; blocks without a preset count no iterations. */
function configurationOf({ preset, integration }: ImportRequest, blocks: readonly Block[]): Configuration {
  const base = preset?.configuration ?? defaultConfiguration({ rows: 1, columns: 1 });
  return {
    ...base,
    standardize: false,
    blocks: blocks.map((block, n) => {
      const { iterations = 0, learningRate = 1e-3 } = preset?.configuration.blocks[n] ?? {};
      return { step: block.step, network: perceptronOf(block).network, iterations, learningRate };
    }),
    integration: integration ?? base.integration,
  };
}

/** The checkpoint's networks are the preset's: else another preset was meant. */
function checkPreset(preset: Preset | undefined, blocks: readonly Block[]): void {
  preset?.configuration.blocks.forEach(({ network }, n) => {
    const block = blocks[n];
    const own = block && perceptronOf(block).network;
    const spoken = (given?: NetworkConfiguration) =>
      `${given?.hidden.join(",")}, time in the ${given?.timeInput} layer`;
    if (spoken(own) !== spoken(network))
      throw failure("option", {
        where: `preset ${preset.name}`,
        expected: `a checkpoint with hidden layers ${spoken(network)}`,
        received: spoken(own),
        remedy: "give the schedule and the activation instead (--steps, --activation)",
      });
  });
}

/** Of every block, its layers in order, weights as [in, out]. */
function layersOf(tensors: Readonly<Record<string, NDArray>>, where: string): readonly (readonly LinearArrays[])[] {
  const blocks = new Map<number, Map<number, Map<string, NDArray>>>();
  for (const [name, tensor] of Object.entries(tensors)) {
    const [, block = "0", layer = "", kind = ""] =
      /^(?:blocks\.(\d+)\.)?(?:.*\.)?(\d+)\.(weight|bias)$/.exec(name) ?? [];
    if (kind === "") throw notNetworks(`${where} tensor "${name.slice(0, 60)}"`, "a name as blocks.0.net.0.weight");
    const layers = blocks.get(Number(block)) ?? new Map<number, Map<string, NDArray>>();
    const parts = layers.get(Number(layer)) ?? new Map<string, NDArray>();
    if (parts.has(kind)) throw notNetworks(`${where} block ${block}, layer ${layer}`, `one ${kind}`, "two");
    blocks.set(Number(block), layers.set(Number(layer), parts.set(kind, tensor)));
  }
  const numbers = ascending(blocks);
  if (numbers.length === 0 || numbers.some((number, n) => number !== n))
    throw notNetworks(where, "blocks numbered 0, 1, 2, …", numbers.length === 0 ? "no tensors" : numbers.join(", "));
  return numbers.map((n) => {
    const layers = blocks.get(n) ?? new Map<number, Map<string, NDArray>>();
    return ascending(layers).map((k) => linearOf(layers.get(k), `${where} block ${n}, layer ${k}`));
  });
}

function ascending(map: ReadonlyMap<number, unknown>): readonly number[] {
  return [...map.keys()].sort((a, b) => a - b);
}

/** PyTorch's [out, in] as [in, out]. */
function linearOf(parts: ReadonlyMap<string, NDArray> | undefined, place: string): LinearArrays {
  const weight = numbersOf(parts?.get("weight"), 2, `${place} weight`);
  const bias = numbersOf(parts?.get("bias"), 1, `${place} bias`);
  const [outputs = 0, inputs = 0] = weight.shape;
  if (bias.shape[0] !== outputs) throw notNetworks(place, `a bias of ${outputs} values`, String(bias.shape[0]));
  const turned = floats(new Float32Array(inputs * outputs), [inputs, outputs]);
  weight.data.forEach((value, at) => {
    turned.data[(at % inputs) * outputs + Math.floor(at / inputs)] = value;
  });
  return { weight: turned, bias };
}

function numbersOf(tensor: NDArray | undefined, axes: number, place: string): FloatArray {
  const received = tensor ? `${tensor.type} [${tensor.shape.join(", ")}]` : "none";
  const isFloat = tensor?.type === "float32" || tensor?.type === "float64";
  if (tensor === undefined || !isFloat || tensor.shape.length !== axes || tensor.data.length === 0)
    throw notNetworks(place, `floats with ${axes === 1 ? "one axis" : "two axes"}`, received);
  const data = Float32Array.from(tensor.data, Number);
  const bad = data.find((value) => !Number.isFinite(value));
  if (bad !== undefined) throw notNetworks(place, "finite numbers", String(bad));
  return floats(data, tensor.shape);
}

/** The network whose layers have these shapes. */
function networkOf(
  layers: readonly LinearArrays[],
  dimension: number,
  activation: Activation,
  place: string,
): NetworkConfiguration {
  const widths = [dimension, ...layers.map(({ bias }) => bias.data.length)];
  const extra = layers.map(({ weight }, k) => (weight.shape[0] ?? 0) - (widths[k] ?? 0));
  const every = extra.length > 1 && extra.every((columns) => columns === 1);
  const isMlp = every || extra.every((columns, k) => columns === (k === 0 ? 1 : 0));
  if (!isMlp || widths.at(-1) !== dimension)
    throw notNetworks(
      place,
      `layers from ${dimension} columns and the time to ${dimension}, each as wide as the one before it, or one wider for the time`,
      layers.map(({ weight }) => `[${[...weight.shape].reverse().join(", ")}]`).join(" "),
    );
  const hidden = widths.slice(1, -1);
  return { hidden, activation, timeInput: every ? "every" : "first", initialization: "default" };
}

function notNetworks(where: string, expected: string, received?: string) {
  const remedy = "docs/export.md shows the script that writes such a file";
  return failure("model", { where, expected, ...(received !== undefined && { received }), remedy });
}
