// tensor: a node of a symbolic computation. Nothing is computed here; compile (runtime) writes the graph as ONNX and runs it.
import { failure } from "../errors.ts";
import { type ElementType, floats, type NDArray } from "./array.ts";
import { formatShape, type Shape } from "./shape.ts";

/** What a value will be, known when the graph is built. */
export interface Signature {
  readonly shape: Shape;
  readonly type: ElementType;
}

/** A symbolic value: the application of an operator to other tensors, an input of the program, or a constant. */
export interface Tensor extends Signature {
  readonly operator: Operator;
  readonly inputs: readonly Tensor[];
}

/** A tensor or a number that becomes a float32 scalar. */
export type TensorLike = Tensor | number;

/** Values of attributes, as they appear in the key that tells two nodes apart. */
export type Attribute = number | string | boolean | readonly (number | string)[];

/**
 * One operator applied with its attributes: everything the engine knows about it in one record.
 * A rule that is absent means the derivative is zero (a comparison, a size).
 */
export interface Operator {
  readonly name: string;
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** Shape rule; throws when the inputs do not fit. */
  shape(inputs: readonly Tensor[]): Signature;
  /** Reverse mode: from the gradient of the output to a gradient for each input (undefined: none). */
  reverse?(context: ReverseContext): readonly (Tensor | undefined)[];
  /**
   * Forward mode: from the tangents of the inputs to the tangent of the output. A tangent may be wider than its value
   * along axes where the value has size 1, so several directions can travel through one program.
   */
  forward?(context: ForwardContext): Tensor | undefined;
  /** ONNX form: emits nodes and returns the name of the result. */
  onnx(emitter: Emitter, inputs: readonly string[], node: Tensor): string;
}

export interface ReverseContext {
  readonly gradient: Tensor;
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
  /** Which inputs' gradients are asked for; the others may be left undefined. */
  readonly needed: readonly boolean[];
}

export interface ForwardContext {
  readonly tangents: readonly (Tensor | undefined)[];
  readonly inputs: readonly Tensor[];
  readonly output: Tensor;
}

/** Attribute values as ONNX knows them. */
export type EmittedAttribute = number | { readonly float: number } | readonly number[] | string | NDArray;

/** What an operator's ONNX form writes to. */
export interface Emitter {
  node(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, EmittedAttribute>>): string;
  constant(value: NDArray): string;
}

/** Applies an operator after checking shapes. */
export function apply(operator: Operator, inputs: readonly Tensor[]): Tensor {
  return { operator, inputs, ...operator.shape(inputs) };
}

/** An input of the program. A size is a number, or a name that stands for any number at run time: `["rows", 3]`. */
export function placeholder(shape: Shape, type: ElementType = "float32"): Tensor {
  return apply({ name: "input", attributes: {}, shape: () => ({ shape, type }), onnx: unreachable("input") }, []);
}

/** Numbers inside the program; large ones become constants of the ONNX file. */
export interface Constant extends Tensor {
  readonly value: NDArray;
}

/** A value known when the graph is built; a number becomes a float32 scalar. */
export function constant(value: NDArray | number): Constant {
  const array = typeof value === "number" ? floats([value], []) : value;
  const operator: Operator = {
    name: "constant",
    attributes: {},
    shape: () => ({ shape: array.shape, type: array.type }),
    onnx: (emitter) => emitter.constant(array),
  };
  return { ...apply(operator, []), value: array };
}

export function isConstant(tensor: Tensor): tensor is Constant {
  return tensor.operator.name === "constant";
}

/** The value of a constant scalar, or undefined. */
export function scalarValue(tensor: Tensor): number | undefined {
  if (!isConstant(tensor) || tensor.shape.length > 0 || tensor.type !== "float32") return undefined;
  return Number(tensor.value.data[0]);
}

/** Numbers become float32 scalars. */
export function toTensor(value: TensorLike): Tensor {
  return typeof value === "number" ? constant(value) : value;
}

/** Throws unless every tensor is float32. */
export function expectFloats(where: string, tensors: readonly Tensor[]): void {
  for (const tensor of tensors)
    if (tensor.type !== "float32")
      throw failure("shape", { where, expected: "float32", received: `${tensor.type} ${formatShape(tensor.shape)}` });
}

function unreachable(name: string): () => never {
  return () => {
    throw new Error(`localflow internal error: ${name} has no ONNX form`);
  };
}
