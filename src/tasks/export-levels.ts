// export-levels: 8-bit images and numbers of classes at the ends of a graph of numbers, as ONNX operators: localflow's own graphs have no bytes.
import type { OnnxModel, OnnxValue } from "../onnx/model.ts";
import { renamedValues } from "../onnx/rename.ts";
import { nodeWriter, onnxTypes } from "./export-nodes.ts";

/** What the graph inside calls the numbers of `images`. */
const inside = "images/numbers";

/** The model whose output `images`, numbers about [-1, 1], is their levels: `levelsOfRows`, in double precision as that. */
export function imagesOut(model: OnnxModel): OnnxModel {
  const graph = renamedValues(model.graph, (name) => (name === "images" ? inside : name));
  const write = nodeWriter("images/");
  const doubles = write.apply("Cast", [inside], { to: onnxTypes.float64 });
  const cells = write.apply("Mul", [write.apply("Add", [doubles, write.double(1)]), write.double(128)]);
  const levels = write.apply("Clip", [write.apply("Floor", [cells]), write.double(0), write.double(255)]);
  write.name(write.apply("Cast", [levels], { to: onnxTypes.uint8 }), "images");
  const { nodes, constants } = write.written;
  return {
    ...model,
    graph: {
      ...graph,
      outputs: graph.outputs.map(asBytes),
      constants: [...graph.constants, ...constants],
      nodes: [...graph.nodes, ...nodes],
    },
  };
}

/** The model whose input `images`, levels as float32, takes bytes. */
export function imagesIn(model: OnnxModel): OnnxModel {
  const graph = renamedValues(model.graph, (name) => (name === "images" ? inside : name));
  const toNumbers = castNode("images", inside, onnxTypes.float32);
  return { ...model, graph: { ...graph, inputs: graph.inputs.map(asBytes), nodes: [toNumbers, ...graph.nodes] } };
}

/** The model whose input `classes`, shares of them, takes the number of each row's class, -1 for none. */
export function classesIn(model: OnnxModel, count: number): OnnxModel {
  const shares = "classes/shares";
  const graph = renamedValues(model.graph, (name) => (name === "classes" ? shares : name));
  const write = nodeWriter("classes/");
  const column = write.apply("Unsqueeze", ["classes", write.long([1])]);
  const isOwn = write.apply("Equal", [column, write.long(Array.from({ length: count }, (_, place) => place))]);
  write.name(write.apply("Cast", [isOwn], { to: onnxTypes.float32 }), shares);
  const { nodes, constants } = write.written;
  const asNumbers = (value: OnnxValue): OnnxValue =>
    value.name === shares ? { ...value, name: "classes", type: "int64", shape: ["rows"] } : value;
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(asNumbers),
      constants: [...graph.constants, ...constants],
      nodes: [...nodes, ...graph.nodes],
    },
  };
}

function asBytes(value: OnnxValue): OnnxValue {
  return value.name === inside ? { ...value, name: "images", type: "uint8" } : value;
}

function castNode(from: string, to: string, type: number) {
  const attributes = { to: { kind: "int", value: type } } as const;
  return { operator: "Cast", inputs: [from], outputs: [to], attributes };
}

/** The same file with integers around its bytes, which localflow's engines do not read: `images as int32`. */
export function withIntegers(model: OnnxModel): OnnxModel {
  const { graph } = model;
  const wide = (value: OnnxValue): OnnxValue =>
    value.type === "uint8" ? { ...value, name: wideName(value.name), type: "int32" } : value;
  const bytes = (values: readonly OnnxValue[]) => values.filter(({ type }) => type === "uint8");
  return {
    ...model,
    graph: {
      ...graph,
      inputs: graph.inputs.map(wide),
      outputs: graph.outputs.map(wide),
      nodes: [
        ...bytes(graph.inputs).map(({ name }) => castNode(wideName(name), name, onnxTypes.uint8)),
        ...graph.nodes,
        ...bytes(graph.outputs).map(({ name }) => castNode(name, wideName(name), onnxTypes.int32)),
      ],
    },
  };
}

/** What `withIntegers` calls a value of bytes. */
export function wideName(name: string): string {
  return `${name} as int32`;
}
