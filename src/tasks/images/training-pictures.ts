// training-pictures: images from what is trained so far, always from the same beginnings, so that pictures can be compared.
import type { PixelBlock, PixelShape } from "../../data/images/image-set.ts";
import { levelsOfRows } from "../../data/images/rows.ts";
import { fillNormal, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createTransport } from "../../runtime/transport.ts";
import { floats } from "../../tensor/array.ts";
import { diffuse } from "../../train/batches.ts";
import type { Look } from "../../train/looks.ts";
import { evenPlaces } from "../../train/pool.ts";
import type { RowPool } from "../../train/row-pool.ts";

/** Images drawn when block `block` had trained for so many iterations. */
export interface TrainingPicture {
  readonly block: number;
  readonly iteration: number;
  readonly images: PixelBlock;
}

export interface TrainingPictures {
  /** Seconds between two pictures, at least; default 120. Each block gives one at its end, too. */
  readonly every?: number;
  save(picture: TrainingPicture): Promise<void>;
}

/** The images that are trained on, with their classes where networks read them. */
export interface ShownFrom {
  readonly image: PixelShape;
  readonly pool: RowPool;
  readonly labels?: Int32Array;
}

const [mostImages, evaluations] = [36, 16];

/**
 * Draws pictures by a few fixed steps. With the last block they are samples from noise. Before, the blocks end on the way to
 * noise: pictures then start from training images as the diffusion leaves them there, with noise that stays the same.
 */
export function pictureDrawer(engine: Engine, { image, pool, labels }: ShownFrom, seed: number) {
  const d = pool.dimension;
  const count = Math.min(mostImages, pool.rows);
  const places = evenPlaces(pool.rows, count);
  const begun = new Float32Array(count * d);
  pool.gather(places, begun);
  const noise = new Float32Array(count * d);
  fillNormal(split(random(seed), "pictures"), noise);
  const classes = labels && Int32Array.from(places, (place) => labels[place] ?? -1);
  return async ({ blocks: trained, number, iteration }: Look): Promise<TrainingPicture> => {
    const points = begun.slice();
    const durations = trained.map(({ step }) => (step.kind === "free" ? Number.POSITIVE_INFINITY : step.duration));
    diffuse(
      points,
      durations.reduce((a, b) => a + b, 0),
      noise,
    );
    const transport = await createTransport(
      engine,
      { dimension: d, blocks: trained },
      {
        direction: -1,
        integration: { kind: "fixed", method: "midpoint", evaluations },
        divergence: { kind: "none" },
        guidance: classes ? 1 : 0,
      },
    );
    try {
      const moved = await transport.run(points, classes && { classes });
      return { block: number, iteration, images: levelsOfRows(floats(moved.points, [count, d]), image) };
    } finally {
      await transport.release();
    }
  };
}
