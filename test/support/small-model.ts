// small-model: untrained models of any network, for tests of what does not depend on training.
import { timeWindow } from "../../src/flow/chain.ts";
import { explicitSteps } from "../../src/flow/steps.ts";
import { initialMlp, type NetworkConfiguration } from "../../src/nn/mlp.ts";
import { random, split } from "../../src/random.ts";
import { defaultConfiguration } from "../../src/tasks/defaults.ts";
import type { DensityModel } from "../../src/tasks/density-model.ts";
import { floats } from "../../src/tensor/array.ts";

export const smallNetwork: NetworkConfiguration = {
  hidden: [16, 12],
  activation: { kind: "silu" },
  timeInput: "first",
  initialization: "default",
};

/** Three columns in units of their own, and `blocks` blocks with random weights. */
export function smallModel({
  network = smallNetwork,
  blocks = 3,
  seed = 1,
  shareWeights = false,
}: {
  readonly network?: NetworkConfiguration;
  readonly blocks?: number;
  readonly seed?: number;
  readonly shareWeights?: boolean;
} = {}): DensityModel {
  const base = defaultConfiguration({ rows: 1000, columns: 3 });
  const steps = explicitSteps(Array.from({ length: blocks - 1 }, () => 0.2));
  const key = random(seed);
  const chain = steps.map((step, n) => ({
    step,
    network,
    parameters: initialMlp(split(key, shareWeights ? 0 : n), network, 3),
    ...(shareWeights && { timeWindow: timeWindow(n, blocks) }),
  }));
  const shared = chain[0]?.parameters ?? { layers: [] };
  return {
    record: {
      version: 1,
      task: "density",
      columns: ["width", "height", "price"],
      configuration: {
        ...base,
        seed,
        blocks: steps.map((step) => ({ step, network, iterations: 1, learningRate: 1e-3 })),
        training: { ...base.training, shareWeights },
      },
      training: { rows: 1000, blocks: [] },
    },
    standardization: { mean: floats([5, -2, 40_000]), deviation: floats([2, 0.01, 9000]) },
    chain: { dimension: 3, blocks: shareWeights ? chain.map((block) => ({ ...block, parameters: shared })) : chain },
  };
}
