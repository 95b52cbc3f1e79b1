// density: one evaluation of the velocity and its exact divergence, beside PyTorch's reverse mode and torch.func.
import { fillNormal, random } from "../src/random.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { createTransport } from "../src/runtime/transport.ts";
import { type Benchmark, chosen, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { type Peer, timed } from "./drive.ts";
import { activationText, forwardFlops, type NetworkShape, networkOf, parametersOf } from "./shapes.ts";

/** The peer runs in the batch around `peerRows` at which it is fastest a row; we in the chunks that scoring uses. */
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

/** The authors' batched autograd, and torch.func's two ways: vmap of jvp over the basis, vmap of jacfwd over the rows. */
const methods = ["autograd", "jvp", "jacfwd"] as const;
type Method = (typeof methods)[number];

const peerNames: Readonly<Record<Method, string>> = {
  autograd: "pytorch autograd",
  jvp: "torch.func jvp",
  jacfwd: "torch.func jacfwd",
};

export const density: Benchmark = async function* (settings) {
  for (const shape of chosen(shapes, settings)) {
    for (const method of settings.peers ? methods : methods.slice(0, 1)) {
      settings.say(`density ${shape.name} ${method} …`);
      yield await compareTraces(settings, shape, method);
    }
  }
};

async function compareTraces(settings: Settings, shape: DensityShape, method: Method): Promise<Row> {
  const engine = await createEngine({ threads: settings.threads });
  const { dimension, width, layers, activation, rows, peerRows } = shape;
  const threads = ["--threads", engine.threads, ...settings.peerFlags];
  const args = [dimension, width, layers, peerRows, activationText(activation), ...threads];
  try {
    const evaluate = await evaluationOf(engine, shape);
    let peerBatch = peerRows;
    const comparison = await withPeer(settings, "trace", args, async (peer) => {
      if (peer) peerBatch = await fastestBatch(peer, method, shape);
      return compare(settings, peer, {
        ours: () => timed(evaluate),
        name: peerNames[method],
        command: `run ${method} ${rows / peerBatch} ${peerBatch}`,
        scale: rows / peerBatch,
        flops: (1 + dimension) * forwardFlops(shape) * rows,
      });
    });
    const detail = comparison.peer && { detail: { rows, peerBatch } };
    return { name: "density", shape: shape.name, ...comparison, command: commandOf("density", shape.name), ...detail };
  } finally {
    await engine.close();
  }
}

/** Each way of PyTorch's has a batch of its own that suits the machine's caches. */
async function fastestBatch(peer: Peer, method: Method, { peerRows, rows }: DensityShape): Promise<number> {
  const candidates = [peerRows / 4, peerRows, 4 * peerRows].filter((batch) => batch <= rows);
  return Number((await peer.ask(`tune ${method} ${candidates.join(" ")}`))["batch"]);
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
