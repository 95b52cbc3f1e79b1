// image-plan: what `reproduce` does with a set of images: who trains for how long, how many images are drawn, what may be compared.
import type { FlowBaseline } from "../../measure/names.ts";
import type { ImageNetwork } from "../../nn/image-network.ts";
import { networkParameterCount } from "../../nn/network.ts";
import { iterationsOf, parameterCount } from "../../train/configuration.ts";
import { type ImageConfiguration, type ImagePreset, imagePreset } from "../images/image-defaults.ts";
import { type PublishedDistance, publishedDistances } from "../presets/published-images.ts";
import { shrunk } from "./scale.ts";

/** A way to learn the images. */
export interface ImageContender {
  readonly method: "lfm" | FlowBaseline;
  readonly description: string;
  readonly configuration: ImageConfiguration;
}

export interface ImagePlanOptions {
  /** Share of images and budgets; 1 is the experiment itself. */
  readonly scale: number;
  /** Plain Flow Matching beside the chain. */
  readonly rivals: readonly FlowBaseline[];
  /** Whether the user named the network that distances are measured in. */
  readonly hasFeatures: boolean;
  /** What is missing of the set, in sentences. */
  readonly gaps: readonly string[];
}

export interface ImagePlan {
  readonly name: ImagePreset;
  readonly scale: number;
  /** The first one is what the experiment is about. */
  readonly contenders: readonly ImageContender[];
  /** Images to draw from each model. */
  readonly samples: number;
  /** Of so many images, how many take part: training, reference and others by themselves. */
  share(count: number): number;
  readonly published: readonly PublishedDistance[];
  readonly comparable: { readonly yes: boolean; readonly why?: string };
  readonly notes: readonly string[];
}

/** Images that the authors draw for their figure. */
const drawn: Readonly<Record<ImagePreset, number>> = { cifar10: 50_000, imagenet32: 50_000, flowers: 5000 };

/** Below these a shrunk experiment would not even show that the path works. */
const fewest = { images: 32, samples: 32, iterations: 8, batch: 8, channels: 8 } as const;
/** Below this scale networks are cut short too: their graphs alone would take longer than all else. */
const shortBelow = 1e-3;

/** The authors' chain and its rivals, shrunk in proportion. */
export function imagePlan(name: ImagePreset, options: ImagePlanOptions): ImagePlan {
  const { scale, rivals } = options;
  const configuration = scaledImageConfiguration(imagePreset(name), scale);
  const share = (count: number) => shrunk(count, scale, fewest.images);
  return {
    name,
    scale,
    contenders: imageContenders(configuration, rivals),
    samples: Math.max(fewest.samples, Math.round(drawn[name] * scale)),
    share,
    published: publishedDistances(name),
    comparable: comparability(options),
    notes: notesOf(name, rivals),
  };
}

function comparability({ scale, hasFeatures, gaps }: ImagePlanOptions): ImagePlan["comparable"] {
  const reasons = [
    ...(scale === 1 ? [] : [`iterations, images, batches and parameters are ${scale} of it`]),
    ...(hasFeatures
      ? []
      : ["distances are measured in features of our own and not in those of FID's Inception network (--features)"]),
    ...gaps.map((gap) => `there are ${gap}`),
  ];
  return reasons.length === 0 ? { yes: true } : { yes: false, why: reasons.join("; ") };
}

function notesOf(name: ImagePreset, rivals: readonly FlowBaseline[]): readonly string[] {
  return [
    "The recipe is the one of the authors' newer code (January 2026); the published figures are of an earlier version.",
    "Float32 throughout, where their code mixes float16 and float32; step sizes are chosen for each image, not for a batch.",
    ...(name === "flowers" ? ["All 8189 images are trained on and are the reference too, as in their code."] : []),
    ...(name === "cifar10" ? ["The reference is the training images, as in their code."] : []),
    ...(rivals.length > 0 ? ["Every contender has the authors' learning rate; none was tuned."] : []),
  ];
}

/**
 * Iterations, warm-up and batch times `scale`, and channels times its root, so that parameters shrink in proportion too. The moving
 * average forgets as many times faster as the training is shorter. The learning rate stays.
 */
function scaledImageConfiguration(configuration: ImageConfiguration, scale: number): ImageConfiguration {
  if (scale === 1) return configuration;
  const { blocks, training } = configuration;
  return {
    ...configuration,
    blocks: blocks.map((block) => ({
      ...block,
      network: shrunkNetwork(block.network, scale),
      iterations: shrunk(block.iterations, scale, fewest.iterations),
    })),
    training: {
      ...training,
      batchSize: shrunk(training.batchSize, scale, fewest.batch),
      warmUp: Math.round(training.warmUp * scale),
      movingAverage: training.movingAverage ** (1 / scale),
    },
  };
}

/** Channels in steps of 32, which the groups of the normalisation and the heads want, or of 8 where there are few. */
function shrunkNetwork(network: ImageNetwork, scale: number): ImageNetwork {
  if (network.kind !== "unet") return network;
  const wanted = network.channels * Math.sqrt(scale);
  const step = wanted > 32 ? 32 : 8;
  const channels = Math.min(network.channels, Math.max(fewest.channels, step * Math.round(wanted / step)));
  const narrow = { ...network, channels, headChannels: Math.min(network.headChannels, channels, 32) };
  if (scale >= shortBelow) return narrow;
  const multipliers = network.multipliers.slice(0, 2);
  return { ...narrow, multipliers, residualBlocks: 1, attentionAt: [] };
}

const descriptions: Readonly<Record<FlowBaseline, string>> = {
  "flow-wide":
    "plain Flow Matching, one network of about as many parameters as all blocks together, equal gradient steps",
  "flow-long": "plain Flow Matching, one block's network, equal gradient steps",
};

/** The chain, and one free block on as many gradient steps with a wider network, or with the network of a block. */
export function imageContenders(
  configuration: ImageConfiguration,
  rivals: readonly FlowBaseline[],
): readonly ImageContender[] {
  const pattern = configuration.blocks.at(-1);
  const chain = {
    method: "lfm" as const,
    description: `Local Flow Matching, ${configuration.blocks.length} blocks`,
    configuration,
  };
  if (pattern === undefined) return [chain];
  const iterations = iterationsOf(configuration).reduce((a, b) => a + b, 0);
  const plain = (kind: FlowBaseline): ImageConfiguration => {
    const { image } = pattern.network;
    const parameters = parameterCount(configuration, image.channels * image.height * image.width);
    const network = kind === "flow-wide" ? widenedNetwork(pattern.network, parameters) : pattern.network;
    return { ...configuration, blocks: [{ ...pattern, step: { kind: "free" }, network, iterations }] };
  };
  return [
    chain,
    ...rivals.map((method) => ({ method, description: descriptions[method], configuration: plain(method) })),
  ];
}

/** The widest network with no more parameters, in steps of the channels of a head. */
function widenedNetwork(network: ImageNetwork, parameters: number): ImageNetwork {
  if (network.kind !== "unet") return network;
  const { image, headChannels } = network;
  const dimension = image.channels * image.height * image.width;
  let best = network;
  for (;;) {
    const wider = { ...best, channels: best.channels + headChannels };
    if (networkParameterCount(wider, dimension) > parameters) return best;
    best = wider;
  }
}
