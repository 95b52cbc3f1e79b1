// configuration-schema: the recipes and records of fits as JSON, checked.
import * as z from "zod";
import { isAscending } from "../data/ascending.ts";
import type { VelocityNetwork } from "../nn/network.ts";
import { tableaus } from "../ode/tableaus.ts";
import { areAlike } from "../train/configuration.ts";
import { mostPoints } from "../train/loss-curve.ts";

export const finite = z.number();
const positive = z.number().positive();
export const count = z.int().nonnegative();
const method = z.enum(["euler", "midpoint", "heun", "rk4", "bosh3", "dopri5", "tsit5"]);
const adaptiveMethod = method.refine((name) => tableaus[name].error !== undefined, "a method that needs fixed steps");

export const networkSchema = z.object({
  hidden: z.array(z.int().min(1).max(65_536)).max(256),
  activation: z.union([
    z.object({ kind: z.enum(["relu", "elu", "silu", "gelu", "tanh"]) }),
    z.object({ kind: z.literal("softplus"), beta: positive }),
  ]),
  timeInput: z.enum(["first", "every"]),
  initialization: z.enum(["default", "orthogonal", "zero-last"]),
  frequencies: z.int().min(0).max(32).exactOptional(),
  dropout: z.number().min(0).lt(1).exactOptional(),
  detailed: z.array(count).max(100_000).exactOptional(),
  context: z.int().min(0).max(300_000).exactOptional(),
  levels: z
    .array(z.object({ at: count, edges: z.array(finite).max(255).refine(isAscending, "not ascending") }))
    .max(100_000)
    .exactOptional(),
});

const blockSchemaOf = <N extends VelocityNetwork>(network: z.ZodType<N>) =>
  z.object({
    step: z.union([
      z.object({ kind: z.literal("diffuse"), duration: positive }),
      z.object({ kind: z.literal("free") }),
    ]),
    network,
    iterations: count,
    learningRate: positive,
  });

const share = z.number().min(0).max(1);
/** What says which values are missing. */
export const presenceSchema = z
  .array(z.object({ at: count, low: z.number(), high: z.number(), start: count, end: count }))
  .max(100_000);

const maskSchema = z.object({
  groups: z.array(z.object({ start: count, end: count })).max(100_000),
  unconditional: share,
  dropped: share,
  alone: z.object({ start: count, end: count, share }).exactOptional(),
  presence: z
    .object({
      of: presenceSchema,
      unsaid: share,
      parts: z.object({ first: share, told: share }).exactOptional(),
    })
    .exactOptional(),
});

const plainConfigurationOf = <N extends VelocityNetwork>(network: z.ZodType<N>) =>
  z.object({
    seed: z.int(),
    standardize: z.boolean(),
    blocks: z
      .array(blockSchemaOf(network))
      .min(1)
      .max(10_000)
      .refine((blocks) => blocks.every(({ step }, n) => (step.kind === "free") === (n === blocks.length - 1)), {
        error: "a free block that is not the last, or none",
      }),
    training: z.object({
      batchSize: z.int().positive(),
      interpolant: z.enum(["linear", "trigonometric"]),
      coupling: z.enum(["dependent", "shuffled", "independent", "optimal-transport"]),
      timeDistribution: z.union([
        z.object({ kind: z.literal("uniform") }),
        z.object({ kind: z.literal("beta"), alpha: positive, beta: positive }),
      ]),
      decay: z.union([
        z.object({ kind: z.literal("step"), factor: positive, every: z.int().positive() }),
        z.object({ kind: z.literal("cosine") }),
      ]),
      warmUp: count,
      weightDecay: z.number().nonnegative(),
      clip: positive.or(z.literal(Number.POSITIVE_INFINITY)),
      movingAverage: z.number().min(0).max(1),
      warmStart: z.boolean(),
      earlyStopping: count,
      parallelBlocks: z.boolean().exactOptional(),
      shareWeights: z.boolean().exactOptional(),
      mirror: z.int().positive().exactOptional(),
      dequantise: z.boolean().exactOptional(),
      pool: z.enum(["float32", "float16"]).exactOptional(),
      masks: maskSchema.exactOptional(),
      classDropout: z.number().min(0).lt(1).exactOptional(),
    }),
    integration: z.union([
      z.object({ kind: z.literal("adaptive"), method: adaptiveMethod, rtol: positive, atol: positive }),
      z.object({ kind: z.literal("fixed"), method, evaluations: z.int().positive() }),
    ]),
  });

/** A recipe whose blocks have networks of one kind. */
export function configurationSchemaOf<N extends VelocityNetwork>(network: z.ZodType<N>) {
  return plainConfigurationOf(network).refine(({ blocks, training }) => !training.shareWeights || areAlike(blocks), {
    path: ["blocks"],
    error: "blocks that share weights and have different networks",
  });
}

/** A record of a finished block; numbers that were not finite come back as NaN. */
const measured = finite.or(z.null().transform(() => Number.NaN));
export const curveSchema = z
  .object({
    iterations: z.array(count).max(mostPoints),
    losses: z.array(measured),
    heldOut: z.array(measured).exactOptional(),
  })
  .refine(
    ({ iterations, losses, heldOut = losses }) =>
      losses.length === iterations.length && heldOut.length === iterations.length,
    "a curve whose parts differ in length",
  );
export const blockRecordSchema = z.object({
  iterations: count,
  loss: measured,
  curve: curveSchema.exactOptional(),
  poolToNormal: measured,
  blockDistance: measured,
});
export const timedBlockSchema = blockRecordSchema.extend({ seconds: measured, pushSeconds: measured });
