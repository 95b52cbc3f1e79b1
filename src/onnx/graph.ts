// graph: a symbolic computation written as an ONNX model.
import { failure, invariant } from "../errors.ts";
import type { NDArray } from "../tensor/array.ts";
import { topologicalOrder } from "../tensor/graph.ts";
import { formatShape } from "../tensor/shape.ts";
import { simplify } from "../tensor/simplify.ts";
import type { EmittedAttribute, Emitter, Tensor } from "../tensor/tensor.ts";
import type { OnnxAttribute, OnnxModel, OnnxNode, OnnxValue } from "./model.ts";

/** The default operator set: the newest that common tools read; ReduceSum, Expand and friends are stable in it. */
export const defaultOpset = 17;

export interface NamedTensor {
  readonly name: string;
  readonly tensor: Tensor;
}

/**
 * The simplified ONNX model that computes the outputs from the inputs. Throws when an output needs an input not listed or
 * when a name occurs twice.
 */
export function toOnnx(
  inputs: readonly NamedTensor[],
  outputs: readonly NamedTensor[],
  options: {
    readonly name?: string;
    readonly opset?: number;
    readonly metadata?: Readonly<Record<string, string>>;
  } = {},
): OnnxModel {
  const { name = "localflow", opset = defaultOpset, metadata = {} } = options;
  const taken = checkedNames(name, [...inputs, ...outputs]);
  const simplified = simplify(outputs.map((output) => output.tensor));
  const names = new Map<Tensor, string>(inputs.map((input) => [input.tensor, input.name]));
  const { emitter, nodes, constants } = collector(taken);
  for (const node of topologicalOrder(simplified)) {
    if (names.has(node)) continue;
    if (node.operator.name === "input")
      throw failure("shape", {
        where: `program ${name}`,
        expected: "every input to be listed",
        received: `an unlisted input ${formatShape(node.shape)}`,
      });
    names.set(
      node,
      node.operator.onnx(
        emitter,
        node.inputs.map((input) => nameOf(names, input)),
        node,
      ),
    );
  }
  const renamed = new Map<string, string>();
  outputs.forEach((output, i) => {
    const node = simplified[i];
    invariant(node !== undefined, "simplify keeps every output");
    const source = nameOf(names, node);
    // The node that makes the value writes straight into the output, unless it is an input, a constant or an output already.
    const isMade = nodes.some((made) => made.outputs.includes(source));
    if (isMade && !renamed.has(source)) renamed.set(source, output.name);
    else nodes.push({ operator: "Identity", inputs: [source], outputs: [output.name], attributes: {} });
  });
  const final = (value: string) => renamed.get(value) ?? value;
  const written = nodes.map((node) => ({ ...node, inputs: node.inputs.map(final), outputs: node.outputs.map(final) }));
  const graph = { name, inputs: inputs.map(portOf), outputs: outputs.map(portOf), constants, nodes: written };
  return { graph, opset, producer: "localflow", metadata };
}

function nameOf(names: ReadonlyMap<Tensor, string>, node: Tensor): string {
  const name = names.get(node);
  invariant(name !== undefined, `${node.operator.name} is written after its inputs`);
  return name;
}

/** An input or output as the file lists it. */
export function portOf({ name, tensor }: NamedTensor): OnnxValue {
  return { name, type: tensor.type, shape: tensor.shape };
}

function checkedNames(program: string, values: readonly NamedTensor[]): ReadonlySet<string> {
  const taken = new Set<string>();
  for (const { name } of values) {
    if (taken.has(name))
      throw failure("model", {
        where: `program ${program}`,
        expected: "inputs and outputs of different names",
        received: `${name} twice`,
      });
    taken.add(name);
  }
  return taken;
}

/** Collects nodes and constants under names of their own. */
function collector(taken: ReadonlySet<string>) {
  const nodes: OnnxNode[] = [];
  const constants: { name: string; value: NDArray }[] = [];
  const known = new Map<NDArray | string, string>();
  const free = (name: string): string => (taken.has(name) ? free(`${name}_`) : name);
  const emitter: Emitter = {
    node: (operator, inputs, attributes = {}) => {
      const name = free(`v${nodes.length}`);
      const entries = Object.entries(attributes).map(([key, value]) => [key, toAttribute(value)] as const);
      nodes.push({ operator, inputs, outputs: [name], attributes: Object.fromEntries(entries) });
      return name;
    },
    constant: (value) => {
      const key =
        value.data.length <= 8
          ? `${value.type} ${formatShape(value.shape)} ${Array.from(value.data, numeral).join(" ")}`
          : value;
      const name = known.get(key) ?? free(`c${constants.length}`);
      if (!known.has(key)) constants.push({ name, value });
      known.set(key, name);
      return name;
    },
  };
  return { emitter, nodes, constants };
}

/** Tells -0 from 0. */
function numeral(value: number | bigint): string {
  return Object.is(value, -0) ? "-0" : String(value);
}

function toAttribute(value: EmittedAttribute): OnnxAttribute {
  if (typeof value === "number") return { kind: "int", value };
  if (typeof value === "string") return { kind: "string", value };
  if ("float" in value) return { kind: "float", value: value.float };
  if ("data" in value) return { kind: "tensor", value };
  return { kind: "ints", value };
}
