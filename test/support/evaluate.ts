// evaluate: what the mathematical tests share: one run of a symbolic computation, reference files, a plain float64 network.
import { readFileSync } from "node:fs";
import type { InterpolantName } from "../../src/flow/interpolant.ts";
import type { Activation } from "../../src/nn/activation.ts";
import type { MlpArrays, NetworkConfiguration } from "../../src/nn/mlp.ts";
import { compile } from "../../src/runtime/compile.ts";
import type { Engine } from "../../src/runtime/contract.ts";
import { floats, type NDArray } from "../../src/tensor/array.ts";
import { placeholder, type Tensor } from "../../src/tensor/tensor.ts";
import type { MapTree } from "../../src/tensor/tree.ts";

/** An input [rows, width]. */
export const column = (width: number): Tensor => placeholder(["rows", width]);

/** Compiles, runs once, releases. */
export async function evaluate<I extends object, O extends object>(
  engine: Engine,
  inputs: I,
  outputs: O,
  values: MapTree<I, Tensor, NDArray>,
): Promise<MapTree<O, Tensor, NDArray>> {
  const program = await compile(engine, inputs, outputs);
  try {
    return await program.run(values);
  } finally {
    await program.release();
  }
}

/** The numbers of an array. */
export const numbers = ({ data }: NDArray): readonly number[] => Array.from(data as Float32Array);

/** Numbers as they stand in test/reference. */
export interface Stored {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

/** One of the files of test/reference. */
export function reference<T>(name: string): T {
  return JSON.parse(readFileSync(new URL(`../reference/${name}.json`, import.meta.url), "utf8")) as T;
}

export const stored = ({ data, shape }: Stored) => floats(data, shape);

export type StoredLayers = readonly { readonly weight: Stored; readonly bias: Stored }[];

/** density.json: two blocks, what they make of points, and the divergence of the first at one time. */
export interface DensityReference {
  readonly blocks: readonly { readonly activation: Activation; readonly layers: StoredLayers }[];
  readonly points: Stored;
  readonly divergence: {
    readonly t: number;
    readonly velocity: Stored;
    readonly exact: Stored;
    readonly probes: Stored;
    readonly hutchinson: Stored;
  };
  readonly chain: {
    readonly after: readonly { readonly points: Stored; readonly logDeterminant: Stored }[];
    readonly logDensity: Stored;
  };
}

/** training.json: steps of training on one batch. */
export interface TrainingReference {
  readonly batch: { readonly xLeft: Stored; readonly xRight: Stored; readonly t: Stored };
  readonly runs: readonly {
    readonly activation: Activation;
    readonly interpolant: InterpolantName;
    readonly optimizer: { readonly learningRate: number; readonly weightDecay: number; readonly clip?: number };
    readonly start: StoredLayers;
    readonly steps: readonly { readonly loss: number; readonly gradientNorm: number; readonly layers: StoredLayers }[];
  }[];
}

/** Layers of a reference file as the parameters of a network. */
export function storedLayers(layers: StoredLayers): MlpArrays {
  return { layers: layers.map(({ weight, bias }) => ({ weight: stored(weight), bias: stored(bias) })) };
}

/** Largest |a - b|; NaN counts as infinitely far. */
export function largestDifference(a: ArrayLike<number>, b: ArrayLike<number>): number {
  if (a.length !== b.length) return Number.POSITIVE_INFINITY;
  const distance = (i: number) => Math.abs((a[i] ?? Number.NaN) - (b[i] ?? Number.NaN));
  return Array.from({ length: a.length }, (_, i) => distance(i)).reduce(
    (worst, value) => (Number.isNaN(value) ? Number.POSITIVE_INFINITY : Math.max(worst, value)),
    0,
  );
}

/** Sample mean and variance. */
export function moments(values: ArrayLike<number>): { readonly mean: number; readonly variance: number } {
  const all = Array.from(values);
  const mean = all.reduce((total, value) => total + value, 0) / all.length;
  return { mean, variance: all.reduce((total, value) => total + (value - mean) ** 2, 0) / (all.length - 1) };
}

/** v(x, t) of one point in float64, straight from the formulas: the reference for networks, divergences and flows. */
export function plainMlp(
  network: NetworkConfiguration,
  { layers }: MlpArrays,
  x: readonly number[],
  t: number,
): number[] {
  return layers.reduce<number[]>(
    (h, { weight, bias }, k) => {
      const input = k === 0 || network.timeInput === "every" ? [t].concat(h) : h;
      const out = bias.data.length;
      const linear = Array.from(bias.data, (b, j) =>
        input.reduce((total, value, i) => total + value * (weight.data[i * out + j] ?? 0), b),
      );
      return k < layers.length - 1 ? linear.map((value) => plainActivation(network.activation, value)) : linear;
    },
    plainFeatures(x, network.frequencies ?? 0),
  );
}

/** x, then sin(2^k x) for k = 0, 1, …, then the cosines. */
function plainFeatures(x: readonly number[], frequencies: number): number[] {
  const phases = Array.from({ length: frequencies }, (_, k) => x.map((value) => 2 ** k * value)).flat();
  return [...x, ...phases.map(Math.sin), ...phases.map(Math.cos)];
}

function plainActivation(activation: Activation, x: number): number {
  switch (activation.kind) {
    case "relu":
      return Math.max(x, 0);
    case "elu":
      return x > 0 ? x : Math.expm1(x);
    case "silu":
      return x / (1 + Math.exp(-x));
    case "gelu":
      return (x / 2) * (1 + errorFunction(x / Math.SQRT2));
    case "tanh":
      return Math.tanh(x);
    case "softplus":
      return Math.max(x, 0) + Math.log1p(Math.exp(-activation.beta * Math.abs(x))) / activation.beta;
  }
}

/** erf by its Taylor series, good for |x| < 4. */
function errorFunction(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 100; n++) {
    term *= (-x * x) / n;
    total += term / (2 * n + 1);
  }
  return (2 / Math.sqrt(Math.PI)) * total;
}

/** The Jacobian dv_i / dx_j of a plain function by central differences. */
export function plainJacobian(
  f: (x: readonly number[]) => readonly number[],
  x: readonly number[],
  h = 1e-5,
): number[][] {
  const moved = (j: number, by: number) => f(x.map((value, k) => (k === j ? value + by : value)));
  const columns = x.map((_, j) => ({ ahead: moved(j, h), behind: moved(j, -h) }));
  return f(x).map((_, i) => columns.map(({ ahead, behind }) => ((ahead[i] ?? 0) - (behind[i] ?? 0)) / (2 * h)));
}
