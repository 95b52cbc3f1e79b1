// density-model: the model file of the density task. Weights are named tensors, everything else one JSON text beside them.
import * as z from "zod";
import { isNeverFalling } from "../data/ascending.ts";
import { decodeSafetensors } from "../data/safetensors.ts";
import { failure } from "../errors.ts";
import { type Chain, chainOf } from "../flow/chain.ts";
import { contextWidth } from "../flow/masked.ts";
import type { NDArray } from "../tensor/array.ts";
import type { BlockRecord } from "../train/chain.ts";
import type { Configuration } from "../train/configuration.ts";
import { blockRecordSchema, configurationSchemaOf, count, finite, networkSchema } from "./configuration-schema.ts";
import {
  chainTensors,
  finiteTensor,
  floatTensor,
  modelVersion,
  parseMetadata,
  readBlocks,
  toJson,
} from "./model-file.ts";
import { percentGrid } from "./quantiles.ts";
import { checkSeal, encodeSealed } from "./seal.ts";
import type { Standardization } from "./standardization.ts";

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

/** A model's record as JSON. */
export const recordSchema = z.object({
  version: z.literal(modelVersion),
  task: z.literal("density"),
  columns: z
    .array(z.string())
    .min(1)
    .refine((names) => new Set(names).size === names.length, "a name twice"),
  configuration: configurationSchemaOf(networkSchema),
  training: z.object({
    rows: count,
    blocks: z.array(blockRecordSchema),
    logDensityQuantiles: z
      .array(finite)
      .length(percentGrid.length)
      .refine(isNeverFalling, "not ascending")
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
  const { groups = [], alone, presence } = training.masks ?? {};
  const d = columns.length;
  if (
    [...groups, ...(alone ? [alone] : [])].some(({ start, end }) => start >= end || end > d) ||
    presence?.of.some(({ at, start, end }) => at >= d || start > end || end > d)
  )
    throw failure("model", {
      where: `${where}, masks`,
      expected: `ranges of ${columns.length} columns`,
      received: JSON.stringify(training.masks),
      remedy: "the file is damaged or was not written by localflow",
    });
}

/**
 * The bytes of a model file: safetensors with the record as JSON in its metadata. The same model gives the same bytes.
 */
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
  const { configuration } = record;
  const blocks = readBlocks(tensors, configuration, configuration.blocks.length, d, where);
  const chain = chainOf(d, blocks, configuration.training.masks);
  return { record, standardization: readStandardization(tensors, d, where), chain };
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
