// decode: the bytes of an .onnx file as an ONNX model record. The bytes are not trusted.
import { failure } from "../errors.ts";
import { allocate, type ElementType, elementBytes, elementCount, type NDArray } from "../tensor/array.ts";
import { attributeCodes, elementCodes, otherCodes } from "./encode.ts";
import type { OnnxAttribute, OnnxGraph, OnnxModel, OnnxNode, OnnxTexts, OnnxValue } from "./model.ts";
import { createReader, type WireReader } from "./wire.ts";

const defaultDomain = "ai.onnx";
/** More axes than any operator takes; a longer list is damage. */
const mostAxes = 64;

/**
 * Reads ONNX bytes, ours or another writer's. Unknown fields are skipped; what a model record cannot hold (other element
 * types, model-local functions, sparse or external tensors) throws LocalFlowError("model"), as damaged bytes do.
 * `where` names the file in errors.
 */
export function decodeModel(bytes: Uint8Array, where = "model"): OnnxModel {
  const reader = createReader(bytes, where);
  const metadata: [string, string][] = [];
  let graph: OnnxGraph | undefined;
  let opset: number | undefined;
  let producer = "";
  let documentation: string | undefined;
  while (reader.next()) {
    if (reader.field() === 2) producer = reader.text();
    else if (reader.field() === 6) documentation = reader.text();
    else if (reader.field() === 7) graph = readGraph(reader.message(), where);
    else if (reader.field() === 8) opset = readOperatorSet(reader.message()) ?? opset;
    else if (reader.field() === 14) metadata.push(readEntry(reader.message()));
    else if (reader.field() === 25) throw unsupported(where, "a model without functions of its own");
    else reader.skip();
  }
  if (graph === undefined || opset === undefined)
    throw unsupported(where, "an ONNX graph and its operator-set version");
  const described = documentation === undefined ? {} : { documentation };
  return { graph, opset, producer, ...described, metadata: Object.fromEntries(metadata) };
}

function unsupported(where: string, expected: string, received?: string): Error {
  const remedy = "export it again within what localflow reads";
  return failure("model", { where, expected, ...(received === undefined ? {} : { received }), remedy });
}

/** The version, where the entry is about the default domain. */
function readOperatorSet(reader: WireReader): number | undefined {
  let domain = "";
  let version = 0;
  while (reader.next()) {
    if (reader.field() === 1) domain = reader.text();
    else if (reader.field() === 2) version = reader.integer();
    else reader.skip();
  }
  return domain === "" || domain === defaultDomain ? version : undefined;
}

function readEntry(reader: WireReader): [string, string] {
  const entry: [string, string] = ["", ""];
  while (reader.next()) {
    if (reader.field() === 1) entry[0] = reader.text();
    else if (reader.field() === 2) entry[1] = reader.text();
    else reader.skip();
  }
  return entry;
}

function readGraph(reader: WireReader, where: string): OnnxGraph {
  const nodes: OnnxNode[] = [];
  const constants: { name: string; value: NDArray }[] = [];
  const texts: { name: string; value: OnnxTexts }[] = [];
  const inputs: OnnxValue[] = [];
  const outputs: OnnxValue[] = [];
  let name = "";
  while (reader.next()) {
    if (reader.field() === 1) nodes.push(readNode(reader.message(), where));
    else if (reader.field() === 2) name = reader.text();
    else if (reader.field() === 5) {
      const { name: constant, value } = readTensor(reader.message(), where);
      if (value.type === "string") texts.push({ name: constant, value });
      else constants.push({ name: constant, value });
    } else if (reader.field() === 11) inputs.push(readValue(reader.message(), where));
    else if (reader.field() === 12) outputs.push(readValue(reader.message(), where));
    else if (reader.field() === 15) throw unsupported(where, "dense constants", "sparse ones");
    else reader.skip();
  }
  return { name, inputs, outputs, constants, ...(texts.length > 0 && { texts }), nodes };
}

function readNode(reader: WireReader, where: string): OnnxNode {
  const inputs: string[] = [];
  const outputs: string[] = [];
  const attributes: [string, OnnxAttribute][] = [];
  let operator = "";
  let domain = "";
  while (reader.next()) {
    if (reader.field() === 1) inputs.push(reader.text());
    else if (reader.field() === 2) outputs.push(reader.text());
    else if (reader.field() === 4) operator = reader.text();
    else if (reader.field() === 5) attributes.push(readAttribute(reader.message(), where));
    else if (reader.field() === 7) domain = reader.text();
    else reader.skip();
  }
  const standard = domain === "" || domain === defaultDomain;
  return { operator, ...(standard ? {} : { domain }), inputs, outputs, attributes: Object.fromEntries(attributes) };
}

/** Fields of an attribute as they come; which one counts is said by its type, read last. */
interface AttributeParts {
  name: string;
  type: number;
  int: number;
  float: number;
  string: string;
  readonly ints: number[];
  readonly floats: number[];
  readonly strings: string[];
  tensor?: NDArray;
  graph?: OnnxGraph;
}

function readAttribute(reader: WireReader, where: string): [string, OnnxAttribute] {
  const parts: AttributeParts = { name: "", type: 0, int: 0, float: 0, string: "", ints: [], floats: [], strings: [] };
  while (reader.next()) {
    if (reader.field() === 1) parts.name = reader.text();
    else if (reader.field() === 2) parts.float = reader.float();
    else if (reader.field() === 3) parts.int = reader.integer();
    else if (reader.field() === 4) parts.string = reader.text();
    else if (reader.field() === 5) parts.tensor = numbersOf(readTensor(reader.message(), where).value, where);
    else if (reader.field() === 6) parts.graph = readGraph(reader.message(), where);
    else if (reader.field() === 7) appendAll(parts.floats, floatsIn(reader.fixed(4)));
    else if (reader.field() === 8) appendAll(parts.ints, reader.integers());
    else if (reader.field() === 9) parts.strings.push(reader.text());
    else if (reader.field() === 20) parts.type = reader.integer();
    else reader.skip();
  }
  return [parts.name, attributeOf(parts, where)];
}

function numbersOf(value: NDArray | OnnxTexts, where: string): NDArray {
  if (value.type !== "string") return value;
  throw unsupported(`${where} attribute`, `elements of type ${Object.keys(elementCodes).join(", ")}`, "texts");
}

function attributeOf(parts: AttributeParts, where: string): OnnxAttribute {
  const { tensor, graph } = parts;
  switch (parts.type) {
    case attributeCodes.int:
      return { kind: "int", value: parts.int };
    case attributeCodes.float:
      return { kind: "float", value: parts.float };
    case attributeCodes.string:
      return { kind: "string", value: parts.string };
    case attributeCodes.ints:
      return { kind: "ints", value: parts.ints };
    case attributeCodes.floats:
      return { kind: "floats", value: parts.floats };
    case attributeCodes.strings:
      return { kind: "strings", value: parts.strings };
  }
  if (parts.type === attributeCodes.tensor && tensor !== undefined) return { kind: "tensor", value: tensor };
  if (parts.type === attributeCodes.graph && graph !== undefined) return { kind: "graph", value: graph };
  const expected = `one of ${Object.keys(attributeCodes).join(", ")}`;
  throw unsupported(`${where} attribute ${parts.name}`, expected, `type ${parts.type}`);
}

/** Where a tensor's values may lie: little-endian bytes of any type, or a field for some types only. */
type Storage = "raw" | "float32" | "float64" | "integers";

interface TensorParts {
  name: string;
  code: number;
  readonly shape: number[];
  readonly pieces: { readonly storage: Storage; readonly data: Uint8Array | BigInt64Array }[];
  readonly texts: string[];
}

function readTensor(reader: WireReader, where: string): { name: string; value: NDArray | OnnxTexts } {
  const parts: TensorParts = { name: "", code: 0, shape: [], pieces: [], texts: [] };
  while (reader.next()) {
    const field = reader.field();
    if (field === 1) appendAll(parts.shape, reader.integers());
    else if (field === 2) parts.code = reader.integer();
    else if (field === 4) parts.pieces.push({ storage: "float32", data: reader.fixed(4) });
    else if (field === 5 || field === 7) parts.pieces.push({ storage: "integers", data: reader.longs() });
    else if (field === 6) parts.texts.push(reader.text());
    else if (field === 8) parts.name = reader.text();
    else if (field === 9) parts.pieces.push({ storage: "raw", data: reader.bytes() });
    else if (field === 10) parts.pieces.push({ storage: "float64", data: reader.fixed(8) });
    else if (field === 13) throw unsupported(where, "values inside the file", "values in another file");
    else reader.skip();
  }
  const place = `${where} constant ${parts.name}`;
  return { name: parts.name, value: parts.code === otherCodes.string ? textsOf(parts, place) : arrayOf(parts, place) };
}

function textsOf({ shape, texts, pieces }: TensorParts, where: string): OnnxTexts {
  checkSizes(shape, where);
  const count = elementCount(shape);
  if (texts.length !== count || pieces.length > 0)
    throw unsupported(where, `${count} texts for shape [${shape.join(", ")}]`, `${texts.length}`);
  return { type: "string", shape, texts };
}

function arrayOf({ code, shape, pieces }: TensorParts, where: string): NDArray {
  const type = elementTypeOf(code, where);
  checkSizes(shape, where);
  const storage = pieces[0]?.storage ?? "raw";
  const whole = type === "int64" || type === "int32" || type === "bool";
  if (
    pieces.some((piece) => piece.storage !== storage) ||
    (storage === "integers" ? !whole : storage !== "raw" && storage !== type)
  ) {
    throw unsupported(where, `${type} values in one field made for them`);
  }
  const unit = storage === "integers" ? 1 : elementBytes[type];
  const found = pieces.reduce((total, { data }) => total + data.length, 0) / unit;
  const count = elementCount(shape);
  if (found !== count) throw unsupported(where, `${count} values for shape [${shape.join(", ")}]`, `${found}`);
  const data = allocate(type, count);
  const bytes = new Uint8Array(data.buffer);
  let offset = 0;
  for (const piece of pieces) {
    const values = piece.data instanceof BigInt64Array ? narrowed(type, piece.data) : piece.data;
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), offset);
    offset += values.byteLength;
  }
  if (type === "bool") for (let index = 0; index < bytes.length; index++) bytes[index] = bytes[index] === 0 ? 0 : 1;
  return { type, shape, data };
}

/** 64-bit integers as the type they are kept in; int32 and bool values are written as 64-bit ones too. */
function narrowed(type: ElementType, values: BigInt64Array): BigInt64Array | Int32Array | Uint8Array {
  if (type === "int64") return values;
  return type === "int32"
    ? Int32Array.from(values, Number)
    : Uint8Array.from(values, (value) => (value === 0n ? 0 : 1));
}

function elementTypeOf(code: number, where: string): ElementType {
  const types = Object.keys(elementCodes) as ElementType[];
  const type = types.find((name) => elementCodes[name] === code);
  if (type === undefined) throw unsupported(where, `elements of type ${types.join(", ")}`, `ONNX type ${code}`);
  return type;
}

function checkSizes(shape: readonly (number | string)[], where: string): void {
  if (shape.length > mostAxes) throw unsupported(where, `at most ${mostAxes} axes`, `${shape.length}`);
  const negative = shape.find((size) => typeof size === "number" && size < 0);
  if (negative !== undefined) throw unsupported(where, "sizes of 0 or more", `${negative}`);
}

/** Copied, because the bytes may lie at any offset. */
function floatsIn(bytes: Uint8Array): Float32Array {
  return new Float32Array(bytes.slice().buffer);
}

function appendAll(into: number[], values: Iterable<number>): void {
  for (const value of values) into.push(value);
}

/** A named input or output (ValueInfoProto). */
export function readValue(reader: WireReader, where: string): OnnxValue {
  let name = "";
  let form: TensorForm | undefined;
  let documentation: string | undefined;
  while (reader.next()) {
    if (reader.field() === 1) name = reader.text();
    else if (reader.field() === 2) form = readForm(reader.message());
    else if (reader.field() === 3) documentation = reader.text();
    else reader.skip();
  }
  const place = `${where} value ${name}`;
  if (form?.shape === undefined) throw unsupported(place, "a tensor of known element type and rank");
  checkSizes(form.shape, place);
  const described = documentation === undefined ? {} : { documentation };
  return { name, type: valueTypeOf(form.code, place), shape: form.shape, ...described };
}

function valueTypeOf(code: number, where: string): OnnxValue["type"] {
  if (code === otherCodes.string) return "string";
  return code === otherCodes.uint8 ? "uint8" : elementTypeOf(code, where);
}

interface TensorForm {
  readonly code: number;
  readonly shape?: readonly (number | string)[];
}

/** TypeProto: only its tensor alternative is read. */
function readForm(reader: WireReader): TensorForm | undefined {
  let form: TensorForm | undefined;
  while (reader.next()) {
    if (reader.field() === 1) form = readTensorForm(reader.message());
    else reader.skip();
  }
  return form;
}

function readTensorForm(reader: WireReader): TensorForm {
  let code = 0;
  let shape: (number | string)[] | undefined;
  while (reader.next()) {
    if (reader.field() === 1) code = reader.integer();
    else if (reader.field() === 2) shape = readShape(reader.message());
    else reader.skip();
  }
  return shape === undefined ? { code } : { code, shape };
}

function readShape(reader: WireReader): (number | string)[] {
  const shape: (number | string)[] = [];
  while (reader.next()) {
    if (reader.field() === 1) shape.push(readSize(reader.message()));
    else reader.skip();
  }
  return shape;
}

/** A size that is neither known nor named reads as the empty name. */
function readSize(reader: WireReader): number | string {
  let size: number | string = "";
  while (reader.next()) {
    if (reader.field() === 1) size = reader.integer();
    else if (reader.field() === 2) size = reader.text();
    else reader.skip();
  }
  return size;
}
