// configuration: everything that decides what a chain of flows learns. It is stored in the model, as written here.
import type { Coupling } from "../flow/coupling.ts";
import type { InterpolantName } from "../flow/interpolant.ts";
import type { Step } from "../flow/steps.ts";
import type { TimeDistribution } from "../flow/time.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import type { Integration } from "../ode/integration.ts";
import type { Decay } from "../optim/schedule.ts";

/** One block: its target, its network, and how long it trains. Blocks are independently parametrised. */
export interface BlockConfiguration {
  readonly step: Step;
  readonly network: NetworkConfiguration;
  readonly iterations: number;
  readonly learningRate: number;
}

/** What the blocks' training has in common. */
export interface TrainingConfiguration {
  readonly batchSize: number;
  readonly interpolant: InterpolantName;
  readonly coupling: Coupling;
  readonly timeDistribution: TimeDistribution;
  readonly decay: Decay;
  /** Iterations of linear warm-up; 0 for none. */
  readonly warmUp: number;
  /** Decoupled weight decay; 0 for none. */
  readonly weightDecay: number;
  /** Largest global gradient norm; Infinity for no clipping. */
  readonly clip: number;
  /** Decay of the moving average of the weights; 0 publishes the raw weights. */
  readonly movingAverage: number;
  /** Start block n from block n-1's weights where the shapes agree. */
  readonly warmStart: boolean;
  /** Stop a block when its held-out loss has not improved for this many checks; 0 never stops early. */
  readonly earlyStopping: number;
}

/** The whole recipe of a fit. Same configuration, data, engine and machine type: same bytes. */
export interface Configuration {
  readonly seed: number;
  readonly standardize: boolean;
  readonly blocks: readonly BlockConfiguration[];
  readonly training: TrainingConfiguration;
  /** How the pool is pushed and, by default, how the model samples and scores. */
  readonly integration: Integration;
}
