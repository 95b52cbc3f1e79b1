// join: pieces run one after another, in loops too, and share their weights.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { countOperators, joinPieces, type Piece } from "../../src/onnx/join.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { add, multiply } from "../../src/tensor/arithmetic.ts";
import { floats } from "../../src/tensor/array.ts";
import { cast } from "../../src/tensor/layout.ts";
import { matmul } from "../../src/tensor/matrix.ts";
import { constant, placeholder } from "../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const weight = floats([0, 1, 2, 0.5, 0, 1, 1, 1, 0.25], [3, 3]);

/** x, s → x W, s + x W, `times` times over. */
function turning(name: string, times?: number): Piece {
  const [x, s] = [placeholder(["rows", 3]), placeholder(["rows", 3])];
  const next = matmul(x, constant(weight));
  const loop = times === undefined ? {} : { loop: { times, index: placeholder([], "int64") } };
  return { name, inputs: [x, s], outputs: [next, add(s, next)], ...loop };
}

const ports = (...names: readonly string[]) => names.map((name) => ({ name, documentation: `this is ${name}` }));
const whole = { name: "whole", documentation: "a test", metadata: { key: "value" } };

async function run(pieces: readonly Piece[], feeds: Readonly<Record<string, readonly number[]>>) {
  const model = joinPieces(pieces, { ...whole, inputs: ports(...Object.keys(feeds)), outputs: ports("a", "b") });
  const session = await engine.open(encodeModel(model));
  const arrays = Object.entries(feeds).map(([name, values]) => [name, floats(values, [values.length / 3, 3])]);
  const results = await session.run(Object.fromEntries(arrays));
  await session.release();
  return Object.values(results).map(({ data }) => Array.from(data as Float32Array));
}

const feeds = { x: [1, 2, 3, 0, 1, 0], s: [0, 0, 0, 10, 10, 10] };

describe("joined pieces", () => {
  it("compute the same in a loop as one after another", async () => {
    const looped = await run([turning("first"), turning("more", 4)], feeds);
    const written = await run(
      ["p", "q", "r", "s", "t"].map((name) => turning(name)),
      feeds,
    );
    expect(looped).toEqual(written);
    expect(looped[0]?.[0]).toBeGreaterThan(10);
  });

  it("tell a loop which of its runs this is", async () => {
    const [x, s] = [placeholder(["rows", 3]), placeholder(["rows", 3])];
    const index = placeholder([], "int64");
    // 2 (2 (2 (2 s + 0) + 1) + 2) + 3 = 16 s + 11
    const outputs = [x, add(multiply(2, s), cast(index, "float32"))];
    const counting: Piece = { name: "counting", inputs: [x, s], outputs, loop: { times: 4, index } };
    expect((await run([counting], feeds))[1]).toEqual([11, 11, 11, 171, 171, 171]);
  });

  it("store an array once, however many pieces and loops read it", () => {
    const pieces = [turning("a"), turning("b", 2), turning("c", 3), turning("d")];
    const { graph } = joinPieces(pieces, { ...whole, inputs: ports("x", "s"), outputs: ports("y", "z") });
    expect(graph.constants.filter(({ value }) => value.data.length === 9)).toHaveLength(1);
    expect(graph.nodes.filter(({ operator }) => operator === "Loop")).toHaveLength(2);
    expect(countOperators(turning("e", 5))).toBe(5 * countOperators(turning("f")));
  });

  it("say what they are, their inputs and outputs too, and come back from bytes as they were", () => {
    const options = { ...whole, inputs: ports("x", "s"), outputs: ports("y", "z") };
    const model = joinPieces([turning("a", 2), turning("b")], options);
    const back = decodeModel(encodeModel(model));
    expect(back).toStrictEqual(model);
    expect(back).toMatchObject({ documentation: "a test", metadata: { key: "value" } });
    expect([...back.graph.inputs, ...back.graph.outputs].map((port) => port.documentation)).toEqual(
      ["x", "s", "y", "z"].map((name) => `this is ${name}`),
    );
  });
});
