// export-file: what every exported file has: named inputs and outputs with their units, its origin, and the way to bytes.
import { encodeModel } from "../onnx/encode.ts";
import { joinPieces, type Piece, type Port } from "../onnx/join.ts";
import type { OnnxModel, OnnxValue } from "../onnx/model.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import { constant, placeholder, type Tensor } from "../tensor/tensor.ts";
import type { ExportPart } from "./export-parts.ts";
import type { FixedIntegration, Form } from "./export-steps.ts";
import type { ColumnModel } from "./held-out.ts";
import type { Standardization } from "./standardization.ts";

/** An ONNX file and what it says of itself. */
export interface Exported {
  readonly part: ExportPart;
  readonly bytes: Uint8Array;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly opset: number;
  /** How the steps of a block are written; absent where none are taken. */
  readonly steps?: { readonly form: Form; readonly integration: FixedIntegration };
  readonly metadata: Readonly<Record<string, string>>;
}

/** Written into the file: localflow's version, and the name of the model's file. */
export interface Origin {
  readonly version?: string;
  readonly source?: string;
}

/** A file before it is written. */
export interface Plan {
  readonly pieces: readonly Piece[];
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
  readonly documentation: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly steps?: NonNullable<Exported["steps"]>;
  /** What is done to the whole in the end, such as columns from points. */
  readonly finish?: (model: OnnxModel) => OnnxModel;
}

/** What a part does, as the file says it. */
export const purposes: Readonly<Record<ExportPart, string>> = {
  sampler: "Turns rows of noise into samples of a density that localflow learnt.",
  density: "Log-density and noise of each row, under a density that localflow learnt.",
  encoder: "Turns rows of data into the noise that the sampler makes them from.",
  velocity: "Velocities of the blocks of a density that localflow learnt, at standardised points.",
};

/** Points [rows, d]: every file takes any number of rows. */
export function points(d: number): Tensor {
  return placeholder(["rows", d]);
}

/** Inputs and outputs of a part that is about data and noise. */
export function portsOf(
  part: Exclude<ExportPart, "velocity">,
  columns: readonly string[],
): Pick<Plan, "inputs" | "outputs"> {
  const units = "the units of the training data";
  const size = `float32 [rows, ${columns.length}]`;
  const rows = (name: string) => ({ name, documentation: `${size}, the columns ${columns.join(", ")} in ${units}` });
  const noise = { name: "noise", documentation: `${size}, independent N(0, 1) values` };
  if (part === "sampler") return { inputs: [noise], outputs: [rows("samples")] };
  if (part === "encoder") return { inputs: [rows("data")], outputs: [noise] };
  const logDensity = `float32 [rows], natural logarithm of the density in ${units} (nats)`;
  return { inputs: [rows("data")], outputs: [{ name: "log_density", documentation: logDensity }, noise] };
}

/** Standardised points in the user's units. */
export function unscaled({ mean, deviation }: Standardization, moved: Tensor): Tensor {
  return add(constant(mean), multiply(constant(deviation), moved));
}

/** What the file says of its origin. The scaling is here too, for users of `velocity`. */
export function originMetadata({ record, standardization }: ColumnModel, { version, source }: Origin) {
  return {
    ...(version !== undefined && { "localflow.version": version }),
    ...(source !== undefined && { "localflow.model": source }),
    "localflow.columns": JSON.stringify(record.columns),
    "localflow.mean": JSON.stringify([...standardization.mean.data]),
    "localflow.deviation": JSON.stringify([...standardization.deviation.data]),
  };
}

/** The plan as a file. */
export function written(part: ExportPart, { pieces, steps, finish = (model) => model, ...plan }: Plan): Exported {
  const metadata = { "localflow.part": part, ...plan.metadata };
  const onnx = finish(joinPieces(pieces, { ...plan, name: `localflow_${part}`, metadata }));
  const { inputs, outputs } = onnx.graph;
  return { part, bytes: encodeModel(onnx), inputs, outputs, opset: onnx.opset, ...(steps && { steps }), metadata };
}
