// density-model: the model file of the density task. Weights are named tensors, everything else one JSON text beside them.
import * as z from "zod";
import { decodeSafetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { type Block, type Chain, timeWindow } from "../flow/chain.ts";
import { contextWidth } from "../flow/masked.ts";
import { layerSizes, type MlpArrays, type NetworkConfiguration } from "../nn/mlp.ts";
import { tableaus } from "../ode/tableaus.ts";
import { type FloatArray, type NDArray, sameSizes } from "../tensor/array.ts";
import { leaves } from "../tensor/tree.ts";
import type { BlockRecord } from "../train/chain.ts";
import { areAlike, type BlockConfiguration, type Configuration } from "../train/configuration.ts";
import { mostPoints } from "../train/loss-curve.ts";
import { percentGrid } from "./quantiles.ts";
import { checkSeal, encodeSealed } from "./seal.ts";
import type { Standardization } from "./standardization.ts";

/** The newest file version this code reads and the one it writes. */
export const modelVersion = 1;

/** What a model file says beside its weights. */
export interface ModelRecord {
  readonly version: number;
  readonly task: "density";
  readonly columns: readonly string[];
  readonly configuration: Configuration;
  readonly training: TrainingRecord;
}

/** What is known of a model's training. */
export interface TrainingRecord {
  readonly rows: number;
  readonly blocks: readonly BlockRecord[];
  /** Of the log-density of training rows (nats, user's units), at `percentGrid`; models of earlier releases have none. */
  readonly logDensityQuantiles?: readonly number[];
}

/** A trained density: the record, the scaling of the columns, and the chain of blocks. */
export interface DensityModel {
  readonly record: ModelRecord;
  readonly standardization: Standardization;
  readonly chain: Chain;
}

const finite = z.number();
const positive = z.number().positive();
const count = z.int().nonnegative();
const method = z.enum(["euler", "midpoint", "heun", "rk4", "bosh3", "dopri5", "tsit5"]);
const adaptiveMethod = method.refine((name) => tableaus[name].error !== undefined, "a method that needs fixed steps");

export const networkSchema = z.object({
  hidden: z.array(z.int().min(1).max(65_536)).max(256),
  activation: z.union([
    z.object({ kind: z.enum(["relu", "elu", "silu", "gelu", "tanh"]) }),
    z.object({ kind: z.literal("softplus"), beta: positive }),
  ]),
  timeInput: z.enum(["first", "every"]),
  initialization: z.enum(["default", "orthogonal", "zero-last"]),
  frequencies: z.int().min(0).max(32).exactOptional(),
  context: z.int().min(0).max(300_000).exactOptional(),
});

const blockSchema = z.object({
  step: z.union([z.object({ kind: z.literal("diffuse"), duration: positive }), z.object({ kind: z.literal("free") })]),
  network: networkSchema,
  iterations: count,
  learningRate: positive,
});

const share = z.number().min(0).max(1);
const maskSchema = z.object({
  groups: z.array(z.object({ start: count, end: count })).max(100_000),
  unconditional: share,
  dropped: share,
});

const plainConfigurationSchema = z.object({
  seed: z.int(),
  standardize: z.boolean(),
  blocks: z
    .array(blockSchema)
    .min(1)
    .max(10_000)
    .refine((blocks) => blocks.every(({ step }, n) => (step.kind === "free") === (n === blocks.length - 1)), {
      error: "a free block that is not the last, or none",
    }),
  training: z.object({
    batchSize: z.int().positive(),
    interpolant: z.enum(["linear", "trigonometric"]),
    coupling: z.enum(["dependent", "shuffled", "independent", "optimal-transport"]),
    timeDistribution: z.union([
      z.object({ kind: z.literal("uniform") }),
      z.object({ kind: z.literal("beta"), alpha: positive, beta: positive }),
    ]),
    decay: z.union([
      z.object({ kind: z.literal("step"), factor: positive, every: z.int().positive() }),
      z.object({ kind: z.literal("cosine") }),
    ]),
    warmUp: count,
    weightDecay: z.number().nonnegative(),
    clip: positive.or(z.literal(Number.POSITIVE_INFINITY)),
    movingAverage: z.number().min(0).max(1),
    warmStart: z.boolean(),
    earlyStopping: count,
    parallelBlocks: z.boolean().exactOptional(),
    shareWeights: z.boolean().exactOptional(),
    masks: maskSchema.exactOptional(),
  }),
  integration: z.union([
    z.object({ kind: z.literal("adaptive"), method: adaptiveMethod, rtol: positive, atol: positive }),
    z.object({ kind: z.literal("fixed"), method, evaluations: z.int().positive() }),
  ]),
});

const configurationSchema = plainConfigurationSchema.refine(
  ({ blocks, training }) => !training.shareWeights || areAlike(blocks),
  { path: ["blocks"], error: "blocks that share weights and have different networks" },
);

/** A record of a finished block; numbers that were not finite come back as NaN. */
const measured = finite.or(z.null().transform(() => Number.NaN));
export const curveSchema = z
  .object({
    iterations: z.array(count).max(mostPoints),
    losses: z.array(measured),
    heldOut: z.array(measured).exactOptional(),
  })
  .refine(
    ({ iterations, losses, heldOut = losses }) =>
      losses.length === iterations.length && heldOut.length === iterations.length,
    "a curve whose parts differ in length",
  );
const blockRecordSchema = z.object({
  iterations: count,
  loss: measured,
  curve: curveSchema.exactOptional(),
  poolToNormal: measured,
  blockDistance: measured,
});
export const timedBlockSchema = blockRecordSchema.extend({ seconds: measured, pushSeconds: measured });

/** A model's record as JSON. */
export const recordSchema = z.object({
  version: z.literal(modelVersion),
  task: z.literal("density"),
  columns: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, "a name twice"),
  configuration: configurationSchema,
  training: z.object({
    rows: count,
    blocks: z.array(blockRecordSchema),
    logDensityQuantiles: z
      .array(finite)
      .length(percentGrid.length)
      .refine((values) => values.every((value, n) => n === 0 || value >= (values[n - 1] ?? value)), "not ascending")
      .exactOptional(),
  }),
});

/** Networks that read a context belong to masks, and both to the number of columns. */
function checkMasks({ configuration: { blocks, training }, columns }: ModelRecord, where: string): void {
  const width = training.masks ? contextWidth(columns.length) : 0;
  const bad = blocks.find(({ network }) => (network.context ?? 0) !== width);
  if (bad)
    throw failure("model", {
      where: `${where}, network`,
      expected: `a context of ${width} values`,
      received: String(bad.network.context ?? 0),
      remedy: "the file is damaged or was not written by localflow",
    });
  if (training.masks?.groups.some(({ start, end }) => start >= end || end > columns.length))
    throw failure("model", {
      where: `${where}, masks`,
      expected: `ranges of ${columns.length} columns`,
      received: JSON.stringify(training.masks.groups),
      remedy: "the file is damaged or was not written by localflow",
    });
}

/** The bytes of a model file. */
export function encodeDensityModel({ record, standardization, chain }: DensityModel): Uint8Array {
  return encodeSealed({ ...standardizationTensors(standardization), ...chainTensors(chain) }, toJson(record));
}

/** Reads a model file. Throws a "model" error that says what is wrong; nothing in the file is executed. */
export function decodeDensityModel(bytes: Uint8Array, where = "model"): DensityModel {
  const file = decodeSafetensors(bytes, where);
  const model = readDensity(file.tensors, parseMetadata(recordSchema, file.metadata["localflow"], where), where);
  checkSeal(file, where);
  return model;
}

/** The density of a record of `recordSchema` and of the tensors that it promises. */
export function readDensity(
  tensors: Readonly<Record<string, NDArray>>,
  record: ModelRecord,
  where: string,
): DensityModel {
  checkMasks(record, where);
  const d = record.columns.length;
  const chain: Chain = {
    dimension: d,
    blocks: readBlocks(tensors, record.configuration, record.configuration.blocks.length, d, where),
  };
  return { record, standardization: readStandardization(tensors, d, where), chain };
}

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
  const issue = parsed.error.issues[0];
  throw failure("model", {
    where: `${where}, ${issue?.path.join(".") || "record"}`,
    expected: "a valid record",
    received: issue?.message ?? "another",
    remedy: "the file is damaged or was not written by localflow",
  });
}

export function standardizationTensors({ mean, deviation }: Standardization): Record<string, NDArray> {
  return { "standardize.mean": mean, "standardize.deviation": deviation };
}

export function readStandardization(
  tensors: Readonly<Record<string, NDArray>>,
  d: number,
  where: string,
): Standardization {
  const deviation = floatTensor(tensors, "standardize.deviation", [d], where);
  if (!deviation.data.every((value) => value > 0 && Number.isFinite(value)))
    throw failure("model", {
      where: `${where}, standardize.deviation`,
      expected: "positive numbers",
      received: String(deviation.data),
    });
  return { mean: finiteTensor(tensors, "standardize.mean", [d], where), deviation };
}

/** `blocks.0.layers.0.weight` … for every block; for the first one alone where all share its network. */
export function chainTensors({ blocks }: Pick<Chain, "blocks">): Record<string, NDArray> {
  const own = blocks[0]?.timeWindow ? blocks.slice(0, 1) : blocks;
  const named = own.flatMap(({ parameters }, n) => leaves<FloatArray>(parameters, `blocks.${n}`));
  return Object.fromEntries(named.map((leaf) => [leaf.path, leaf.value]));
}

/** The first `count` blocks, their weights checked against the networks that the configuration promises. */
export function readBlocks(
  tensors: Readonly<Record<string, NDArray>>,
  { blocks, training }: Configuration,
  count: number,
  d: number,
  where: string,
): readonly Block[] {
  const parametersOf = ({ network }: BlockConfiguration, n: number): MlpArrays =>
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
  network: NetworkConfiguration,
  name: string,
  d: number,
  where: string,
): MlpArrays {
  return {
    layers: layerSizes(network, d).map(([inputs, outputs], k) => ({
      weight: finiteTensor(tensors, `${name}.layers.${k}.weight`, [inputs, outputs], where),
      bias: finiteTensor(tensors, `${name}.layers.${k}.bias`, [outputs], where),
    })),
  };
}

/** A float32 tensor of exactly this shape whose numbers are all finite. */
function finiteTensor(
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
