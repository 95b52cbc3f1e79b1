// products: onnxruntime's own matrix products: the limit of a layer, and the fixed product that machines are calibrated by.
import { fillNormal, random, split } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { type FloatArray, zeros } from "../src/tensor/array.ts";
import { matmul } from "../src/tensor/matrix.ts";
import { placeholder } from "../src/tensor/tensor.ts";
import { timed } from "./drive.ts";
import { median } from "./statistics.ts";

interface Size {
  readonly batch: number;
  readonly width: number;
}

/** Operations after which a repetition is long enough for the clock. */
const enough = 6e9;

/**
 * Measures GFLOP/s of the three products that a hidden layer [width, width] costs a training step on `batch` rows, one
 * after the other: forward x · W, and backward g · Wᵀ and xᵀ · g. A step of such layers on whole batches can hardly exceed it.
 */
export async function layerProducts(engine: Engine, { batch, width }: Size): Promise<() => Promise<number>> {
  const rows = [batch, width] as const;
  const square = [width, width] as const;
  const [x, g, weight] = [normal(rows, "x"), normal(rows, "g"), normal(square, "weight")];
  const products = [
    await product(engine, x, weight, {}, zeros(rows)),
    await product(engine, g, weight, { transposeRight: true }, zeros(rows)),
    await product(engine, x, g, { transposeLeft: true }, zeros(square)),
  ];
  const flops = products.length * 2 * batch * width * width;
  const repeat = Math.min(200, Math.max(1, Math.round(enough / flops)));
  return async () => {
    const times: number[] = [];
    for (let k = 0; k < 3; k++) {
      let total = 0;
      for (const run of products) total += await timed(run, repeat);
      times.push(total);
    }
    return flops / median(times) / 1e6;
  };
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
