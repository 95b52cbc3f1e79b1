// sampling: drawing samples from a trained model, at equal tolerance and at equal achieved error.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decodeNpy } from "../src/data/npy.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { sampleDensity } from "../src/tasks/density.ts";
import { type Benchmark, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { median, timed } from "./drive.ts";
import { adaptive, reference, type TrainedCase, tolerances, trainedCases } from "./models.ts";

const samples = 100_000;

/** Samples of the same noise at two tolerances, from which the error is had. */
const probes = 2000;

/** Median over the samples of the largest difference of a coordinate from the sample at the reference tolerance. */
const largestError = 1e-3;

export const sampling: Benchmark = async function* (settings) {
  const engine = await createEngine({ threads: settings.threads });
  try {
    for await (const trained of trainedCases(engine, settings)) {
      yield await comparison(settings, engine, trained, "equal tolerance", { ours: 1e-3, theirs: 1e-3 });
      settings.say(`sampling ${trained.name}: finding tolerances of equal error …`);
      const d = trained.model.chain.dimension;
      const ours = await loosest(d, (tolerance) => draw(engine, trained, probes, tolerance));
      const theirs = await loosest(d, (tolerance) => peerSamples(settings, engine, trained, tolerance));
      yield await comparison(settings, engine, trained, "equal error", { ours, theirs });
    }
  } finally {
    await engine.close();
  }
};

async function comparison(
  settings: Settings,
  engine: Engine,
  trained: TrainedCase,
  condition: string,
  tolerance: { readonly ours: number; readonly theirs: number },
): Promise<Row> {
  settings.say(`sampling ${trained.name}, ${condition}: ours at ${tolerance.ours}, theirs at ${tolerance.theirs} …`);
  const args = [samples, "--tolerance", tolerance.theirs, "--threads", engine.threads, ...settings.peerFlags];
  const timing = await withPeer(settings, "model", [trained.modelFile, "sample", ...args], (peer) =>
    compare(settings, peer, { ours: () => timed(() => draw(engine, trained, samples, tolerance.ours)) }),
  );
  const command = commandOf("sampling", trained.name, trained.options);
  return {
    name: "sampling",
    shape: `${trained.name}, ${condition}`,
    ...timing,
    command,
    detail: { samples, tolerance },
  };
}

async function loosest(d: number, draw: (tolerance: number) => Promise<Float32Array>): Promise<number> {
  const exact = await draw(reference);
  for (const tolerance of tolerances)
    if (medianError(d, await draw(tolerance), exact) <= largestError) return tolerance;
  return reference;
}

function medianError(d: number, a: Float32Array, b: Float32Array): number {
  const errors = Array.from({ length: a.length / d }, (_, row) => {
    let largest = 0;
    for (let k = row * d; k < (row + 1) * d; k++) largest = Math.max(largest, Math.abs((a[k] ?? 0) - (b[k] ?? 0)));
    return largest;
  });
  return median(errors);
}

/** Samples [rows · d]; the same noise whatever the tolerance. */
async function draw(engine: Engine, { model }: TrainedCase, rows: number, tolerance: number): Promise<Float32Array> {
  const d = model.chain.dimension;
  const result = new Float32Array(rows * d);
  let at = 0;
  for await (const { points } of sampleDensity(engine, model, { rows, seed: 1, integration: adaptive(tolerance) })) {
    result.set(points.data, at);
    at += points.data.length;
  }
  return result;
}

/** The first samples of a fresh peer: its noise depends on its seed alone. */
async function peerSamples(
  settings: Settings,
  engine: Engine,
  { modelFile, rowsFile }: TrainedCase,
  tolerance: number,
): Promise<Float32Array> {
  const out = join(dirname(rowsFile), "samples.npy");
  const args = [modelFile, "sample", probes, "--tolerance", tolerance, "--out", out, "--threads", engine.threads];
  return withPeer(settings, "model", [...args, ...settings.peerFlags], async (peer) => {
    if (!peer) return new Float32Array();
    await peer.ask("run");
    return decodeNpy(await readFile(out), out).data;
  });
}
