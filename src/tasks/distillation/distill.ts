// distill: the front door of distillation: a trained model becomes a student of few network evaluations.
import { failure } from "../../errors.ts";
import type { Chain } from "../../flow/chain.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { FloatArray } from "../../tensor/array.ts";
import { leaves } from "../../tensor/tree.ts";
import type { DensityModel } from "../density-model.ts";
import { modelVersion } from "../model-file.ts";
import type { Progress } from "../progress.ts";
import { masksOf } from "./conditional.ts";
import { neighbours, trainConsistent } from "./consistency.ts";
import { blockDistances, grownPool, readingOf, type Workshop } from "./lessons.ts";
import { measuredStudent, nearer } from "./measure-student.ts";
import { createCarrier } from "./pool.ts";
import { stagesOf, trainInStages } from "./progressive.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { type FixedStepsResult, fixedSteps } from "./solvers.ts";
import type { MapRecord, Student, TaughtClasses } from "./student.ts";
import { densityTeacher, type Teacher, workloadOf } from "./teacher.ts";

/** What maps learn from. */
export type Objective = "regression" | "progressive" | "consistency";

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
   * "consistency": every map on what it makes itself of the next point along the teacher's way.
   */
  readonly objective?: Objective;
  /** Of a model with masks: the student can be told cells, as its teacher can. */
  readonly conditional?: boolean;
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
  /** Of a conditional student: the same of rows with given cells, by the law of the teacher's masks. */
  readonly conditional?: { readonly distance: number };
  /** Of a student that can be told the classes of images. */
  readonly classes?: TaughtClasses;
  /** The teacher itself by fixed steps with as many evaluations, nearest first. */
  readonly fixedSteps: readonly Pick<FixedStepsResult, "method" | "evaluations" | "distance">[];
}

/** What the pool may take in memory, unless a number of rows is asked for. */
const poolBytes = 2 ** 28;
/** Rows of the pool where a time decides how many of them there are. */
const mostRows = 65_536;

/**
 * Distils a chain: pairs of where pieces of the teacher's way from noise to data begin and end, a network for each piece that
 * is regressed on them alone, then all networks in a row on the same pairs, which is kept where it helps. Throws "option" for
 * settings that cannot be, "interrupted" when the signal fires, "numeric" for a loss that is not finite. Of a masked model the
 * student draws whole rows, unless it is conditional.
 */
export async function distillDensity(
  engine: Engine,
  teacher: DensityModel,
  request: DistillRequest,
): Promise<Distilled> {
  return distillTeacher(engine, densityTeacher(teacher), request);
}

export interface Distilled {
  readonly student: Student;
  readonly report: DistillReport;
}

/** The same of any task's model; what its student keeps beside the maps is added by the caller. */
export async function distillTeacher(engine: Engine, teacher: Teacher, request: DistillRequest): Promise<Distilled> {
  const started = performance.now();
  const { conditional = false, objective = "regression" } = request;
  const masks = conditional ? masksOf(teacher, objective) : undefined;
  const carrier = await createCarrier(engine, teacher.chain, readingOf(teacher.classes, masks));
  try {
    return await distilledBy({ engine, teacher, carrier, request, started, ...(masks && { masks }) });
  } finally {
    await carrier.release();
  }
}

/** A distillation under way. */
interface Distillation extends Workshop {
  readonly request: DistillRequest;
}

/** Carries noise to data and trains maps on the way it took. */
async function learntMaps(workshop: Distillation) {
  const { engine, teacher, request, started } = workshop;
  const { chain } = teacher;
  const { evaluations, objective, onStage } = request;
  const distances = await blockDistances(workshop);
  const whole = segmentsOf(distances, evaluations);
  const stages =
    objective === "progressive" ? stagesOf(whole) : objective === "consistency" ? [neighbours(whole)] : [whole];
  const [segments = whole] = stages;
  const toldPieces = workshop.masks ? 3 : (teacher.classes?.known.length ?? 0) / chain.dimension;
  const settings = settingsOf(request, chain, segments.length + toldPieces);
  onStage?.("the teacher carries noise to data");
  const { pool, contexts } = await grownPool(workshop, segments, settings.rows);
  const training = {
    ...settings,
    ...(contexts && { contexts }),
    isTold: contexts !== undefined,
    poolShare: workloadOf(chain).poolShare,
    dimension: chain.dimension,
    request,
    started,
    chain,
    distances,
  };
  const learnt =
    objective === "consistency"
      ? await trainConsistent(engine, whole, segments, pool, training)
      : await trainInStages(engine, stages, pool, training);
  return {
    settings,
    rows: (pool[0]?.length ?? 0) / chain.dimension,
    trained: await nearer(workshop, whole, learnt),
  };
}

async function distilledBy(workshop: Distillation): Promise<Distilled> {
  const { engine, teacher, request, started } = workshop;
  const { evaluations, objective = "regression", onStage, seed, signal } = request;
  const { settings, rows, trained } = await learntMaps(workshop);
  const { without, ...measured } = await measuredStudent(workshop, trained);
  const { classes, classDropout = 0 } = teacher;
  const taught = classes && {
    classes: { guidance: classes.guidance, dropout: classDropout, ...(without && { without }) },
  };
  onStage?.("the teacher by fixed steps, for comparison");
  const rivals = await fixedSteps(engine, teacher, evaluations, signal);
  const { fineTuning, maps } = trained;
  const { distance, conditional } = measured;
  const records = measured.blocks.map(({ from: _, to: __, ...record }) => record);
  const record: Student["record"] = {
    version: modelVersion,
    task: "student",
    columns: teacher.columns,
    configuration: { seed, standardize: teacher.standardize },
    teacher: teacherRecord(teacher, request.teacherName),
    training: {
      rows,
      batchSize: settings.batchSize,
      learningRate: settings.learningRate,
      ...(objective !== "regression" && { objective }),
      ...(conditional && { conditional }),
      ...taught,
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
    ...taught,
    fineTuning,
    fixedSteps: rivals.map(({ method, evaluations, distance }) => ({ method, evaluations, distance })),
  };
  return { student, report };
}

function teacherRecord({ chain, fingerprint, parameters }: Teacher, name: string): Student["record"]["teacher"] {
  return { name, fingerprint, blocks: chain.blocks.length, parameters };
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

/** Without a number of iterations, a time alone decides; without one of rows, there are no more than fit. */
function settingsOf(
  { rows, iterations, batchSize, learningRate, time }: DistillRequest,
  chain: Chain,
  pieces: number,
): Settings {
  const { defaults, poolPart } = workloadOf(chain);
  const fitting = Math.max(poolPart, Math.floor(poolBytes / (4 * chain.dimension * (pieces + 1))));
  const usualRows = Math.min(time === undefined ? defaults.rows : mostRows, fitting);
  const settings = {
    rows: rows ?? usualRows,
    iterations: iterations ?? (time === undefined ? defaults.iterations : Number.MAX_SAFE_INTEGER),
    batchSize: batchSize ?? defaults.batchSize,
    learningRate: learningRate ?? defaults.learningRate,
  };
  for (const [name, value] of Object.entries(settings))
    if (!(value > 0 && (name === "learningRate" || Number.isInteger(value))))
      throw failure("option", { where: name, expected: "a number above 0", received: String(value) });
  return settings;
}
