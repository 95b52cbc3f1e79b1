// rename: the values of a graph under other names, in the graphs inside it too.
import type { OnnxAttribute, OnnxGraph, OnnxValue } from "./model.ts";

/** The graph with every value called `name` of what it was called; an empty name, "left out", stays. */
export function renamedValues(graph: OnnxGraph, name: (before: string) => string): OnnxGraph {
  const other = (before: string): string => (before === "" ? before : name(before));
  const named = <T extends { readonly name: string }>(item: T): T => ({ ...item, name: other(item.name) });
  const inside = (attribute: OnnxAttribute): OnnxAttribute =>
    attribute.kind === "graph" ? { ...attribute, value: renamedValues(attribute.value, name) } : attribute;
  return {
    ...graph,
    inputs: graph.inputs.map(named<OnnxValue>),
    outputs: graph.outputs.map(named<OnnxValue>),
    constants: graph.constants.map(named),
    ...(graph.texts && { texts: graph.texts.map(named) }),
    nodes: graph.nodes.map((node) => ({
      ...node,
      inputs: node.inputs.map(other),
      outputs: node.outputs.map(other),
      attributes: Object.fromEntries(Object.entries(node.attributes).map(([key, value]) => [key, inside(value)])),
    })),
  };
}
