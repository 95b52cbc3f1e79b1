// training: one training step (forward, backward, Adam) on a fixed batch, beside PyTorch and beside bare products.
import { adamScales } from "../src/optim/adam.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import type { TrainingConfiguration } from "../src/train/configuration.ts";
import { initialState } from "../src/train/optimizer.ts";
import { createTrainingStep } from "../src/train/step.ts";
import { type Benchmark, chosen, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { layerProducts } from "./products.ts";
import {
  activationText,
  batchOf,
  forwardFlops,
  networkOf,
  parametersOf,
  type TrainingShape,
  trainingShapes,
} from "./shapes.ts";

/** Operations of one repetition: enough that the clock and the thread pools' start do not matter. */
const repetition = 60e9;

/** Narrower layers are not bound by their products. */
const limitedWidth = 256;

export const training: Benchmark = async function* (settings) {
  for (const shape of chosen(trainingShapes, settings)) {
    for (const compiled of settings.compiled && settings.peers ? [false, true] : [false]) {
      settings.say(`training ${shape.name}${compiled ? " (compiled)" : ""} …`);
      yield await compareSteps(settings, shape, compiled);
    }
  }
};

async function compareSteps(settings: Settings, shape: TrainingShape, compiled: boolean): Promise<Row> {
  const engine = await createEngine({ threads: settings.threads });
  const { dimension, width, layers, batch, activation } = shape;
  const args = [dimension, width, layers, batch, engine.threads, activationText(activation), ...settings.peerFlags];
  const flops = 3 * forwardFlops(shape) * batch;
  const repeat = Math.min(200, Math.max(2, Math.round(repetition / flops)));
  try {
    const step = await stepOf(engine, shape);
    const limits =
      width < limitedWidth
        ? {}
        : { limit: await layerProducts(engine, shape), limitCommand: `layer ${batch} ${width}` };
    const comparison = await withPeer(settings, "step", compiled ? [...args, "--compile"] : args, (peer) =>
      compare(settings, peer, { ours: () => timed(step, repeat), command: `run ${repeat}`, flops, ...limits }),
    );
    const command = commandOf("training", shape.name, compiled ? " --compiled" : "");
    return { name: "training", shape: shape.name, ...comparison, command };
  } finally {
    await engine.close();
  }
}

/** Adam without clipping, weight decay or averages, as the peer does. */
export const plainTraining: TrainingConfiguration = {
  batchSize: 1,
  interpolant: "linear",
  coupling: "dependent",
  timeDistribution: { kind: "uniform" },
  decay: { kind: "step", factor: 1, every: 1 },
  warmUp: 0,
  weightDecay: 0,
  clip: Number.POSITIVE_INFINITY,
  movingAverage: 0,
  warmStart: false,
  earlyStopping: 0,
};

/** The product's own step on a fixed batch, a few steps on. */
export async function stepOf(engine: Engine, shape: TrainingShape): Promise<() => Promise<number>> {
  const like = parametersOf(shape);
  const block = { step: { kind: "free" }, network: networkOf(shape), dimension: shape.dimension, like } as const;
  const step = await createTrainingStep(
    engine,
    block,
    { ...plainTraining, batchSize: shape.batch },
    initialState(like, 0),
  );
  const batch = batchOf(shape);
  let count = 0;
  const advance = () => step.advance(batch, { ...adamScales(++count, 1e-3), keep: 0 });
  for (let k = 0; k < 3; k++) await advance();
  return advance;
}
