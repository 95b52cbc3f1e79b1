// trajectory: the points on their way: states at even times inside every block of a chain.
import { type Block, blockWeights, type Chain } from "../flow/chain.ts";
import type { Integration } from "../ode/integration.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import type { Engine } from "./contract.ts";
import type { Direction, Equation } from "./equation.ts";
import { createIntegrator } from "./integrate.ts";
import { checkSignal } from "./pause.ts";

export interface TrajectoryOptions {
  readonly direction: Direction;
  /** How each piece is integrated. */
  readonly integration: Integration;
  /** States per block, the one at its end included. */
  readonly pieces: number;
  readonly signal?: AbortSignal;
}

/** Rows that travel together. */
const slots = 256;

/** States [rows · dimension] in the order they are reached: the start, then `pieces` of each block. Throws code `interrupted`. */
export async function trajectory(
  engine: Engine,
  { dimension, blocks }: Chain,
  points: Float32Array,
  { direction, integration, pieces, signal }: TrajectoryOptions,
): Promise<readonly Float32Array[]> {
  const states = [points];
  let current = points;
  for (const block of direction === 1 ? blocks : [...blocks].reverse()) {
    checkSignal(signal, "trajectory");
    const integrator = await createIntegrator(engine, pieceEquation(block, dimension, pieces), {
      direction,
      integration,
      slots,
    });
    try {
      for (let k = 0; k < pieces; k++) {
        const piece = direction === 1 ? k : pieces - 1 - k;
        const place = new Float32Array(points.length / dimension).fill(piece);
        const { state } = await integrator.run([current], { context: [place], ...(signal && { signal }) });
        current = state[0] ?? current;
        states.push(current);
      }
    } finally {
      await integrator.release();
    }
  }
  return states;
}

/** The k-th of K pieces of a block as an ODE over [0, 1]: dx/ds = v(x, (k + s) / K) / K; k stays with each row. */
function pieceEquation(block: Block, dimension: number, pieces: number): Equation {
  const { weights, velocityOf } = blockWeights(block);
  return {
    widths: [dimension],
    context: [1],
    weights,
    derivative: ([x], s, [k], given) =>
      x && k ? [multiply(1 / pieces, velocityOf(given)(x, multiply(1 / pieces, add(k, s))))] : [],
  };
}
