// export-table: the model of a table, or a student of one, as one ONNX file whose sampler has an output for every column.
import { failure } from "../errors.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "../onnx/model.ts";
import { renamedValues } from "../onnx/rename.ts";
import type { Student } from "./distillation/student.ts";
import { densityPlan, type ExportRequest } from "./export.ts";
import { type Exported, type Plan, written } from "./export-file.ts";
import { nodeWriter } from "./export-nodes.ts";
import { studentPlan } from "./export-student.ts";
import { type DecodedColumn, decodedColumns, isLeftOut } from "./export-table-columns.ts";
import { exportTableReader } from "./export-table-density.ts";
import { dateUnit, freeName } from "./export-table-names.ts";
import { type CellPoints, cellPoints } from "./export-table-points.ts";
import { amountsOf } from "./table/amounts.ts";
import { bound, type TableConstraint } from "./table/bound-constraints.ts";
import { conjuncts } from "./table/conditions.ts";
import type { TableEncoder } from "./table/encoder.ts";
import { sumOf } from "./table/sums.ts";
import type { TableModel } from "./table/table-model.ts";

export interface TableExportRequest extends ExportRequest {
  /** Of the sampler: also the texts of levels, as outputs of their own; of density and encoder: texts go in, not places of levels; default true. */
  readonly texts?: boolean;
}

/**
 * Writes one part of a table's model as ONNX bytes. The sampler gives the columns of the table, density and encoder take them;
 * velocities are those of the encoder's points, see `exportDensity`. Throws "option" as that does.
 */
export function exportTable(model: TableModel, request: TableExportRequest): Exported {
  const { encoder, density, constraints = [] } = model;
  const { part } = request;
  if (part === "density" || part === "encoder") return exportTableReader(model, part, request);
  const plan = densityPlan(density, request);
  if (part === "velocity")
    return written(part, {
      ...plan,
      metadata: { ...plan.metadata, "localflow.encoder": JSON.stringify(encoder.toJSON()) },
    });
  return written("sampler", columnsPlan(plan, { encoder, constraints }, request));
}

/** Writes the sampler of a table's student. Throws "model" for a student of rows of numbers. */
export function exportTableStudent(student: Student, request: Omit<TableExportRequest, "part"> = {}): Exported {
  if (student.table === undefined)
    throw failure("model", { where: "student", expected: "a student of a table", received: "one of rows of numbers" });
  const { encoder, constraints = [] } = student.table;
  return written("sampler", columnsPlan(studentPlan(student, request), { encoder, constraints }, request));
}

interface TableParts {
  readonly encoder: TableEncoder;
  readonly constraints: readonly TableConstraint[];
}

function columnsPlan(
  plan: Plan,
  { encoder, constraints }: TableParts,
  { conditional = false, texts = true }: Omit<TableExportRequest, "part">,
): Plan {
  const columns = describedColumns(encoder, { conditional, texts });
  const unmet = constraints.filter((each) => !isComputed(encoder, each)).map(({ text }) => text);
  const anew = encoder.schema.columns.filter((column) => "regenerate" in column && isLeftOut(column));
  const { "localflow.mean": _, "localflow.deviation": __, ...metadata } = plan.metadata;
  const before = plan.finish ?? ((model: OnnxModel) => model);
  return {
    ...plan,
    documentation: plan.documentation.replace("samples of a density", "rows of a table"),
    metadata: {
      ...metadata,
      "localflow.columns": JSON.stringify(columns.map(({ name }) => name)),
      "localflow.table": JSON.stringify(columns),
      "localflow.dimensions": JSON.stringify(encoder.dimensions.map(({ column, part }) => `${column} ${part}`)),
      ...(unmet.length > 0 && { "localflow.constraints_not_applied": JSON.stringify(unmet) }),
      ...(anew.length > 0 && { "localflow.texts_left_out": JSON.stringify(anew.map(({ name }) => name)) }),
    },
    finish: (model) => withColumns(before(model), encoder, columns),
  };
}

/** Whether a constraint says nothing but how columns are computed that the decoder computes. */
function isComputed(encoder: TableEncoder, constraint: TableConstraint): boolean {
  const computed = new Set((encoder.toJSON().sums ?? []).map((sum) => JSON.stringify(sum)));
  const ready = bound(constraint, encoder.schema);
  return (
    ready.kind === "condition" && conjuncts(ready.condition).every((each) => computed.has(JSON.stringify(sumOf(each))))
  );
}

/** What a file says of a column, as JSON. */
interface DescribedColumn {
  readonly name: string;
  /** Names of the outputs. */
  readonly output: string;
  readonly text?: string;
  readonly kind: string;
  readonly unit?: string;
  readonly format?: string;
  /** Decimals of a number, where it has a fixed number of them. */
  readonly decimals?: number;
  readonly levels?: readonly string[];
  /** How a gap is written. */
  readonly gap: string;
  readonly points?: CellPoints;
}

function describedColumns(
  encoder: TableEncoder,
  { conditional, texts }: { readonly conditional: boolean; readonly texts: boolean },
): readonly DescribedColumn[] {
  const found = decodedColumns(nodeWriter(""), "points", encoder);
  const amounts = new Map(
    found.flatMap(({ column }) =>
      column.kind === "number" || column.kind === "date" ? [[column.name, amountsOf(column)] as const] : [],
    ),
  );
  const points = conditional
    ? cellPoints(encoder, (name, text) => amounts.get(name)?.parse(text) ?? Number.NaN)
    : new Map<string, CellPoints>();
  const taken = new Set<string>();
  const outputs = found.map(({ column }) => freeName(column.name, taken));
  return found.map(({ column, kind, levels }, n) => {
    const own = points.get(column.name);
    return {
      name: column.name,
      output: outputs[n] ?? "",
      ...(kind === "level" && texts && { text: freeName(`${column.name} text`, taken) }),
      kind: column.kind,
      ...(column.kind === "date" && { unit: dateUnit, format: column.format }),
      ...(column.kind === "number" && column.format.kind === "decimals" && { decimals: column.format.most }),
      ...(kind === "level" && { levels }),
      gap: column.gap,
      ...(own && { points: own }),
    };
  });
}

/** The model with the columns of its points in place of its only output, every other value out of the way of their names. */
function withColumns(model: OnnxModel, encoder: TableEncoder, columns: readonly DescribedColumn[]): OnnxModel {
  const outputs = columns.flatMap(({ output, text = [] }) => [output].concat(text));
  const reserved = new Set(outputs);
  let prefix = "points/";
  while (outputs.some((name) => name.startsWith(prefix))) prefix = `_${prefix}`;
  const inputs = new Map(model.graph.inputs.map(({ name }) => [name, freeName(name, reserved)]));
  const graph = renamedValues(model.graph, (name) => inputs.get(name) ?? `${prefix}${name}`);
  const write = nodeWriter(`${prefix}cells/`);
  const decoded = decodedColumns(write, `${prefix}samples`, encoder);
  const ports = decoded.flatMap((column, n): readonly OnnxValue[] => {
    const described = columns[n];
    if (described === undefined) return [];
    const { output, text } = described;
    write.name(column.value, output);
    const type = column.kind === "amount" ? "float64" : "int64";
    const own: OnnxValue = { name: output, type, shape: ["rows"], documentation: documentationOf(column, described) };
    if (text === undefined) return [own];
    const words = write.texts([...column.levels, column.column.gap]);
    write.name(write.apply("Gather", [words, column.value]), text);
    const documentation = `string [rows], the cells of ${output} as the table writes them; a gap is ${JSON.stringify(column.column.gap)}`;
    return [own, { name: text, type: "string", shape: ["rows"], documentation }];
  });
  const { nodes, constants, texts } = write.written;
  const whole = {
    ...graph,
    outputs: [...ports.filter(({ type }) => type !== "string"), ...ports.filter(({ type }) => type === "string")],
    constants: [...graph.constants, ...constants],
    ...(texts.length > 0 && { texts }),
    nodes: [...graph.nodes, ...nodes],
  };
  return { ...model, graph: whole };
}

function documentationOf({ kind, column }: DecodedColumn, { unit, format }: DescribedColumn): string {
  if (kind === "row") return "int64 [rows], numbers of the rows of this call, as the column counts them";
  if (kind === "level") return "int64 [rows], the place of the level in the list of localflow.table, from 0; -1: a gap";
  if (column.kind === "date") return `float64 [rows], ${unit}, written as ${format}; NaN: a gap`;
  return "float64 [rows], numbers in the units of the training table, on its grid and in its bounds; NaN: a gap";
}

/** The same sampler without its outputs of texts, which localflow's engines do not read. */
export function withoutTexts({ graph, ...model }: OnnxModel): OnnxModel {
  const words = new Set(graph.texts?.map(({ name }) => name));
  const dropped = new Set(graph.outputs.flatMap(({ name, type }) => (type === "string" ? [name] : [])));
  const isText = ({ inputs, outputs }: OnnxNode) =>
    inputs.some((name) => words.has(name)) || outputs.some((name) => dropped.has(name));
  const { texts: _, ...rest } = graph;
  return {
    ...model,
    graph: {
      ...rest,
      outputs: graph.outputs.filter(({ type }) => type !== "string"),
      nodes: graph.nodes.filter((node) => !isText(node)),
    },
  };
}
