// encode: an ONNX model record as the bytes of an .onnx file.
import { failure } from "../errors.ts";
import { type ElementType, elementBytes, elementCount, type NDArray } from "../tensor/array.ts";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTexts, OnnxValue } from "./model.ts";
import { createWriter, type WireWriter } from "./wire.ts";

/** ONNX's number for each element type (TensorProto.DataType). */
export const elementCodes: Readonly<Record<ElementType, number>> = {
  float32: 1,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
};

/** The same of texts and bytes, which no array holds. */
export const otherCodes = { uint8: 2, string: 8 } as const;

/** ONNX's number for each kind of attribute (AttributeProto.AttributeType). */
export const attributeCodes: Readonly<Record<OnnxAttribute["kind"], number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
};

/** onnxruntime's own operators; the only domain beside the default one that a model may use. */
const microsoftDomain = "com.microsoft";
const microsoftVersion = 1;

/** The first file-format version whose ONNX release knew each operator set, newest first. */
const formatVersions = [
  { opset: 25, version: 13 },
  { opset: 24, version: 12 },
  { opset: 23, version: 11 },
  { opset: 21, version: 10 },
  { opset: 19, version: 9 },
];
const oldestFormat = 8;

/**
 * Writes a model as ONNX bytes. The same record always gives the same bytes, and `decodeModel` gives the record back
 * (float attributes are stored in 32 bits). Throws LocalFlowError("model") for what the format cannot hold.
 */
export function encodeModel(model: OnnxModel): Uint8Array {
  const writer = createWriter();
  const format = formatVersions.find((entry) => model.opset >= entry.opset)?.version ?? oldestFormat;
  writer.integer(1, format);
  writer.text(2, model.producer);
  if (model.documentation !== undefined) writer.text(6, model.documentation);
  writer.message(7, (graph) => writeGraph(graph, model.graph));
  writeOperatorSet(writer, "", model.opset);
  if (usesMicrosoft(model.graph)) writeOperatorSet(writer, microsoftDomain, microsoftVersion);
  for (const [key, value] of Object.entries(model.metadata)) {
    writer.message(14, (entry) => {
      entry.text(1, key);
      entry.text(2, value);
    });
  }
  return writer.finish();
}

function writeOperatorSet(writer: WireWriter, domain: string, version: number): void {
  writer.message(8, (entry) => {
    entry.text(1, domain);
    entry.integer(2, version);
  });
}

function usesMicrosoft(graph: OnnxGraph): boolean {
  return graph.nodes.some(
    (node) =>
      node.domain === microsoftDomain ||
      Object.values(node.attributes).some((attribute) => attribute.kind === "graph" && usesMicrosoft(attribute.value)),
  );
}

function writeGraph(writer: WireWriter, graph: OnnxGraph): void {
  for (const node of graph.nodes) writer.message(1, (inner) => writeNode(inner, node));
  writer.text(2, graph.name);
  for (const { name, value } of graph.constants) writer.message(5, (inner) => writeTensor(inner, value, name));
  for (const { name, value } of graph.texts ?? []) writer.message(5, (inner) => writeTexts(inner, value, name));
  for (const input of graph.inputs) writer.message(11, (inner) => writeValue(inner, input));
  for (const output of graph.outputs) writer.message(12, (inner) => writeValue(inner, output));
}

function writeNode(writer: WireWriter, node: OnnxNode): void {
  for (const name of node.inputs) writer.text(1, name);
  for (const name of node.outputs) writer.text(2, name);
  writer.text(4, node.operator);
  for (const [name, attribute] of Object.entries(node.attributes)) {
    writer.message(5, (inner) => writeAttribute(inner, name, attribute));
  }
  if (node.domain === undefined || node.domain === "") return;
  if (node.domain !== microsoftDomain) {
    throw failure("model", {
      where: `operator ${node.operator}`,
      expected: `the default domain or ${microsoftDomain}`,
      received: JSON.stringify(node.domain),
    });
  }
  writer.text(7, node.domain);
}

function writeAttribute(writer: WireWriter, name: string, attribute: OnnxAttribute): void {
  writer.text(1, name);
  switch (attribute.kind) {
    case "float":
      writer.float(2, attribute.value);
      break;
    case "int":
      writer.integer(3, wholeNumber(name, attribute.value));
      break;
    case "string":
      writer.text(4, attribute.value);
      break;
    case "tensor":
      writer.message(5, (inner) => writeTensor(inner, attribute.value));
      break;
    case "graph":
      writer.message(6, (inner) => writeGraph(inner, attribute.value));
      break;
    case "floats":
      writer.floats(7, attribute.value);
      break;
    case "strings":
      for (const text of attribute.value) writer.text(9, text);
      break;
    case "ints":
      writer.integers(
        8,
        attribute.value.map((value) => wholeNumber(name, value)),
      );
      break;
  }
  writer.integer(20, attributeCodes[attribute.kind]);
}

function wholeNumber(name: string, value: number): number {
  if (Number.isSafeInteger(value)) return value;
  throw failure("model", { where: `attribute ${name}`, expected: "a whole number", received: `${value}` });
}

/** Values go in as raw bytes, little-endian like every machine that runs onnxruntime. */
function writeTensor(writer: WireWriter, { type, shape, data }: NDArray, name?: string): void {
  if (data.length !== elementCount(shape) || data.BYTES_PER_ELEMENT !== elementBytes[type]) {
    throw failure("model", {
      where: `constant ${name ?? "in an attribute"}`,
      expected: `${elementCount(shape)} ${type} values for shape [${shape.join(", ")}]`,
      received: `${data.length} in a ${data.constructor.name}`,
    });
  }
  writer.integers(1, shape);
  writer.integer(2, elementCodes[type]);
  if (name !== undefined) writer.text(8, name);
  writer.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function writeTexts(writer: WireWriter, { shape, texts }: OnnxTexts, name: string): void {
  if (texts.length !== elementCount(shape))
    throw failure("model", {
      where: `constant ${name}`,
      expected: `${elementCount(shape)} texts for shape [${shape.join(", ")}]`,
      received: `${texts.length}`,
    });
  writer.integers(1, shape);
  writer.integer(2, otherCodes.string);
  for (const text of texts) writer.text(6, text);
  writer.text(8, name);
}

function writeValue(writer: WireWriter, { name, type, shape, documentation }: OnnxValue): void {
  writer.text(1, name);
  writer.message(2, (valueType) =>
    valueType.message(1, (tensorType) => {
      tensorType.integer(1, type === "string" || type === "uint8" ? otherCodes[type] : elementCodes[type]);
      tensorType.message(2, (sizes) => {
        for (const size of shape) sizes.message(1, (dimension) => writeSize(dimension, size));
      });
    }),
  );
  if (documentation !== undefined) writer.text(3, documentation);
}

/** An empty name stands for a size that is neither known nor named. */
function writeSize(writer: WireWriter, size: number | string): void {
  if (typeof size === "number") writer.integer(1, size);
  else if (size !== "") writer.text(2, size);
}
