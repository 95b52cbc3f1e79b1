// shapes: the network shapes of the paper's experiments, and networks of these shapes that are not trained.
import type { Activation } from "../src/nn/activation.ts";
import { initialMlp, type MlpArrays, type NetworkConfiguration } from "../src/nn/mlp.ts";
import { fillNormal, fillUniform, random, split } from "../src/random.ts";
import { zeros } from "../src/tensor/array.ts";
import type { Batch } from "../src/train/batches.ts";

export interface NetworkShape {
  readonly name: string;
  readonly dimension: number;
  readonly width: number;
  readonly layers: number;
  readonly activation: Activation;
}

export interface TrainingShape extends NetworkShape {
  readonly batch: number;
}

const relu: Activation = { kind: "relu" };
const softplus: Activation = { kind: "softplus", beta: 20 };

/** The paper's configurations of these data sets, and a small one where overheads show. */
export const trainingShapes: readonly TrainingShape[] = [
  { name: "tree", dimension: 2, width: 256, layers: 3, activation: softplus, batch: 10_000 },
  { name: "power", dimension: 6, width: 256, layers: 4, activation: relu, batch: 30_000 },
  { name: "gas", dimension: 8, width: 362, layers: 5, activation: relu, batch: 50_000 },
  { name: "miniboone", dimension: 43, width: 362, layers: 4, activation: relu, batch: 1000 },
  { name: "bsds300", dimension: 63, width: 512, layers: 4, activation: { kind: "elu" }, batch: 1000 },
  { name: "small", dimension: 2, width: 64, layers: 3, activation: relu, batch: 512 },
];

/** As `peers/step.py` and `peers/trace.py` read it. */
export function activationText(activation: Activation): string {
  return activation.kind === "softplus" ? `softplus(${activation.beta})` : activation.kind;
}

export function networkOf({ width, layers, activation }: NetworkShape): NetworkConfiguration {
  const hidden = new Array<number>(layers).fill(width);
  return { hidden, activation, timeInput: "first", initialization: "default" };
}

/** Weights as a network starts with. */
export function parametersOf(shape: NetworkShape): MlpArrays {
  return initialMlp(random(1), networkOf(shape), shape.dimension);
}

/** Normal points, normal noise and uniform times: one batch, used over and over. */
export function batchOf({ dimension, batch }: TrainingShape): Batch {
  const [left, noise, time] = [zeros([batch, dimension]), zeros([batch, dimension]), zeros([batch, 1])];
  const key = random(2);
  fillNormal(split(key, "left"), left.data);
  fillNormal(split(key, "noise"), noise.data);
  fillUniform(split(key, "time"), time.data);
  return { left, source: left, noise, time };
}

/** Floating-point operations of one forward pass of one row, multiply and add counted apart, as the peers count. */
export function forwardFlops({ dimension, width, layers }: NetworkShape): number {
  return 2 * ((dimension + 1) * width + (layers - 1) * width * width + width * dimension);
}
