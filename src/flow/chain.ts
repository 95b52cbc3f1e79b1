// chain: a model is a chain of short flows. Block n carries p_(n-1) to p_n, the last block lands on N(0, I) (paper, section 3).
import { applyMlp, type MlpArrays, type NetworkConfiguration } from "../nn/mlp.ts";
import type { FloatArray } from "../tensor/array.ts";
import { constant, type Tensor } from "../tensor/tensor.ts";
import { leaves, mapTree } from "../tensor/tree.ts";
import type { VelocityField } from "./matching.ts";
import type { Step } from "./steps.ts";

/** One trained block: its target, its network and the network's weights. */
export interface Block {
  readonly step: Step;
  readonly network: NetworkConfiguration;
  readonly parameters: MlpArrays;
}

/** Blocks in the order data → noise. Sampling runs them backwards. */
export interface Chain {
  readonly dimension: number;
  readonly blocks: readonly Block[];
}

/** The block's velocity with its weights as constants of the program. */
export function blockVelocity({ network, parameters }: Block): VelocityField {
  const weights = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => constant(array));
  return (x, t) => applyMlp(network, weights, x, t);
}

/** The block's weights as a list, and its velocity as a function of them: blocks of equal networks share their programs. */
export function blockWeights({ network, parameters }: Block) {
  const velocityOf = (weights: readonly Tensor[]): VelocityField => {
    let next = 0;
    const tensors = mapTree<FloatArray, Tensor, MlpArrays>(parameters, (array) => weights[next++] ?? constant(array));
    return (x, t) => applyMlp(network, tensors, x, t);
  };
  return { weights: leaves<FloatArray>(parameters).map((leaf) => leaf.value), velocityOf };
}

/** log N(z; 0, I) of each row, in nats. */
export function normalLogDensity(points: Float32Array, dimension: number): Float64Array {
  const constantTerm = -0.5 * dimension * Math.log(2 * Math.PI);
  return Float64Array.from({ length: points.length / dimension }, (_, row) => {
    let squares = 0;
    for (let k = row * dimension; k < (row + 1) * dimension; k++) squares += (points[k] ?? 0) ** 2;
    return constantTerm - 0.5 * squares;
  });
}
