// blocks: the layers of blocks that are multilayer perceptrons.
import { type Block, perceptronOf } from "../../src/flow/chain.ts";
import type { LinearArrays } from "../../src/nn/linear.ts";

export function layersOf(block: Block | undefined): readonly LinearArrays[] {
  return block ? perceptronOf(block).parameters.layers : [];
}
