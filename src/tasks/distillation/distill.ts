// distill: the front door of distillation: a trained model becomes a student of few network evaluations.
import { failure } from "../../errors.ts";
import { fingerprint } from "../../fingerprint.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { leaves } from "../../tensor/tree.ts";
import { type DensityModel, encodeDensityModel } from "../density-model.ts";
import { modelVersion } from "../model-file.ts";
import { parametersOf } from "../plain-flow.ts";
import type { Progress } from "../progress.ts";
import type { StudentMap } from "./maps.ts";
import { carriedPool, displacements, distance, joined, noiseRows, type Pool } from "./pool.ts";
import { stagesOf, trainInStages } from "./progressive.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { type FixedStepsResult, fixedSteps } from "./solvers.ts";
import { createComposition, type MapRecord, type Student } from "./student.ts";
import { poolShare, type TrainedStudent } from "./train-student.ts";

/** What maps learn from. */
export const objectives = ["regression", "progressive"] as const;
export type Objective = (typeof objectives)[number];

export interface DistillRequest {
  /** Network evaluations of the whole chain. */
  readonly evaluations: number;
  /** What the student calls its teacher: its file's name. */
  readonly teacherName: string;
  readonly seed: number;
  /** Noise rows that the teacher carries back to learn from. */
  readonly rows?: number;
  /** Hidden layers of every map; default: the teacher's, from whose weights the maps then start. */
  readonly hidden?: readonly number[];
  /** Of each map alone; the fine tuning of all together takes as many. */
  readonly iterations?: number;
  readonly batchSize?: number;
  readonly learningRate?: number;
  /**
   * "regression" (the default): every map on where the teacher takes points. "progressive": only the maps of a student of four
   * times as many, from which one of half as many learns, and so on; each stage has its share of iterations and time.
   */
  readonly objective?: Objective;
  /** Seconds for everything up to the measurements. */
  readonly time?: number;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
  /** Told what begins, for people. */
  readonly onStage?: (text: string) => void;
}

/**
 * What a distillation did. Distances are root mean squares in the model's own units: deviations, where it standardises. Plain
 * JSON.
 */
export interface DistillReport {
  readonly seed: number;
  readonly evaluations: number;
  readonly rows: number;
  readonly parameters: number;
  readonly seconds: number;
  /** From noise to data: `from` and `to` in blocks, data at 0. */
  readonly blocks: readonly (MapRecord & Segment)[];
  readonly fineTuning: number;
  /** Of samples from the teacher's of the same noise. */
  readonly distance: { readonly separate: number; readonly final: number };
  /** The teacher itself by fixed steps with as many evaluations, nearest first. */
  readonly fixedSteps: readonly Pick<FixedStepsResult, "method" | "evaluations" | "distance">[];
}

/** What is left open by a request. */
export const distillDefaults = { rows: 65_536, iterations: 2000, batchSize: 512, learningRate: 1e-3 } as const;

/** Rows carried at a time, and for the measurements. */
const poolPart = 4096;
/** What the pool may take in memory, unless a number of rows is asked for. */
const poolBytes = 2 ** 28;
const measuredRows = 2048;

/**
 * Distils a chain: pairs of where pieces of the teacher's way from noise to data begin and end, a network for each piece that
 * is regressed on them alone, then all networks in a row on the same pairs, which is kept where it helps. Throws "option" for
 * settings that cannot be, "interrupted" when the signal fires, "numeric" for a loss that is not finite. Of a masked model the
 * student draws whole rows: nothing can be given to it.
 */
export async function distillDensity(
  engine: Engine,
  teacher: DensityModel,
  request: DistillRequest,
): Promise<{ readonly student: Student; readonly report: DistillReport }> {
  const started = performance.now();
  const { chain } = teacher;
  const { evaluations, objective = "regression", onStage, seed, signal } = request;
  const distances = await blockDistances(engine, teacher, signal);
  const whole = segmentsOf(distances, evaluations);
  const stages = objective === "progressive" ? stagesOf(whole) : [whole];
  const [segments = whole] = stages;
  const settings = settingsOf(request, chain.dimension * (segments.length + 1));
  onStage?.("the teacher carries noise to data");
  const pool = await grownPool(engine, teacher, segments, settings.rows, request, started);
  const learnt = await trainInStages(engine, stages, pool, {
    ...settings,
    dimension: chain.dimension,
    request,
    started,
    chain,
    distances,
  });
  const trained = await nearer(engine, teacher, whole, learnt, request);
  const measured = await measuredStudent(engine, teacher, trained, request);
  onStage?.("the teacher by fixed steps, for comparison");
  const rivals = await fixedSteps(engine, teacher, evaluations, signal);
  const rows = (pool[0]?.length ?? 0) / chain.dimension;
  const { fineTuning, maps } = trained;
  const { distance } = measured;
  const records = measured.blocks.map(({ from: _, to: __, ...record }) => record);
  const record: Student["record"] = {
    version: modelVersion,
    task: "student",
    columns: teacher.record.columns,
    configuration: { seed, standardize: teacher.record.configuration.standardize },
    teacher: teacherRecord(teacher, request.teacherName),
    training: {
      rows,
      batchSize: settings.batchSize,
      learningRate: settings.learningRate,
      ...(objective !== "regression" && { objective }),
      maps: records,
      fineTuning,
      distance,
    },
  };
  const student = { record, standardization: teacher.standardization, maps };
  const report = {
    seed,
    evaluations,
    rows,
    parameters: studentParameters(student),
    seconds: (performance.now() - started) / 1000,
    ...measured,
    fineTuning,
    fixedSteps: rivals.map(({ method, evaluations, distance }) => ({ method, evaluations, distance })),
  };
  return { student, report };
}

function teacherRecord(teacher: DensityModel, name: string): Student["record"]["teacher"] {
  const { length: blocks } = teacher.chain.blocks;
  return { name, fingerprint: fingerprintOf(teacher), blocks, parameters: parametersOf(teacher) };
}

/** The error of every map alone and of all in a row, on noise that nothing was learnt from. */
async function measuredStudent(
  engine: Engine,
  { chain }: DensityModel,
  { maps, separate, iterations }: TrainedStudent & { readonly maps: readonly StudentMap[] },
  { seed, signal }: DistillRequest,
): Promise<Pick<DistillReport, "blocks" | "distance">> {
  const { dimension: d } = chain;
  const noise = noiseRows(split(random(seed), "distill", "measure"), measuredRows, d);
  const segments = maps.map(({ segment }) => segment);
  const places = await carriedPool(engine, chain, noise, segments, signal && { signal });
  const blocks: (MapRecord & Segment)[] = [];
  for (const [k, map] of maps.entries()) {
    const [from = noise, to = noise] = [places[k], places[k + 1]];
    const error = await errorOf(engine, [map], from, to, d);
    blocks.push({ ...map.segment, iterations: iterations[k] ?? 0, displacement: distance(from, to), error });
  }
  const end = places.at(-1) ?? noise;
  const alone = await errorOf(engine, separate, noise, end, d);
  return { blocks, distance: { separate: alone, final: await errorOf(engine, maps, noise, end, d) } };
}

/** A short name of a model's file, as this version writes it. */
export function fingerprintOf(teacher: DensityModel): string {
  return fingerprint(encodeDensityModel(teacher));
}

/** Weights and biases of all maps. */
export function studentParameters({ maps }: Pick<Student, "maps">): number {
  return maps.reduce(
    (total, { parameters }) =>
      leaves<FloatArray>(parameters).reduce((sum, { value }) => sum + value.data.length, total),
    0,
  );
}

interface Settings {
  readonly rows: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly learningRate: number;
}

/** Without a number of iterations, a time alone decides; without one of rows, `width` values a row leave no more than fit. */
function settingsOf({ rows, iterations, batchSize, learningRate, time }: DistillRequest, width: number): Settings {
  const fitting = Math.max(4096, Math.floor(poolBytes / (4 * width)));
  const settings = {
    rows: rows ?? Math.min(distillDefaults.rows, fitting),
    iterations: iterations ?? (time === undefined ? distillDefaults.iterations : Number.MAX_SAFE_INTEGER),
    batchSize: batchSize ?? distillDefaults.batchSize,
    learningRate: learningRate ?? distillDefaults.learningRate,
  };
  for (const [name, value] of Object.entries(settings))
    if (!(value > 0 && (name === "learningRate" || Number.isInteger(value))))
      throw failure("option", { where: name, expected: "a number above 0", received: String(value) });
  return settings;
}

/** How far each block moves points, data to noise, on a few rows. */
async function blockDistances(
  engine: Engine,
  { chain }: DensityModel,
  signal: AbortSignal | undefined,
): Promise<readonly number[]> {
  const whole = segmentsOf(
    chain.blocks.map(() => 1),
    chain.blocks.length,
  );
  const noise = noiseRows(split(random(0), "distill"), 256, chain.dimension);
  return [...displacements(await carriedPool(engine, chain, noise, whole, signal && { signal }))].reverse();
}

/** As many rows as are asked for, or as the pool's share of the time allows, the first part always. */
async function grownPool(
  engine: Engine,
  { chain }: DensityModel,
  segments: readonly Segment[],
  rows: number,
  { time = Number.POSITIVE_INFINITY, signal, onProgress, seed }: DistillRequest,
  started: number,
): Promise<Pool> {
  const noise = noiseRows(split(random(seed), "distill", "pool"), rows, chain.dimension);
  const parts: Pool[] = [];
  for (let first = 0; first < rows; first += poolPart) {
    if (first > 0 && performance.now() - started > poolShare * 1000 * time) break;
    const part = noise.subarray(first * chain.dimension, (first + poolPart) * chain.dimension);
    const progress = (share: number) => {
      const done = (first + (share * part.length) / chain.dimension) / rows;
      onProgress?.({ stage: "sample", fraction: poolShare * done });
    };
    parts.push(await carriedPool(engine, chain, part, segments, { ...(signal && { signal }), onProgress: progress }));
  }
  return joined(parts);
}

/** The maps after their fine tuning where that brought samples nearer to the teacher's, on rows for this alone. */
async function nearer(
  engine: Engine,
  { chain }: DensityModel,
  segments: readonly Segment[],
  learnt: TrainedStudent,
  { seed, signal }: DistillRequest,
): Promise<TrainedStudent & { readonly maps: readonly StudentMap[] }> {
  if (learnt.fineTuning === 0) return { ...learnt, maps: learnt.separate };
  const noise = noiseRows(split(random(seed), "distill", "choose"), measuredRows, chain.dimension);
  const end = (await carriedPool(engine, chain, noise, segments, signal && { signal })).at(-1) ?? noise;
  const separate = await errorOf(engine, learnt.separate, noise, end, chain.dimension);
  const together = await errorOf(engine, learnt.together, noise, end, chain.dimension);
  return together < separate
    ? { ...learnt, maps: learnt.together }
    : { ...learnt, maps: learnt.separate, fineTuning: 0 };
}

async function errorOf(engine: Engine, maps: readonly StudentMap[], from: Float32Array, to: Float32Array, d: number) {
  const composition = await createComposition(engine, maps, d);
  try {
    return distance(await composition.run(from), to);
  } finally {
    await composition.release();
  }
}
