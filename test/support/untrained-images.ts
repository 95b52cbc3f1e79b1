// untrained-images: models of tiny images with random weights in all layers, for tests of what does not depend on training.
import type { PixelShape } from "../../src/data/images/image-set.ts";
import { initialImageNetwork } from "../../src/nn/image-network.ts";
import type { NetworkArrays } from "../../src/nn/network.ts";
import { fillNormal, random, split } from "../../src/random.ts";
import type { ImageClass } from "../../src/tasks/images/image-classes.ts";
import {
  conditionalConfiguration,
  defaultImageConfiguration,
  type ImageNetworkKind,
} from "../../src/tasks/images/image-defaults.ts";
import type { ImageModel } from "../../src/tasks/images/image-model.ts";
import { type FloatArray, floats } from "../../src/tensor/array.ts";
import { mapTree } from "../../src/tensor/tree.ts";

export const smallShape: PixelShape = { channels: 3, height: 6, width: 4 };

/** Two blocks; their last layers start at zero, so every weight gets some noise. */
export function untrainedImages(kind: ImageNetworkKind, classes?: readonly ImageClass[]): ImageModel {
  const image = smallShape;
  const plain = defaultImageConfiguration(image, kind, 8);
  const configuration = { ...(classes ? conditionalConfiguration(plain, classes.length) : plain), seed: 3 };
  const key = random(configuration.seed);
  const blocks = configuration.blocks.map(({ step, network }, n) => {
    const drawn = initialImageNetwork(split(key, "block", n), network);
    let leaf = 0;
    const parameters = mapTree<FloatArray, FloatArray, NetworkArrays>(drawn, ({ data, shape }) => {
      const noise = new Float32Array(data.length);
      fillNormal(split(key, "noise", n, leaf++), noise);
      return floats(
        data.map((value, i) => value + 0.1 * (noise[i] ?? 0)),
        shape,
      );
    });
    return { step, network, parameters };
  });
  return {
    record: {
      version: 1,
      task: "images",
      image,
      ...(classes && { classes }),
      configuration,
      training: { images: 10, source: "none", blocks: [] },
    },
    chain: { dimension: image.channels * image.height * image.width, blocks },
  };
}
