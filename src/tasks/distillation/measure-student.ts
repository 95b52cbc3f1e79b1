// measure-student: how far maps end from where the teacher takes the same points, on noise that nothing was learnt from.
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createComposition } from "./composition.ts";
import type { Lessons } from "./conditional.ts";
import { carriedFree, carriedWithoutClass, givenLessons, type Workshop } from "./lessons.ts";
import type { StudentMap } from "./maps.ts";
import { distance, noiseRows } from "./pool.ts";
import type { Segment } from "./segments.ts";
import type { MapRecord, TaughtClasses } from "./student.ts";
import { workloadOf } from "./teacher.ts";
import type { TrainedStudent } from "./train-student.ts";

/** A student with the maps that were chosen for it. */
export interface ChosenStudent extends TrainedStudent {
  readonly maps: readonly StudentMap[];
}

/** Distances of a student's points from the teacher's: root mean squares in the model's own units. */
export interface MeasuredStudent {
  readonly blocks: readonly (MapRecord & Segment)[];
  readonly distance: { readonly separate: number; readonly final: number };
  readonly conditional?: { readonly distance: number };
  readonly without?: NonNullable<TaughtClasses["without"]>;
}

/** The maps after their fine tuning where that brought samples nearer to the teacher's, on rows for this alone. */
export async function nearer(
  workshop: Workshop,
  segments: readonly Segment[],
  learnt: TrainedStudent,
): Promise<ChosenStudent> {
  if (learnt.fineTuning === 0) return { ...learnt, maps: learnt.separate };
  const { engine, teacher, request } = workshop;
  const { chain } = teacher;
  const noise = noiseRows(
    split(random(request.seed), "distill", "choose"),
    workloadOf(chain).measuredRows,
    chain.dimension,
  );
  const given = await givenLessons(workshop, "choose", segments);
  const lessons = given ?? (await carriedFree(workshop, "choose", noise, segments));
  const separate = await lessonError(engine, learnt.separate, lessons, chain.dimension);
  const together = await lessonError(engine, learnt.together, lessons, chain.dimension);
  return together < separate
    ? { ...learnt, maps: learnt.together }
    : { ...learnt, maps: learnt.separate, fineTuning: 0 };
}

/** The error of every map alone and of all in a row, on noise that nothing was learnt from. */
export async function measuredStudent(
  workshop: Workshop,
  { maps, separate, iterations }: ChosenStudent,
): Promise<MeasuredStudent> {
  const {
    engine,
    teacher: { chain },
    request: { seed },
  } = workshop;
  const { dimension: d } = chain;
  const noise = noiseRows(split(random(seed), "distill", "measure"), workloadOf(chain).measuredRows, d);
  const segments = maps.map(({ segment }) => segment);
  const { pool: places, contexts } = await carriedFree(workshop, "measure", noise, segments);
  const blocks: (MapRecord & Segment)[] = [];
  for (const [k, map] of maps.entries()) {
    const [from = noise, to = noise] = [places[k], places[k + 1]];
    const error = await errorOf(engine, [map], { from, to, contexts }, d);
    blocks.push({ ...map.segment, iterations: iterations[k] ?? 0, displacement: distance(from, to), error });
  }
  const end = places.at(-1) ?? noise;
  const all = { from: noise, to: end, contexts };
  const alone = await errorOf(engine, separate, all, d);
  const given = await givenLessons(workshop, "measure", segments);
  const plain = await carriedWithoutClass(workshop, noise, segments);
  return {
    blocks,
    distance: { separate: alone, final: await errorOf(engine, maps, all, d) },
    ...(given && { conditional: { distance: await lessonError(engine, maps, given, d) } }),
    ...(plain && { without: { distance: await lessonError(engine, maps, plain, d) } }),
  };
}

function lessonError(engine: Engine, maps: readonly StudentMap[], { pool, contexts }: Lessons, d: number) {
  const [from = new Float32Array(), to = from] = [pool[0], pool.at(-1)];
  return errorOf(engine, maps, { from, to, contexts }, d);
}

/** Where maps start and are to end, and what rows come with. */
interface Ends {
  readonly from: Float32Array;
  readonly to: Float32Array;
  readonly contexts: Float32Array | undefined;
}

async function errorOf(engine: Engine, maps: readonly StudentMap[], { from, to, contexts }: Ends, d: number) {
  const composition = await createComposition(engine, maps, d);
  try {
    return distance(await composition.run(from, undefined, contexts), to);
  } finally {
    await composition.release();
  }
}
