// curve: how good samples of a density are for the work they take, from one noise by several methods and efforts.
import type { Estimate } from "../measure/estimate.ts";
import type { Engine } from "../runtime/contract.ts";
import { type CurveEfforts, type CurvePlace, type CurveSampler, sampledDensity } from "./curve-samplers.ts";
import { walkedCurve } from "./curve-walk.ts";
import type { DensityModel } from "./density-model.ts";
import { deviationOf, type HeldOutRequest, heldOutComparison, sampleCount } from "./held-out.ts";
import type { Progress } from "./progress.ts";
import { looser, tightest } from "./tolerance.ts";

/** One sampler's samples and their price: batches are of 1024, the reference is dopri5 at 1e-6. Plain JSON. */
export interface CurvePoint extends CurvePlace {
  /** To the held-out rows, with its standard error, as `measures.slicedWasserstein`. */
  readonly slicedWasserstein: number;
  readonly standardError: number;
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

const efforts: CurveEfforts = {
  fixed: ["euler", "midpoint", "heun", "rk4"],
  perBlock: [1, 2, 4, 8, 16, 32],
  tolerances: looser,
};

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
  const { heldOut, train, seed, samplers, signal, onProgress } = request;
  const comparison = heldOutComparison(model, request);
  const { points, notes } = await walkedCurve(engine, sampledDensity(model), {
    efforts,
    reference: tightest,
    ...{ samplers, seed, signal, onProgress },
    rows: sampleCount(request),
    batchRows: 1024,
    deviation: deviationOf(model, train ?? heldOut),
    measure: (samples) => {
      const { value, standardError } = comparison.slicedWasserstein(samples);
      return { slicedWasserstein: value, standardError };
    },
  });
  return { points, ...(train && { floor: comparison.slicedWasserstein(train) }), notes };
}
