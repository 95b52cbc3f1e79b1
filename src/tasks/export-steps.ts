// export-steps: blocks as fixed Runge-Kutta steps of a graph, written out one after another or as loops.
import { type Block, blockVelocity, blockWeights, type Chain } from "../flow/chain.ts";
import { guidedVelocity } from "../flow/classes.ts";
import { exactDivergence, hutchinsonDivergence } from "../flow/density.ts";
import { contextWidth, freeMask, onFree } from "../flow/masked.ts";
import type { VelocityField } from "../flow/matching.ts";
import { movedDimensions } from "../flow/parts.ts";
import { networkClasses, widestArray } from "../nn/network.ts";
import type { Integration } from "../ode/integration.ts";
import { type Derivative, rungeKuttaStep, type State } from "../ode/step.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import { countOperators, type Piece } from "../onnx/join.ts";
import type { Direction } from "../runtime/equation.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import { cast, stretch } from "../tensor/layout.ts";
import { constant, placeholder, type Tensor } from "../tensor/tensor.ts";

/** Fixed steps: the only kind that a graph without control of its step sizes can take. */
export type FixedIntegration = Extract<Integration, { readonly kind: "fixed" }>;

/** Steps one after another, or one step in an ONNX Loop: a shorter file. */
export type Form = "unrolled" | "looped";

/** What every block of a chain is written with. */
export interface ChainSteps {
  readonly direction: Direction;
  /** Also carry the log-determinant: with the exact divergence, or with Hutchinson's estimate from a probe for each row. */
  readonly divergence: "none" | "exact" | "probed";
  /** Also hand on the rows' contexts [rows, 3 d], and move what they say is free. */
  readonly conditional?: boolean;
  /** Of blocks that read classes: also hand on the rows' shares of them, and follow them so strongly; default: no class. */
  readonly guidance?: number;
  readonly integration: FixedIntegration;
}

interface StepsOptions extends ChainSteps {
  readonly name: string;
  readonly form: Form;
  readonly dimension: number;
}

/** Operators up to which a chain is written out: files stay below a few hundred KB beside the weights, and load at once. */
const mostUnrolled = 1000;

/** The blocks of a chain in the order of the direction, see `blockSteps`: all written out while that is short, else in loops. */
export function chainSteps(
  { blocks, dimension }: Chain,
  options: ChainSteps,
): { readonly form: Form; readonly pieces: readonly Piece[] } {
  const numbered = blocks.map((block, n) => ({ block, name: `block${n + 1}` }));
  const ordered = options.direction === 1 ? numbered : numbered.reverse();
  const blocksAs = (form: Form): readonly Piece[] =>
    ordered.map(({ block, name }) => blockSteps(block, { ...options, name, form, dimension }));
  const looped = blocksAs("looped");
  const operators = looped.reduce((total, piece) => total + countOperators(piece), 0);
  return operators > mostUnrolled && looped.some((piece) => piece.loop)
    ? { form: "looped", pieces: looped }
    : { form: "unrolled", pieces: blocksAs("unrolled") };
}

/**
 * A block's way from one end of its time to the other, for points [rows, d] and, with a divergence, log-determinants [rows, 1];
 * what stays as it is comes last: of a conditional one contexts [rows, 3 d], or shares of classes; of a probed divergence the
 * probes [rows, d].
 */
function blockSteps(block: Block, options: StepsOptions): Piece {
  const { name, form, dimension, direction, divergence, integration } = options;
  const tableau = tableaus[integration.method];
  const times = Math.floor(integration.evaluations / evaluationsPerStep(tableau));
  const widths = divergence === "none" ? [dimension] : [dimension, 1];
  const start: State = widths.map((width) => placeholder(["rows", width]));
  const read = contextOf(block, options);
  const probes = divergence === "probed" ? placeholder(["rows", dimension]) : undefined;
  const contexts: State = [read.context, probes].flatMap((kept) => kept ?? []);
  const inputs = [...start, ...contexts];
  // Times are scalars here and columns there: a scalar times one column of ones costs an operator, not a stretch of its own.
  const ones = stretch(constant(1), ["rows", 1], start[0] ?? constant(1));
  const moving: Derivative =
    divergence === "none" ? ([x], t) => (x ? [read.velocity(x, t)] : []) : densityMotion(block, read, probes);
  const derivative: Derivative = (state, time) => moving(state, multiply(time, ones));
  const size = constant(direction / times);
  const stepFrom = (state: State, time: Tensor) => rungeKuttaStep(tableau, derivative, { state, time, size }).state;
  const first = direction === 1 ? 0 : 1;
  if (form === "looped" && times > 1) {
    const index = placeholder([], "int64");
    const time = add(first, multiply(size, cast(index, "float32")));
    return { name, inputs, outputs: [...stepFrom(start, time), ...contexts], loop: { times, index } };
  }
  let state = start;
  for (let k = 0; k < times; k++) state = stepFrom(state, constant(first + (direction * k) / times));
  return { name, inputs, outputs: [...state, ...contexts] };
}

/** Directions of the exact divergence times the width they travel through: bounds what a row takes while it is scored. */
const widestDirections = 2 ** 19;

/** What a block reads beside the point, if anything, and its velocity then; `told` is that before it is 0 where nothing is free. */
interface BlockReading {
  readonly velocity: VelocityField;
  readonly context?: Tensor;
  readonly masked?: { readonly told: VelocityField; readonly free: Tensor };
}

function contextOf(block: Block, { dimension, conditional = false, guidance }: StepsOptions): BlockReading {
  if (conditional) {
    const context = placeholder(["rows", contextWidth(dimension)]);
    const told = toldVelocity(block, context);
    return { velocity: onFree(told, context), context, masked: { told, free: freeMask(context) } };
  }
  if (guidance === undefined) return { velocity: blockVelocity(block) };
  const context = placeholder(["rows", networkClasses(block.network)]);
  if (guidance === 1) return { velocity: toldVelocity(block, context), context };
  const velocity = guidedVelocity((shares) => toldVelocity(block, shares), context, constant(guidance));
  return { velocity, context };
}

/** The velocity of a block that is told what of a row is given and free, or its class. */
export function toldVelocity(block: Block, context: Tensor): VelocityField {
  const { weights, velocityOf } = blockWeights(block);
  return velocityOf(
    weights.map((array) => constant(array)),
    context,
  );
}

/** dx/dt = v(x, t), and d(log-determinant)/dt = div v beside it, of what is free: exact, or as probes [rows, d] estimate it. */
function densityMotion(block: Block, { velocity, masked }: BlockReading, probes?: Tensor): Derivative {
  const [field, free] = masked ? [masked.told, masked.free] : [velocity, undefined];
  return ([x], t) => {
    if (!x) return [];
    const d = Number(x.shape[1]);
    const directions = Math.floor(widestDirections / widestArray(block.network, d));
    const along = probes
      ? hutchinsonDivergence(field, x, t, probes, free)
      : exactDivergence(field, x, t, Math.max(1, directions), free, block.part && movedDimensions(block.part, d));
    return [along.velocity, along.divergence];
  };
}
