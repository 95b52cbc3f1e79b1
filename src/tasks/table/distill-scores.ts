// distill-scores: a scorer learns the exact scores of rows that a table's model draws, of such rows disturbed, and of data.

import type { CellTable } from "../../data/cell-table.ts";
import { failure } from "../../errors.ts";
import { perceptronOf } from "../../flow/chain.ts";
import { drawStates } from "../../flow/masked.ts";
import { initialMlp, type MlpArrays } from "../../nn/mlp.ts";
import { fillNormal, fillUniform, type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { sampleMasked, scoreMasked } from "../masked.ts";
import type { Progress } from "../progress.ts";
import { checkColumnNames } from "./evaluate-table.ts";
import { type KnownPoints, maskGroups, pointsOf, spansOf } from "./points.ts";
import { type Agreement, createScorer, type TableScorer } from "./scorer.ts";
import type { TableModel } from "./table-model.ts";
import { type Lesson, trainScorer } from "./train-scorer.ts";

export interface ScorerRequest {
  readonly seed: number;
  /** What the scorer calls its model: its file's name. */
  readonly teacherName: string;
  /** Rows to learn from beside those that the model draws; a tenth of them is kept to measure with. */
  readonly data?: CellTable;
  /** Rows that the model draws, a quarter of which are disturbed. */
  readonly rows?: number;
  readonly iterations?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/** What was learnt from and how well the scorer agrees with the model. Plain JSON. */
export interface ScorerReport {
  readonly seed: number;
  readonly rows: number;
  readonly dataRows: number;
  readonly iterations: number;
  readonly agreement: TableScorer["agreement"];
  readonly seconds: number;
}

/** What is left open by a request. */
const scorerDefaults = { rows: 131_072, iterations: 8000, batchSize: 512, learningRate: 2e-3 } as const;

const disturbedShare = 0.25;
/** Rows of the model to learn from, at least. */
const fewestRows = 64;
/** Rows that the agreement is measured on, most of data and all that are drawn. */
const measuredRows = 4096;
/** Share of the work that scoring is, for the progress. */
const scoringShare = 0.5;

/**
 * Trains a scorer. Throws "interrupted" when the signal fires, "option" for settings that cannot be, "numeric" for a loss that
 * is not finite.
 */
export async function distillScores(
  engine: Engine,
  model: TableModel,
  request: ScorerRequest,
): Promise<{ readonly scorer: TableScorer; readonly report: ScorerReport }> {
  const started = performance.now();
  const { seed, onStage, onProgress, signal } = request;
  const settings = settingsOf(request);
  const needed = new Set(model.encoder.dimensions.map(({ column }) => column));
  if (request.data) checkColumnNames(request.data, [...needed], "the table to learn from");
  const key = split(random(seed), "scorer");
  const [first] = model.density.chain.blocks;
  if (!first) throw failure("model", { where: request.teacherName, expected: "at least one block", received: "none" });
  const block = perceptronOf(first);
  onStage?.("drawing and scoring rows");
  const progress = progressOf(settings.rows + (request.data?.rows ?? 0), onProgress);
  const { learnt, fresh, data } = await lessonsOf(engine, model, request, settings.rows, progress.rows);
  onStage?.("training the scorer");
  const start: MlpArrays = {
    layers: [
      ...block.parameters.layers.slice(0, -1),
      ...initialMlp(split(key, "weights"), block.network, model.density.chain.dimension).layers.slice(-1),
    ],
  };
  const { center, spread } = scaleOf(learnt.drawn.scores);
  const { standardization } = model.density;
  const trained = await trainScorer(engine, joined([learnt.drawn, learnt.odd, ...(data ? [data.learnt] : [])]), {
    ...settings,
    ...{ network: block.network, start, standardization, center, spread, random: split(key, "batches") },
    ...(signal && { signal }),
    onIteration: progress.iteration(settings.iterations),
  });
  const bare = { ...{ network: block.network, parameters: trained, standardization, center, spread } };
  const { encoder, training } = model;
  const measured = async (lesson: Lesson) => agreementOf(engine, { ...bare, encoder, training }, lesson, signal);
  const agreement = {
    drawn: await measured(fresh),
    ...(data && data.kept.scores.length > 1 && { data: await measured(data.kept) }),
  };
  return {
    scorer: { ...bare, encoder, training, teacher: request.teacherName, agreement },
    report: {
      seed,
      rows: settings.rows,
      dataRows: data?.learnt.scores.length ?? 0,
      iterations: settings.iterations,
      agreement,
      seconds: (performance.now() - started) / 1000,
    },
  };
}

/**
 * Rows that the model draws, a share of them disturbed, and rows of data, with their scores; `fresh` ones are to
 * measure by.
 */
async function lessonsOf(
  engine: Engine,
  model: TableModel,
  { seed, data, signal }: ScorerRequest,
  rows: number,
  onRows: (rows: number) => void,
) {
  const controls = { signal, onRows };
  const drawn = await drawnLesson(engine, model, rows, seed, controls);
  const disturbed = partOf(drawn, 0, Math.floor(disturbedShare * rows));
  const spoilt = disturbedPoints(model, disturbed, split(random(seed), "scorer", "disturb"));
  const odd = await scoredLesson(engine, model, spoilt, controls);
  const fresh = await drawnLesson(engine, model, measuredRows, seed + 1, { signal });
  return { learnt: { drawn, odd }, fresh, data: data && (await dataLesson(engine, model, data, controls)) };
}

interface Controls {
  readonly signal: AbortSignal | undefined;
  /** Told how many more rows are done. */
  readonly onRows?: (rows: number) => void;
}

/** Rows that the model draws, with their scores. */
async function drawnLesson(
  engine: Engine,
  model: TableModel,
  rows: number,
  seed: number,
  { signal, onRows }: Controls,
): Promise<Lesson> {
  const d = model.encoder.dimensions.length;
  const [values, states, scores] = [new Float32Array(rows * d), new Uint8Array(rows * d), new Float64Array(rows)];
  let at = 0;
  const request = { seed, logDensity: true, ...(signal && { signal }) };
  for await (const chunk of sampleMasked(engine, model.density, { given: values, state: states, ...request })) {
    const { points, logDensity = new Float64Array() } = chunk;
    values.set(points.data, at * d);
    scores.set(logDensity, at);
    at += logDensity.length;
    onRows?.(logDensity.length);
  }
  return { values, states, scores };
}

/** Points with their exact scores. */
async function scoredLesson(
  engine: Engine,
  { density }: TableModel,
  { values, states }: KnownPoints,
  { signal, onRows }: Controls,
): Promise<Lesson> {
  const scores = new Float64Array(values.length / density.chain.dimension);
  let at = 0;
  const request = { given: values, state: states, ...(signal && { signal }) };
  for await (const { logDensity } of scoreMasked(engine, density, request)) {
    scores.set(logDensity, at);
    at += logDensity.length;
    onRows?.(logDensity.length);
  }
  return { values, states, scores };
}

/** Nine tenths of the rows of data to learn from, the others to measure with. */
async function dataLesson(engine: Engine, model: TableModel, data: CellTable, controls: Controls) {
  const points = pointsOf(model.encoder, data, { key: split(random(0), "table", "score") });
  const lesson = await scoredLesson(engine, model, points, controls);
  const kept = Math.min(measuredRows, Math.floor(data.rows / 10));
  return { learnt: partOf(lesson, 0, data.rows - kept), kept: partOf(lesson, data.rows - kept, data.rows) };
}

/** Disturbed rows: half in one dimension, half in all, by 0.02 to 1 deviations; in a quarter of them columns are left out. */
function disturbedPoints({ encoder }: TableModel, { values }: KnownPoints, key: Random): KnownPoints {
  const d = encoder.dimensions.length;
  const rows = values.length / d;
  const [noise, draws] = [new Float32Array(values.length), new Float32Array(2 * rows)];
  fillNormal(split(key, "noise"), noise);
  fillUniform(split(key, "sizes"), draws);
  const disturbed = values.map((value, k) => {
    const row = Math.floor(k / d);
    const [size = 0, place = 0] = [draws[2 * row], draws[2 * row + 1]];
    const isMoved = place >= 0.5 || k % d === Math.floor(2 * place * d);
    return isMoved ? value + 0.02 * 50 ** size * (noise[k] ?? 0) : value;
  });
  const law = { groups: maskGroups(spansOf(encoder)), unconditional: 1, dropped: 0.25 };
  return { values: disturbed, states: drawStates(law, split(key, "left out"), d, rows) };
}

async function agreementOf(
  engine: Engine,
  scorer: Omit<TableScorer, "teacher" | "agreement">,
  { scores, ...points }: Lesson,
  signal: AbortSignal | undefined,
): Promise<Agreement> {
  const running = await createScorer(engine, scorer);
  try {
    const found = await running.pointScores(points, signal);
    const errors = found.map((value, row) => Math.abs(value - (scores[row] ?? 0))).sort();
    return {
      rankCorrelation: rankCorrelation(found, scores),
      medianError: errors[errors.length >> 1] ?? 0,
      rows: scores.length,
    };
  } finally {
    await running.release();
  }
}

/** Spearman's rank correlation of two lists of numbers that are hardly ever equal. */
export function rankCorrelation(a: Float64Array, b: Float64Array): number {
  const [x, y, middle] = [ranks(a), ranks(b), (a.length - 1) / 2];
  let [together, alone] = [0, 0];
  for (let k = 0; k < a.length; k++) {
    together += ((x[k] ?? 0) - middle) * ((y[k] ?? 0) - middle);
    alone += ((x[k] ?? 0) - middle) ** 2;
  }
  return alone > 0 ? together / alone : 0;
}

function ranks(values: Float64Array): Float64Array {
  const order = Uint32Array.from(values.keys()).sort((i, j) => (values[i] ?? 0) - (values[j] ?? 0));
  const result = new Float64Array(values.length);
  order.forEach((place, rank) => {
    result[place] = rank;
  });
  return result;
}

/** The median of scores and the width of their middle half. */
function scaleOf(scores: Float64Array) {
  const sorted = scores.slice().sort();
  const at = (share: number) => sorted[Math.floor(share * (sorted.length - 1))] ?? 0;
  return { center: at(0.5), spread: Math.max(1e-3, at(0.75) - at(0.25)) };
}

function partOf({ values, states, scores }: Lesson, start: number, end: number): Lesson {
  const d = values.length / Math.max(1, scores.length);
  return {
    values: values.subarray(start * d, end * d),
    states: states.subarray(start * d, end * d),
    scores: scores.subarray(start, end),
  };
}

function joined(lessons: readonly Lesson[]): Lesson {
  const rows = lessons.reduce((total, { scores }) => total + scores.length, 0);
  const d = (lessons[0]?.values.length ?? 0) / Math.max(1, lessons[0]?.scores.length ?? 1);
  const whole = {
    values: new Float32Array(rows * d),
    states: new Uint8Array(rows * d),
    scores: new Float64Array(rows),
  };
  let at = 0;
  for (const { values, states, scores } of lessons) {
    whole.values.set(values, at * d);
    whole.states.set(states, at * d);
    whole.scores.set(scores, at);
    at += scores.length;
  }
  return whole;
}

function progressOf(rows: number, onProgress: ScorerRequest["onProgress"]) {
  let done = 0;
  return {
    rows: (more: number) => {
      done += more;
      onProgress?.({ stage: "score", fraction: Math.min(1, done / rows) * scoringShare });
    },
    iteration: (iterations: number) => (iteration: number, loss: number) =>
      onProgress?.({
        stage: "train",
        iteration,
        iterations,
        loss,
        fraction: scoringShare + ((1 - scoringShare) * iteration) / iterations,
      }),
  };
}

function settingsOf({ rows, iterations, batchSize, learningRate }: ScorerRequest) {
  const settings = {
    rows: rows ?? scorerDefaults.rows,
    iterations: iterations ?? scorerDefaults.iterations,
    batchSize: batchSize ?? scorerDefaults.batchSize,
    learningRate: learningRate ?? scorerDefaults.learningRate,
  };
  for (const [name, value] of Object.entries(settings))
    if (!(value > 0 && (name === "learningRate" || Number.isInteger(value))))
      throw failure("option", { where: name, expected: "a number above 0", received: String(value) });
  if (settings.rows < fewestRows)
    throw failure("option", {
      where: "rows",
      expected: `at least ${fewestRows} rows to learn from`,
      received: String(settings.rows),
      remedy: "a quarter of them are disturbed: fewer teach nothing",
    });
  return settings;
}
