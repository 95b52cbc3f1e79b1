// Sums over rows that are taken a part at a time are the sums over all rows at once.
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Accumulation } from "../../src/onnx/accumulate.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { createEngine } from "../../src/runtime/node.ts";
import { add, hyperbolicTangent, multiply } from "../../src/tensor/arithmetic.ts";
import { floats, type NDArray, zeros } from "../../src/tensor/array.ts";
import { mean, square } from "../../src/tensor/functions.ts";
import { gradient } from "../../src/tensor/gradient.ts";
import { matmul } from "../../src/tensor/matrix.ts";
import { placeholder } from "../../src/tensor/tensor.ts";

let engine: Engine;
beforeAll(async () => {
  engine = await createEngine({ threads: 1 });
});
afterAll(() => engine.close());

/** Mean square of tanh(x w) + y over the rows, its gradient, and a number that is made from both. */
function graph(mostRows?: number) {
  const [x, y, w, offset] = [placeholder(["rows", 3]), placeholder(["rows", 2]), placeholder([3, 2]), placeholder([])];
  const loss = mean(square(add(hyperbolicTangent(matmul(x, w)), y)));
  const inputs = { x, y, w, offset };
  const outputs = (total: typeof loss, slope: typeof loss) => ({
    total,
    slope,
    shifted: add(multiply(total, 2), offset),
  });
  if (mostRows === undefined) {
    const [slope = loss] = gradient(loss, [w]);
    return { inputs, outputs: outputs(loss, slope), accumulation: undefined };
  }
  const share = placeholder([]);
  const part = multiply(loss, share);
  const sums = [part, ...gradient(part, [w])];
  const totals = sums.map(({ shape }) => placeholder(shape));
  const [total = loss, slope = loss] = totals;
  const accumulation: Accumulation = { rows: [x, y], share, sums, totals, mostRows };
  return { inputs, outputs: outputs(total, slope), accumulation };
}

function arrays(rows: number) {
  const [x, y, w] = [zeros([rows, 3]), zeros([rows, 2]), zeros([3, 2])];
  fillNormal(split(random(1), "x"), x.data);
  fillNormal(split(random(1), "y"), y.data);
  fillNormal(split(random(1), "w"), w.data);
  return { x, y, w, offset: floats([0.25], []) };
}

async function results(rows: number, mostRows?: number): Promise<Record<string, NDArray>> {
  const { inputs, outputs, accumulation } = graph(mostRows);
  const program = await compile(engine, inputs, outputs, accumulation);
  const found = await program.run(arrays(rows));
  await program.release();
  return found;
}

describe("an accumulation", () => {
  it.each([
    [1, 1],
    [1, 4],
    [3, 4],
    [4, 4],
    [5, 4],
    [9, 4],
    [16, 3],
    [25, 4],
    [1000, 7],
  ])("gives for %i rows, %i at a time, what all rows at once give", async (rows, mostRows) => {
    const [whole, parts] = [await results(rows), await results(rows, mostRows)];
    expect(Object.keys(parts)).toEqual(["total", "slope", "shifted"]);
    for (const [name, { data, shape }] of Object.entries(whole)) {
      expect(parts[name]?.shape).toEqual(shape);
      data.forEach((value, n) => {
        expect(Number(parts[name]?.data[n])).toBeCloseTo(Number(value), 5);
      });
    }
  });

  it("weighs parts of different sizes by their rows", async () => {
    const [whole, parts] = [await results(5), await results(5, 4)];
    const unweighted = await Promise.all([0, 3].map(async (from) => await meanOf(from, Math.min(5, from + 3))));
    const plainMean = (Number(unweighted[0]) + Number(unweighted[1])) / 2;
    expect(Number(parts.total?.data[0])).toBeCloseTo(Number(whole.total?.data[0]), 6);
    expect(Math.abs(plainMean - Number(whole.total?.data[0]))).toBeGreaterThan(1e-3);
  });

  it("gives the same bytes each time", async () => {
    const [once, again] = [await results(1000, 64), await results(1000, 64)];
    expect(once).toEqual(again);
  });
});

async function meanOf(from: number, to: number): Promise<number> {
  const { inputs, outputs } = graph();
  const program = await compile(engine, inputs, outputs);
  const { x, y, w, offset } = arrays(5);
  const rows = {
    x: floats(x.data.slice(3 * from, 3 * to), [to - from, 3]),
    y: floats(y.data.slice(2 * from, 2 * to), [to - from, 2]),
    w,
    offset,
  };
  const found = await program.run(rows);
  await program.release();
  return Number(found.total.data[0]);
}
