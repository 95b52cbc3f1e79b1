// tiny-image-model: a model of 4 x 4 images whose weights are random and small, so that its ways are short to solve.
import { initialImageNetwork } from "../../src/nn/image-network.ts";
import type { NetworkArrays } from "../../src/nn/network.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import { defaultImageConfiguration, type ImageNetworkKind } from "../../src/tasks/images/image-defaults.ts";
import type { ImageModel } from "../../src/tasks/images/image-model.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { mapTree } from "../../src/tensor/tree.ts";

export const tinyShape = { channels: 1, height: 4, width: 4 } as const;

export interface TinyOptions {
  readonly classes?: number;
  readonly seed?: number;
}

/** Two blocks of one layer each: 4 patches, or a UNet of one level. */
export function tinyImageModel(kind: ImageNetworkKind, { classes, seed = 3 }: TinyOptions = {}): ImageModel {
  const plain = defaultImageConfiguration(tinyShape, kind, 8);
  const blocks = plain.blocks.map((block) => ({
    ...block,
    network: { ...block.network, ...(block.network.kind === "patches" && { blocks: 1 }), ...(classes && { classes }) },
  }));
  const key = random(seed);
  const chain = blocks.map(({ step, network }, n) => {
    let leaf = 0;
    const disturbed = ({ data, shape }: FloatArray) => {
      const noise = new Float32Array(data.length);
      fillNormal(split(key, "noise", n, leaf++), noise);
      return floats(
        data.map((value, i) => value + 0.1 * (noise[i] ?? 0)),
        shape,
      );
    };
    const drawn = initialImageNetwork(split(key, n), network);
    return { step, network, parameters: mapTree<FloatArray, FloatArray, NetworkArrays>(drawn, disturbed) };
  });
  return {
    record: {
      version: 1,
      task: "images",
      image: tinyShape,
      configuration: { ...plain, blocks },
      training: { images: 10, source: "none", blocks: [] },
    },
    chain: { dimension: 16, blocks: chain },
  };
}
