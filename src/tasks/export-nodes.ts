// export-nodes: ONNX operators on columns of double numbers, written one by one: what turns points into cells is no network.
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxTexts } from "../onnx/model.ts";
import { integers, type NDArray } from "../tensor/array.ts";

/** Collects operators and their constants; every method gives the name of a value. */
export interface NodeWriter {
  apply(operator: string, inputs: readonly string[], attributes?: Readonly<Record<string, PlainAttribute>>): string;
  /** Doubles; a number alone is a scalar. */
  double(values: number | ArrayLike<number>, shape?: readonly number[]): string;
  /** int64; a number alone is a scalar. */
  long(values: number | readonly number[]): string;
  texts(values: readonly string[]): string;
  /** A name for the value. */
  name(value: string, output: string): void;
  readonly written: Pick<OnnxGraph, "nodes" | "constants"> & { readonly texts: readonly NamedTexts[] };
}

/** A whole number, a text, or a list of either. */
export type PlainAttribute = number | string | readonly number[] | readonly string[];

interface NamedTexts {
  readonly name: string;
  readonly value: OnnxTexts;
}

/** ONNX's numbers of the types that operators are told. */
export const onnxTypes = { float32: 1, uint8: 2, int32: 6, int64: 7, float64: 11 } as const;

/** An empty collection, whose values are called `prefix` and a number. */
export function nodeWriter(prefix: string): NodeWriter {
  const nodes: OnnxNode[] = [];
  const constants: { readonly name: string; readonly value: NDArray }[] = [];
  const texts: NamedTexts[] = [];
  const keep = (value: NDArray): string => {
    const name = `${prefix}constant${constants.length}`;
    constants.push({ name, value });
    return name;
  };
  return {
    apply(operator, inputs, attributes = {}) {
      const output = `${prefix}v${nodes.length}`;
      const entries = Object.entries(attributes).map(([name, value]) => [name, attributeOf(value)] as const);
      nodes.push({ operator, inputs, outputs: [output], attributes: Object.fromEntries(entries) });
      return output;
    },
    double(values, shape) {
      const list = typeof values === "number" ? [values] : values;
      const sizes = shape ?? (typeof values === "number" ? [] : [list.length]);
      return keep({ type: "float64", shape: sizes, data: Float64Array.from(list) });
    },
    long: (values) => keep(typeof values === "number" ? integers([values], []) : integers(values)),
    texts(values) {
      const name = `${prefix}texts${texts.length}`;
      texts.push({ name, value: { type: "string", shape: [values.length], texts: values } });
      return name;
    },
    name: (value, output) => {
      nodes.push({ operator: "Identity", inputs: [value], outputs: [output], attributes: {} });
    },
    written: { nodes, constants, texts },
  };
}

function attributeOf(value: PlainAttribute): OnnxAttribute {
  if (typeof value === "number") return { kind: "int", value };
  if (typeof value === "string") return { kind: "string", value };
  const texts = value.filter((item) => typeof item === "string");
  return texts.length > 0
    ? { kind: "strings", value: texts }
    : { kind: "ints", value: value.filter((item) => typeof item === "number") };
}

/** Edges that a row is compared with at once; more of them are searched in two goes. */
const mostCompared = 128;

/** int64 [rows]: the number of the last of ascending `edges` that is not above the score [rows]; 0 where all are. */
export function lastBelow(write: NodeWriter, edges: ArrayLike<number>, score: string, rows: string): string {
  const count = edges.length;
  if (count < 2) return write.apply("Expand", [write.long(0), rows]);
  if (count <= mostCompared) return countBelow(write, write.double(Array.from(edges).slice(1)), score);
  const width = Math.ceil(Math.sqrt(count));
  const firsts = Array.from({ length: Math.ceil(count / width) }, (_, n) => edges[n * width] ?? Number.NaN);
  return lastBelowIn(write, edges, width, lastBelow(write, firsts, score, rows), score);
}

/** The same inside the run of `width` edges that `run` [rows] names, whose first edge counts as below. */
export function lastBelowIn(
  write: NodeWriter,
  edges: ArrayLike<number>,
  width: number,
  run: string,
  score: string,
): string {
  const runs = Math.ceil(edges.length / width);
  const start = write.apply("Mul", [run, write.long(width)]);
  if (width < 2) return start;
  const table = Float64Array.from({ length: runs * (width - 1) }, (_, k) => {
    const place = Math.floor(k / (width - 1)) * width + (k % (width - 1)) + 1;
    return edges[place] ?? Number.POSITIVE_INFINITY;
  });
  const own = write.apply("Gather", [write.double(table, [runs, width - 1]), run]);
  return write.apply("Add", [start, countBelow(write, own, score)]);
}

/** How many of the edges, a list or one for each row, are not above the score. */
function countBelow(write: NodeWriter, edges: string, score: string): string {
  const column = write.apply("Unsqueeze", [score, write.long([1])]);
  const isBelow = write.apply("LessOrEqual", [edges, column]);
  const ones = write.apply("Cast", [isBelow], { to: onnxTypes.int64 });
  return write.apply("ReduceSum", [ones, write.long([1])], { keepdims: 0 });
}
