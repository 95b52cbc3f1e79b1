// image-defaults: the recipe that a fit of images starts from, and the authors' recipes for their three sets.
import type { PixelShape } from "../../data/images/image-set.ts";
import type { Step } from "../../flow/steps.ts";
import { geometricSteps } from "../../flow/steps.ts";
import type { ImageNetwork } from "../../nn/image-network.ts";
import type { Configuration, TrainingConfiguration } from "../../train/configuration.ts";

export type ImageConfiguration = Configuration<ImageNetwork>;

/** What a recipe is made of. */
interface Recipe {
  readonly steps: readonly Step[];
  readonly network: ImageNetwork;
  readonly iterations: number;
  readonly learningRate: number;
  readonly training: Partial<TrainingConfiguration>;
}

const baseTraining: TrainingConfiguration = {
  batchSize: 128,
  interpolant: "linear",
  coupling: "dependent",
  timeDistribution: { kind: "uniform" },
  decay: { kind: "step", factor: 1, every: 1 },
  warmUp: 0,
  weightDecay: 0,
  clip: 1,
  movingAverage: 0.999,
  warmStart: true,
  earlyStopping: 0,
};

function configurationOf({ steps, network, iterations, learningRate, training }: Recipe): ImageConfiguration {
  return {
    seed: 0,
    standardize: false,
    blocks: steps.map((step) => ({ step, network, iterations, learningRate })),
    training: { ...baseTraining, ...training },
    integration: { kind: "adaptive", method: "dopri5", rtol: 1e-3, atol: 1e-3 },
  };
}

/** Errors of three or four of 256 levels: a push with a tenth of it takes twice the evaluations, and training gets the time instead. */
const levelTolerance = { rtol: 1e-2, atol: 1e-2 } as const;

export type ImageNetworkKind = ImageNetwork["kind"];

/** The share of images that are trained without their class where nothing else is said, as in the paper on guidance. */
export const usualClassDropout = 0.1;

/** A recipe whose networks read which of so many classes an image has. Throws "option" where the numbers do not fit. */
export function conditionalConfiguration(
  { blocks, training, ...rest }: ImageConfiguration,
  classes: number,
  classDropout = usualClassDropout,
): ImageConfiguration {
  return {
    ...rest,
    blocks: blocks.map((block) => ({ ...block, network: { ...block.network, classes } })),
    training: { ...training, classDropout },
  };
}

/**
 * What two cores can train: two blocks (gamma = 0.5, free) with a small UNet, or with patches for images whose sides 2 divides.
 * `width` is the channels of the UNet at full size (32), or the numbers that stand for a patch (128). The authors' schedules for
 * images leave most of the way to the free block too (docs/images.md).
 */
export function defaultImageConfiguration(
  { channels, height, width: columns }: PixelShape,
  kind: ImageNetworkKind = "unet",
  width?: number,
): ImageConfiguration {
  const image = { channels, height, width: columns };
  const network = kind === "unet" ? smallUnet(image, width) : smallPatches(image, width);
  const training = { batchSize: 64, decay: { kind: "cosine" }, warmUp: 200, movingAverage: 0.999 } as const;
  const recipe = configurationOf({
    steps: geometricSteps(2, 0.5, 1),
    network,
    iterations: 4000,
    learningRate: 1e-3,
    training,
  });
  return { ...recipe, integration: { kind: "adaptive", method: "dopri5", ...levelTolerance } };
}

/** Halves images down to at least 4 pixels, at most twice; attention at the smallest size alone. */
export function smallUnet(image: PixelShape, channels = 32): ImageNetwork {
  const shortest = Math.min(image.height, image.width);
  const levels = shortest >= 16 ? 3 : shortest >= 8 ? 2 : 1;
  const multipliers = [1, 2, 2].slice(0, levels);
  const smallest = Math.ceil(image.height / 2 ** (levels - 1));
  return {
    kind: "unet",
    image,
    channels,
    multipliers,
    residualBlocks: 1,
    attentionAt: levels > 1 ? [smallest] : [],
    headChannels: channels,
    dropout: 0,
  };
}

function smallPatches(image: PixelShape, width = 128): ImageNetwork {
  const patch = image.height % 2 === 0 && image.width % 2 === 0 ? 2 : 1;
  return { kind: "patches", image, patch, width, blocks: 4, headChannels: Math.min(32, width), expansion: 4 };
}

/** The authors' three image experiments (their repository's configuration files). */
export const imagePresets = ["cifar10", "imagenet32", "flowers"] as const;
export type ImagePreset = (typeof imagePresets)[number];

/** Height and width of the images of the authors' experiments, which are in colour. */
export const presetSizes: Readonly<Record<ImagePreset, number>> = { cifar10: 32, imagenet32: 32, flowers: 128 };

/** The authors' recipe: schedule, network and training; images of 3 x `presetSizes` alone. */
export function imagePreset(name: ImagePreset): ImageConfiguration {
  const image = { channels: 3, height: presetSizes[name], width: presetSizes[name] } as const;
  const unet = (rest: Omit<Extract<ImageNetwork, { kind: "unet" }>, "kind" | "image">): ImageNetwork => ({
    kind: "unet",
    image,
    ...rest,
  });
  switch (name) {
    case "cifar10":
      return configurationOf({
        steps: geometricSteps(4, 0.1, 1.5),
        network: unet({
          ...{ channels: 128, multipliers: [1, 2, 2, 2], residualBlocks: 2, attentionAt: [16] },
          ...{ headChannels: 32, dropout: 0.1 },
        }),
        iterations: 50_000,
        learningRate: 1e-4,
        training: { batchSize: 256, warmUp: 5000, movingAverage: 0.9999, mirror: image.width },
      });
    case "imagenet32":
      return configurationOf({
        steps: geometricSteps(4, 0.1, 1.5),
        network: unet({
          ...{ channels: 128, multipliers: [1, 2, 2, 2], residualBlocks: 3, attentionAt: [16, 8] },
          ...{ headChannels: 64, dropout: 0 },
        }),
        iterations: 200_000,
        learningRate: 1e-4,
        training: { batchSize: 256, warmUp: 5000, movingAverage: 0.9999 },
      });
    case "flowers":
      return configurationOf({
        steps: geometricSteps(4, 0.5, 1.5),
        network: unet({
          ...{ channels: 64, multipliers: [1, 1, 2, 3, 4], residualBlocks: 2, attentionAt: [16] },
          ...{ headChannels: 64, dropout: 0 },
        }),
        iterations: 40_000,
        learningRate: 2e-4,
        training: { batchSize: 40, warmUp: 5000, movingAverage: 0.999 },
      });
  }
}
