// classifier: a trained classifier of images as a file, and at work.

import { spokenShape } from "../../data/images/image-set.ts";
import { rowsOfLevels } from "../../data/images/rows.ts";
import { isRecord } from "../../data/is-record.ts";
import { decodeSafetensors, encodeSafetensors } from "../../data/safetensors.ts";
import { failure } from "../../errors.ts";
import { compile } from "../../runtime/compile.ts";
import type { Engine } from "../../runtime/contract.ts";
import { elementCount, type FloatArray, floats, type NDArray, sameSizes, zeros } from "../../tensor/array.ts";
import { constant, placeholder } from "../../tensor/tensor.ts";
import { leaves, mapTree } from "../../tensor/tree.ts";
import {
  applyClassifier,
  type ClassifierArrays,
  type ClassifierConfiguration,
  classifierSizes,
} from "./classifier-network.ts";
import { checkShape, type ImageReader, partOf } from "./image-reader.ts";

/** How a classifier came to be, as far as its numbers depend on it. */
export interface ClassifierTraining {
  /** The images it was trained on, in a few words. */
  readonly data: string;
  readonly images: number;
  readonly epochs: number;
  readonly seed: number | string;
  /** Share of test images whose class it finds, and of how many. */
  readonly accuracy?: { readonly value: number; readonly images: number };
}

export interface ImageClassifier {
  readonly configuration: ClassifierConfiguration;
  readonly parameters: ClassifierArrays;
  readonly training: ClassifierTraining;
}

const version = 1;
const recordName = "localflow.classifier";
/** Widest layer and most layers that a file may ask for. */
const mostWidth = 2 ** 16;
const mostLayers = 16;

/** The file of a classifier: safetensors with its record as metadata. Equal classifiers give equal bytes. */
export function encodeClassifier({ configuration, parameters, training }: ImageClassifier): Uint8Array {
  const tensors = Object.fromEntries(leaves<NDArray>(parameters).map(({ path, value }) => [path, value]));
  return encodeSafetensors(tensors, { [recordName]: JSON.stringify({ version, configuration, training }) });
}

/** Reads such a file. Throws "model" for anything else. */
export function decodeClassifier(bytes: Uint8Array, where = "classifier"): ImageClassifier {
  const { tensors, metadata } = decodeSafetensors(bytes, where);
  const record = parsedRecord(metadata[recordName], where);
  const configuration = checkedConfiguration(record["configuration"], where);
  const layers = classifierSizes(configuration).map(([inputs, outputs], k) => ({
    weight: tensorAt(tensors, `layers.${k}.weight`, [inputs, outputs], where),
    bias: tensorAt(tensors, `layers.${k}.bias`, [outputs], where),
  }));
  return { configuration, parameters: { layers }, training: checkedTraining(record["training"], where) };
}

type Plain = Readonly<Record<string, unknown>>;
const isCount = (value: unknown, most: number): value is number =>
  Number.isSafeInteger(value) && Number(value) >= 1 && Number(value) <= most;

function parsedRecord(text: string | undefined, where: string): Plain {
  try {
    const record: unknown = JSON.parse(text ?? "");
    if (isRecord(record) && record["version"] === version) return record;
  } catch (cause) {
    throw noClassifier(where, "a classifier's record in the metadata", "none", cause);
  }
  throw noClassifier(where, `a classifier of version ${version}`, "another version");
}

function checkedConfiguration(value: unknown, where: string): ClassifierConfiguration {
  const { shape, stem, hidden, classes } = isRecord(value) ? value : {};
  const { channels, height, width } = isRecord(shape) ? shape : {};
  const sizes = Array.isArray(hidden) ? (hidden as readonly unknown[]) : [];
  const widths = sizes.filter((size) => isCount(size, mostWidth));
  if (
    (channels !== 1 && channels !== 3) ||
    !isCount(height, 4096) ||
    !isCount(width, 4096) ||
    !isRecord(stem) ||
    stem["kind"] !== "none" ||
    widths.length === 0 ||
    widths.length !== sizes.length ||
    widths.length > mostLayers ||
    !isCount(classes, mostWidth)
  )
    throw noClassifier(where, "a configuration with shape, stem, hidden and classes", "another");
  return { shape: { channels, height, width }, stem: { kind: "none" }, hidden: widths, classes };
}

function checkedTraining(value: unknown, where: string): ClassifierTraining {
  const { data, images, epochs, seed, accuracy } = isRecord(value) ? value : {};
  const isSeed = typeof seed === "string" || Number.isSafeInteger(seed);
  if (typeof data !== "string" || !isCount(images, 2 ** 40) || !isCount(epochs, 2 ** 30) || !isSeed)
    throw noClassifier(where, "how the classifier was trained", "another record");
  const base = { data, images, epochs, seed: seed as number | string };
  if (accuracy === undefined) return base;
  const { value: share, images: seen } = isRecord(accuracy) ? accuracy : {};
  if (typeof share !== "number" || !(share >= 0 && share <= 1) || !isCount(seen, 2 ** 40))
    throw noClassifier(where, "an accuracy from 0 to 1", "another value");
  return { ...base, accuracy: { value: share, images: seen } };
}

function tensorAt(
  tensors: Readonly<Record<string, NDArray>>,
  name: string,
  shape: readonly number[],
  where: string,
): FloatArray {
  const found = tensors[name];
  if (found?.type !== "float32" || !sameSizes(found.shape, shape))
    throw noClassifier(
      `${where} tensor "${name}"`,
      `float32 [${shape.join(", ")}]`,
      found ? `${found.type} [${found.shape.join(", ")}]` : "none",
    );
  const data = Float32Array.from(found.data as ArrayLike<number>);
  if (data.every(Number.isFinite)) return floats(data, shape);
  throw noClassifier(`${where} tensor "${name}"`, "finite numbers", "others");
}

function noClassifier(where: string, expected: string, received: string, cause?: unknown) {
  const remedy = "train one for these images";
  return failure("model", { where, expected, received, remedy }, cause);
}

/** Images that are looked at in one run. */
const chunk = 1000;

/** The classifier at work: features of its last hidden layer and class probabilities. */
export async function openClassifier(
  engine: Engine,
  { configuration, parameters, training }: ImageClassifier,
): Promise<ImageReader> {
  const { shape, hidden, classes } = configuration;
  const width = hidden.at(-1) ?? 0;
  const rows = placeholder(["rows", elementCount([shape.channels, shape.height, shape.width])]);
  const tensors = mapTree<FloatArray, ReturnType<typeof constant>, ClassifierArrays>(parameters, (leaf) =>
    constant(leaf),
  );
  const program = await compile(engine, { rows }, applyClassifier(tensors, rows));
  const { accuracy } = training;
  const found = accuracy ? `, ${(100 * accuracy.value).toFixed(1)} % of ${accuracy.images} test images right` : "";
  return {
    description: `classifier of ${spokenShape(shape)} trained on ${training.data}, ${width} features${found}`,
    async read(images) {
      checkShape("classifier", images, shape);
      const [features, probabilities] = [zeros([images.count, width]), zeros([images.count, classes])];
      for (let first = 0; first < images.count; first += chunk) {
        const part = partOf(images, first, Math.min(images.count, first + chunk));
        const results = await program.run({ rows: rowsOfLevels(part) });
        features.data.set(results.features.data as Float32Array, first * width);
        probabilities.data.set(softmax(results.logits.data as Float32Array, classes), first * classes);
      }
      return { features, probabilities };
    },
    release: () => program.release(),
  };
}

/** Probabilities of rows of logits. */
export function softmax(logits: Float32Array, classes: number): Float32Array {
  const out = new Float32Array(logits.length);
  for (let row = 0; row < logits.length; row += classes) {
    const own = logits.subarray(row, row + classes);
    const largest = own.reduce((a, b) => Math.max(a, b));
    let total = 0;
    for (const value of own) total += Math.exp(value - largest);
    own.forEach((value, c) => {
      out[row + c] = Math.exp(value - largest) / total;
    });
  }
  return out;
}
