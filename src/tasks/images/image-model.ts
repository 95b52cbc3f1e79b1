// image-model: the model file of the image task: the size of the images, the recipe, and the weights of the chain.
import * as z from "zod";
import { levelsPerImage, type PixelShape } from "../../data/images/image-set.ts";
import { decodeSafetensors } from "../../data/safetensors.ts";
import { LocalFlowError } from "../../errors.ts";
import type { Chain } from "../../flow/chain.ts";
import { type ImageNetwork, imageNetworkPlan } from "../../nn/image-network.ts";
import type { BlockRecord } from "../../train/chain.ts";
import type { Configuration } from "../../train/configuration.ts";
import { blockRecordSchema, configurationSchemaOf, count } from "../configuration-schema.ts";
import { chainTensors, modelVersion, parseMetadata, readBlocks, toJson } from "../model-file.ts";
import { checkSeal, encodeSealed } from "../seal.ts";
import { type ImageClass, mostClasses } from "./image-classes.ts";

/** What the file of an image model says beside its weights. */
export interface ImageRecord {
  readonly version: number;
  readonly task: "images";
  readonly image: PixelShape;
  /** The classes that the networks read, in their order; none for a model that knows of none. */
  readonly classes?: readonly ImageClass[];
  readonly configuration: Configuration<ImageNetwork>;
  readonly training: {
    readonly images: number;
    /** The set that it was trained on, in a few words. */
    readonly source: string;
    readonly blocks: readonly BlockRecord[];
  };
}

/** A trained chain of flows over images, as rows of [-1, 1] (`readRows`). */
export interface ImageModel {
  readonly record: ImageRecord;
  readonly chain: Chain;
}

const size = z.int().min(1).max(4096);
export const imageSchema = z.object({ channels: z.union([z.literal(1), z.literal(3)]), height: size, width: size });
const networkSize = z.object({ channels: size, height: size, width: size });
const small = z.int().min(1).max(65_536);

const classes = z.int().min(1).max(mostClasses).exactOptional();

export const networkSchema: z.ZodType<ImageNetwork> = z.union([
  z.object({
    kind: z.literal("unet"),
    image: networkSize,
    channels: small,
    multipliers: z.array(z.int().min(1).max(64)).min(1).max(16),
    residualBlocks: z.int().min(1).max(64),
    attentionAt: z.array(size).max(16),
    headChannels: small,
    dropout: z.number().min(0).lt(1),
    classes,
  }),
  z.object({
    kind: z.literal("patches"),
    image: networkSize,
    patch: small,
    width: small,
    blocks: z.int().min(1).max(256),
    headChannels: small,
    expansion: z.int().min(1).max(64),
    classes,
  }),
]);

export const classesSchema = z
  .array(z.object({ name: z.string().max(1000), images: count }))
  .min(1)
  .max(mostClasses)
  .refine((own) => new Set(own.map(({ name }) => name)).size === own.length, "classes of one name")
  .refine((own) => own.some(({ images }) => images > 0), "classes without an image");

const recordSchema = z
  .object({
    version: z.literal(modelVersion),
    task: z.literal("images"),
    image: imageSchema,
    classes: classesSchema.exactOptional(),
    configuration: configurationSchemaOf(networkSchema),
    training: z.object({ images: count, source: z.string(), blocks: z.array(blockRecordSchema) }),
  })
  .refine(
    ({ image: { channels, height, width }, configuration }) =>
      configuration.blocks.every(
        ({ network: { image: own } }) => own.channels === channels && own.height === height && own.width === width,
      ),
    { path: ["configuration", "blocks"], error: "networks for images of another size" },
  )
  .refine(({ configuration }) => configuration.blocks.every(({ network }) => fitsTogether(network)), {
    path: ["configuration", "blocks"],
    error: "networks whose numbers do not fit together",
  })
  .refine(
    ({ classes: own, configuration }) => {
      const isTold = configuration.training.classDropout !== undefined;
      const read = configuration.blocks.map(({ network }) => network.classes ?? 0);
      return isTold === (own !== undefined) && read.every((each) => each === (own?.length ?? 0));
    },
    { path: ["classes"], error: "networks that read other classes" },
  )
  .refine(({ configuration }) => configuration.training.masks === undefined, "masks, which images do not have");

/** Whether the numbers of a network belong together. */
export function fitsTogether(network: ImageNetwork): boolean {
  try {
    imageNetworkPlan(network);
    return true;
  } catch (error) {
    if (error instanceof LocalFlowError) return false;
    throw error;
  }
}

/**
 * The bytes of a model file: safetensors with the record as JSON in its metadata. The same model gives the same bytes.
 */
export function encodeImageModel({ record, chain }: ImageModel): Uint8Array {
  return encodeSealed(chainTensors(chain), toJson(record));
}

/** Reads a model file. Throws a "model" error that says what is wrong; nothing in the file is executed. */
export function decodeImageModel(bytes: Uint8Array, where = "model"): ImageModel {
  const file = decodeSafetensors(bytes, where);
  const record: ImageRecord = parseMetadata(recordSchema, file.metadata["localflow"], where);
  const { blocks } = record.configuration;
  const dimension = levelsPerImage(record.image);
  const chain: Chain = {
    dimension,
    blocks: readBlocks(file.tensors, record.configuration, blocks.length, dimension, where),
  };
  checkSeal(file, where);
  return { record, chain };
}
