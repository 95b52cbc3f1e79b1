// accumulate: sums over many rows taken a part at a time, in a Loop, and what is computed from them, as one ONNX model.

import { invariant } from "../errors.ts";
import { integers } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { defaultOpset, type NamedTensor, portOf, toOnnx } from "./graph.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "./model.ts";

/** Quantities that add up over the rows, so that they need not be computed for all rows at once. */
export interface Accumulation {
  /** Inputs whose first axis counts the rows; there is at least one. */
  readonly rows: readonly Tensor[];
  /** A scalar that `sums` are computed with: the share of the rows that the part holds. */
  readonly share: Tensor;
  readonly sums: readonly Tensor[];
  /** Placeholders like `sums`, for their totals. */
  readonly totals: readonly Tensor[];
  /** Rows of a part at most. Parts differ by less than their number. */
  readonly mostRows: number;
}

/** The model of outputs that are computed from the totals and from inputs without rows. */
export function toAccumulatingOnnx(
  inputs: readonly NamedTensor[],
  outputs: readonly NamedTensor[],
  { rows, share, sums, totals, mostRows }: Accumulation,
): OnnxModel {
  const cut = inputs.filter(({ tensor }) => rows.includes(tensor));
  const whole = inputs.filter(({ tensor }) => !rows.includes(tensor));
  const [first] = cut;
  invariant(first !== undefined, "an input with rows");
  const totalNames = totals.map((_, n) => `total${n}`);
  const part = toOnnx(
    [...inputs, { name: "share", tensor: share }],
    sums.map((tensor, n) => ({ name: `sum${n}`, tensor })),
    { name: "part" },
  ).graph;
  const rest = toOnnx([...whole, ...totals.map((tensor, n) => ({ name: `total${n}`, tensor }))], outputs).graph;
  const inPart = renamer("part", [...whole.map(({ name }) => name), "share"]);
  const inRest = renamer("rest", [...whole, ...outputs].map(({ name }) => name).concat(totalNames));
  const body = {
    name: "part",
    inputs: [index, condition, ...sums.map((tensor, n) => portOf({ name: `before${n}`, tensor }))],
    outputs: [goesOn, ...sums.map((tensor, n) => portOf({ name: `after${n}`, tensor }))],
    constants: [],
    nodes: [
      ...cutNodes(cut.map(({ name }) => ({ from: name, to: inPart(name) }))),
      ...part.nodes.map((node) => renamed(node, inPart)),
      ...sums.map((_, n) => plainNode("Add", [`before${n}`, inPart(`sum${n}`)], `after${n}`)),
    ],
  };
  const zeros = sums.map(({ shape }, n) => ({ name: `shape${n}`, value: { ...integers(shape.map(Number)) } }));
  const loop: OnnxNode = {
    operator: "Loop",
    inputs: ["parts", "", ...sums.map((_, n) => `zero${n}`)],
    outputs: totalNames,
    attributes: { body: { kind: "graph", value: body } },
  };
  const constants = [
    { name: "most", value: integers([mostRows]) },
    { name: "one", value: integers([1]) },
    { name: "axis", value: integers([0]) },
    { name: "scalar", value: { ...integers([]), shape: [0] } },
    ...zeros,
    ...part.constants.map(({ name, value }) => ({ name: inPart(name), value })),
    ...rest.constants.map(({ name, value }) => ({ name: inRest(name), value })),
  ];
  const nodes = [
    ...partsNodes(first.name),
    ...zeros.map(({ name }, n) => plainNode("ConstantOfShape", [name], `zero${n}`)),
    loop,
    ...rest.nodes.map((node) => renamed(node, inRest)),
  ];
  const graph = { ...rest, inputs: inputs.map(portOf), constants, nodes };
  return { graph, opset: defaultOpset, producer: "localflow", metadata: {} };
}

const index: OnnxValue = { name: "index", type: "int64", shape: [] };
const condition: OnnxValue = { name: "go_on", type: "bool", shape: [] };
const goesOn: OnnxValue = { name: "goes_on", type: "bool", shape: [] };

/** How many parts, and how many rows each: parts = ceil(rows / most), size = ceil(rows / parts). */
function partsNodes(input: string): readonly OnnxNode[] {
  return [
    plainNode("Shape", [input], "rows", { start: 0, end: 1 }),
    ...ceilingOfQuotient("rows", "most", "parts_list"),
    ...ceilingOfQuotient("rows", "parts_list", "size"),
    plainNode("Reshape", ["parts_list", "scalar"], "parts"),
    castToFloat("rows", "rows_float"),
  ];
}

/** Int64 division rounds down, so a / b rounded up is (a + b - 1) / b. */
function ceilingOfQuotient(a: string, b: string, result: string): readonly OnnxNode[] {
  return [
    plainNode("Add", [a, b], `${result}_sum`),
    plainNode("Sub", [`${result}_sum`, "one"], `${result}_most`),
    plainNode("Div", [`${result}_most`, b], result),
  ];
}

/** Rows `index · size` up to `(index + 1) · size`, or as far as there are any, and their share. */
function cutNodes(inputs: readonly { readonly from: string; readonly to: string }[]): readonly OnnxNode[] {
  return [
    plainNode("Identity", ["go_on"], "goes_on"),
    plainNode("Mul", ["index", "size"], "start"),
    plainNode("Add", ["start", "size"], "next"),
    plainNode("Min", ["next", "rows"], "end"),
    ...inputs.map(({ from, to }) => plainNode("Slice", [from, "start", "end", "axis"], to)),
    plainNode("Sub", ["end", "start"], "count"),
    castToFloat("count", "count_float"),
    plainNode("Div", ["count_float", "rows_float"], "share_list"),
    plainNode("Reshape", ["share_list", "scalar"], "share"),
  ];
}

function castToFloat(from: string, to: string): OnnxNode {
  return plainNode("Cast", [from], to, { to: 1 });
}

function plainNode(
  operator: string,
  inputs: readonly string[],
  output: string,
  attributes: Readonly<Record<string, number>> = {},
): OnnxNode {
  const entries = Object.entries(attributes).map(([name, value]) => [name, { kind: "int", value }] as const);
  return { operator, inputs, outputs: [output], attributes: Object.fromEntries(entries) };
}

/** Names of a graph that becomes part of another one, apart from those that mean the same in both. */
function renamer(prefix: string, kept: readonly string[]): (name: string) => string {
  const same = new Set(["", ...kept]);
  return (name) => (same.has(name) ? name : `${prefix}/${name}`);
}

function renamed(node: OnnxNode, name: (before: string) => string): OnnxNode {
  return { ...node, inputs: node.inputs.map(name), outputs: node.outputs.map(name) };
}
