// ports: what goes into and comes out of an ONNX file of any operators, read without its numbers. The bytes are not trusted.
import { failure } from "../errors.ts";
import { readValue } from "./decode.ts";
import type { OnnxValue } from "./model.ts";
import { createReader, type WireReader } from "./wire.ts";

export interface ModelPorts {
  /** What must be given: inputs without a value of their own. */
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
}

/**
 * Inputs and outputs of an ONNX file, whatever operators it has. Throws LocalFlowError("model") for damaged bytes, for inputs or
 * outputs that are no tensors of known type, and for a file that wants numbers from other files: an engine would look for them
 * at the place that the file names. `where` names the file in errors.
 */
export function modelPorts(bytes: Uint8Array, where = "model"): ModelPorts {
  const reader = createReader(bytes, where);
  let found: ModelPorts | undefined;
  while (reader.next()) {
    if (reader.field() === 7) found = readGraph(reader.message(), where);
    else if (reader.field() === 25) eachMessage(reader.message(), { 7: (node) => checkNode(node, where) });
    else reader.skip();
  }
  if (found !== undefined) return found;
  throw failure("model", { where, expected: "an ONNX graph", received: "none", remedy: "give an .onnx file" });
}

type Fields = Readonly<Record<number, (message: WireReader) => void>>;

/** Reads the messages in some fields, skipping the others. */
function eachMessage(reader: WireReader, fields: Fields): void {
  while (reader.next()) {
    const read = fields[reader.field()];
    if (read === undefined) reader.skip();
    else read(reader.message());
  }
}

function readGraph(reader: WireReader, where: string): ModelPorts {
  const [inputs, outputs]: [OnnxValue[], OnnxValue[]] = [[], []];
  const known = new Set<string>();
  eachMessage(reader, {
    ...graphChecks(where, (name) => known.add(name)),
    11: (value) => inputs.push(readValue(value, where)),
    12: (value) => outputs.push(readValue(value, where)),
  });
  return { inputs: inputs.filter(({ name }) => !known.has(name)), outputs };
}

/** What may hold numbers in a graph: nodes, constants and sparse constants. */
function graphChecks(where: string, found: (constant: string) => void): Fields {
  const inner = (tensor: WireReader) => void checkTensor(tensor, where);
  return {
    1: (node) => checkNode(node, where),
    5: (tensor) => found(checkTensor(tensor, where)),
    15: (sparse) => eachMessage(sparse, { 1: inner, 2: inner }),
  };
}

/** Tensors and graphs among a node's attributes, one or many. */
function checkNode(reader: WireReader, where: string): void {
  const tensor = (message: WireReader) => void checkTensor(message, where);
  const graph = (message: WireReader) =>
    eachMessage(
      message,
      graphChecks(where, () => undefined),
    );
  eachMessage(reader, { 5: (attribute) => eachMessage(attribute, { 5: tensor, 6: graph, 10: tensor, 11: graph }) });
}

/** The name of a tensor whose numbers are in the file. */
function checkTensor(reader: WireReader, where: string): string {
  let name = "";
  while (reader.next()) {
    const field = reader.field();
    if (field === 13 || (field === 14 && reader.integer() !== 0))
      throw failure("model", {
        where,
        expected: "numbers inside the file",
        received: "numbers in another file",
        remedy: "export it with all weights in one .onnx file",
      });
    if (field === 8) name = reader.text();
    else if (field !== 14) reader.skip();
  }
  return name;
}
