// lessons: the rows that a student learns from and is measured by, as its teacher carries them from noise to data.
import { contextsOf, type MaskLaw } from "../../flow/masked.ts";
import { random, split } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import type { Progress } from "../progress.ts";
import { carriedGiven, joinedContexts, type Lessons } from "./conditional.ts";
import { type Carrier, displacements, joined, noiseRows, type Pool } from "./pool.ts";
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

/** Where the teacher takes whole rows. */
export function carriedFree(
  { carrier, masks, teacher: { chain }, request: { signal } }: Workshop,
  noise: Float32Array,
  segments: readonly Segment[],
): Promise<Pool> {
  const contexts = masks && contextsOf(noise, new Uint8Array(noise.length), chain.dimension).data;
  return carrier.carry(noise, segments, { ...(contexts && { contexts }), ...(signal && { signal }) });
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
  return [...displacements(await carriedFree(workshop, noise, whole))].reverse();
}

/** As many rows as are asked for, or as the pool's share of the time allows, the first part always. */
export async function grownPool(
  { teacher: { chain }, carrier, request, started, masks }: Workshop,
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
    parts.push(
      masks
        ? await carriedGiven(carrier, part, segments, { masks, key, d: chain.dimension }, controls)
        : { pool: await carrier.carry(part, segments, controls) },
    );
  }
  return { pool: joined(parts.map(({ pool }) => pool)), ...(masks && { contexts: joinedContexts(parts) }) };
}
