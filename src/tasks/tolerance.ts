// tolerance: the loosest tolerance of adaptive integration at which a model's answers have converged.
import { failure, LocalFlowError } from "../errors.ts";
import { chosenRows } from "../measure/points.ts";
import { solutionDistance } from "../measure/solution-distance.ts";
import type { Integration, MethodName } from "../ode/integration.ts";
import { random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import type { FloatArray } from "../tensor/array.ts";
import { type ScoreRequest, sampleDensity, scoreDensity } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import { deviationOf } from "./held-out.ts";
import type { Progress } from "./progress.ts";
import { checkRows } from "./rows.ts";

/** The tolerances to choose from, loosest first, and the one that the others are held against. */
export const looser = [1e-2, 1e-3, 1e-4, 1e-5] as const;
export const tightest = 1e-6;
const tolerances = [...looser, tightest];

/** What counts as converged: nats of a log-density (mean), deviations of a column (root mean square over samples). */
export const convergence = { logDensity: 0.01, samples: 1e-3 } as const;

/** Rows on which it is decided, at most. */
const probeRows = 256;

/** What has to have converged: at least one of `rows` and `samples`. */
export interface ToleranceRequest extends Pick<ScoreRequest, "divergence" | "seed" | "handOver"> {
  /** Rows [n, d] whose log-densities are to be converged; up to 256 of them are looked at. */
  readonly rows?: FloatArray;
  /** Samples: where they lie, or also their log-densities. */
  readonly samples?: "points" | "logDensity";
  /** An adaptive method; default: the model's own, or dopri5 where that takes fixed steps. */
  readonly method?: MethodName;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** How far answers at a tolerance are from those at the tightest one. */
export interface ToleranceDifference {
  readonly tolerance: number;
  /** Mean absolute difference in nats: of the rows or of the samples, whichever is larger. */
  readonly logDensity?: number;
  /** Root mean square distance in deviations of a column. */
  readonly samples?: number;
}

/** The choice with what it rests on. Plain JSON. */
export interface ToleranceChoice {
  readonly tolerance: number;
  /** The choice as what a request or a model's configuration takes. */
  readonly integration: Integration;
  /** At each tolerance that was tried, loosest first; the tightest is what the others are held against. */
  readonly tried: readonly ToleranceDifference[];
}

/**
 * Chooses the loosest of 1e-2, 1e-3, 1e-4 and 1e-5 whose answers differ from those at 1e-6 by less than `convergence`, on
 * up to 256 of the rows and on 256 samples from a noise that is always the same; 1e-6 when no other does. Throws "option"
 * when nothing is asked for, "data" for rows that are not the model's, "numeric" where a row of the probe gets stuck.
 */
export async function chooseTolerance(
  engine: Engine,
  model: DensityModel,
  request: ToleranceRequest,
): Promise<ToleranceChoice> {
  if (request.rows === undefined && request.samples === undefined)
    throw failure("option", { where: "chooseTolerance", expected: "rows, samples or both", received: "neither" });
  if (request.rows) checkRows(request.rows, model.record.columns, "data to score");
  const own = model.record.configuration.integration;
  const method = request.method ?? (own.kind === "adaptive" ? own.method : "dopri5");
  const integrationAt = (tolerance: number): Integration => {
    return { kind: "adaptive", method, rtol: tolerance, atol: tolerance };
  };
  const answersAt = (tolerance: number) =>
    answersOf(engine, model, request, integrationAt(tolerance)).catch((error: unknown) => {
      throw ofProbe(error, tolerance);
    });
  const reference = await answersAt(tightest);
  const tried: ToleranceDifference[] = [];
  for (const tolerance of looser) {
    request.onProgress?.({ stage: "score", fraction: (1 + tried.length) / tolerances.length });
    const found = { tolerance, ...difference(await answersAt(tolerance), reference, model) };
    tried.push(found);
    if (isConverged(found)) return { tolerance, integration: integrationAt(tolerance), tried };
  }
  return { tolerance: tightest, integration: integrationAt(tightest), tried };
}

function isConverged({ logDensity = 0, samples = 0 }: ToleranceDifference): boolean {
  return logDensity < convergence.logDensity && samples < convergence.samples;
}

/** Errors that name a row count within the probe: they say so. */
function ofProbe(error: unknown, tolerance: number): unknown {
  if (!(error instanceof LocalFlowError && error.code === "numeric")) return error;
  const where = `choice of a tolerance, ${tolerance.toExponential()}, ${error.problem.where} of the probe`;
  return failure("numeric", { ...error.problem, where, remedy: "give a tolerance as a number, such as 1e-4" }, error);
}

/** What a model says of the probe: one entry each for rows and samples, where they are asked for. */
interface Answers {
  readonly logDensities: readonly Float64Array[];
  readonly points: readonly FloatArray[];
}

async function answersOf(
  engine: Engine,
  model: DensityModel,
  request: ToleranceRequest,
  integration: Integration,
): Promise<Answers> {
  const { rows, samples, signal, divergence, seed, handOver } = request;
  const controls = { integration, ...(signal && { signal }) };
  const logDensities: Float64Array[] = [];
  if (rows) {
    const chosen = chosenRows(rows, probeRows, split(random(0), "tolerance"));
    const how = { divergence: divergence ?? ({ kind: "exact" } as const), ...(handOver && { handOver }) };
    const scoring = { ...controls, ...how, seed: seed ?? 0 };
    for await (const scored of scoreDensity(engine, model, chosen, scoring)) logDensities.push(scored.logDensity);
  }
  if (!samples) return { logDensities, points: [] };
  const points: FloatArray[] = [];
  const drawing = { ...controls, rows: probeRows, seed: 0, logDensity: samples === "logDensity" };
  for await (const drawn of sampleDensity(engine, model, drawing)) {
    points.push(drawn.points);
    if (drawn.logDensity) logDensities.push(drawn.logDensity);
  }
  return { logDensities, points };
}

function difference(
  { logDensities, points }: Answers,
  reference: Answers,
  model: DensityModel,
): Omit<ToleranceDifference, "tolerance"> {
  const nats = logDensities.map((values, n) => meanDifference(values, reference.logDensities[n] ?? []));
  const distances = reference.points.flatMap((exact, n) => {
    const drawn = points[n];
    return drawn ? [solutionDistance(drawn, exact, deviationOf(model, exact))] : [];
  });
  return {
    ...(nats.length > 0 && { logDensity: Math.max(...nats) }),
    ...(distances.length > 0 && { samples: Math.max(...distances) }),
  };
}

function meanDifference(values: ArrayLike<number>, reference: ArrayLike<number>): number {
  let total = 0;
  for (let i = 0; i < values.length; i++) total += Math.abs((values[i] ?? 0) - (reference[i] ?? Number.NaN));
  return total / values.length;
}
