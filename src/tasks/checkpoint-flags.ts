// checkpoint-flags: which option of the command line stands behind a field of a configuration, and how its value is typed there.
import { isRecord } from "../data/is-record.ts";
import { toJson } from "./model-file.ts";

/** An option; without `typed` its value is written as it is. */
interface Spelling {
  readonly flag: string;
  readonly typed?: (value: unknown) => string;
}

/** More iterations than anyone asks for: as many as a fit has that ends by its time alone. */
const endless = 1e8;

const iterations = (value: unknown) => (Number(value) >= endless ? "(as many as --time allows)" : plainText(value));
const called = ({ kind, ...values }: Record<string, unknown>, names: readonly string[]) =>
  names.length === 0
    ? plainText(kind)
    : `${plainText(kind)}(${names.map((name) => plainText(values[name])).join(",")})`;
const step = (value: unknown) =>
  isRecord(value) ? plainText(value["kind"] === "free" ? "free" : value["duration"]) : plainText(value);
const activation = (value: unknown) =>
  isRecord(value) ? called(value, value["kind"] === "softplus" ? ["beta"] : []) : plainText(value);
const times = (value: unknown) =>
  isRecord(value) ? called(value, value["kind"] === "beta" ? ["alpha", "beta"] : []) : plainText(value);

function decay(value: unknown): string {
  if (!isRecord(value)) return plainText(value);
  const { kind, factor, every } = value;
  if (kind === "cosine") return "cosine";
  return factor === 1 ? "none" : `${plainText(factor)}/${plainText(every)}`;
}

function hidden(value: unknown): string {
  if (!Array.isArray(value)) return plainText(value);
  const [width] = value;
  return value.length > 1 && value.every((each) => each === width) ? `${width}x${value.length}` : value.join(",");
}

function integration(value: unknown): string {
  if (!isRecord(value)) return plainText(value);
  const { method, rtol, atol, evaluations } = value;
  const [way, relative, absolute] = [method, rtol, atol].map(plainText);
  if (evaluations !== undefined) return `${way} --evaluations ${plainText(evaluations)}`;
  return relative === absolute ? `${way} --tolerance ${relative}` : `${way} --rtol ${relative} --atol ${absolute}`;
}

const clip = (value: unknown) =>
  value === "Infinity" || value === Number.POSITIVE_INFINITY ? "none" : plainText(value);
const listed = (value: unknown) => (Array.isArray(value) ? value.join(",") : plainText(value));

/** By the path of the field, of which those of a block begin with `step`, `network`, `iterations` or `learningRate`. */
export const spellings: ReadonlyMap<string, Spelling> = new Map<string, Spelling>([
  ["step", { flag: "--steps", typed: step }],
  ["iterations", { flag: "--iterations", typed: iterations }],
  ["learningRate", { flag: "--learning-rate" }],
  ["network.hidden", { flag: "--hidden", typed: hidden }],
  ["network.activation", { flag: "--activation", typed: activation }],
  ["network.timeInput", { flag: "--time-input" }],
  ["network.initialization", { flag: "--init" }],
  ["network.frequencies", { flag: "--frequencies" }],
  ["network.dropout", { flag: "--dropout" }],
  ["network.kind", { flag: "--network" }],
  ["network.channels", { flag: "--width" }],
  ["network.width", { flag: "--width" }],
  ["network.classes", { flag: "--conditional", typed: (value) => `(${plainText(value)} classes)` }],
  ["training.batchSize", { flag: "--batch-size" }],
  ["training.interpolant", { flag: "--interpolant" }],
  ["training.coupling", { flag: "--coupling" }],
  ["training.timeDistribution", { flag: "--time-distribution", typed: times }],
  ["training.decay", { flag: "--decay", typed: decay }],
  ["training.warmUp", { flag: "--warm-up" }],
  ["training.weightDecay", { flag: "--weight-decay" }],
  ["training.clip", { flag: "--clip", typed: clip }],
  ["training.movingAverage", { flag: "--moving-average" }],
  ["training.warmStart", { flag: "--warm-start" }],
  ["training.earlyStopping", { flag: "--early-stopping" }],
  ["training.parallelBlocks", { flag: "--parallel-blocks" }],
  ["training.shareWeights", { flag: "--share-weights" }],
  ["training.dequantise", { flag: "--dequantise" }],
  ["training.pool", { flag: "--pool" }],
  ["training.classDropout", { flag: "--class-dropout" }],
  ["standardize", { flag: "--standardize" }],
  ["integration", { flag: "--method", typed: integration }],
  ["columns", { flag: "--columns", typed: listed }],
]);

/** A value that no option stands for: numbers and words as they are, all else as JSON. */
export function plainText(value: unknown): string {
  return ["string", "number", "undefined"].includes(typeof value) ? String(value) : toJson(value);
}
