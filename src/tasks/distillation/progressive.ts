// progressive: a student of few maps made by way of students of more, each learning from the points of the one before.
import type { Chain } from "../../flow/chain.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../progress.ts";
import { createComposition } from "./composition.ts";
import type { Lessons } from "./conditional.ts";
import { type StudentMap, startingMap } from "./maps.ts";
import type { Pool } from "./pool.ts";
import { isWithin, nearly, type Segment } from "./segments.ts";
import { type StudentTraining, type TrainedStudent, trainStudent } from "./train-student.ts";

/** How often the number of maps is cut down on the way. */
const halvings = 2;

/** Pieces of the way, finest first: every piece of one block in halves of it, a piece of several blocks in its blocks. */
export function stagesOf(segments: readonly Segment[]): readonly (readonly Segment[])[] {
  const stages = [segments];
  for (let n = 0; n < halvings; n++) stages.unshift((stages[0] ?? segments).flatMap(finer));
  return stages;
}

/** A piece of one block in halves of it, one of several in its blocks. */
export function finer({ from, to }: Segment): readonly Segment[] {
  const blocks = Math.round(from - to);
  const parts = isInside({ from, to }) ? 2 : blocks;
  const length = (from - to) / parts;
  return Array.from({ length: parts }, (_, k) => ({
    from: k === 0 ? from : from - k * length,
    to: k === parts - 1 ? to : from - (k + 1) * length,
  }));
}

function isInside({ from, to }: Segment): boolean {
  return Math.ceil(from - nearly) - Math.floor(to + nearly) <= 1;
}

/** What stages have in common. */
export interface StagedTraining extends StudentTraining {
  readonly chain: Chain;
  /** How far each block moves its points, data to noise. */
  readonly distances: readonly number[];
  /** Whether maps read what the pool's rows come with. */
  readonly isTold: boolean;
  readonly request: StudentTraining["request"] & { readonly hidden?: readonly number[] };
}

/**
 * Trains the maps of the finest pieces on the pool, then those of every coarser stage on what the maps before them do, each stage
 * with its share of the iterations and of the time; gives those of the last stage.
 */
export async function trainInStages(
  engine: Engine,
  stages: readonly (readonly Segment[])[],
  pool: Pool,
  training: StagedTraining,
): Promise<TrainedStudent> {
  const { chain, distances, request, isTold, contexts } = training;
  const { hidden, onStage, seed } = request;
  const key = split(random(seed), "distill", "weights");
  const [finest = []] = stages;
  onStage?.(`training ${finest.length} networks`);
  const starts = finest.map((segment, k) => startingMap(chain, segment, distances, split(key, k), hidden, isTold));
  let trained = await trainStudent(engine, starts, pool, stageOf(training, 0, stages.length));
  let points = pool;
  for (const [n, coarser] of stages.slice(1).entries()) {
    const maps = trained.together;
    onStage?.(`training ${coarser.length} networks on what ${maps.length} do`);
    points = await ownPool(engine, maps, { pool: points, ...(contexts && { contexts }) }, coarser, chain.dimension);
    const fewer = coarser.map((segment, k) => {
      const fresh = () => startingMap(chain, segment, distances, split(key, "stage", n, k), hidden, isTold);
      return coarserMap(maps, segment) ?? fresh();
    });
    trained = await trainStudent(engine, fewer, points, stageOf(training, n + 1, stages.length));
  }
  return trained;
}

/** A stage's share of the iterations, of the time that is left (at least half of its share of the whole) and of the progress. */
function stageOf(training: StudentTraining, stage: number, stages: number): StudentTraining {
  const { request, started, iterations, poolShare } = training;
  if (stages === 1) return training;
  const now = performance.now();
  const { time, onProgress } = request;
  const left = time && Math.max((time - (now - started) / 1000) / (stages - stage), time / (2 * stages));
  const show = (progress: Progress) =>
    onProgress?.({ ...progress, fraction: poolShare + ((1 - poolShare) * (stage + progress.fraction)) / stages });
  return {
    ...training,
    iterations: Math.ceil(iterations / stages),
    started: now,
    request: { ...request, ...(left !== undefined && { time: left }), onProgress: show },
  };
}

/** The points of the pool's noise at the ends of coarser pieces, as the maps of finer ones take it there. */
async function ownPool(
  engine: Engine,
  maps: readonly StudentMap[],
  { pool, contexts }: Lessons,
  coarser: readonly Segment[],
  dimension: number,
): Promise<Pool> {
  let [current = new Float32Array()] = pool;
  const points = [current];
  for (const segment of coarser) {
    const composition = await createComposition(engine, mapsIn(maps, segment), dimension);
    current = await composition.run(current, undefined, contexts).finally(() => composition.release());
    points.push(current);
  }
  return points;
}

/** The map of a coarser piece to start from: the first of the finer maps in it, over the length of all, where they lie in one block. */
function coarserMap(maps: readonly StudentMap[], segment: Segment): StudentMap | undefined {
  const [first] = mapsIn(maps, segment);
  if (first === undefined || !isInside(segment)) return undefined;
  return { ...first, segment, scale: segment.to - segment.from };
}

function mapsIn(maps: readonly StudentMap[], whole: Segment): readonly StudentMap[] {
  return maps.filter(({ segment }) => isWithin(segment, whole));
}
