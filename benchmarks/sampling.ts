// sampling: drawing samples from a trained model, at equal tolerance, an evaluation, and at equal achieved error.
import { readFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { decodeNpy } from "../src/data/npy.ts";
import type { Engine } from "../src/runtime/contract.ts";
import { createEngine } from "../src/runtime/node.ts";
import { sampleDensity } from "../src/tasks/density.ts";
import { type Benchmark, commandOf, compare, type Row, type Settings, withPeer } from "./benchmark.ts";
import { type Comparison, perUnit, timed } from "./drive.ts";
import { adaptive, reference, type TrainedCase, tolerances, trainedCases } from "./models.ts";
import { median } from "./statistics.ts";

/** Samples of the same noise at two tolerances, from which the error is had. */
const probes = 2000;

/** Median over the samples of the largest difference of a coordinate from the sample at the reference tolerance. */
const largestError = 1e-3;

export const sampling: Benchmark = async function* (settings) {
  const engine = await createEngine({ threads: settings.threads });
  try {
    for await (const trained of trainedCases(engine, settings)) {
      const equal = await comparison(settings, engine, trained, { ours: 1e-3, theirs: 1e-3 });
      yield { ...equal, shape: `${trained.name}, equal tolerance` };
      yield { ...equal, ...anEvaluation(equal, equal.detail), shape: `${trained.name}, an evaluation` };
      settings.say(`sampling ${trained.name}: finding tolerances of equal error …`);
      const d = trained.model.chain.dimension;
      const ours = await loosest(d, async (tolerance) => (await draw(engine, trained, probes, tolerance)).points);
      const theirs = equal.peer
        ? await loosest(d, (tolerance) => peerSamples(settings, engine, trained, tolerance))
        : reference;
      const exact = await comparison(settings, engine, trained, { ours, theirs });
      yield { ...exact, shape: `${trained.name}, equal error` };
    }
  } finally {
    await engine.close();
  }
};

/** Evaluations of the velocity that a sample cost, over all blocks. */
interface Detail {
  readonly samples: number;
  readonly tolerance: { readonly ours: number; readonly theirs: number };
  readonly evaluationsPerSample: { readonly ours: number; readonly theirs?: number };
}

async function comparison(
  settings: Settings,
  engine: Engine,
  trained: TrainedCase,
  tolerance: Detail["tolerance"],
): Promise<Row & { readonly detail: Detail & Readonly<Record<string, unknown>> }> {
  const { samples, say } = settings;
  say(`sampling ${trained.name}: ours at tolerance ${tolerance.ours}, theirs at ${tolerance.theirs} …`);
  const args = [samples, "--tolerance", tolerance.theirs, "--threads", engine.threads, ...settings.peerFlags];
  const spent = { ours: 0, theirs: 0 };
  const ours = () =>
    timed(async () => {
      spent.ours = (await draw(engine, trained, samples, tolerance.ours)).evaluations / samples;
    });
  const timing = await withPeer(settings, "model", [trained.modelFile, "sample", ...args], (peer) =>
    compare(settings, peer, {
      ours,
      onAnswer: (answer) => {
        spent.theirs = velocityEvaluations(answer["evaluationsPerRow"]);
      },
    }),
  );
  const evaluationsPerSample = { ours: spent.ours, ...(timing.peer && { theirs: spent.theirs }) };
  return {
    name: "sampling",
    shape: trained.name,
    ...timing,
    command: commandOf("sampling", trained.name, trained.options),
    detail: { samples, tolerance, evaluationsPerSample },
  };
}

function velocityEvaluations(counts: unknown): number {
  return typeof counts === "object" && counts !== null && "velocity" in counts ? Number(counts.velocity) : Number.NaN;
}

/** The same measurement in milliseconds a million evaluations of the velocity of one point. */
function anEvaluation(
  row: Comparison,
  { samples, evaluationsPerSample: { ours, theirs = Number.NaN } }: Detail,
): Comparison {
  return perUnit(row, (samples * ours) / 1e6, (samples * theirs) / 1e6);
}

/** The loosest tolerance whose samples are near those at the reference tolerance. */
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
async function draw(
  engine: Engine,
  { model }: TrainedCase,
  rows: number,
  tolerance: number,
): Promise<{ readonly points: Float32Array; readonly evaluations: number }> {
  const points = new Float32Array(rows * model.chain.dimension);
  let [at, evaluations] = [0, 0];
  for await (const part of sampleDensity(engine, model, { rows, seed: 1, integration: adaptive(tolerance) })) {
    points.set(part.points.data, at);
    at += part.points.data.length;
    evaluations += part.evaluations;
  }
  return { points, evaluations };
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
