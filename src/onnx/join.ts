// join: computations that run one after another, each once or in a loop, as one ONNX model whose weights are stored once.
import { invariant } from "../errors.ts";
import { integers, type NDArray } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import { defaultOpset, toOnnx } from "./graph.ts";
import type { OnnxModel, OnnxNode, OnnxValue } from "./model.ts";

/** A stretch of a longer computation: its outputs, in order, are what the next piece's inputs receive. */
export interface Piece {
  /** Of its values in the file; different for every piece. */
  readonly name: string;
  readonly inputs: readonly Tensor[];
  readonly outputs: readonly Tensor[];
  /** Runs the piece `times` times on its own outputs; `index` (int64, a scalar) is the number of the run, from 0. */
  readonly loop?: { readonly times: number; readonly index: Tensor };
}

/** An input or output of the whole: its name and what a reader of the file should know of it. */
export interface Port {
  readonly name: string;
  readonly documentation: string;
}

/** A whole file around its pieces. */
export interface JoinOptions {
  readonly name: string;
  readonly documentation: string;
  readonly metadata: Readonly<Record<string, string>>;
  readonly inputs: readonly Port[];
  readonly outputs: readonly Port[];
}

/** One model that runs the pieces in order. Arrays that several pieces share are stored once. */
export function joinPieces(pieces: readonly Piece[], options: JoinOptions): OnnxModel {
  const store = constantStore();
  const nodes: OnnxNode[] = [];
  let current = options.inputs.map((port) => port.name);
  pieces.forEach((piece, n) => {
    const last = n === pieces.length - 1;
    const results = piece.outputs.map((_, i) => (last ? portName(options.outputs, i) : `${piece.name}/result${i}`));
    nodes.push(
      ...(piece.loop ? [loopNode(piece, current, results, store)] : plainNodes(piece, current, results, store)),
    );
    current = results;
  });
  const inputs = (pieces[0]?.inputs ?? []).map((tensor, i) => portValue(tensor, options.inputs[i]));
  const outputs = (pieces.at(-1)?.outputs ?? []).map((tensor, i) => portValue(tensor, options.outputs[i]));
  const graph = { name: options.name, inputs, outputs, constants: store.constants, nodes };
  const { documentation, metadata } = options;
  return { graph, opset: defaultOpset, producer: "localflow", documentation, metadata };
}

/** Operators that a piece takes when its loop, if it has one, is written out. */
export function countOperators(piece: Piece): number {
  return (piece.loop?.times ?? 1) * graphOf(piece).nodes.length;
}

type ConstantStore = ReturnType<typeof constantStore>;

function constantStore() {
  const constants: { readonly name: string; readonly value: NDArray }[] = [];
  const known = new Map<NDArray, string>();
  return {
    constants,
    nameOf(value: NDArray): string {
      const name = known.get(value) ?? `constant${constants.length}`;
      if (!known.has(value)) constants.push({ name, value });
      known.set(value, name);
      return name;
    },
  };
}

const inputName = (i: number) => `in${i}`;
const outputName = (i: number) => `out${i}`;

/** A piece alone: inputs index (of a loop), in0, in1, …; outputs out0, out1, … */
function graphOf({ name, inputs, outputs, loop }: Piece) {
  const index = loop ? [{ name: "index", tensor: loop.index }] : [];
  const named = [...index, ...inputs.map((tensor, i) => ({ name: inputName(i), tensor }))];
  return toOnnx(
    named,
    outputs.map((tensor, i) => ({ name: outputName(i), tensor })),
    { name },
  ).graph;
}

/** The nodes of a piece with names of their own; `outside` says which values have names already. */
function renamedNodes(piece: Piece, store: ConstantStore, outside: ReadonlyMap<string, string>): readonly OnnxNode[] {
  const { nodes, constants } = graphOf(piece);
  const names = new Map([...constants.map(({ name, value }) => [name, store.nameOf(value)] as const), ...outside]);
  const rename = (name: string) => (name === "" ? name : (names.get(name) ?? `${piece.name}/${name}`));
  return nodes.map((node) => ({ ...node, inputs: node.inputs.map(rename), outputs: node.outputs.map(rename) }));
}

function plainNodes(
  piece: Piece,
  starts: readonly string[],
  results: readonly string[],
  store: ConstantStore,
): readonly OnnxNode[] {
  const ins = starts.map((name, i) => [inputName(i), name] as const);
  const outs = results.map((name, i) => [outputName(i), name] as const);
  return renamedNodes(piece, store, new Map([...ins, ...outs]));
}

/** ONNX's Loop for a fixed number of runs. Its body reads the constants of the graph around it. */
function loopNode(piece: Piece, starts: readonly string[], results: readonly string[], store: ConstantStore): OnnxNode {
  const { name, inputs, outputs, loop } = piece;
  invariant(loop !== undefined, "a piece that runs in a loop");
  const [goOn, goesOn] = [`${name}/go_on`, `${name}/goes_on`];
  const body = renamedNodes(piece, store, new Map());
  const keepOn: OnnxNode = { operator: "Identity", inputs: [goOn], outputs: [goesOn], attributes: {} };
  const state = (tensors: readonly Tensor[], nameAt: (i: number) => string): readonly OnnxValue[] =>
    tensors.map(({ type, shape }, i) => ({ name: `${name}/${nameAt(i)}`, type, shape }));
  const graph = {
    name: `${name}/step`,
    inputs: [
      { name: `${name}/index`, type: "int64", shape: [] } as const,
      { name: goOn, type: "bool", shape: [] } as const,
      ...state(inputs, inputName),
    ],
    outputs: [{ name: goesOn, type: "bool", shape: [] } as const, ...state(outputs, outputName)],
    constants: [],
    nodes: [keepOn, ...body],
  };
  const times = store.nameOf({ ...integers([loop.times]), shape: [] });
  return {
    operator: "Loop",
    inputs: [times, "", ...starts],
    outputs: results,
    attributes: { body: { kind: "graph", value: graph } },
  };
}

function portName(ports: readonly Port[], i: number): string {
  const port = ports[i];
  invariant(port !== undefined, "a name for every output");
  return port.name;
}

function portValue({ type, shape }: Tensor, port: Port | undefined): OnnxValue {
  invariant(port !== undefined, "a name for every input and output");
  return { ...port, type, shape };
}
