// train-student: every map of a student alone, as in Algorithm A.1, then all of them in a row.
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../progress.ts";
import type { StudentMap } from "./maps.ts";
import type { Pool } from "./pool.ts";
import { trainMaps } from "./train-maps.ts";

/** Iterations and learning rate of the fine tuning, of which each goes through all maps, over those of each map alone. */
const fineTuningShare = 1;
const fineTuningRate = 0.3;

export interface StudentTraining {
  readonly dimension: number;
  readonly iterations: number;
  readonly batchSize: number;
  readonly learningRate: number;
  /** Of maps that read them: the contexts of the pool's rows. */
  readonly contexts?: Float32Array;
  /** Share of the work that comes before: the pool's. */
  readonly poolShare: number;
  /** When the whole distillation began (`performance.now`). */
  readonly started: number;
  readonly request: {
    readonly seed: number;
    readonly time?: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: Progress) => void;
    readonly onStage?: (text: string) => void;
  };
}

export interface TrainedStudent {
  /** After each was trained alone, and after they were trained together. */
  readonly separate: readonly StudentMap[];
  readonly together: readonly StudentMap[];
  /** Of each map alone, and of all together: 0 where there is only one. */
  readonly iterations: readonly number[];
  readonly fineTuning: number;
}

/** Every map alone, then all together. */
export async function trainStudent(
  engine: Engine,
  starts: readonly StudentMap[],
  pool: Pool,
  { request, started, iterations, poolShare, ...rest }: StudentTraining,
): Promise<TrainedStudent> {
  const { signal, onProgress, seed, time, onStage } = request;
  const key = split(random(seed), "distill");
  const tuned = starts.length > 1 ? fineTuningShare * starts.length : 0;
  const work = starts.length + tuned;
  const left = () =>
    time === undefined ? Number.POSITIVE_INFINITY : Math.max(0, time - (performance.now() - started) / 1000);
  const progress = (done: number, weight: number, block: number) => (iteration: number, loss: number) => {
    const share = Number.isFinite(left()) ? 1 - left() / (time ?? 1) : 0;
    const fraction = poolShare + ((1 - poolShare) * (done + (weight * iteration) / iterations)) / work;
    const place = block > 0 ? { block, blocks: starts.length } : {};
    onProgress?.({ stage: "train", ...place, iteration, loss, fraction: Math.min(1, Math.max(share, fraction)) });
  };
  const common = (weight: number, done: number) => ({
    ...rest,
    ...(signal && { signal }),
    ...(time !== undefined && { time: (left() * weight) / (work - done) }),
  });
  const separate: StudentMap[] = [];
  const counts: number[] = [];
  for (const [k, start] of starts.entries()) {
    const ends = pool.slice(k, k + 2);
    const { maps, iterations: taken } = await trainMaps(engine, [start], ends, {
      ...common(1, k),
      iterations,
      random: split(key, "batches", k),
      onIteration: progress(k, 1, k + 1),
    });
    separate.push(...maps);
    counts.push(taken);
  }
  if (tuned === 0) return { separate, together: separate, iterations: counts, fineTuning: 0 };
  onStage?.("training all of them in a row");
  const { maps: together, iterations: fineTuning } = await trainMaps(engine, separate, pool, {
    ...common(tuned, starts.length),
    iterations: Math.max(1, Math.round(fineTuningShare * iterations)),
    learningRate: rest.learningRate * fineTuningRate,
    random: split(key, "batches", "together"),
    onIteration: progress(starts.length, tuned / fineTuningShare, 0),
  });
  return { separate, together, iterations: counts, fineTuning };
}
