// model-file: what the files of all tasks share: the JSON record beside the weights, and the weights of a chain of blocks.
import type * as z from "zod";
import { decodeSafetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { type Block, type Chain, timeWindow, trainedBlocks } from "../flow/chain.ts";
import type { MlpArrays, NetworkConfiguration } from "../nn/mlp.ts";
import { type NetworkArrays, networkShapes, type VelocityNetwork } from "../nn/network.ts";
import { type FloatArray, type NDArray, sameSizes } from "../tensor/array.ts";
import { leaves, mapTree } from "../tensor/tree.ts";
import type { BlockConfiguration, Configuration } from "../train/configuration.ts";
import { faultOf } from "./json-fault.ts";

/** The newest file version this code reads and the one it writes. */
export const modelVersion = 1;

/** JSON in which an endless clip norm survives. */
export function toJson(value: unknown): string {
  return JSON.stringify(value, (_, item: unknown) => (item === Number.POSITIVE_INFINITY ? "Infinity" : item));
}

/** What a model file says that it is, unchecked: `density`, `student`, or nothing that can be read. */
export function taskOf(bytes: Uint8Array, where = "model"): string | undefined {
  const { localflow } = decodeSafetensors(bytes, where).metadata;
  try {
    const value: unknown = JSON.parse(localflow ?? "null");
    return typeof value === "object" && value !== null && "task" in value ? String(value.task) : undefined;
  } catch {
    return undefined;
  }
}

/** Checks a JSON text of a model file against a schema. */
export function parseMetadata<T>(schema: z.ZodType<T>, text: string | undefined, where: string): T {
  if (text === undefined)
    throw failure("model", {
      where,
      expected: "a localflow model",
      received: "a safetensors file without localflow's record",
      remedy: "give a file written by localflow fit",
    });
  let value: unknown;
  try {
    value = JSON.parse(text, (_, item: unknown) => (item === "Infinity" ? Number.POSITIVE_INFINITY : item));
  } catch (cause) {
    throw failure(
      "model",
      { where, expected: "a JSON record", received: String(cause), remedy: "the file is damaged" },
      cause,
    );
  }
  const version = typeof value === "object" && value !== null && "version" in value ? value.version : undefined;
  if (typeof version === "number" && version > modelVersion)
    throw failure("model", {
      where,
      expected: `file version ${modelVersion} at most`,
      received: String(version),
      remedy: "update localflow",
    });
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const { path, ...problem } = faultOf(parsed.error, value);
  throw failure("model", {
    ...problem,
    where: `${where}, ${path.map(String).join(".") || "record"}`,
    remedy: "the file is damaged or was not written by localflow",
  });
}

/** `blocks.0.layers.0.weight` … for every block; for the first one alone where all share its network. */
export function chainTensors({ blocks }: Pick<Chain, "blocks">): Record<string, NDArray> {
  const trained = trainedBlocks({ blocks });
  const own = trained[0]?.timeWindow ? trained.slice(0, 1) : trained;
  const named = own.flatMap(({ parameters }, n) => leaves<FloatArray>(parameters, `blocks.${n}`));
  return Object.fromEntries(named.map((leaf) => [leaf.path, leaf.value]));
}

/** The first `count` blocks, their weights checked against the networks that the configuration promises. */
export function readBlocks(
  tensors: Readonly<Record<string, NDArray>>,
  { blocks, training }: Configuration<VelocityNetwork>,
  count: number,
  d: number,
  where: string,
): readonly Block[] {
  const parametersOf = ({ network }: BlockConfiguration<VelocityNetwork>, n: number): NetworkArrays =>
    readNetwork(tensors, network, `blocks.${n}`, d, where);
  const wanted = blocks.slice(0, count);
  const own = (training.shareWeights ? wanted.slice(0, 1) : wanted).map(parametersOf);
  return wanted.map(
    ({ step, network }, n): Block => ({
      step,
      network,
      parameters: own[training.shareWeights ? 0 : n] ?? { layers: [] },
      ...(training.shareWeights && { timeWindow: timeWindow(n, blocks.length) }),
    }),
  );
}

/** The weights `NAME.layers.0.weight` … of a network between points of `d` values, of the right shapes and finite. */
export function readNetwork(
  tensors: Readonly<Record<string, NDArray>>,
  network: VelocityNetwork,
  name: string,
  d: number,
  where: string,
): NetworkArrays {
  return readTree(tensors, networkShapes(network, d), name, where) as NetworkArrays;
}

/** The same of a multilayer perceptron. */
export function readPerceptron(
  tensors: Readonly<Record<string, NDArray>>,
  network: NetworkConfiguration,
  name: string,
  d: number,
  where: string,
): MlpArrays {
  return readNetwork(tensors, network, name, d, where) as MlpArrays;
}

function readTree(tensors: Readonly<Record<string, NDArray>>, shapes: object, name: string, where: string): object {
  const read = ({ shape }: { readonly shape: readonly number[] }, path: string) =>
    finiteTensor(tensors, path, shape, where);
  return mapTree<{ readonly shape: readonly number[] }, FloatArray, object>(shapes, read, name);
}

/** A float32 tensor of exactly this shape whose numbers are all finite. */
export function finiteTensor(
  tensors: Readonly<Record<string, NDArray>>,
  name: string,
  shape: readonly number[],
  where: string,
): FloatArray {
  const tensor = floatTensor(tensors, name, shape, where);
  const bad = tensor.data.find((value) => !Number.isFinite(value));
  if (bad === undefined) return tensor;
  throw failure("model", {
    where: `${where}, tensor ${name}`,
    expected: "finite numbers",
    received: String(bad),
    remedy: "the file is damaged or was not written by localflow",
  });
}

/** A float32 tensor of exactly this shape. */
export function floatTensor(
  tensors: Readonly<Record<string, NDArray>>,
  name: string,
  shape: readonly number[],
  where: string,
): FloatArray {
  const tensor = Object.hasOwn(tensors, name) ? tensors[name] : undefined;
  if (tensor?.type === "float32" && sameSizes(tensor.shape, shape)) return tensor as FloatArray;
  throw failure("model", {
    where: `${where}, tensor ${name}`,
    expected: `float32 [${shape.join(", ")}]`,
    received: tensor ? `${tensor.type} [${tensor.shape.join(", ")}]` : "none",
    remedy: "the file is damaged or was not written by localflow",
  });
}
