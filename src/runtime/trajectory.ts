// trajectory: the points on their way: states at even times inside every block of a chain.
import { invariant } from "../errors.ts";
import type { Block, Chain } from "../flow/chain.ts";
import type { Integration } from "../ode/integration.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import type { Engine } from "./contract.ts";
import type { Direction, Equation } from "./equation.ts";
import { createIntegrator, type Integrator } from "./integrate.ts";
import { checkSignal } from "./pause.ts";
import { flowEquation, type Reading } from "./transport.ts";

export interface TravelOptions {
  readonly direction: Direction;
  /** How each piece is integrated. */
  readonly integration: Integration;
  /** Rows that travel together; default 256. */
  readonly slots?: number;
  /**
   * What rows come with: of masked blocks their contexts [rows · 3 d], of blocks that read classes with guidance their shares
   * [rows · classes]; default: nothing, so that everything is free and of no class.
   */
  readonly reading?: Reading;
}

export interface TrajectoryOptions extends TravelOptions {
  /** States per block, the one at its end included. */
  readonly pieces: number;
  readonly signal?: AbortSignal;
}

/** Programs that carry points through the blocks of a chain, kept for as many points as come. */
export interface Traveller {
  /** States [rows · dimension] at even times of block n (from 0): the start, then the end of each piece. Throws code `interrupted`. */
  through(
    n: number,
    points: Float32Array,
    pieces: number,
    signal?: AbortSignal,
    contexts?: Float32Array,
  ): Promise<readonly Float32Array[]>;
  release(): Promise<void>;
}

/** Compiles the blocks of a chain; those of equal networks share their programs, whatever the pieces. */
export async function createTraveller(
  engine: Engine,
  { dimension, blocks }: Chain,
  { direction, integration, slots = 256, reading = {} }: TravelOptions,
): Promise<Traveller> {
  const integrators: Integrator[] = [];
  for (const block of blocks)
    integrators.push(
      await createIntegrator(engine, pieceEquation(block, dimension, reading), { direction, integration, slots }),
    );
  const takesContexts = reading.masks === true || (reading.guidance ?? 0) !== 0;
  return {
    through: async (n, points, pieces, signal, contexts) => {
      invariant(takesContexts === (contexts !== undefined), "contexts come where they are taken");
      checkSignal(signal, "trajectory");
      const integrator = integrators[n];
      invariant(integrator !== undefined, "a chain is travelled through its own blocks");
      const states = [points];
      const rows = points.length / dimension;
      const share = new Float32Array(rows).fill(1 / pieces);
      for (let k = 0; k < pieces; k++) {
        const place = new Float32Array(rows).fill(direction === 1 ? k : pieces - 1 - k);
        const current = states.at(-1) ?? points;
        const context = [place, share, ...(contexts ? [contexts] : [])];
        const { state } = await integrator.run([current], { context, ...(signal && { signal }) });
        states.push(state[0] ?? current);
      }
      return states;
    },
    release: async () => {
      for (const integrator of integrators) await integrator.release();
    },
  };
}

/** States [rows · dimension] in the order they are reached: the start, then `pieces` of each block. Throws code `interrupted`. */
export async function trajectory(
  engine: Engine,
  chain: Chain,
  points: Float32Array,
  { pieces, signal, ...options }: TrajectoryOptions,
): Promise<readonly Float32Array[]> {
  const traveller = await createTraveller(engine, chain, options);
  const order = [...chain.blocks.keys()];
  const states = [points];
  try {
    for (const n of options.direction === 1 ? order : order.reverse())
      states.push(...(await traveller.through(n, states.at(-1) ?? points, pieces, signal)).slice(1));
  } finally {
    await traveller.release();
  }
  return states;
}

/** A piece of a block as an ODE over [0, 1]: dx/ds = v(x, (k + s) w) w, the k-th of 1 / w; k and w stay with each row. */
function pieceEquation(block: Block, dimension: number, reading: Reading): Equation {
  const whole = flowEquation(block, dimension, { kind: "none" }, reading);
  return {
    ...whole,
    context: [1, 1, ...whole.context],
    derivative: (state, s, [k, share, ...told], given) => {
      if (!k || !share) return [];
      return whole.derivative(state, multiply(share, add(k, s)), told, given).map((own) => multiply(share, own));
    },
  };
}
