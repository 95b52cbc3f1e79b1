// node: graphs run on onnxruntime-node, arrays cross without surprises, and mistakes are named before the engine sees them.
import { Worker } from "node:worker_threads";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import type { OnnxAttribute, OnnxGraph, OnnxNode, OnnxValue } from "../../src/onnx/model.ts";
import type { Engine, Feeds, Session } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { allocate, type ElementType, floats, integers, type NDArray, zeros } from "../../src/tensor/array.ts";

function value(name: string, shape: (number | string)[], type: ElementType = "float32"): OnnxValue {
  return { name, type, shape };
}

function node(
  operator: string,
  inputs: string[],
  outputs: string[],
  attributes: Record<string, OnnxAttribute> = {},
): OnnxNode {
  return { operator, inputs, outputs, attributes };
}

function bytesOf(graph: Omit<OnnxGraph, "name">): Uint8Array {
  return encodeModel({ graph: { name: "test", ...graph }, opset: 17, producer: "localflow", metadata: {} });
}

/** relu(x W + b) with W = [[1, -1, 2], [0.5, 3, -1]], b = [0.5, 0, -1]. */
const layer = bytesOf({
  inputs: [value("x", ["batch", 2])],
  outputs: [value("y", ["batch", 3])],
  constants: [
    { name: "w", value: floats([1, -1, 2, 0.5, 3, -1], [2, 3]) },
    { name: "b", value: floats([0.5, 0, -1]) },
  ],
  nodes: [node("Gemm", ["x", "w", "b"], ["h"]), node("Relu", ["h"], ["y"])],
});

/** y = x in every element type that crosses. */
function identities(types: readonly ElementType[]): Uint8Array {
  return bytesOf({
    inputs: types.map((type) => value(`${type} in`, ["n"], type)),
    outputs: types.map((type) => value(`${type} out`, ["n"], type)),
    constants: [],
    nodes: types.map((type) => node("Identity", [`${type} in`], [`${type} out`])),
  });
}

function expectedLayer(rows: readonly (readonly [number, number])[]): number[] {
  return rows.flatMap(([a, b]) => [a + 0.5 * b + 0.5, -a + 3 * b, 2 * a - b - 1].map((h) => Math.max(h, 0)));
}

async function rejection(promise: Promise<unknown>): Promise<LocalFlowError> {
  try {
    await promise;
  } catch (error) {
    if (error instanceof LocalFlowError) return error;
    throw error;
  }
  throw new Error("nothing was thrown");
}

describe("an engine on Node", () => {
  let engine: Engine;
  let session: Session;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
    session = await engine.open(layer);
  });
  afterAll(() => engine.close());

  it("says what it is", async () => {
    expect(engine).toMatchObject({ name: "onnxruntime-node", device: "cpu", threads: 1 });
  });

  it.each([0, 1, 5])("runs one program on a batch of %i rows", async (batch) => {
    const rows = Array.from({ length: batch }, (_, row) => [row - 2, 0.25 * row] as const);
    const { y } = await session.run({ x: floats(rows.flat(), [batch, 2]) });
    expect(y?.type).toBe("float32");
    expect(y?.shape).toEqual([batch, 3]);
    expect([...(y?.data ?? [])]).toEqual(expectedLayer(rows));
  });

  it.each([0, 4])(
    "writes outputs in place where arrays are given for them, also into part of a buffer (%i rows)",
    async (batch) => {
      const memory = new Float32Array(batch * 3 + 2).fill(-7);
      const y = floats(memory.subarray(1, 1 + batch * 3), [batch, 3]);
      const result = await session.run({ x: floats(new Float32Array(batch * 2).fill(1), [batch, 2]) }, { y });
      expect(result["y"]).toBe(y);
      const row = expectedLayer([[1, 1]]);
      expect([...memory]).toEqual([-7, ...Array.from({ length: batch }, () => row).flat(), -7]);
    },
  );

  it("carries every element type in both directions, allocated and in place", async () => {
    const arrays: NDArray[] = [
      floats([1.5, -0.25]),
      { type: "float64", shape: [2], data: Float64Array.of(Math.PI, 1e300) },
      { type: "int64", shape: [2], data: BigInt64Array.of(-(2n ** 63n), 2n ** 63n - 1n) },
      { type: "int32", shape: [2], data: Int32Array.of(-5, 2 ** 31 - 1) },
      { type: "bool", shape: [2], data: Uint8Array.of(0, 1) },
    ];
    const copies = await engine.open(identities(arrays.map((array) => array.type)));
    const feeds = Object.fromEntries(arrays.map((array) => [`${array.type} in`, array]));
    const wanted = Object.fromEntries(arrays.map((array) => [`${array.type} out`, array]));
    expect(await copies.run(feeds)).toEqual(wanted);
    const into = Object.fromEntries(
      arrays.map((array) => [`${array.type} out`, { ...array, data: allocate(array.type, 2) }]),
    );
    await copies.run(feeds, into);
    expect(into).toEqual(wanted);
    await copies.release();
  });

  it("runs a loop whose body is a nested graph that reads the outer one", async () => {
    const body: OnnxGraph = {
      name: "body",
      inputs: [value("i", [], "int64"), value("on", [], "bool"), value("s", ["n"])],
      outputs: [value("still on", [], "bool"), value("s next", ["n"]), value("seen", ["n"])],
      constants: [],
      nodes: [
        node("Identity", ["on"], ["still on"]),
        node("Mul", ["s", "factor"], ["s next"]),
        node("Identity", ["s next"], ["seen"]),
      ],
    };
    const loop = await engine.open(
      bytesOf({
        inputs: [value("steps", [], "int64"), value("x", ["n"]), value("factor", [1])],
        outputs: [value("last", ["n"]), value("all", ["steps", "n"])],
        constants: [{ name: "yes", value: { type: "bool", shape: [], data: Uint8Array.of(1) } }],
        nodes: [node("Loop", ["steps", "yes", "x"], ["last", "all"], { body: { kind: "graph", value: body } })],
      }),
    );
    const { last, all } = await loop.run({ steps: integers([3], []), x: floats([1, 10]), factor: floats([2]) });
    expect([...(last?.data ?? [])]).toEqual([8, 80]);
    expect(all?.shape).toEqual([3, 2]);
    expect([...(all?.data ?? [])]).toEqual([2, 20, 4, 40, 8, 80]);
  });

  it("counts denormal results as zero, also in threads started later", async () => {
    const scale = bytesOf({
      inputs: [value("x", ["n"])],
      outputs: [value("y", ["n"])],
      constants: [{ name: "tenth", value: floats([0.1]) }],
      nodes: [node("Mul", ["x", "tenth"], ["y"])],
    });
    const { y } = await (await engine.open(scale)).run({ x: floats([1e-38, 1]) });
    expect(y?.data[0]).toBe(0);
    expect(y?.data[1]).toBeCloseTo(0.1);
    const code = `require("node:worker_threads").parentPort.postMessage([2.5e-308].map((x) => x / 3)[0])`;
    const worker = new Worker(code, { eval: true });
    expect(await new Promise((resolve) => worker.once("message", resolve))).toBe(0);
  });

  it("names what is wrong with the arrays before onnxruntime sees them", async () => {
    const x = zeros([4, 2]);
    const mistakes: [Feeds, Feeds | undefined, RegExp][] = [
      [{}, undefined, /^input x: expected float32 \[batch, 2\], got nothing/],
      [{ x, z: x }, undefined, /^input z: expected one of the names x, got "z"/],
      [{ x: integers([1, 2], [1, 2]) }, undefined, /^input x: expected float32 \[batch, 2\], got int64 \[1, 2\]/],
      [{ x: zeros([2]) }, undefined, /^input x: expected float32 \[batch, 2\], got float32 \[2\]/],
      [{ x: zeros([4, 3]) }, undefined, /^input x: expected float32 \[batch, 2\], got float32 \[4, 3\]/],
      [
        { x: { ...x, data: new Float32Array(7) } },
        undefined,
        /^input x: expected 8 values for float32 \[4, 2\], got 7/,
      ],
      [{ x }, { q: x }, /^output q: expected one of the names y/],
      [{ x }, { y: zeros([4, 4]) }, /^output y: expected float32 \[batch, 3\], got float32 \[4, 4\]/],
    ];
    for (const [feeds, into, message] of mistakes) {
      const error = await rejection(session.run(feeds, into));
      expect(error.code).toBe("shape");
      expect(error.message).toMatch(message);
    }
  });

  it("refuses two sizes for one symbol in a call", async () => {
    const sum = await engine.open(
      bytesOf({
        inputs: [value("a", ["batch"]), value("b", ["batch"])],
        outputs: [value("c", ["batch"])],
        constants: [],
        nodes: [node("Add", ["a", "b"], ["c"])],
      }),
    );
    const error = await rejection(sum.run({ a: zeros([5]), b: zeros([1]) }));
    expect(error.message).toMatch(/^input b: .*got float32 \[1\]; batch is 5 elsewhere in this call/);
  });

  it("says so when a given output has another size than the result", async () => {
    const error = await rejection(session.run({ x: zeros([4, 2]) }, { y: zeros([5, 3]) }));
    expect(error.code).toBe("runtime");
  });

  it("wraps what onnxruntime finds wrong with a model", async () => {
    for (const bytes of [
      Uint8Array.of(1, 2, 3),
      bytesOf({ inputs: [], outputs: [], constants: [], nodes: [node("Nonsense", [], ["y"])] }),
    ]) {
      const error = await rejection(engine.open(bytes));
      expect(error.code).toBe("runtime");
      expect(error.message).toMatch(/^engine\.open: expected .*; check that/);
      expect(error.cause).toBeDefined();
    }
  });
});

describe("the end of sessions and engines", () => {
  it("comes after the runs already asked for, and then runs fail clearly", async () => {
    const engine = await createEngine({ threads: 1 });
    const session = await engine.open(layer);
    const running = session.run({ x: zeros([1, 2]) });
    await session.release();
    await session.release();
    expect((await running)["y"]?.shape).toEqual([1, 3]);
    expect((await rejection(session.run({ x: zeros([1, 2]) }))).code).toBe("runtime");
    await engine.close();
  });

  it("of an engine ends its sessions and allows no new ones", async () => {
    const engine = await createEngine({ threads: 1 });
    const sessions = await Promise.all([engine.open(layer), engine.open(layer)]);
    const opening = engine.open(layer);
    await engine.close();
    await engine.close();
    for (const session of sessions) {
      expect((await rejection(session.run({ x: zeros([1, 2]) }))).message).toMatch(
        /^session: expected one that is still open/,
      );
    }
    expect((await rejection(engine.open(layer))).message).toMatch(/^engine: .*create a new engine/);
    expect((await rejection(opening)).code).toBe("runtime");
  });
});

describe("the choice of an engine", () => {
  it("refuses a device that onnxruntime was not built for, and lists cpu", async () => {
    const device = process.platform === "darwin" ? "directml" : "coreml";
    const error = await rejection(createEngine({ device }));
    expect(error.code).toBe("runtime");
    expect(error.message).toMatch(/\(cpu.*use device cpu/);
  });

  it("refuses a device that does not start here, and advises cpu", async () => {
    const load = async () => {
      const native = await import("onnxruntime-node");
      const create = () => Promise.reject(new Error("no driver"));
      const { Tensor, listSupportedBackends } = native;
      return { Tensor, listSupportedBackends, InferenceSession: { create } };
    };
    const error = await rejection(createEngine({ device: "webgpu", load }));
    expect(error.message).toMatch(/^device webgpu: .*got no driver; use device cpu/);
  });

  it("refuses unknown devices and thread counts", async () => {
    expect((await rejection(createEngine({ device: "abacus" as "cpu" }))).code).toBe("option");
    expect((await rejection(createEngine({ threads: 0 }))).code).toBe("option");
    expect((await rejection(createEngine({ threads: 1.5 }))).code).toBe("option");
  });

  it("falls back to WebAssembly with one sentence when onnxruntime-node is missing, and gives the same numbers", async () => {
    const said: string[] = [];
    const load = () => Promise.reject(new Error("Cannot find package 'onnxruntime-node'"));
    const engine = await createEngine({ threads: 1, load, warn: (sentence) => said.push(sentence) });
    expect(said).toHaveLength(1);
    expect(engine).toMatchObject({ name: "onnxruntime-web", device: "cpu", threads: 1 });
    const session = await engine.open(layer);
    const x = floats([1, 2, -3, 0.5], [2, 2]);
    const allocated = await session.run({ x });
    expect([...(allocated["y"]?.data ?? [])]).toEqual(
      expectedLayer([
        [1, 2],
        [-3, 0.5],
      ]),
    );
    const y = zeros([2, 3]);
    expect((await session.run({ x }, { y }))["y"]).toBe(y);
    expect(y).toEqual(allocated["y"]);
    expect((await rejection(session.run({ x }, { y: zeros([3, 3]) }))).message).toMatch(
      /^output y: expected float32 \[2, 3\]/,
    );
    await engine.close();
  });
});
