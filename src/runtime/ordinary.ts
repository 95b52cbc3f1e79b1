// ordinary: who is to blame when a row gets stuck, the row or the network. Rows of ordinary size tell.
import { failure, LocalFlowError } from "../errors.ts";
import type { Block } from "../flow/chain.ts";
import type { Integration } from "../ode/integration.ts";
import { fillNormal, random, split } from "../random.ts";
import type { Engine } from "./contract.ts";
import type { Direction, Equation } from "./equation.ts";
import { createIntegrator } from "./integrate.ts";
import { rowOfStuck } from "./stuck.ts";

/** The way of a row, up to and including the block where it got stuck. */
export interface StuckWay {
  readonly dimension: number;
  readonly direction: Direction;
  /** In the order in which rows pass them. */
  readonly blocks: readonly Block[];
  readonly equationOf: (block: Block) => Equation;
  /** The rows that set out, [rows · dimension]. */
  readonly points: Float32Array;
  readonly signal?: AbortSignal;
}

/** Standardised data and noise have deviation 1: a value beyond this is extreme. */
const extreme = 10;
/** A sound network lets ordinary rows pass this even where the tolerance asked for is below what float32 can meet. */
const loose: Integration = { kind: "adaptive", method: "dopri5", rtol: 1e-2, atol: 1e-2 };
const probes = 64;

/**
 * The error to throw in place of that of a stuck row, with advice that fits. Where rows drawn from N(0, I) get stuck too, at a
 * loose tolerance, training diverged; where they pass, an extreme row is to blame, or else a network that is steep in places.
 * Other errors come back unchanged.
 */
export async function explainStuck(engine: Engine, way: StuckWay, error: unknown): Promise<unknown> {
  const row = error instanceof LocalFlowError ? rowOfStuck(error) : undefined;
  if (!(error instanceof LocalFlowError) || row === undefined) return error;
  const { remedy = "" } = error.problem;
  const largest = largestOf(way.points.subarray(row * way.dimension, (row + 1) * way.dimension));
  const again = "fit again with a lower learning rate (--learning-rate)";
  const advice = !(await ordinaryRowsPass(engine, way))
    ? `ordinary rows get stuck too, so training diverged: ${again} or a smaller gradient norm (--clip)`
    : largest > extreme
      ? `check the row for extreme values (up to ${Number(largest.toPrecision(3))} deviations inside the model), or ${remedy}`
      : `the row is of ordinary size, so the network is too steep for it: ${remedy}, or, if training diverged, ${again}`;
  return failure("numeric", { ...error.problem, remedy: advice }, error);
}

function largestOf(values: Float32Array): number {
  return values.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
}

async function ordinaryRowsPass(
  engine: Engine,
  { dimension, direction, blocks, equationOf, signal }: StuckWay,
): Promise<boolean> {
  const noise = new Float32Array(probes * dimension);
  fillNormal(split(random(0), "ordinary"), noise);
  let points: Float32Array = noise;
  for (const block of blocks) {
    const options = { direction, integration: loose, slots: probes };
    const integrator = await createIntegrator(engine, equationOf(block), options);
    try {
      points = (await integrator.run([points], signal ? { signal } : {})).state[0] ?? points;
    } catch (error) {
      if (error instanceof LocalFlowError && error.code === "numeric") return false;
      throw error;
    } finally {
      await integrator.release();
    }
  }
  return true;
}
