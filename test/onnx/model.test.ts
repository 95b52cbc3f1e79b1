// model: an ONNX model survives writing and reading, other writers' files are read, damaged ones are refused.
import { describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { OnnxGraph, OnnxModel } from "../../src/onnx/model.ts";
import { createReader, createWriter, type WireWriter } from "../../src/onnx/wire.ts";
import { floats, integers, type NDArray } from "../../src/tensor/array.ts";

const tensors: Record<string, NDArray> = {
  floats: floats([0, -0, 1.5, Number.NaN, Number.POSITIVE_INFINITY, 1e-40], [2, 3]),
  doubles: { type: "float64", shape: [2], data: Float64Array.of(Math.PI, -1e300) },
  longs: { type: "int64", shape: [3], data: BigInt64Array.of(-1n, 2n ** 63n - 1n, -(2n ** 63n)) },
  ints: { type: "int32", shape: [2, 1], data: Int32Array.of(-7, 2 ** 31 - 1) },
  flags: { type: "bool", shape: [2], data: Uint8Array.of(0, 1) },
  scalar: floats([3], []),
  empty: floats([], [0, 4]),
};

const inner: OnnxGraph = {
  name: "inner",
  inputs: [{ name: "i", type: "int64", shape: [] }],
  outputs: [{ name: "o", type: "bool", shape: ["rows", "", 3] }],
  constants: [{ name: "k", value: integers([-1, 2]) }],
  nodes: [{ operator: "FusedGemm", domain: "com.microsoft", inputs: ["i", "", "k"], outputs: ["o"], attributes: {} }],
};

const model: OnnxModel = {
  graph: {
    name: "everything ∫",
    inputs: [
      { name: "x", type: "float32", shape: ["batch", 6] },
      { name: "y", type: "float64", shape: [0] },
    ],
    outputs: [{ name: "z", type: "int32", shape: ["batch"] }],
    constants: Object.entries(tensors).map(([name, value]) => ({ name, value })),
    nodes: [
      {
        operator: "Anything",
        inputs: ["x", "", "floats"],
        outputs: ["a", "b"],
        attributes: {
          int: { kind: "int", value: -(2 ** 53) + 1 },
          zero: { kind: "int", value: 0 },
          float: { kind: "float", value: Math.fround(0.1) },
          string: { kind: "string", value: "\uFEFFnaïve ∇" },
          nothing: { kind: "string", value: "" },
          ints: { kind: "ints", value: [0, -1, 2 ** 40] },
          noInts: { kind: "ints", value: [] },
          floats: { kind: "floats", value: [0.5, -0.25] },
          noFloats: { kind: "floats", value: [] },
          tensor: { kind: "tensor", value: floats([1, 2], [2, 1]) },
          graph: { kind: "graph", value: inner },
          ["__proto__"]: { kind: "int", value: 1 },
        },
      },
    ],
  },
  opset: 17,
  producer: "localflow",
  metadata: { "localflow.kind": "test", empty: "" },
};

/** A model whose only constant was written by `fill`. */
function withConstant(fill: (tensor: WireWriter) => void): Uint8Array {
  const writer = createWriter();
  writer.message(8, (entry) => entry.integer(2, 17));
  writer.message(7, (graph) => graph.message(5, fill));
  return writer.finish();
}

function constantOf(fill: (tensor: WireWriter) => void): NDArray | undefined {
  return decodeModel(withConstant(fill)).graph.constants[0]?.value;
}

describe("an ONNX model", () => {
  it("is the same after writing and reading", () => {
    expect(decodeModel(encodeModel(model))).toStrictEqual(model);
  });

  it("always gives the same bytes", () => {
    expect(encodeModel(decodeModel(encodeModel(model)))).toEqual(encodeModel(model));
  });

  it("imports onnxruntime's own operators only where a node, even a nested one, uses them", () => {
    const domains = (bytes: Uint8Array): string[] => {
      const found: string[] = [];
      const reader = createReader(bytes, "test");
      while (reader.next()) {
        if (reader.field() !== 8) reader.skip();
        else {
          const entry = reader.message();
          entry.next();
          found.push(entry.text());
        }
      }
      return found;
    };
    const plain = { ...model, graph: { ...model.graph, nodes: [] } };
    expect(domains(encodeModel(plain))).toEqual([""]);
    expect(domains(encodeModel(model))).toEqual(["", "com.microsoft"]);
  });

  it("refuses to write what the file cannot hold", () => {
    const node = { operator: "A", inputs: [], outputs: [], attributes: {} };
    const graphs: Partial<OnnxGraph>[] = [
      { nodes: [{ ...node, domain: "ai.onnx.ml" }] },
      { nodes: [{ ...node, attributes: { axis: { kind: "int", value: 0.5 } } }] },
      { constants: [{ name: "short", value: { type: "float32", shape: [3], data: new Float32Array(2) } }] },
    ];
    for (const graph of graphs) {
      expect(() => encodeModel({ ...model, graph: { ...model.graph, ...graph } })).toThrow(LocalFlowError);
    }
  });

  it("writes and reads 40 MB of weights in well under a second", () => {
    const value = floats(new Float32Array(10_000_000).fill(0.5));
    const start = performance.now();
    const bytes = encodeModel({ ...model, graph: { ...model.graph, constants: [{ name: "w", value }] } });
    const read = decodeModel(bytes);
    expect(performance.now() - start).toBeLessThan(1000);
    expect(read.graph.constants[0]?.value.data.at(-1)).toBe(0.5);
  });
});

describe("a file of another writer", () => {
  it("may keep constants in the typed fields, packed or not", () => {
    const written: [NDArray, (tensor: WireWriter) => void][] = [
      [
        floats([1, -2], [2]),
        (tensor) => {
          tensor.integer(1, 2);
          tensor.integer(2, 1);
          tensor.floats(4, [1, -2]);
        },
      ],
      [
        floats([1, -2], [1, 2]),
        (tensor) => {
          tensor.integer(1, 1);
          tensor.integer(1, 2);
          tensor.float(4, 1);
          tensor.float(4, -2);
          tensor.integer(2, 1);
        },
      ],
      [
        { type: "int64", shape: [3], data: BigInt64Array.of(-1n, 2n ** 62n, 0n) },
        (tensor) => {
          tensor.integers(1, [3]);
          tensor.integer(2, 7);
          tensor.integers(7, [-1n, 2n ** 62n]);
          tensor.integer(7, 0n);
        },
      ],
      [
        { type: "int32", shape: [], data: Int32Array.of(-5) },
        (tensor) => {
          tensor.integer(2, 6);
          tensor.integers(5, [-5]);
        },
      ],
      [
        { type: "bool", shape: [2], data: Uint8Array.of(1, 0) },
        (tensor) => {
          tensor.integers(1, [2]);
          tensor.integer(2, 9);
          tensor.integers(5, [1, 0]);
        },
      ],
      [
        { type: "float64", shape: [1], data: Float64Array.of(0.1) },
        (tensor) => {
          tensor.integers(1, [1]);
          tensor.integer(2, 11);
          tensor.double(10, 0.1);
        },
      ],
    ];
    for (const [expected, fill] of written) expect(constantOf(fill)).toStrictEqual(expected);
  });

  it("may carry fields that a record has no place for", () => {
    const writer = createWriter();
    writer.integer(1, 8);
    writer.text(3, "version");
    writer.message(8, (entry) => {
      entry.text(1, "com.example");
      entry.integer(2, 3);
    });
    writer.message(8, (entry) => entry.integer(2, 13));
    writer.message(7, (graph) => {
      graph.text(10, "a comment");
      graph.message(1, (node) => {
        node.text(3, "node name");
        node.text(4, "Relu");
        node.text(7, "ai.onnx");
      });
    });
    const read = decodeModel(writer.finish());
    expect(read.opset).toBe(13);
    expect(read.graph.nodes).toStrictEqual([{ operator: "Relu", inputs: [], outputs: [], attributes: {} }]);
  });

  it("is refused, with its name, for what a record cannot hold", () => {
    const half = withConstant((tensor) => {
      tensor.integer(2, 10);
      tensor.text(8, "weights");
    });
    expect(() => decodeModel(half, "net.onnx")).toThrow(
      /net\.onnx constant weights: expected .*float32.*, got ONNX type 10/,
    );
    const external = withConstant((tensor) => {
      tensor.integer(2, 1);
      tensor.message(13, () => {});
    });
    expect(() => decodeModel(external)).toThrow(LocalFlowError);
    const huge = withConstant((tensor) => {
      tensor.integers(1, [2 ** 50, 2 ** 50]);
      tensor.integer(2, 1);
      tensor.bytes(9, new Uint8Array(4));
    });
    expect(() => decodeModel(huge)).toThrow(LocalFlowError);
    const negative = withConstant((tensor) => {
      tensor.integers(1, [-1, -1]);
      tensor.integer(2, 1);
      tensor.float(4, 1);
    });
    expect(() => decodeModel(negative)).toThrow(/sizes of 0 or more, got -1/);
    const mixed = withConstant((tensor) => {
      tensor.integers(1, [2]);
      tensor.integer(2, 1);
      tensor.double(10, 1);
    });
    expect(() => decodeModel(mixed)).toThrow(LocalFlowError);
    expect(() => decodeModel(new Uint8Array(0))).toThrow(LocalFlowError);
  });
});

describe("a damaged file", () => {
  /** Small deterministic generator (mulberry32), so that a failure can be repeated. */
  function uniform(seed: number): () => number {
    let state = seed;
    return () => {
      state = (state + 0x6d2b79f5) | 0;
      let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
      mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
      return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
    };
  }

  it("gives a model or a LocalFlowError, 2 000 times", () => {
    const whole = encodeModel(model);
    const random = uniform(1);
    let refused = 0;
    for (let round = 0; round < 2000; round++) {
      const bytes = whole.slice(0, round % 4 === 0 ? Math.floor(random() * whole.length) : whole.length);
      const changes = round % 4 === 0 ? 0 : 1 + (round % 5);
      for (let change = 0; change < changes; change++) {
        bytes[Math.floor(random() * bytes.length)] = Math.floor(random() * 256);
      }
      try {
        decodeModel(bytes);
      } catch (error) {
        if (!(error instanceof LocalFlowError) || error.code !== "model") throw error;
        refused++;
      }
    }
    expect(refused).toBeGreaterThan(500);
  });
});
