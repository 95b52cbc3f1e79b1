// compile: programs run, share their sessions, name wrong inputs, and are ONNX files that read back as they were written.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { LocalFlowError } from "../../src/errors.ts";
import { decodeModel } from "../../src/onnx/decode.ts";
import { encodeModel } from "../../src/onnx/encode.ts";
import { toOnnx } from "../../src/onnx/graph.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { add, divide, exponential, hyperbolicTangent, multiply, sigmoid } from "../../src/tensor/arithmetic.ts";
import { floats, integers, type NDArray } from "../../src/tensor/array.ts";
import { mean, square } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { reshape, slice, sum } from "../../src/tensor/layout.ts";
import { affine, matmul } from "../../src/tensor/matrix.ts";
import { constant, placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { cases } from "../tensor/operator-cases.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

const numbers = (array: NDArray): readonly number[] => Array.from(array.data, Number);

/** The engine with a count of what is open. */
function counted() {
  const count = { opened: 0, released: 0 };
  const counting: Engine = {
    ...engine,
    open: async (model) => {
      count.opened += 1;
      const session = await engine.open(model);
      return {
        run: session.run,
        release: async () => {
          count.released += 1;
          await session.release();
        },
      };
    },
  };
  return { engine: counting, count };
}

/** Compiles y = scale x for [rows, 2], built anew each time. */
function scaling(on: Engine, scale: number) {
  const x = placeholder(["rows", 2]);
  return compile(on, { x }, { y: multiply(scale, x) });
}
const two = (x: NDArray) => ({ x });

describe("a program", () => {
  it("maps trees of arrays to trees of arrays", async () => {
    const [a, b] = [placeholder(["rows", 2]), placeholder([2])];
    const program = await compile(engine, { list: [a], b }, { sums: [add(a, b), sum(a, [0])], nested: { same: b } });
    const result = await program.run({ list: [floats([1, 2, 3, 4], [2, 2])], b: floats([10, 20]) });
    expect(result.sums.map(numbers)).toEqual([
      [11, 22, 13, 24],
      [4, 6],
    ]);
    expect(numbers(result.nested.same)).toEqual([10, 20]);
    expect(result.sums.map(({ shape }) => shape)).toEqual([[2, 2], [2]]);
    await program.release();
  });

  it("returns inputs, constants and one tensor twice as outputs of their own", async () => {
    const x = placeholder([2]);
    const y = exponential(x);
    const fixed = constant(floats([5, 6]));
    const program = await compile(engine, { x }, { x, y, again: y, fixed, also: fixed });
    const result = await program.run({ x: floats([0, 1]) });
    expect(numbers(result.x)).toEqual([0, 1]);
    expect(numbers(result.again)).toEqual(numbers(result.y));
    expect([numbers(result.fixed), numbers(result.also)]).toEqual([
      [5, 6],
      [5, 6],
    ]);
    await program.release();
  });

  it("may call its inputs and outputs like the values inside", async () => {
    const x = placeholder([2]);
    const hidden = hyperbolicTangent(multiply(3, x));
    const outputs = { v1: add(hidden, 2), c0: sigmoid(hidden), v0: hidden, c1: constant(floats([7])) };
    const program = await compile(engine, { v0: x }, outputs);
    const result = await program.run({ v0: floats([0, 0]) });
    expect(Object.values(result).map(numbers)).toEqual([[2, 2], [0.5, 0.5], [0, 0], [7]]);
    await program.release();
  });

  it("writes outputs in place when given arrays for them", async () => {
    const program = await scaling(engine, 3);
    const target = floats(new Float32Array(4), [2, 2]);
    const { y } = await program.run(two(floats([1, 2, 3, 4], [2, 2])), { y: target });
    expect([...target.data]).toEqual([3, 6, 9, 12]);
    expect(y.data).toBe(target.data);
    await program.release();
  });

  it("tells -0 from 0 among its constants", async () => {
    const x = placeholder([1]);
    const outputs = {
      plus: divide(1, add(x, constant(floats([0])))),
      minus: divide(1, multiply(x, constant(floats([-0])))),
    };
    const program = await compile(engine, { x }, outputs);
    const plus = await program.run({ x: floats([0]) });
    expect(numbers(plus.plus)).toEqual([Number.POSITIVE_INFINITY]);
    const minus = await program.run({ x: floats([1]) });
    expect(numbers(minus.minus)).toEqual([Number.NEGATIVE_INFINITY]);
    await program.release();
  });

  it("takes only the sizes of a value that lends its shape, be it NaN or infinite", async () => {
    const x = placeholder(["rows", 3]);
    const [slope] = gradient(sum(slice(x, 1, 1, 2)), [x]);
    const program = await compile(engine, { x }, { slope: slope ?? x });
    const { slope: result } = await program.run({
      x: floats([Number.NaN, Number.POSITIVE_INFINITY, 1, 2, Number.NaN, 3], [2, 3]),
    });
    expect(numbers(result)).toEqual([0, 1, 0, 0, 1, 0]);
    await program.release();
  });

  it("rearranges two symbolic sizes and a known size 0", async () => {
    const [x, y] = [placeholder(["rows", "items", 2]), placeholder(["rows", 0])];
    const program = await compile(
      engine,
      { x, y },
      { x: reshape(x, ["items", 2, 1, "rows"]), y: reshape(y, [0, "rows", 4]) },
    );
    for (const [rows, items] of [
      [2, 3],
      [0, 2],
      [2, 0],
    ] as const) {
      const given = { x: floats(new Float32Array(rows * items * 2), [rows, items, 2]), y: floats([], [rows, 0]) };
      const result = await program.run(given);
      expect([result.x.shape, result.y.shape]).toEqual([
        [items, 2, 1, rows],
        [0, rows, 4],
      ]);
    }
    await program.release();
  });
});

describe("sessions of equal programs", () => {
  it("are shared, and released with the last user", async () => {
    const { engine: counting, count } = counted();
    const make = () => scaling(counting, 5);
    const [first, second] = [await make(), await make()];
    expect(count).toEqual({ opened: 1, released: 0 });
    await first.release();
    await first.release();
    expect(count.released).toBe(0);
    expect(numbers((await second.run(two(floats([1, 2], [1, 2])))).y)).toEqual([5, 10]);
    await second.release();
    expect(count).toEqual({ opened: 1, released: 1 });
    const third = await make();
    expect(count.opened).toBe(2);
    await third.release();
  });

  it("are shared while they are still being opened", async () => {
    const { engine: counting, count } = counted();
    const programs = await Promise.all([1, 2, 3].map(() => scaling(counting, 6)));
    expect(count.opened).toBe(1);
    await Promise.all(programs.map((program) => program.release()));
    expect(count.released).toBe(1);
  });

  it("are not shared between different programs or engines", async () => {
    const [here, there] = [counted(), counted()];
    const programs = [
      await scaling(here.engine, 1.5),
      await scaling(here.engine, 2.5),
      await scaling(there.engine, 1.5),
    ];
    expect([here.count.opened, there.count.opened]).toEqual([2, 1]);
    for (const program of programs) await program.release();
  });

  it("are gone for those who released them, though others go on", async () => {
    const [first, second] = [await scaling(engine, 7), await scaling(engine, 7)];
    await first.release();
    await expect(first.run(two(floats([1, 2], [1, 2])))).rejects.toMatchObject({ code: "runtime" });
    expect(numbers((await second.run(two(floats([1, 2], [1, 2])))).y)).toEqual([7, 14]);
    await second.release();
  });

  it("are opened anew after a failure", async () => {
    let attempts = 0;
    const failing: Engine = {
      ...engine,
      open: (model) => {
        attempts += 1;
        return attempts === 1 ? Promise.reject(new Error("no memory")) : engine.open(model);
      },
    };
    const make = () => scaling(failing, 8);
    await expect(make()).rejects.toThrow("no memory");
    const program = await make();
    expect(numbers((await program.run(two(floats([1, 2], [1, 2])))).y)).toEqual([8, 16]);
    await program.release();
  });
});

describe("wrong inputs", () => {
  async function complaint(run: Promise<unknown>): Promise<LocalFlowError> {
    const error = await run.then(
      () => undefined,
      (reason: unknown) => reason,
    );
    if (error instanceof LocalFlowError) return error;
    throw new Error(`no complaint: ${error}`);
  }
  const [x, scale, rows] = [placeholder(["rows", 2]), placeholder([2]), placeholder(["rows"])];
  const outputs = { y: add(multiply(x, scale), reshape(rows, ["rows", 1])) };
  const good = { x: floats([1, 2, 3, 4], [2, 2]), deep: { scale: floats([1, 1]) }, rows: floats([0, 0]) };

  it.each([
    [
      "another known size",
      { ...good, deep: { scale: floats([1, 1, 1]) } },
      "program input deep.scale: expected shape [2], got [3]",
    ],
    ["another rank", { ...good, x: floats([1, 2]) }, "program input x: expected shape [rows, 2], got [2]"],
    [
      "a symbolic size that differs between inputs",
      { ...good, rows: floats([0, 0, 0]) },
      "program input rows: expected shape [rows], got [3]; in the other inputs rows is 2",
    ],
    [
      "another element type",
      { ...good, deep: { scale: integers([1, 1]) } },
      "scale: expected float32 [2], got int64 [2]",
    ],
    ["an input too many", { ...good, more: floats([1]) }, "in.more"],
  ])("are named: %s", async (_, given, message) => {
    const program = await compile(engine, { x, deep: { scale }, rows }, outputs);
    const error = await complaint(program.run(given));
    expect(error.message).toContain(message);
    expect(error.code).toBe("shape");
    expect(numbers((await program.run(good)).y)).toEqual([1, 2, 3, 4]);
    await program.release();
  });

  it("are named when one is missing", async () => {
    const program = await compile(engine, [x, scale] as readonly Tensor[], { y: multiply(x, scale) });
    const error = await complaint(program.run([good.x]));
    expect(error.message).toBe("program input 1: expected shape [2], got nothing");
    await program.release();
  });

  it("cannot be left out of a program, and names cannot be used twice", async () => {
    const unlisted = await complaint(compile(engine, { scale }, { y: multiply(x, scale) }));
    expect(unlisted.message).toBe(
      "program localflow: expected every input to be listed, got an unlisted input [rows, 2]",
    );
    const twice = await complaint(compile(engine, { "a.b": x, a: { b: x } }, { y: multiply(x, 2) }));
    expect(twice.message).toBe("program localflow: expected inputs and outputs of different names, got in.a.b twice");
  });
});

describe("the ONNX file of a program", () => {
  /** A training step in small: values, a loss and its gradients. */
  function training() {
    const [x, y] = [placeholder(["rows", 3]), placeholder(["rows", 2])];
    const parameters = { weight: placeholder([3, 2]), bias: placeholder([2]) };
    const predicted = hyperbolicTangent(affine(x, parameters.weight, parameters.bias));
    const loss = mean(square(add(predicted, multiply(-1, y))));
    const slopes = gradient(loss, parameters);
    const fixed = matmul(x, constant(floats([1, -0, Number.NaN, Number.POSITIVE_INFINITY, 1e-3, 6], [3, 2])));
    const named = { x, y, weight: parameters.weight, bias: parameters.bias };
    const inputs = Object.entries(named).map(([name, tensor]) => ({ name, tensor }));
    const results = { predicted, loss, "gradient of weight": slopes.weight, "gradient of bias": slopes.bias, fixed };
    return { inputs, outputs: Object.entries(results).map(([name, tensor]) => ({ name, tensor })) };
  }

  it("reads back as it was written, and writes the same bytes again", () => {
    const { inputs, outputs } = training();
    const model = toOnnx(inputs, outputs, { name: "training", metadata: { license: "MIT", größe: "∞" } });
    const bytes = encodeModel(model);
    const read = decodeModel(bytes);
    expect(read).toEqual(model);
    expect(encodeModel(read)).toEqual(bytes);
    expect(model.opset).toBe(17);
    expect(model.graph.inputs[0]).toEqual({ name: "x", type: "float32", shape: ["rows", 3] });
  });

  it("reads back for every operator with its derivatives", () => {
    for (const one of cases) {
      const inputs = one.inputs.map(({ shape, numbers: kind }) =>
        placeholder(shape, kind === "rows" ? "int64" : "float32"),
      );
      const output = one.build(...inputs);
      const moving = inputs.filter(({ type }) => type === "float32");
      const outputs = [output, ...gradient(sum(output), moving)].map((tensor, i) => ({ name: `result ${i}`, tensor }));
      const model = toOnnx(
        inputs.map((tensor, i) => ({ name: `input ${i}`, tensor })),
        outputs,
      );
      const bytes = encodeModel(model);
      expect(decodeModel(bytes)).toEqual(model);
      expect(encodeModel(decodeModel(bytes))).toEqual(bytes);
    }
  });

  it("has the same bytes each time the same graph is built", () => {
    const bytes = () => {
      const { inputs, outputs } = training();
      return encodeModel(toOnnx(inputs, outputs));
    };
    expect(bytes()).toEqual(bytes());
  });

  it("gives every value its own name and lists nodes after what they read", () => {
    const { inputs, outputs } = training();
    const { graph } = toOnnx(inputs, outputs);
    const known = new Set([...graph.inputs, ...graph.constants].map(({ name }) => name));
    expect(known.size).toBe(graph.inputs.length + graph.constants.length);
    for (const node of graph.nodes) {
      expect(node.inputs.filter((name) => !known.has(name))).toEqual([]);
      for (const name of node.outputs) {
        expect(known.has(name)).toBe(false);
        known.add(name);
      }
    }
    expect(graph.outputs.filter(({ name }) => !known.has(name))).toEqual([]);
  });
});
