// student-file: a student's model file, laid out and checked as a density's is.
import * as z from "zod";
import { shorten } from "../../data/columns.ts";
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { decodeSafetensors } from "../../data/safetensors.ts";
import { failure } from "../../errors.ts";
import { contextWidth } from "../../flow/masked.ts";
import { isImageNetwork, networkClasses, networkContext, type VelocityNetwork } from "../../nn/network.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { leaves } from "../../tensor/tree.ts";
import { networkSchema, presenceSchema } from "../configuration-schema.ts";
import { readStandardization, standardizationTensors } from "../density-model.ts";
import {
  classesSchema,
  fitsTogether,
  networkSchema as imageNetworkSchema,
  imageSchema,
} from "../images/image-model.ts";
import { modelVersion, parseMetadata, readNetwork, taskOf, toJson } from "../model-file.ts";
import { checkSeal, encodeSealed } from "../seal.ts";
import { constraintsFrom } from "../table/constraints.ts";
import { encoderFrom } from "../table/encoder.ts";
import { dimensionNames, parsedJson } from "../table/table-model.ts";
import type { StudentMap } from "./maps.ts";
import type { Student, StudentRecord, StudentTable } from "./student.ts";

const count = z.int().nonnegative();
const length = z
  .number()
  .nonnegative()
  .or(z.null().transform(() => Number.NaN));
const place = z.number().min(0).max(10_000);

const ofImages = imageNetworkSchema.refine(fitsTogether, "a network whose numbers do not fit together");
const velocityNetworkSchema: z.ZodType<VelocityNetwork> = z.union([networkSchema, ofImages]);

const mapSchema = z.object({
  from: place,
  to: place,
  network: velocityNetworkSchema,
  clock: z.number().min(0).max(1),
  scale: z.number().min(-1).max(1),
  part: z.object({ presence: presenceSchema, moves: z.enum(["presence", "values"]) }).exactOptional(),
});

const studentSchema = z.object({
  version: z.literal(modelVersion),
  task: z.literal("student"),
  columns: z.array(z.string()).refine((names) => new Set(names).size === names.length, "a name twice"),
  configuration: z.object({ seed: z.int(), standardize: z.boolean() }),
  teacher: z.object({
    name: z.string().min(1),
    fingerprint: z.string(),
    blocks: z.int().positive(),
    parameters: count,
  }),
  training: z.object({
    rows: count,
    batchSize: z.int().positive(),
    learningRate: z.number().positive(),
    objective: z.enum(["progressive", "consistency"]).exactOptional(),
    conditional: z.object({ distance: length }).exactOptional(),
    classes: z
      .object({
        guidance: z.number(),
        dropout: z.number().min(0).lt(1),
        without: z.object({ distance: length }).exactOptional(),
      })
      .exactOptional(),
    maps: z.array(z.object({ iterations: count, displacement: length, error: length })),
    fineTuning: count,
    distance: z.object({ separate: length, final: length }),
  }),
  /** Texts of JSON, so that no text of a cell is taken for anything else. */
  table: z
    .object({
      encoder: z.string(),
      constraints: z.string().exactOptional(),
      label: z
        .string()
        .max(2 ** 20)
        .exactOptional(),
    })
    .exactOptional(),
  image: imageSchema.exactOptional(),
  classes: classesSchema.exactOptional(),
  maps: z
    .array(mapSchema)
    .min(1)
    .max(65_536)
    .refine((maps) => maps.every(({ from, to }, k) => from > to && (k === 0 || from === maps[k - 1]?.to)), {
      error: "pieces of the way that do not follow each other",
    }),
});

const schema = studentSchema
  .refine(
    ({ maps, training, teacher }) =>
      training.maps.length === maps.length && maps[0]?.from === teacher.blocks && maps.at(-1)?.to === 0,
    { path: ["maps"], error: "pieces that do not lead from the teacher's noise to its data, each with its record" },
  )
  .refine(({ columns, image }) => (image === undefined ? columns.length > 0 : columns.length === 0), {
    path: ["columns"],
    error: "neither columns nor a size of images, or both",
  })
  .refine(
    ({ maps, columns, training }) =>
      maps.every(
        ({ network, part }) =>
          networkContext(network) === (training.conditional || part ? contextWidth(columns.length) : 0),
      ),
    { path: ["maps"], error: "networks that read another context than the student's" },
  )
  .refine(
    ({ maps, columns: { length } }) =>
      maps.every(
        ({ part }) =>
          part?.presence.every(({ at, start, end }) => at < length && start <= end && end <= length) ?? true,
      ),
    { path: ["maps"], error: "parts of other rows than the student's" },
  )
  .refine(
    ({ maps, classes, training }) =>
      (training.classes === undefined) === (classes === undefined) &&
      maps.every(({ network }) => networkClasses(network) === (classes?.length ?? 0)),
    { path: ["classes"], error: "networks that read other classes" },
  )
  .refine(({ maps, image }) => maps.every(({ network }) => isFor(network, image)), {
    path: ["maps"],
    error: "networks of other samples than the student's",
  });

/** Whether a network moves images of this size, or rows of numbers where there is none. */
function isFor(network: VelocityNetwork, image: PixelShape | undefined): boolean {
  if (!isImageNetwork(network) || image === undefined) return !isImageNetwork(network) && image === undefined;
  const { channels, height, width } = network.image;
  return channels === image.channels && height === image.height && width === image.width;
}

/** Whether a safetensors file says that it is a student; nothing else of it is checked. */
export function isStudent(bytes: Uint8Array, where = "model"): boolean {
  return taskOf(bytes, where) === "student";
}

/** The error that meets a student where a density is needed: it names the teacher, which has one. */
export function noDensity({ record, maps }: Student, where: string) {
  const { name } = record.teacher;
  return failure("model", {
    where,
    expected: "a model with an exact density",
    received: `a student of ${maps.length} network evaluations, which has none: it only draws samples`,
    remedy: `use its teacher, ${name}`,
  });
}

/** The bytes of a student's file: the weights are `maps.0.layers.0.weight` …, from noise to data. */
export function encodeStudent({ record, standardization, maps, table, image, classes }: Student): Uint8Array {
  const named = maps.flatMap(({ parameters }, k) => leaves<FloatArray>(parameters, `maps.${k}`));
  const weights = Object.fromEntries(named.map(({ path, value }) => [path, value]));
  const described = maps.map(({ segment, network, clock, scale, part }) => ({
    ...segment,
    network,
    clock,
    scale,
    ...(part && { part }),
  }));
  return encodeSealed(
    { ...standardizationTensors(standardization), ...weights },
    toJson({
      ...record,
      ...(table && { table: tableTexts(table) }),
      ...(image && { image }),
      ...(classes && { classes }),
      maps: described,
    }),
  );
}

/** Reads a student's file. Throws a "model" error that says what is wrong; nothing in the file is executed. */
export function decodeStudent(bytes: Uint8Array, where = "model"): Student {
  const file = decodeSafetensors(bytes, where);
  const {
    maps: described,
    table: texts,
    image,
    classes,
    ...record
  } = parseMetadata(schema, file.metadata["localflow"], where);
  const d = image ? levelsPerImage(image) : record.columns.length;
  const maps = described.map(({ from, to, ...map }, k): StudentMap => {
    const parameters = readNetwork(file.tensors, map.network, `maps.${k}`, d, where);
    return { segment: { from, to }, ...map, parameters };
  });
  const student = {
    record: record satisfies StudentRecord,
    standardization: readStandardization(file.tensors, d, where),
    maps,
    ...(texts && { table: tableFrom(texts, record.columns, where) }),
    ...(image && { image }),
    ...(classes && { classes }),
  };
  checkSeal(file, where);
  return student;
}

interface TableTexts {
  readonly encoder: string;
  readonly constraints?: string;
  readonly label?: string;
}

function tableTexts({ encoder, constraints = [], label }: StudentTable): TableTexts {
  return {
    encoder: JSON.stringify(encoder),
    ...(constraints.length > 0 && { constraints: JSON.stringify(constraints) }),
    ...(label !== undefined && { label }),
  };
}

function tableFrom(
  { encoder: text, constraints: constraintsText = "[]", label }: TableTexts,
  columns: readonly string[],
  where: string,
): StudentTable {
  const encoder = encoderFrom(parsedJson(text, where), `${where}, encoder`);
  const constraints = constraintsFrom(parsedJson(constraintsText, where), encoder.schema, `${where}, constraints`);
  if (dimensionNames(encoder.dimensions).join("\n") !== columns.join("\n"))
    throw failure("model", {
      where,
      expected: `the maps of the encoder's ${encoder.dimensions.length} dimensions`,
      received: `maps of ${columns.length} columns`,
      remedy: "the file is damaged or was not written by localflow",
    });
  if (label !== undefined && !encoder.dimensions.some(({ column }) => column === label))
    throw failure("model", {
      where: `${where}, label`,
      expected: "a column of the model",
      received: JSON.stringify(shorten(label)),
    });
  return { encoder, ...(constraints.length > 0 && { constraints }), ...(label !== undefined && { label }) };
}
