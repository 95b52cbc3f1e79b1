// image-source: where images come from that are measured: a model here, a student of one elsewhere.
import type { PixelShape } from "../../data/images/image-set.ts";
import type { Engine } from "../../runtime/contract.ts";
import { parameterCount } from "../../train/configuration.ts";
import type { ImageClass } from "./image-classes.ts";
import type { ImageModel } from "./image-model.ts";
import { type DrawnImages, drawImages, type ImageSampleRequest, imageChains } from "./sample-images.ts";

/** How many images, and which. */
export type DrawRequest = Pick<ImageSampleRequest, "images" | "seed" | "classes" | "signal" | "onProgress">;

/** A generator of images. */
export interface ImageSource {
  readonly image: PixelShape;
  /** Those that `classes` of a request are places of; none for a source that knows of none. */
  readonly classes?: readonly ImageClass[];
  /** How strongly these are followed: 1 is the class itself, 0 none. */
  readonly guidance?: number;
  /** Numbers that were trained. */
  readonly parameters: number;
  /** Columns of `chains`: noise, then an image after every piece of the way. */
  readonly stages: number;
  draw(request: DrawRequest): Promise<DrawnImages>;
  /** Images at their stages from noise to data, row by row of a grid. */
  chains(request: DrawRequest): Promise<DrawnImages>;
}

/** A model as a source, integrated as it was fitted and following classes as they are, unless told otherwise. */
export function modelSource(
  engine: Engine,
  model: ImageModel,
  { integration, guidance }: Pick<ImageSampleRequest, "integration" | "guidance"> = {},
): ImageSource {
  const { record, chain } = model;
  const how = { ...(integration && { integration }), ...(guidance !== undefined && { guidance }) };
  return {
    image: record.image,
    ...(record.classes && { classes: record.classes, guidance: guidance ?? 1 }),
    parameters: parameterCount(record.configuration, chain.dimension),
    stages: chain.blocks.length + 1,
    draw: (request) => drawImages(engine, model, { ...request, ...how }),
    chains: (request) => imageChains(engine, model, { ...request, ...how }),
  };
}
