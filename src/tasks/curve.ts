// curve: how good samples are for the work they take, from one noise by several methods and efforts, with the latency of each.
import { LocalFlowError } from "../errors.ts";
import type { Estimate } from "../measure/estimate.ts";
import { solutionDistance } from "../measure/solution-distance.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import { type FloatArray, floats, rowsOf } from "../tensor/array.ts";
import type { DensityModel } from "./density-model.ts";
import { deviationOf, type HeldOutRequest, heldOutComparison, sampleCount } from "./held-out.ts";
import type { Progress } from "./progress.ts";
import { checkSamples } from "./rows.ts";
import { unstandardize } from "./standardization.ts";
import { looser, tightest } from "./tolerance.ts";

/** A way from noise to samples that has a place on the curve. */
export interface CurveSampler {
  /** What it belongs to: `chain` for the model itself. */
  readonly sampler: string;
  readonly method: string;
  /** Of adaptive methods. */
  readonly tolerance?: number;
  /** About how many velocity evaluations a sample takes, for the progress; what is reported is counted. */
  readonly evaluations: number;
  open(): Promise<OpenSampler>;
}

export interface OpenSampler {
  /** Rows [n, d] in the user's units from noise [n, d], and the velocity evaluations of all of them; row i from row i. */
  draw(noise: FloatArray, signal?: AbortSignal): Promise<{ readonly points: FloatArray; readonly evaluations: number }>;
  release(): Promise<void>;
}

/** One sampler's samples and their price. Plain JSON. */
export interface CurvePoint {
  readonly sampler: string;
  readonly method: string;
  readonly tolerance?: number;
  /** Velocity evaluations of the whole chain, per sample. */
  readonly evaluations: number;
  /** Wall time of 1000 samples, drawn 1024 at a time: the median of the batches. */
  readonly seconds: number;
  /** To the held-out rows, with its standard error, as `measures.slicedWasserstein`. */
  readonly slicedWasserstein: number;
  readonly standardError: number;
  /** To the samples of the reference (dopri5 at 1e-6) from the same noise: root mean square, in deviations of a column. */
  readonly distanceToReference: number;
}

export interface CurveRequest extends HeldOutRequest {
  /** Samplers beside those of the chain itself, such as a student's. */
  readonly samplers?: readonly CurveSampler[];
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

export interface EvaluationCurve {
  readonly points: readonly CurvePoint[];
  /** The sliced Wasserstein distance of equally many training rows. */
  readonly floor?: Estimate;
  /** What was left out, in sentences. */
  readonly notes: readonly string[];
}

const fixedMethods: readonly MethodName[] = ["euler", "midpoint", "heun", "rk4"];
/** Velocity evaluations per block of the fixed steps. */
const perBlock = [1, 2, 4, 8, 16, 32] as const;
/** Rows that are drawn in one timed batch. */
const batchRows = 1024;

/**
 * Quality against evaluations: the chain by fixed steps (N, 2N, …, 32N evaluations for N blocks, where the method has them) and
 * by dopri5 at 1e-2 … 1e-5, then `samplers`, all from the noise that `sampleDensity` draws with this seed. Samplers that leave
 * the finite numbers are left out with a note. Throws as `evaluateDensity`.
 */
export async function evaluationCurve(
  engine: Engine,
  model: DensityModel,
  request: CurveRequest,
): Promise<EvaluationCurve> {
  const { heldOut, train } = request;
  const comparison = heldOutComparison(model, request);
  const deviation = deviationOf(model, train ?? heldOut);
  const noise = noiseOf(sampleCount(request), model.chain.dimension, request.seed);
  const exact = adaptive(engine, model, tightest);
  const samplers = [...chainSamplers(engine, model), ...(request.samplers ?? [])];
  const report = progressOf(request, [exact, ...samplers]);
  const { points: reference } = await drawn(exact, noise, request, report(exact));
  const points: CurvePoint[] = [];
  const notes: string[] = [];
  for (const sampler of samplers)
    try {
      const { points: samples, evaluations, seconds } = await drawn(sampler, noise, request, report(sampler));
      const { value, standardError } = comparison.slicedWasserstein(samples);
      const { sampler: name, method, tolerance } = sampler;
      points.push({
        sampler: name,
        method,
        ...(tolerance !== undefined && { tolerance }),
        evaluations,
        seconds,
        slicedWasserstein: value,
        standardError,
        distanceToReference: solutionDistance(samples, reference, deviation),
      });
    } catch (error) {
      if (!(error instanceof LocalFlowError && error.code === "numeric")) throw error;
      notes.push(`the curve lacks ${curveLabel(sampler)} with ${sampler.evaluations} evaluations: ${error.message}`);
    }
  return { points, ...(train && { floor: comparison.slicedWasserstein(train) }), notes };
}

/** `euler`, `dopri5 1e-3`; what does not belong to the chain itself is named in front. */
export function curveLabel({
  sampler,
  method,
  tolerance,
}: Pick<CurvePoint, "sampler" | "method" | "tolerance">): string {
  const name = sampler === chainName ? method : `${sampler} ${method}`;
  return tolerance === undefined ? name : `${name} ${tolerance.toExponential()}`;
}

const chainName = "chain";

/** The chain by every method and effort of the curve. */
function chainSamplers(engine: Engine, model: DensityModel): readonly CurveSampler[] {
  const blocks = model.chain.blocks.length;
  const fixed = fixedMethods.flatMap((method) =>
    perBlock
      .filter((evaluations) => evaluations >= evaluationsPerStep(tableaus[method]))
      .map(
        (evaluations): CurveSampler => ({
          sampler: chainName,
          method,
          evaluations: blocks * evaluations,
          open: () => openChain(engine, model, { kind: "fixed", method, evaluations }),
        }),
      ),
  );
  return [...fixed, ...looser.map((tolerance) => adaptive(engine, model, tolerance))];
}

function adaptive(engine: Engine, model: DensityModel, tolerance: number): CurveSampler {
  // A method of order 5 takes steps of a length that goes with the fifth root of the tolerance.
  const evaluations = Math.round(model.chain.blocks.length * 4 * tolerance ** -0.2);
  const integration: Integration = { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance };
  const open = () => openChain(engine, model, integration);
  return { sampler: chainName, method: "dopri5", tolerance, evaluations, open };
}

async function openChain(
  engine: Engine,
  { chain, record, standardization }: DensityModel,
  integration: Integration,
): Promise<OpenSampler> {
  const transport = await createTransport(engine, chain, {
    direction: -1,
    integration,
    divergence: { kind: "none" },
  });
  return {
    draw: async ({ data, shape }, signal) => {
      const moved = await transport.run(data, signal && { signal });
      const points = floats(unstandardize(standardization, moved.points), shape);
      checkSamples(points, record.columns, 0);
      return { points, evaluations: moved.evaluations };
    },
    release: transport.release,
  };
}

/** The noise that `sampleDensity` starts from. */
function noiseOf(rows: number, d: number, seed: number): FloatArray {
  const noise = new Float32Array(rows * d);
  fillNormal(split(random(seed), "sample"), noise);
  return floats(noise, [rows, d]);
}

/** All samples in batches, with evaluations per sample and the median batch's seconds per 1000 samples. */
async function drawn(
  sampler: CurveSampler,
  noise: FloatArray,
  { signal }: CurveRequest,
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
    await opened.draw(rowsOf(noise, 0, Math.min(rows, 16)), signal);
    for (let first = 0; first < rows; first += batchRows) {
      await pause();
      checkSignal(signal, "evaluation");
      const last = Math.min(first + batchRows, rows);
      const started = performance.now();
      const batch = await opened.draw(rowsOf(noise, first, last), signal);
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
function progressOf({ onProgress }: CurveRequest, samplers: readonly CurveSampler[]) {
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
