// density: one evaluation of the velocity and its exact divergence, beside PyTorch's reverse and forward mode.
import { fillNormal, random } from "../src/random.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { createTransport } from "../src/runtime/transport.ts";
import { type Benchmark, chosen, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { timed } from "./drive.ts";
import { activationText, forwardFlops, type NetworkShape, networkOf, parametersOf } from "./shapes.ts";

/** `peerRows` is the batch at which PyTorch was fastest a row; we run in the chunks that scoring uses. */
interface DensityShape extends NetworkShape {
  readonly rows: number;
  readonly peerRows: number;
}

const softplus = { kind: "softplus", beta: 20 } as const;
const relu = { kind: "relu" } as const;

const shapes: readonly DensityShape[] = [
  { name: "d2", dimension: 2, width: 256, layers: 3, activation: softplus, rows: 16_384, peerRows: 2048 },
  { name: "d6", dimension: 6, width: 256, layers: 4, activation: relu, rows: 8192, peerRows: 1024 },
  { name: "d16", dimension: 16, width: 256, layers: 4, activation: relu, rows: 4096, peerRows: 128 },
  { name: "d43", dimension: 43, width: 362, layers: 4, activation: relu, rows: 1024, peerRows: 64 },
  { name: "d63", dimension: 63, width: 512, layers: 4, activation: { kind: "elu" }, rows: 512, peerRows: 32 },
];

export const density: Benchmark = async function* (settings) {
  for (const shape of chosen(shapes, settings)) {
    for (const method of ["autograd", "jvp"] as const) {
      settings.say(`density ${shape.name} ${method} …`);
      yield await compareTraces(settings, shape, method);
    }
  }
};

async function compareTraces(settings: Settings, shape: DensityShape, method: "autograd" | "jvp"): Promise<Row> {
  const engine = await createEngine({ threads: settings.threads });
  const { dimension, width, layers, activation, rows, peerRows } = shape;
  const threads = ["--threads", engine.threads, ...settings.peerFlags];
  const args = [dimension, width, layers, peerRows, activationText(activation), ...threads];
  const batches = rows / peerRows;
  try {
    const evaluate = await evaluationOf(engine, shape);
    const comparison = await withPeer(settings, "trace", args, (peer) =>
      compare(settings, peer, {
        ours: () => timed(evaluate),
        name: `pytorch ${method}`,
        command: `run ${method} ${batches}`,
        scale: batches,
        flops: (1 + dimension) * forwardFlops(shape) * rows,
      }),
    );
    return { name: "density", shape: shape.name, ...comparison, command: commandOf("density", shape.name) };
  } finally {
    await engine.close();
  }
}

/** One Euler step over all rows is one evaluation of velocity and divergence, in the chunks that scoring uses. */
async function evaluationOf(engine: Engine, shape: DensityShape): Promise<() => Promise<unknown>> {
  const block = { step: { kind: "free" }, network: networkOf(shape), parameters: parametersOf(shape) } as const;
  const transport = await createTransport(
    engine,
    { dimension: shape.dimension, blocks: [block] },
    {
      direction: 1,
      integration: { kind: "fixed", method: "euler", evaluations: 1 },
      divergence: { kind: "exact" },
    },
  );
  const points = new Float32Array(shape.rows * shape.dimension);
  fillNormal(random(5), points);
  return () => transport.run(points);
}
