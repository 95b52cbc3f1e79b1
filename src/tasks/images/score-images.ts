// score-images: the log-density of images under a model, and the bits per value that it means.

import type { ImageSet } from "../../data/images/image-set.ts";
import { bitsPerDimension, readRows } from "../../data/images/rows.ts";
import { normalLogDensity } from "../../flow/chain.ts";
import { noClass } from "../../flow/classes.ts";
import type { Integration } from "../../ode/integration.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { checkSignal, pauses } from "../../runtime/pause.ts";
import { createTransport, type Divergence } from "../../runtime/transport.ts";
import type { Progress } from "../progress.ts";
import { labelsAs } from "./image-classes.ts";
import type { ImageModel } from "./image-model.ts";
import { chosenPlaces } from "./image-places.ts";
import { checkShape } from "./image-reader.ts";

export interface ImageScoreRequest {
  /** Default: one probe of Hutchinson's estimate; exact takes as many directions as an image has values. */
  readonly divergence?: Exclude<Divergence, { readonly kind: "none" }>;
  /** Decides the places within the levels' cells, the probes, and which images where not all are. Default 0. */
  readonly seed?: number;
  /** Images at most, a random choice; default: all. */
  readonly most?: number;
  /** Of a model with classes: leave them out, although the images have theirs. */
  readonly marginal?: boolean;
  /** Default: as the model was fitted. */
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** Images that are scored together: the fewest that keep a core busy, since one can take seconds. */
const atOnce = 16;

/** Some images in their order. */
export interface ScoredImages {
  /** log p (nats) of the image as a point of [-1, 1]^D, each value at a random place of its level's cell. */
  readonly logDensity: Float64Array;
  /** The bits per value that this is a bound on (`bitsPerDimension`). */
  readonly bits: Float64Array;
  readonly evaluations: number;
}

/** Whether images are scored given their classes: the model has some, and so have the images. */
export function isGivenClasses(
  { record }: ImageModel,
  { labels }: ImageSet,
  { marginal = false }: Pick<ImageScoreRequest, "marginal">,
): boolean {
  return record.classes !== undefined && labels !== undefined && !marginal;
}

/**
 * Scores images, some at a time and in order, each given its class where model and images have classes. Throws "data" for images of
 * another size, or of a class that the model does not know.
 */
export async function* scoreImages(
  engine: Engine,
  model: ImageModel,
  images: ImageSet,
  request: ImageScoreRequest = {},
): AsyncGenerator<ScoredImages> {
  const { chain, record } = model;
  const { divergence = { kind: "hutchinson", probes: 1 }, seed = 0, most, signal, onProgress } = request;
  const { integration = record.configuration.integration } = request;
  checkShape(images.description, images, record.image);
  const d = chain.dimension;
  const key = split(random(seed), "score");
  const places = chosenPlaces(images.count, most, split(key, "images"));
  const labels = isGivenClasses(model, images, request) ? labelsAs(images, record.classes ?? []) : undefined;
  const guidance = labels ? 1 : 0;
  const transport = await createTransport(engine, chain, { direction: 1, integration, divergence, guidance });
  const pause = pauses();
  try {
    for (let first = 0; first < places.length; first += atOnce) {
      const chosen = places.subarray(first, first + atOnce);
      const rows = await readRows(images, chosen, { dequantise: split(key, "places"), offset: first });
      const classes = labels && Int32Array.from(chosen, (place) => labels[place] ?? noClass);
      const run = { random: key, firstRow: first, ...(classes && { classes }), ...(signal && { signal }) };
      const moved = await transport.run(rows.data, run);
      const probes = moved.logDeterminant.length / chosen.length;
      const logDensity = normalLogDensity(moved.points, d).map((value, row) => {
        const own = moved.logDeterminant.subarray(row * probes, (row + 1) * probes);
        return value + own.reduce((a, b) => a + b, 0) / probes;
      });
      const bits = logDensity.map((value) => bitsPerDimension(-value, d));
      onProgress?.({ stage: "score", fraction: (first + chosen.length) / places.length });
      yield { logDensity, bits, evaluations: moved.evaluations };
      await pause();
      checkSignal(signal, "scoring");
    }
  } finally {
    await transport.release();
  }
}
