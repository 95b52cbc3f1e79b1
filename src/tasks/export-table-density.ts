// export-table-density: the density of a table's rows, or their noise, as one ONNX file that takes the columns themselves.
import { trainedBlocks } from "../flow/chain.ts";
import { contextWidth, freeMask } from "../flow/masked.ts";
import type { Piece, Port } from "../onnx/join.ts";
import type { OnnxModel, OnnxValue } from "../onnx/model.ts";
import { renamedValues } from "../onnx/rename.ts";
import { add, divide, multiply, subtract } from "../tensor/arithmetic.ts";
import { floats } from "../tensor/array.ts";
import { square } from "../tensor/functions.ts";
import { concatenate, reshape, stretch, sum } from "../tensor/layout.ts";
import { constant, placeholder } from "../tensor/tensor.ts";
import type { DensityModel } from "./density-model.ts";
import { checkSampler, exportIntegration, modelMetadata } from "./export.ts";
import { type Exported, type Plan, points, written } from "./export-file.ts";
import { nodeWriter, onnxTypes } from "./export-nodes.ts";
import { chainSteps } from "./export-steps.ts";
import type { TableExportRequest } from "./export-table.ts";
import { type CellInput, cellInputs, encodedCells } from "./export-table-cells.ts";
import { dateUnit, freeName } from "./export-table-names.ts";
import type { TableModel } from "./table/table-model.ts";

/** The parts that read rows of a table. */
export type ReadingPart = "density" | "encoder";

/**
 * Writes the density or the encoder of a table's model as ONNX bytes: columns go in, as texts or the places of levels and as
 * numbers, with `places` [rows, d] that say where in their cells values lie. Log-densities are those of `scoreTable`.
 */
export function exportTableReader(model: TableModel, part: ReadingPart, request: TableExportRequest): Exported {
  const { encoder, density } = model;
  checkSampler(density, request);
  const inputs = cellInputs(encoder, request.texts ?? true);
  const taken = new Set(["places", "log_density", "noise", "partial"]);
  const names = inputs.map(({ span }) => freeName(span.column.name, taken));
  const plan = readerPlan(density, part, request);
  const { "localflow.mean": _, "localflow.deviation": __, ...own } = modelMetadata(density, request);
  const described = inputs.map((input, n) => describedInput(input, names[n] ?? ""));
  return written(part, {
    ...plan,
    metadata: {
      ...own,
      ...plan.metadata,
      "localflow.columns": JSON.stringify(described.map(({ name }) => name)),
      "localflow.table": JSON.stringify(described),
      "localflow.dimensions": JSON.stringify(encoder.dimensions.map(({ column, part: own }) => `${column} ${own}`)),
      "localflow.encoder": JSON.stringify(encoder.toJSON()),
    },
    finish: (whole) => withCells(whole, part, inputs, names, encoder.dimensions.length),
  });
}

/** From encoded points and what of them is said to the density of the points, or their noise. */
function readerPlan(density: DensityModel, part: ReadingPart, request: TableExportRequest): Plan {
  const integration = exportIntegration(density, part, request.integration);
  const isDensity = part === "density";
  const { form, pieces } = chainSteps(density.chain, {
    direction: 1,
    divergence: isDensity ? "exact" : "none",
    integration,
    conditional: true,
  });
  const { before, after } = readerEnds(density, isDensity);
  const { method, evaluations } = integration;
  const steps = `${method} with ${evaluations} velocity evaluations per block`;
  const purpose = isDensity ? "Log-density and noise of rows of a table" : "The noise of rows of a table";
  const plain = (name: string): Port => ({ name, documentation: "" });
  return {
    pieces: [before, ...pieces, after],
    inputs: [plain("values"), plain("free")],
    outputs: [...(isDensity ? [plain("log_density")] : []), plain("noise")],
    documentation: `${purpose}, under a density that localflow learnt. Blocks: ${trainedBlocks(density.chain).length}; ${steps}.`,
    metadata: {
      "localflow.method": method,
      "localflow.evaluations_per_block": String(evaluations),
      "localflow.steps": form,
    },
    steps: { form, integration },
  };
}

/** Scaled points where something is said, zeros elsewhere, and the contexts of rows in which all that is free. */
function readerEnds({ chain, standardization }: DensityModel, isDensity: boolean): { before: Piece; after: Piece } {
  const d = chain.dimension;
  const [values, free, moved, contexts] = [points(d), points(d), points(d), points(contextWidth(d))];
  const scaled = divide(subtract(values, constant(standardization.mean)), constant(standardization.deviation));
  const start = multiply(free, scaled);
  const nobody = multiply(0, free);
  const context = concatenate([nobody, nobody, free], 1);
  if (!isDensity)
    return {
      before: { name: "begin", inputs: [values, free], outputs: [start, context] },
      after: { name: "end", inputs: [moved, contexts], outputs: [multiply(freeMask(contexts), moved)] },
    };
  const change = placeholder(["rows", 1]);
  const said = freeMask(contexts);
  const logScale = floats(standardization.deviation.data.map((each) => Math.log(each) + 0.5 * Math.log(2 * Math.PI)));
  const logNormal = multiply(-1, add(multiply(0.5, square(moved)), constant(logScale)));
  const logDensity = add(sum(multiply(said, logNormal), [1]), reshape(change, ["rows"]));
  const nothing = stretch(constant(0), ["rows", 1], start);
  return {
    before: { name: "begin", inputs: [values, free], outputs: [start, nothing, context] },
    after: {
      name: "end",
      inputs: [moved, change, contexts],
      outputs: [logDensity, multiply(said, moved)],
    },
  };
}

/** The model with the columns of the table in place of points. */
function withCells(
  model: OnnxModel,
  part: ReadingPart,
  inputs: readonly CellInput[],
  names: readonly string[],
  d: number,
): OnnxModel {
  let prefix = "points/";
  while (names.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
  const graph = renamedValues(model.graph, (name) => `${prefix}${name}`);
  const cells = nodeWriter(`${prefix}cells/`);
  const encoded = encodedCells(cells, inputs, names, "places");
  cells.name(encoded.values, `${prefix}values`);
  cells.name(encoded.free, `${prefix}free`);
  const end = nodeWriter(`${prefix}rows/`);
  if (part === "density") {
    const ofPoints = end.apply("Cast", [`${prefix}log_density`], { to: onnxTypes.float64 });
    end.name(end.apply("Add", [ofPoints, encoded.volumes]), "log_density");
  }
  end.name(`${prefix}noise`, "noise");
  end.name(encoded.partial, "partial");
  const writers = [cells.written, end.written];
  const texts = writers.flatMap((each) => each.texts);
  return {
    ...model,
    graph: {
      ...graph,
      inputs: [...inputs.map((input, n) => inputPort(input, names[n] ?? "")), placesPort(d)],
      outputs: outputPorts(part, d),
      constants: [...graph.constants, ...writers.flatMap(({ constants }) => constants)],
      ...(texts.length > 0 && { texts }),
      nodes: [...cells.written.nodes, ...graph.nodes, ...end.written.nodes],
    },
  };
}

function inputPort({ kind, span: { column } }: CellInput, name: string): OnnxValue {
  const shape = ["rows"];
  if (kind === "text")
    return {
      name,
      type: "string",
      shape,
      documentation: "string [rows], cells as the table writes them; empty: a gap",
    };
  if (kind === "level") {
    const documentation = "int64 [rows], the place of the level in the list of localflow.table, from 0; -1: a gap";
    return { name, type: "int64", shape, documentation };
  }
  const unit = column.kind === "date" ? dateUnit : "numbers in the units of the training table";
  return { name, type: "float64", shape, documentation: `float64 [rows], ${unit}; NaN: a gap` };
}

function placesPort(d: number): OnnxValue {
  const documentation = `float32 [rows, ${d}], where in the cells of its row's values a point lies: uniform numbers of (0, 1), or 0.5, the middle`;
  return { name: "places", type: "float32", shape: ["rows", d], documentation };
}

function outputPorts(part: ReadingPart, d: number): readonly OnnxValue[] {
  const logDensity =
    "float64 [rows], nats: the log-density of the numbers, per unit (dates: per day), times the probability of levels and gaps";
  const noise = `float32 [rows, ${d}], the noise that the sampler makes the row from; 0 where a cell says nothing`;
  const partial =
    "bool [rows], a cell said nothing that the model knows and is left out: not to be compared with whole rows";
  return [
    ...(part === "density"
      ? [{ name: "log_density", type: "float64" as const, shape: ["rows"], documentation: logDensity }]
      : []),
    { name: "noise", type: "float32", shape: ["rows", d], documentation: noise },
    { name: "partial", type: "bool", shape: ["rows"], documentation: partial },
  ];
}

/** What a file says of a column that goes in, as JSON. */
function describedInput({ span: { column }, kind, levels }: CellInput, input: string) {
  return {
    name: column.name,
    input,
    kind: column.kind,
    ...(column.kind === "date" && { unit: dateUnit, format: column.format }),
    ...(kind !== "amount" && { levels }),
    gap: column.gap,
  };
}
