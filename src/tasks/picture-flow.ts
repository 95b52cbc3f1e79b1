// picture-flow: what the blocks of a model do to points: their pools beside the exact marginals, and the paths of points.
import { diffusionScales } from "../flow/diffusion.ts";
import type { Integration } from "../ode/integration.ts";
import type { BlocksInput, TrajectoriesInput } from "../pictures/journey.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal } from "../runtime/pause.ts";
import { trajectory } from "../runtime/trajectory.ts";
import { createTransport } from "../runtime/transport.ts";
import type { FloatArray } from "../tensor/array.ts";
import type { DensityModel } from "./density-model.ts";
import type { Controls } from "./progress.ts";
import { standardize } from "./standardization.ts";

/** Pools that are shown at most, and pieces that paths are drawn in. */
const [mostStages, pathPieces] = [8, 96];

/** The chosen columns of rows [n · width]. */
export function chosenColumns(values: Float32Array, width: number, places: readonly number[]): Float32Array {
  return Float32Array.from({ length: (values.length / width) * places.length }, (_, k) => {
    const row = Math.floor(k / places.length);
    return values[row * width + places[k % places.length]!]!;
  });
}

/** Learnt pools and exact marginals of rows, at most eight of each, in the scaling the networks see. */
export async function blockStages(
  engine: Engine,
  model: DensityModel,
  rows: FloatArray,
  places: readonly number[],
  { seed, signal, onProgress }: Controls & { readonly seed: number },
): Promise<BlocksInput> {
  const { chain, standardization, record } = model;
  const { dimension, blocks } = chain;
  const start = standardize(standardization, rows.data);
  const shown = new Set(evenly(blocks.length + 1, mostStages));
  const view = (values: Float32Array) => chosenColumns(values, dimension, places);
  const stages = [{ name: "data", learnt: view(start), exact: view(start) }];
  let [current, time] = [start, 0];
  for (const [n, block] of blocks.entries()) {
    checkSignal(signal, "picture");
    current = await throughBlock(
      engine,
      { dimension, blocks: [block] },
      current,
      record.configuration.integration,
      signal,
    );
    onProgress?.({ stage: "push", block: n + 1, blocks: blocks.length, fraction: (n + 1) / blocks.length });
    time = block.step.kind === "free" ? Number.POSITIVE_INFINITY : time + block.step.duration;
    if (!shown.has(n + 1)) continue;
    const name = `block ${n + 1}, ${Number.isFinite(time) ? String(Number(time.toPrecision(3))) : "noise"}`;
    stages.push({ name, learnt: view(current), exact: view(diffused(start, time, seed)) });
  }
  return { axes: standardizedAxes(model, places), stages };
}

async function throughBlock(
  engine: Engine,
  chain: DensityModel["chain"],
  points: Float32Array,
  integration: Integration,
  signal: AbortSignal | undefined,
): Promise<Float32Array> {
  const transport = await createTransport(engine, chain, { direction: 1, integration, divergence: { kind: "none" } });
  try {
    return (await transport.run(points, signal && { signal })).points;
  } finally {
    await transport.release();
  }
}

/** The exact Ornstein-Uhlenbeck marginal of the points after `time` (infinite: N(0, I) itself). */
function diffused(points: Float32Array, time: number, seed: number): Float32Array {
  const { keep, spread } = diffusionScales(time);
  const noise = new Float32Array(points.length);
  fillNormal(split(random(seed), "picture", "noise"), noise);
  return noise.map((z, k) => keep * points[k]! + spread * z);
}

/** The paths of rows from data to noise, in the scaling the networks see. */
export async function pathsOf(
  engine: Engine,
  model: DensityModel,
  rows: FloatArray,
  places: readonly number[],
  { signal }: Controls,
): Promise<TrajectoriesInput> {
  const { chain, standardization, record } = model;
  const start = standardize(standardization, rows.data);
  const { integration } = record.configuration;
  const pieces = Math.max(8, Math.ceil(pathPieces / chain.blocks.length));
  const accurate: Integration =
    integration.kind === "adaptive" ? integration : { kind: "adaptive", method: "dopri5", rtol: 1e-4, atol: 1e-4 };
  const options = { direction: 1, integration: accurate, pieces, ...(signal && { signal }) } as const;
  const states = await trajectory(engine, chain, start, options);
  return {
    axes: standardizedAxes(model, places),
    states: states.map((state) => chosenColumns(state, chain.dimension, places)),
    ends: chain.blocks.map((_, n) => (n + 1) * pieces),
  };
}

function standardizedAxes(
  { record: { columns, configuration } }: DensityModel,
  places: readonly number[],
): readonly [string, string] {
  const [x = "x", y = "y"] = places.map(
    (place) => `${columns[place]}${configuration.standardize ? " (standardised)" : ""}`,
  );
  return [x, y];
}

/** At most `most` of 0 … count-1, the first and the last among them. */
function evenly(count: number, most: number): readonly number[] {
  const taken = Math.min(count, most);
  return Array.from({ length: taken }, (_, k) => (taken === 1 ? 0 : Math.round((k * (count - 1)) / (taken - 1))));
}
