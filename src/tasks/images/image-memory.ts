// image-memory: what a fit of images takes in memory: the images as numbers, and their training within the rest of a budget.
import { failure } from "../../errors.ts";
import type { ImageNetwork } from "../../nn/image-network.ts";
import type { Engine } from "../../runtime/contract.ts";
import { isFromMarginals } from "../../train/configuration.ts";
import { fittingPlan, type StepPlan, stepPlans } from "../../train/step-memory.ts";
import type { ImageConfiguration } from "./image-defaults.ts";

/** Bytes of so many images as numbers: as they were read, and where they are pushed. */
export function poolBytes(configuration: ImageConfiguration, images: number): number {
  const [block] = configuration.blocks;
  const copies = isFromMarginals(configuration.training) ? 1 : 2;
  return block ? 4 * copies * images * valuesOf(block.network) : 0;
}

/** How each network could be trained on a CPU, block after block; networks that are alike share their plans. */
export function trainingPlans({ blocks, training }: ImageConfiguration): readonly (readonly StepPlan[])[] {
  const known = new Map<string, readonly StepPlan[]>();
  return blocks.map(({ step, network }) => {
    const key = JSON.stringify(network);
    const target = { step: training.shareWeights ? ({ kind: "by row" } as const) : step, network };
    const plans = known.get(key) ?? stepPlans({ ...target, dimension: valuesOf(network) }, training);
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
    expected: `at least ${pool} bytes for the images as numbers`,
    received: String(memory),
    remedy: "raise the budget or train on fewer images (--images N)",
  });
}

function valuesOf({ image }: ImageNetwork): number {
  return image.channels * image.height * image.width;
}
