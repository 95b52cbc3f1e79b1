// transport: moves rows through the blocks of a chain, data → noise or back, with the log-determinant when asked.
import { failure } from "../errors.ts";
import type { Block, Chain } from "../flow/chain.ts";
import { blockWeights, isMasked, readsClasses } from "../flow/chain.ts";
import { classShares, guidedVelocity, noClass } from "../flow/classes.ts";
import { exactDivergence, hutchinsonDivergence } from "../flow/density.ts";
import { contextsOf, contextWidth, dimensionStates, freeMask, keepFree, onFree } from "../flow/masked.ts";
import type { VelocityField } from "../flow/matching.ts";
import { movedDimensions } from "../flow/parts.ts";
import { networkClasses, widestArray } from "../nn/network.ts";
import type { Integration } from "../ode/integration.ts";
import { fillUniform, type Random, split } from "../random.ts";
import { floats } from "../tensor/array.ts";
import type { Tensor } from "../tensor/tensor.ts";
import type { Engine } from "./contract.ts";
import type { Direction, Equation, Rows, RunOptions } from "./equation.ts";
import { createIntegrator, type Integrator } from "./integrate.ts";
import { explainStuck } from "./ordinary.ts";
import { turns } from "./pause.ts";

/** How the divergence along a path is had: not at all, exactly, or from random probes (unbiased, cheap in many dimensions). */
export type Divergence =
  | { readonly kind: "none" }
  | { readonly kind: "exact" }
  | { readonly kind: "hutchinson"; readonly probes: number };

export interface TransportOptions {
  readonly direction: Direction;
  readonly integration: Integration;
  readonly divergence: Divergence;
  /**
   * Integrate the point that is handed to the next block by this method instead, as the authors' tabular script does; the
   * log-determinant, and the end point of the last block, stay with `integration`.
   */
  readonly handOver?: Integration;
  /**
   * Of blocks that read classes: 1 follows each row's class, another number by guidance (`guidedVelocity`), for samples alone. 0, the
   * default, leaves classes out.
   */
  readonly guidance?: number;
}

/** Rows after the chain. `logDeterminant` [rows · probes] is the integral of the divergence over time in the given direction. */
export interface Transported {
  readonly points: Float32Array;
  readonly logDeterminant: Float32Array;
  readonly evaluations: number;
}

/** What goes with the points of one run. `firstRow` also says which rows' probes to draw. */
export interface TransportRun extends Omit<RunOptions, "context"> {
  /**
   * Of masked blocks: what each dimension of a row is [rows · dimension], see `dimensionStates`; default: all are free. The
   * given values stand in the points and leave as they came; absent ones leave as 0.
   */
  readonly states?: Uint8Array;
  /** With `guidance`: the class of each row [rows], -1 for none; default: none has one. */
  readonly classes?: Int32Array;
  /** Keys Hutchinson's probes, which need a generator. */
  readonly random?: Random;
}

/** A compiled chain for one direction. */
export interface Transport {
  /**
   * Moves points [rows · dimension]. Throws a "numeric" error that names a row that gets stuck and says whether that row or
   * the network is to blame, "interrupted" when the signal fires.
   */
  run(points: Float32Array, options?: TransportRun): Promise<Transported>;
  release(): Promise<void>;
}

/**
 * Compiles the blocks of a chain: points [rows · d] are moved by dx/dt = v(x, t) from data to noise (direction 1) or
 * back (-1), each row with steps of its own. Throws "option" for a method, evaluations or a guidance that do not suit.
 */
export async function createTransport(
  engine: Engine,
  { dimension, blocks }: Chain,
  options: TransportOptions,
): Promise<Transport> {
  const { direction, divergence, guidance = 0 } = options;
  checkGuidance(guidance, divergence);
  const ordered = direction === 1 ? blocks : [...blocks].reverse();
  const legs: Leg[] = [];
  for (const [n, block] of ordered.entries())
    legs.push(await createLeg(engine, block, dimension, options, n === ordered.length - 1));
  const probes = divergence.kind === "hutchinson" ? divergence.probes : 0;
  const columns = Math.max(1, probes);
  const equationOf = (block: Block) => flowEquation(block, dimension, { kind: "none" });
  const masked = blocks.some(isMasked);
  const classCount = guidance === 0 ? 0 : Math.max(...blocks.map(({ network }) => networkClasses(network)));
  return {
    run: async (all, { random, firstRow = 0, alone = false, signal, states, classes } = {}) => {
      const { points, contexts, withGiven } = masked
        ? maskedStart(all, dimension, states)
        : plainStart(all, classCount > 0 ? [sharesOf(classes, all.length / dimension, classCount)] : []);
      const rows = points.length / dimension;
      const logDeterminant = new Float32Array(rows * columns);
      const signs = probes > 0 ? [rademacher(random, firstRow, rows, probes * dimension)] : [];
      const turn = turns(signal, "transport");
      const common = { firstRow, alone, ...(signal && { signal }) };
      const explained = (leg: number) => async (error: unknown) => {
        const way = { dimension, direction, equationOf, points: withGiven(points), ...(signal && { signal }) };
        throw await explainStuck(engine, { ...way, blocks: ordered.slice(0, leg + 1) }, error);
      };
      let [current, evaluations] = [points, 0];
      for (const [n, { main, point }] of legs.entries()) {
        await turn();
        const start: Rows = divergence.kind === "none" ? [current] : [current, new Float32Array(rows * columns)];
        const moved = await main.run(start, { ...common, context: [...contexts, ...signs] }).catch(explained(n));
        const handed = point ? await point.run([current], { ...common, context: contexts }).catch(explained(n)) : moved;
        evaluations += moved.evaluations + (point ? handed.evaluations : 0);
        moved.state[1]?.forEach((value, i) => {
          logDeterminant[i] = (logDeterminant[i] ?? 0) + value;
        });
        current = handed.state[0] ?? current;
      }
      return { points: withGiven(current), logDeterminant, evaluations };
    },
    release: async () => {
      for (const { main, point } of legs) {
        await main.release();
        await point?.release();
      }
    },
  };
}

/** One block compiled: its main integration, and another for the point alone where that is asked for. */
interface Leg {
  readonly main: Integrator;
  readonly point?: Integrator;
}

async function createLeg(
  engine: Engine,
  block: Block,
  dimension: number,
  options: TransportOptions,
  isLast: boolean,
): Promise<Leg> {
  const { direction, integration, divergence, handOver, guidance = 0 } = options;
  const reading = { masks: isMasked(block), guidance: readsClasses(block) ? guidance : 0 };
  const equation = flowEquation(block, dimension, divergence, reading);
  const main = await createIntegrator(engine, equation, {
    direction,
    integration,
    slots: slotCount(block, dimension, divergence, guidance),
  });
  if (!handOver || isLast || divergence.kind === "none") return { main };
  const pointOnly: Divergence = { kind: "none" };
  const slots = slotCount(block, dimension, pointOnly);
  return {
    main,
    point: await createIntegrator(engine, flowEquation(block, dimension, pointOnly, reading), {
      direction,
      integration: handOver,
      slots,
    }),
  };
}

/** What an equation reads of its rows beside the point. */
export interface Reading {
  readonly masks?: boolean;
  /** See `TransportOptions`. */
  readonly guidance?: number;
}

/**
 * dx/dt = v(x, t), and d(log-determinant)/dt = div v beside it. With `masks` it takes the contexts of its rows [rows, 3 d] first in
 * its own context and moves what is free; without them everything is. With `guidance` it takes their classes' shares there.
 */
export function flowEquation(
  block: Block,
  dimension: number,
  divergence: Divergence,
  { masks = false, guidance = 0 }: Reading = {},
): Equation {
  const { weights: own, velocityOf } = blockWeights(block);
  const strength = guidance === 0 || guidance === 1 ? [] : [floats([guidance], [])];
  const weights = [...own, ...strength];
  const classes = guidance === 0 ? [] : [networkClasses(block.network)];
  const contexts = masks ? [contextWidth(dimension)] : classes;
  const fieldOf = (given: readonly Tensor[], context: Tensor | undefined): VelocityField => {
    const factor = given[own.length];
    return context && factor
      ? guidedVelocity((shares) => velocityOf(given, shares), context, factor)
      : velocityOf(given, context);
  };
  const freeOf = (context: Tensor | undefined) => (masks ? context && freeMask(context) : undefined);
  if (divergence.kind === "none") {
    const derivative: Equation["derivative"] = ([x], t, [context], given) => {
      const field = fieldOf(given, context);
      return x ? [(masks && context ? onFree(field, context) : field)(x, t)] : [];
    };
    return { widths: [dimension], context: contexts, weights, derivative };
  }
  if (divergence.kind === "exact") {
    const group = directionGroup(block, dimension);
    const moved = block.part && movedDimensions(block.part, dimension);
    const derivative: Equation["derivative"] = ([x], t, [context], given) => {
      if (!x) return [];
      const along = exactDivergence(fieldOf(given, context), x, t, group, freeOf(context), moved);
      return [along.velocity, along.divergence];
    };
    return { widths: [dimension, 1], context: contexts, weights, derivative };
  }
  const derivative: Equation["derivative"] = ([x], t, context, given) => {
    const [probes, first] = contexts.length > 0 ? [context[1], context[0]] : context;
    if (!x || !probes) return [];
    const along = hutchinsonDivergence(fieldOf(given, first), x, t, probes, freeOf(first));
    return [along.velocity, along.divergence];
  };
  const context = [...contexts, divergence.probes * dimension];
  return { widths: [dimension, divergence.probes], context, slack: [1, probeSlack], weights, derivative };
}

/**
 * How many times the tolerance the integral along one probe may be off: a probe differs from the divergence by nats, and steps that
 * follow each of its turns to a thousandth would cost as many evaluations again.
 */
const probeSlack = 30;

/** Points as they set out, the contexts of their rows if any, and the way to put given values back among moved points. */
interface Start {
  readonly points: Float32Array;
  readonly contexts: Rows;
  readonly withGiven: (moved: Float32Array) => Float32Array;
}

function plainStart(points: Float32Array, contexts: Rows): Start {
  return { points, contexts, withGiven: (moved) => moved };
}

function sharesOf(classes: Int32Array | undefined, rows: number, count: number): Float32Array {
  const own = classes ?? new Int32Array(rows).fill(noClass);
  if (own.length === rows) return classShares(own, count).data;
  throw failure("option", { where: "classes", expected: `one for each of ${rows} rows`, received: String(own.length) });
}

function checkGuidance(guidance: number, { kind }: Divergence): void {
  const isPlain = guidance === 0 || guidance === 1;
  if (Number.isFinite(guidance) && (isPlain || kind === "none")) return;
  throw failure("option", {
    where: "guidance",
    expected: kind === "none" ? "a finite number" : "0 or 1 where a density is asked for",
    received: String(guidance),
  });
}

/** Zeros where a dimension is not free; given values come back bit for bit. */
function maskedStart(all: Float32Array, dimension: number, states: Uint8Array = new Uint8Array(all.length)): Start {
  if (states.length !== all.length)
    throw failure("option", {
      where: "states",
      expected: `one for each of ${all.length} values`,
      received: String(states.length),
    });
  const points = all.slice();
  keepFree(points, states);
  return {
    points,
    contexts: [contextsOf(all, states, dimension).data],
    withGiven: (moved) => moved.map((value, k) => (states[k] === dimensionStates.given ? (all[k] ?? value) : value)),
  };
}

/** Bytes of the widest intermediate array of one evaluation: small enough to stay in a core's cache, large enough to be fast. */
const workingSet = 1 << 21;
const [fewestSlots, mostSlots] = [16, 2048];

/** Rows that travel together: a power of two that depends on the model alone, so that results do not depend on the budget. */
function slotCount(block: Block, dimension: number, divergence: Divergence, guidance = 0): number {
  const directions =
    divergence.kind === "none" ? 0 : divergence.kind === "exact" ? directionGroup(block, dimension) : divergence.probes;
  const velocities = readsClasses(block) && guidance !== 0 && guidance !== 1 ? 2 : 1;
  const bytesPerRow = 4 * widestArray(block.network, dimension) * (velocities + directions);
  const fitting = 2 ** Math.floor(Math.log2(workingSet / bytesPerRow));
  return Math.min(mostSlots, Math.max(fewestSlots, fitting));
}

/** Directions of the exact divergence that are sent through side by side. */
function directionGroup(block: Block, dimension: number): number {
  const widest = widestArray(block.network, dimension);
  return Math.max(1, Math.min(dimension, Math.floor((16 * workingSet) / (4 * widest * fewestSlots))));
}

/** Entries -1 and 1 with equal probability: the probes of least variance. Keyed by the row's number. */
function rademacher(random: Random | undefined, firstRow: number, rows: number, width: number): Float32Array {
  if (!random)
    throw failure("option", { where: "random", expected: "a generator for Hutchinson's probes", received: "none" });
  const values = new Float32Array(rows * width);
  fillUniform(split(random, "probes"), values, { offset: firstRow * width });
  return values.map((u) => (u < 0.5 ? -1 : 1));
}
