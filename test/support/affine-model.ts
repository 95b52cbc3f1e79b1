// affine-model: density models whose velocities are affine, v(x, t) = x W + c, so that their flows have closed forms.
import type { Block } from "../../src/flow/chain.ts";
import type { NetworkConfiguration } from "../../src/nn/mlp.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import type { DensityModel } from "../../src/tasks/density-model.ts";
import { floats } from "../../src/tensor/array.ts";

const network: NetworkConfiguration = {
  hidden: [],
  activation: { kind: "tanh" },
  timeInput: "first",
  initialization: "default",
};

export interface Affine {
  /** W [2 · 2] by rows; dx/dt = x W + c in every block. */
  readonly matrix: readonly [number, number, number, number];
  readonly offset?: readonly [number, number];
  readonly blocks?: number;
  /** Of the user's columns; the velocity acts on standardised ones. */
  readonly mean?: readonly [number, number];
  readonly deviation?: readonly [number, number];
}

/** A model of two columns whose blocks all have the same affine velocity. */
export function affineModel({
  matrix,
  offset = [0, 0],
  blocks = 1,
  mean = [0, 0],
  deviation = [1, 1],
}: Affine): DensityModel {
  const parameters = { layers: [{ weight: floats([0, 0, ...matrix], [3, 2]), bias: floats(offset) }] };
  const chain: readonly Block[] = Array.from({ length: blocks }, () => ({
    step: { kind: "free" },
    network,
    parameters,
  }));
  const base = defaultConfiguration({ rows: 1000, columns: 2 });
  const configuration = {
    ...base,
    blocks: chain.map(({ step }) => ({ step, network, iterations: 1, learningRate: 1e-3 })),
  };
  return {
    record: {
      version: 1,
      task: "density",
      columns: ["a", "b"],
      configuration,
      training: { rows: 1000, blocks: [] },
    },
    standardization: { mean: floats(mean), deviation: floats(deviation) },
    chain: { dimension: 2, blocks: chain },
  };
}

/** dx/dt = x W turns the plane by `speed` radians in one unit of time. */
export function rotation(speed: number): Affine["matrix"] {
  return [0, -speed, speed, 0];
}
