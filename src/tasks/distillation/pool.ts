// pool: noise that the teacher carries back to data, with the points where each piece of the way begins and ends.
import type { Chain } from "../../flow/chain.ts";
import type { Integration } from "../../ode/integration.ts";
import { fillNormal, type Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { trajectory } from "../../runtime/trajectory.ts";
import type { Segment } from "./segments.ts";

/** The tolerance of the teacher's solutions that a student learns from. */
export const teacherTolerance = 1e-5;
const accurately: Integration = {
  kind: "adaptive",
  method: "dopri5",
  rtol: teacherTolerance,
  atol: teacherTolerance,
};

/** The same rows [rows · d], in the model's own units, at the beginning of the first piece, and at the end of each. */
export type Pool = readonly Float32Array[];

export interface PoolControls {
  readonly signal?: AbortSignal;
  /** Told the share of the blocks that the rows have crossed. */
  readonly onProgress?: (share: number) => void;
}

/** Places closer than this are one. */
const nearly = 1e-9;

/** Standard normal rows [rows · d]. */
export function noiseRows(random: Random, rows: number, d: number): Float32Array {
  const noise = new Float32Array(rows * d);
  fillNormal(random, noise);
  return noise;
}

/** Carries noise through the chain backwards. The places between segments are multiples of 1/m inside each block. */
export async function carriedPool(
  engine: Engine,
  { dimension, blocks }: Chain,
  noise: Float32Array,
  segments: readonly Segment[],
  { signal, onProgress }: PoolControls = {},
): Promise<Pool> {
  const isWanted = (place: number) => segments.some(({ to }) => Math.abs(to - place) < nearly);
  const pool = [noise];
  let current = noise;
  for (let n = blocks.length - 1; n >= 0; n--) {
    const block = blocks[n];
    if (!block) break;
    const inside = segments.filter(({ from, to }) => to > n - nearly && from < n + 1 + nearly);
    const pieces = Math.max(1, inside.length);
    const states = await trajectory(engine, { dimension, blocks: [block] }, current, {
      direction: -1,
      integration: accurately,
      pieces,
      ...(signal && { signal }),
    });
    states.slice(1).forEach((state, k) => {
      if (isWanted(n + 1 - (k + 1) / pieces)) pool.push(state);
    });
    current = states.at(-1) ?? current;
    onProgress?.((blocks.length - n) / blocks.length);
  }
  return pool;
}

/** Root mean square of the displacement of every piece of the way. */
export function displacements(pool: Pool): readonly number[] {
  return pool.slice(1).map((end, k) => distance(pool[k] ?? end, end));
}

/** sqrt(mean over all values of (a - b)^2) */
export function distance(a: Float32Array, b: Float32Array): number {
  let squares = 0;
  for (let i = 0; i < a.length; i++) squares += ((a[i] ?? 0) - (b[i] ?? Number.NaN)) ** 2;
  return Math.sqrt(squares / Math.max(1, a.length));
}

/** Pools of the same places as one. */
export function joined(parts: readonly Pool[]): Pool {
  const [first = []] = parts;
  return first.map((_, place) => {
    const pieces = parts.map((part) => part[place] ?? new Float32Array());
    const whole = new Float32Array(pieces.reduce((total, piece) => total + piece.length, 0));
    pieces.reduce((at, piece) => {
      whole.set(piece, at);
      return at + piece.length;
    }, 0);
    return whole;
  });
}
