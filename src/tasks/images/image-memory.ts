// image-memory: what a fit of images takes in memory: the images, as levels and as what is pushed, and their training beside them.
import { failure } from "../../errors.ts";
import type { ImageNetwork } from "../../nn/image-network.ts";
import type { Engine } from "../../runtime/contract.ts";
import { isFromMarginals } from "../../train/configuration.ts";
import { rowsInUse } from "../../train/pool.ts";
import { fittingPlan, type StepPlan, stepPlans } from "../../train/step-memory.ts";
import type { ImageConfiguration } from "./image-defaults.ts";

/** Pushed images that take more bytes than this as float32 are held as float16 where nothing else is said. */
const largePool = 2 ** 30;

/** The recipe of a fit of so many images with what pushed ones are held as: float32 where nothing stands, which small pools are. */
export function withPrecision(
  configuration: ImageConfiguration,
  images: number,
  memory = Number.POSITIVE_INFINITY,
): ImageConfiguration {
  const { pool, ...training } = configuration.training;
  const bytes = 4 * pushedValues(configuration, images);
  const isHalved = bytes > 0 && (pool ? pool === "float16" : bytes > Math.min(largePool, memory / 2));
  return { ...configuration, training: { ...training, ...(isHalved && { pool: "float16" }) } };
}

/** Bytes of so many images: a byte for each level, then, in their place, numbers for those that are pushed. */
export function poolBytes(configuration: ImageConfiguration, images: number): number {
  const each = configuration.training.pool === "float16" ? 2 : 4;
  return Math.max(images * valuesOf(configuration), each * pushedValues(configuration, images));
}

/** Numbers that images are once they are pushed: later blocks may not look at all of them. */
export function pushedValues(configuration: ImageConfiguration, images: number): number {
  if (isFromMarginals(configuration.training)) return 0;
  return Math.min(images, rowsInUse(configuration, 1)) * valuesOf(configuration);
}

/** How each network could be trained on a CPU, block after block; networks that are alike share their plans. */
export function trainingPlans({ blocks, training }: ImageConfiguration): readonly (readonly StepPlan[])[] {
  const known = new Map<string, readonly StepPlan[]>();
  return blocks.map(({ step, network }) => {
    const key = JSON.stringify(network);
    const target = { step: training.shareWeights ? ({ kind: "by row" } as const) : step, network };
    const plans = known.get(key) ?? stepPlans({ ...target, dimension: levelsIn(network) }, training);
    known.set(key, plans);
    return plans;
  });
}

/**
 * What a budget leaves for training beside the images; undefined where there is no budget, or no CPU. Throws "option" where
 * either does not fit.
 */
export function memoryOfTraining(
  { device }: Pick<Engine, "device">,
  configuration: ImageConfiguration,
  images: number,
  memory: number | undefined,
): number | undefined {
  if (memory === undefined) return undefined;
  const pool = poolBytes(configuration, images);
  if (device !== "cpu") {
    checkPool(pool, memory);
    return undefined;
  }
  for (const plans of trainingPlans(configuration)) fittingPlan(plans, memory - pool, pool);
  return memory - pool;
}

function checkPool(pool: number, memory: number): void {
  if (pool <= memory) return;
  throw failure("option", {
    where: "memory",
    expected: `at least ${pool} bytes for the images`,
    received: String(memory),
    remedy: "raise the budget or train on fewer images (--images N)",
  });
}

/** Values of an image of a recipe. */
function valuesOf({ blocks: [block] }: ImageConfiguration): number {
  return block ? levelsIn(block.network) : 0;
}

function levelsIn({ image }: ImageNetwork): number {
  return image.channels * image.height * image.width;
}
