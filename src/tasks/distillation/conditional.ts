// conditional: what a student learns from that can be told of given cells: rows of which the teacher draws the rest.
import { failure } from "../../errors.ts";
import { contextsOf, drawStates, keepFree, type MaskLaw } from "../../flow/masked.ts";
import { type Random, split } from "../../random.ts";
import { floats, stackedRows } from "../../tensor/array.ts";
import { type Carrier, noiseRows, type Pool, type PoolControls } from "./pool.ts";
import type { Segment } from "./segments.ts";
import type { Teacher } from "./teacher.ts";

/** A pool and, where maps are to read them, the contexts of its rows [rows · 3 d], or their shares of classes [rows · classes]. */
export interface Lessons {
  readonly pool: Pool;
  readonly contexts?: Float32Array;
}

/** A law by which what is missing and values are drawn together, as students are asked for them. */
function withoutParts({ presence, ...law }: MaskLaw): MaskLaw {
  if (presence === undefined) return law;
  const { parts: _, ...together } = presence;
  return { ...law, presence: together };
}

/** The law of the teacher's masks. Throws "model" for one without, "option" for other objectives. */
export function masksOf({ masks: law }: Teacher, objective: string): MaskLaw {
  const masks = law && withoutParts(law);
  if (masks === undefined)
    throw failure("model", {
      where: "conditional",
      expected: "a model that was trained with masks, as those of tables are",
      received: "one of whole rows",
    });
  if (objective === "regression") return masks;
  throw failure("option", {
    where: "conditional",
    expected: "the objective regression beside it",
    received: objective,
    remedy: "leave out one of the two",
  });
}

/**
 * Where the teacher takes rows of which some dimensions are given or absent, by its own law of masks. The given values are those
 * of whole rows that it draws from `noise` first; the rest starts from other noise.
 */
export async function carriedGiven(
  carrier: Carrier,
  noise: Float32Array,
  segments: readonly Segment[],
  { masks, key, d }: { readonly masks: MaskLaw; readonly key: Random; readonly d: number },
  { signal, onProgress }: PoolControls = {},
): Promise<Lessons> {
  const rows = noise.length / d;
  const nothingGiven = contextsOf(noise, new Uint8Array(noise.length), d).data;
  const half = (before: number) => onProgress && { onProgress: (share: number) => onProgress((before + share) / 2) };
  const common = signal ? { signal } : {};
  const drawn = await carrier.carry(noise, segments, { contexts: nothingGiven, ...half(0), ...common });
  const values = drawn.at(-1) ?? noise;
  const states = drawStates(masks, split(key, "states"), d, rows, { values });
  const contexts = contextsOf(values, states, d).data;
  const start = noiseRows(split(key, "noise"), rows, d);
  keepFree(start, states);
  return { pool: await carrier.carry(start, segments, { contexts, ...half(1), ...common }), contexts };
}

/** Lessons of the same places below each other. */
export function joinedContexts(parts: readonly Lessons[]): Float32Array {
  return stackedRows(parts.map(({ contexts }) => floats(contexts ?? []))).data;
}
