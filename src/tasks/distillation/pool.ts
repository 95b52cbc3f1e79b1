// pool: noise that the teacher carries back to data, with the points where each piece of the way begins and ends.
import type { Chain } from "../../flow/chain.ts";
import type { Integration } from "../../ode/integration.ts";
import { fillNormal, type Random } from "../../random.ts";
import type { Engine } from "../../runtime/contract.ts";
import { createTraveller } from "../../runtime/trajectory.ts";
import type { Reading } from "../../runtime/transport.ts";
import { floats, stackedRows } from "../../tensor/array.ts";
import { isWithin, nearly, type Segment } from "./segments.ts";
import { rowsTogether, workloadOf } from "./teacher.ts";

/** The same rows [rows · d], in the model's own units, at the beginning of the first piece, and at the end of each. */
export type Pool = readonly Float32Array[];

export interface PoolControls {
  /** Where the carrier takes them: the rows' contexts [rows · 3 d], or their shares of classes [rows · classes]. */
  readonly contexts?: Float32Array;
  readonly signal?: AbortSignal;
  /** Told the share of the blocks that the rows have crossed. */
  readonly onProgress?: (share: number) => void;
}

/** Rows that travel together, at most. */
const mostTogether = 256;

/** Standard normal rows [rows · d]. */
export function noiseRows(random: Random, rows: number, d: number): Float32Array {
  const noise = new Float32Array(rows * d);
  fillNormal(random, noise);
  return noise;
}

/** The teacher as a way from noise to data, its programs kept for as much noise as comes. */
export interface Carrier {
  /** Where noise is at the ends of all pieces. The places between segments are multiples of 1/m inside each block. */
  carry(noise: Float32Array, segments: readonly Segment[], controls?: PoolControls): Promise<Pool>;
  release(): Promise<void>;
}

/** Compiles the way backwards through a chain, for rows that come with what `reading` says. */
export async function createCarrier(engine: Engine, chain: Chain, reading: Reading = {}): Promise<Carrier> {
  const { dimension, blocks } = chain;
  const { tolerance } = workloadOf(chain);
  const integration: Integration = { kind: "adaptive", method: "dopri5", rtol: tolerance, atol: tolerance };
  const slots = rowsTogether(blocks, dimension, mostTogether);
  const traveller = await createTraveller(engine, chain, { direction: -1, integration, slots, reading });
  return {
    carry: async (noise, segments, { signal, onProgress, contexts } = {}) => {
      const isWanted = (place: number) => segments.some(({ to }) => Math.abs(to - place) < nearly);
      const pool = [noise];
      let current = noise;
      for (let n = blocks.length - 1; n >= 0; n--) {
        const inside = segments.filter((segment) => isWithin(segment, { from: n + 1, to: n }));
        const pieces = Math.max(1, inside.length);
        const states = await traveller.through(n, current, pieces, signal, contexts);
        states.slice(1).forEach((state, k) => {
          if (isWanted(n + 1 - (k + 1) / pieces)) pool.push(state);
        });
        current = states.at(-1) ?? current;
        onProgress?.((blocks.length - n) / blocks.length);
      }
      return pool;
    },
    release: traveller.release,
  };
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
    return stackedRows(parts.map((part) => floats(part[place] ?? []))).data;
  });
}
