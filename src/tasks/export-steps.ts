// export-steps: one block as fixed Runge-Kutta steps of a graph, written out one after another or as a loop.
import { type Block, blockVelocity, blockWeights } from "../flow/chain.ts";
import { exactDivergence } from "../flow/density.ts";
import { contextWidth, onFree } from "../flow/masked.ts";
import type { VelocityField } from "../flow/matching.ts";
import { widestArray } from "../nn/network.ts";
import type { Integration } from "../ode/integration.ts";
import { type Derivative, rungeKuttaStep, type State } from "../ode/step.ts";
import { evaluationsPerStep, tableaus } from "../ode/tableaus.ts";
import type { Piece } from "../onnx/join.ts";
import type { Direction } from "../runtime/equation.ts";
import { add, multiply } from "../tensor/arithmetic.ts";
import { cast, stretch } from "../tensor/layout.ts";
import { constant, placeholder, type Tensor } from "../tensor/tensor.ts";

/** Fixed steps: the only kind that a graph without control of its step sizes can take. */
export type FixedIntegration = Extract<Integration, { readonly kind: "fixed" }>;

/** Steps one after another, or one step in an ONNX Loop: a shorter file. */
export type Form = "unrolled" | "looped";

export interface StepsOptions {
  readonly name: string;
  readonly form: Form;
  readonly dimension: number;
  readonly direction: Direction;
  /** Also carry the log-determinant, with the exact divergence. */
  readonly divergence: boolean;
  /** Also hand on the rows' contexts [rows, 3 d], and move what they say is free. */
  readonly conditional?: boolean;
  readonly integration: FixedIntegration;
}

/**
 * A block's way from one end of its time to the other, for points [rows, d] and, with a divergence, log-determinants [rows, 1];
 * of a conditional one contexts [rows, 3 d] come last and stay as they are.
 */
export function blockSteps(block: Block, options: StepsOptions): Piece {
  const { name, form, dimension, direction, divergence, integration, conditional = false } = options;
  const tableau = tableaus[integration.method];
  const times = Math.floor(integration.evaluations / evaluationsPerStep(tableau));
  const widths = divergence ? [dimension, 1] : [dimension];
  const start: State = widths.map((width) => placeholder(["rows", width]));
  const contexts: State = conditional ? [placeholder(["rows", contextWidth(dimension)])] : [];
  const inputs = [...start, ...contexts];
  // Times are scalars here and columns there: a scalar times one column of ones costs an operator, not a stretch of its own.
  const ones = stretch(constant(1), ["rows", 1], start[0] ?? constant(1));
  const moving = motion(block, divergence, contexts[0]);
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

/** The velocity of a masked block where a row is free, 0 elsewhere. */
function conditionalVelocity(block: Block, context: Tensor): VelocityField {
  const { weights, velocityOf } = blockWeights(block);
  return onFree(
    velocityOf(
      weights.map((array) => constant(array)),
      context,
    ),
    context,
  );
}

/** dx/dt = v(x, t), and d(log-determinant)/dt = div v beside it. */
function motion(block: Block, divergence: boolean, context?: Tensor): Derivative {
  const velocity = context ? conditionalVelocity(block, context) : blockVelocity(block);
  if (!divergence) return ([x], t) => (x ? [velocity(x, t)] : []);
  return ([x], t) => {
    if (!x) return [];
    const widest = widestArray(block.network, Number(x.shape[1]));
    const along = exactDivergence(velocity, x, t, Math.max(1, Math.floor(widestDirections / widest)));
    return [along.velocity, along.divergence];
  };
}
