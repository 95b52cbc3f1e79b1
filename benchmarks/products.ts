// products: onnxruntime's own matrix products: the limit of a layer, and the fixed product that machines are calibrated by.
import { fillNormal, random, split } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { type FloatArray, zeros } from "../src/tensor/array.ts";
import { slice } from "../src/tensor/layout.ts";
import { matmul } from "../src/tensor/matrix.ts";
import { placeholder, type Tensor } from "../src/tensor/tensor.ts";
import { timed } from "./drive.ts";
import { median } from "./statistics.ts";

interface Size {
  readonly batch: number;
  readonly width: number;
}

/** Operations after which a repetition is long enough for the clock. */
const enough = 6e9;

/** Products in one program: what it costs to hand results over is then little beside them. */
const chained = 4;

/**
 * Measures GFLOP/s of the three products that a hidden layer [width, width] costs a training step on `batch` rows: forward
 * x · W, and backward g · Wᵀ and xᵀ · g, several in one program that gives back only a small part, as a step does. A step of
 * such layers on whole batches can hardly exceed it.
 */
export async function layerProducts(engine: Engine, { batch, width }: Size): Promise<() => Promise<number>> {
  const [rows, square] = [normal([batch, width], "x"), normal([width, width], "weight")];
  const programs = [
    await chain(engine, rows, square, (x, weight) => matmul(x, weight)),
    await chain(engine, rows, square, (g, weight) => matmul(g, weight, { transposeRight: true })),
    await crossed(engine, rows),
  ];
  const flops = programs.length * chained * 2 * batch * width * width;
  const repeat = Math.min(50, Math.max(1, Math.round(enough / flops)));
  return async () => {
    const times: number[] = [];
    for (let k = 0; k < 3; k++) {
      let total = 0;
      for (const run of programs) total += await timed(run, repeat);
      times.push(total);
    }
    return flops / median(times) / 1e6;
  };
}

/** One product after the other on [batch, width], and the first row of the last. */
async function chain(
  engine: Engine,
  rows: FloatArray,
  square: FloatArray,
  next: (left: Tensor, right: Tensor) => Tensor,
): Promise<() => Promise<unknown>> {
  const [x, weight] = [placeholder(rows.shape), placeholder(square.shape)];
  let y: Tensor = x;
  for (let k = 0; k < chained; k++) y = next(y, weight);
  const program = await compile(engine, { x, weight }, { first: slice(y, 0, 0, 1) });
  return () => program.run({ x: rows, weight: square });
}

/** Products xᵀ · g [width, width] of different arrays, so that none is left out as a repetition. */
async function crossed(engine: Engine, rows: FloatArray): Promise<() => Promise<unknown>> {
  const arrays = Array.from({ length: chained + 1 }, (_, k) => (k === 0 ? rows : normal(rows.shape, `g${k}`)));
  const inputs = arrays.map(({ shape }) => placeholder(shape));
  const products = inputs.slice(1).map((g) => matmul(inputs[0] ?? g, g, { transposeLeft: true }));
  const program = await compile(engine, { inputs }, { first: products.map((y) => slice(y, 0, 0, 1)) });
  return () => program.run({ inputs: arrays });
}

const calibrationSize = 1024;

/** Measures the milliseconds of one product of two matrices of 1024 x 1024, by which other times can be divided. */
export async function calibrationProduct(engine: Engine): Promise<() => Promise<number>> {
  const square = [calibrationSize, calibrationSize] as const;
  const run = await product(engine, normal(square, "x"), normal(square, "weight"), {}, zeros(square));
  const repeat = Math.round(enough / (2 * calibrationSize ** 3));
  return async () => {
    const times: number[] = [];
    for (let k = 0; k < 5; k++) times.push(await timed(run, repeat));
    return median(times);
  };
}

async function product(
  engine: Engine,
  left: FloatArray,
  right: FloatArray,
  transposed: { readonly transposeLeft?: boolean; readonly transposeRight?: boolean },
  result: FloatArray,
): Promise<() => Promise<unknown>> {
  const [a, b] = [placeholder(left.shape), placeholder(right.shape)];
  const program = await compile(engine, { a, b }, { y: matmul(a, b, transposed) });
  return () => program.run({ a: left, b: right }, { y: result });
}

function normal(shape: readonly number[], name: string): FloatArray {
  const array = zeros(shape);
  fillNormal(split(random(3), name), array.data);
  return array;
}
