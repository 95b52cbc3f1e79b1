// lessons: the rows that a student learns from and is measured by, as its teacher carries them from noise to data.
import { classShares, withoutSome } from "../../flow/classes.ts";
import { contextsOf, type MaskLaw } from "../../flow/masked.ts";
import { type Random, random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Reading } from "../../runtime/transport.ts";
import type { FollowedClasses } from "../curve-samplers.ts";
import { drawnClasses } from "../images/image-classes.ts";
import type { Progress } from "../progress.ts";
import { carriedGiven, joinedContexts, type Lessons } from "./conditional.ts";
import { type Carrier, displacements, joined, noiseRows } from "./pool.ts";
import { type Segment, segmentsOf } from "./segments.ts";
import { type Teacher, workloadOf } from "./teacher.ts";

/** A distillation under way, as far as the teacher's part in it goes. */
export interface Workshop {
  readonly engine: Engine;
  readonly teacher: Teacher;
  readonly carrier: Carrier;
  readonly request: {
    readonly seed: number;
    readonly time?: number;
    readonly signal?: AbortSignal;
    readonly onProgress?: (progress: Progress) => void;
  };
  /** Where the student is to be conditional. */
  readonly masks?: MaskLaw;
  /** `performance.now` at its begin. */
  readonly started: number;
}

/** What the rows of a teacher come with where its student is to be told as much. */
export function readingOf(classes: FollowedClasses | undefined, masks?: MaskLaw): Reading {
  return { ...(masks && { masks: true }), ...(classes && { guidance: classes.guidance }) };
}

/** Shares [rows · classes] of classes that are drawn as often as they were trained on; a share of the rows has none. */
export function drawnShares({ known }: FollowedClasses, key: Random, rows: number, dropout = 0): Float32Array {
  const labels = drawnClasses(known, key, 0, rows);
  return classShares(withoutSome(labels, dropout, split(key, "without")), known.length).data;
}

/** Where the teacher takes whole rows, of classes as often as they were trained on. */
export async function carriedFree(
  workshop: Workshop,
  purpose: string,
  noise: Float32Array,
  segments: readonly Segment[],
): Promise<Lessons> {
  const { teacher, masks, request } = workshop;
  const d = teacher.chain.dimension;
  const key = split(random(request.seed), "distill", "classes", purpose);
  const shares = teacher.classes && drawnShares(teacher.classes, key, noise.length / d);
  const contexts = masks ? contextsOf(noise, new Uint8Array(noise.length), d).data : shares;
  return carriedWith(workshop, noise, segments, contexts);
}

/** Where the teacher takes images without a class; undefined where none of the lessons is without. */
export async function carriedWithoutClass(
  workshop: Workshop,
  noise: Float32Array,
  segments: readonly Segment[],
): Promise<Lessons | undefined> {
  const { chain, classes, classDropout = 0 } = workshop.teacher;
  if (classes === undefined || classDropout === 0) return undefined;
  const nothing = new Float32Array((noise.length / chain.dimension) * classes.known.length);
  return carriedWith(workshop, noise, segments, nothing);
}

async function carriedWith(
  { carrier, request: { signal } }: Workshop,
  noise: Float32Array,
  segments: readonly Segment[],
  contexts: Float32Array | undefined,
): Promise<Lessons> {
  const told = contexts && { contexts };
  return { pool: await carrier.carry(noise, segments, { ...told, ...(signal && { signal }) }), ...told };
}

/** Rows with given cells that are not learnt from; undefined where the student is not conditional. */
export async function givenLessons(
  { carrier, masks, teacher: { chain }, request: { seed, signal } }: Workshop,
  purpose: string,
  segments: readonly Segment[],
): Promise<Lessons | undefined> {
  if (masks === undefined) return undefined;
  const d = chain.dimension;
  const key = split(random(seed), "distill", "given", purpose);
  const noise = noiseRows(split(key, "rows"), workloadOf(chain).measuredRows, d);
  return carriedGiven(carrier, noise, segments, { masks, key, d }, signal && { signal });
}

/** How far each block moves points, data to noise, on a few rows. */
export async function blockDistances(workshop: Workshop): Promise<readonly number[]> {
  const { chain } = workshop.teacher;
  const whole = segmentsOf(
    chain.blocks.map(() => 1),
    chain.blocks.length,
  );
  const noise = noiseRows(split(random(0), "distill"), workloadOf(chain).searchRows, chain.dimension);
  const { pool } = await carriedFree(workshop, "blocks", noise, whole);
  return [...displacements(pool)].reverse();
}

/** As many rows as are asked for, or as the pool's share of the time allows, the first part always. */
export async function grownPool(
  { teacher: { chain, classes, classDropout }, carrier, request, started, masks }: Workshop,
  segments: readonly Segment[],
  rows: number,
): Promise<Lessons> {
  const { time = Number.POSITIVE_INFINITY, signal, onProgress, seed } = request;
  const { poolPart, poolShare } = workloadOf(chain);
  const noise = noiseRows(split(random(seed), "distill", "pool"), rows, chain.dimension);
  const parts: Lessons[] = [];
  for (let first = 0; first < rows; first += poolPart) {
    if (first > 0 && performance.now() - started > poolShare * 1000 * time) break;
    const part = noise.subarray(first * chain.dimension, (first + poolPart) * chain.dimension);
    const progress = (share: number) => {
      const done = (first + (share * part.length) / chain.dimension) / rows;
      onProgress?.({ stage: "sample", fraction: poolShare * done });
    };
    const controls = { ...(signal && { signal }), onProgress: progress };
    const key = split(random(seed), "distill", "given", first);
    if (masks) parts.push(await carriedGiven(carrier, part, segments, { masks, key, d: chain.dimension }, controls));
    else {
      const told = classes && { contexts: drawnShares(classes, key, part.length / chain.dimension, classDropout) };
      parts.push({ pool: await carrier.carry(part, segments, { ...controls, ...told }), ...told });
    }
  }
  const isTold = masks !== undefined || classes !== undefined;
  return { pool: joined(parts.map(({ pool }) => pool)), ...(isTold && { contexts: joinedContexts(parts) }) };
}
