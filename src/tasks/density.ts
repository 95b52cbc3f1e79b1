// density: the front door for numeric rows: fit a chain of flows, draw samples, score rows. Log-densities are in nats and in
// the user's units.
import { fingerprint } from "../fingerprint.ts";
import { trainedBlocks } from "../flow/chain.ts";
import type { Integration } from "../ode/integration.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "../runtime/contract.ts";
import { checkSignal, pauses } from "../runtime/pause.ts";
import { createTransport, type Divergence } from "../runtime/transport.ts";
import { type FloatArray, floats, rowsOf } from "../tensor/array.ts";
import { trainChain } from "../train/chain.ts";
import { type Configuration, parameterCount } from "../train/configuration.ts";
import { poolCopies } from "../train/masked-pool.ts";
import { chunkRows } from "../train/push.ts";
import { borrowedRows } from "../train/row-pool.ts";
import { type FitControls, keptRecords, type ReportedBlock, reportedBlocks, trainingControls } from "./chain-fit.ts";
import { checkpointSeed, decodeCheckpoint, encodeCheckpoint } from "./checkpoint.ts";
import type { DensityModel, ModelRecord } from "./density-model.ts";
import { gapsOf } from "./gaps.ts";
import { modelVersion } from "./model-file.ts";
import type { Progress } from "./progress.ts";
import { quantilesOf } from "./quantiles.ts";
import { hurriedNotes, reportRows, type ScoredShare, scoresInTime } from "./report-scores.ts";
import {
  checkBudget,
  checkCount,
  checkRows,
  checkSamples,
  type RowRequest,
  rowNotes,
  splitRows,
  spreadRows,
} from "./rows.ts";
import { combine, createScoring, type ScoredChunk } from "./scoring.ts";
import {
  identityStandardization,
  logVolume,
  standardizationOf,
  standardize,
  unstandardize,
} from "./standardization.ts";

export interface FitRequest extends RowRequest, FitControls {
  readonly configuration: Configuration;
}

/** Negative log-likelihood in nats per row, in the user's units. */
export interface Likelihood {
  readonly nll: number;
  /** Null of a single row: nothing is known of it. */
  readonly standardError: number | null;
  readonly rows: number;
}

/** What a fit did: what each block learnt, and the likelihood of training and held-out rows. Plain JSON. */
export interface FitReport {
  readonly seed: number;
  readonly task: "density";
  readonly blocks: readonly ReportedBlock[];
  /** Weights and biases of all blocks. */
  readonly parameters: number;
  /** Of the whole fit, this report included. */
  readonly seconds: number;
  readonly train: Likelihood;
  readonly validation?: Likelihood;
  /** What the user should know of the fit, in sentences; empty when there is nothing. */
  readonly notes: readonly string[];
}

/** What a fit gives: `scores` are the log-densities behind the report, of `spreadRows` of the training rows and of held-out rows. */
export interface Fitted {
  readonly model: DensityModel;
  readonly report: FitReport;
  readonly scores: { readonly train: readonly number[]; readonly validation?: readonly number[] };
}

/**
 * Trains a chain of flows from the law of the rows [n, d] to N(0, I), block after block (paper, section 3). Same
 * request, engine and machine type without a time: same model bytes. Throws "data" for rows that have no density,
 * "option" for a configuration that cannot be or a budget that is too small, "model" for a checkpoint of another fit,
 * "numeric" for a loss that stays non-finite, "interrupted" after a checkpoint when the signal fires.
 */
export async function fitDensity(engine: Engine, request: FitRequest): Promise<Fitted> {
  const started = performance.now();
  const { columns, checkpoint } = request;
  const resume = checkpoint?.resume;
  const configuration = resume
    ? { ...request.configuration, seed: checkpointSeed(resume, checkpoint?.where) }
    : request.configuration;
  const masked = configuration.training.masks !== undefined;
  checkRows(request.rows, columns, "training data", masked);
  if (request.validation) checkRows(request.validation, columns, "validation data", masked);
  checkBudget(request, poolCopies(configuration, request.rows.shape[0] ?? 0, columns.length));
  const { train, heldOut } = splitRows(request, configuration.seed);
  const d = columns.length;
  const standardization = configuration.standardize ? standardizationOf(train, columns) : identityStandardization(d);
  const origin = {
    configuration,
    columns,
    ...(checkpoint?.said && { said: checkpoint.said }),
    heldOut: heldOut === undefined ? "none" : fingerprint(bytesOf(heldOut)),
    fingerprint: fingerprintOf(configuration, columns, train),
  };
  const pool = borrowedRows(standardize(standardization, train.data), d);
  const trained = await trainChain(
    engine,
    {
      pool,
      configuration,
      ...(heldOut && { heldOut: standardize(standardization, heldOut.data) }),
      ...(masked && { gaps: gapsOf(train) }),
      ...(masked && heldOut && { heldOutGaps: gapsOf(heldOut) }),
      ...(resume && { resume: decodeCheckpoint(resume, origin, d, checkpoint?.where) }),
    },
    trainingControls(request, { origin, started, share: trainingShare }),
  );
  // The report below takes its time and can be interrupted too: what is trained is safe first.
  const complete = { blocks: trainedBlocks(trained.chain), records: trained.records };
  await checkpoint?.save(encodeCheckpoint(complete, origin));
  const record: ModelRecord = {
    version: modelVersion,
    task: "density",
    columns,
    configuration,
    training: { rows: train.shape[0] ?? 0, blocks: keptRecords(trained.records) },
  };
  const bare: DensityModel = { record, standardization, chain: trained.chain };
  const scores = await reportScores(engine, bare, { train, ...(heldOut && { heldOut }) }, request, started);
  const likelihood = summarize(scores.train.map((value) => -value));
  const model = withQuantiles(bare, scores.train);
  const report: FitReport = {
    seed: configuration.seed,
    task: "density",
    blocks: reportedBlocks(trained.records, configuration),
    parameters: parameterCount(configuration, d),
    train: likelihood,
    ...(scores.validation && { validation: summarize(scores.validation.map((value) => -value)) }),
    notes: [
      ...rowNotes(train),
      ...likelihoodNotes(likelihood, bare),
      ...(request.time === undefined
        ? []
        : hurriedNotes(
            shareOf(scores.train, train),
            scores.validation && heldOut && shareOf(scores.validation, heldOut),
          )),
    ],
    seconds: (performance.now() - started) / 1000,
  };
  return { model, report, scores };
}

export interface SampleRequest {
  readonly rows: number;
  readonly seed: number;
  /** Also return each sample's log-density, in the same pass. */
  readonly logDensity?: boolean;
  /** Default: as the model was fitted. */
  readonly integration?: Integration;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * Draws samples, in chunks [count, d] and in row order, in the user's units; log-densities in nats. Row i depends on
 * the seed and i alone. Throws "option" for a number of rows or a way of integrating that cannot be, "numeric" for a
 * row that gets stuck or that float32 does not hold, "interrupted" when the signal fires.
 */
export async function* sampleDensity(
  engine: Engine,
  model: DensityModel,
  request: SampleRequest,
): AsyncGenerator<{ readonly points: FloatArray; readonly logDensity?: Float64Array; readonly evaluations: number }> {
  const { chain, record, standardization } = model;
  const {
    rows,
    seed,
    logDensity = false,
    integration = record.configuration.integration,
    signal,
    onProgress,
  } = request;
  checkCount(rows);
  const d = chain.dimension;
  const divergence: Divergence = { kind: logDensity ? "exact" : "none" };
  const transport = await createTransport(engine, chain, { direction: -1, integration, divergence });
  const key = split(random(seed), "sample");
  const pause = pauses();
  try {
    for (let first = 0; first < rows; first += chunkRows) {
      const count = Math.min(chunkRows, rows - first);
      const noise = new Float32Array(count * d);
      fillNormal(key, noise, { offset: first * d });
      const moved = await transport.run(noise, { firstRow: first, ...(signal && { signal }) });
      const points = floats(unstandardize(standardization, moved.points), [count, d]);
      checkSamples(points, record.columns, first);
      onProgress?.({ stage: "sample", fraction: (first + count) / rows });
      // Integrated from noise to data, the log-determinant is that of the way back.
      const density = logDensity && { logDensity: combine(noise, moved.logDeterminant, -1, model) };
      yield { points, ...density, evaluations: moved.evaluations };
      await pause();
      checkSignal(signal, "sampling");
    }
  } finally {
    await transport.release();
  }
}

export interface ScoreRequest {
  readonly divergence?: { readonly kind: "exact" } | { readonly kind: "hutchinson"; readonly probes: number };
  /** Keys Hutchinson's probes; default 0. */
  readonly seed?: number;
  readonly integration?: Integration;
  /** See TransportOptions: how the authors' tabular script hands points from block to block. */
  readonly handOver?: Integration;
  /** Of a masked model: the state of every value [rows · d] (`dimensionStates`); default: free, or absent where it is NaN. */
  readonly states?: Uint8Array;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

/**
 * log p of each row [n, d] (nats, user's units), in chunks and in row order: log N(z; 0, I) plus the divergence along
 * the way to z (paper, section 3). Of a masked model log p(free values | given values). Throws "data" for rows of other
 * columns or with values that are not finite, "numeric" for a row that gets stuck, "interrupted" when the signal fires.
 */
export async function* scoreDensity(
  engine: Engine,
  model: DensityModel,
  rows: FloatArray,
  request: ScoreRequest = {},
): AsyncGenerator<ScoredChunk> {
  const { states, signal, onProgress, ...how } = request;
  checkRows(rows, model.record.columns, "data to score", model.record.configuration.training.masks !== undefined);
  const scoring = await createScoring(engine, model, how);
  try {
    yield* scoring.score(rows, {
      ...(states && { states }),
      ...(signal && { signal }),
      ...(onProgress && { onProgress }),
    });
  } finally {
    await scoring.release();
  }
}

/** Share of a time budget that goes into training and pushing; the rest is for the likelihoods of the report. */
export const trainingShare = 0.9;

function shareOf(scores: readonly number[], { shape: [most = 0] }: FloatArray): ScoredShare {
  return { scored: scores.length, most };
}

/** Of training and held-out rows, as many as the networks and the time that is left allow. */
async function reportScores(
  engine: Engine,
  model: DensityModel,
  { train, heldOut }: { readonly train: FloatArray; readonly heldOut?: FloatArray },
  request: FitRequest,
  started: number,
): Promise<Fitted["scores"]> {
  const most = reportRows(model.record.configuration, model.chain.dimension);
  const score = (rows: FloatArray) => scoresOf(engine, model, rows, request);
  const left = () =>
    request.time === undefined ? Number.POSITIVE_INFINITY : 1000 * request.time + started - performance.now();
  const countOf = (rows: FloatArray) => Math.min(most, rows.shape[0] ?? 0);
  const judged = heldOut && { rows: (count: number) => rowsOf(heldOut, 0, count), most: countOf(heldOut) };
  const validation = judged && (await scoresInTime({ ...judged, milliseconds: left() / 2 }, score));
  const shown = { rows: (count: number) => spreadRows(train, count), most: countOf(train), milliseconds: left() };
  return { train: await scoresInTime(shown, score), ...(validation && { validation }) };
}

async function scoresOf(
  engine: Engine,
  model: DensityModel,
  rows: FloatArray,
  { signal, onProgress }: FitRequest,
): Promise<readonly number[]> {
  const values: number[] = [];
  const controls = {
    ...(signal && { signal }),
    ...(onProgress && { onProgress: () => onProgress({ stage: "score", fraction: 1 }) }),
  };
  for await (const { logDensity } of scoreDensity(engine, model, rows, controls)) values.push(...logDensity);
  return values;
}

/** The model with the quantiles of its training rows' log-densities, unless those are not finite. */
function withQuantiles(model: DensityModel, scores: readonly number[]): DensityModel {
  if (!scores.every(Number.isFinite)) return model;
  const training = { ...model.record.training, logDensityQuantiles: quantilesOf(scores) };
  return { ...model, record: { ...model.record, training } };
}

/** Nats per column by which a model may fall behind independent Gaussian columns before its training counts as failed. */
const lostNats = 10;

/** Says so when a model describes its training rows far worse than one Gaussian per column does, whose nll is known. */
function likelihoodNotes({ nll }: Likelihood, { record, standardization, chain }: DensityModel): readonly string[] {
  const d = chain.dimension;
  const gaussian = record.configuration.standardize
    ? 0.5 * d * (1 + Math.log(2 * Math.PI)) + logVolume(standardization)
    : Number.POSITIVE_INFINITY;
  if (nll <= gaussian + lostNats * d) return [];
  return [
    "the model describes its training rows far worse than one Gaussian per column does: training probably diverged; " +
      "fit again with a lower learning rate (--learning-rate)",
  ];
}

/** Mean and standard error of negative log-densities. */
export function summarize(values: readonly number[]): Likelihood {
  const rows = values.length;
  const nll = values.reduce((a, b) => a + b, 0) / rows;
  const squares = values.reduce((a, b) => a + (b - nll) ** 2, 0);
  return { nll, standardError: rows < 2 ? null : Math.sqrt(squares / (rows - 1) / rows), rows };
}

/** Everything but the seed that decides the result. */
function fingerprintOf(
  { seed: _, ...configuration }: Configuration,
  columns: readonly string[],
  train: FloatArray,
): string {
  const text = new TextEncoder().encode(JSON.stringify({ configuration, columns }));
  return `${fingerprint(text)} ${fingerprint(bytesOf(train))}`;
}

function bytesOf({ data: { buffer, byteOffset, byteLength } }: FloatArray): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength);
}
