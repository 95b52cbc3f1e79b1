// table-model: a model of mixed columns: a density over encoded rows and the encoder, in one file.
import * as z from "zod";
import { isNeverFalling } from "../../data/ascending.ts";
import { shorten } from "../../data/columns.ts";
import { bytesRule, checkValue } from "../../data/requests.ts";
import { decodeSafetensors } from "../../data/safetensors.ts";
import { failure } from "../../errors.ts";
import { type DensityModel, readDensity, recordSchema, standardizationTensors } from "../density-model.ts";
import { chainTensors, modelVersion, parseMetadata, taskOf, toJson } from "../model-file.ts";
import { percentGrid } from "../quantiles.ts";
import { checkSeal, encodeSealed } from "../seal.ts";
import type { TableConstraint } from "./bound-constraints.ts";
import { constraintsFrom } from "./constraints.ts";
import { type Dimension, encoderFrom, type TableEncoder } from "./encoder.ts";
import type { GapQuantiles } from "./gap-quantiles.ts";
import { checkGiven } from "./request-rules.ts";
import { mostColumns } from "./schema.ts";

/** A trained model of a table. */
export interface TableModel {
  /** Masked, over the encoder's dimensions. */
  readonly density: DensityModel;
  readonly encoder: TableEncoder;
  readonly training: TableTraining;
  /** What every row that is drawn meets; default: nothing. */
  readonly constraints?: readonly TableConstraint[];
  /** The column that rows are mostly asked for by: the class. */
  readonly label?: string;
  /** Pairs of columns with gaps that no row of the table had values of both of: nothing was learnt of what they have in common. */
  readonly neverTogether?: readonly (readonly [string, string])[];
}

export interface TableTraining {
  readonly rows: number;
  /** Of the log-density of training rows (nats, see `scoreTable`) at `percentGrid`; absent where one was not finite. */
  readonly logDensityQuantiles?: readonly number[];
  /** For sets of gaps in numbers and dates that enough training rows have; absent where none has gaps, and in files of earlier releases. */
  readonly quantilesByGaps?: readonly GapQuantiles[];
}

const quantilesSchema = z.array(z.number()).length(percentGrid.length).refine(isNeverFalling, "not ascending");
/** More sets of gaps than a fit can keep. */
const mostGapSets = 1000;

export const trainingSchema = z.object({
  rows: z.int().nonnegative(),
  logDensityQuantiles: quantilesSchema.exactOptional(),
  quantilesByGaps: z
    .array(z.object({ gaps: z.array(z.int().nonnegative()).max(mostColumns), logDensityQuantiles: quantilesSchema }))
    .max(mostGapSets)
    .exactOptional(),
});

const schema = z.object({
  version: z.literal(modelVersion),
  task: z.literal("table"),
  density: recordSchema,
  /** JSON as a text, so that no text of a cell is taken for anything else. */
  encoder: z.string(),
  training: trainingSchema,
  /** JSON as a text, for the same reason. */
  constraints: z.string().exactOptional(),
  label: z
    .string()
    .max(2 ** 20)
    .exactOptional(),
  /** JSON as a text, for the same reason. */
  neverTogether: z.string().exactOptional(),
});

const pairsSchema = z.array(z.tuple([z.string(), z.string()]));

/** The names of dimensions as columns of a density, all different. */
export function dimensionNames(dimensions: readonly Dimension[]): readonly string[] {
  return dimensions.map(({ column, part }) => `${column} ${part}`);
}

/** Whether a safetensors file says that it is the model of a table; nothing else of it is checked. */
export function isTableModel(bytes: Uint8Array, where = "model"): boolean {
  return taskOf(bytes, where) === "table";
}

/**
 * The bytes of a table model's file: safetensors with record and encoder as JSON in its metadata. The same model gives
 * the same bytes.
 */
export function encodeTableModel(model: TableModel): Uint8Array {
  checkGiven({ model });
  const { density, encoder, training, constraints = [], label, neverTogether = [] } = model;
  const { record, standardization, chain } = density;
  const tensors = { ...standardizationTensors(standardization), ...chainTensors(chain) };
  const whole = {
    version: modelVersion,
    task: "table",
    density: record,
    encoder: JSON.stringify(encoder),
    training,
    ...(constraints.length > 0 && { constraints: JSON.stringify(constraints) }),
    ...(label !== undefined && { label }),
    ...(neverTogether.length > 0 && { neverTogether: JSON.stringify(neverTogether) }),
  };
  return encodeSealed(tensors, toJson(whole));
}

/** Reads a table model's file. Throws a "model" error that says what is wrong; nothing in the file is executed. */
export function decodeTableModel(bytes: Uint8Array, where = "model"): TableModel {
  checkValue(bytes, bytesRule, where);
  const file = decodeSafetensors(bytes, where);
  const metadata = parseMetadata(schema, file.metadata["localflow"], where);
  const { density: record, encoder: text, training, constraints: constraintsText = "[]", label } = metadata;
  const { neverTogether: pairsText = "[]" } = metadata;
  const encoder = encoderFrom(parsedJson(text, where), `${where}, encoder`);
  const constraints = constraintsFrom(parsedJson(constraintsText, where), encoder.schema, `${where}, constraints`);
  if (label !== undefined && !encoder.dimensions.some(({ column }) => column === label))
    throw failure("model", {
      where: `${where}, label`,
      expected: "a column of the model",
      received: JSON.stringify(shorten(label)),
    });
  const neverTogether = pairsIn(parsedJson(pairsText, where), encoder, where);
  const names = dimensionNames(encoder.dimensions);
  if (!record.configuration.training.masks || names.join("\n") !== record.columns.join("\n"))
    throw failure("model", {
      where,
      expected: `a masked density of the encoder's ${names.length} dimensions`,
      received: `one of ${record.columns.length} columns`,
      remedy: "the file is damaged or was not written by localflow",
    });
  const density = readDensity(file.tensors, record, where);
  checkSeal(file, where);
  return {
    density,
    encoder,
    training,
    ...(constraints.length > 0 && { constraints }),
    ...(label !== undefined && { label }),
    ...(neverTogether.length > 0 && { neverTogether }),
  };
}

function pairsIn(value: unknown, { dimensions }: TableEncoder, where: string): z.infer<typeof pairsSchema> {
  const withGaps = new Set(dimensions.flatMap(({ column, part }) => (part === "gap" ? [column] : [])));
  const pairs = pairsSchema.safeParse(value);
  if (pairs.success && pairs.data.flat().every((name) => withGaps.has(name))) return pairs.data;
  throw failure("model", {
    where: `${where}, columns that are never together`,
    expected: "pairs of columns with gaps",
    received: shorten(JSON.stringify(value)),
    remedy: "the file is damaged or was not written by localflow",
  });
}

/** A text of a model's file as JSON; throws "model" for one that is none. */
export function parsedJson(text: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    const remedy = "the file is damaged";
    throw failure("model", { where, expected: "JSON", received: String(cause), remedy }, cause);
  }
}
