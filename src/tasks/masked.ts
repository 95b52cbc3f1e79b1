// masked: draws and scores of a masked model, row by row given what is known: log p(free | given) for any choice of columns.
import { inColumn, rowName } from "../data/table-places.ts";
import { failure } from "../errors.ts";
import { dimensionStates } from "../flow/masked.ts";
import type { Integration } from "../ode/integration.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import { createTransport } from "../runtime/transport.ts";
import { type FloatArray, floats } from "../tensor/array.ts";
import { chunkRows } from "../train/push.ts";
import { type ScoreRequest, scoreDensity } from "./density.ts";
import type { DensityModel } from "./density-model.ts";
import type { Progress } from "./progress.ts";
import { checkSamples } from "./rows.ts";
import { combine, createScoring, type ScoreCall, type ScoredChunk } from "./scoring.ts";
import { standardize, unstandardize } from "./standardization.ts";

/** Rows and what is known of them. */
export interface MaskedRows {
  /** Values [rows · d] in the user's units; read where a dimension is given (to be scored: or free). */
  readonly given: Float32Array;
  /** [rows · d]: 0 free, 1 given, 2 absent (neither known nor modelled). */
  readonly state: Uint8Array;
}

export interface MaskedSampleRequest extends MaskedRows {
  readonly seed: number;
  /** Number of the first row in the seed's stream of noise, for callers that draw in parts; default 0. */
  readonly firstRow?: number;
  /** Also return log p(free | given) of each sample, in the same pass. */
  readonly logDensity?: boolean;
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/** A chunk of drawn rows [count, d]: given values as they came, bit for bit; NaN where a dimension is absent. */
export interface MaskedSamples {
  readonly points: FloatArray;
  readonly logDensity?: Float64Array;
  readonly evaluations: number;
}

/**
 * Draws what is free in each row from its law given the rest, in chunks and in row order. A row depends on the seed, its number
 * and what is known of it alone. Throws "model" for a model that was not trained with masks, "data" for a given value that is
 * not finite.
 */
export async function* sampleMasked(
  engine: Engine,
  model: DensityModel,
  request: MaskedSampleRequest,
): AsyncGenerator<MaskedSamples> {
  const { chain, record, standardization } = model;
  const { given, state, seed, firstRow = 0, logDensity = false, signal, onProgress } = request;
  const { integration = record.configuration.integration } = request;
  const d = chain.dimension;
  checkMasked(model, request, (value) => value === dimensionStates.given);
  const divergence = { kind: logDensity ? "exact" : "none" } as const;
  const transport = await createTransport(engine, chain, { direction: -1, integration, divergence });
  const key = split(random(seed), "sample");
  const pause = pauses();
  const rows = given.length / d;
  try {
    for (let first = 0; first < rows; first += chunkRows) {
      const count = Math.min(chunkRows, rows - first);
      const [from, to] = [first * d, (first + count) * d];
      const [known, states] = [given.subarray(from, to), state.subarray(from, to)];
      const start = new Float32Array(count * d);
      fillNormal(key, start, { offset: (firstRow + first) * d });
      standardize(standardization, known).forEach((value, k) => {
        if (states[k] === dimensionStates.given) start[k] = value;
      });
      const run = { firstRow: firstRow + first, states, ...(signal && { signal }) };
      const moved = await transport.run(start, run);
      const points = floats(unstandardize(standardization, moved.points), [count, d]);
      states.forEach((value, k) => {
        if (value === dimensionStates.given) points.data[k] = known[k] ?? 0;
      });
      checkSamples(points, record.columns, firstRow + first);
      states.forEach((value, k) => {
        if (value === dimensionStates.absent) points.data[k] = Number.NaN;
      });
      onProgress?.({ stage: "sample", fraction: (first + count) / rows });
      const density = logDensity && { logDensity: combine(start, moved.logDeterminant, -1, model, states) };
      yield { points, ...density, evaluations: moved.evaluations };
      await pause();
      checkSignal(signal, "sampling");
    }
  } finally {
    await transport.release();
  }
}

export type MaskedScoreRequest = MaskedRows & Omit<ScoreRequest, "states">;

/** Compiled scoring of a masked model, for any number of calls. */
export interface MaskedScoring {
  score(rows: MaskedRows & Omit<ScoreCall, "states">): AsyncGenerator<ScoredChunk>;
  release(): Promise<void>;
}

/** Compiles the scoring of a masked model. */
export async function createMaskedScoring(
  engine: Engine,
  model: DensityModel,
  how: Omit<ScoreRequest, keyof ScoreCall> = {},
): Promise<MaskedScoring> {
  const scoring = await createScoring(engine, model, how);
  return {
    score: ({ given, state, ...call }) =>
      scoring.score(rowsToScore(model, { given, state }), { ...call, states: state }),
    release: () => scoring.release(),
  };
}

/** log p(free | given) of each row (nats, user's units), in chunks and in row order; 0 for a row in which nothing is free. */
export async function* scoreMasked(
  engine: Engine,
  model: DensityModel,
  { given, state, ...request }: MaskedScoreRequest,
): AsyncGenerator<ScoredChunk> {
  yield* scoreDensity(engine, model, rowsToScore(model, { given, state }), { ...request, states: state });
}

/** The rows [rows, d] with zeros where nothing is read. */
function rowsToScore(model: DensityModel, { given, state }: MaskedRows): FloatArray {
  checkMasked(model, { given, state }, (value) => value !== dimensionStates.absent);
  const d = model.chain.dimension;
  const values = given.map((value, k) => (state[k] === dimensionStates.absent ? 0 : value));
  return floats(values, [given.length / d, d]);
}

function checkMasked(
  { chain, record }: DensityModel,
  { given, state }: MaskedRows,
  isRead: (state: number) => boolean,
): void {
  const d = chain.dimension;
  if (!record.configuration.training.masks)
    throw failure("model", {
      where: "model",
      expected: "a model that was trained with masks",
      received: "one of the joint density alone",
      remedy: "fit it with a configuration from maskedConfiguration",
    });
  if (given.length !== state.length || given.length % d !== 0)
    throw failure("data", {
      where: "given and state",
      expected: `two arrays [rows · ${d}] of one length`,
      received: `${given.length} and ${state.length} values`,
    });
  const bad = state.findIndex((value, k) => value > 2 || (isRead(value) && !Number.isFinite(given[k])));
  if (bad < 0) return;
  const known = (state[bad] ?? 0) <= 2;
  throw failure("data", {
    where: inColumn(rowName(Math.floor(bad / d)), record.columns[bad % d] ?? ""),
    expected: known ? "a finite number" : "the state 0 (free), 1 (given) or 2 (absent)",
    received: String(known ? given[bad] : state[bad]),
  });
}
