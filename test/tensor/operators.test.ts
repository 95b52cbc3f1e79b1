// operators: the contract that every operator of the table keeps, whatever it computes.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { multiply } from "../../src/tensor/arithmetic.ts";
import { floats, integers, type NDArray } from "../../src/tensor/array.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { topologicalOrder } from "../../src/tensor/graph.ts";
import { sum } from "../../src/tensor/layout.ts";
import { operators } from "../../src/tensor/operators.ts";
import { tangent } from "../../src/tensor/tangent.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import { evaluate, toValue, type Value, valueFrom } from "../support/reference.ts";
import { cases, drawn, type InputCase, type OperatorCase, titleOf } from "./operator-cases.ts";

/** A case with its derivatives as one computation. */
interface Study {
  readonly inputs: readonly Tensor[];
  readonly weights: Tensor;
  readonly directions: readonly Tensor[];
  readonly output: Tensor;
  readonly gradients: readonly Tensor[];
  readonly derivative: Tensor;
}

/** `batch` is a number for a graph of known sizes, or stays symbolic. */
function study({ inputs: specified, build }: OperatorCase, batch: number | "batch"): Study {
  const shapeOf = ({ shape }: InputCase) => shape.map((size) => (size === "batch" ? batch : size));
  const inputs = specified.map((one) => placeholder(shapeOf(one), one.numbers === "rows" ? "int64" : "float32"));
  const moving = inputs.filter((one) => one.type === "float32");
  const output = build(...inputs);
  const weights = placeholder(output.shape);
  const directions = moving.map((one) => placeholder(one.shape));
  const gradients = gradient(sum(multiply(output, weights)), moving);
  const seeds = moving.map((one, i) => ({ tensor: one, direction: directions[i] ?? one }));
  const [derivative = output] = tangent([output], seeds);
  return { inputs, weights, directions, output, gradients, derivative };
}

/** The numbers of a study, the weights and directions drawn like the inputs. */
function feedsOf(one: OperatorCase, parts: Study, batch: number): Map<Tensor, Value> {
  const sizes = (tensor: Tensor) => tensor.shape.map((size) => (typeof size === "number" ? size : batch));
  const feeds = new Map<Tensor, Value>();
  one.inputs.forEach(({ numbers }, i) => {
    const tensor = parts.inputs[i];
    if (tensor) feeds.set(tensor, drawn(`${one.operator} ${i}`, sizes(tensor), numbers));
  });
  for (const [i, tensor] of [parts.weights, ...parts.directions].entries())
    feeds.set(tensor, drawn(`extra ${i}`, sizes(tensor), "any"));
  return feeds;
}

const toArray = ({ data, shape }: Value, { type }: Tensor): NDArray =>
  type === "int64" ? integers([...data], shape) : floats(Float32Array.from(data), shape);

function fed(feeds: ReadonlyMap<Tensor, Value>, tensor: Tensor): Value {
  const value = feeds.get(tensor);
  if (!value) throw new Error("no value");
  return value;
}

function expectClose(actual: Value, expected: Value, tolerance: number): void {
  expect(actual.shape).toEqual(expected.shape);
  const worst = expected.data.reduce((most, number, i) => {
    const error = Math.abs((actual.data[i] ?? Number.NaN) - number) / Math.max(1, Math.abs(number));
    return Math.max(most, error);
  }, 0);
  expect(worst).toBeLessThan(tolerance);
}

const inner = (a: Value, b: Value) => a.data.reduce((total, x, i) => total + x * (b.data[i] ?? Number.NaN), 0);

/** The output when some inputs move by `step` along directions. */
function moved(
  parts: Study,
  feeds: ReadonlyMap<Tensor, Value>,
  step: number,
  along: ReadonlyMap<Tensor, Value>,
): Value {
  const shifted = new Map(feeds);
  for (const [tensor, direction] of along) {
    const { shape, data } = fed(feeds, tensor);
    shifted.set(tensor, { shape, data: data.map((x, i) => x + step * (direction.data[i] ?? 0)) });
  }
  const [result] = evaluate([parts.output], shifted);
  return result ?? valueFrom([]);
}

const step = 1e-5;

/** (f(x + h v) - f(x - h v)) / 2h */
function centralDifference(parts: Study, feeds: ReadonlyMap<Tensor, Value>, along: ReadonlyMap<Tensor, Value>): Value {
  const [after, before] = [moved(parts, feeds, step, along), moved(parts, feeds, -step, along)];
  return { shape: after.shape, data: after.data.map((x, i) => (x - (before.data[i] ?? 0)) / (2 * step)) };
}

const titled = cases.map((one, position) => [titleOf(one, position), one] as const);
const differentiable = (parts: Study) => parts.inputs.filter((one) => one.type === "float32");

describe("the operator table", () => {
  it("has a case for every operator", () => {
    const covered = new Set(
      cases.flatMap((one) => topologicalOrder([study(one, 2).output]).map((node) => node.operator.name)),
    );
    expect(Object.keys(operators).filter((name) => !covered.has(name))).toEqual([]);
    for (const name of Object.keys(operators)) expect(cases.map(({ operator }) => operator)).toContain(name);
  });

  it("lets several directions travel through every operator that is differentiable and keeps axes apart", () => {
    const travelled = new Set<string>(cases.flatMap(({ operator, wide }) => (wide ? [operator] : [])));
    const others = Object.keys(operators).filter((name) => !travelled.has(name));
    expect(others.sort()).toEqual(["greater", "isPositive", "less", "scatter", "size"]);
  });

  it("is all that graphs and their derivatives are made of", () => {
    const names = cases.flatMap((one) => {
      const { output, gradients, derivative } = study(one, "batch");
      return topologicalOrder([output, ...gradients, derivative]).map((node) => node.operator.name);
    });
    const strangers = [...new Set(names)].filter((name) => !Object.hasOwn(operators, name));
    expect(strangers.sort()).toEqual(["constant", "input"]);
  });

  it("has derivatives that are graphs of the right shapes", () => {
    for (const one of cases) {
      const parts = study(one, "batch");
      expect(parts.gradients.map((g) => g.shape)).toEqual(differentiable(parts).map((x) => x.shape));
      expect(parts.derivative.shape).toEqual(parts.output.shape);
    }
  });
});

describe("derivatives against 64-bit central differences", () => {
  it.each(titled)("%s", (_, one) => {
    const parts = study(one, "batch");
    const feeds = feedsOf(one, parts, 2);
    const results = evaluate([...parts.gradients, parts.derivative], feeds);
    const gradients = results.slice(0, -1);
    const derivative = results.at(-1) ?? valueFrom([]);
    const directions = new Map(differentiable(parts).map((x, i) => [x, fed(feeds, parts.directions[i] ?? x)]));
    expectClose(derivative, centralDifference(parts, feeds, directions), 1e-6);
    const weights = fed(feeds, parts.weights);
    differentiable(parts).forEach((x, i) => {
      const { shape, data } = fed(feeds, x);
      const numeric = data.map((_, k) => {
        const unit = valueFrom(
          data.map((_, j) => Number(j === k)),
          shape,
        );
        return inner(weights, centralDifference(parts, feeds, new Map([[x, unit]])));
      });
      expectClose(gradients[i] ?? valueFrom([]), valueFrom(numeric, shape), 1e-6);
    });
    // <g, J v> = <J^T g, v>
    const reverse = [...directions.values()].map((v, i) => inner(gradients[i] ?? valueFrom([]), v));
    const forward = inner(weights, derivative);
    expect(reverse.reduce((a, b) => a + b, 0)).toBeCloseTo(forward, 10);
  });
});

describe("on the engine", () => {
  let engine: Engine;
  beforeAll(async () => {
    engine = await createEngine({ threads: 1 });
  });
  afterAll(() => engine.close());

  async function expectEngineAgrees(one: OperatorCase, parts: Study, batches: readonly number[]): Promise<void> {
    const asked = { inputs: parts.inputs, weights: parts.weights, directions: parts.directions };
    const program = await compile(engine, asked, { results: [parts.output, ...parts.gradients, parts.derivative] });
    for (const batch of batches) {
      const feeds = feedsOf(one, parts, batch);
      const array = (tensor: Tensor) => toArray(fed(feeds, tensor), tensor);
      const { results } = await program.run({
        inputs: parts.inputs.map(array),
        weights: array(parts.weights),
        directions: parts.directions.map(array),
      });
      const expected = evaluate([parts.output, ...parts.gradients, parts.derivative], feeds);
      expected.forEach((value, i) => {
        const result = results[i];
        if (result) expectClose(toValue(result), value, 2e-5);
      });
      expect(results.length).toBe(expected.length);
    }
    await program.release();
  }

  it.each(titled)("one program of values and derivatives serves batches 0, 1 and 5: %s", async (_, one) => {
    await expectEngineAgrees(one, study(one, "batch"), one.neverEmpty ? [5, 1] : [5, 0, 1]);
  });

  it.each(titled)("programs of known sizes agree, also for 0 and 1: %s", async (_, one) => {
    for (const batch of one.neverEmpty ? [1, 3] : [0, 1, 3]) await expectEngineAgrees(one, study(one, batch), [batch]);
  });

  const travelling = titled.filter(([, one]) => one.wide !== undefined);
  it.each(travelling)("several directions side by side are the directions one by one: %s", async (_, one) => {
    const { inputs, output } = study(one, "batch");
    const [at, axis] = [one.wide?.input ?? 0, one.wide?.axis ?? 0];
    const point = inputs[at] ?? output;
    const shape = (width: number) =>
      point.shape.map((size, i) => (i === axis ? width : typeof size === "string" ? 1 : size));
    const wide = placeholder(shape(3));
    const single = [0, 1, 2].map(() => placeholder(shape(1)));
    const results = [wide, ...single].flatMap((direction) => tangent([output], [{ tensor: point, direction }]));
    const directions = drawn("wide", shape(3), "any");
    const part = (k: number): Value => {
      const behind = point.shape.slice(axis + 1).reduce<number>((n, size) => n * Number(size), 1);
      const mine = directions.data.filter((_, i) => Math.floor(i / behind) % 3 === k);
      return valueFrom(mine, shape(1));
    };
    const feeds = new Map<Tensor, Value>([[wide, directions], ...single.map((s, k) => [s, part(k)] as const)]);
    one.inputs.forEach(({ numbers }, i) => {
      const tensor = inputs[i] ?? output;
      const sizes = tensor.shape.map((size) => (typeof size === "number" ? size : 2));
      feeds.set(tensor, drawn(`${one.operator} ${i}`, sizes, numbers));
    });
    const [together = valueFrom([]), ...alone] = evaluate(results, feeds);
    const free = results[0]?.shape.findIndex((size, i) => size !== output.shape[i]) ?? -1;
    expect(together.shape[free]).toBe(3);
    alone.forEach((expected, k) => {
      const behind = together.shape.slice(free + 1).reduce((n, size) => n * size, 1);
      const mine = together.data.filter((_, i) => Math.floor(i / behind) % 3 === k);
      expectClose(valueFrom(mine, expected.shape), expected, 1e-12);
    });
    const tensors = [wide, ...single, ...inputs];
    const program = await compile(engine, { tensors }, { results });
    const run = await program.run({ tensors: tensors.map((tensor) => toArray(fed(feeds, tensor), tensor)) });
    [together, ...alone].forEach((expected, i) => {
      const result = run.results[i];
      if (result) expectClose(toValue(result), expected, 2e-5);
    });
    await program.release();
  });
});
