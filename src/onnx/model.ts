// model: an ONNX file as plain records. What encode.ts writes and decode.ts reads.
import type { ElementType, NDArray } from "../tensor/array.ts";

/** Texts with a shape: a constant that is looked up, never computed with. */
export interface OnnxTexts {
  readonly type: "string";
  readonly shape: readonly number[];
  readonly texts: readonly string[];
}

/** A named input or output with its element type and sizes; a string size is symbolic. */
export interface OnnxValue {
  readonly name: string;
  readonly type: ElementType | "string" | "uint8";
  readonly shape: readonly (number | string)[];
  /** What a reader of the file should know of it (ONNX doc_string). */
  readonly documentation?: string;
}

/** One attribute of a node (ONNX AttributeProto). */
export type OnnxAttribute =
  | { readonly kind: "int"; readonly value: number }
  | { readonly kind: "float"; readonly value: number }
  | { readonly kind: "string"; readonly value: string }
  | { readonly kind: "ints"; readonly value: readonly number[] }
  | { readonly kind: "floats"; readonly value: readonly number[] }
  | { readonly kind: "strings"; readonly value: readonly string[] }
  | { readonly kind: "tensor"; readonly value: NDArray }
  | { readonly kind: "graph"; readonly value: OnnxGraph };

/** One operator application. An empty input name means "left out". */
export interface OnnxNode {
  readonly operator: string;
  readonly domain?: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: Readonly<Record<string, OnnxAttribute>>;
}

/** A graph in topological order with its constants. */
export interface OnnxGraph {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly constants: readonly { readonly name: string; readonly value: NDArray }[];
  /** Constants that are texts; absent where there are none. */
  readonly texts?: readonly { readonly name: string; readonly value: OnnxTexts }[];
  readonly nodes: readonly OnnxNode[];
}

/** A whole file: the graph, the operator-set version of the default domain, and provenance. */
export interface OnnxModel {
  readonly graph: OnnxGraph;
  readonly opset: number;
  readonly producer: string;
  /** What the file is (ONNX doc_string). */
  readonly documentation?: string;
  readonly metadata: Readonly<Record<string, string>>;
}
