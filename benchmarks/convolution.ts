// convolution: forward and backward of single convolutions and a training step of a whole small U-net, beside PyTorch.

import { applyUnet, initialUnet, type UnetArrays, type UnetConfiguration, type UnetTensors } from "../src/nn/unet.ts";
import { adamScales } from "../src/optim/adam.ts";
import { fillNormal, fillUniform, random, split } from "../src/random.ts";
import { compile } from "../src/runtime/compile.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { multiply, subtract } from "../src/tensor/arithmetic.ts";
import { type FloatArray, zeros } from "../src/tensor/array.ts";
import { convolution as convolve } from "../src/tensor/convolution.ts";
import { mean, square } from "../src/tensor/functions.ts";
import { gradient } from "../src/tensor/gradient.ts";
import { slice, sum } from "../src/tensor/layout.ts";
import { placeholder, type Tensor } from "../src/tensor/tensor.ts";
import { leaves, mapTree } from "../src/tensor/tree.ts";
import { createOptimizer, initialState } from "../src/train/optimizer.ts";
import { imagesAtOnce } from "../src/train/step.ts";
import { type Benchmark, chosen, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { plainTraining } from "./training.ts";

/** A 3 x 3 convolution that keeps height and width, or a whole network. */
type Shape = { readonly name: string; readonly batch: number } & (
  | { readonly kind: "layer"; readonly inputs: number; readonly size: number; readonly outputs: number }
  | { readonly kind: "network"; readonly network: UnetConfiguration }
);

/** The layers are those of the network, at its three sizes, and one of the authors' networks. */
const shapes: readonly Shape[] = [
  { name: "layer-28", kind: "layer", batch: 64, inputs: 32, size: 28, outputs: 32 },
  { name: "layer-14", kind: "layer", batch: 64, inputs: 64, size: 14, outputs: 64 },
  { name: "layer-7", kind: "layer", batch: 64, inputs: 64, size: 7, outputs: 64 },
  { name: "layer-authors", kind: "layer", batch: 16, inputs: 256, size: 16, outputs: 256 },
  {
    name: "unet",
    kind: "network",
    batch: 64,
    network: {
      kind: "unet",
      image: { channels: 1, height: 28, width: 28 },
      ...{ channels: 32, multipliers: [1, 2, 2], residualBlocks: 1, attentionAt: [7], headChannels: 32, dropout: 0 },
    },
  },
];

/** Milliseconds that one repetition should take at least. */
const enough = 300;

export const convolution: Benchmark = async function* (settings) {
  for (const shape of chosen(shapes, settings)) {
    settings.say(`convolution ${shape.name} …`);
    yield await compareShape(settings, shape);
  }
};

async function compareShape(settings: Settings, shape: Shape): Promise<Row> {
  const engine = await createEngine({ threads: settings.threads });
  try {
    const work = shape.kind === "layer" ? await layerOf(engine, shape) : await networkOf(engine, shape);
    const once = await timed(work.run, 2);
    const repeat = Math.max(1, Math.round(enough / once));
    const flops = work.flops && { flops: work.flops };
    const args = [...peerArguments(shape), "--threads", engine.threads, ...settings.peerFlags];
    const comparison = await withPeer(settings, "images", args, (peer) =>
      compare(settings, peer, { ours: () => timed(work.run, repeat), command: `run ${repeat}`, ...flops }),
    );
    return { name: "convolution", shape: shape.name, ...comparison, command: commandOf("convolution", shape.name) };
  } finally {
    await engine.close();
  }
}

/** As `peers/images.py` reads it. */
function peerArguments(shape: Shape): readonly (string | number)[] {
  if (shape.kind === "layer") return ["layer", shape.batch, shape.inputs, shape.size, shape.outputs];
  const { image, channels, multipliers, residualBlocks, attentionAt, headChannels } = shape.network;
  const list = (numbers: readonly number[]) => numbers.join(",");
  const sizes = list([image.channels, image.height, image.width]);
  return ["unet", shape.batch, sizes, channels, list(multipliers), residualBlocks, list(attentionAt), headChannels];
}

interface Work {
  readonly run: () => Promise<unknown>;
  readonly flops?: number;
}

/** y = w * x, and the gradients of <g, y> in x and w; of the large results only a corner is handed over. */
async function layerOf(engine: Engine, shape: Shape & { readonly kind: "layer" }): Promise<Work> {
  const { batch, inputs, size, outputs } = shape;
  const arrays = {
    x: normal([batch, inputs, size, size], "x"),
    weight: normal([outputs, inputs, 3, 3], "weight"),
    g: normal([batch, outputs, size, size], "g"),
  };
  const tensors = mapTree<FloatArray, Tensor, typeof arrays>(arrays, (array) => placeholder(array.shape));
  const y = convolve(tensors.x, tensors.weight, { stride: 1, padding: 1 });
  const { x, weight } = gradient(sum(multiply(tensors.g, y)), { x: tensors.x, weight: tensors.weight });
  const program = await compile(engine, tensors, { y: slice(y, 1, 0, 1), x: slice(x, 1, 0, 1), weight });
  return { run: () => program.run(arrays), flops: 3 * 2 * batch * inputs * outputs * 9 * size ** 2 };
}

/** A training step as the product takes it: the mean square of velocity minus target, its gradient in every parameter, and Adam. */
async function networkOf(engine: Engine, shape: Shape & { readonly kind: "network" }): Promise<Work> {
  const { network, batch } = shape;
  const { image } = network;
  const d = image.channels * image.height * image.width;
  const start = mapTree<FloatArray, FloatArray, UnetArrays>(initialUnet(random(1), network), (array, path) =>
    array.data.every((value) => value === 0) ? normal(array.shape, path, 0.05) : array,
  );
  const time = zeros([batch, 1]);
  fillUniform(split(random(2), "time"), time.data);
  const arrays = { x: normal([batch, d], "x"), target: normal([batch, d], "target"), time };
  const parameters = mapTree<FloatArray, Tensor, UnetArrays>(start, (array) => placeholder(array.shape));
  const rows = mapTree<FloatArray, Tensor, typeof arrays>(arrays, ({ shape: [, width = 1] }) =>
    placeholder(["rows", width]),
  );
  const velocity = applyUnet(network, parameters as UnetTensors, rows.x, rows.time);
  const loss = mean(square(subtract(velocity, rows.target)));
  const optimizer = await createOptimizer(
    engine,
    { parameters: leaves<Tensor>(parameters).map(({ value }) => value), batch: rows, loss },
    { ...plainTraining, batchSize: batch, rowsAtOnce: imagesAtOnce(network, d) },
    initialState(start, 0),
  );
  let count = 0;
  return { run: () => optimizer.advance(arrays, { ...adamScales(++count, 1e-3), keep: 0 }) };
}

function normal(shape: readonly number[], name: string, deviation = 1): FloatArray {
  const array = zeros(shape);
  fillNormal(split(random(3), name), array.data);
  for (let i = 0; i < array.data.length; i++) array.data[i] = deviation * (array.data[i] ?? 0);
  return array;
}
