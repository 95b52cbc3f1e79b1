// configuration: everything that decides what a chain of flows learns. It is stored in the model, as written here.
import { failure } from "../errors.ts";
import type { Coupling } from "../flow/coupling.ts";
import type { InterpolantName } from "../flow/interpolant.ts";
import { contextWidth, type MaskLaw } from "../flow/masked.ts";
import type { Step } from "../flow/steps.ts";
import type { TimeDistribution } from "../flow/time.ts";
import type { NetworkConfiguration } from "../nn/mlp.ts";
import { networkClasses, networkParameterCount, type VelocityNetwork } from "../nn/network.ts";
import type { Integration } from "../ode/integration.ts";
import type { Decay } from "../optim/schedule.ts";

/** One block: its target, its network, and how long it trains. Blocks are independently parametrised. */
export interface BlockConfiguration<N extends VelocityNetwork = NetworkConfiguration> {
  readonly step: Step;
  readonly network: N;
  readonly iterations: number;
  readonly learningRate: number;
}

/** Numbers of 4 bytes, or of 2. */
export type PoolPrecision = "float32" | "float16";

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
  /** Every block starts from the exact marginal of the diffusion, not from a pool that earlier blocks pushed. */
  readonly parallelBlocks?: boolean;
  /** One network for all blocks, which reads tau = (n - 1 + t) / N; trained from the exact marginals too. */
  readonly shareWeights?: boolean;
  /** Of images: values of a line; images are then mirrored left to right with probability 1/2 whenever they are drawn. */
  readonly mirror?: number;
  /** Of images: numbers are at random places of their levels' cells, drawn anew whenever an image enters a batch or a push. */
  readonly dequantise?: boolean;
  /** Of images: what pushed ones are held as. A fit chooses where nothing is said, and records float16 alone. */
  readonly pool?: PoolPrecision;
  /** Learn every conditional and marginal at once: rows are trained with dimensions given and absent by this law. */
  readonly masks?: MaskLaw;
  /** Of networks that read classes: the share of rows that are trained without theirs, so that the networks do without too. */
  readonly classDropout?: number;
}

/** The whole recipe of a fit. Same configuration, data, engine and machine type: same bytes. */
export interface Configuration<N extends VelocityNetwork = NetworkConfiguration> {
  readonly seed: number;
  readonly standardize: boolean;
  readonly blocks: readonly BlockConfiguration<N>[];
  readonly training: TrainingConfiguration;
  /** How the pool is pushed and, by default, how the model samples and scores. */
  readonly integration: Integration;
}

/**
 * The recipe of a masked model of points of `dimension` values: networks that read what is given, free and absent, and the law
 * of it. Copies of the rows, which keep their masks, are pushed from block to block; with `freshMasks`, or where blocks start
 * from exact marginals anyhow, every draw of a row has a new mask. Warm start is possible in either case.
 */
export function maskedConfiguration(
  { blocks, training, ...rest }: Configuration,
  dimension: number,
  masks: MaskLaw,
  { freshMasks = false }: { readonly freshMasks?: boolean } = {},
): Configuration {
  const context = contextWidth(dimension);
  return {
    ...rest,
    blocks: blocks.map((block) => ({ ...block, network: { ...block.network, context } })),
    training: { ...training, masks, ...(freshMasks && { parallelBlocks: true }) },
  };
}

/** Whether blocks start from the exact marginals of the diffusion and know nothing of each other. */
export function isFromMarginals({ parallelBlocks, shareWeights }: TrainingConfiguration): boolean {
  return parallelBlocks === true || shareWeights === true;
}

/** Iterations of each network in the order of training: one number for all blocks where they share a network. */
export function iterationsOf({ blocks, training }: Configuration<VelocityNetwork>): readonly number[] {
  const iterations = blocks.map((block) => block.iterations);
  return training.shareWeights ? [iterations.reduce((a, b) => a + b, 0)] : iterations;
}

/** Weights and biases of all networks between points of `dimension` values; a shared network counts once. */
export function parameterCount({ blocks, training }: Configuration<VelocityNetwork>, dimension: number): number {
  const own = training.shareWeights ? blocks.slice(0, 1) : blocks;
  return own.reduce((total, { network }) => total + networkParameterCount(network, dimension), 0);
}

/** Whether the blocks can share a network: they have the same one, and the same learning rate. */
export function areAlike(blocks: readonly BlockConfiguration<VelocityNetwork>[]): boolean {
  const texts = blocks.map(({ network, learningRate }) => {
    if (network.kind !== undefined) return JSON.stringify([network, learningRate]);
    const { hidden, activation, timeInput, initialization, ...others } = network;
    const { frequencies = 0, detailed = null, levels = null, dropout = 0 } = others;
    const beta = activation.kind === "softplus" ? activation.beta : 0;
    const fine = [frequencies, detailed, levels, dropout];
    return JSON.stringify([hidden, activation.kind, beta, timeInput, initialization, fine, learningRate]);
  });
  return new Set(texts).size <= 1;
}

/** Throws code `option` for settings that contradict each other. */
export function checkConfiguration({ blocks, training }: Configuration<VelocityNetwork>): void {
  if (training.masks && training.coupling !== "dependent")
    throw failure("option", {
      where: "coupling",
      expected: "dependent, as rows with different given values must not be paired",
      received: training.coupling,
      remedy: "leave out --coupling",
    });
  checkClasses(blocks, training);
  if (isFromMarginals(training) && training.warmStart && !training.masks)
    throw failure("option", {
      where: "warm start",
      expected: "false, as blocks that are trained from exact marginals know nothing of each other",
      received: "true",
      remedy: "leave out --warm-start, or train block after block",
    });
  if (training.shareWeights && !areAlike(blocks))
    throw failure("option", {
      where: "shared weights",
      expected: "one network and one learning rate for all blocks",
      received: "blocks that differ",
      remedy: "give --hidden, --activation and --learning-rate one value each",
    });
}

/** All blocks read the same classes, and what needs rows to be paired or held out does without classes. */
function checkClasses(
  blocks: readonly BlockConfiguration<VelocityNetwork>[],
  { classDropout, coupling, earlyStopping }: TrainingConfiguration,
): void {
  const refuse = (where: string, expected: string, received: string) =>
    failure("option", { where, expected, received });
  const counts = new Set(blocks.map(({ network }) => networkClasses(network)));
  if (counts.size > 1) throw refuse("classes", "as many for every block", [...counts].join(", "));
  const reads = !counts.has(0);
  if (reads !== (classDropout !== undefined))
    throw refuse("class dropout", reads ? "a share" : "networks that read classes", reads ? "none" : "others");
  if (!reads) return;
  if (!(Number(classDropout) >= 0 && Number(classDropout) < 1))
    throw refuse("class dropout", "a share of at least 0 and below 1", String(classDropout));
  if (coupling !== "dependent")
    throw refuse("coupling", "dependent, as rows of different classes must not be paired", coupling);
  if (earlyStopping > 0) throw refuse("early stopping", "none with classes", String(earlyStopping));
}
