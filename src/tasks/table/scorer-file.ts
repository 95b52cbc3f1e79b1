// scorer-file: a scorer's file, laid out and checked as a model's is.
import * as z from "zod";
import { decodeSafetensors } from "../../data/safetensors.ts";
import { failure } from "../../errors.ts";
import { contextWidth } from "../../flow/masked.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { leaves } from "../../tensor/tree.ts";
import { networkSchema } from "../configuration-schema.ts";
import { readStandardization, standardizationTensors } from "../density-model.ts";
import { modelVersion, parseMetadata, readPerceptron, taskOf, toJson } from "../model-file.ts";
import { checkSeal, encodeSealed } from "../seal.ts";
import { encoderFrom } from "./encoder.ts";
import type { TableScorer } from "./scorer.ts";
import { parsedJson, trainingSchema } from "./table-model.ts";

const agreement = z.object({
  rankCorrelation: z.number().min(-1).max(1),
  medianError: z.number().nonnegative(),
  rows: z.int().nonnegative(),
});

const schema = z.object({
  version: z.literal(modelVersion),
  task: z.literal("scorer"),
  teacher: z.string().min(1),
  network: networkSchema,
  center: z.number(),
  spread: z.number().positive(),
  /** JSON as a text, so that no text of a cell is taken for anything else. */
  encoder: z.string(),
  training: trainingSchema,
  agreement: z.object({ drawn: agreement, data: agreement.exactOptional() }),
});

/** Whether a safetensors file says that it is a scorer; nothing else of it is checked. */
export function isScorer(bytes: Uint8Array, where = "model"): boolean {
  return taskOf(bytes, where) === "scorer";
}

/** The error that meets a scorer where a model is needed: it names the model, which can do more. */
export function onlyScores({ teacher }: TableScorer, where: string) {
  return failure("model", {
    where,
    expected: "a model",
    received: "a scorer, which approximates the scores of one and can do nothing else",
    remedy: `use its model, ${teacher}`,
  });
}

/** The bytes of a scorer's file: the weights are `scorer.layers.0.weight` …. */
export function encodeScorer({ encoder, standardization, parameters, ...others }: TableScorer): Uint8Array {
  const named = leaves<FloatArray>(parameters, "scorer");
  const weights = Object.fromEntries(named.map(({ path, value }) => [path, value]));
  const record = { version: modelVersion, task: "scorer", ...others, encoder: JSON.stringify(encoder) };
  return encodeSealed({ ...standardizationTensors(standardization), ...weights }, toJson(record));
}

/** Reads a scorer's file. Throws a "model" error that says what is wrong; nothing in the file is executed. */
export function decodeScorer(bytes: Uint8Array, where = "model"): TableScorer {
  const file = decodeSafetensors(bytes, where);
  const { version: _, task: __, encoder: text, ...record } = parseMetadata(schema, file.metadata["localflow"], where);
  const encoder = encoderFrom(parsedJson(text, where), `${where}, encoder`);
  const d = encoder.dimensions.length;
  if (d === 0 || record.network.context !== contextWidth(d))
    throw failure("model", {
      where: `${where}, network`,
      expected: `one that reads a context of ${contextWidth(d)} values, for the encoder's ${d} dimensions`,
      received: `one of ${record.network.context ?? 0}`,
      remedy: "the file is damaged or was not written by localflow",
    });
  const parameters = readPerceptron(file.tensors, record.network, "scorer", d, where);
  const standardization = readStandardization(file.tensors, d, where);
  checkSeal(file, where);
  return { ...record, encoder, standardization, parameters };
}
