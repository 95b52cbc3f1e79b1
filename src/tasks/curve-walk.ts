// curve-walk: samples of every sampler from one noise, timed, measured, and held against those of the exact solution.
import { LocalFlowError } from "../errors.ts";
import { solutionDistance } from "../measure/solution-distance.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import { type FloatArray, floats, rowsOf } from "../tensor/array.ts";
import {
  adaptiveSampler,
  type CurveEfforts,
  type CurvePlace,
  type CurveSampler,
  chainSamplers,
  curveLabel,
  type SampledChain,
} from "./curve-samplers.ts";
import type { Progress } from "./progress.ts";

/** What a curve is walked by. */
export interface CurveWalk<M extends object> {
  readonly efforts: CurveEfforts;
  /** Tolerance of dopri5 for the samples that stand for the exact ones. */
  readonly reference: number;
  /** Samplers beside those of the chain itself, such as a student's. */
  readonly samplers?: readonly CurveSampler[] | undefined;
  readonly rows: number;
  readonly seed: number;
  /** Of a chain whose classes are told: the place of each row's [rows]. */
  readonly labels?: Int32Array | undefined;
  /** Rows that are drawn in one timed batch. */
  readonly batchRows: number;
  /** What the distance to the reference is divided by, column by column. */
  readonly deviation: ArrayLike<number>;
  /** What is said of samples [rows, d], beside their place. */
  readonly measure: (points: FloatArray) => M | Promise<M>;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

export interface WalkedCurve<M extends object> {
  readonly points: readonly (CurvePlace & M)[];
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

/**
 * The chain by its efforts, then the other samplers, all from the noise that sampling starts from with this seed. Samplers that
 * leave the finite numbers are left out with a note.
 */
export async function walkedCurve<M extends object>(
  engine: Engine,
  model: SampledChain,
  walk: CurveWalk<M>,
): Promise<WalkedCurve<M>> {
  const noise = noiseOf(walk.rows, model.chain.dimension, walk.seed);
  const exact = adaptiveSampler(engine, model, walk.reference);
  const samplers = [...chainSamplers(engine, model, walk.efforts), ...(walk.samplers ?? [])];
  const report = progressOf(walk.onProgress, [exact, ...samplers]);
  const { points: reference } = await drawn(exact, noise, walk, report(exact));
  const points: (CurvePlace & M)[] = [];
  const notes: string[] = [];
  for (const sampler of samplers)
    try {
      const { points: samples, evaluations, seconds } = await drawn(sampler, noise, walk, report(sampler));
      const { sampler: name, method, tolerance } = sampler;
      points.push({
        sampler: name,
        method,
        ...(tolerance !== undefined && { tolerance }),
        evaluations,
        seconds,
        ...(await walk.measure(samples)),
        distanceToReference: solutionDistance(samples, reference, walk.deviation),
      });
    } catch (error) {
      if (!(error instanceof LocalFlowError && error.code === "numeric")) throw error;
      notes.push(`the curve lacks ${curveLabel(sampler)} with ${sampler.evaluations} evaluations: ${error.message}`);
    }
  return { points, notes };
}

/** The noise that sampling starts from with this seed. */
function noiseOf(rows: number, d: number, seed: number): FloatArray {
  const noise = new Float32Array(rows * d);
  fillNormal(split(random(seed), "sample"), noise);
  return floats(noise, [rows, d]);
}

/** All samples in batches, with evaluations per sample and the median batch's seconds per 1000 samples. */
async function drawn(
  sampler: CurveSampler,
  noise: FloatArray,
  { batchRows, signal, labels }: Pick<CurveWalk<object>, "batchRows" | "signal" | "labels">,
  report: (share: number) => void,
) {
  const [rows = 0] = noise.shape;
  const points = new Float32Array(noise.data.length);
  const seconds: number[] = [];
  let evaluations = 0;
  const opened = await sampler.open();
  const pause = pauses();
  try {
    // The first run of a program also sets it up.
    const few = Math.min(rows, 16);
    await opened.draw(rowsOf(noise, 0, few), signal, labels?.subarray(0, few));
    for (let first = 0; first < rows; first += batchRows) {
      await pause();
      checkSignal(signal, "evaluation");
      const last = Math.min(first + batchRows, rows);
      const started = performance.now();
      const batch = await opened.draw(rowsOf(noise, first, last), signal, labels?.subarray(first, last));
      // Milliseconds of one row are seconds of 1000.
      seconds.push((performance.now() - started) / (last - first));
      points.set(batch.points.data, (first * points.length) / rows);
      evaluations += batch.evaluations;
      report(last / rows);
    }
  } finally {
    await opened.release();
  }
  return { points: floats(points, noise.shape), evaluations: evaluations / rows, seconds: median(seconds) };
}

/** The share of all work that is done when so much of a sampler's is. */
function progressOf(onProgress: ((progress: Progress) => void) | undefined, samplers: readonly CurveSampler[]) {
  const total = samplers.reduce((sum, { evaluations }) => sum + evaluations, 0);
  return (current: CurveSampler) => {
    const before = samplers.slice(0, samplers.indexOf(current)).reduce((sum, { evaluations }) => sum + evaluations, 0);
    return (share: number) =>
      onProgress?.({ stage: "sample", fraction: (before + share * current.evaluations) / total });
  };
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length / 2;
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2;
}
